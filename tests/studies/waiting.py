"""Waiting for what happens in other processes."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROMPT = 10  # seconds, on a busy machine
TESTS = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
"""Environment in which other processes find the functions that tests send them, and the package that is tested."""


def until(condition: Callable[[], bool], seconds: float = PROMPT) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
