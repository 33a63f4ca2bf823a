"""What made the loss fall between two systems, as a posterior has it."""

from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.marks import mark_unconverged, title_of
from bayes_scaling.plots.style import POSTERIOR, PRIOR, PUBLISHED
from bayes_scaling.published_attribution import PLAYERS, published_shapley
from bayes_scaling.quantities.attribution import HO2024_PAIRS, Pair, shapley_attribution
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY

_SHOWN = (-1.0, 1.6)
"""Shares between which the axis runs; where the loss hardly changed they lie anywhere."""


def plot_attribution(fit: Fit, pairs: Iterable[Pair] = HO2024_PAIRS) -> Figure:
    """Draw shares of the fall in loss by Shapley values.

    Parameters
    ----------
    fit
        Of a law of parameters and tokens. One that has not converged is marked across the picture.
    pairs
        As for :func:`bayes_scaling.shapley_attribution`; by default the 14 published pairs of systems.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each of parameters, data, and the better use of each; in it one line a pair: posterior median and
        95% equal-tailed interval of its share, and the published share where there is one. The axis ends at -100% and
        160%.

    Raises
    ------
    BayesScalingError
        As :func:`bayes_scaling.shapley_attribution`.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), section 3.2 and Table 1.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_attribution(bs.load_fit("runs/reference")).savefig("shares.png")  # doctest: +SKIP
    """
    table, published = credible_intervals(shapley_attribution(fit, pairs)), published_shapley()
    names = list(dict.fromkeys(table.index.get_level_values("pair")))
    figure = Figure(figsize=(11, 1.8 + 0.3 * len(names)), layout="constrained", dpi=150)
    panels = figure.subplots(1, len(PLAYERS), sharex=True, sharey=True)
    lines = np.arange(len(names))
    interval = f"{INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} interval"
    for axes, player in zip(panels, PLAYERS, strict=True):
        rows = table.xs(player, level="player").loc[names]
        axes.axvline(0, color=PRIOR, lw=0.8)
        axes.hlines(lines, rows["lower"], rows["upper"], color=POSTERIOR, lw=2, label=f"posterior, {interval}")
        axes.plot(rows["median"], lines, "o", color=POSTERIOR, ms=5, label="posterior median")
        known = published[player].reindex(names)
        axes.plot(known, lines, "D", color=PUBLISHED, ms=4.5, mfc="none", mew=1.4, label="Ho et al. 2024")
        axes.set_title(player.replace("_", " "), fontsize=10)
        axes.set_xlabel("share of the fall in loss")
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    panels[0].set(xlim=_SHOWN, ylim=(len(names) - 0.5, -0.5))
    panels[0].set_yticks(lines, names, parse_math=False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    figure.suptitle(title_of(fit), fontsize=11)
    mark_unconverged(figure, fit)
    return figure
