"""Ctrl-C and kill at any moment: files are whole or absent, and an earlier run survives."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib.image
import pytest
from studies.waiting import until

import bayes_scaling as bs
from bayes_scaling.reports.run_directory import prepare, write_run

pytestmark = [pytest.mark.fault("Runs that are killed or interrupted"), pytest.mark.whole]

RUN_FILES = {"fit.nc", "doubling_times.png", "summary.json"}
PROMPT = 10  # seconds, on a busy machine

ANNOUNCED = """
import json
import os
import signal
import sys
from pathlib import Path

import nutpie
import pymc

import bayes_scaling.reports.fit_quantities
from bayes_scaling.cli import main
from bayes_scaling.inference import fitting

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background would not have
sample = nutpie.sample


def announced(*arguments, **settings):
    print("now sampling", file=sys.stderr, flush=True)
    return sample(*arguments, **settings)


nutpie.sample = announced

for line in sys.stdin:
    place, cwd, cache, *sys.argv = json.loads(line)
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.environ["BAYES_SCALING_CACHE"] = cache
            os.chdir(cwd)
            for stream, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(Path(place, name), os.O_WRONLY | os.O_CREAT), stream)
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            sys.stdout.flush()
            os._exit(code)
    Path(place, "child").write_text(f"{child}.")
    Path(place, "end").write_text(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}.")
"""
"""The command line in children of one process (importing takes seconds), saying when it begins to sample."""

WRITING = """
import os
import signal
import sys
import time
from pathlib import Path

import bayes_scaling as bs
from bayes_scaling.cli import main
from bayes_scaling.inference import fitting
import bayes_scaling.reports.fit_quantities
from bayes_scaling.reports import run_directory

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background would not have
finished, *cases = sys.argv[1:]
fit = bs.load_fit(finished)
fitting.fit_with = lambda *arguments, **settings: fit
made = run_directory._read_off(fit, Path())  # drawing takes longer than writing, which is what is interrupted
run_directory._read_off = lambda fit, directory: {directory / path: content for path, content in made.items()}


def interrupted_in_move(name, number):
    move, moves = Path.replace, []

    def replace(self, target):
        moves.append(target)
        if len(moves) == number:
            os.kill(os.getpid(), getattr(signal, name))
        return move(self, target)

    Path.replace = replace


def in_child(case, directory):
    if "-" in case:
        name, number = case.split("-")
        interrupted_in_move(name, int(number))
        sys.argv = ["bayes-scaling", "fit", "ho2024/07", "--quiet", "--output", directory]
        main()
    while True:
        run_directory.write_run(fit, Path(directory))


for case in cases:
    child = os.fork()
    if child == 0:
        code = 99
        try:
            for stream, path in ((1, f"{case}.out"), (2, f"{case}.err")):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream)
            in_child(case, case)
        except SystemExit as ended:
            code = ended.code
        finally:
            os._exit(code)
    if "-" not in case:
        time.sleep(float(case))
        os.kill(child, signal.SIGKILL)
    print(case, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Write a finished fit again in children of one process (importing takes seconds), and interrupt each: after so many
seconds, or by a signal in its first, second or third move."""
DELAYS = tuple(f"{0.02 + 0.07 * step:.2f}" for step in range(7))  # a run is written in a tenth of a second or two
MOVES = {f"{name}-{number}": end for name, end in (("SIGKILL", -9), ("SIGINT", 130)) for number in (1, 2, 3)}


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def assert_whole(directory: Path) -> None:
    """Every file is absent or whole, and no summary stands beside another run's fit."""
    found = {path.name for path in directory.iterdir()}
    assert found <= RUN_FILES
    if "fit.nc" in found:
        fit = bs.load_fit(directory)
    if "doubling_times.png" in found:
        assert matplotlib.image.imread(directory / "doubling_times.png").ndim == 3
    if "summary.json" in found:
        summary = json.loads((directory / "summary.json").read_text(encoding="utf-8"))
        assert summary["fingerprint"] == fit.fingerprint


@pytest.fixture
def uncompiled(plain_environment, tmp_path_factory) -> dict[str, str]:
    """An environment in which nothing was compiled before."""
    return plain_environment | {"BAYES_SCALING_CACHE": str(tmp_path_factory.mktemp("programs"))}


@pytest.fixture(scope="module")
def imported(plain_environment) -> Iterator[subprocess.Popen[str]]:
    """A process of ANNOUNCED, which takes what to run as lines of JSON."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", ANNOUNCED],
        env=plain_environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@dataclass(frozen=True)
class Running:
    """A command in a child process, and the directory with what it prints and how it ends."""

    place: Path

    def written(self, name: str) -> str:
        path = self.place / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def awaited(self, name: str) -> int:
        """A number that is written, once it is."""
        until(lambda: self.written(name).endswith("."), 60)
        return int(self.written(name)[:-1])

    def send(self, signal_: signal.Signals) -> None:
        os.kill(self.awaited("child"), signal_)


@pytest.fixture
def running(imported, plain_environment, uncompiled, tmp_path, tmp_path_factory) -> Iterator[Callable[[str], Running]]:
    """Start a long fit into ``run`` and wait until it says a word; whatever happens, it ends with the test."""
    started = []

    def start(word: str) -> Running:
        process = Running(tmp_path_factory.mktemp("running"))
        settings = ("--draws", "300000", "--chains", "2", "--output", "run")
        cache = (uncompiled if word == "compiling" else plain_environment)["BAYES_SCALING_CACHE"]
        asked = [str(process.place), str(tmp_path), cache, "bayes-scaling", "fit", "ho2024/16", *settings]
        print(json.dumps(asked), file=imported.stdin, flush=True)
        started.append(process)
        until(lambda: word in process.written("err") or process.written("end"), 300)
        time.sleep(0.5)
        assert not process.written("end"), f"ended before it said {word!r}"
        return process

    yield start
    for process in started:
        if not process.written("end"):
            process.send(signal.SIGKILL)


@pytest.mark.parametrize("moment", ["compiling", "now sampling"])
def test_ctrl_c_ends_a_run_promptly_and_leaves_nothing(moment, running, tmp_path) -> None:
    process = running(moment)
    sent = time.monotonic()
    process.send(signal.SIGINT)
    assert process.awaited("end") == 130
    assert time.monotonic() - sent < PROMPT
    assert process.written("out") == ""
    _, _, err = process.written("err").replace("now sampling\n", "").partition("...\n")  # with which it begins
    assert err == "bayes-scaling: interrupted; nothing half-written was left\n"
    assert list(tmp_path.iterdir()) == []


IMPORTING = """
import importlib.util
import os
import signal
import sys

signal.signal(signal.SIGINT, signal.default_int_handler)
package = sys.argv.pop(1)


class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == package:
            os.kill(os.getpid(), signal.SIGINT)


sys.meta_path.insert(0, Interrupting())
from bayes_scaling.cli import main

main()
"""
"""The command line, interrupted when it begins to import a package."""


@pytest.mark.parametrize("package", ["typer", "pandas", "pymc"])
def test_ctrl_c_while_importing_is_one_line(package, uncompiled, tmp_path) -> None:
    arguments = [sys.executable, "-c", IMPORTING, package, "fit", "ho2024/18", "--quiet", "--output", "run"]
    ended = subprocess.run(arguments, cwd=tmp_path, env=uncompiled, capture_output=True, text=True, timeout=100)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "bayes-scaling: interrupted; nothing half-written was left\n"
    assert list(tmp_path.iterdir()) == []


def test_a_killed_first_run_leaves_nothing(running, tmp_path) -> None:
    process = running("now sampling")
    process.send(signal.SIGKILL)
    assert process.awaited("end") == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moment", ["compiling", "now sampling"])
def test_a_killed_run_leaves_the_earlier_one_of_its_directory_whole(moment, running, short_run, tmp_path) -> None:
    shutil.copytree(short_run.directory, tmp_path / "run")
    process = running(moment)
    process.send(signal.SIGKILL)
    assert process.awaited("end") == -signal.SIGKILL
    assert contents(tmp_path / "run") == contents(short_run.directory)
    assert set(contents(tmp_path / "run")) == RUN_FILES


@pytest.fixture(scope="module")
def written_again(plain_environment, short_run, tmp_path_factory) -> tuple[Path, dict[str, int]]:
    """Where each case of WRITING has a directory of its name, which already held a finished run; their exit codes."""
    place = tmp_path_factory.mktemp("written")
    for case in (*DELAYS, *MOVES):
        shutil.copytree(short_run.directory, place / case)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WRITING, str(short_run.directory), *DELAYS, *MOVES],
        cwd=place,
        env=plain_environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return place, {case: int(code) for case, code in (line.split() for line in done.stdout.splitlines())}


def test_kill_at_any_moment_of_writing_leaves_whole_files(written_again) -> None:
    place, ends = written_again
    for delay in DELAYS:
        assert ends[delay] == -signal.SIGKILL
        assert_whole(place / delay)


def test_what_cannot_be_written_leaves_the_earlier_run_whole(short_run, tmp_path, monkeypatch) -> None:
    shutil.copytree(short_run.directory, tmp_path / "run")
    fit = bs.load_fit(short_run.directory)
    writes = []

    def full(descriptor: int) -> None:
        writes.append(descriptor)
        if len(writes) == 2:  # the picture
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(bs.BayesScalingError, match=r"No space left on device.*choose another --output"):
        write_run(fit, tmp_path / "run")
    assert contents(tmp_path / "run") == contents(short_run.directory)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_leftovers_of_killed_runs_are_removed_once_they_are_old(tmp_path) -> None:
    old, new = (tmp_path / f".bayes-scaling-{name}.partial" for name in ("old", "new"))
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    prepare(tmp_path / "run")
    assert (old.exists(), new.exists()) == (False, True)


def test_kill_or_ctrl_c_inside_the_final_move_leaves_whole_files(written_again, short_run) -> None:
    place, ends = written_again
    earlier = contents(short_run.directory)
    for case, end in MOVES.items():
        assert ends[case] == end
        assert_whole(place / case)
        assert "Traceback" not in (place / f"{case}.err").read_text(encoding="utf-8")
    # The first file moved is the fit itself: the older one is untouched.
    for case in ("SIGKILL-1", "SIGINT-1"):
        assert (place / case / "fit.nc").read_bytes() == earlier["fit.nc"]
    # Ctrl-C, other than kill, leaves time to tidy up.
    assert not [path for path in place.rglob("*.partial") if "SIGINT" in path.name]
