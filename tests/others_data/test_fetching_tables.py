"""Tables from a server that may be slow, broken, in between, or another one."""

import gzip
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_scaling.tables import fetching
from bayes_scaling.tables.fetching import (
    FetchedFile,
    FetchingError,
    Limits,
    fetch_file,
    is_loopback,
    is_page,
    redirected,
)

pytestmark = pytest.mark.fault("Downloads")

CONTENT = b"Model,Parameters\nGPT-2,1.5e9\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def left(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def test_a_table_without_a_known_hash_comes_once_and_goes_on_record(server, own_cache):
    server.gives(CONTENT)
    first = fetch_file(server.url())

    assert fetch_file(server.url()) == first
    assert server.asked == ["/data/table.csv"]
    assert first.path == own_cache / "table.csv"
    assert first.path.read_bytes() == CONTENT
    assert first.sha256 == SHA256
    assert timedelta(0) <= datetime.now(UTC) - datetime.fromisoformat(first.fetched) < timedelta(minutes=5)
    assert json.loads((own_cache / "table.csv.json").read_text()) == first.attrs
    assert str(first) == f"{first.path} from {server.url()}, fetched {first.fetched}, sha256 {SHA256}"


def test_a_table_is_fetched_again_only_when_asked(server, own_cache):
    server.gives(CONTENT)
    fetch_file(server.url())
    server.gives(b"Model\nGPT-3\n")

    assert fetch_file(server.url()).sha256 == SHA256
    assert fetch_file(server.url(), refresh=True).path.read_bytes() == b"Model\nGPT-3\n"
    assert left(own_cache) == ["table.csv", "table.csv.json"]


def test_an_old_table_outlives_a_failure_to_fetch_it_again(server, own_cache):
    server.gives(CONTENT)
    old = fetch_file(server.url())
    server.gives(b"", status=500)

    with pytest.raises(FetchingError, match="status 500"):
        fetch_file(server.url(), refresh=True)
    assert fetch_file(server.url()) == old
    assert left(own_cache) == ["table.csv", "table.csv.json"]


@pytest.mark.parametrize("damage", [b"", CONTENT[:9]])
def test_a_cached_table_that_does_not_fit_its_record_is_fetched_again(server, own_cache, damage):
    server.gives(CONTENT)
    fetch_file(server.url())
    (own_cache / "table.csv").write_bytes(damage)

    assert fetch_file(server.url()).path.read_bytes() == CONTENT
    (own_cache / "table.csv.json").write_bytes(damage)
    assert fetch_file(server.url()).path.read_bytes() == CONTENT
    assert len(server.asked) == 3


def test_a_cached_table_from_elsewhere_does_not_count(server):
    server.gives(CONTENT)
    fetch_file(server.url("/one/table.csv"))

    assert fetch_file(server.url("/two/table.csv")).url == server.url("/two/table.csv")
    assert server.asked == ["/one/table.csv", "/two/table.csv"]


def test_a_table_with_a_known_hash_needs_no_record(server, own_cache):
    server.gives(CONTENT)
    for _ in range(2):
        assert fetch_file(server.url(), sha256=SHA256).sha256 == SHA256

    assert len(server.asked) == 1
    assert left(own_cache) == ["table.csv"]


def test_another_content_than_the_known_is_refused(server, own_cache):
    server.gives(CONTENT + b"more\n")

    with pytest.raises(FetchingError, match=f"gave a file whose sha256 is not {SHA256}.*nothing was kept"):
        fetch_file(server.url(), sha256=SHA256)
    assert left(own_cache) == []


def test_a_users_file_is_never_overwritten(server, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b"my own work")

    found = fetch_file(server.url(), path=path)
    assert (found.sha256, found.fetched) == (hashlib.sha256(b"my own work").hexdigest(), "")
    assert "no record of when it came" in str(found)
    with pytest.raises(FetchingError, match="exists already and is another file"):
        fetch_file(server.url(), path=path, sha256=SHA256)
    with pytest.raises(FetchingError, match="exists already and is not overwritten"):
        fetch_file(server.url(), path=path, refresh=True)
    assert path.read_bytes() == b"my own work"
    assert server.asked == []


def test_a_users_record_is_never_overwritten(server, tmp_path):
    server.gives(CONTENT)
    (tmp_path / "mine.csv.json").write_bytes(b"my own work")

    with pytest.raises(FetchingError, match=r"mine\.csv\.json exists already and is not overwritten"):
        fetch_file(server.url(), path=tmp_path / "mine.csv")
    assert left(tmp_path) == ["mine.csv.json"]


def test_a_table_for_the_user_is_kept_where_they_say(server, tmp_path):
    server.gives(CONTENT)
    path = tmp_path / "new folder" / "mine.csv"

    first = fetch_file(server.url(), path=path)

    assert fetch_file(server.url(), path=path) == first
    assert left(path.parent) == ["mine.csv", "mine.csv.json"]
    assert len(server.asked) == 1


PAGES = {
    "log-in": b"<!DOCTYPE html><title>Sign in</title>",
    "blanks first": b"\n\n <html><body>",
    "a mark first": b"\xef\xbb\xbf<html>",
    "comment": b"<!-- moved --><html>",
    "XML": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_in_place_of_a_table_is_called_one(server, own_cache, page):
    server.gives(page, Content_Type="text/csv")

    with pytest.raises(FetchingError, match=r"gave a web page instead of a CSV file .* give its path"):
        fetch_file(server.url())
    assert left(own_cache) == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [204, 304, 401, 403, 404, 429, 500, 503])
def test_a_server_that_refuses_is_asked_once(server, own_cache, status):
    server.gives(b"", status=status, Retry_After="0")

    with pytest.raises(FetchingError, match=f"answers with status {status}; download the table by other means"):
        fetch_file(server.url())
    assert left(own_cache) == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_an_insecure_address_is_not_followed(server, own_cache, status):
    server.gives(b"", status=status, Location=server.url("/elsewhere.csv"))

    with pytest.raises(FetchingError, match=r"redirects to http://.*/elsewhere\.csv, which is not https"):
        fetch_file(server.url())
    assert server.asked == ["/data/table.csv"]
    assert left(own_cache) == []


def test_a_redirect_to_a_secure_address_is_followed(server, secure_server):
    secure_server.gives(CONTENT)
    server.gives(b"", status=307, Location=secure_server.url("/moved.csv"))

    fetched = fetch_file(server.url())

    assert fetched.path.read_bytes() == CONTENT
    assert (server.asked, secure_server.asked) == (["/data/table.csv"], ["/moved.csv"])


def test_redirects_in_a_circle_end(secure_server, own_cache):
    secure_server.gives(b"", status=302, Location="/data/table.csv")

    with pytest.raises(FetchingError, match="redirects more than 5 times"):
        fetch_file(secure_server.url())
    assert len(secure_server.asked) == 6
    assert left(own_cache) == []


def test_a_server_that_nobody_vouches_for_is_not_trusted(secure_server, monkeypatch):
    secure_server.gives(CONTENT)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")

    with pytest.raises(FetchingError, match=r"is out of reach \(SSLError\)"):
        fetch_file(secure_server.url())
    assert secure_server.asked == []


def test_a_table_that_breaks_off_is_not_kept(server, own_cache):
    server.gives(CONTENT, Content_Length=str(len(CONTENT) + 100))

    with pytest.raises(FetchingError, match=f"broke off after {len(CONTENT)} bytes of {len(CONTENT) + 100}.*try again"):
        fetch_file(server.url())
    assert left(own_cache) == []
    assert len(server.asked) == 1


def test_pieces_without_an_end_are_not_kept(server, own_cache):
    def answer(request) -> None:
        request.protocol_version = "HTTP/1.1"
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"%x\r\n%s\r\n" % (len(CONTENT), CONTENT))
        request.close_connection = True

    server.answer = answer
    with pytest.raises(FetchingError, match="broke off after"):
        fetch_file(server.url())
    assert left(own_cache) == []


def test_pieces_with_an_end_are_a_table(server):
    def answer(request) -> None:
        request.protocol_version = "HTTP/1.1"
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"%x\r\n%s\r\n" % (10, CONTENT[:10]))
        request.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(CONTENT) - 10, CONTENT[10:]))

    server.answer = answer
    assert fetch_file(server.url()).path.read_bytes() == CONTENT


def test_a_server_that_says_nothing_is_given_up(server, own_cache):
    server.answer = lambda _: server.ended.wait(20)

    with pytest.raises(FetchingError, match=r"is out of reach \(ReadTimeout\)"):
        fetch_file(server.url(), limits=Limits(read=0.2))
    assert left(own_cache) == []


def test_a_server_that_falls_silent_is_given_up(server, own_cache):
    def answer(request) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(CONTENT)
        server.ended.wait(20)

    server.answer = answer
    with pytest.raises(FetchingError, match=rf"broke off after {len(CONTENT)} bytes \(ReadTimeoutError\)"):
        fetch_file(server.url(), limits=Limits(read=0.2))
    assert left(own_cache) == []


def test_a_server_that_trickles_is_given_up(server, own_cache):
    def answer(request) -> None:
        request.send_response(200)
        request.end_headers()
        while not server.ended.wait(0.02):
            request.wfile.write(b"a")

    server.answer = answer
    with pytest.raises(FetchingError, match=r"gave [0-9]+ bytes in 0\.3 seconds"):
        fetch_file(server.url(), limits=Limits(whole=0.3))
    assert left(own_cache) == []


def test_a_table_that_is_too_large_is_refused_before_it_comes(server, own_cache):
    server.gives(CONTENT)

    with pytest.raises(FetchingError, match=f"holds {len(CONTENT)} bytes and may hold 10;"):
        fetch_file(server.url(), limits=Limits(size=10))
    assert left(own_cache) == []


def test_a_table_without_end_is_given_up(server, own_cache):
    def answer(request) -> None:
        request.send_response(200)
        request.end_headers()
        while not server.ended.is_set():
            request.wfile.write(CONTENT * 1000)

    server.answer = answer
    with pytest.raises(FetchingError, match="gives more than 100,000 bytes"):
        fetch_file(server.url(), limits=Limits(size=100_000))
    assert left(own_cache) == []


def test_a_packed_table_is_unpacked(server):
    server.gives(gzip.compress(CONTENT), Content_Encoding="gzip")

    assert fetch_file(server.url()).path.read_bytes() == CONTENT


def test_a_small_answer_that_unpacks_to_a_large_one_is_given_up(server, own_cache):
    server.gives(gzip.compress(b"a," * 10**6), Content_Encoding="gzip")

    with pytest.raises(FetchingError, match="gives more than 100,000 bytes"):
        fetch_file(server.url(), limits=Limits(size=100_000))
    assert left(own_cache) == []


def test_an_interrupted_download_leaves_nothing(server, own_cache, monkeypatch):
    server.gives(CONTENT)
    monkeypatch.setattr(fetching, "is_page", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))

    with pytest.raises(KeyboardInterrupt):
        fetch_file(server.url())
    assert left(own_cache) == []


def test_an_empty_table_is_refused(server, own_cache):
    server.gives(b"\n")

    with pytest.raises(FetchingError, match="gave an empty file"):
        fetch_file(server.url())
    assert left(own_cache) == []


def test_no_network_is_one_clear_message(server, own_cache):
    url = server.url()
    server.server_close()

    with pytest.raises(FetchingError, match=r"is out of reach \(ConnectionError\); download .* give its path") as error:
        fetch_file(url)
    assert error.value.__suppress_context__
    assert left(own_cache) == []


def test_a_full_disk_is_one_clear_message(server, own_cache, monkeypatch):
    server.gives(CONTENT)
    real = Path.open

    def full(self, mode="r", *arguments, **options):
        return real(Path("/dev/full") if mode == "wb" else self, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(FetchingError, match=r"can't be written \(No space left on device\); give another path"):
        fetch_file(server.url())
    assert left(own_cache) == []


def test_a_place_that_can_not_be_written_is_one_clear_message(server, tmp_path):
    server.gives(CONTENT)
    (tmp_path / "file").touch()

    with pytest.raises(FetchingError, match=r"file/mine\.csv can't be written .*; give another path"):
        fetch_file(server.url(), path=tmp_path / "file" / "mine.csv")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/a.csv", "models.csv", ""])
def test_only_addresses_of_the_web_are_fetched(url):
    with pytest.raises(FetchingError, match=re.escape(f"{url!r} is not an address of the web")):
        fetch_file(url)


@pytest.mark.parametrize(
    ("url", "own"),
    {
        **dict.fromkeys(("http://127.0.0.1:8000/a.csv", "http://[::1]/a.csv", "http://localhost"), True),
        **dict.fromkeys(("http://127.0.0.1.example.com/a.csv", "http://localhost@example.com/a.csv"), False),
    }.items(),
)
def test_only_this_machine_itself_is_asked_without_https(url, own):
    assert is_loopback(url) == own


@given(st.text())
def test_no_redirect_leads_to_an_insecure_address(location):
    try:
        assert redirected("https://example.com/a.csv", location).startswith("https://")
    except FetchingError as error:
        assert "which is not https" in str(error)


@given(st.binary().filter(lambda content: not content.strip().removeprefix(b"\xef\xbb\xbf").strip().startswith(b"<")))
def test_only_an_angle_bracket_makes_a_page(content):
    assert not is_page(content)
    assert is_page(b"\xef\xbb\xbf \n<" + content)


def test_a_record_is_frozen(tmp_path):
    with pytest.raises(AttributeError):
        FetchedFile(tmp_path, "https://example.com", SHA256, "").sha256 = "0"
