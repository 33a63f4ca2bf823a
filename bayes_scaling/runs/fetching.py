"""Digitised runs from their server or a user's disk, and whether they are the right ones."""

import hashlib
from os import PathLike
from pathlib import Path

from bayes_scaling.errors import RunsError
from bayes_scaling.others_data.fetching import FetchingError, fetch_file, is_page


def fetched_file(url: str, sha256: str, path: str | PathLike[str] | None = None) -> Path:
    """Download a file once, and give its place.

    Raises RunsError as :func:`bayes_scaling.others_data.fetching.fetch_file`.

    Parameters
    ----------
    url : str
        Where to get it.
    sha256 : str
        Hash that its content must have.
    path : path, optional
        Where to keep it; by default a folder for caches of the user's system. What is there already is checked and
        neither downloaded again nor overwritten.

    Examples
    --------
    What is there already needs no network:

    >>> import hashlib, tempfile
    >>> there = Path(tempfile.mkdtemp()) / "runs.csv"
    >>> _ = there.write_text("parameters,tokens,loss")
    >>> sha256 = hashlib.sha256(there.read_bytes()).hexdigest()
    >>> fetched_file("https://example.com/runs.csv", sha256, there) == there
    True
    """
    if path is not None and Path(path).exists():
        require_hash(path, sha256)
        return Path(path)
    try:
        return fetch_file(url, sha256=sha256, path=path).path
    except FetchingError as error:
        raise RunsError(str(error)) from None


def require_hash(path: str | PathLike[str], sha256: str) -> None:
    """Refuse a file with another content.

    Raises RunsError: the file can't be read, or its hash is another one.

    Examples
    --------
    >>> require_hash("nowhere.csv", "0")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    RunsError: nowhere.csv: no such file; give the path of a CSV file, or fetch=True
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise RunsError(f"{path}: no such file; give the path of a CSV file, or fetch=True") from None
    except OSError as error:
        raise RunsError(f"{path} can't be read: {error.strerror}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        page = " (it is a web page)" if is_page(content) else ""
        raise RunsError(
            f"{path} is not the published table{page}: its sha256 is {found}, and the table's {sha256}; "
            "give another path, or read it as a table of your own with `read_runs`"
        )
