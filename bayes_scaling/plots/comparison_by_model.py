"""Many variants in one picture: one band a model, and in it one interval for each of its priors."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.plots import drawing
from bayes_scaling.plots.drawing import Drawing, bracketed, panel
from bayes_scaling.plots.style import ORDERED, PAPER, POSTERIOR, PRIOR, REFERENCE, WARNING
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, named, takes_visuals
from bayes_scaling.studies.comparison.result import METHODS, Comparison
from bayes_scaling.studies.comparison.variants import STATED

MOST_MODELS = 40  # models that one picture shows
_MARKERS = ("o", "s", "^", "D", "v", "p", "h", "<")
_LIGHTEST = 0.82  # share of the colour map; beyond, lines can't be seen on white
_HALF = 0.36  # share of a band, up and down, in which its priors are drawn


@dataclass(frozen=True)
class _Layout:
    table: pd.DataFrame
    models: tuple[str, ...]
    labels: tuple[str, ...]
    tied: frozenset[str]

    @property
    def size(self) -> float:
        """Of points."""
        return 4.5 if len(self.labels) == 1 else 3.4

    @property
    def height(self) -> float:
        """Of the picture, inches."""
        return 1.6 + len(self.models) * (0.13 + 0.09 * len(self.labels))

    def at(self, row: Mapping[Hashable, Any]) -> float:
        """Height of a variant's line."""
        step = 2 * _HALF / max(len(self.labels) - 1, 1)
        shift = -_HALF + step * self.labels.index(row["variant"]) if len(self.labels) > 1 else 0.0
        return self.models.index(row["model"]) + shift

    def look(self, label: str) -> tuple[str, str]:
        """Colour and marker of the priors of a label."""
        if len(self.labels) == 1:
            return POSTERIOR, "o"
        place = self.labels.index(label)
        share = _LIGHTEST * place / (len(self.labels) - 1)
        return to_hex(mpl.colormaps[ORDERED](share)), _MARKERS[place % len(_MARKERS)]


@takes_visuals("posterior", "interval", "published", "bands", "no_progress", "legend", "title")
def plot_doubling_times_by_model(
    comparison: Comparison, *, most: int = MOST_MODELS, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    """Draw the doubling time of effective compute of every variant, the best predicting model first.

    Parameters
    ----------
    comparison
        Variants that did not converge are drawn as red crosses; of those that assume no progress only the name is
        shown.
    most
        Models to draw.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        One band a model, in it one line for each of its priors, which differ in colour and in shape: median and 95%
        equal-tailed interval in months, logarithmic axis; an arrow marks an interval that goes on beyond the axis or
        has no bound. Filled points can't be told from the best. The shaded band is the published interval.

    Raises
    ------
    BayesScalingError
        If no variant has progress.

    Notes
    -----
    The counterpart of Figure 2b of Ho et al. 2024 (arXiv 2403.05812), with posteriors for bootstraps.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> comparison = bs.compare(["ho2024"], bs.load_evaluations())  # doctest: +SKIP
    >>> plot_doubling_times_by_model(comparison).savefig("by_model.svg")  # doctest: +SKIP
    """
    if comparison.table["probability_of_progress"].isna().all():
        raise BayesScalingError("no variant has progress, so there is no doubling time to draw")
    layout = _layout(comparison, comparison.table, most)
    figure, axes = _band_axes(layout)
    drawing.draw_published(axes)
    moving = set()
    for name, row in layout.table.to_dict("index").items():
        if pd.isna(row["probability_of_progress"]):
            continue
        moving.add(row["model"])
        (color, marker), filled = layout.look(row["variant"]), str(name) in layout.tied
        drawing.draw_times(axes, layout.at(row), row, color=color, marker=marker, size=layout.size, filled=filled)
    for place, model in enumerate(layout.models):
        if model not in moving:
            words = axes.text(1.1, place, "no progress assumed", color=PRIOR, fontsize=7.5, va="center")
            named(words, "no_progress")
    drawing.set_months_axis(axes)
    _finish(figure, axes, comparison, layout)
    return figure


@takes_visuals("difference", "error", "reference", "bands", "legend", "title")
def plot_differences_by_model(
    comparison: Comparison, *, most: int = MOST_MODELS, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    """Draw how much worse than the best every variant predicts, the best predicting model first.

    Parameters
    ----------
    comparison
        Variants that did not converge are not drawn: they have no difference.
    most
        Models to draw.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        One band a model, in it one line for each of its priors: difference in expected log predictive density from
        the best, nats, with two standard errors to each side. Filled points can't be told from the best.

    Raises
    ------
    BayesScalingError
        If fewer than two variants have converged.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> comparison = bs.compare(["ho2024"], bs.load_evaluations())  # doctest: +SKIP
    >>> plot_differences_by_model(comparison).savefig("differences.svg")  # doctest: +SKIP
    """
    table = comparison.table[comparison.table["converged"]]
    if len(table) < 2:
        raise BayesScalingError("a picture of differences needs two variants that converged")
    layout = _layout(comparison, table, most)
    figure, axes = _band_axes(layout)
    named(axes.axvline(0, color=PRIOR, lw=1, ls="--"), "reference")
    for name, row in layout.table.to_dict("index").items():
        color, marker = layout.look(row["variant"])
        height, middle, error = layout.at(row), float(row["elpd_diff"]), 2 * float(row["dse"])
        bar = axes.plot([middle - error, middle + error], [height, height], color=color, lw=0.3 * layout.size)
        face = color if str(name) in layout.tied else PAPER
        point = axes.plot(middle, height, marker, color=color, ms=layout.size, markerfacecolor=face)
        named(bar, "error")
        named(point, "difference")
    axes.set(xlabel="difference in expected log predictive density from the best (nats; bars: 2 standard errors)")
    _finish(figure, axes, comparison, layout)
    return figure


def _layout(comparison: Comparison, table: pd.DataFrame, most: int) -> _Layout:
    models = tuple(dict.fromkeys(map(str, table["model"])))[:most]
    shown = table[table["model"].isin(models)]
    labels = tuple(sorted(set(map(str, shown["variant"])), key=_order))
    return _Layout(shown, models, labels, frozenset(comparison.tied))


def _order(label: str) -> tuple[bool, str, float]:
    """Stated priors first, then by kind and number: ``delta=0.01`` after ``delta=0.0025``."""
    stem = label.rstrip("0123456789.e+-")
    try:
        return label != STATED, stem, float(label[len(stem) :])
    except ValueError:
        return label != STATED, label, 0.0


def _band_axes(layout: _Layout) -> tuple[Figure, Axes]:
    figure, axes = panel(8.5, layout.height)
    for place in range(0, len(layout.models), 2):
        named(axes.axhspan(place - 0.5, place + 0.5, color=PRIOR, alpha=0.08, lw=0), "bands")
    axes.set_yticks(np.arange(len(layout.models)), list(layout.models), fontsize=8, parse_math=False)
    axes.set_ylim(len(layout.models) - 0.5, -0.5)
    return figure, axes


def _finish(figure: Figure, axes: Axes, comparison: Comparison, layout: _Layout) -> None:
    handles = [handle for handle in axes.get_legend_handles_labels()[0] if isinstance(handle, Line2D)]
    if len(layout.labels) > 1:
        for label in layout.labels:
            color, marker = layout.look(label)
            handles.append(entry(None, label, color=color, marker=marker, lw=1, ms=4.5))
    for face, label in ((PRIOR, "can't be told from the best"), (PAPER, "predicts worse")):
        handles.append(entry(None, label, ls="", marker="o", color=PRIOR, markerfacecolor=face, ms=4.5))
    if not layout.table["converged"].all():
        handles.append(entry(None, "not converged", color=WARNING, marker="x", lw=1, ms=4.5))
    add_legend(figure, handles, fontsize=7.5, frameon=False, loc="outside upper center", ncols=4)
    models = comparison.table["model"].nunique()
    shown = counted(models, "model")
    if models > len(layout.models):
        shown = f"the best {len(layout.models)} of {shown}"
    title = f"{shown}, {counted(len(layout.table), 'variant')}: one {comparison.unit} left out"
    named(axes.set_title(title, fontsize=10), "title")


METHOD_WORDS = {"stacking": "stacking", "pseudo_bma": "pseudo-BMA+"}  # kinds of weights as readers know them
MOST_AVERAGED = 12  # variants below the averages
_PLACES = (1.02, 1.12, 1.28)


@takes_visuals("average", "posterior", "interval", "published", "figures", "reference", "legend")
def plot_averaged_doubling_times(
    comparison: Comparison, *, most: int = MOST_AVERAGED, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    """Draw the doubling time of effective compute averaged over models, and that of the models that weigh most.

    Parameters
    ----------
    comparison
        Only variants that have converged are averaged or drawn.
    most
        Variants to draw below the averages: those with the largest weights of either kind, best predicting first.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        Two averages (squares) and single variants (points): medians and 95% equal-tailed intervals in months,
        logarithmic axis; an arrow marks an interval that goes on beyond the axis or has no bound. In print: weights and
        the same figures. The band is the published interval (Ho et al. 2024).

    Raises
    ------
    BayesScalingError
        If nothing has converged, or no variant has progress.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> comparison = bs.compare(["reference", "ho2024/07"], bs.load_evaluations())  # doctest: +SKIP
    >>> plot_averaged_doubling_times(comparison).savefig("averaged.svg")  # doctest: +SKIP
    """
    table = comparison.table[comparison.table["converged"] & comparison.table["probability_of_progress"].notna()]
    if table.empty:
        raise BayesScalingError("no variant that converged has progress, so there is no doubling time to draw")
    heaviest = comparison.weights.max(axis=1).reindex(table.index).nlargest(most).index
    table = table[table.index.isin(heaviest)]
    averages = {kind: comparison.averaged_doubling_times(kind).loc["compute"].to_dict() for kind in METHODS}
    lines = len(averages) + len(table)
    figure = Drawing(figsize=(9.5, 1.9 + 0.27 * lines), layout=ConstrainedLayoutEngine(rect=drawing.TEXT_ROOM))
    axes = figure.subplots()
    drawing.draw_published(axes)
    labels = []
    for height, (kind, row) in enumerate(averages.items()):
        interval = [float(row[part]) for part in ("median", "lower", "upper")]
        names = ("average", "interval")
        drawing.draw_interval(axes, height, interval, color=REFERENCE, marker="s", size=6, names=names)
        drawing.print_beside(axes, height, _PLACES, "", "", bracketed(interval))
        labels.append(f"all models, by {METHOD_WORDS[kind]}")
    for height, (name, case) in enumerate(table.to_dict("index").items(), len(averages)):
        drawing.draw_times(axes, height, case)
        weights = (f"{case[column]:.2f}" for column in ("weight", "weight_pseudo_bma"))
        drawing.print_beside(axes, height, _PLACES, *weights, bracketed(drawing.times_in(case)))
        labels.append(str(name))
    drawing.print_beside(axes, -0.85, _PLACES, *METHOD_WORDS.values(), "months")
    named(axes.axhline(len(averages) - 0.5, color=PRIOR, lw=0.6), "reference")
    axes.set(ylim=(lines - 0.4, -1.1))
    axes.set_yticks(range(lines), labels, fontsize=8, parse_math=False)
    drawing.set_months_axis(axes)
    add_legend(axes, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure
