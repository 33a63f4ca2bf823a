"""Tables that the package may not carry: fetched only when asked, whole or not at all, with what came on record."""

import hashlib
import ipaddress
import json
import os
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from bayes_scaling.common.files import write_whole
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.tables.formats import LARGEST_FILE

ELSEWHERE = "download the table by other means and give its path"
"""The next step where a server can't or won't give it."""
MOST_REDIRECTS = 5

_CHUNK = 2**16

SOURCES = {
    "ho2024-sheet": "https://docs.google.com/spreadsheets/d/11m8O_mU0cUkOB_5wluPne4PNsuvsKNbbVAzbYNy-NXY/export"
    "?gid=2087221150&format=csv",
    "ai-models": "https://epoch.ai/data/all_ai_models.csv",
}
"""Where published tables are served as CSV: the spreadsheet of Ho et al. 2024, the AI models database of Epoch AI.

Neither has a known hash: both may change at any time, so what came is recorded instead. The address of the sheet stands
in the authors' notebook for section 3 (repository epoch-research/lm-algorithmic-progress); that of the database in its
documentation's demo and many public scripts. That either answers today was not verified here.
"""


class FetchingError(BayesScalingError):
    """A table can't be had from its server, or is not what was asked for.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.read_ai_models(fetch=True, url="ftp://example.org/models.csv")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    bayes_scaling.tables.fetching.FetchingError: ...
    """


@dataclass(frozen=True)
class Limits:
    """Seconds to answer a call, between two pieces of an answer, and for the whole of it; and bytes, unpacked."""

    connect: float = 10
    read: float = 30
    whole: float = 300
    size: int = LARGEST_FILE


@dataclass(frozen=True)
class FetchedFile:
    """A file, where it came from, its hash, and when it came (UTC, ISO 8601; empty where there is no record of it)."""

    path: Path
    url: str
    sha256: str
    fetched: str

    @property
    def attrs(self) -> dict[str, str]:
        """What a table's `attrs["source"]` says of it."""
        return {"url": self.url, "sha256": self.sha256, "fetched": self.fetched}

    def __str__(self) -> str:
        when = f"fetched {self.fetched}" if self.fetched else "there already, with no record of when it came"
        return f"{self.path} from {self.url}, {when}, sha256 {self.sha256}"


def fetch_file(
    url: str,
    *,
    sha256: str | None = None,
    path: str | PathLike[str] | None = None,
    name: str | None = None,
    refresh: bool = False,
    limits: Limits | None = None,
) -> FetchedFile:
    """Download a file once, by https (http with a hash, or from this machine), and give its place and hash.

    It goes to ``path``, where no file is ever overwritten, or as ``name`` to the caches of the user's system, where
    ``refresh`` downloads it again. Nothing is kept of what fails. Raises FetchingError.
    """
    if urlsplit(url).scheme not in ("https", "http"):
        raise FetchingError(f"{url!r} is not an address of the web; it must start with https://")
    if sha256 is None and urlsplit(url).scheme != "https" and not is_loopback(url):
        raise FetchingError(
            f"{url!r} is not https, so that anyone on the way could change the table, and no sha256 says what it must "
            f"be (http is only for addresses of this machine itself); give its https address, or {ELSEWHERE}"
        )
    if path is not None:
        target = Path(path)
        if os.path.lexists(target):
            if refresh:
                raise FetchingError(f"{target} exists already and is not overwritten; give another path")
            if sha256 is None:
                return _recorded(target, url, None) or FetchedFile(target, url, _hash_of(target), "")
            require_hash(target, sha256)
            return FetchedFile(target, url, sha256, "")
        if sha256 is None and os.path.lexists(_record_of(target)):
            raise FetchingError(f"{_record_of(target)} exists already and is not overwritten; give another path")
    else:
        import pooch  # here and not above: only downloads need it

        target = Path(pooch.os_cache("bayes-scaling")) / (name or Path(urlsplit(url).path).name or "table.csv")
        kept = _recorded(target, url, sha256)
        if kept is not None and not refresh:
            return kept
    _retrieve(url, target, sha256, limits or Limits())
    fetched = FetchedFile(target, url, _hash_of(target), datetime.now(UTC).isoformat(timespec="seconds"))
    if sha256 is None:  # else there is nothing to record that the hash does not say
        try:
            write_whole(_record_of(target), json.dumps(fetched.attrs, indent=2).encode())
        except OSError as error:
            raise _unwritable(_record_of(target), error) from None
    return fetched


def located(
    what: str,
    url: str,
    path: str | PathLike[str] | None,
    fetch: bool,
    error: type[BayesScalingError],
    **options: Any,
) -> tuple[Path, dict[str, Any]]:
    """Where a table is that does not come with the package, and, once it was fetched, what its `attrs` say of that."""
    if fetch:
        fetched = fetch_file(url, path=path, **options)
        return fetched.path, {"source": fetched.attrs}
    if path is None:
        raise error(f"{what} does not come with the package; pass fetch=True to download it from {url}, or its path")
    return Path(path), {}


def redirected(url: str, location: str) -> str:
    """The address that a server sends us on to; refused if it is not https: whoever is on the way could change it."""
    target = urljoin(url, location)
    if urlsplit(target).scheme != "https":
        raise FetchingError(f"{url} redirects to {target}, which is not https; {ELSEWHERE}")
    return target


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine itself, which nothing lies between."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def is_page(content: bytes) -> bool:
    """Whether a file is a web page (or other XML): no table of ours starts with an angle bracket."""
    return content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def require_source(name: str) -> None:
    """Refuse a name that is none of :data:`SOURCES`; the BayesScalingError names the choices."""
    if name not in SOURCES:
        raise BayesScalingError(
            f"no published table is called {name!r}; choose from {', '.join(SOURCES)}, or give the path of a CSV file"
        )


def require_hash(path: Path, sha256: str) -> None:
    """Refuse a file that can't be read or has another content, by a FetchingError."""
    found = _hash_of(path)
    if found != sha256:
        page = " (it is a web page)" if is_page(path.read_bytes()[:_CHUNK]) else ""
        raise FetchingError(
            f"{path} exists already and is another file; it is not the published table{page}: its sha256 is {found} "
            f"and not {sha256}; give another path, or read it as a table of your own with `read_runs`"
        )


def _recorded(target: Path, url: str, sha256: str | None) -> FetchedFile | None:
    """What is there, if its record fits it: a half of a pair, or a file changed by hand, does not count."""
    try:
        if sha256 is not None:
            return FetchedFile(target, url, sha256, "") if _hash_of(target) == sha256 else None
        record = json.loads(_record_of(target).read_bytes())
        kept = FetchedFile(target, str(record["url"]), str(record["sha256"]), str(record["fetched"]))
        whole = kept.sha256 == _hash_of(target)
    except (OSError, ValueError, KeyError, TypeError, FetchingError):
        return None
    return kept if whole and kept.url == url else None


def _record_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.json")


def _hash_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise FetchingError(f"{path}: no such file; give the path of a CSV file, or fetch=True") from None
    except OSError as error:
        raise FetchingError(f"{path} can't be read: {error.strerror or error}; give another path") from None


def _retrieve(url: str, target: Path, sha256: str | None, limits: Limits) -> None:
    import pooch
    import requests

    # pooch keeps what it finds under the name that it is given, so what may change comes under another one.
    fresh = target if sha256 is not None else target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    try:
        known = None if sha256 is None else f"sha256:{sha256}"
        pooch.retrieve(url, known, fname=fresh.name, path=fresh.parent, downloader=partial(_download, limits=limits))
        fresh.replace(target)
    except FetchingError:
        raise
    except requests.exceptions.RequestException as error:
        raise FetchingError(f"{url} is out of reach ({type(error).__name__}); {ELSEWHERE}") from None
    except OSError as error:
        raise _unwritable(target, error) from None
    except ValueError:
        # The one thing pooch itself refuses: content with another hash, which it does not keep.
        raise FetchingError(
            f"{url} gave a file whose sha256 is not {sha256}: it has changed since, or is damaged; nothing was kept. "
            "To use it nevertheless, download it and read it as a table of your own"
        ) from None


def _unwritable(path: Path, error: OSError) -> FetchingError:
    return FetchingError(f"{path} can't be written ({error.strerror or error}); give another path, or make room there")


def _download(url: str, output: str, _: object, limits: Limits) -> None:
    """One request, and one more for each redirect."""
    import requests

    end = time.monotonic() + limits.whole
    with requests.Session() as session:
        # As it is: then the length promised is that of the file.
        session.headers["Accept-Encoding"] = "identity"
        address = url
        for _ in range(1 + MOST_REDIRECTS):
            timeout = (limits.connect, limits.read)
            with session.get(address, stream=True, allow_redirects=False, timeout=timeout) as response:
                if not response.is_redirect:
                    if response.status_code != 200:
                        raise FetchingError(f"{address} answers with status {response.status_code}; {ELSEWHERE}")
                    _write(response, address, Path(output), limits, end)
                    return
                address = redirected(address, response.headers["Location"])
    raise FetchingError(f"{url} redirects more than {MOST_REDIRECTS} times; {ELSEWHERE}")


def _write(response: Any, url: str, output: Path, limits: Limits, end: float) -> None:
    from urllib3.exceptions import HTTPError

    length = response.headers.get("Content-Length", "")
    promised = int(length) if length.isdecimal() else None
    if promised is not None and promised > limits.size:
        raise FetchingError(f"{url} holds {promised:,} bytes and may hold {limits.size:,}; {ELSEWHERE}")
    got, start = 0, b""
    try:
        with output.open("wb") as file:
            # What has come so far, and not a full piece: a server that trickles is then seen to.
            while piece := response.raw.read1(_CHUNK, decode_content=True):
                got += len(piece)
                if got > limits.size:
                    raise FetchingError(f"{url} gives more than {limits.size:,} bytes; {ELSEWHERE}")
                if time.monotonic() > end:
                    raise FetchingError(f"{url} gave {got:,} bytes in {limits.whole:g} seconds; {ELSEWHERE}")
                start = (start + piece)[:_CHUNK] if len(start) < _CHUNK else start
                file.write(piece)
    except HTTPError as error:
        of = "" if promised is None else f" of {promised:,}"
        raise FetchingError(
            f"{url} broke off after {got:,} bytes{of} ({type(error).__name__}); try again later, or {ELSEWHERE}"
        ) from None
    if promised is not None and (arrived := response.raw.tell()) != promised:
        raise FetchingError(f"{url} broke off after {arrived:,} bytes of {promised:,}; try again later, or {ELSEWHERE}")
    if is_page(start):
        raise FetchingError(
            f"{url} gave a web page instead of a CSV file (a login or an error page of the network?); {ELSEWHERE}"
        )
    if not start.strip():
        raise FetchingError(f"{url} gave an empty file; {ELSEWHERE}")
