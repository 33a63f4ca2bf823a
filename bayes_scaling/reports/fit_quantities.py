"""What is reported of a fit, quantity by quantity: report, `summary.json` and the terminal read one table."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text
from xarray import DataArray

from bayes_scaling.common.formatting import NOT_CONVERGED, between, in_digits, months
from bayes_scaling.common.formatting import number as precise
from bayes_scaling.common.strict_json import plain, strict_json
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.mixing import chain_groups
from bayes_scaling.inference.result import Fit
from bayes_scaling.plots.drawing import plot_intervals
from bayes_scaling.quantities.coefficients import coefficients, groups_and_noise, posterior_table, unidentified
from bayes_scaling.quantities.doubling import doubling_table, doubling_times
from bayes_scaling.quantities.fit_findings import fit_findings
from bayes_scaling.quantities.identification import as_plain, can_identify, identification
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.rates import INTERVAL
from bayes_scaling.reports import fit_results, fit_words
from bayes_scaling.reports.document import Blocks, Section, Table, section
from bayes_scaling.reports.fit_trust import identification_section, predictive_section
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.reports.terminal import NARROW, rich_table, what_failed
from bayes_scaling.studies.comparison.alternatives import alternatives_to
from bayes_scaling.studies.comparison.chain_weights import chain_weights
from bayes_scaling.tables.faults import printable


@dataclass(frozen=True)
class Quantity:
    """A section of a fit's report, and what `summary.json` and the terminal have of the same."""

    section: Callable[..., Section | None]  # of a fit
    progress: bool | None = None  # whether it is of laws with progress, of laws without, or of all
    at_levels: bool = False  # of the levels that columns are set to, where laws with progress are reported at all
    folded: bool = False  # whether it is for statisticians
    summary: Callable[[Fit], Mapping[str, Any]] = lambda fit: {}
    terminal: Callable[[Fit], RenderableType | None] = lambda fit: None


def quantity(
    name: str,  # with hyphens
    title: str,
    words: str,
    draws: Callable[[Fit], DataArray],  # refuses a fit that lacks the quantity, which the report then says
    *,
    plot: Callable[[Fit], Figure] | None = None,  # by default of the intervals
    progress: bool | None = None,
) -> Quantity:
    """What is reported of draws: words on what they are, a picture, a table, entries of `summary.json`."""

    @section(name, title, refusable=True)
    def shown(fit: Fit) -> Blocks:
        table = credible_intervals(draws(fit))
        unit = table.attrs["unit"]
        figure = plot_intervals(fit, table, f"{title} ({unit})") if plot is None else plot(fit)
        said = "; ".join(f"{of} {fit_words.in_numbers(row)}" for of, row in table.iterrows())
        yield words
        yield picture_of(figure, f"{name}-picture", title, f"Median with {INTERVAL} ({unit}): {said}.")
        number, interval = fit_words.number, fit_words.span("lower", "upper")
        rows = tuple((str(of), number(row["median"]), interval(row)) for of, row in table.iterrows())
        yield Table(f"{name}-table", f"{title}; {unit}", ("of", "median", INTERVAL), rows)

    def found(fit: Fit) -> pd.DataFrame | None:
        try:
            return credible_intervals(draws(fit))
        except BayesScalingError:
            return None

    def summary(fit: Fit) -> Mapping[str, Any]:
        table = found(fit)
        return {name.replace("-", "_"): None if table is None else plain(table.to_dict("index"))}

    def terminal(fit: Fit) -> RichTable | None:
        if (table := found(fit)) is None:
            return None
        rows = (row[:3] for row in _by_name(table.assign(unit="")))
        return rich_table(f"{title} ({table.attrs['unit']})", ("", "median", INTERVAL), rows)

    return Quantity(shown, progress, summary=summary, terminal=terminal)


def _doubling_table(fit: Fit) -> RichTable:
    cells = ((str(name), *fit_words.times_cells(row)) for name, row in doubling_times(fit).iterrows())
    rows = ((name, median.removesuffix(" by this law"), *rest) for name, median, *rest in cells)
    return rich_table("Doubling times in months", ("", "median", INTERVAL, "P(progress)"), rows, **NARROW)


_LONGEST = 14  # rows of a table in the terminal; in a longer one all levels of a quantity share one
_LEVELS = "Of several levels, medians and intervals from the lowest to the highest; each is in report and summary.json."


def _by_name(*tables: pd.DataFrame, unknown: Collection[str] = ()) -> Iterator[tuple[str, str, str, str]]:
    """Name, median, interval and unit of estimates by name, as many as fit into a screen."""
    short = sum(map(len, tables)) > _LONGEST
    for table in tables:
        names = [str(name).partition("[")[0] if short else str(name) for name in table.index]
        for (stem, lost), own in table.groupby([names, table.index.isin(unknown)], sort=False):
            texts = pd.DataFrame([in_digits(row, precise) for row in own.to_dict("records")], columns=fit_words.PARTS)
            low, high, lower, upper = (
                texts[part].iloc[own[part].argsort().iloc[place]]
                for part, place in (("median", 0), ("median", -1), ("lower", 0), ("upper", -1))
            )
            median = "not identified" if lost else low if low == high else between(low, high)
            unit = "nearly the prior's interval" if lost else str(own["unit"].iloc[0])
            levels = f" ({len(own)} levels)" if len(own) > 1 else ""
            yield f"{stem}{levels if short else ''}", median, between(lower, upper), unit


def _coefficient_table(fit: Fit) -> RenderableType | None:
    """Of a law with progress only what doubling times leave open: groups and noise."""
    tables = (*(() if fit.specification.progresses else (coefficients(fit),)), groups_and_noise(fit))
    rows = list(_by_name(*tables, unknown=unidentified(fit)))
    title = "Groups and noise" if fit.specification.progresses else "Coefficients"
    title += " (a: the optimal N grows as C^a)" if any(row[0] == "a" for row in rows) else ""
    table = rich_table(title, ("", "median", INTERVAL, "unit"), rows, **NARROW)
    return Group(table, Text(_LEVELS)) if sum(map(len, tables)) > len(rows) else table if rows else None


def _coefficients(fit: Fit) -> Mapping[str, Any]:
    found = plain(posterior_table(fit).to_dict("index"))
    if fit.specification.progresses:
        return {"parameters": found}
    own = {str(name): found[name] for name in coefficients(fit).index}
    return {"coefficients": own, "unidentified": list(unidentified(fit)), "parameters": found}


_ESTIMATES = Quantity(
    fit_results.coefficients_section, progress=False, summary=_coefficients, terminal=_coefficient_table
)
QUANTITIES = (
    Quantity(fit_results.effective_compute_section, progress=True),
    Quantity(fit_results.reach_section, at_levels=True),
    Quantity(fit_results.allocation_section, progress=False),
    Quantity(fit_results.doubling_section, progress=True, folded=True, terminal=_doubling_table),
    Quantity(fit_results.ridge_section, progress=True, folded=True),
    Quantity(fit_results.attribution_section, progress=True, at_levels=True, folded=True),
    _ESTIMATES,
    replace(_ESTIMATES, progress=True, folded=True),
    Quantity(predictive_section, folded=True),
    Quantity(
        identification_section,
        folded=True,
        summary=lambda fit: {"identification": as_plain(identification(fit))} if can_identify(fit) else {},
    ),
)
"""In their order. One that needs no more than :func:`quantity` says is an entry here and a function in `quantities`."""


def quantities_of(fit: Fit) -> Iterator[Quantity]:
    """What is reported of a fit."""
    return (each for each in QUANTITIES if each.progress in (None, fit.specification.progresses))


def fit_report(fit: Fit) -> RenderableType:
    """The answer, doubling times (coefficients, of a law without progress), diagnostics, and who decided the answer."""
    d, parts = fit.diagnostics, list[RenderableType]()
    parts.append(Text(fit_words.sentence(fit), style="bold" if d.converged else "bold red"))
    parts += [Text(fit_words.estimand(fit))] if fit.specification.progresses else []
    for each in quantities_of(fit):
        if (table := each.terminal(fit)) is not None:
            parts += [Text(), table]
    state = Text("converged", style="green") if d.converged else Text(NOT_CONVERGED, style="bold red")
    parts.append(state.append(f": {d.facts}", style="default not bold"))
    if d.escalated:
        left = " The divergences or deep trees left are below 0.1% of the draws."
        parts.append(Text(f"{fit_words.ESCALATED}{left if d.converged and not d.clean else ''}"))
    parts += [] if d.converged else what_failed(fit)
    parts += [Text(printable(str(each)), style="yellow") for each in fit_findings(fit)]
    parts += map(Text, identification(fit).sentences[:2] if can_identify(fit) else ())  # the report has the third
    return Group(*parts)


def _table_of(fit: Fit) -> dict[str, Any]:
    """Name and size of a fit's table; runs come in series, if in any, and not from papers."""
    found = {name: value for name, value in asdict(fit.evaluations).items() if name != "warnings"}
    if fit.evaluations.kind == "runs":
        series = found.pop("papers")
        found["series"] = None if series == fit.evaluations.rows else series
    return found


def groups_report(fit: Fit) -> RenderableType | None:
    """A table of the groups with their weights and answers; None where all chains belong together."""
    if len(chain_groups(fit.data["posterior"].to_dataset())) == 1:
        return None
    found = chain_weights(fit)
    name = str(found.attrs["quantity"])
    heading, words = ("T_C, months", months) if fit.specification.progresses else (name, precise)
    rows = []
    for row in found.to_dict("records"):
        median, lower, upper = (words(float(row[f"{name}_{part}"])) for part in fit_words.PARTS)
        share = "not found" if math.isnan(row["mass_share"]) else f"{row['mass_share']:.1%}"
        chains = ", ".join(map(str, row["chains"]))
        rows.append((chains, share, f"{row['stacking_weight']:.1%}", median, between(lower, upper)))
    title = f"{len(found)} groups of chains that do not mix: several modes, perhaps"
    table = rich_table(title, ("chains", "share of mass", "stacking weight", heading, INTERVAL), rows)
    note = Text(
        "Shares of mass take each mode as normal; stacking weights say which mixture predicts best, and decide nothing "
        "between modes that predict alike. Neither turns the figures above into an average that can be used."
    )
    return Group(Text(), table, note)


def summarise(fit: Fit) -> dict[str, Any]:
    """Plain data for scripts; the content of `summary.json`, with null for what is not defined or has no bound."""
    times, found = doubling_table(fit), fit.diagnostics
    told: dict[str, Any] = {"estimand": fit_words.estimand(fit)} if fit.specification.progresses else {}
    if (others := alternatives_to(fit)) is not None:
        average = {"specifications": others.specifications, "unit": others.unit, "weights": "stacking"}
        told["over_specifications"] = average | plain(others.average)
    return {
        "specification": fit.specification.name,
        "evaluations": _table_of(fit),
        "doubling_time_months": {
            str(name): None if math.isnan(row["median"]) else plain(row) for name, row in times.to_dict("index").items()
        },
        **{key: value for each in quantities_of(fit) for key, value in each.summary(fit).items()},
        **told,
        "interval": times.attrs["interval"],
        "diagnostics": asdict(found) | {"converged": found.converged},
        "warnings": [asdict(each) for each in fit_findings(fit)],
        "settings": asdict(fit.settings),
        "seconds": {name: round(value, 3) for name, value in fit.seconds.items()},
        "versions": dict(fit.versions),
        "seed": fit.seed,
        "fingerprint": fit.fingerprint,
    }


def summary_json(fit: Fit) -> bytes:
    """`summary.json`, strict JSON in UTF-8."""
    return strict_json(summarise(fit))
