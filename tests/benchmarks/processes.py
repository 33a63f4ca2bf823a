"""Programs in processes of their own: what they say, the seconds they take, their largest memory, a limit of time."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_UNITS_PER_MIB = 2**20 if sys.platform == "darwin" else 2**10
"""Of ru_maxrss: bytes on macOS, KiB elsewhere."""


@dataclass(frozen=True)
class Ended:
    """How a program ended; ``code`` is None where it was stopped at its limit.

    Seconds of a processor are those of its process and of all below it that it waited for. The peak of memory is that
    of the largest of them, not their sum. Of a program that was stopped both leave out the processes below it.
    """

    code: int | None
    said: str
    errors: str
    wall: float
    processor: float
    peak_mib: float


def run(command: Sequence[str], *, limit: float | None = None, environment: Mapping[str, str] | None = None) -> Ended:
    """Run a program to its end, or until so many seconds have passed.

    The process that calls this should itself be small: on Linux a process counts towards its peak what its parent held
    when it was started.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said, tempfile.TemporaryFile("w+", encoding="utf-8") as bad:
        start = time.perf_counter()
        # A session of its own, so that a program is stopped together with its workers, and nothing else.
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=bad, start_new_session=True
        )
        stopped = False
        try:
            while True:
                found, status, usage = os.wait4(process.pid, os.WNOHANG)
                if found:
                    break
                if limit is not None and not stopped and time.perf_counter() - start > limit:
                    os.killpg(process.pid, signal.SIGKILL)
                    stopped = True
                time.sleep(0.02)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for already, and Popen should know
        said.seek(0)
        bad.seek(0)
        return Ended(
            code=None if stopped else process.returncode,
            said=said.read(),
            errors=bad.read(),
            wall=wall,
            processor=usage.ru_utime + usage.ru_stime,
            peak_mib=usage.ru_maxrss / _UNITS_PER_MIB,
        )
