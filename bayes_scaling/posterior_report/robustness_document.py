"""The report of a robustness run, which asks whether the doubling time depends on what was chosen."""

import json
import math
from collections.abc import Hashable, Mapping
from dataclasses import asdict
from typing import Any

from bayes_scaling.inference.diagnostics import ESS_MIN, RHAT_MAX
from bayes_scaling.plots.marks import NOT_CONVERGED
from bayes_scaling.posterior_report.citations import citation_section
from bayes_scaling.posterior_report.document import (
    Banner,
    Block,
    Bullets,
    Document,
    Paragraph,
    Picture,
    Section,
    Table,
)
from bayes_scaling.posterior_report.fit_method import command_blocks, table_option
from bayes_scaling.posterior_report.fit_tables import INTERVAL, in_months
from bayes_scaling.posterior_report.svg import lead_of
from bayes_scaling.report.robustness import (
    WIDTHS,
    difference,
    published,
    published_sentence,
    records,
    robustness_json,
    sentences,
)
from bayes_scaling.report.units import size_of
from bayes_scaling.robustness_cases.cases import BASELINE, CASES
from bayes_scaling.robustness_cases.result import Robustness
from bayes_scaling.robustness_cases.run import UNIT, load_robustness
from bayes_scaling.words import counted, months, probability

__all__ = ["load_robustness", "robustness_document"]

Row = Mapping[Any, Any]


def robustness_document(result: Robustness) -> Document:
    """What a reader should see of a robustness run.

    Returns whether the doubling time depends on what was chosen, with the forest plot; every case with the published
    value beside it; what was skipped and why; convergence, method and citations. Cases that did not converge are marked
    and named in a banner. ``data``: what ``robustness.json`` and ``robustness.csv`` have.

    Parameters
    ----------
    result
        Of :func:`bayes_scaling.robustness`, or read back by
        :func:`bayes_scaling.robustness_cases.run.load_robustness`.

    Examples
    --------
    >>> result = load_robustness("runs/robustness-ho2024")  # doctest: +SKIP
    >>> robustness_document(result).answer  # doctest: +SKIP
    """
    sections = (
        _cases_section(result),
        _published_section(result),
        _skipped_section(result),
        _convergence_section(result),
        _method_section(result),
        citation_section(result.evaluations.name, (), _versions(result), progress=True),
    )
    return Document(
        title="Does the pace of progress depend on what was chosen?",
        subtitle=(
            f"{counted(len(result.table), 'case')} on the table '{result.evaluations.name}' "
            f"({size_of(result.evaluations)})"
        ),
        answer=answer_of(result),
        lead=_forest(result),
        banners=banners_of(result),
        sections=tuple(section for section in sections if section is not None),
        data=_data(result),
    )


def answer_of(result: Robustness) -> str:
    """In one sentence: the baseline's doubling time, and how far other choices move it."""
    rows = records(result)
    if not rows[BASELINE]["converged"]:
        return f"{NOT_CONVERGED}: without a baseline that has converged there is nothing to compare the cases with."
    base = rows.pop(BASELINE)
    good = {name: row for name, row in rows.items() if row["converged"]}
    times = _times(base)
    first = f"Effective compute doubles every {months(times['median'])} months"
    if math.isinf(times["median"]):
        first = "No doubling time of effective compute is found"
    first += f" in the baseline ({INTERVAL} {months(times['lower'])} to {months(times['upper'])})"
    if not good:
        return f"{first}; no other case has converged, so nothing is known of other choices."
    medians = {name: float(row["compute_doubling_months_median"]) for name, row in good.items()}
    low, high = min(medians, key=medians.__getitem__), max(medians, key=medians.__getitem__)
    outside = [name for name, median in medians.items() if not times["lower"] <= median <= times["upper"]]
    second = f"over {counted(len(good), 'other choice')} its median runs from {months(medians[low])} ({low}) to "
    second += f"{months(medians[high])} ({high}), {len(outside) or 'none'} of them outside the baseline's interval"
    return f"{first}; {second}."


def banners_of(result: Robustness) -> tuple[Banner, ...]:
    """A baseline or cases that have not converged; a baseline without an upper bound."""
    rows = records(result)
    lost = [name for name, row in rows.items() if not row["converged"]]
    again = "Run the same command again with another --seed."
    found = []
    if BASELINE in lost:
        found.append(
            Banner(
                f"{NOT_CONVERGED}: THE BASELINE",
                f"The case that all others are compared with has not converged ({rows[BASELINE]['reason']}). Do not "
                f"use any figure of this report. {again}",
            )
        )
    elif lost:
        found.append(
            Banner(
                f"{NOT_CONVERGED}: {len(lost)} OF {len(rows)}",
                f"{', '.join(lost)} {'has' if len(lost) == 1 else 'have'} not converged: marked, and not counted in "
                f"any sentence. {again}",
            )
        )
    if BASELINE not in lost and math.isinf(rows[BASELINE]["compute_doubling_months_upper"]):
        found.append(
            Banner(
                "NO UPPER BOUND",
                f"The {INTERVAL} of the baseline's doubling time has no upper end (probability of progress "
                f"{probability(rows[BASELINE]['probability_of_progress'])}): no progress is not ruled out.",
            )
        )
    return tuple(found)


def _times(row: Row) -> dict[str, float]:
    return {part: float(row[f"compute_doubling_months_{part}"]) for part in ("median", "lower", "upper")}


def _forest(result: Robustness) -> Picture:
    from bayes_scaling.plots.robustness import plot_robustness

    said = "; ".join(
        f"{name} {in_months(_times(row))}{'' if row['converged'] else f', {NOT_CONVERGED}'}"
        for name, row in records(result).items()
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


def _cases_section(result: Robustness) -> Section:
    blocks = (Bullets(tuple(sentences(result))), _found_table(result), _choices_table(result))
    return Section("cases", "Does the doubling time depend on what was chosen?", blocks)


def _found_table(result: Robustness) -> Table:
    """What was found, beside what is published."""
    rows, marked = [], set()
    for place, (name, row) in enumerate(records(result).items()):
        shown = in_months(_times(row))
        if not row["converged"]:
            marked.add(place)
            shown = f"{NOT_CONVERGED}: {shown}"
        rows.append(
            (
                name,
                str(row["rows"]),
                shown,
                published(row),
                probability(row["probability_of_progress"]),
                difference(name, row) if row["converged"] else "",
            )
        )
    columns = (
        "case",
        "rows",
        "found (months)",
        "published (months)",
        "probability of progress",
        "elpd difference (nats)",
    )
    caption = (
        f"Doubling time of effective compute in months, median and {INTERVAL}, mapped from those of the rate; "
        "published: bootstraps of point estimates, of the paper's own rows; difference in expected log predictive "
        "density from the baseline with its standard error, for cases on exactly its rows"
    )
    return Table("cases-table", caption, columns, tuple(rows), frozenset(marked))


def _choices_table(result: Robustness) -> Table:
    """What each case asks, and what is fitted to which rows."""
    rows = []
    for name, row in records(result).items():
        era = "" if row["era"] == "all dates" else f", {row['era']} the cut"
        kept = f"{row['selection']} ({row['rows']} from {counted(row['papers'], 'paper')})"
        rows.append((name, str(row["question"]), f"{row['model']}, {row['priors']}{era}", kept))
    columns = ("case", "question", "model, priors", "rows")
    return Table("choices", "What each case asks, and what is fitted to which rows", columns, tuple(rows))


def _published_section(result: Robustness) -> Section | None:
    """How published values and what was found differ; None where nothing is published."""
    beside = {name: row for name, row in records(result).items() if published(row)}
    if not beside:
        return None
    about = Paragraph(
        "Published figures are bootstraps of point estimates on the paper's own rows; square brackets hold 95% "
        f"intervals, of doubling times in months. {WIDTHS}"
    )
    sources = tuple((name, str(row["published_source"])) for name, row in beside.items())
    return Section(
        "published",
        "Beside what is published",
        (
            about,
            Bullets(tuple(published_sentence(name, row) for name, row in beside.items())),
            Table("sources", "Where each published value is from", ("case", "source"), sources),
        ),
    )


def _skipped_section(result: Robustness) -> Section | None:
    if not result.skipped:
        return None
    rows = tuple((name, reason) for name, reason in result.skipped.items())
    caption = "Cases that this table does not allow, and why"
    return Section("skipped", "What was skipped", (Table("skipped-cases", caption, ("case", "reason"), rows),))


def _convergence_section(result: Robustness) -> Section:
    rows, marked = [], set()
    for place, (name, row) in enumerate(records(result).items()):
        if not row["converged"]:
            marked.add(place)
        rows.append(
            (
                name,
                f"{row['rhat_max']:.4f}",
                f"{row['ess_bulk_min']:,.0f}",
                str(row["divergences"]),
                str(row["pareto_k_bad"]),
                "yes" if row["converged"] else f"NO: {row['reason']}",
            )
        )
    columns = ("case", "R-hat", "effective draws", "divergences", "unreliable terms", "converged")
    caption = (
        f"Largest R-hat (at most {RHAT_MAX:g}), fewest effective draws (at least {ESS_MIN:g}), divergent transitions, "
        "and terms of elpd that importance sampling and moment matching could not make reliable"
    )
    blocks: tuple[Block, ...] = (Table("convergence-table", caption, columns, tuple(rows), frozenset(marked)),)
    return Section("convergence", "Convergence of the fits", blocks)


def _versions(result: Robustness) -> Mapping[str, str]:
    """Versions of software that made the fits; those at hand where no fit was kept."""
    if result.directory is not None:
        versions = result.fit(BASELINE).versions
        if versions:
            return versions
    plain: dict[str, str] = _plain(result)["versions"]
    return plain


def _method_section(result: Robustness) -> Section:
    about = result.evaluations
    chosen = f"; selected: {'; '.join(about.selections)}" if about.selections else ""
    settings = [*asdict(result.settings).items(), ("seed", result.seed)]
    blocks: list[Block] = [
        Paragraph(
            f"Table '{about.name}': {counted(about.rows, 'evaluation')} from {counted(about.papers, 'paper')}{chosen}. "
            "Every case is sampled by the No-U-Turn sampler (nutpie) from its PyMC model; one that misses a criterion "
            f"gets longer and more careful attempts. Cross-validation leaves out one {UNIT} at a time, with importance "
            "sampling and moment matching but no refits. Equal fingerprints, equal fits; cases that show two eras of "
            "one fit share it."
        ),
        Table(
            "settings",
            "Settings of the first attempt of each fit",
            ("setting", "value"),
            tuple((name, str(value)) for name, value in settings),
        ),
        Table("versions", "Versions of software", ("package", "version"), tuple(_versions(result).items())),
        Table(
            "fingerprints",
            "Fingerprints: SHA-256 of data, specification, priors, settings, seed and versions",
            ("case", "fingerprint"),
            tuple(result.fingerprints.items()),
        ),
    ]
    if result.set_aside:
        blocks.append(Bullets(tuple(f"Could not be read: {file} ({reason})" for file, reason in result.set_aside)))
    blocks += [
        *command_blocks(
            "To run it again:", ["robustness", *table_option(about), *_cases(result), "--seed", str(result.seed)], about
        ),
    ]
    return Section("method", "Method", tuple(blocks))


def _cases(result: Robustness) -> list[str]:
    """Options that name the cases, where not all were asked for."""
    asked = {*result.table.index, *result.skipped}
    if asked >= {case.name for case in CASES}:
        return []
    return [word for name in result.table.index if name != BASELINE for word in ("--case", str(name))]


def _plain(result: Robustness) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(robustness_json(result))
    return plain


def _data(result: Robustness) -> dict[str, Any]:
    table = result.table.astype(object).where(result.table.notna(), None)
    rows: dict[Hashable, Any] = table.to_dict("index")
    return _plain(result) | {
        "versions": dict(_versions(result)),
        "table": {str(name): row for name, row in rows.items()},
    }
