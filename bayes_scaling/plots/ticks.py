"""Ticks of logarithmic axes that span less than a decade or two, where powers of ten are too few."""

from collections.abc import Callable

from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

_FEWEST = 3


def plain_log_ticks(axis: Axis, *, write: Callable[[float], str] | None = None, most: int = 7) -> None:
    """Plain numbers on a logarithmic axis at 1, 2 and 5 times powers of ten, or at round steps if these are few.

    Call it once the limits of the axis are final. ``write`` turns a tick into its label; ``most`` is of
    round steps.
    """
    low, high = axis.get_view_interval()
    ticks = [tick for tick in LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(low, high) if low <= tick <= high]
    if len(ticks) < _FEWEST:
        ticks = [tick for tick in MaxNLocator(most).tick_values(low, high) if low <= tick <= high]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)) if write else ScalarFormatter())
    axis.set_minor_formatter(NullFormatter())
