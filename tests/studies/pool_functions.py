"""What the tests have workers do; here, because workers import it by name."""

import fcntl
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np

from bayes_scaling.errors import EvaluationsError


class Awkward(Exception):
    """Can be pickled but not made again."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def square(number: int) -> int:
    return number**2


def draws(seed: int) -> np.ndarray:
    time.sleep(0.1)
    return np.random.default_rng(seed).normal(size=1000)


def environment(name: str) -> str | None:
    return os.environ.get(name)


def ignores_ctrl_c(marker: Path | None) -> bool:
    """Once another process has died, if there is a marker."""
    die_once(marker)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.5)  # in which the process would end
    return True


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(marker: Path | None) -> str:
    """Die unless the marker is there; a task without one survives."""
    if marker is not None and not marker.exists():
        marker.touch()
        die()
    return "survived"


def die_if(dies: bool) -> str:
    time.sleep(0 if dies else 0.2)
    if dies:
        die()
    return "survived"


def die_later(marker: Path) -> str:
    """Die after the answer, while there is nothing to do."""
    if not marker.exists():
        marker.touch()
        threading.Timer(0.2, die).start()
    return "survived"


class Deadly:
    """Kills the worker that makes it a part of an answer, once."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        if not self.marker.exists():
            self.marker.touch()
            die()
        return str, ("survived",)


def die_in_answer(marker: Path) -> tuple[str, Deadly]:
    """Die when half of the answer is written."""
    return "x" * 100_000, Deadly(marker)


def refuse(kind: str) -> str:
    if kind == "own":
        raise EvaluationsError("no such column")
    if kind == "other":
        raise ZeroDivisionError("of zero")
    if kind == "awkward":
        raise Awkward("one", "two")
    if kind == "exit":
        raise SystemExit(3)
    if kind == "slow":
        time.sleep(60)
    return kind


def unreadable(_: None) -> object:
    return lambda: None


def hold(path: Path) -> None:
    """Hold a lock, which the system takes away from whoever dies, for a minute."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        path.with_suffix(".held").touch()
        time.sleep(60)


def is_held(path: Path) -> bool:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
