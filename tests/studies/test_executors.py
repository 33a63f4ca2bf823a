"""Many tasks in processes that die, refuse and are interrupted: here, and on a dask cluster."""

import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pytest
from studies import pool_functions as work
from studies.clusters import LOG, Cluster, running_cluster
from studies.waiting import PROMPT, TESTS, until

from bayes_scaling.errors import BayesScalingError, EvaluationsError
from bayes_scaling.studies import executors
from bayes_scaling.studies.executors import run_tasks

pytestmark = pytest.mark.whole
fault = pytest.mark.fault("Sweeps that are killed, resumed, or share a directory")


def results(function: Callable[[Any], Any], tasks: dict[str, Any], **where: Any) -> dict[str, Any]:
    done: dict[str, Any] = {}

    def on_done(name: str, result: Any) -> None:
        assert name not in done
        done[name] = result

    run_tasks(function, tasks, on_done=on_done, **where)
    return done


# ---------------------------------------------------------------------------------------------------------------- local


def test_every_task_is_done_once() -> None:
    tasks = {str(number): number for number in range(20)}
    assert results(work.square, tasks, workers=2) == {name: number**2 for name, number in tasks.items()}


def test_one_worker_keeps_the_order_given() -> None:
    tasks = {str(number): number for number in (5, 1, 4, 2)}
    assert list(results(work.square, tasks, workers=1)) == list(tasks)


@pytest.mark.parametrize("ended", ["Client", "LocalCluster"])
def test_a_computer_too_busy_to_end_its_workers_in_time_loses_no_answer(monkeypatch, ended) -> None:
    kind = getattr(distributed, ended)
    closed, late = kind.close, []

    def close(self: Any, timeout: float | None = None) -> None:
        closed(self, timeout)
        if not late:  # the collector closes it again
            late.append(kind)
            raise TimeoutError

    monkeypatch.setattr(kind, "close", close)
    assert results(work.square, {"a": 3}, workers=1) == {"a": 9}
    assert late


def test_nothing_to_do_starts_nothing() -> None:
    assert results(work.square, {}) == {}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": 0}, "workers is 0; it has to be 1 or more"),
        ({"workers": 2, "scheduler": "tcp://127.0.0.1:1"}, "leave out one of the two"),
    ],
)
def test_bad_settings(settings, message) -> None:
    with pytest.raises(BayesScalingError, match=message):
        results(work.square, {"a": 1}, **settings)


def test_workers_use_one_thread_each_and_leave_ctrl_c_to_the_parent(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    assert results(work.environment, {name: name for name in names}, workers=1) == dict.fromkeys(names, "1")
    assert (os.environ["OMP_NUM_THREADS"], "NUMBA_NUM_THREADS" in os.environ) == ("7", False)
    assert results(work.ignores_ctrl_c, {"a": None, "b": tmp_path / "b"}, workers=1) == {"a": True, "b": True}


@fault
def test_what_a_dead_worker_was_at_is_done_again(tmp_path) -> None:
    tasks = {"a": None, "b": tmp_path / "b", "c": None, "d": tmp_path / "d", "e": None}
    assert results(work.die_once, tasks, workers=2) == dict.fromkeys(tasks, "survived")
    assert {path.name for path in tmp_path.iterdir()} == {"b", "d"}


@fault
def test_a_worker_that_dies_while_it_starts_is_started_again() -> None:
    def kill() -> None:
        until(multiprocessing.active_children, 30)
        killed.append(multiprocessing.active_children()[0].pid)
        os.kill(killed[0], signal.SIGKILL)

    killed: list[int] = []
    killing = threading.Thread(target=kill)
    killing.start()
    tasks = {str(number): number for number in range(4)}
    assert results(work.square, tasks, workers=2) == {name: number**2 for name, number in tasks.items()}
    killing.join()
    assert killed


@fault
@pytest.mark.parametrize(
    ("function", "answer"),
    [(work.die_later, "survived"), (work.die_in_answer, ("x" * 100_000, "survived"))],
    ids=["while idle", "in its answer"],
)
def test_death_at_a_bad_moment(function, answer, tmp_path) -> None:
    def on_done(name: str, result: Any) -> None:
        done.append((name, result))
        time.sleep(0.5)

    done: list[tuple[str, Any]] = []
    run_tasks(function, dict.fromkeys("ab", tmp_path / "marker"), on_done=on_done, workers=1)
    assert (tmp_path / "marker").exists()
    assert done == [("a", answer), ("b", answer)]


@fault
def test_a_task_that_always_kills_is_named_and_no_other_suffers() -> None:
    done = []
    with pytest.raises(BayesScalingError, match=r"died: c \(deaths: 3; last: SIGKILL\); .*same command") as caught:
        run_tasks(
            work.die_if,
            {"a": False, "b": False, "c": True, "d": False},
            on_done=lambda name, _: done.append(name),
            workers=2,
        )
    assert not {"a (", "b (", "d ("} & set(str(caught.value).split())
    assert len(done) == len(set(done))


@fault
@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("own", EvaluationsError, "no such column"),
        ("other", ZeroDivisionError, "of zero"),
        ("awkward", RuntimeError, "Awkward: one and two"),
        ("exit", RuntimeError, "SystemExit: 3"),
    ],
)
def test_an_error_ends_the_run_after_what_is_finished(kind, error, message) -> None:
    done = []
    start = time.monotonic()
    with pytest.raises(error, match=f"^{message}$"):
        run_tasks(
            work.refuse,
            {"a": "fine", "b": "slow", "c": kind, "d": "never begun"},
            on_done=lambda name, _: done.append(name),
            workers=2,
        )
    assert done == ["a"]
    assert time.monotonic() - start < PROMPT


def test_what_cannot_travel() -> None:
    with pytest.raises(Exception, match=r"[Pp]ickle"):
        results(lambda task: task, {"a": 1}, workers=1)
    with pytest.raises(Exception, match=r"[Pp]ickle"):
        results(work.unreadable, {"a": None}, workers=1)


def test_an_error_of_on_done_ends_the_run() -> None:
    def on_done(name: str, result: str) -> None:
        raise BayesScalingError("the disk is full")

    start = time.monotonic()
    with pytest.raises(BayesScalingError, match="the disk is full"):
        run_tasks(work.refuse, {"a": "slow", "b": "fine", "c": "fine"}, on_done=on_done, workers=2)
    assert time.monotonic() - start < PROMPT


@fault
def test_workers_that_take_too_long_to_end_hide_no_error(monkeypatch) -> None:
    monkeypatch.setattr(executors, "_KILL_SECONDS", 1e-6)
    with pytest.raises(EvaluationsError, match="no such column"):
        results(work.refuse, {"a": "slow", "b": "own"}, workers=2)


SCRIPT = """
import signal
import sys
from pathlib import Path

from studies import pool_functions as work
from studies.waiting import PROMPT, until

from bayes_scaling.studies.executors import run_tasks

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background would not have
    Path("begun").touch()
    try:
        run_tasks(work.hold, {name: Path(name) for name in sys.argv[1:]}, on_done=print, workers=2)
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.fixture
def begun(tmp_path) -> Iterator[subprocess.Popen[str]]:
    """A process, at the head of a group of its own, whose two workers start."""
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "script.py", "a.lock", "b.lock"],
        cwd=tmp_path,
        env=os.environ | TESTS,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        until((tmp_path / "begun").exists, 30)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL) if process.returncode is None else None
        process.communicate()


@pytest.fixture
def holding(begun, tmp_path) -> subprocess.Popen[str]:
    """The same, once each of its workers holds a lock."""
    until(lambda: len(list(tmp_path.glob("*.held"))) == 2, 30)
    assert all(work.is_held(tmp_path / name) for name in ("a.lock", "b.lock"))
    return begun


@fault
@pytest.mark.parametrize("seconds", [0.2, 0.8, 1.4])
def test_ctrl_c_while_workers_start_ends_them_quietly(begun, seconds, tmp_path) -> None:
    time.sleep(seconds)
    os.killpg(begun.pid, signal.SIGINT)
    assert begun.communicate(timeout=2 * PROMPT) == ("interrupted\n", "")
    assert not any(work.is_held(tmp_path / name) for name in ("a.lock", "b.lock"))


@fault
def test_ctrl_c_ends_workers_at_once_and_quietly(holding, tmp_path) -> None:
    os.killpg(holding.pid, signal.SIGINT)  # as a terminal does
    assert holding.communicate(timeout=PROMPT) == ("interrupted\n", "")
    assert not any(work.is_held(tmp_path / name) for name in ("a.lock", "b.lock"))


@fault
def test_workers_end_with_a_killed_parent(holding, tmp_path) -> None:
    holding.kill()
    until(lambda: not any(work.is_held(tmp_path / name) for name in ("a.lock", "b.lock")))


def test_a_script_without_a_guard_is_told_so(tmp_path) -> None:
    unguarded = SCRIPT.replace('if __name__ == "__main__":', "if True:")
    (tmp_path / "script.py").write_text(unguarded, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "script.py", "a.lock"],
        cwd=tmp_path,
        env=os.environ | TESTS,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback") == 1  # the caller's own
    assert 'put what the script does under `if __name__ == "__main__":`' in ended.stderr


# ----------------------------------------------------------------------------------------------------------------- dask


@pytest.fixture(scope="module")
def cluster_log(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cluster") / LOG


@pytest.fixture(scope="module")
def cluster(cluster_log) -> Iterator[Cluster]:
    """For the tests that follow, in their order: one worker sleeps on, four die, and in the end the scheduler."""
    with running_cluster(cluster_log.parent, "one", "two", "three", "four", "five", "six") as running:
        yield running


@fault
def test_errors_on_a_cluster(cluster, cluster_log, capfd) -> None:
    address, _ = cluster
    done = []
    with pytest.raises(EvaluationsError, match=r"^no such column$"):
        run_tasks(
            work.refuse,
            {"a": "fine", "b": "own", "c": "slow"},
            on_done=lambda name, _: done.append(name),
            scheduler=address,
        )
    assert done == ["a"]
    with pytest.raises(BayesScalingError, match=r"tcp://.*it is the address of a worker"):
        results(work.square, {"a": 1}, scheduler=worker_address(cluster_log))
    assert capfd.readouterr() == ("", "")


def worker_address(log: Path) -> str:
    line = next(line for line in log.read_text(encoding="utf-8").splitlines() if "Start worker at" in line)
    return line.split()[-1]


@fault
def test_a_cluster_that_loses_a_worker_gives_what_this_computer_gives(cluster, capfd) -> None:
    address, processes = cluster
    tasks = {str(seed): seed for seed in range(12)}
    found = {}

    def on_done(name: str, result: np.ndarray) -> None:
        assert name not in found
        found[name] = result
        if len(found) == 2:
            processes["one"].kill()

    run_tasks(work.draws, tasks, on_done=on_done, scheduler=address)
    expected = results(work.draws, tasks, workers=2)
    assert set(found) == set(tasks)
    assert all(found[name].tobytes() == expected[name].tobytes() for name in tasks)
    assert capfd.readouterr() == ("", "")


@fault
def test_what_kills_a_dask_worker_is_done_again_and_in_the_end_named(cluster, tmp_path, capfd) -> None:
    address, _ = cluster
    tasks = {"a": None, "b": tmp_path / "b", "c": None}
    assert results(work.die_once, tasks, scheduler=address) == dict.fromkeys(tasks, "survived")
    with pytest.raises(BayesScalingError, match=r"workers died: b \(Attempted .* on 2 different workers.* tcp://127"):
        results(work.die_if, {"b": True}, scheduler=address)
    assert capfd.readouterr() == ("", "")


@fault
def test_a_scheduler_that_ends_in_the_middle_is_one_error(cluster, capfd) -> None:
    address, processes = cluster
    done = []

    def on_done(name: str, result: np.ndarray) -> None:
        done.append(name)
        processes["scheduler"].kill()

    start = time.monotonic()
    with pytest.raises(BayesScalingError, match=r"can't be reached \(the connection was lost\)"):
        run_tasks(work.draws, {str(seed): seed for seed in range(9)}, on_done=on_done, scheduler=address)
    assert done
    assert time.monotonic() - start < 15
    assert capfd.readouterr() == ("", "")


CONNECTING = """
import sys
from studies import pool_functions as work
from studies.waiting import PROMPT, until
from bayes_scaling.studies import executors

executors._CONNECT_SECONDS = float(sys.argv[1])
for address in sys.argv[2:]:
    try:
        executors.run_tasks(work.square, {"a": 1}, on_done=print, scheduler=address)
    except ValueError as error:
        print(type(error).__name__, error)
"""


@fault
@pytest.mark.parametrize(
    ("seconds", "reasons"),
    [
        (executors._CONNECT_SECONDS, {"tcp://127.0.0.1:9": "Timed out trying to connect"}),
        (executors._CONNECT_SECONDS, {"tcp://127.0.0.1:MUTE": "no answer"}),
        (
            1.0,
            {
                "tcp://nowhere.invalid:8786": "Timed out trying to connect",
                "nonsense": "missing port number",
                "http://127.0.0.1:80": "unknown address scheme 'http'",
                "tcp://127.0.0.1:99999": "Timed out trying to connect",
                "": "missing port number",
            },
        ),
    ],
    ids=["none", "mute", "malformed"],
)
def test_an_unreachable_scheduler_is_one_message(seconds, reasons) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        reasons = {address.replace("MUTE", str(mute.getsockname()[1])): reason for address, reason in reasons.items()}
        start = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", CONNECTING, str(seconds), *reasons],
            env=os.environ | TESTS,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert time.monotonic() - start < 15
    assert ended.stderr == ""
    for line, (address, reason) in zip(ended.stdout.splitlines(), reasons.items(), strict=True):
        assert line.startswith(f"BayesScalingError the dask scheduler at {address!r} can't be reached (")
        assert re.search(reason, line)
