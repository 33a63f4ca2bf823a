"""Many independent tasks at once: in processes of this computer, or on a dask.distributed cluster."""

import asyncio
import logging
import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bayes_scaling.errors import BayesScalingError

ATTEMPTS = 3
"""How often a task is begun on this computer if the processes that work on it die; a dask scheduler has its own."""

_STARTING = "BAYES_SCALING_WORKER"
"""Set in the environment of a process that starts: the file it makes if it runs the user's script instead."""

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""As many workers as processors: more threads would only wait for each other."""

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 7

type _Submit = Callable[[Callable[[Any], Any], Any], Future[bytes]]


def run_tasks(
    function: Callable[[Any], Any],
    tasks: Mapping[str, Any],
    *,
    on_done: Callable[[str, Any], None],
    workers: int | None = None,
    scheduler: str | None = None,
) -> None:
    """Run ``function(task)`` for every task, in the order given as far as there is room.

    A worker that dies costs no more than the task that it was working on, and that is done again; tasks that still run
    when one fails are given up. A script that calls this has to do so under ``if __name__ == "__main__":``, because
    each local worker imports it. ``workers``: processes on this computer, as many as it has processors if not given;
    ``scheduler``: address of a running dask scheduler, such as ``tcp://192.168.0.1:8786``, whose workers do the tasks
    instead.
    """
    if _STARTING in os.environ:  # a worker that imports the calling script
        Path(os.environ[_STARTING]).touch()
        os._exit(1)
    if workers is not None and workers < 1:
        raise BayesScalingError(f"workers is {workers}; it has to be 1 or more")
    if workers is not None and scheduler is not None:
        raise BayesScalingError(
            "workers counts processes of this computer, and a scheduler has its own; leave out one of the two"
        )
    if not tasks:
        return
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    engine = _processes(min(workers or processors, len(tasks))) if scheduler is None else _cluster(scheduler)
    with engine as (submit, death):
        names = {submit(function, task): name for name, task in tasks.items()}
        for future in as_completed(list(names)):
            if future.cancelled():
                raise _unreachable(str(scheduler), "the connection was lost")
            error = future.exception()
            ended = [future] if error is None else [each for each in names if each.done() and not each.cancelled()]
            for each in ended:
                if each.exception() is None:
                    on_done(names.pop(each), pickle.loads(each.result()))
            if isinstance(error, death):
                raise BayesScalingError(
                    f"given up, because the workers died: {names[future]} ({error}); where memory ran out, run fewer "
                    "at once; the same command then goes on with what is not finished"
                ) from None
            if error is not None:
                raise error


def _answer(payload: bytes) -> bytes:
    """Do one task, in a worker; whatever travels is pickled here, so that all kinds of workers do it alike."""
    function, task = pickle.loads(payload)
    try:
        return pickle.dumps(function(task), protocol=pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        if isinstance(error, Exception) and _travels(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def _travels(error: Exception) -> bool:
    with suppress(Exception):  # its class may ask for more arguments than it keeps
        return type(pickle.loads(pickle.dumps(error))) is type(error)
    return False


# ------------------------------------------------------------------------------------------------------- this computer


@contextmanager
def _processes(count: int) -> Iterator[tuple[_Submit, type[Exception]]]:
    """Processes of this computer, each in a pool of its own: the death of one leaves the others at work."""
    threads = ThreadPoolExecutor(count)
    with tempfile.TemporaryDirectory() as scratch:
        workers = [_Worker(Path(scratch) / str(number)) for number in range(count)]
        idle = deque(workers)

        def do(function: Callable[[Any], Any], task: Any) -> bytes:
            worker = idle.popleft()
            try:
                return worker.do(pickle.dumps((function, task)))
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)  # what has not begun by now ends unbegun
                raise
            finally:
                idle.append(worker)

        try:
            yield lambda function, task: threads.submit(do, function, task), BrokenProcessPool
        except BaseException:
            for worker in workers:
                worker.kill()
            raise
        finally:
            threads.shutdown(cancel_futures=True)
            for worker in workers:
                worker.end()


class _Worker:
    """A process, started when it gets its first task, and again where it died."""

    _starting = threading.Lock()
    """Held while the environment is that of a worker."""

    def __init__(self, scratch: Path) -> None:
        self._answer, self._unguarded = scratch.with_suffix(".answer"), scratch.with_suffix(".unguarded")
        self._pool: ProcessPoolExecutor | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._killed = False

    def do(self, payload: bytes) -> bytes:
        """Have one task done; BrokenProcessPool where it was begun too often."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                # By a file: half an answer in a pipe would be waited for forever.
                self._started().submit(_answer_in_file, self._answer, payload).result()
                return self._answer.read_bytes()
            except BrokenProcessPool:
                how = self.end()
                if self._unguarded.exists():
                    raise BayesScalingError(
                        "each worker ran the calling script from its beginning; put what the script does under "
                        '`if __name__ == "__main__":`'
                    ) from None
                if attempt == ATTEMPTS or self._killed:
                    raise BrokenProcessPool(f"deaths: {attempt}; last: {how}") from None
        raise AssertionError("attempts are at least 1")

    def _started(self) -> ProcessPoolExecutor:
        """A pool of one process, which may have to be started."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_begin)
            with self._starting, _environment(_ONE_THREAD | {_STARTING: str(self._unguarded)}):
                found = self._pool.submit(os.getpid)
            pid = found.result()
            with self._starting:
                self._process = next((each for each in multiprocessing.active_children() if each.pid == pid), None)
            if self._killed:
                self.kill()
        return self._pool

    def kill(self) -> None:
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def end(self) -> str:
        """Wait for the process's end, and say how it was."""
        if self._pool is not None:
            self._pool.shutdown()
        code = None if self._process is None else self._process.exitcode
        self._pool = self._process = None
        return signal.Signals(-code).name if code is not None and -code in set(signal.Signals) else f"exit code {code}"


def _answer_in_file(path: Path, payload: bytes) -> None:
    path.write_bytes(_answer(payload))


def _begin() -> None:
    """Make a worker leave Ctrl-C to its parent and end with it, however it ends."""
    del os.environ[_STARTING]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """What a process started in this context inherits: its environment, and that Ctrl-C is not for it."""
    before = {name: os.environ.get(name) for name in variables}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if hasattr(signal, "pthread_sigmask") else None
    try:
        os.environ.update(variables)
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


# ---------------------------------------------------------------------------------------------------------------- dask


@contextmanager
def _cluster(address: str) -> Iterator[tuple[_Submit, type[Exception]]]:
    """The workers of a dask scheduler, which sees to it itself that a dead worker's tasks go to another."""
    try:
        import distributed
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise BayesScalingError(
            f"a dask scheduler needs more packages ({error}): pip install 'bayes-scaling[distributed]'"
        ) from None

    async def ask() -> dict[str, Any]:
        arguments = distributed.Security().get_connection_args("client")
        async with distributed.rpc(address, timeout=_CONNECT_SECONDS, connection_args=arguments) as scheduler:
            found: dict[str, Any] = await scheduler.identity()
        return found

    with _silence("distributed", "tornado"):
        try:
            with ThreadPoolExecutor(1) as thread:  # the caller's may have an event loop
                found = thread.submit(lambda: asyncio.run(asyncio.wait_for(ask(), _ANSWER_SECONDS))).result()
            if found.get("type") != "Scheduler":
                raise ValueError(f"it is the address of a {str(found.get('type')).lower()}")
            client = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except Exception as error:
            raise _unreachable(address, str(error) or "no answer") from None
        if not found.get("n_workers"):
            warnings.warn(
                f"the dask scheduler at {address} has no workers yet; waiting for some: dask worker {address}",
                stacklevel=4,
            )
        executor = client.get_executor(pure=False)
        try:
            yield lambda function, task: executor.submit(_answer_in_dask, pickle.dumps((function, task))), KilledWorker
        finally:
            with suppress(TimeoutError, OSError):
                client.close(timeout=_CONNECT_SECONDS)  # the scheduler then drops the client's tasks


def _answer_in_dask(payload: bytes) -> bytes:
    """Do one task in a dask worker, where xarray would otherwise ask the scheduler for locks on the task's files."""
    import dask

    with dask.config.set(scheduler="synchronous"):
        return _answer(payload)


def _unreachable(address: str, reason: str) -> BayesScalingError:
    return BayesScalingError(
        f"the dask scheduler at {address!r} can't be reached ({reason}); start one with `dask scheduler`, "
        "give the address that it prints, such as tcp://192.168.0.1:8786, or leave it out to use this computer; "
        "the same command then goes on with what is not finished"
    )


@contextmanager
def _silence(*names: str) -> Iterator[None]:
    """Silence loggers, and those below them, that speak of what is reported here as an error."""
    loggers = {
        logger: logger.level
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger) and name.split(".")[0] in names
    }
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in loggers.items():
            logger.setLevel(level)
