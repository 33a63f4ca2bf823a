"""A matplotlib figure that a notebook shows by itself, its ticks, densities and large counts in words."""

import io
from collections.abc import Callable
from typing import Any

import arviz as az
import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from bayes_scaling.quantities.laws import Floats

_PIXELS_PER_INCH = 72
"""Of the screen: a figure of 11 inches is as wide as a notebook's column."""


class Drawing(Figure):
    """A figure made without pyplot, which shows as a picture where a notebook's cell ends with it.

    IPython knows how to show figures only once pyplot is loaded; where it is, that takes precedence.

    >>> drawing = Drawing(figsize=(2, 1))
    >>> picture, size = drawing._repr_png_()
    >>> picture[1:4], size
    (b'PNG', {'width': 144, 'height': 72})
    """

    def add_subplot(self, *args: Any, **keywords: Any) -> Any:
        """Axes without a frame at the top and on the right."""
        axes = super().add_subplot(*args, **keywords)
        axes.spines[["top", "right"]].set_visible(False)
        return axes

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        file = io.BytesIO()
        self.savefig(file, format="png")
        width, height = (round(inches * _PIXELS_PER_INCH) for inches in self.get_size_inches())
        return file.getvalue(), {"width": width, "height": height}


_FEWEST = 3


def plain_log_ticks(axis: Axis, *, write: Callable[[float], str] | None = None, most: int = 7) -> None:
    """Plain numbers at 1, 2 and 5 times powers of ten, or at ``most`` round steps if few; limits have to be final."""
    low, high = axis.get_view_interval()
    ticks = [tick for tick in LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(low, high) if low <= tick <= high]
    if len(ticks) < _FEWEST:
        ticks = [tick for tick in MaxNLocator(most).tick_values(low, high) if low <= tick <= high]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)) if write else ScalarFormatter())
    axis.set_minor_formatter(NullFormatter())


_SAME = 1e-9
"""Draws that differ by less than this, relative to their size, are one number: a density has no width to be drawn."""


def density_of(draws: Floats) -> tuple[Floats, Floats] | None:
    """Points and the kernel estimate of the density there, or None where all draws are the same but for rounding.

    ``draws``: Finite, shape ``(draws,)``.

    >>> density_of(np.full(100, 1.8)), density_of(1.8 + 1e-16 * np.arange(100))
    (None, None)
    >>> points, density = density_of(np.linspace(0, 1, 1000))
    >>> bool(abs(density[points.searchsorted(0.5)] - 1) < 0.05)
    True
    """
    if np.ptp(draws) <= _SAME * np.abs(draws).max():
        return None
    points, density, _ = az.kde(draws, circular=False, bw="scott")
    return np.asarray(points), np.asarray(density)


_LONGEST = 40


def shortened(label: str) -> str:
    """A label that a picture has room for.

    >>> shortened("level[wt103]"), shortened(100 * "x")[-5:]
    ('level[wt103]', 'xx...')
    """
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 3]}..."


_SIZES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def amount(value: float) -> str:
    """A large count in words, to three digits.

    >>> amount(9.6e9), amount(1.74e11), amount(70_000_000), amount(51_234.0), amount(3e15)
    ('9.6 billion', '174 billion', '70 million', '51,200', '3e+15')
    """
    for size, name in _SIZES:
        if size <= value < 1000 * size:
            return f"{value / size:.3g} {name}"
    return f"{float(f'{value:.3g}'):,.0f}" if 100 <= value < 1e6 else f"{value:.3g}"
