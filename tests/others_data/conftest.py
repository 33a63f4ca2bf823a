"""Tables as others publish them, made small; and a server that may give anything."""

import csv
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

GOOD_SYSTEM = {
    "System": "GPT-2",
    "Author(s)": "Some, and others",
    "Publication date": "2019/02/14",
    "Reference": "Language models are unsupervised multitask learners",
    "Parameters": "1.5e9",
    "Epoch": "5",
    "uncertain": "0",
    "Dataset Size": "4000000000",
    "Perplexity (WT103)": "17.48",
    "Perplexity (WT2)": "",
    "Perplexity (PTB)": "",
    "Zero-shot?": "1",
    "Include?": "1",
    "Uses Cache": "",
    "Outlier?": "",
    "Architecture": "Transformer",
    "Comments": 'As told, "in the paper"',
    "Vocabulary": "50257",
}
GOOD_MODEL = {
    "Model": "GPT-2",
    "Organization": "OpenAI",
    "Publication date": "2019-02-14",
    "Domain": "Language",
    "Parameters": "1500000000.0",
    "Training compute (FLOP)": "1.9e+21",
    "Training dataset size (total)": "3000000000.0",
    "Link": "https://example.com/gpt-2",
    "Reference": "Language Models are Unsupervised Multitask Learners",
    "Abstract": "Over\nseveral lines, with commas.",
}


def write_table(path: Path, good: dict[str, str], rows: tuple[dict[str, str | None], ...]) -> Path:
    """A CSV file: each row holds what it changes or adds; None leaves a column out."""
    full = [good | row for row in rows]
    names = [name for name in dict.fromkeys(name for row in full for name in row) if full[0].get(name, "") is not None]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([row.get(name) or "" for name in names] for row in full)
    return path


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Path]:
    return lambda *rows: write_table(tmp_path / "sheet.csv", GOOD_SYSTEM, rows)


@pytest.fixture
def models(tmp_path: Path) -> Callable[..., Path]:
    return lambda *rows: write_table(tmp_path / "models.csv", GOOD_MODEL, rows)


class Server(ThreadingHTTPServer):
    """Does what `answer` says with each request, and counts them."""

    daemon_threads = True

    def __init__(self, *, secure: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda _: None
        self.ended = threading.Event()
        self.scheme = "http" if secure is None else "https"
        if secure is not None:
            self.socket = secure.wrap_socket(self.socket, server_side=True)

    def url(self, path: str = "/data/table.csv") -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}{path}"

    def gives(self, content: bytes, status: int = 200, **headers: str) -> None:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in ({"Content_Length": str(len(content))} | headers).items():
                request.send_header(name.replace("_", "-"), value)
            request.end_headers()
            request.wfile.write(content)

        self.answer = answer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        try:
            self.server.answer(self)
        except OSError:  # whoever asked has hung up
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing comes from the user's cache or goes there, and no proxy stands between."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache" / "bayes-scaling"


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serving(Server())


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this computer, with its key, made for these tests."""
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    subject = "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -addext keyUsage=digitalSignature,keyCertSign"
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"],
            *subject.split(),
            *("-keyout", str(path), "-out", str(path.with_name("certificate.pem"))),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + path.with_name("certificate.pem").read_bytes())
    return path


@pytest.fixture
def secure_server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.with_name("certificate.pem")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield from serving(Server(secure=context))
