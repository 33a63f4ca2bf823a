"""Many independent tasks, run at once: in processes of this computer, or on a dask.distributed cluster.

Both are used through the interface of :mod:`concurrent.futures`. A worker that dies costs no more than the task that it
was working on, and that is done again.
"""

import asyncio
import logging
import multiprocessing
import os
import pickle
import signal
import socket
import sys
import threading
import time
import warnings
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NamedTuple

from bayes_scaling.errors import BayesScalingError

_WORKER = "BAYES_SCALING_WORKER"
"""Set in the environment of local workers."""

_ENVIRONMENT = {
    _WORKER: "1",
    # As many workers as processors: more threads would only wait for each other.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}
_UNGUARDED = 86
"""Exit code of a worker that, instead of working, ran the user's script from its beginning."""

_STARTING_SECONDS = 3
_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 7
_PROBE_SECONDS = 9
_LOGGERS = ("distributed", "tornado")
_NAMED_AT_MOST = 10


def run_tasks(
    function: Callable[[Any], Any],
    tasks: Mapping[str, Any],
    *,
    on_done: Callable[[str, Any], None],
    workers: int | None = None,
    scheduler: str | None = None,
    attempts: int = 3,
) -> None:
    """Run ``function(task)`` for every task, in the order given as far as there is room.

    A script that calls this has to do so under ``if __name__ == "__main__":``, because each local worker imports it.

    Parameters
    ----------
    function
        What to do; it, the tasks and the results have to be picklable.
    tasks
        Name to task.
    on_done
        Called in this process with name and result of each task as it ends. An error that it raises ends the run.
    workers
        Processes on this computer; as many as it has processors if not given. Each uses one thread.
    scheduler
        Address of a running dask scheduler, such as ``tcp://192.168.0.1:8786``, whose workers do the tasks instead.
    attempts
        How often a task is begun at most, if the processes that work on it die.

    Raises
    ------
    BayesScalingError
        If a task's workers died too often, or the scheduler can't be reached.
    Exception
        What ``function`` or ``on_done`` raised, once the tasks that had ended by then were handed to ``on_done``. Tasks
        that still run are given up: local ones at once, those on a cluster end there without being used.
    """
    if _bootstrapping():
        os._exit(_UNGUARDED)
    for name, value in (("workers", workers), ("attempts", attempts)):
        if value is not None and value < 1:
            raise BayesScalingError(f"{name} is {value}; it has to be 1 or more")
    if workers is not None and scheduler is not None:
        raise BayesScalingError(
            "workers counts processes of this computer, and a scheduler has its own; leave out one of the two"
        )
    if not tasks:
        return
    crew = _LocalCrew(min(workers or _processors(), len(tasks))) if scheduler is None else _DaskCrew(scheduler)
    abandon = True
    try:
        _Run(function, tasks, on_done, crew, attempts).to_the_end()
        abandon = False
    finally:
        crew.close(abandon=abandon)


class _Death(NamedTuple):
    """The end of a worker in the middle of a task: how many there were, and what is known of the last."""

    times: int
    how: str


class _Crew(ABC):
    """Where tasks are done."""

    places: int
    """How many tasks may be handed over at once."""

    @abstractmethod
    def submit(self, payload: bytes) -> Future[bytes]:
        """Have :func:`_answer` called."""

    @abstractmethod
    def death(self, future: Future[bytes], error: BaseException) -> _Death | None:
        """What happened to the worker of a future that ended with an error; None if the task itself raised it."""

    @abstractmethod
    def renew(self) -> None:
        """Start again after all futures were lost at once."""

    @abstractmethod
    def close(self, *, abandon: bool) -> None:
        """End; promptly and without waiting for tasks if they are abandoned."""


class _Run:
    """One call of :func:`run_tasks`."""

    def __init__(
        self,
        function: Callable[[Any], Any],
        tasks: Mapping[str, Any],
        on_done: Callable[[str, Any], None],
        crew: _Crew,
        attempts: int,
    ) -> None:
        self.function = function
        self.tasks = tasks
        self.on_done = on_done
        self.crew = crew
        self.attempts = attempts
        self.waiting = deque(tasks)
        self.running: dict[Future[bytes], str] = {}
        self.deaths: Counter[str] = Counter()

    def to_the_end(self) -> None:
        while self.waiting or self.running:
            while self.waiting and len(self.running) < self.crew.places:
                name = self.waiting[0]
                future = self.crew.submit(pickle.dumps((self.function, self.tasks[name])))
                self.running[future] = self.waiting.popleft()
            wait(self.running, return_when=FIRST_COMPLETED)
            self._collect()

    def _collect(self) -> None:
        """Hand over what has ended; queue again what died; raise what a task raised."""
        failures: list[BaseException] = []
        died: dict[str, str] = {}
        lost = False
        while ended := [future for future in self.running if future.done()]:
            for future in ended:
                error = CancelledError() if future.cancelled() else future.exception()
                if isinstance(error, CancelledError):
                    lost = True
                    break
                name = self.running.pop(future)
                if error is None:
                    self.on_done(name, pickle.loads(future.result()))
                elif death := self.crew.death(future, error):
                    self.deaths[name] += death.times
                    died[name] = death.how
                else:
                    failures.append(error)
            if lost:
                break
        if failures:
            raise failures[0]
        if lost:
            for name in self.running.values():
                self.deaths[name] += 1
                died[name] = "the connection to the scheduler was lost"
            self.running.clear()
        hopeless = [name for name in died if self.deaths[name] >= self.attempts]
        if hopeless:
            raise BayesScalingError(_given_up(hopeless, self.deaths, died))
        if lost:
            self.crew.renew()
        self.waiting.extendleft(reversed([name for name in self.tasks if name in died]))


def _given_up(names: list[str], deaths: Counter[str], how: dict[str, str]) -> str:
    shown = [f"{name} (deaths: {deaths[name]}; last: {how[name]})" for name in names[:_NAMED_AT_MOST]]
    more = [f"{len(names) - len(shown)} more"] if len(names) > len(shown) else []
    return (
        f"given up, because the workers died: {', '.join(shown + more)}; where memory ran out, run fewer at once; "
        "the same command then goes on with what is not finished"
    )


def _answer(payload: bytes) -> bytes:
    """Do one task, in a worker; whatever travels is pickled here, so that all kinds of workers do it alike."""
    function, task = pickle.loads(payload)
    try:
        return pickle.dumps(function(task), protocol=pickle.HIGHEST_PROTOCOL)
    except SystemExit as error:
        raise RuntimeError(f"a task tried to exit, with {error.code!r}") from None
    except Exception as error:
        if _travels(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def _travels(error: Exception) -> bool:
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)
    except Exception:  # its class asks for more arguments than it keeps, for example
        return False


# ---------------------------------------------------------------------------------------------------------------- local


class _LocalCrew(_Crew):
    """Processes of this computer, each in a pool of its own: the death of one leaves the others at work."""

    def __init__(self, processes: int) -> None:
        self.places = processes
        self._slots = [_Slot() for _ in range(processes)]

    def submit(self, payload: bytes) -> Future[bytes]:
        slot = next(slot for slot in self._slots if slot.free)
        try:
            return slot.submit(payload)
        except BrokenExecutor:  # it died while it had nothing to do
            slot.end()
            return slot.submit(payload)

    def death(self, future: Future[bytes], error: BaseException) -> _Death | None:
        if not isinstance(error, BrokenExecutor):
            return None
        (slot,) = [slot for slot in self._slots if slot.future is future]
        code = slot.end()
        if code == _UNGUARDED:
            raise BayesScalingError(
                "each worker ran the calling script from its beginning; put what the script does under "
                '`if __name__ == "__main__":`'
            )
        return _Death(1, _ending(code))

    def renew(self) -> None:
        raise AssertionError("local futures are never lost all at once")

    def close(self, *, abandon: bool) -> None:
        if abandon:
            for slot in self._slots:
                slot.kill()
        with ThreadPoolExecutor(self.places) as ending:
            for slot in self._slots:
                ending.submit(slot.end)


class _Slot:
    """A pool of one process, started when it gets its first task."""

    def __init__(self) -> None:
        self.future: Future[bytes] | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._processes: Mapping[int, multiprocessing.process.BaseProcess] = {}

    @property
    def free(self) -> bool:
        return self.future is None or self.future.done()

    def submit(self, payload: bytes) -> Future[bytes]:
        if self._pool is not None:
            self.future = self._pool.submit(_answer, payload)
            return self.future
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, context, initializer=_begin_work)
        self._processes = self._pool._processes
        with _ctrl_c_later(), _as_worker():  # the process starts here
            self.future = self._pool.submit(_answer, payload)
        # With the worker's end the only one open, its death in the middle of an answer is noticed.
        with suppress(AttributeError):
            self._pool._result_queue._writer.close()  # type: ignore[attr-defined]
        return self.future

    def kill(self) -> None:
        for process in list(self._processes.values()):
            process.kill()

    def end(self) -> int | None:
        """Wait for the process's end; its exit code, negative for a signal."""
        processes = list(self._processes.values())
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        self._pool, self._processes, self.future = None, {}, None
        return processes[0].exitcode if processes else None


@contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Context that Ctrl-C does not break into: it is answered at the end."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    received: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: received.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if received:
            handler(*received[0])


@contextmanager
def _as_worker() -> Iterator[None]:
    """What a process started in this context inherits: its environment, and that Ctrl-C is not for it."""
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if hasattr(signal, "pthread_sigmask") else None
    try:
        os.environ.update(_ENVIRONMENT)
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _begin_work() -> None:
    """Leave Ctrl-C to the parent, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _bootstrapping() -> bool:
    """Whether this is a local worker that imports the calling script, before any work."""
    return _WORKER in os.environ and getattr(multiprocessing.current_process(), "_inheriting", False)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"exit code {code}"


# ----------------------------------------------------------------------------------------------------------------- dask


class _DaskCrew(_Crew):
    """The workers of a dask scheduler, which sees to it itself that a dead worker's tasks go to another."""

    places = sys.maxsize

    def __init__(self, address: str) -> None:
        try:
            import distributed
            from distributed.scheduler import KilledWorker
        except ImportError as error:
            raise BayesScalingError(
                f"a dask scheduler needs more packages ({error}): pip install 'bayes-scaling[distributed]'"
            ) from None
        self._address = address
        self._distributed = distributed
        self._killed_worker: type[Exception] = KilledWorker
        self._client: Any = None
        self._levels = _silence(*_LOGGERS)
        try:
            self._connect()
        except BaseException:
            self.close(abandon=True)
            raise

    def submit(self, payload: bytes) -> Future[bytes]:
        try:
            future: Future[bytes] = self._executor.submit(_answer_in_dask, payload)
        except Exception:
            if self._client.status == "running":
                raise
            future = Future()  # as those that were submitted before the connection was lost
            future.cancel()
            future.set_running_or_notify_cancel()
        return future

    def death(self, future: Future[bytes], error: BaseException) -> _Death | None:
        if isinstance(error, self._killed_worker):
            return _Death(error.allowed_failures + 1, f"on {error.last_worker.address}")  # type: ignore[attr-defined]
        return None

    def renew(self) -> None:
        self._disconnect()
        self._connect()

    def close(self, *, abandon: bool) -> None:
        try:
            self._disconnect()
        finally:
            for logger, level in self._levels.items():
                logger.setLevel(level)

    def _connect(self) -> None:
        found = self._probe()
        if not found.get("n_workers"):
            warnings.warn(
                f"the dask scheduler at {self._address} has no workers yet; waiting for some: dask worker "
                f"{self._address}",
                stacklevel=4,
            )
        try:
            self._client = self._distributed.Client(self._address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except Exception as error:
            raise self._unreachable(error) from None
        self._executor = self._client.get_executor(pure=False)

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(TimeoutError, OSError):
                client.close(timeout=_CONNECT_SECONDS)  # the scheduler then drops the client's tasks

    def _probe(self) -> dict[str, Any]:
        """What the scheduler says about itself; a client would wait a minute for an address that says nothing."""
        found: list[dict[str, Any] | Exception] = []

        def ask() -> None:
            try:
                host, port = self._distributed.comm.get_address_host_port(self._address)
                if not host or not 0 < port < 65536:
                    raise ValueError("host or port is missing")
                _wait_for_port(host, port)  # dask would not say why it can't connect
                found.append(asyncio.run(asyncio.wait_for(self._ask(), _ANSWER_SECONDS)))
            except Exception as error:
                found.append(error)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(_PROBE_SECONDS)
        answer = found[0] if found else TimeoutError()
        if isinstance(answer, Exception):
            raise self._unreachable(answer)
        if answer.get("type") != "Scheduler":
            raise self._unreachable(f"it is the address of a {str(answer.get('type')).lower()}")
        return answer

    async def _ask(self) -> dict[str, Any]:
        distributed = self._distributed
        arguments = distributed.Security().get_connection_args("client")
        async with distributed.rpc(self._address, timeout=_CONNECT_SECONDS, connection_args=arguments) as scheduler:
            answer: dict[str, Any] = await scheduler.identity()
        return answer

    def _unreachable(self, error: Exception | str) -> BayesScalingError:
        reason = str(error)
        if isinstance(error, OSError):  # which says that it gave up; its cause may say why
            reason = next((each.strerror for each in _causes(error) if each.strerror), None) or "no answer"
        elif not isinstance(error, (ValueError, ImportError, str)):
            reason = "what answers there is not a scheduler"
        return BayesScalingError(
            f"the dask scheduler at {self._address!r} can't be reached ({reason}); start one with `dask scheduler`, "
            "give the address that it prints, such as tcp://192.168.0.1:8786, or leave it out to use this computer; "
            "the same command then goes on with what is not finished"
        )


def _answer_in_dask(payload: bytes) -> bytes:
    """Do one task in a dask worker, where xarray would otherwise ask the scheduler for locks on the task's files."""
    import dask

    with dask.config.set(scheduler="synchronous"):
        return _answer(payload)


def _wait_for_port(host: str, port: int) -> None:
    """Wait a little for a scheduler that is just starting."""
    end = time.monotonic() + _STARTING_SECONDS
    while True:
        try:
            socket.create_connection((host, port), _CONNECT_SECONDS).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def _causes(error: BaseException) -> Iterator[OSError]:
    following: BaseException | None = error
    while following is not None:
        if isinstance(following, OSError):
            yield following
        following = following.__cause__


def _silence(*names: str) -> dict[logging.Logger, int]:
    """Levels, to be restored, of loggers that speak of what is reported here as an error."""
    loggers = [logging.getLogger(name) for name in names]
    loggers += [
        logger
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger) and logger.level and name.startswith(tuple(f"{each}." for each in names))
    ]
    levels = {logger: logger.level for logger in loggers}
    for logger in levels:
        logger.setLevel(logging.CRITICAL + 1)
    return levels
