"""The report of a robustness run, which asks whether the doubling time depends on what was chosen, and its files."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.common.files import ROBUSTNESS_SETTINGS, ROBUSTNESS_TABLE
from bayes_scaling.common.formatting import NOT_CONVERGED, counted, in_digits, months, probability
from bayes_scaling.inference.diagnostics import ESS_MIN, RHAT_MAX
from bayes_scaling.inference.units import size_of
from bayes_scaling.plots.drawing import bracketed
from bayes_scaling.plots.studies import plot_robustness
from bayes_scaling.quantities.against_published import AgainstPublished
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL, INTERVAL, interval_attrs, signed_months_to_double
from bayes_scaling.reports.document import Banner, Blocks, Document, Picture, Row, Section, Table, section, those_made
from bayes_scaling.reports.fit_basis import citation_section, command_blocks, made_with
from bayes_scaling.reports.fit_words import PARTS, in_brackets, in_months, no_upper_bound, times_of
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.run_directory import picture, write_beside_fits
from bayes_scaling.reports.svg import lead_of
from bayes_scaling.reports.terminal import compact, left_out
from bayes_scaling.studies.comparison.elpd import TIMES
from bayes_scaling.studies.directory import recorded
from bayes_scaling.studies.robustness.cases import BASELINE, CASES
from bayes_scaling.studies.robustness.result import ALL_DATES, Robustness
from bayes_scaling.studies.robustness.run import REFITS, UNIT

FILES = ("robustness.png", "robustness.md", ROBUSTNESS_TABLE, ROBUSTNESS_SETTINGS)
TITLE = "Does the doubling time depend on what was chosen?"


def robustness_document(result: Robustness) -> Document:
    """What a reader should see of a robustness run; ``data``: what ``robustness.json`` and ``robustness.csv`` have."""
    record = json.loads(robustness_json(result))
    versions = (result.fit(BASELINE).versions if result.directory is not None else {}) or record["versions"]
    about = result.evaluations
    return Document(
        title="Does the pace of progress depend on what was chosen?",
        subtitle=f"{counted(len(result.table), 'case')} on the table '{about.name}' ({size_of(about)})",
        answer=answer_of(result),
        lead=_forest(result),
        banners=tuple(banners_of(result)),
        sections=those_made(
            *(make(result) for make in _FINDINGS),
            _convergence_section(result),
            _method_section(result, versions),
            citation_section(result, (), versions),
        ),
        data=record | {"versions": dict(versions), "table": result.table.to_dict("index")},
    )


def _records(result: Robustness) -> dict[str, Row]:
    return {str(name): row for name, row in result.table.to_dict("index").items()}


def answer_of(result: Robustness) -> str:
    """In one sentence: the baseline's doubling time, and how far other choices move it."""
    rows = _records(result)
    if not rows[BASELINE]["converged"]:
        return f"{NOT_CONVERGED}: without a baseline that has converged there is nothing to compare the cases with."
    base = rows.pop(BASELINE)
    good = {name: row for name, row in rows.items() if row["converged"]}
    times = times_of(base)
    median, lower, upper = in_digits(times, months)
    first = f"Effective compute doubles every {median} months"
    if math.isinf(times["median"]):
        first = "No doubling time of effective compute is found"
    first += f" in the baseline ({INTERVAL} {lower} to {upper})"
    if not good:
        return f"{first}; no other case has converged, so nothing is known of other choices."
    low, high = _extremes(good)
    outside = len(_outside(good, base)) or "none"
    return (
        f"{first}; over {counted(len(good), 'other choice')} its median runs from {low} to {high}, {outside} of them "
        "outside the baseline's interval."
    )


def _extremes(rows: Mapping[str, Row]) -> tuple[str, str]:
    ordered = sorted(rows, key=lambda name: (rows[name][TIMES[0]], name))
    shortest, longest = (f"{months(rows[name][TIMES[0]])} ({name})" for name in (ordered[0], ordered[-1]))
    return shortest, longest


def _outside(rows: Mapping[str, Row], base: Row) -> list[str]:
    _, lower, upper = (base[column] for column in TIMES)
    return [name for name, row in rows.items() if not lower <= row[TIMES[0]] <= upper]


def banners_of(result: Robustness) -> Iterator[Banner]:
    """A baseline or cases that have not converged; a baseline without an upper bound."""
    rows = _records(result)
    lost, base = [name for name, row in rows.items() if not row["converged"]], rows[BASELINE]
    again = "Run the same command again with another --seed."
    if BASELINE in lost:
        yield Banner(
            f"{NOT_CONVERGED}: THE BASELINE",
            f"The case that all others are compared with has not converged ({base['reason']}). Do not use any figure "
            f"of this report. {again}",
        )
        return
    if lost:
        yield Banner(
            f"{NOT_CONVERGED}: {len(lost)} OF {len(rows)}",
            f"{', '.join(lost)} {'has' if len(lost) == 1 else 'have'} not converged: marked, and not counted in any "
            f"sentence. {again}",
        )
    yield from no_upper_bound("the baseline's doubling time", {**base, **times_of(base)})


def _forest(result: Robustness) -> Picture:
    said = "; ".join(
        f"{name} {in_months(times_of(row))}{'' if row['converged'] else f', {NOT_CONVERGED}'}"
        for name, row in _records(result).items()
    )
    figure = plot_robustness(result, visuals={"title": False, "figures": False, "legend": {"ncols": 1}})
    return lead_of(
        figure,
        1.6 + 0.19 * len(result.table),
        "forest",
        "Doubling time of effective compute under other choices",
        f"One line a case on a logarithmic axis of months, median and {INTERVAL}, with the published value where there "
        f"is one; the band is the baseline's interval. {said}.",
    )


@section("cases", TITLE)
def _cases_section(result: Robustness) -> Blocks:
    yield tuple(sentences(result))
    yield found_table(result)
    yield Table.of(
        "choices",
        "What each case asks, and what is fitted to which rows",
        result.table,
        {
            "case": "{case}",
            "question": "{question}",
            "model, priors": lambda row: (
                f"{row['model']}, {row['priors']}" + ("" if row["era"] == ALL_DATES else f", {row['era']} the cut")
            ),
            "rows": lambda row: f"{row['selection']} ({row['rows']} from {counted(row['papers'], 'paper')})",
        },
    )


@section("published", "Compared with what is published")
def _published_section(result: Robustness) -> Blocks:
    compared = {name: row for name, row in _records(result).items() if published(row)}
    if compared:
        yield (
            "Published figures are bootstraps of point estimates on the paper's own rows; square brackets hold 95% "
            "intervals, of doubling times in months. How wide two intervals are is compared as rates, g_C = 12 ln 2 / "
            "T_C (log units per year): an interval in months is the longer the slower progress is, and has no length "
            "where it has no bound. A published interval is turned into rates end by end; one with a negative end, of "
            "a doubling time whose sign changes, is not compared."
        )
        yield tuple(published_sentence(name, row) for name, row in compared.items())
        sources = {name: row["published_source"] for name, row in compared.items()}
        yield Table.pairs("sources", "Where each published value is from", ("case", "source"), sources)


@section("skipped", "What was skipped")
def _skipped_section(result: Robustness) -> Blocks:
    if result.skipped:
        caption = "Cases that this table does not allow, and why"
        yield Table.pairs("skipped-cases", caption, ("case", "reason"), result.skipped)


_FINDINGS = (_cases_section, _published_section, _skipped_section)


def sentences(result: Robustness) -> Iterable[str]:
    """What the run says about the question whether the doubling time depends on what was chosen."""
    rows, evaluations = _records(result), result.evaluations
    failed = [name for name, row in rows.items() if not row["converged"]]
    what = f"{counted(len(rows), 'case')} on {evaluations.name} ({size_of(evaluations)})"
    yield what + (f"; not converged, and not counted below: {', '.join(failed)}." if failed else "; all converged.")
    good = {name: row for name, row in rows.items() if name not in failed}
    if BASELINE not in good:
        yield "Without a baseline that has converged there is nothing to compare the cases with."
        return
    base = good.pop(BASELINE)
    median, lower, upper = in_digits(times_of(base), months)
    yield (
        f"Baseline: effective compute doubles every {median} months ({CREDIBLE_INTERVAL} {lower} to {upper}; "
        f"probability of progress {probability(base['probability_of_progress'])})."
    )
    if good:
        ends = " to ".join(dict.fromkeys(_extremes(good)))
        outside = ", ".join(_outside(good, base))
        yield (
            f"Median of {counted(len(good), 'other case')}, months: {ends}; "
            + (f"outside the baseline's interval: {outside}." if outside else "none outside its interval.")
        )
        unbounded = [name for name, row in good.items() if math.isinf(row[TIMES[2]])]
        if unbounded:
            yield f"Intervals without an upper bound, since no progress is not ruled out: {', '.join(unbounded)}."
        bad = [name for name, row in good.items() if not math.isnan(row["elpd_diff"]) and row["pareto_k_bad"]]
        bad = [BASELINE] * bool(base["pareto_k_bad"]) + bad
        if bad:
            yield f"elpd rests in part on unreliable terms, which were not refitted (pareto_k_bad): {', '.join(bad)}."
    compared = [row for row in (base, *good.values()) if not math.isnan(row["published_months"])]
    if compared:
        inside = sum(bool(row["published_inside"]) for row in compared)
        yield (
            f"Published beside {counted(len(compared), 'case')}: {inside} of the points lie inside the interval found."
        )


def found_table(result: Robustness) -> Table:
    """Each case's doubling time, how well it predicts, and what is published."""
    return Table.of(
        "cases-table",
        f"Doubling time of effective compute in months: median and {CREDIBLE_INTERVAL}, mapped from those of the rate. "
        "P(progress): probability of progress. elpd_diff: expected log predictive density, one evaluation left out at "
        "a time, less the baseline's, with its standard error, in nats; given for cases on exactly the baseline's "
        "rows. Published figures are of the paper's own rows, by bootstraps of point estimates.",
        result.table,
        {
            "case": "{case}",
            "rows": "{rows}",
            "found": in_brackets,
            "P(progress)": lambda row: probability(row["probability_of_progress"]),
            "elpd_diff ± dse": lambda row: _difference(row) if row["converged"] else NOT_CONVERGED,
            "published": published,
        },
        marked=lambda row: not row["converged"],
    )


def _difference(row: Row) -> str:
    if row["case"] == BASELINE:
        return "0"
    return "" if math.isnan(row["elpd_diff"]) else f"{row['elpd_diff']:.1f} ± {row['dse']:.1f}"


def published(row: Row) -> str:
    """Published point and, if there is one, interval, months; empty if nothing is published."""
    values = [float(row[f"published_{part}"]) for part in ("months", *PARTS[1:])]
    if math.isnan(values[1]):
        return "" if math.isnan(values[0]) else months(values[0])
    return bracketed(values)


def published_sentence(name: str, row: Row) -> str:
    """How a case's published figure and what was found differ."""
    rates = ""
    if not math.isnan(row["rate_width_ratio"]):  # so that a reader can tell how wide they are
        ends = (float(signed_months_to_double(row[column])) for column in ("published_upper", "published_lower"))
        theirs, ours = "[{:.2f}, {:.2f}]".format(*ends), "[{compute_rate_lower:.2f}, {compute_rate_upper:.2f}]"
        rates = f"as rates a year, published {theirs}, found {ours.format_map(row)}; "
    beside = AgainstPublished(bool(row["published_inside"]), float(row["rate_width_ratio"])).sentence
    mark = "" if row["converged"] else " (not converged)"
    return f"{name}: published {published(row)}, found {in_brackets(row)}; {rates}{beside}{mark}."


@section("convergence", "Convergence of the fits")
def _convergence_section(result: Robustness) -> Blocks:
    yield Table.of(
        "convergence-table",
        f"Largest R-hat (at most {RHAT_MAX:g}), fewest effective draws (at least {ESS_MIN:g}), divergent transitions, "
        "and terms of elpd that importance sampling and moment matching could not make reliable",
        result.table,
        {
            "case": "{case}",
            "R-hat": "{rhat_max:.4f}",
            "effective draws": "{ess_bulk_min:,.0f}",
            "divergences": "{divergences}",
            "unreliable terms": "{pareto_k_bad}",
            "converged": lambda row: "yes" if row["converged"] else f"NO: {row['reason']}",
        },
        marked=lambda row: not row["converged"],
    )


@section("method", "Method")
def _method_section(result: Robustness, versions: Mapping[str, str]) -> Blocks:
    about, asked = result.evaluations, {*result.table.index, *result.skipped}
    selected = f"; selected: {'; '.join(about.selections)}" if about.selections else ""
    yield (
        f"Table '{about.name}': {counted(about.rows, 'evaluation')} from {counted(about.papers, 'paper')}{selected}. "
        "Every case is sampled by the No-U-Turn sampler (nutpie) from its PyMC model; one that misses a criterion "
        f"gets longer and more careful attempts. Cross-validation leaves out one {UNIT} at a time, with importance "
        "sampling and moment matching but no refits. Equal fingerprints, equal fits; cases that show two eras of "
        "one fit share it."
    )
    yield from made_with(result, versions, "case")
    some = not asked >= {case.name for case in CASES}
    cases = [word for name in result.table.index if some and name != BASELINE for word in ("--case", str(name))]
    yield from command_blocks("To run it again:", ["robustness"], about, [*cases, "--seed", str(result.seed)])


def robustness_json(result: Robustness) -> bytes:
    """`robustness.json`: settings, seed, fingerprints, versions, and what was skipped."""
    return recorded(
        result,
        baseline=BASELINE,
        cases=len(result.table),
        converged=int(result.table["converged"].sum()),
        skipped=dict(result.skipped),
        interval=interval_attrs(),
        unit=UNIT,
        refits=REFITS,
        fingerprints=dict(result.fingerprints),
    )


def robustness_report(result: Robustness) -> RenderableType:
    """The cases in a table, and what follows in sentences."""
    shown = {name: name.removesuffix(" ± dse") for name in found_table(result).columns}
    table = compact("Doubling time of effective compute, months", found_table(result), shown)
    return Group(table, *map(Text, sentences(result)), *left_out(result))


def robustness_page(result: Robustness) -> str:
    """Markdown: the answer, one line a case, how published figures differ, sources, and what was skipped."""
    first, *rest = those_made(*(make(result) for make in _FINDINGS))
    lost = {name: row["reason"] for name, row in _records(result).items() if not row["converged"]}
    reasons = tuple(f"{name}: **not converged**: {reason}" for name, reason in lost.items()) if lost else None
    return render_page(TITLE, Section.of("cases", "", *first.blocks, reasons), *rest)


def write_robustness(result: Robustness, directory: Path) -> tuple[Path, ...]:
    """Write everything about a robustness run but its fits, which the sweep has written; returns the files."""
    drawn, page, table = picture(plot_robustness(result)), robustness_page(result), result.table.to_csv()
    contents = (drawn, page.encode(), table.encode(), robustness_json(result))
    return write_beside_fits(dict(zip(FILES, contents, strict=True)), directory)
