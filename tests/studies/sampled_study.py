"""A study of cheap tasks for those who kill it; as a script, it is begun anew by each of several processes to kill."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import distributed  # noqa: F401  (which all processes then have)
import numpy as np
import pandas as pd

from bayes_scaling.studies.study import Study

COUNT = 8
KILLED_AFTER = (0, 1, 2, 4, 6)
"""Records that are there when a process is killed; 0: while its workers start."""


@dataclass(frozen=True)
class Sample:
    seed: int

    @property
    def file(self) -> str:
        return f"sample {self.seed}.json"


def work(task: Sample) -> bytes:
    time.sleep(0.1)
    draws = np.random.default_rng(task.seed).standard_t(3, size=1000)
    return json.dumps({"mean": draws.mean(), "sd": draws.std(), "largest": draws.max()}).encode()


def sampled(directory: Path, on_done: Callable[[Sample, bool], None] = lambda task, reused: None, **engine: Any):
    """The table of the study, by case."""
    tasks = {f"seed {seed}": Sample(seed) for seed in range(COUNT)}
    found = Study(directory, "records", work, json.loads).run(tasks, on_done=on_done, **engine)
    return pd.DataFrame.from_dict(found, orient="index")


def records(directory: Path) -> dict[str, int]:
    """When each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (directory / "records").glob("*.json")}


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    for count in KILLED_AFTER:
        child = os.fork()
        if child == 0:
            sampled(directory, workers=2)
            os._exit(0)
        time.sleep(0.5)
        while len(records(directory)) < count:
            time.sleep(0.01)
        os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{code} {len(records(directory))}\n")
