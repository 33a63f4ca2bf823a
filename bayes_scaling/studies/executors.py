"""Many independent tasks at once, by dask.distributed: in processes of this computer, or on a running cluster."""

import asyncio
import multiprocessing
import os
import pickle
import re
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from bayes_scaling.errors import BayesScalingError

ATTEMPTS = 3
"""How often a task is begun on this computer if the processes that work on it die; a dask scheduler has its own."""

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""As many workers as processors: more threads would only wait for each other."""
_CONFIG = {
    "distributed.nanny.pre-spawn-environ": _ONE_THREAD,
    "distributed.scheduler.allowed-failures": ATTEMPTS - 1,  # so often a lost task is tried again
    "distributed.scheduler.worker-saturation": 1.0,  # else a worker's death also counts against tasks that waited in it
    "distributed.scheduler.worker-ttl": None,  # a fit may keep its worker from answering for minutes
    "distributed.scheduler.no-workers-timeout": "10 minutes",
    "distributed.deploy.lost-worker-timeout": "10 minutes",  # workers that start again import PyMC on a busy computer
    "distributed.admin.large-graph-warning-threshold": "1 TB",  # tasks hold their tables
}
_UNGUARDED = "BAYES_SCALING_UNGUARDED"
"""Variable of workers that are starting: a file, which one that runs the user's script makes, to tell why it died."""
_STARTING = threading.Lock()
"""Held while the environment is that of workers."""
_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 7
_KILL_SECONDS = 0.5
_SILENT = 100  # above the levels of all that is logged


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
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # a worker that imports the calling script
        Path(os.environ[_UNGUARDED]).touch()
        os._exit(1)
    if workers is not None and workers < 1:
        raise BayesScalingError(f"workers is {workers}; it has to be 1 or more")
    if workers is not None and scheduler is not None:
        raise BayesScalingError(
            "workers counts processes of this computer, and a scheduler has its own; leave out one of the two"
        )
    if not tasks:
        return
    import dask
    from dask.system import CPU_COUNT
    from distributed import as_completed
    from distributed.scheduler import KilledWorker
    from distributed.utils import silence_logging_cmgr

    room = min(workers or CPU_COUNT, len(tasks)) if scheduler is None else len(tasks)
    engine = _processes(room) if scheduler is None else _cluster(scheduler)
    waiting = ((name, pickle.dumps((function, task))) for name, task in tasks.items())
    with silence_logging_cmgr(_SILENT), dask.config.set(_CONFIG), engine as client:
        names = {client.submit(_answer, payload, pure=False): name for name, payload in islice(waiting, room)}
        completed = as_completed(list(names), loop=client.loop)
        for future in completed:
            failed = future.status == "error"
            for name, payload in islice(waiting, 0 if failed else 1):
                names[begun := client.submit(_answer, payload, pure=False)] = name
                completed.add(begun)
            for ended in [one for one in names if one.status == "finished"] if failed else [future]:
                try:
                    answer = ended.result()
                except (OSError, CancelledError):
                    raise _unreachable(str(scheduler), "the connection was lost") from None
                on_done(names.pop(ended), pickle.loads(answer))
            error = future.exception() if failed else None
            if isinstance(error, KilledWorker):
                how = error if scheduler else f"deaths: {ATTEMPTS}; last: {_last_death(client.cluster)}"
                raise BayesScalingError(
                    f"given up, because the workers died: {names[future]} ({how}); where memory ran out, run fewer at "
                    "once; the same command then goes on with what is not finished"
                )
            if error is not None:
                raise error


def _answer(payload: bytes) -> bytes:
    """Do one task, in a worker; whatever travels is pickled here, so that errors arrive as what they are."""
    import dask

    function, task = pickle.loads(payload)
    try:
        with dask.config.set(scheduler="synchronous"):  # or xarray asks the scheduler for locks on the task's files
            return pickle.dumps(function(task), protocol=pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        if isinstance(error, Exception) and _travels(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def _travels(error: Exception) -> bool:
    with suppress(Exception):  # its class may ask for more arguments than it keeps
        return type(pickle.loads(pickle.dumps(error))) is type(error)
    return False


@contextmanager
def _processes(count: int) -> Iterator[Any]:
    """A client of processes of this computer, which end with it, however it ends."""
    import dask
    from distributed import Client, LocalCluster

    shown = dask.config.get("bayes-scaling.dashboard", None)
    http = {"dashboard": shown is not None, "dashboard_address": shown or "127.0.0.1:0"}
    options = {"threads_per_worker": 1, "memory_limit": 0, "silence_logs": _SILENT, "scheduler_kwargs": http}

    def start() -> LocalCluster:
        for _ in range(ATTEMPTS):
            try:
                cluster = LocalCluster(n_workers=count, **options)
                stack.callback(_close, cluster, None)
                return cluster
            except RuntimeError as error:
                died = error
            if unguarded.exists():
                raise BayesScalingError(
                    "each worker ran the calling script from its beginning; put what the script does under "
                    '`if __name__ == "__main__":`'
                )
        raise BayesScalingError(f"given up, because the workers died while they started: {died}; run fewer at once")

    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        unguarded = Path(scratch, "unguarded")
        stack.enter_context(dask.config.set({"temporary-directory": scratch}))
        thread = stack.enter_context(ThreadPoolExecutor(1))  # since Ctrl-C here would leave half a cluster
        thread.submit(_leave_ctrl_c).result()
        with _STARTING:
            stack.enter_context(_environment())
            with _environment(**_ONE_THREAD, **{_UNGUARDED: str(unguarded)}):
                cluster = thread.submit(start).result()

        async def end_at_once() -> None:
            closing = (worker.close(timeout=_KILL_SECONDS) for worker in cluster.workers.values())
            await asyncio.gather(*closing, return_exceptions=True)  # on a busy computer a killed one takes longer

        client = Client(cluster, set_as_default=False)
        stack.callback(_close, client)
        try:
            yield client
        except BaseException:
            cluster.sync(end_at_once)
            raise


def _leave_ctrl_c() -> None:
    """Keep Ctrl-C from this thread, and from all threads and processes that it starts."""
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # lets it through again where it starts
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """What a process inherits that starts in this context; what dask sets for those that it starts again goes too."""
    before = {name: os.environ.get(name) for name in (*_ONE_THREAD, _UNGUARDED, "PYTHONHASHSEED", "__DASK_PARENT_PID")}
    try:
        os.environ.update(variables)
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({} if value is None else {name: value})


def _last_death(cluster: Any) -> str:
    """How the worker that died last did; dask tells its log alone."""
    said = " ".join(line for _, line in reversed(cluster.workers[0].get_logs()))
    for kind, number in reversed(re.findall(r"Worker process \d+ [a-z ]+ (signal|status) (\d+)", said)):
        return signal.Signals(int(number)).name if kind == "signal" else f"exit code {number}"
    return "not known"


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    """A client of a scheduler that runs already."""
    import distributed

    async def ask() -> dict[str, Any]:
        arguments = distributed.Security().get_connection_args("client")
        async with distributed.rpc(address, timeout=_CONNECT_SECONDS, connection_args=arguments) as scheduler:
            found: dict[str, Any] = await scheduler.identity()
        return found

    try:
        with ThreadPoolExecutor(1) as thread:  # the caller's may have an event loop
            found = thread.submit(asyncio.run, asyncio.wait_for(ask(), _ANSWER_SECONDS)).result()
        if found.get("type") != "Scheduler":
            raise ValueError(f"it is the address of a {str(found.get('type')).lower()}")
        client = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except Exception as error:
        raise _unreachable(address, str(error) or "no answer") from None
    if not found.get("n_workers"):
        warnings.warn(
            f"the dask scheduler at {address} has no workers yet; waiting for some: dask worker {address}", stacklevel=4
        )
    try:
        yield client
    finally:
        _close(client)  # the scheduler then drops the client's tasks


def _close(one: Any, timeout: float | None = _CONNECT_SECONDS) -> None:
    """End a client or cluster; where the computer is too busy to say so in time, no answer is lost for that."""
    with suppress(OSError):  # of which TimeoutError is one
        one.close(timeout=timeout)


def _unreachable(address: str, reason: str) -> BayesScalingError:
    return BayesScalingError(
        f"the dask scheduler at {address!r} can't be reached ({reason}); start one with `dask scheduler`, "
        "give the address that it prints, such as tcp://192.168.0.1:8786, or leave it out to use this computer; "
        "the same command then goes on with what is not finished"
    )
