"""Linear algebra on one thread."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

_controller = cache(ThreadpoolController)  # looks for libraries once


def one_thread() -> AbstractContextManager[Any]:
    """Context in which BLAS uses one thread.

    The matrices here have at most 36 columns. Several threads gain nothing on them, and wait for each other when the
    machine is busy: with three estimates at once on two cores, 96 seconds instead of 9.
    """
    context: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return context
