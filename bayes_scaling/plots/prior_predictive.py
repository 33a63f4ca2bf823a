"""What priors expect of the rows of a table, behind what was observed."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from xarray import DataTree

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.inference.units import noun_of, plural_of
from bayes_scaling.plots.drawing import Drawing, on_table, plain_log_ticks, titled
from bayes_scaling.plots.style import INK, PRIOR, WARNING
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, named, patch, takes_visuals
from bayes_scaling.quantities.prior_predictive import HELD, OF_INFINITE, PLAUSIBLE, about_prior_predictive
from bayes_scaling.quantities.rates import interval_points
from bayes_scaling.specifications.laws import RESPONSE_UNITS

_SHARES, _SHADE = (HELD, 0.9, 0.5), 0.33
"""Central shares of what is predicted of a row, the widest first, and how much darker each makes those before it."""
_MOST_STEPS = 400  # rows whose bands are drawn, evenly spaced among all
_MOST_PANELS, _COLUMNS = 6, 3
_ROOM, _ROOM_OF_OTHERS = 1.5, 30.0
"""Times that the axis goes on beyond what is observed and, of losses, what is possible; all else is cut off there."""


@takes_visuals("bands", "median", "observed", "bounds", "legend", "title")
def plot_prior_predictive(prior: DataTree, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    """Draw what the priors of a specification expect of each row of a table, behind what was observed.

    Parameters
    ----------
    prior
        What :func:`bayes_scaling.prior_predictive` returns.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        A panel a benchmark (one for all, of runs or of more than six benchmarks), in it the rows in the order of their
        prior medians: median and central 50%, 90% and 99% of what is predicted of each, and what was observed. Dashed:
        0.5 and 12 nats, beyond which no loss of language is. The axis is logarithmic and ends near these; what is
        predicted beyond is cut off there.

    Raises
    ------
    BayesScalingError
        For anything else than a prior predictive of this package.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> prior = bs.prior_predictive("reference", bs.load_evaluations())
    >>> bs.plot_prior_predictive(prior).savefig("prior.png")  # doctest: +SKIP
    """
    specification, about = about_prior_predictive(prior)
    predicted = prior["prior_predictive"][specification.response].to_numpy()[0]
    observed = prior["observed_data"][specification.response].to_numpy()
    of_losses = specification.response == "loss"
    reach, room = (PLAUSIBLE, _ROOM) if of_losses else ((math.inf, -math.inf), _ROOM_OF_OTHERS)
    ends = min(observed.min(), reach[0]) / room, max(observed.max(), reach[1]) * room
    noun = plural_of(noun_of("evaluation", about.kind))
    panels = _panels(prior, noun)
    lines = math.ceil(len(panels) / _COLUMNS)
    columns = min(len(panels), _COLUMNS)
    figure = Drawing(figsize=(max(6.5, 3.7 * columns), 1.2 + 3.0 * lines))
    axes = list(figure.subplots(lines, columns, sharey=True, squeeze=False).flat)
    for one, (label, rows) in zip(axes, panels.items(), strict=False):
        _draw_rows(one, predicted[:, rows], observed[rows], ends)
        one.set_title(f"{label} ({len(rows)})", fontsize=10, parse_math=False)
        one.set_xlabel(f"{noun}, by rank of their prior median", fontsize=9)
        for bound in reach if of_losses else ():
            named(one.axhline(bound, color=WARNING, lw=0.9, ls="--"), "bounds")
    for one in axes[len(panels) :]:
        one.set_visible(False)
    unit = RESPONSE_UNITS[specification.response]
    figure.supylabel(f"{specification.response.replace('_', ' ')} ({unit}, log scale)", fontsize=9)
    handles = [
        entry("observed", "observed", color=INK, marker="o", ms=3, ls=""),
        entry("median", "prior median", color=INK, lw=1),
        *(
            patch("bands", f"{share:.0%} of what the prior predicts", PRIOR, 1 - (1 - _SHADE) ** depth)
            for depth, share in enumerate(_SHARES, 1)
        ),
    ]
    if of_losses:
        words = "{:g} and {:g} nats".format(*PLAUSIBLE)
        handles.append(entry("bounds", words, color=WARNING, lw=0.9, ls="--"))
    add_legend(figure, handles, loc="outside lower center", ncols=3)
    return titled(figure, f"{on_table(specification.name, about)}: what the priors expect")


def _panels(prior: DataTree, noun: str) -> dict[str, Integers]:
    """Positions of the rows of each panel."""
    constant = prior["constant_data"].to_dataset()
    every = {noun: np.arange(constant.sizes["evaluation"])}
    if "benchmark" not in constant:
        return every
    labels = constant["benchmark"].to_numpy()
    found = {str(each): np.flatnonzero(labels == each) for each in dict.fromkeys(labels)}
    return found if len(found) <= _MOST_PANELS else every


def _draw_rows(axes: Axes, predicted: Floats, observed: Floats, ends: tuple[float, float]) -> None:
    """Rows by their medians, each as wide as the next, so that bands are as smooth as the priors are."""
    predicted = np.where(np.isnan(predicted), np.inf, predicted)

    def quantiles(*points: float) -> Floats:
        return np.clip(np.quantile(predicted, points, axis=0, method=OF_INFINITE), *ends)

    median = quantiles(0.5)[0]
    order, count = np.argsort(median, kind="stable"), len(median)
    shown = np.unique(np.linspace(0, count - 1, min(count, _MOST_STEPS)).astype(int))
    places = np.pad(shown + 1.0, 1, constant_values=(0.5, count + 0.5))

    def along(values: Floats) -> Floats:
        return np.pad(values[order[shown]], 1, mode="edge")

    for share in _SHARES:
        _, low, high = interval_points(share)
        lower, upper = map(along, quantiles(low, high))
        named(axes.fill_between(places, lower, upper, color=PRIOR, alpha=_SHADE, lw=0, step="mid"), "bands")
    named(axes.step(places, along(median), where="mid", color=INK, lw=1), "median")
    named(axes.plot(np.arange(count) + 1, observed[order], "o", color=INK, ms=2.5, mew=0, alpha=0.8), "observed")
    axes.set(yscale="log", ylim=ends, xlim=(0.5, count + 0.5))
    plain_log_ticks(axes.yaxis, write="{:g}".format)
