"""Interactive charts of a fit: each with a title that says what was found, its words and the table behind it."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import amount, between, counted, in_digits, month_of, months, probability
from bayes_scaling.inference.data import named_rows
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.estimates import published_estimates
from bayes_scaling.law.formula import training_compute
from bayes_scaling.law.published import HO2024_COMPUTE, MOORE
from bayes_scaling.plots import interactive
from bayes_scaling.plots.progress import MONTHS, log_time_density
from bayes_scaling.quantities.curves import BAND, largest_run, loss_curves, reach_grid, split_curves
from bayes_scaling.quantities.doubling import doubling_times, pooled_rate, prior_rates
from bayes_scaling.quantities.effective_compute import effective_compute, growth_factor
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import at_most_common, laws_of
from bayes_scaling.quantities.rates import INTERVAL, summarise_rate
from bayes_scaling.reports.document import Chart, printable
from bayes_scaling.reports.fit_words import PARTS, Row, in_months, span, warning
from bayes_scaling.specifications.laws import RESPONSE_UNITS
from bayes_scaling.studies.comparison.alternatives import alternatives_to
from bayes_scaling.tables.benchmarks import title
from bayes_scaling.tables.packaged import load_evaluations

_BAND = f"{BAND:.0%} credible band"
NEXT = 10  # times the largest run's compute: the first budget of a report


def _chart(
    fit: Fit, name: str, said: str, view: interactive.View, data: pd.DataFrame, note: str, in_words: str = ""
) -> Chart:
    """A chart of one view that says what a fit found; ``in_words``: what it shows, unless title and note say it."""
    said = warning(fit) + said
    return Chart(name, said, {"": view}, warning(fit) + in_words if in_words else f"{said}. {note}", data, note)


def loss_chart(fit: Fit, *, fitted: bool = True) -> Chart | None:
    """Every row against compute, date or size, with the ``fitted`` law; None where rows have neither."""
    rows, response = named_rows(fit.data), fit.specification.response
    points = _points(rows, response)
    axes = [name for name in interactive.AXIS_TITLES if name in points]
    if not axes:
        return None
    curves = loss_curves(at_most_common(fit)) if fitted else pd.DataFrame()
    if len(curves):
        curves = curves.assign(benchmark=[title(each) if each else "" for each in curves["benchmark"]])
    unit = _axis_of(response)
    what = counted(len(points), "training run" if fit.evaluations.kind == "runs" else "evaluation")
    found = _fall(curves, unit)
    groups = interactive.groups_of(points)
    note = f"Points: {what}{', one benchmark at a time' if 'benchmark' in groups else ''}."
    if len(curves):
        of = "compute split in the best way, or the other size held fixed."
        if fit.specification.progresses:
            of = "systems of usual size and training set for their place on the axis, transformers where it matters."
        note += f" Lines: what the fitted law expects, with its {_BAND}; {of}"
    shown = points.rename(columns={"name": "system", "loss": unit})
    alternative = f"{what} against {', '.join(interactive.AXIS_TITLES[axis] for axis in axes)}. {note} {found}"
    said = warning(fit) + found if found else f"{what}, row by row"
    views = interactive.loss_views(points, curves, unit)
    if groups:
        note += " A click on a name in the legend shows its group alone, a click elsewhere shows all."
    return Chart("rows", said, views, alternative, shown, f"{note} Data: table '{fit.evaluations.name}'.")


def _axis_of(response: str) -> str:
    return f"{response.replace('_', ' ')} ({RESPONSE_UNITS[response]})"


def _points(rows: pd.DataFrame, response: str) -> pd.DataFrame:
    """Rows as marks: their places on the axes, and what a reader sees on hover."""
    names = rows["system"].astype(str) if "system" in rows else rows.index.to_series()
    kept = rows.to_dict("records")
    points = pd.DataFrame({"name": names, "link": list(map(_link, kept))})
    points = points.join(rows.filter(["paper", "architecture"]).astype(str))
    if "benchmark" in rows:
        points["benchmark"] = rows["benchmark"].map(lambda each: title(str(each)))
    if "year" in rows:
        points["published"] = rows["year"].map(lambda year: "" if math.isnan(year) else month_of(year))
    sizes = [name for name in ("parameters", "tokens") if name in rows and rows[name].notna().any()]
    points["size"] = [
        ", ".join(f"{amount(row[name])} {name}" for name in sizes if row[name] == row[name]) for row in kept
    ]
    points["loss"] = rows[response]
    if len(sizes) == 2:
        points["compute"] = training_compute(rows["parameters"], rows["tokens"])
    points = points.join(rows.filter(["year", *sizes]))
    return points.reset_index(names="row")[["name", *points.columns.drop("name"), "row"]]


@cache
def _papers() -> Mapping[str, str]:
    """Addresses of papers by their titles, as far as a packaged table has them."""
    known = load_evaluations("collected")[["paper", "url"]].dropna().drop_duplicates("paper")
    return dict(zip(known["paper"].astype(str), known["url"].astype(str), strict=True))


def _link(row: Mapping[Any, Any]) -> str:
    """The first of a row's addresses that a browser may be sent to, or that of its paper."""
    for text in (*(str(row.get(name, "")).strip() for name in ("url", "source")), _papers().get(str(row.get("paper")))):
        try:
            parts = urlsplit(text or "")
        except ValueError:  # such as half an IPv6 address
            continue
        if text and parts.scheme in ("http", "https") and parts.netloc and text.isprintable() and " " not in text:
            return text
    return ""


def _fall(curves: pd.DataFrame, unit: str) -> str:
    """By how much the expected loss falls: over time at one compute, or over compute."""
    of_compute = curves[curves["axis"] == "compute"] if len(curves) else curves
    if of_compute.empty or not unit.startswith("loss"):
        return ""
    benchmark = of_compute["benchmark"].iloc[0]
    lines = [line for _, line in of_compute[of_compute["benchmark"] == benchmark].groupby("curve", sort=False)]
    if len(lines) > 1:
        first, last = (line.iloc[len(line) // 2] for line in (lines[0], lines[-1]))
        said = f"With {_flop(first['x'])}, the expected loss{f' on {benchmark}' if benchmark else ''} fell from "
        return said + " to ".join(f"{each['median']:.2f} {each['curve']}" for each in (first, last))
    first, last = lines[0].iloc[0], lines[0].iloc[-1]
    said = f"From {_flop(first['x'])} to {_flop(last['x'])}, the expected loss falls from "
    return f"{said}{first['median']:.2f} to {last['median']:.2f}"


def _flop(value: float) -> str:
    front, exponent = f"{value:.1e}".split("e")
    times = "" if float(front) == 1 else f"{float(front):g} × "
    return f"{times}10{str(int(exponent)).translate(_SUPERSCRIPTS)} FLOP"


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def reach_chart(fit: Fit) -> Chart:
    """What a budget reaches in a year, for a reader who chooses both."""
    fit = at_most_common(fit)
    grid, unit = reach_grid(fit), _axis_of(fit.specification.response)
    grid["said"] = pd.Series([_reached(row) for row in grid.to_dict("records")], grid.index)
    inside = grid[~grid["beyond"] & grid["median"].notna()]
    row = (inside if len(inside) else grid.dropna(subset=["median"])).iloc[-1]
    static = bool(grid["year"].isna().all())
    said = f"{_budget(row)} reach a loss of {row['median']:.2f} ({_band(row)})"
    table = grid.drop(columns=["said", *(["year"] if static else [])])
    where = "" if static else f" on {title(laws_of(fit).benchmark_of())}"
    split = "at the best split of a budget" if static else "of systems as large as is usual for their compute"
    note = (
        f"Expected loss{where} {split}, with its {_BAND}. What lies beyond the table's largest compute or last year is "
        "extrapolated by the law alone."
    )
    return _chart(fit, "reach", said, interactive.reach_view(grid, unit, row.to_dict()), table, note)


def _budget(row: Row) -> str:
    return _flop(10 ** row["log_compute"]) + ("" if math.isnan(row["year"]) else f" in {row['year']:.0f}")


def _band(row: Row) -> str:
    return f"{BAND:.0%} interval {row['lower']:.2f} to {row['upper']:.2f}"


def _reached(row: Row) -> list[str]:
    """What a budget reaches, in lines of a chart."""
    lines = [f"{_budget(row)}: loss {row['median']:.2f}", _band(row)]
    if math.isnan(row["year"]) and row["parameters"] == row["parameters"]:
        lines.append(f"best with {amount(row['parameters'])} parameters, {amount(row['tokens'])} tokens")
    return [*lines, *(["extrapolated"] if row["beyond"] else [])]


def growth_chart(fit: Fit) -> Chart:
    """What better algorithms multiplied compute by, over the years of the data."""
    years = named_rows(fit.data)["year"]
    start, end, latest = float(np.floor(years.min())), float(np.ceil(years.max())), float(years.max())
    grid = np.arange(start, end + 1)
    table = credible_intervals(effective_compute(fit, start, grid))
    table, last = table.rename_axis("year").reset_index()[["year", *PARTS]], table.iloc[-1]
    median, *ends = in_digits(last, amount)
    others = [
        pd.DataFrame({"year": grid, "growth": growth_factor(grid - start, each.months)}).assign(
            label=f"{each.label}: {each.months:g} months"
        )
        for each in (HO2024_COMPUTE, MOORE)
    ]
    said = (
        f"By {end:.0f}, better algorithms made the same compute worth {median} times what it was worth in "
        f"{start:.0f} ({INTERVAL} {between(*ends)})"
    )
    note = f"Effective over physical compute, {start:.0f} = 1: median and {INTERVAL}; dashed: others' doubling times."
    if end > latest:
        note += f" The last row is of {month_of(latest)}: what follows is extrapolated."
    view = interactive.growth_view(table, pd.concat(others), f"times {start:.0f}", f"this analysis: {median} times")
    return _chart(fit, "effective-compute-growth", said, view, table, note)


def doubling_chart(fit: Fit) -> Chart | None:
    """How plausible each doubling time is, before and after the data; None where there is no density."""
    posterior, prior = log_time_density(pooled_rate(fit, "g_C")), prior_rates(fit)
    if posterior is None or not posterior.max() > 0:
        return None
    density = pd.DataFrame({"months": MONTHS, "posterior": posterior})
    if (expected := log_time_density(prior)) is not None:
        density["prior"] = expected
    before = "it has no prior of its own"
    if prior is not None:
        before = f"before the data {span('lower', 'upper', months)(summarise_rate(prior))} months"
    row = doubling_times(fit).loc["compute"].to_dict()
    others = [
        (f"{each.label}: {each.months:g}" + ("" if each.lower is None else f" ({each.lower:g} to {each.upper:g})"),
         (each.months, each.lower or each.months, each.upper or each.months))
        for each in (HO2024_COMPUTE, MOORE)
    ]  # fmt: skip
    note = f"How plausible each doubling time is, on a logarithmic axis; dashed: before the data. Shaded: {INTERVAL}."
    said = f"The compute needed for the same loss halves every {in_months(row)} months"
    alternative = (
        f"{said}; {before}; probability of progress {probability(row['probability_of_progress'])}. "
        f"Marked: {'; '.join(label for label, _ in others)} months."
    )
    own = f"this analysis: {in_months(row)}"
    view = interactive.density_view(density, [row[part] for part in PARTS], own, others)
    thinned = density.iloc[:: len(density) // 60].round(5)
    return _chart(fit, "doubling-time", said, view, thinned, note, alternative)


def estimates_chart(fit: Fit) -> Chart:
    """This answer, that over all specifications, and every published one with what it measures."""
    own: list[dict[str, Any]] = [{"label": "this analysis", **doubling_times(fit).loc["compute"]}]
    if (others := alternatives_to(fit)) is not None:
        label = f"{others.specifications} specifications together"
        own.append({"label": label, "what": f"averaged {others.how}", **others.average})
    theirs = published_estimates().rename(columns={"source": "label", "estimand": "what", "months": "median"})
    table = pd.concat([pd.DataFrame(own).assign(group="this table"), theirs.assign(group="published")])
    table["what"] = table["what"].fillna(f"compute for the same loss, table '{printable(fit.evaluations.name)}'")
    figures = [in_months(row) for row in table.to_dict("records")]
    table = table.assign(months=figures, label=pd.Series(figures, table.index) + ": " + table["label"])
    algorithms = theirs[theirs.index != "moore"]
    least, most = (algorithms["median"].fillna(algorithms[end]) for end in ("lower", "upper"))
    said = (
        f"Published doubling times run from {months(least.min())} to {months(most.max())} months, "
        f"depending on what they measure; this analysis finds {in_months(own[0])}"
    )
    note = (
        f"Doubling times in months: median and {INTERVAL}; of what is published the interval that its source gives, "
        "or the range of several figures. Point at a line for what it measures."
    )
    table = table[["label", "what", "period", "group", *PARTS, "months"]].fillna({"period": ""})
    plain = table.assign(upper=table["upper"].replace(math.inf, 1e6)).reset_index(drop=True)
    return _chart(fit, "estimates", said, interactive.estimates_view(plain), table.drop(columns="months"), note)


def split_chart(fit: Fit, said: str, asked: float | None = None) -> Chart:
    """Parameters and tokens that make the most of budgets, up to three powers of ten beyond the runs, or one asked."""
    asked = NEXT * largest_run(fit) if asked is None else asked
    table = split_curves(fit, asked)
    note = f"Best numbers of parameters and training tokens with {INTERVAL}; shaded: beyond the largest run."
    marked = table[table["compute"] == asked]
    marked = marked.assign(said=marked["median"].map(amount) + " " + marked["size"])
    views = {"": interactive.split_view(table, largest_run(fit), marked)}
    heading = "Parameters and training tokens that make the most of a budget"
    return Chart("best-split-lead", heading, views, f"{note} {said}", table, note)
