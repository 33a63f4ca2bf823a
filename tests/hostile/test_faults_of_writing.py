"""Kill, full disks, folders and links where files belong: what was finished before is still there, byte for byte."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_fit_files import small_fit
from steps_of_writing import NAMES, written

import bayes_scaling as bs
from bayes_scaling.common import files
from bayes_scaling.common.files import plain_name, remove_abandoned, write_together, write_whole
from bayes_scaling.reports.run_directory import prepare, write_run
from bayes_scaling.studies.store import Store

pytestmark = pytest.mark.fault("Writing results")


@pytest.fixture
def finished(tmp_path) -> Path:
    """A directory with the files of an earlier run."""
    directory = tmp_path / "run"
    directory.mkdir()
    for name in NAMES:
        (directory / name).write_bytes(f"earlier {name}".encode())
    return directory


def kept(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
def test_a_fault_before_the_first_move_changes_nothing(call, number, fault, finished, monkeypatch) -> None:
    earlier, calls = kept(finished), []
    owner = Path if call == "replace" else os
    works = getattr(owner, call)

    def fails(*arguments, **settings):
        calls.append(arguments)
        # Of moves: two stale files are put aside before the first new one comes into place.
        if len(calls) == number:
            raise OSError(fault, os.strerror(fault))
        return works(*arguments, **settings)

    with monkeypatch.context() as patched:
        patched.setattr(owner, call, fails)
        with pytest.raises(OSError, match=os.strerror(fault)):
            written(finished)
    assert kept(finished) == earlier
    assert not list(finished.parent.rglob("*.partial"))


STEPS = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from steps_of_writing import written
directory, call, number = Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
owner = Path if call in ("replace", "unlink") else os
works, calls = getattr(owner, call), []
def killed(*arguments, **settings):
    calls.append(call)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return works(*arguments, **settings)
setattr(owner, call, killed)
written(directory)
"""


@pytest.mark.parametrize(("call", "number"), [("open", 2), ("fsync", 1), ("replace", 1), ("replace", 3)])
def test_kill_at_each_step_leaves_the_fit_as_it_was(call, number, finished) -> None:
    earlier = kept(finished)
    arguments = [sys.executable, "-c", STEPS, str(Path(__file__).parent), str(finished), call, str(number)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(arguments, env=environment, capture_output=True, timeout=100)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    found = kept(finished)
    assert found["fit.nc"] == earlier["fit.nc"]
    assert all(earlier[name] == content for name, content in found.items())


LOOP = """
import sys
from pathlib import Path
from bayes_scaling.common.files import write_together
one, other = Path(sys.argv[1]) / "one", Path(sys.argv[1]) / "other"
print("ready", flush=True)
number = 0
while True:
    number += 1
    content = bytes([65 + number % 26]) * 3_000_000
    write_together({one: content, other: content})
"""


@pytest.mark.parametrize("delay", [0.0, 0.011, 0.023, 0.041, 0.067])
def test_kill_at_any_moment_leaves_files_whole(delay, tmp_path) -> None:
    directory = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-c", LOOP, str(directory)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.1 + delay)
    finally:
        process.kill()
        process.communicate()
    for path in directory.iterdir():
        content = path.read_bytes()
        assert len(content) == 3_000_000
        assert len(set(content)) == 1


FULL = """
import resource, signal, sys
import bayes_scaling as bs
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
fit = bs.load_fit(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    fit.save(sys.argv[1])
except bs.BayesScalingError as error:
    print(error)
"""


@pytest.mark.whole
def test_a_disk_that_takes_no_more_keeps_the_earlier_fit(tmp_path) -> None:
    small_fit().save(tmp_path)
    earlier = kept(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, timeout=100, cwd=tmp_path
    )
    assert "fit.nc: can't be written" in ended.stdout, ended.stderr
    assert kept(tmp_path) == earlier


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_where_a_file_belongs_changes_nothing(name, finished) -> None:
    (finished / name).unlink()
    (finished / name / "mine").mkdir(parents=True)
    earlier = kept(finished)
    with pytest.raises(IsADirectoryError, match=name):
        written(finished)
    assert kept(finished) == earlier
    assert (finished / name / "mine").is_dir()


def test_a_run_is_not_written_over_a_folder(tmp_path) -> None:
    (tmp_path / "fit.nc").mkdir()
    with pytest.raises(bs.BayesScalingError, match=r"choose another place|choose another --output"):
        small_fit().save(tmp_path)
    with pytest.raises(bs.BayesScalingError, match="choose another --output"):
        write_run(small_fit(), tmp_path)


def test_a_fit_is_kept_whatever_fails_to_be_read_off_it(tmp_path, monkeypatch) -> None:
    def fails(fit):
        raise ZeroDivisionError("no summary")

    monkeypatch.setattr("bayes_scaling.reports.fit_quantities.summary_json", fails)
    (tmp_path / "summary.json").write_bytes(b"of an earlier fit")
    with pytest.raises(bs.BayesScalingError, match=r"the fit is written there, but .* no summary"):
        write_run(small_fit(), tmp_path)
    assert bs.load_fit(tmp_path).fingerprint == small_fit().fingerprint
    assert set(kept(tmp_path)) == {"fit.nc"}


def test_links_in_a_circle_are_one_message(tmp_path) -> None:
    (tmp_path / "one").symlink_to("other")
    (tmp_path / "other").symlink_to("one")
    with pytest.raises(bs.BayesScalingError, match="choose another"):
        prepare(tmp_path / "one")
    with pytest.raises(bs.BayesScalingError, match="can't be written"):
        small_fit().save(tmp_path / "one" / "fit.nc")
    with pytest.raises(bs.BayesScalingError):
        bs.load_fit(tmp_path / "one")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        write_whole(tmp_path / "one", b"x")


def test_a_stale_link_is_removed_and_what_it_points_to_stays(finished, tmp_path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (finished / "summary.json").unlink()
    (finished / "summary.json").symlink_to(precious)
    write_together({finished / "fit.nc": b"new"}, stale=[finished / "summary.json"])
    assert precious.read_bytes() == b"precious"
    assert kept(finished) == {"fit.nc": b"new", "picture.png": b"earlier picture.png"}


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000, "\0"], ids=["long", "deep", "NUL"])
def test_a_name_that_no_file_system_takes_is_one_message(name, tmp_path) -> None:
    with pytest.raises(bs.BayesScalingError, match="choose another --output"):
        prepare(tmp_path / name)


def test_a_clock_set_back_removes_nothing(tmp_path, monkeypatch) -> None:
    (tmp_path / ".bayes-scaling-other.partial").write_bytes(b"half")
    (tmp_path / "fit.nc").write_bytes(b"whole")
    monkeypatch.setattr(files.time, "time", lambda: 0.0)
    remove_abandoned(tmp_path)
    assert len(kept(tmp_path)) == 2


@pytest.mark.parametrize("name", ["../../x", "..", ".", "/etc/passwd", "a/../../b", "\0", "~", "x" * 300, "é" * 200])
def test_names_from_files_stay_in_their_directory(name, tmp_path) -> None:
    plain = plain_name(name)
    assert "/" not in plain
    assert not plain.startswith(".")
    store = Store(tmp_path / "store")
    store.write(name, b"mine")
    assert store.read(name, bytes) == b"mine"
    assert store.set_aside == []
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "store"]


def test_long_names_that_end_differently_are_different_files(tmp_path) -> None:
    store = Store(tmp_path)
    for end in "ab":
        store.write("x" * 400 + end, end.encode())
    assert [store.read("x" * 400 + end, bytes) for end in "ab"] == [b"a", b"b"]
