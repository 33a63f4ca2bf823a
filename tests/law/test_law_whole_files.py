"""A file is written whole or not at all."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bayes_scaling.common.files import write_whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory of one's own in a directory of one's own."""
    folder = tmp_path / "outside" / "inside"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def umask_027() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def everything_below(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_content_arrives_and_nothing_else(folder: Path) -> None:
    write_whole(folder / "a.bin", b"\x00\xff\r\n" * 1000)
    assert (folder / "a.bin").read_bytes() == b"\x00\xff\r\n" * 1000
    assert everything_below(folder.parent) == {"inside", "a.bin"}


def test_empty_content_makes_an_empty_file(folder: Path) -> None:
    write_whole(folder / "a.bin", b"")
    assert (folder / "a.bin").read_bytes() == b""


def test_directories_are_made(folder: Path) -> None:
    write_whole(folder / "x" / "y" / "a.txt", b"here")
    assert (folder / "x" / "y" / "a.txt").read_bytes() == b"here"
    assert everything_below(folder) == {"x", "y", "a.txt"}


def test_an_older_file_is_replaced(folder: Path) -> None:
    path = folder / "a.txt"
    path.write_bytes(b"a longer older content")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert everything_below(folder.parent) == {"inside", "a.txt"}


def test_a_relative_path_and_a_text_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    write_whole(Path("a.txt"), b"relative")
    write_whole(str(folder / "b.txt"), b"text")  # type: ignore[arg-type]
    assert (folder / "a.txt").read_bytes() == b"relative"
    assert (folder / "b.txt").read_bytes() == b"text"


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failing_write_leaves_the_older_file_and_no_litter(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    path = folder / "a.txt"
    path.write_bytes(b"old")

    def fail(descriptor: int) -> None:
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(failure)) as caught:
        write_whole(path, b"new")
    assert caught.value is failure
    assert path.read_bytes() == b"old"
    assert everything_below(folder.parent) == {"inside", "a.txt"}


def test_a_failing_first_write_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        write_whole(folder / "a.txt", b"new")
    assert everything_below(folder.parent) == {"inside"}


def test_a_failing_move_leaves_the_older_file_and_no_litter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "a.txt"
    path.write_bytes(b"old")

    def fail(self: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(PermissionError, match="Permission denied"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert everything_below(folder.parent) == {"inside", "a.txt"}


def test_a_reader_never_sees_a_partial_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "a.txt"
    path.write_bytes(b"old")
    seen = []
    sync = os.fsync

    def look(descriptor: int) -> None:
        seen.append((sorted(entry.name for entry in folder.iterdir()), path.read_bytes()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    write_whole(path, b"new")
    assert seen == [(["a.txt"], b"old")]
    assert path.read_bytes() == b"new"


def test_without_access_above_the_directory_itself_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    write_whole(folder / "a.txt", b"new")
    assert (folder / "a.txt").read_bytes() == b"new"
    assert everything_below(folder.parent) == {"inside", "a.txt"}


def test_a_directory_of_that_name_is_refused_and_kept(folder: Path) -> None:
    (folder / "a").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(folder / "a", b"new")
    assert (folder / "a").is_dir()
    assert everything_below(folder.parent) == {"inside", "a"}


def test_a_file_in_the_way_of_the_directory_is_refused_and_kept(folder: Path) -> None:
    (folder / "a").write_bytes(b"old")
    with pytest.raises(OSError, match="File exists"):
        write_whole(folder / "a" / "b.txt", b"new")
    assert (folder / "a").read_bytes() == b"old"
    assert everything_below(folder.parent) == {"inside", "a"}


@pytest.mark.usefixtures("umask_027")
def test_a_new_file_has_the_usual_permissions(folder: Path) -> None:
    write_whole(folder / "a.txt", b"new")
    assert permissions(folder / "a.txt") == 0o640
    (folder / "b.txt").write_bytes(b"as Python does it")
    assert permissions(folder / "b.txt") == 0o640
    assert os.umask(0o027) == 0o027


@pytest.mark.parametrize("mode", [0o600, 0o664])
@pytest.mark.usefixtures("umask_027")
def test_an_older_files_permissions_stay(folder: Path, mode: int) -> None:
    path = folder / "a.txt"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_whole(path, b"new")
    assert permissions(path) == mode


@pytest.mark.usefixtures("umask_027")
def test_a_private_file_is_private_while_it_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "a.txt"
    path.write_bytes(b"old")
    path.chmod(0o600)
    seen = []
    sync = os.fsync

    def look(descriptor: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    write_whole(path, b"new")
    assert seen == [0o600]


def test_the_processs_umask_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may be making a file of its own."""

    def fail(mask: int) -> int:
        raise AssertionError("umask was changed")

    monkeypatch.setattr(os, "umask", fail)
    write_whole(folder / "a.txt", b"new")
    write_whole(folder / "a.txt", b"newer")
    assert (folder / "a.txt").read_bytes() == b"newer"


# ---------------------------------------------------------------------- symbolic links


def test_a_symbolic_link_stays_and_its_target_is_written(folder: Path) -> None:
    target, link = folder / "target.txt", folder / "link.txt"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert everything_below(folder.parent) == {"inside", "target.txt", "link.txt"}


def test_a_symbolic_link_to_nothing_gets_its_target(folder: Path) -> None:
    link = folder / "link.txt"
    link.symlink_to(folder / "later" / "target.txt")
    write_whole(link, b"new")
    assert link.is_symlink()
    assert (folder / "later" / "target.txt").read_bytes() == b"new"


def test_a_symbolic_link_to_a_directory_is_followed(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to(folder / "real")
    write_whole(folder / "link" / "a.txt", b"new")
    assert (folder / "link").is_symlink()
    assert (folder / "real" / "a.txt").read_bytes() == b"new"
