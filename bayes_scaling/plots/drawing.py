"""What every picture has: a figure that notebooks show by itself, its title and mark, ticks, densities and figures."""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import arviz as az
import matplotlib.patheffects as pe
import numpy as np
import pandas as pd
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from bayes_scaling.common.formatting import counted, months
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.units import noun_of
from bayes_scaling.plots.style import PAPER, WARNING
from bayes_scaling.plots.visuals import named
from bayes_scaling.quantities.laws import Floats, setting_of

_PIXELS_PER_INCH = 72  # on the screen: 11 inches are as wide as a notebook's column
NOT_CONVERGED = "NOT CONVERGED"
EDGE: list[pe.AbstractPathEffect] = [pe.withStroke(linewidth=2.5, foreground=PAPER)]
"""Around text that lies on lines, so that it can be read there."""


class Drawing(Figure):
    """A figure made without pyplot that notebooks show: IPython shows figures by itself only once pyplot is loaded."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**{"layout": "constrained", "dpi": 150, **keywords})

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


def panel(width: float, height: float) -> tuple[Figure, Axes]:
    """A drawing of these inches with one pair of axes."""
    figure = Drawing(figsize=(width, height))
    return figure, figure.subplots()


def finished(figure: Figure, title: str, found: Any) -> Figure:
    """Add the title, and mark the picture where what was found has not converged."""
    named(figure.suptitle(title, fontsize=11), "title")
    if not found.converged:
        big: dict[str, Any] = {"color": WARNING, "fontsize": 44, "alpha": 0.5, "rotation": 20}
        figure.text(0.5, 0.5, NOT_CONVERGED, ha="center", va="center", **big)
    return figure


def title_of(fit: Fit) -> str:
    """Specification, table and rows of a fit, for a picture's title."""
    about, setting = fit.evaluations, setting_of(fit)
    size = counted(about.rows, noun_of("evaluation", about.kind))
    return f"{fit.specification.name} on {about.name} ({size})" + (f", {setting}" if setting else "")


def bracketed(values: Iterable[float], write: Callable[[float], str] = months) -> str:
    """A point with its interval in print."""
    return "{} [{}, {}]".format(*map(write, values))


_LINEAR = 10.0


def wide(axis: Any, values: pd.Series | pd.DataFrame, ticks: Sequence[float]) -> None:
    """Make an axis logarithmic beyond 10 either way, where any value lies there."""
    if np.abs(values.to_numpy()).max() <= _LINEAR:
        return
    getattr(axis.axes, f"set_{axis.axis_name}scale")("symlog", linthresh=_LINEAR)
    low, high = axis.get_view_interval()
    axis.set_major_locator(ticker.FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_formatter(ticker.ScalarFormatter())


_FEWEST = 3


def plain_log_ticks(axis: Axis, *, write: Callable[[float], str] | None = None, most: int = 7) -> None:
    """Plain numbers at 1, 2 and 5 times powers of ten, or at ``most`` round steps if few; limits have to be final."""
    low, high = axis.get_view_interval()
    ticks = [tick for tick in ticker.LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(low, high) if low <= tick <= high]
    if len(ticks) < _FEWEST:
        ticks = [tick for tick in ticker.MaxNLocator(most).tick_values(low, high) if low <= tick <= high]
    axis.set_major_locator(ticker.FixedLocator(ticks))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: write(value)) if write else ticker.ScalarFormatter())
    axis.set_minor_formatter(ticker.NullFormatter())


_SAME = 1e-9  # relative difference below which draws are one number


def density_of(draws: Floats) -> tuple[Floats, Floats] | None:
    """Points and the kernel density of finite draws there; None where all draws are the same but for rounding."""
    if np.ptp(draws) <= _SAME * np.abs(draws).max():
        return None
    points, density, _ = az.kde(draws, circular=False, bw="scott")
    return np.asarray(points), np.asarray(density)


_LONGEST = 40


def shortened(label: str) -> str:
    """A label that a picture has room for."""
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 3]}..."


_SIZES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def amount(value: float) -> str:
    """A large count in words, to three digits: 9.6 billion, 51,200, 3e+15."""
    for size, name in _SIZES:
        if size <= value < 1000 * size:
            return f"{value / size:.3g} {name}"
    return f"{float(f'{value:.3g}'):,.0f}" if 100 <= value < 1e6 else f"{value:.3g}"
