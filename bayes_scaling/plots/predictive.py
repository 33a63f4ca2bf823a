"""Predictive checks of a fit, backtests and rank curves of calibrations."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_scaling.common.formatting import counted
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.units import noun_of
from bayes_scaling.plots.drawing import Drawing, draw_band, finished, on_table, shortened, titled, wide
from bayes_scaling.plots.style import INK, LAW_COLOURS, LAW_MARKERS, POSTERIOR, PRIOR, WARNING
from bayes_scaling.plots.visuals import Visuals, add_legend, entry, named, takes_visuals
from bayes_scaling.quantities.predictive_check import PredictiveCheck, predictive_check
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.quantities.uniformity import BAND, Curve
from bayes_scaling.studies.backtest.result import Backtest
from bayes_scaling.studies.backtest.splits import HORIZONS
from bayes_scaling.studies.calibration.result import Calibration, rank_curve

_GROUPED_BY = ("year", "benchmark", "architecture", "series")
"""Groups that have a line of their own; papers are too many, and only flagged ones are shown."""
_MOST_LINES = 40
_EXPECTED = "95% of replicated"
_TICKS = (-1000, -300, -100, -30, -10, -5, 0, 5, 10, 30, 100, 300, 1000)
"""Of axes of residuals that are logarithmic in part."""
_BELOW = r"$\downarrow$"
_TICKED = 8  # runs that have their compute written below, at most
_LOWEST_SCORE = -1.5  # nats per evaluation; log scores below are drawn here


@takes_visuals("pit", "band", "residuals", "means", "groups", "replicated", "observed", "reference", "legend", "title")
def plot_predictive(
    fit: Fit | PredictiveCheck, *, visuals: Visuals | None = None, backend: str | None = None
) -> Figure:
    """Draw how a posterior's predictions look beside the rows that were fitted.

    Parameters
    ----------
    fit
        Of evaluations or of training runs, or its :func:`bayes_scaling.predictive_check`. One that has not converged
        is marked across the picture.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        Upper left: empirical distribution of LOO-PIT values less the uniform one, with the band that holds the whole
        curve of independent uniform values with 95% probability. Upper right: posterior mean of each row's
        standardised residual (units of the noise) against its date, or against parameters where there are no dates.
        Lower left: mean standardised residual by group, posterior mean and 95% equal-tailed interval, over the grey
        bar of 95% of replicated means; flagged groups in red, papers only if flagged. Lower right: extremes and
        spread of the residuals over grey bars of the replicated ones.

    Raises
    ------
    BayesScalingError
        As :func:`bayes_scaling.predictive_check`.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_predictive(bs.load_fit("runs/reference")).savefig("predictive.png")  # doctest: +SKIP
    """
    check = fit if isinstance(fit, PredictiveCheck) else predictive_check(fit)
    figure = Drawing(figsize=(11, 8))
    (first, second), (third, fourth) = figure.subplots(2, 2)
    _draw_curve(first, check)
    _draw_residuals(second, check)
    _draw_groups(third, check)
    _draw_tails(fourth, check)
    title = on_table(check.specification, check.evaluations)
    return finished(figure, f"{title}: predictions beside what was fitted", check)


@takes_visuals("scores", "path", "nominal", "legend", "title")
def plot_backtest(result: Backtest, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    """Draw coverage and log scores of a backtest by cut year, or of runs every prediction by distance.

    Parameters
    ----------
    result
        See :func:`bayes_scaling.backtest`.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        Left: share of evaluations inside their central 90% predictive intervals, with one standard error either way
        (papers independent). Right: mean log predictive density, nats per evaluation, cut off below -1.5, where an
        arrow stands. Upper row: all evaluations published from the cut on; lower row: those of the year after it.
        A forecast whose chains did not agree is a red cross.

        Of runs a panel for each forecaster: predictive median and 90% interval of each run held out, percent above
        what was observed, split by split and by compute, whose ratio to the largest fitted stands below. Where the
        interval misses what was observed it is red.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.plot_backtest(bs.backtest(directory="runs/backtest")).savefig("backtest.png")  # doctest: +SKIP
    """
    if result.evaluations.kind == "runs":
        return _draw_predictions(result)
    figure = Drawing(figsize=(11, 8))
    panels = figure.subplots(2, 2, sharex=True)
    for (left, right), horizon in zip(panels, HORIZONS, strict=True):
        table = result.by_cut(horizon)
        named(left.axhline(0.9, color=INK, lw=0.8, ls="--", zorder=0), "nominal")
        for place, name in enumerate(result.names):
            if name in table.index.get_level_values("forecaster"):
                part = pd.DataFrame(table.loc[name])
                _draw_line(left, part, "covered_90", place, name, lowest=0.0, among=len(result.names))
                _draw_line(right, part, "log_score", place, name, lowest=_LOWEST_SCORE, among=len(result.names))
        left.set(ylim=(-0.03, 1.03), ylabel="share inside 90% predictive intervals\n(bars: standard error)")
        right.set_ylabel("log score, higher is better\n(nats per evaluation; bars: standard error)")
        right.set_ylim(bottom=_LOWEST_SCORE - 0.08)
        for axes in (left, right):
            axes.set_title(f"Predicted: {HORIZONS[horizon]}", fontsize=10)
    for axes in panels[1]:
        axes.set_xlabel("fitted: all published before 1 January of the year")
        axes.set_xticks(result.cuts, list(map(str, result.cuts)))
    handles = panels[0][0].get_legend_handles_labels()[0]
    if not result.forecasts["converged"].all():
        handles.append(entry(None, "not converged", color=WARNING, marker="x", ms=8, mew=2, ls=""))
    add_legend(figure, handles, loc="outside lower center", ncols=4)
    return titled(figure, on_table("Backtest", result.evaluations))


def _draw_predictions(result: Backtest) -> Figure:
    """A panel for each forecaster of runs; runs side by side, those with least compute first."""
    names, table = result.names, result.predictions.sort_values(["cut", "compute_ratio", "parameters"], kind="stable")
    rows = math.ceil(len(names) / 2)
    figure = Drawing(figsize=(11, 1.4 + 2.6 * rows))
    panels = figure.subplots(rows, 2, squeeze=False, sharex=True, sharey=True)
    for place, (axes, name) in enumerate(zip(panels.flat, names, strict=False)):
        part = table[table["forecaster"] == name].reset_index()
        percent = 100 * (part[["median", "lower_90", "upper_90"]].div(part["observed"], axis=0) - 1)
        missed = (percent["lower_90"] > 0) | (percent["upper_90"] < 0)
        named(axes.axhline(0, color=INK, lw=0.8, ls="--", zorder=0), "nominal")
        for chosen, colour in ((~missed, POSTERIOR), (missed, WARNING)):
            some = percent[chosen]
            ends = (some["median"] - some["lower_90"], some["upper_90"] - some["median"])
            named(axes.errorbar(some.index, some["median"], ends, fmt="o", color=colour, ms=3, lw=0.9), "scores")
        rounded = part[["cut", "compute_ratio"]].round(2)
        steps = part.index[rounded.ne(rounded.shift()).any(axis=1)]
        ticks = steps[:: math.ceil(len(steps) / _TICKED)]
        axes.set_xticks(ticks, [f"{ratio:.2g}" for ratio in part.loc[ticks, "compute_ratio"]])
        axes.set_title(f"{shortened(name)}: {1 - missed.mean():.0%} inside", fontsize=10, parse_math=False)
        axes.set_ylabel("predicted above\nobserved loss (%)" if place % 2 == 0 else "", fontsize=9)
        if place >= len(names) - 2:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("runs by compute, times the largest fitted", fontsize=9)
    for axes in list(panels.flat)[len(names) :]:
        axes.set_visible(False)
    handles = [
        entry("scores", "median and 90% interval", color=POSTERIOR, marker="o", ms=4),
        entry("scores", "which misses what was observed", color=WARNING, marker="o", ms=4),
    ]
    add_legend(figure, handles, loc="outside lower center", ncols=2)
    size = counted(result.evaluations.rows, "run")
    return titled(figure, f"Runs held out of {result.evaluations.name} ({size})")


def _draw_line(
    axes: Axes, part: pd.DataFrame, column: str, place: int, label: str, *, lowest: float, among: int
) -> None:
    colours, markers = (POSTERIOR, *LAW_COLOURS), ("o", *LAW_MARKERS)
    colour, marker = colours[place % len(colours)], markers[place % len(markers)]
    cuts = part.index.to_numpy(float) + 0.08 * (place - (among - 1) / 2)
    values, errors = part[column].to_numpy(float), part[f"{column}_se"].to_numpy(float)
    good, shown = part["converged"].to_numpy(bool), values >= lowest
    named(axes.plot(cuts, np.maximum(values, lowest), color=colour, lw=0.9, alpha=0.6), "path")
    known = good & shown
    points = axes.errorbar(cuts[known], values[known], errors[known], fmt=marker, color=colour, ms=5, lw=1, label=label)
    named(points, "scores")
    below = good & ~shown
    named(axes.plot(cuts[below], np.full(below.sum(), lowest), color=colour, marker=_BELOW, ls="", ms=9), "scores")
    axes.plot(cuts[~good], np.maximum(values[~good], lowest), "x", color=WARNING, ms=8, mew=2)


def _draw_curve(axes: Axes, check: PredictiveCheck) -> None:
    _draw_uniformity(axes, check.curve, "pit", lw=1.3)
    state = "inside its band" if check.curve.inside else "outside its band"
    bad = f"; {check.pareto_k_bad} with Pareto k above {check.good_k:.2f}" if check.pareto_k_bad else ""
    axes.set(xlabel="LOO-PIT", ylabel="ECDF less uniform", xlim=(0, 1))
    axes.set_title(f"LOO-PIT by {noun_of(check.unit, check.evaluations.kind)}: {state}{bad}", fontsize=10)
    add_legend(axes, loc="upper right")


def _draw_uniformity(axes: Axes, curve: Curve, name: str, *, lw: float) -> None:
    """Distribution less the uniform one, red where it leaves its band."""
    words, colour = f"{BAND:.0%} band", POSTERIOR if curve.inside else WARNING
    draw_band(axes, curve.points, vars(curve), name="band", color=PRIOR, alpha=0.3, label=words)
    named(axes.axhline(0, color=PRIOR, lw=0.8), "reference")
    named(axes.step(curve.points, curve.difference, where="post", color=colour, lw=lw), name)


def _draw_residuals(axes: Axes, check: PredictiveCheck) -> None:
    table = check.residuals
    dated = "year" in table
    named(axes.axhline(0, color=PRIOR, lw=0.8), "reference")
    across = table["year" if dated else "parameters"]
    named(axes.plot(across, table["residual"], "o", color=POSTERIOR, ms=3, alpha=0.6, mew=0), "residuals")
    if dated:
        means = table["residual"].groupby(np.floor(table["year"])).mean()
        years, heights = [*means.index, means.index[-1] + 1], [*means, means.iloc[-1]]
        named(axes.step(years, heights, where="post", color=INK, lw=1.2), "means")
        axes.set_xlabel("published (line: mean of the year)")
    else:
        axes.set(xscale="log", xlabel="parameters (log scale)")
    axes.set_ylabel("standardised residual (posterior mean)")
    wide(axes.yaxis, table["residual"], _TICKS)
    axes.set_title("Residuals of rows", fontsize=10)


def _draw_groups(axes: Axes, check: PredictiveCheck) -> None:
    groups = check.groups.reset_index()
    shown = groups[groups["by"].isin(_GROUPED_BY) | groups["flagged"]].head(_MOST_LINES).reset_index(drop=True)
    axes.set_title(f"Groups: {counted(int(groups['flagged'].sum()), 'flag')} among {len(groups)}", fontsize=10)
    axes.set_xlabel(f"mean standardised residual ({INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} interval)")
    if shown.empty:
        axes.text(0.5, 0.5, "the rows have no groups", transform=axes.transAxes, ha="center", color=PRIOR)
        axes.set(xlabel="", xticks=[], yticks=[])
        return
    _draw_bars(axes, shown["expected_lower"], shown["expected_upper"])
    for line, row in enumerate(shown.to_dict("records")):
        colour = WARNING if row["flagged"] else POSTERIOR
        named(axes.plot([row["lower"], row["upper"]], [line, line], color=colour, lw=1.3), "groups")
        named(axes.plot(row["mean"], line, "o", color=colour, ms=4), "groups")
    labels = [f"{group[:28]} ({rows})" for group, rows in zip(shown["group"], shown["rows"], strict=True)]
    _label_lines(axes, labels)


def _draw_tails(axes: Axes, check: PredictiveCheck) -> None:
    tails = check.tails
    _draw_bars(axes, tails["replicated_lower"], tails["replicated_upper"])
    words = "observed (posterior mean)"
    named(axes.plot(tails["observed"], range(len(tails)), "o", color=POSTERIOR, ms=5, label=words), "observed")
    labels = [
        f"{name}: {row['observed']:.3g}" + (f"\n{row['where']}" if row["where"] else "") + f"\np = {row['p']:.3f}"
        for name, row in tails.to_dict("index").items()
    ]
    _label_lines(axes, labels)
    wide(axes.xaxis, tails[["observed", "replicated_lower", "replicated_upper"]], _TICKS)
    axes.set_xlabel("statistic of the standardised residuals")
    axes.set_title(f"Tails over {check.replicates:,} replicated tables", fontsize=10)
    add_legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)


def _draw_bars(axes: Axes, lower: Sequence[float] | pd.Series, upper: Sequence[float] | pd.Series) -> None:
    left, right = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    bars = axes.barh(range(len(left)), right - left, left=left, height=0.7, color=PRIOR, alpha=0.3, label=_EXPECTED)
    named(bars, "replicated")
    named(axes.axvline(0, color=PRIOR, lw=0.8), "reference")


def _label_lines(axes: Axes, labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), list(labels), fontsize=7, parse_math=False)
    axes.set_ylim(len(labels) - 0.4, -0.6)


_COLUMNS = 4


@takes_visuals("ranks", "band", "reference", "title")
def plot_calibration(calibration: Calibration, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    """Draw for each quantity how far the ranks of true values are from uniform.

    Parameters
    ----------
    calibration
        See :func:`bayes_scaling.calibrate`.
    visuals, backend

    Returns
    -------
    matplotlib.figure.Figure
        A panel a quantity: the empirical distribution of ranks less the uniform one, and the band that a calibrated
        quantity's whole curve stays in with 95% probability. Curves that leave it are red. Above 0 in the left half,
        posteriors lie too high; an S that first rises and then falls belongs to intervals that are too narrow.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.load_calibration("runs/calibration-reference-ho2024")  # doctest: +SKIP
    >>> bs.plot_calibration(found).savefig("ranks.png")  # doctest: +SKIP
    """
    names = list(calibration.table.index)
    rows = math.ceil(len(names) / _COLUMNS)
    figure = Drawing(figsize=(10, 0.9 + 1.9 * rows), dpi=100)
    axes = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True, sharey=True)
    for panel, name in zip(axes.flat, names, strict=False):
        _draw_ranks(panel, str(name), [one.ranks[name] for one in calibration.simulations if name in one.ranks])
    for panel in list(axes.flat)[len(names) :]:
        panel.set_visible(False)
    figure.supxlabel("rank of the true value among posterior draws, as a share", fontsize=9)
    figure.supylabel("distribution of ranks less uniform", fontsize=9)
    count = counted(len(calibration.simulations), "simulation")
    where = f"{calibration.specification} at the design of {calibration.evaluations}"
    return titled(figure, f"{where}: {count}, {BAND:.0%} simultaneous bands")


def _draw_ranks(axes: Axes, name: str, ranks: list[int]) -> None:
    curve = rank_curve(ranks)
    _draw_uniformity(axes, curve, "ranks", lw=1.5)
    words, ink = (shortened(name), INK) if curve.inside else (f"{shortened(name)}: outside", WARNING)
    axes.set_title(words, fontsize=9, color=ink, parse_math=False)
    axes.tick_params(labelsize=8)
