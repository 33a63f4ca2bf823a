"""Finished pieces of work: whole or absent, kept when something fails, and in nobody else's place."""

import errno
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.studies.store import Store

fault = pytest.mark.fault("Sweeps that are killed, resumed, or share a directory")


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "deep" / "store")


def files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def raising(error: BaseException):
    def parse(content: bytes) -> None:
        raise error

    return parse


def test_what_is_written_is_read(store) -> None:
    assert store.read("a", bytes.decode) is None
    store.write("a", b"one")
    store.write("a", b"two")
    assert store.read("a", bytes.decode) == "two"
    assert store.read("b", bytes.decode) is None
    assert store.set_aside == []
    assert files(store.directory.parent) == [store.directory / "a"]


NAMES = [
    "..",
    ".",
    "../out",
    "/etc/passwd",
    "a/b",
    "a%2Fb",
    "a\0b",
    "set-aside",
    "ho2024/07, 3",
    ".hidden",
    "é",
    "A",
]


def test_every_name_is_a_file_of_its_own_in_the_directory(store, tmp_path) -> None:
    for name in NAMES:
        store.write(name, name.encode())
    assert [store.read(name, bytes.decode) for name in NAMES] == NAMES
    assert len(files(tmp_path)) == len(NAMES)
    assert {path.parent for path in files(tmp_path)} == {store.directory}


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_no_two_names_share_a_file(names) -> None:
    store = Store(Path("nowhere"))
    try:
        paths = {store._path(name) for name in names}
    except UnicodeEncodeError:  # half a surrogate pair
        return
    assert len(paths) == 2
    assert {path.resolve().parent for path in paths} == {store.directory.resolve()}


def test_a_name_is_needed(store) -> None:
    with pytest.raises(BayesScalingError, match="needs a name"):
        store.write("", b"")


ERRORS = [
    BayesScalingError("not a fit"),
    KeyError("draws"),
    TypeError("not a number"),
    OSError("truncated"),
    FileNotFoundError(errno.ENOENT, "missing", "another file"),
    EOFError(),
]


@fault
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_what_cannot_be_used_is_set_aside_and_made_again(error, store) -> None:
    store.write("a", b"old")
    assert store.read("a", raising(error)) is None
    ((path, reason),) = store.set_aside
    assert (path.parent, path.read_bytes()) == (store.directory / "set-aside", b"old")
    assert reason == (str(error) or type(error).__name__)
    assert store.read("a", bytes.decode) is None
    store.write("a", b"new")
    assert store.read("a", bytes.decode) == "new"


@fault
def test_nothing_set_aside_is_overwritten(store) -> None:
    for number in range(5):
        store.write("a", b"%d" % number)
        assert store.read("a", raising(ValueError("bad"))) is None
    kept = files(store.directory / "set-aside")
    assert sorted(path.read_bytes() for path in kept) == [b"0", b"1", b"2", b"3", b"4"]
    assert sorted(path for path, _ in store.set_aside) == kept


@fault
@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt()], ids=lambda error: type(error).__name__)
def test_what_says_nothing_about_a_file_leaves_it(error, store) -> None:
    store.write("a", b"fine")
    with pytest.raises(type(error)):
        store.read("a", raising(error))
    assert store.read("a", bytes.decode) == "fine"


@fault
def test_a_folder_in_the_place_of_a_file_is_set_aside(store) -> None:
    (store.directory / "a" / "inner").mkdir(parents=True)
    with pytest.raises(BayesScalingError, match="can't be written"):
        store.write("a", b"new")
    assert store.read("a", bytes.decode) is None
    ((path, _),) = store.set_aside
    assert (path / "inner").is_dir()
    store.write("a", b"new")
    assert store.read("a", bytes.decode) == "new"


@fault
def test_what_cannot_be_moved_is_an_error(store) -> None:
    store.write("a", b"old")
    (store.directory / "set-aside").touch()
    with pytest.raises(BayesScalingError, match=r"a: can't be used \(bad\), and can't be moved to .*set-aside"):
        store.read("a", raising(ValueError("bad")))
    assert (store.directory / "a").read_bytes() == b"old"


class Trap:
    def __reduce__(self):
        return os._exit, (1,)


@fault
def test_reading_executes_nothing(store) -> None:
    store.write("a", pickle.dumps(Trap()))
    assert store.read("a", json.loads) is None
    assert len(store.set_aside) == 1


@fault
def test_a_full_disk_keeps_what_is_finished(store, monkeypatch) -> None:
    store.write("a", b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for name in "ab":
        with pytest.raises(BayesScalingError, match=rf"{name}: can't be written \(No space.*is kept.*same command"):
            store.write(name, b"new")
    assert store.read("a", bytes.decode) == "old"
    assert files(store.directory.parent) == [store.directory / "a"]


@fault
def test_a_file_where_the_directory_should_be(tmp_path) -> None:
    (tmp_path / "file").touch()
    store = Store(tmp_path / "file")
    with pytest.raises(BayesScalingError, match=r"can't be written .*same command"):
        store.write("a", b"")


WRITING = """
import sys
from pathlib import Path
from bayes_scaling.studies.store import Store

store = Store(Path(sys.argv[1]))
sizes = set()
for number in range(150):
    store.write("a", bytes([65 + number % 26]) * 200_000)
    found = store.read("a", bytes)
    if found is not None:
        sizes.add((len(found), len(set(found))))
print(sizes, store.set_aside)
"""


@fault
def test_processes_that_share_a_store_never_see_half_a_file(tmp_path) -> None:
    command = [sys.executable, "-c", WRITING, str(tmp_path / "store")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in both] == ["{(200000, 1)} []\n"] * 2
    assert files(tmp_path) == [tmp_path / "store" / "a"]
