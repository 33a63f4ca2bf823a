"""Prior against posterior of each quantity, and the ridge between the two rates."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.drawing import EDGE, Drawing, finished, shortened, title_of
from bayes_scaling.plots.progress import AFTER, BEFORE, draw_rates
from bayes_scaling.plots.style import FAINT, POSTERIOR, PRIOR, PUBLISHED, REFERENCE
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, named, takes_visuals
from bayes_scaling.quantities.identification import Ridge, identification
from bayes_scaling.quantities.influence import is_positive
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY, MONTHS_PER_YEAR

_OF_RIDGE = ("draws", "equal_doubling", "best_known", "reference", "legend", "title")
_VISUALS = ("prior", "posterior", "interval", "figures", *_OF_RIDGE)
_ISO_MONTHS = (4, 6, 9, 12, 18, 36)
_MARKS = {"by the data": "decided by the data", "shared": "shared", "by the prior": "decided by the prior"}


@takes_visuals(*_VISUALS)
def plot_identification(
    fit: Fit, *, ridge: bool = True, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    """Draw what the data decided and what the prior did.

    Parameters
    ----------
    fit
        A posterior with its log prior and log likelihood. One that has not converged is marked across the picture.
    ridge
        Whether to draw the two rates beside the intervals, where the specification has both.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        Left: 95% equal-tailed intervals of each quantity under the prior (grey) and the posterior, on the scale of the
        prior: its interval runs from 0 to 1 (on the logarithm for exponents and ``level``); with contraction and
        verdict beside. Right, where the specification has both rates: draws of ``(g_N, g_D)`` in log units per year,
        lines of equal doubling time of effective compute, and the line on which the best-known mix is its median.

    Raises
    ------
    BayesScalingError
        If the fit lacks its log prior or log likelihood.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_identification(bs.load_fit("runs/reference-ho2024")).savefig("ridge.png")  # doctest: +SKIP
    """
    found = identification(fit)
    height = max(4.6, 1.6 + 0.3 * len(found.table))
    beside = found.ridge if ridge else None
    columns = 1 if beside is None else 2
    figure = Drawing(figsize=(7.4 if columns == 1 else 12.5, height))
    axes = figure.subplots(1, columns, squeeze=False, width_ratios=[1.25, 1][:columns])[0]
    _draw_intervals(axes[0], found.table)
    if beside is not None:
        _draw_ridge(axes[1], fit, beside)
    return finished(figure, f"Decided by the data, or put in as a prior?\n{title_of(fit)}", fit.diagnostics)


def _draw_intervals(axes: Axes, table: pd.DataFrame) -> None:
    """Each posterior's interval where its prior's runs from 0 to 1; nothing of quantities whose prior has no width."""
    places = np.arange(len(table))[::-1]
    for place, (name, row) in zip(places, table.iterrows(), strict=True):
        scale = np.log if is_positive(str(name).partition("[")[0]) else np.asarray
        low, high = (float(scale(row[f"prior_{end}"])) for end in ("lower", "upper"))
        ends = [(float(scale(row[end])) - low) / (high - low) for end in ("lower", "median", "upper")]
        before, after = (words * (not axes.lines) for words in (BEFORE, AFTER))
        if np.isfinite(ends).all():
            bar: dict[str, Any] = {"color": PRIOR, "lw": 7, "alpha": 0.45, "solid_capstyle": "butt"}
            named(axes.plot([0, 1], [place] * 2, label=before, **bar), "prior")
            interval = axes.plot([ends[0], ends[2]], [place] * 2, color=POSTERIOR, lw=2.4, label=after)
            named(interval, "interval")
            named(axes.plot(ends[1], place, "o", color=POSTERIOR, ms=4), "posterior")
        narrower = f"{row['contraction']:.0%}" if np.isfinite(row["contraction"]) else "no width"
        _print(axes, 1.12, float(place), narrower, ha="right", va="center")
        _print(axes, 1.14, float(place), _MARKS[row["verdict"]], va="center")
    _print(axes, 1.12, len(table) - 0.3, "narrower", ha="right")
    axes.set(ylim=(-0.7, len(table) + 0.2), xlim=(-0.1, 1.1))
    axes.set_xticks([0, 1], ["lower end of the prior", "upper end of the prior"])
    axes.set_yticks(places, [shortened(str(name)) for name in table.index], parse_math=False)
    axes.set_title(f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} intervals", fontsize=9, loc="left")
    if axes.lines:
        add_legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=2)
    else:
        axes.text(0.5, 0.5, "this prior has no width of its own to compare with", ha="center", transform=axes.transAxes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _print(axes: Axes, across: float, height: float, words: str, **placed: Any) -> None:
    """Words beside the intervals, ``across`` as a share of the panel's width."""
    named(axes.text(across, height, words, fontsize=8, transform=axes.get_yaxis_transform(), **placed), "figures")


def _draw_ridge(axes: Axes, fit: Fit, ridge: Ridge) -> None:
    _, box = draw_rates(axes, fit, alpha=0.3)
    line = np.array([box[0][0] - 10, box[0][1] + 10])
    for months in _ISO_MONTHS:
        total = MONTHS_PER_YEAR * np.log(2) / months
        named(axes.plot(line, total - line, color=PRIOR, lw=0.8, ls="--", zorder=0), "equal_doubling")
        # On the upper or the right edge of the picture, whichever the line meets.
        at = (total - box[1][1], box[1][1]) if total - box[1][1] > box[0][0] else (box[0][0], total - box[0][0])
        if box[0][0] <= at[0] <= box[0][1] and box[1][0] <= at[1] <= box[1][1]:
            words = axes.annotate(
                f"{months}", at, xytext=(3, 3), textcoords="offset points", fontsize=8, color=FAINT, path_effects=EDGE
            )
            named(words, "equal_doubling")
    weight, value = ridge.rates.weight, ridge.rates.value.median
    label = f"{weight:.2f} $g_N$ + {1 - weight:.2f} $g_D$ = {value:.2f} a year (best known)"
    if weight != 1:
        known = axes.plot(line, (value - weight * line) / (1 - weight), color=PUBLISHED, lw=1.6, label=label)
        named(known, "best_known")
    label = "effective compute doubles in so many months"
    axes.add_line(entry("equal_doubling", label, color=PRIOR, lw=0.8, ls="--"))
    named([axes.axhline(0, color=REFERENCE, lw=0.6), axes.axvline(0, color=REFERENCE, lw=0.6)], "reference")
    axes.set_title(f"correlation {ridge.rates.correlation:.2f}", fontsize=9, loc="right")
    add_legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.12))
