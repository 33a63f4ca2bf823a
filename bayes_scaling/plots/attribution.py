"""What made the loss fall between two systems, as a posterior has it."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bayes_scaling.inference.result import Fit
from bayes_scaling.law.published import PLAYERS, published_shapley
from bayes_scaling.plots.drawing import Drawing, finished, title_of
from bayes_scaling.plots.months_axis import POINT_SIZE, draw_clipped
from bayes_scaling.plots.style import PAPER, POSTERIOR, PRIOR, PUBLISHED
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, named, takes_visuals
from bayes_scaling.quantities.attribution import HO2024_PAIRS, Pair, shapley_attribution
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.rates import INTERVAL

_SHOWN = (-1.0, 1.6)  # ends of the axis; where the loss hardly changed, shares lie anywhere
_FOUND, _PUBLISHED = -0.13, 0.17  # heights of the two above and below a pair's line


@takes_visuals("posterior", "interval", "published", "reference", "legend", "title")
def plot_attribution(
    fit: Fit, pairs: Iterable[Pair] = HO2024_PAIRS, *, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    """Draw shares of the fall in loss by Shapley values.

    Parameters
    ----------
    fit
        Of a law of parameters and tokens. One that has not converged is marked across the picture.
    pairs
        As for :func:`bayes_scaling.shapley_attribution`; by default the 14 published pairs of systems.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each of parameters, data, and the better use of each; in it one line a pair: posterior median and
        95% equal-tailed interval of its share, and the published share where there is one. The axis ends at -100% and
        160%; an arrow marks what goes on beyond.

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
    table, published = credible_intervals(shapley_attribution(fit, pairs), errors=False), published_shapley()
    names = list(dict.fromkeys(table.index.get_level_values("pair")))
    figure = Drawing(figsize=(11, 1.8 + 0.3 * len(names)))
    panels = figure.subplots(1, len(PLAYERS), sharex=True, sharey=True)
    for axes, player in zip(panels, PLAYERS, strict=True):
        rows = pd.DataFrame(table.xs(player, level="player").loc[names])
        named(axes.axvline(0, color=PRIOR, lw=0.8), "reference")
        known = published[player].reindex(names)
        for line, row in enumerate(rows.to_dict("records")):
            found, point = (row["median"], row["lower"], row["upper"]), (float(known.iloc[line]), math.nan, math.nan)
            draw_clipped(axes, line + _FOUND, found, _SHOWN, color=POSTERIOR, marker="o")
            look: dict[str, Any] = {"color": PUBLISHED, "marker": "D", "filled": False, "names": ("published",) * 2}
            draw_clipped(axes, line + _PUBLISHED, point, _SHOWN, **look)
        axes.set_title(player.replace("_", " "), fontsize=10)
        axes.set_xlabel("share of the fall in loss")
        axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    panels[0].set(xlim=_SHOWN, ylim=(len(names) - 0.5, -0.5))
    panels[0].set_yticks(np.arange(len(names)), names, parse_math=False)
    handles = [
        entry("posterior", "posterior median", color=POSTERIOR, marker="o", ls="", ms=POINT_SIZE),
        entry("interval", INTERVAL, color=POSTERIOR),
        entry("published", "Ho et al. 2024", color=PUBLISHED, marker="D", ls="", ms=POINT_SIZE, mfc=PAPER),
        entry(None, "goes on beyond the axis", color=PRIOR, marker=">", ls="", ms=POINT_SIZE),
    ]
    add_legend(figure, handles, loc="outside lower center", ncols=4)
    return finished(figure, title_of(fit), fit.diagnostics)
