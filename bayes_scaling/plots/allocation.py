"""The plane of parameters and tokens: loss, runs, and the frontier of compute-optimal training."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bayes_scaling.common.arrays import Floats
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.chinchilla import STATIC_LAWS
from bayes_scaling.law.formula import training_compute
from bayes_scaling.plots.drawing import EDGE, bracketed, finished, panel, plain_log_ticks
from bayes_scaling.plots.runs import best_split, loss_band, name_of, runs_title, scientific
from bayes_scaling.plots.style import FAINT, INK, LAW_COLOURS, LAW_LINES, ORDERED, PAPER, POSTERIOR, PRIOR
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, named, patch, takes_visuals
from bayes_scaling.quantities.arguments import axis_of
from bayes_scaling.quantities.laws import Source, laws_of
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.studies.approaches.rows import fitted_runs

BEYOND_RUNS = 100.0  # times the largest run's compute, where allocation ends unless a larger budget is named
EXTRAPOLATED = "beyond the largest run's compute"
_POINTS = 61


def budget_grid(compute: Any, named: Floats) -> Floats:
    """Budgets (FLOP) from the smallest run through the largest to those named, by default a hundred times that."""
    low, largest = float(np.min(compute)), float(np.max(compute))
    exact = [low, largest, *(named if len(named) else [BEYOND_RUNS * largest])]
    between = np.geomspace(min(exact), max(exact), _POINTS)[1:-1]
    # Strictly inside: logarithms and back may pass an end by a rounding error.
    inside = between[(between > min(exact)) & (between < max(exact))]
    return np.unique([*exact, *inside])


def shade_beyond(axes: Axes, largest: float, end: float) -> None:
    """Shade what lies beyond the largest run's compute, up to the end of the axis."""
    shaded = axes.axvspan(largest, end, color=PRIOR, alpha=0.15, lw=0, zorder=0, label=EXTRAPOLATED)
    named(shaded, "extrapolated")


def styled(laws: Sequence[Source]) -> Iterator[tuple[Source, str, Any]]:
    """Laws drawn beside a posterior, each with its colour and style of line."""
    return zip(laws, cycle(LAW_COLOURS), cycle(LAW_LINES), strict=False)


def mark_budgets(axes: Axes, compute: Any) -> None:
    """A tick at the bottom for each run's compute, FLOP."""
    at_bottom = axes.get_xaxis_transform()
    place = np.zeros(len(compute))
    ticks = axes.plot(compute, place, "|", color=PRIOR, ms=9, alpha=0.5, transform=at_bottom, label="budget of a run")
    named(ticks, "runs")


_GRID = 50  # points of each axis for contours of the loss
_MARGIN = 1.6  # the plane ends beyond runs and frontier by this factor


@takes_visuals("loss", "runs", "equal_compute", "posterior", "interval", "published", "budgets", "legend", "title")
def plot_allocation(
    fit: Fit,
    budgets: Any = None,
    *,
    laws: Sequence[Source] = STATIC_LAWS,
    visuals: Visuals | None = None,
    backend: str | None = None,
) -> Figure:
    r"""Draw how compute is best split between parameters and tokens, on the loss that a law expects of any split.

    .. math:: \min_{N, D} L(N, D) \quad \text{such that} \quad 6 N D = C

    Parameters
    ----------
    fit
        Of a static law to training runs. One that has not converged is marked across the picture.
    budgets
        Training FLOP, one or several, at which the best split is marked with its interval; the frontier is drawn
        over their range too. By default none, and the frontier ends at a hundred times the largest run.
    laws
        Published laws whose frontiers are drawn beside: constants, or fits.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        Logarithmic axes: parameters and tokens. Contours are the posterior median of the expected loss (nats per
        token, no noise), points the runs in the colour of their loss. The frontier is the posterior median of the best
        parameters with their 95% equal-tailed interval along each line of equal compute; it is dashed beyond the
        compute of the largest run.

    Raises
    ------
    BayesScalingError
        If the fit is to evaluations or of a law of compute alone, a budget is not positive, or a law is none.

    Notes
    -----
    Source: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4 and figure 4.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_allocation(bs.load_fit("runs/chinchilla"), 1e23).savefig("allocation.png")  # doctest: +SKIP
    """
    runs = fitted_runs(fit)
    marked = np.empty(0) if budgets is None else np.unique(axis_of(budgets, "budgets (FLOP)"))
    compute = budget_grid(runs["compute"], marked)
    (sizes,) = best_split(fit, compute, "parameters")
    figure, axes = panel(8.5, 6.4)
    axes.spines[["top", "right"]].set_visible(True)
    tokens = compute[:, None] / training_compute(sizes[["median", "lower", "upper"]].to_numpy(), 1.0)
    parameters_shown = _limits(runs["parameters"], sizes[["lower", "upper"]].to_numpy())
    tokens_shown = _limits(runs["tokens"], tokens[:, 1:])
    norm = _draw_loss(axes, fit, parameters_shown, tokens_shown, runs)
    _draw_budgets(axes, parameters_shown, tokens_shown)
    edges = ([*sizes["lower"], *sizes["upper"][::-1]], [*tokens[:, 1], *tokens[::-1, 2]])
    named(axes.fill(*edges, color=POSTERIOR, alpha=0.3, lw=0, zorder=3), "interval")
    beyond = compute > runs["compute"].max()
    for part, line in ((~beyond, "-"), (np.append(beyond[1:], beyond[-1]), (0, (3, 1.5)))):
        median = axes.plot(sizes["median"][part], tokens[part, 0], color=POSTERIOR, lw=2.2, ls=line, zorder=4)
        named(median, "posterior")
    for law, colour, line in styled(laws):
        medians = (each["median"] for each in best_split(law, compute, "parameters", "tokens"))
        named(axes.plot(*medians, color=colour, ls=line, lw=1.5, zorder=4.5, label=name_of(law)), "published")
    if marked.size:
        _draw_marked(axes, fit, marked)
    axes.set(xlabel="parameters (log scale)", ylabel="training tokens (log scale)")
    scale = figure.colorbar(mpl.cm.ScalarMappable(norm, ORDERED), ax=axes, pad=0.01, aspect=40)
    scale.set_label("loss (nats per token, log scale)")
    plain_log_ticks(scale.ax.yaxis)
    handles: list[Any] = [
        entry("posterior", "best split, posterior median", color=POSTERIOR, lw=2.2),
        patch("interval", INTERVAL, POSTERIOR, 0.3),
        entry("posterior", EXTRAPOLATED, color=POSTERIOR, lw=2.2, ls=(0, (3, 1.5))),
        entry("runs", "run, coloured by its loss", marker="o", ls="", ms=4, color=PRIOR, mec=INK, mew=0.4),
    ]
    if marked.size:
        handles.append(entry("budgets", "named budget", marker="o", ms=8, color=INK, mfc=PAPER, lw=2.4))
    handles += [entry("published", name_of(law), color=colour, ls=line, lw=1.5) for law, colour, line in styled(laws)]
    add_legend(figure, handles, loc="outside lower center", ncols=3)
    return finished(figure, runs_title(fit), fit.diagnostics)


def _limits(runs: Any, frontier: Floats) -> tuple[float, float]:
    shown = np.concatenate([np.asarray(runs, dtype=float), frontier[np.isfinite(frontier)]])
    return float(shown.min()) / _MARGIN, float(shown.max()) * _MARGIN


def _draw_loss(
    axes: Axes, fit: Fit, parameters: tuple[float, float], tokens: tuple[float, float], runs: Any
) -> LogNorm:
    laws = laws_of(fit)
    n, d = np.geomspace(*parameters, _GRID), np.geomspace(*tokens, _GRID)
    loss = np.array([loss_band(laws, n, np.full(_GRID, one))["median"].to_numpy() for one in d])
    low, high = min(loss.min(), runs["loss"].min()), runs["loss"].max()
    norm = LogNorm(low, high)
    # Round, at most nine, closer together where the loss is low.
    steps = np.geomspace(0.06, 1.0, 9) * (high - low)
    levels = np.unique(np.round(low + steps, max(0, int(np.ceil(-np.log10(steps[1] - steps[0]))) - 1)))
    lines = axes.contour(n, d, loss, levels=levels, cmap=ORDERED, norm=norm, linewidths=0.9, alpha=0.8, zorder=1)
    named(lines, "loss")
    axes.set(xscale="log", yscale="log", xlim=parameters, ylim=tokens)  # labels are placed on the final axes
    places = _label_places(levels, n, d, loss)
    for label in axes.clabel(lines, fmt="%g", fontsize=7.5, colors=INK, manual=places):
        named(label, "loss").set_path_effects(EDGE)
    look: dict[str, Any] = {"cmap": ORDERED, "norm": norm, "s": 16, "lw": 0.4, "edgecolors": INK, "zorder": 2.5}
    named(axes.scatter(runs["parameters"], runs["tokens"], c=runs["loss"], **look), "runs")
    return norm


def _label_places(levels: Floats, n: Floats, d: Floats, loss: Floats) -> list[tuple[float, float]]:
    """Where contours are labelled: three quarters of the way to the right, where they do not pass there at the top."""
    column, row = int(0.75 * len(n)), int(0.9 * len(d))
    places = []
    for level in levels:
        if loss[0, column] > level > loss[-1, column]:
            places.append((float(n[column]), float(np.interp(-level, -loss[:, column], d))))
        elif loss[row, 0] > level > loss[row, -1]:
            places.append((float(np.interp(-level, -loss[row], n)), float(d[row])))
    return places


def _draw_budgets(axes: Axes, parameters: tuple[float, float], tokens: tuple[float, float]) -> None:
    """Lines of equal compute at powers of ten, labelled where they enter the plane on its left or its top."""
    least, most = (training_compute(parameters[end], tokens[end]) for end in (0, 1))
    n = np.array(parameters)
    for power in range(int(np.ceil(np.log10(least))), int(np.floor(np.log10(most))) + 1):
        budget = 10.0**power
        line = axes.plot(n, budget / training_compute(n, 1.0), color=PRIOR, lw=0.7, ls=":", zorder=0.5)
        named(line, "equal_compute")
        bottom = budget / training_compute(tokens[0], 1.0)
        if parameters[0] < bottom < parameters[1]:
            place, pad = (bottom, tokens[0]), (0, 3)
        else:
            place, pad = (parameters[1], budget / training_compute(parameters[1], 1.0)), (-3, 0)
        look: dict[str, Any] = {"fontsize": 7, "color": FAINT, "ha": "right", "va": "bottom", "path_effects": EDGE}
        label = axes.annotate(f"{scientific(budget)} FLOP", place, pad, textcoords="offset points", **look)
        named(label, "equal_compute")


def _draw_marked(axes: Axes, fit: Fit, budgets: Floats) -> None:
    sizes, tokens = (each.to_dict("records") for each in best_split(fit, budgets, "parameters", "tokens"))
    handles = []
    for number, (budget, n, d) in enumerate(zip(budgets, sizes, tokens, strict=True), start=1):
        middle = (n["median"], d["median"])
        bar = axes.plot([n["lower"], n["upper"]], [d["upper"], d["lower"]], color=INK, lw=2.4, zorder=5)
        point = axes.plot(*middle, "o", color=INK, mfc=PAPER, ms=11, zorder=6)
        words = axes.annotate(str(number), middle, ha="center", va="center", fontsize=7.5, zorder=7)
        named([*bar, *point, words], "budgets")
        label = f"{number}: {scientific(budget)} FLOP\n{_in_print(n)} parameters\n{_in_print(d)} tokens"
        handles.append(Line2D([], [], ls="", label=label))
    style: dict[str, Any] = {"handlelength": 0, "handletextpad": 0, "fontsize": 7.5, "title_fontsize": 7.5}
    style |= {"alignment": "left", "frameon": True, "framealpha": 0.9, "zorder": 8}
    add_legend(axes, handles, name="budgets", title=f"best split, median [{INTERVAL}]", loc="upper left", **style)


def _in_print(summary: Mapping[Any, float]) -> str:
    return bracketed((summary[part] for part in ("median", "lower", "upper")), lambda value: scientific(value, 1))
