"""Many independent tasks, run at once: in processes of this computer, or on a dask.distributed cluster.

Both are used through futures of :mod:`concurrent.futures`. A worker that dies costs no more than the task that it
was working on, and that is done again.
"""

import asyncio
import logging
import multiprocessing
import os
import pickle
import signal
import socket
import threading
import time
import traceback
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any, Self

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
    deaths: Counter[str] = Counter()
    waiting = dict(tasks)
    crew: _LocalCrew | _DaskCrew
    if scheduler is None:
        crew = _LocalCrew(min(workers or _processors(), len(tasks)), attempts)
    else:
        crew = _DaskCrew(scheduler)
    with crew:
        while waiting:
            futures = {crew.submit(function, task): name for name, task in waiting.items()}
            died = _collect(crew, futures, waiting, on_done, attempts)
            deaths.update({name: death.times for name, death in died.items()})
            hopeless = [name for name in died if deaths[name] >= attempts]
            if hopeless:
                raise BayesScalingError(_given_up(hopeless, deaths, died))
            if waiting and isinstance(crew, _DaskCrew):
                crew.renew()


class _Death(Exception):
    """The end of a task's workers: how many there were, and what is known of the last."""

    def __init__(self, times: int, how: str) -> None:
        super().__init__(times, how)
        self.times, self.how = times, how


class _Crew:
    """Where tasks are done; as a context it ends promptly and without waiting for tasks if there is an error."""

    def close(self, *, abandon: bool) -> None:
        raise NotImplementedError

    def error_of(self, future: Future[bytes]) -> BaseException | None:
        """What a future ended with: :class:`_Death` where workers died, CancelledError where it was lost."""
        return CancelledError() if future.cancelled() else future.exception()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close(abandon=kind is not None)


def _collect(
    crew: _Crew,
    futures: Mapping[Future[bytes], str],
    waiting: dict[str, Any],
    on_done: Callable[[str, Any], None],
    attempts: int,
) -> dict[str, _Death]:
    """Hand over what ends, and take it off what waits; raise what a task raised.

    Returns dict: Deaths by task: once all have ended, one died too often, or all that wait were lost, which count as
    deaths.
    """
    died: dict[str, _Death] = {}

    def ended(future: Future[bytes]) -> BaseException | None:
        error = crew.error_of(future)
        if error is None and (name := futures[future]) in waiting:
            del waiting[name]
            on_done(name, pickle.loads(future.result()))
        return error

    for future in as_completed(futures):
        error = ended(future)
        if isinstance(error, CancelledError):
            return {name: _Death(1, "the connection to the scheduler was lost") for name in waiting}
        if isinstance(error, _Death):
            died[futures[future]] = error
        if error is not None and (not isinstance(error, _Death) or error.times >= attempts):
            for other in filter(Future.done, futures):
                ended(other)
            if isinstance(error, _Death):
                break
            raise error
    return died


def _given_up(names: list[str], deaths: Counter[str], died: Mapping[str, _Death]) -> str:
    shown = [f"{name} (deaths: {deaths[name]}; last: {died[name].how})" for name in names[:_NAMED_AT_MOST]]
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
    """Processes of this computer, each with a thread that waits for it: the death of one leaves the others at work."""

    def __init__(self, processes: int, attempts: int) -> None:
        self._attempts = attempts
        self._workers = [_Worker() for _ in range(processes)]
        self._idle = deque(self._workers)
        self._threads = ThreadPoolExecutor(processes)
        resource_tracker.ensure_running()  # which would let Ctrl-C through to a worker that starts in the meantime

    def submit(self, function: Callable[[Any], Any], task: Any) -> Future[bytes]:
        return self._threads.submit(self._do, function, task)

    def _do(self, function: Callable[[Any], Any], task: Any) -> bytes:
        worker = self._idle.popleft()
        try:
            return worker.do(pickle.dumps((function, task)), self._attempts)
        except BaseException:
            self._threads.shutdown(wait=False, cancel_futures=True)  # what has not begun by now ends unbegun
            raise
        finally:
            self._idle.append(worker)

    def close(self, *, abandon: bool) -> None:
        for worker in self._workers if abandon else ():
            worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.end()


class _Worker:
    """A process and the connection to it, started when it gets its first task, and again where it died."""

    _starting = threading.Lock()
    """Held while the environment is that of a worker."""

    def __init__(self) -> None:
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._killed = False

    def do(self, payload: bytes, attempts: int) -> bytes:
        """Have one task done; :class:`_Death` where it was begun too often."""
        for attempt in range(1, attempts + 1):
            try:
                connection = self._started()
                connection.send_bytes(payload)
                answer, error, trace = pickle.loads(connection.recv_bytes())
            except (EOFError, OSError):
                code = self.end()
                if code == _UNGUARDED:
                    raise BayesScalingError(
                        "each worker ran the calling script from its beginning; put what the script does under "
                        '`if __name__ == "__main__":`'
                    ) from None
                if attempt == attempts or self._killed:
                    raise _Death(attempt, _ending(code)) from None
                continue
            if error is not None:
                raise error from RuntimeError(f"in a worker:\n{trace}")
            return bytes(answer)
        raise AssertionError("attempts are at least 1")

    def _started(self) -> Connection:
        """The connection to a process that lives, which may have to be started."""
        if self._process is not None and not self._process.is_alive():  # it died while it had nothing to do
            self.end()
        if self._connection is None:
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            with self._starting, _as_worker():
                if self._killed:
                    raise EOFError
                self._process = context.Process(target=_work, args=(theirs,))
                self._process.start()
            theirs.close()  # with the worker's end the only one open, its death is noticed
            self._connection = ours
        return self._connection

    def kill(self) -> None:
        with self._starting:
            self._killed = True
            if self._process is not None:
                self._process.kill()

    def end(self) -> int | None:
        """Wait for the process's end; its exit code, negative for a signal."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.join()
        code = None if self._process is None else self._process.exitcode
        self._process = self._connection = None
        return code


def _work(connection: Connection) -> None:
    """Do tasks in a worker, which leaves Ctrl-C to its parent and ends with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError):
        while True:
            payload = connection.recv_bytes()
            reply: tuple[bytes, Exception | None, str]
            try:
                reply = (_answer(payload), None, "")
            except Exception as error:
                reply = (b"", error, traceback.format_exc())
            connection.send_bytes(pickle.dumps(reply))


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

    def submit(self, function: Callable[[Any], Any], task: Any) -> Future[bytes]:
        payload = pickle.dumps((function, task))
        try:
            future: Future[bytes] = self._executor.submit(_answer_in_dask, payload)
        except Exception:
            if self._client.status == "running":
                raise
            future = Future()  # as those that were submitted before the connection was lost
            future.set_exception(CancelledError())
        return future

    def error_of(self, future: Future[bytes]) -> BaseException | None:
        error = super().error_of(future)
        if isinstance(error, self._killed_worker):
            return _Death(error.allowed_failures + 1, f"on {error.last_worker.address}")  # type: ignore[attr-defined]
        return error

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
