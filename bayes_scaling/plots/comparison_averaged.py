"""The doubling time averaged over models, above the models that weigh most in it."""

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from bayes_scaling.comparison.weights import METHODS
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.plots.drawing import Drawing
from bayes_scaling.plots.months_axis import TEXT_ROOM, draw_interval, draw_published, set_months_axis
from bayes_scaling.plots.style import POSTERIOR, PRIOR, REFERENCE
from bayes_scaling.plots.visuals import Visuals, add_legend, look_of, named
from bayes_scaling.words import months

if TYPE_CHECKING:
    from bayes_scaling.comparison.result import Comparison

METHOD_WORDS = {"stacking": "stacking", "pseudo_bma": "pseudo-BMA+"}
"""Kinds of weights as readers know them."""
MOST_MODELS = 12
_VISUALS = ("average", "posterior", "interval", "published", "figures", "reference", "legend")
_PARTS = ("median", "lower", "upper")


def plot_averaged_doubling_times(
    comparison: "Comparison",
    *,
    most: int = MOST_MODELS,
    visuals: Visuals | None = None,
    backend: str | None = None,
) -> Figure:
    """Draw the doubling time of effective compute averaged over models, and that of the models that weigh most.

    Parameters
    ----------
    comparison
        Only variants that have converged are averaged or drawn.
    most
        Variants to draw below the averages: those with the largest weights of either kind, best predicting first.
    visuals
        Visuals to leave out or to draw otherwise, see :mod:`bayes_scaling.plots.visuals`: ``average``, ``posterior``,
        ``interval``, ``published``, ``figures``, ``reference``, ``legend``.
    backend
        ``"matplotlib"``, or None for the same.

    Returns
    -------
    matplotlib.figure.Figure
        Two averages (squares) and single variants (points): medians and 95% equal-tailed intervals in months,
        logarithmic axis; an arrow marks an interval that goes on beyond the axis or has no bound. In print: weights and
        the same figures. The band is the published interval (Ho et al. 2024).

    Raises
    ------
    BayesScalingError
        If nothing has converged, no variant has progress, or visuals or backend is none of the valid ones.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> comparison = bs.compare(["reference", "ho2024/07"], bs.load_evaluations())  # doctest: +SKIP
    >>> plot_averaged_doubling_times(comparison).savefig("averaged.svg")  # doctest: +SKIP
    """
    look = look_of(visuals, backend, _VISUALS)
    table = comparison.table[comparison.table["converged"] & comparison.table["probability_of_progress"].notna()]
    if table.empty:
        raise BayesScalingError("no variant that converged has progress, so there is no doubling time to draw")
    heaviest = comparison.weights.max(axis=1).reindex(table.index).nlargest(most).index
    table = table[table.index.isin(heaviest)]
    averages = {kind: comparison.averaged_doubling_times(kind).loc["compute"].to_dict() for kind in METHODS}
    lines = len(averages) + len(table)
    figure = Drawing(figsize=(9.5, 1.9 + 0.27 * lines), layout=ConstrainedLayoutEngine(rect=TEXT_ROOM), dpi=150)
    axes = figure.subplots()
    draw_published(axes)
    labels = []
    for height, (kind, row) in enumerate(averages.items()):
        interval = [float(row[part]) for part in _PARTS]
        names = ("average", "interval")
        draw_interval(axes, height, *interval, color=REFERENCE, marker="s", size=6, names=names)
        _print(axes, height, "", "", _words(interval))
        labels.append(f"all models, by {METHOD_WORDS[kind]}")
    for height, (name, case) in enumerate(table.to_dict("index").items(), len(averages)):
        interval = [float(case[f"compute_doubling_months_{part}"]) for part in _PARTS]
        draw_interval(axes, height, *interval, color=POSTERIOR, marker="o")
        _print(axes, height, f"{case['weight']:.2f}", f"{case['weight_pseudo_bma']:.2f}", _words(interval))
        labels.append(str(name))
    _print(axes, -0.85, *METHOD_WORDS.values(), "months")
    named(axes.axhline(len(averages) - 0.5, color=PRIOR, lw=0.6), "reference")
    axes.set(ylim=(lines - 0.4, -1.1))
    axes.set_yticks(range(lines), labels, fontsize=8, parse_math=False)
    set_months_axis(axes)
    add_legend(axes, fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return look.finish(figure)


def _words(interval: list[float]) -> str:
    middle, lower, upper = map(months, interval)
    return f"{middle} [{lower}, {upper}]"


def _print(axes: Axes, height: float, *columns: str) -> None:
    for place, text in zip((1.02, 1.12, 1.28), columns, strict=True):
        written = axes.annotate(
            text,
            (place, height),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=7.5,
            annotation_clip=False,
        )
        named(written, "figures")
