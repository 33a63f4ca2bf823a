"""A dask cluster of three worker processes on this machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from studies.waiting import TESTS, until


def dask(part: str, *arguments: str, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{part}", "--no-dashboard", *arguments],
            env=os.environ | TESTS | environment,
            stdout=file,
            stderr=file,
        )


@pytest.fixture
def cluster(tmp_path) -> Iterator[tuple[str, dict[str, subprocess.Popen[bytes]]]]:
    """Address of a scheduler, which gives a task up after two deaths, and its processes."""
    log = tmp_path / "dask.log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    here = ("--local-directory", str(tmp_path), "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1")
    processes = {
        "scheduler": dask(
            "scheduler",
            *("--host", "127.0.0.1", "--port", str(port)),
            log=log,
            DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1",
        ),
        "one": dask("worker", address, *here, log=log),
        "two": dask("worker", address, *here, log=log),
        "three": dask("worker", address, *here, log=log),
    }
    try:
        until(lambda: log.read_text(encoding="utf-8").count("Register worker") >= 3, 60)
        yield address, processes
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
