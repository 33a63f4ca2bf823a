"""A forest of doubling times: results of one's own, and below them what others have published of what."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_scaling.common.formatting import months
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.estimates import published_estimates
from bayes_scaling.plots.drawing import POINT_SIZE, bracketed, draw_interval, panel, set_months_axis
from bayes_scaling.plots.style import FAINT, INK, LAW_COLOURS, PAPER, POSTERIOR, PRIOR, PUBLISHED, REFERENCE
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, named, takes_visuals
from bayes_scaling.quantities.rates import INTERVAL, INTERVAL_PROBABILITY

_COLUMNS = ("label", "median", "lower", "upper")
_COLOURS = (POSTERIOR, REFERENCE, *LAW_COLOURS[1:])  # of groups of results, in their order
_MARKERS = ("o", "s", "^", "v", "P")
_WIDTH, _LINE, _GAP = 7.0, 0.135, 0.09  # inches: of the picture, of a line of text, between estimates
_LETTERS, _SMALL = 50, 56  # in a line of a name, and of the words below it
_LEFT, _RIGHT = -0.03, 1.03  # where texts end and figures begin, in shares of the axis


@dataclass(frozen=True)
class _Estimate:
    """One line of the forest; ``figures``: in print."""

    name: tuple[str, ...]
    words: tuple[str, ...]
    values: Sequence[float]
    figures: str
    look: Mapping[str, Any]

    @property
    def height(self) -> float:
        """Inches."""
        return _LINE * (len(self.name) + len(self.words)) + _GAP


@takes_visuals("posterior", "published", "interval", "headings", "names", "words", "figures", "legend", "title")
def plot_estimates(
    results: Mapping[str, Sequence[float]] | pd.DataFrame,
    *,
    published: pd.DataFrame | None = None,
    visuals: Visuals | None = None,
    backend: str | None = None,
) -> Figure:
    """Draw doubling times of one's own above every published one, with what each of these measures.

    Parameters
    ----------
    results
        Label to median, lower and upper end of a 95% equal-tailed interval (months; infinite without bound); or a table
        with columns ``label``, ``median``, ``lower``, ``upper`` and, if they are of several kinds, ``group``: what they
        are headed by, such as ``"reference"``.
    published
        Rows of :func:`bayes_scaling.published_estimates`; by default all.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        One line each on a logarithmic axis from 1 to 120 months; arrows mark what goes on beyond or has no bound. Of
        what is published: a solid bar is a 95% interval, a dashed one of another probability, which is said beside it,
        a dotted one the range of several figures; ``c`` marks what was converted from a factor a year. Below each name
        in small words what it measures, and over which years.

    Raises
    ------
    BayesScalingError
        If results are none, lack a column, or are no medians within intervals of positive months.

    Examples
    --------
    >>> figure = plot_estimates({"reference, ho2024": (6.2, 3.0, float("inf"))})
    >>> figure.savefig("estimates.png")  # doctest: +SKIP
    """
    table = _results(results)
    theirs = published_estimates() if published is None else published
    groups = [
        (str(name), [_ours(row, place) for row in of.to_dict("records")])
        for place, (name, of) in enumerate(table.groupby("group", sort=False))
    ]
    groups += [("published by others", [_published(row) for row in theirs.to_dict("records")])] if len(theirs) else []
    tall = sum(_LINE + _GAP + sum(each.height for each in of) for _, of in groups)
    figure, axes = panel(_WIDTH, tall + 1.3)
    below = 0.0
    for name, of in groups:
        below = _draw_group(axes, below, name, of)
    axes.set(ylim=(below, 0), yticks=[])
    axes.spines["left"].set_visible(False)
    set_months_axis(axes, "doubling time (months, log scale)")
    axes.tick_params(axis="x", top=True, labeltop=True)
    axes.grid(axis="x", color=PRIOR, alpha=0.25, lw=0.6)
    add_legend(figure, list(_handles(theirs)), loc="outside lower center", ncols=2, fontsize=7.5)
    named(figure.suptitle("How fast do algorithms improve? Doubling times and what they measure", fontsize=10), "title")
    return figure


def _results(results: Mapping[str, Sequence[float]] | pd.DataFrame) -> pd.DataFrame:
    """Results as a table with groups, refused unless all are medians within their intervals."""
    if isinstance(results, Mapping):
        try:
            results = pd.DataFrame([(label, *values) for label, values in results.items()], columns=list(_COLUMNS))
        except (TypeError, ValueError):
            results = pd.DataFrame()
    lacking = [name for name in _COLUMNS if name not in getattr(results, "columns", ())]
    if lacking or not len(results):
        raise BayesScalingError(
            f"results lack {', '.join(lacking) or 'rows'}; give label to (median, lower, upper) in months, such as "
            "{'reference': (6.2, 3.0, 49.0)}, or a table with columns label, median, lower, upper and perhaps group"
        )
    table = results.assign(group=results["group"].astype(str) if "group" in results else "results")
    ends = table[["lower", "median", "upper"]].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    bad = ~((ends[:, 0] > 0) & (np.sort(ends, axis=1) == ends).all(axis=1))
    if bad.any():
        raise BayesScalingError(
            f"{table['label'][bad].iloc[0]!r}: lower, median and upper must be months above 0 in this order, infinite "
            f"where there is no bound, not {', '.join(map(str, ends[bad][0]))}"
        )
    return table


def _lines(text: object, letters: int) -> tuple[str, ...]:
    return tuple(wrap(str(text), letters, break_on_hyphens=False))


def _ours(row: Mapping[Any, Any], place: int) -> _Estimate:
    values = [float(row[part]) for part in ("median", "lower", "upper")]
    look = {"color": _COLOURS[place % len(_COLOURS)], "marker": _MARKERS[place % len(_MARKERS)]}
    return _Estimate(_lines(row["label"], _LETTERS), (), values, bracketed(values), look)


def _published(row: Mapping[Any, Any]) -> _Estimate:
    values = [float(row[part]) for part in ("months", "lower", "upper")]
    said = f"{row['estimand']}; {row['period']}" if row["period"] else str(row["estimand"])
    middle, lower, upper = values
    if math.isnan(middle):
        figures = f"{months(lower)} to {months(upper)}"
    else:
        figures = months(middle) if math.isnan(lower) else bracketed(values)
    if _style(row) == "--":
        figures += f" {row['probability']:.0%}"
    look = {
        "color": PUBLISHED,
        "marker": "D",
        "filled": False,
        "style": _style(row),
        "names": ("published", "interval"),
    }
    figures += " c" if row["converted"] else ""
    return _Estimate(_lines(row["source"], _LETTERS), _lines(said, _SMALL), values, figures, look)


def _style(row: Mapping[Any, Any]) -> str:
    """Of the bar: by what its ends are."""
    if math.isnan(row["probability"]):
        return ":"
    return "-" if math.isclose(row["probability"], INTERVAL_PROBABILITY) else "--"


def _draw_group(axes: Axes, below: float, name: str, of: Sequence[_Estimate]) -> float:
    """A heading and its estimates from a height (inches) on; where they end."""
    beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
    left, right = beside | {"ha": "right"}, beside | {"ha": "left"}
    bold: dict[str, Any] = {"fontsize": 8, "color": INK, "fontweight": "bold", "parse_math": False}
    named(axes.annotate(name, (_LEFT, below + _LINE / 2), **bold, **left), "headings")
    below += _LINE + _GAP / 2
    for each in of:
        middle = below + (each.height - _GAP) / 2
        draw_interval(axes, middle, each.values, **each.look)
        named(axes.annotate(each.figures, (_RIGHT, middle), fontsize=7.5, color=INK, **right), "figures")
        lines = [(text, "names", INK, 7.5) for text in each.name] + [(text, "words", FAINT, 6.8) for text in each.words]
        for place, (text, kind, color, size) in enumerate(lines):
            at = (_LEFT, below + _LINE * (place + 0.5))
            named(axes.annotate(text, at, fontsize=size, color=color, parse_math=False, **left), kind)
        below += each.height
    return below + _GAP / 2


def _handles(theirs: pd.DataFrame) -> Iterator[Any]:
    """Entries of the legend, of what there is."""
    yield entry("posterior", f"median and {INTERVAL}", color=POSTERIOR, marker="o", ms=POINT_SIZE, lw=1.3)
    if not len(theirs):
        return
    look: dict[str, Any] = {"color": PUBLISHED, "marker": "D", "ms": POINT_SIZE, "mfc": PAPER, "lw": 1.3}
    yield entry("published", "published, 95% interval if any (c: converted from a factor a year)", **look)
    for style, words in (("--", "published interval of another probability"), (":", "range of several figures")):
        if any(_style(row) == style and row["lower"] == row["lower"] for row in theirs.to_dict("records")):
            yield entry("interval", words, color=PUBLISHED, lw=1.3, ls=style)
