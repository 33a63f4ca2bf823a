"""One line that says how far sampling has got."""

import shutil
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, Self

_SECONDS_BETWEEN_LINES = 0.2


class Progress:
    """Count the draws of chains, so that others can wait for them; if ``shown``, on one line of standard error."""

    def __init__(self, shown: bool) -> None:
        self.shown = shown and sys.stderr is not None
        self.note = ""
        self._draws: tuple[int, ...] = ()
        self._changed = threading.Condition()
        self._began = time.perf_counter()
        self._written = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.shown:
            self._write("")

    def started(self) -> None:
        """Forget the chains of an earlier attempt."""
        self._draws = ()

    def update(self, chains: Sequence[Any]) -> None:
        """Called by nutpie, on a thread of its own."""
        with self._changed:
            self._draws = tuple(chain.finished_draws for chain in chains)
            self._changed.notify_all()
        now = time.perf_counter()
        if self.shown and now - self._written > _SECONDS_BETWEEN_LINES:
            self._written = now
            self._write(self.line(chains))

    def line(self, chains: Sequence[Any]) -> str:
        """How far the chains are, in words."""
        adapting = sum(chain.tuning for chain in chains)
        divergences = sum(chain.divergences for chain in chains)
        stage = f"{adapting} of {len(chains)} chains adapting" if adapting else f"{len(chains)} chains"
        words = [f"sampling: {stage}", f"{sum(self._draws):,} iterations", f"{time.perf_counter() - self._began:.0f} s"]
        if divergences:
            words.insert(2, f"{divergences} divergent")
        return ", ".join(words) + self.note

    def reached(self, draws: int, seconds: float) -> bool:
        """Whether every chain has made so many draws, adaptation included, after waiting for some seconds at most."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._draws) and min(self._draws) >= draws, seconds)

    @staticmethod
    def _write(line: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r{line[:width]:<{width}}\r{line[:width]}")
        sys.stderr.flush()
