"""A dask cluster of worker processes on this machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from studies.waiting import TESTS, until

type Cluster = tuple[str, dict[str, subprocess.Popen[bytes]]]
LOG = "dask.log"
UNWATCHED = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
"""Workers look a hundred times a second at what they are doing, else."""


def dask(part: str, *arguments: str, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{part}", "--no-dashboard", *arguments],
            env=os.environ | TESTS | UNWATCHED | environment,
            stdout=file,
            stderr=file,
        )


@contextmanager
def running_cluster(directory: Path, *workers: str) -> Iterator[Cluster]:
    """Address of a scheduler, which gives a task up after two deaths, and its processes; each takes a second to start.

    What they print is in ``LOG``.
    """
    log = directory / LOG
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    here = ("--local-directory", str(directory), "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1")
    processes = {
        "scheduler": dask(
            "scheduler",
            *("--host", "127.0.0.1", "--port", str(port)),
            log=log,
            DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1",
        ),
        **{name: dask("worker", address, *here, log=log) for name in workers},
    }
    try:
        until(lambda: log.read_text(encoding="utf-8").count("Register worker") >= len(workers), 60)
        yield address, processes
    finally:
        for process in processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    """For a test that ends one worker."""
    with running_cluster(tmp_path, "one", "two") as running:
        yield running
