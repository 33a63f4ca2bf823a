"""Digitised runs: from a file, and from a server that may give anything."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bayes_scaling.tables import RunsError, drop_highest, load_runs
from bayes_scaling.tables.fetching import FetchingError, fetch_file

CONTENT = b"parameters,tokens,loss\n1e9,2e10,2.58\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(HTTPServer):
    """Answers with its `content` and `status`, and counts how often it was asked."""

    content, status, asked = CONTENT, 200, 0

    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/data/runs.csv"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "*")
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetched_file(url: str, sha256: str, path: Path | None = None) -> Path:
    return fetch_file(url, sha256=sha256, path=path).path


def test_a_file_is_fetched_once_and_kept(server, tmp_path):
    path = tmp_path / "new folder" / "mine.csv"

    for _ in range(2):
        assert fetched_file(server.url(), SHA256, path) == path
    assert path.read_bytes() == CONTENT
    assert server.asked == 1


def test_without_a_path_a_file_is_kept_in_the_users_cache(server, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    for _ in range(2):
        path = fetched_file(server.url(), SHA256)
        assert path.is_relative_to(tmp_path)
        assert path.read_bytes() == CONTENT
    assert server.asked == 1


def test_a_file_with_another_content_is_refused_and_not_kept(server, tmp_path):
    server.content = CONTENT + b"2e9,2e10,2.50\n"

    with pytest.raises(FetchingError, match=f"{server.url()} gave a file whose sha256 is not {SHA256}"):
        fetched_file(server.url(), SHA256, tmp_path / "mine.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><title>Sign in</title>", b"\n <html><body>429</body></html>"])
def test_a_web_page_instead_of_the_file_is_called_one(server, tmp_path, page):
    server.content = page

    with pytest.raises(FetchingError, match=r"gave a web page instead of a CSV file .*give its path"):
        fetched_file(server.url(), SHA256, tmp_path / "mine.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_server_that_refuses_is_one_clear_message(server, tmp_path, status):
    server.status = status

    with pytest.raises(FetchingError, match=f"answers with status {status}; download the table by other means"):
        fetched_file(server.url(), SHA256, tmp_path / "mine.csv")


def test_no_network_is_one_clear_message(server, tmp_path):
    url = server.url()
    server.server_close()

    with pytest.raises(
        FetchingError, match=r"is out of reach \(ConnectionError\); download the table by other means"
    ) as error:
        fetched_file(url, SHA256, tmp_path / "mine.csv")
    assert error.value.__suppress_context__


def test_a_file_that_is_there_is_never_overwritten(server, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b"my own work")

    with pytest.raises(FetchingError, match=r"is not the published table: its sha256 is .* `read_runs`"):
        fetched_file(server.url(), SHA256, path)
    assert path.read_bytes() == b"my own work"
    assert server.asked == 0


def test_a_place_that_can_not_be_written_is_one_clear_message(server, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(FetchingError, match=r"file/mine\.csv can't be written .*; give another path"):
        fetched_file(server.url(), SHA256, tmp_path / "file" / "mine.csv")


def test_the_digitised_runs_are_fetched_only_when_asked(server):
    with pytest.raises(RunsError, match="does not come with the package; pass fetch=True to download it"):
        load_runs("chinchilla", url=server.url())
    assert server.asked == 0


def test_fetched_runs_must_be_the_digitised_ones(server, tmp_path):
    with pytest.raises(RunsError, match="gave a file whose sha256 is not 193478df"):
        load_runs("chinchilla", tmp_path / "runs.csv", fetch=True, url=server.url())


def test_the_digitised_runs_can_be_fetched(server, tmp_path, shared):
    server.content = (shared / "data" / "chinchilla_figure4_digitised.csv").read_bytes()

    runs = load_runs("chinchilla", tmp_path / "runs.csv", fetch=True, url=server.url())

    assert len(runs) == 245
    assert len(load_runs("chinchilla", tmp_path / "runs.csv")) == 245


def test_the_digitised_runs_are_what_was_published(shared):
    runs = load_runs("chinchilla", shared / "data" / "chinchilla_figure4_digitised.csv")

    assert runs.attrs == {"name": "chinchilla", "selections": [], "kind": "runs"}
    assert len(runs) == 245
    assert runs["loss"].agg(["min", "max"]).tolist() == pytest.approx([2.0773942450664, 5.0055819961962], abs=1e-12)
    # Figures printed in the notebook of the replication.
    assert runs["tokens"].agg(["min", "max"]).tolist() == pytest.approx([245105957.92, 317754489343.97], rel=1e-9)
    assert (runs["parameters"].nunique(), runs["loss"].nunique()) == (142, 99)
    kept = runs.pipe(drop_highest, 5)
    assert len(kept) == 240
    ratio = runs["tokens"] / runs["parameters"]
    assert set(runs.index.difference(kept.index)) == set(ratio.nsmallest(5).index)


def test_a_file_that_is_not_the_digitised_runs_is_refused(tmp_path):
    path = tmp_path / "runs.csv"
    with pytest.raises(RunsError, match=r"runs\.csv: no such file; give the path of a CSV file, or fetch=True"):
        load_runs("chinchilla", path)
    path.write_bytes(b"<!doctype html>")
    with pytest.raises(RunsError, match=r"is not the published table \(it is a web page\)"):
        load_runs("chinchilla", path)
    with pytest.raises(RunsError, match="can't be read: Is a directory"):
        load_runs("chinchilla", tmp_path)


def test_an_unknown_table_is_an_error_that_names_the_known(tmp_path):
    with pytest.raises(RunsError, match=r"called 'kaplan'; choose from simulated, chinchilla.*read_runs"):
        load_runs("kaplan")
    with pytest.raises(RunsError, match="'simulated' is made and not read"):
        load_runs("simulated", tmp_path / "runs.csv")
