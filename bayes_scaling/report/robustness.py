"""A robustness run in words, as a table for the terminal, as a page, as plain data for scripts, and its directory."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.plain_json import strict_json
from bayes_scaling.quantities.rate_widths import Beside
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY, signed_months_to_double
from bayes_scaling.report.run_directory import picture, write_beside_fits
from bayes_scaling.result_files import ROBUSTNESS_SETTINGS, ROBUSTNESS_TABLE
from bayes_scaling.robustness_cases.cases import BASELINE
from bayes_scaling.robustness_cases.result import Robustness
from bayes_scaling.robustness_cases.run import REFITS, UNIT
from bayes_scaling.words import counted, months, probability

if TYPE_CHECKING:
    from bayes_scaling.robustness_cases.result import Robustness

Row = Mapping[Any, Any]
"""One line of a robustness table."""
_TIMES = tuple(f"compute_doubling_months_{part}" for part in ("median", "lower", "upper"))
_PUBLISHED = ("published_months", "published_lower", "published_upper")


def robustness_json(result: Robustness) -> bytes:
    """`robustness.json`: settings, seed, fingerprints, versions, and what was skipped."""
    document = {
        "evaluations": asdict(result.evaluations),
        "baseline": BASELINE,
        "cases": len(result.table),
        "converged": int(result.table["converged"].sum()),
        "skipped": dict(result.skipped),
        "interval": {"probability": INTERVAL_PROBABILITY, "kind": INTERVAL_KIND},
        "unit": UNIT,
        "refits": REFITS,
        "settings": asdict(result.settings),
        "seed": result.seed,
        "fingerprints": dict(result.fingerprints),
        "versions": package_versions(),
        "set_aside": [{"file": file, "reason": reason} for file, reason in result.set_aside],
    }
    return strict_json(document)


def robustness_csv(result: Robustness) -> bytes:
    """`robustness.csv`: one row a case."""
    return result.table.to_csv().encode()


def records(result: Robustness) -> dict[str, Row]:
    """Lines of the table by case."""
    return {str(name): row for name, row in result.table.to_dict("index").items()}


def sentences(result: Robustness) -> Iterable[str]:
    """What the run says about the question whether the doubling time depends on what was chosen."""
    rows, evaluations = records(result), result.evaluations
    failed = [name for name, row in rows.items() if not row["converged"]]
    what = f"{counted(len(rows), 'case')} on {evaluations.name} ({evaluations.rows} evaluations from "
    what += f"{evaluations.papers} papers)"
    yield what + (f"; not converged, and not counted below: {', '.join(failed)}." if failed else "; all converged.")
    good = {name: row for name, row in rows.items() if name not in failed}
    if BASELINE not in good:
        yield "Without a baseline that has converged there is nothing to compare the cases with."
        return
    base = good.pop(BASELINE)
    yield (
        f"Baseline: effective compute doubles every {months(base[_TIMES[0]])} months ({INTERVAL_PROBABILITY:.0%} "
        f"{INTERVAL_KIND} credible interval {months(base[_TIMES[1]])} to {months(base[_TIMES[2]])}; probability of "
        f"progress {probability(base['probability_of_progress'])})."
    )
    if good:
        yield from _over(good, base)
    yield from _published_in_short({BASELINE: base, **good})


def _over(good: Mapping[str, Row], base: Row) -> Iterable[str]:
    ordered = sorted((row[_TIMES[0]], name) for name, row in good.items())
    ends = dict.fromkeys(f"{months(median)} ({name})" for median, name in (ordered[0], ordered[-1]))
    outside = [name for name, row in good.items() if not base[_TIMES[1]] <= row[_TIMES[0]] <= base[_TIMES[2]]]
    yield (
        f"Median of {counted(len(good), 'other case')}, months: {' to '.join(ends)}; "
        + (f"outside the baseline's interval: {', '.join(outside)}." if outside else "none outside its interval.")
    )
    unbounded = [name for name, row in good.items() if math.isinf(row[_TIMES[2]])]
    if unbounded:
        yield f"Intervals without an upper bound, since no progress is not ruled out: {', '.join(unbounded)}."
    bad = [name for name, row in good.items() if not math.isnan(row["elpd_diff"]) and row["pareto_k_bad"]]
    if bad or base["pareto_k_bad"]:
        names = [BASELINE] * bool(base["pareto_k_bad"]) + bad
        yield f"elpd rests in part on unreliable terms, which were not refitted (pareto_k_bad): {', '.join(names)}."


def _published_in_short(good: Mapping[str, Row]) -> Iterable[str]:
    compared = [row for row in good.values() if not math.isnan(row["published_months"])]
    if compared:
        inside = sum(bool(row["published_inside"]) for row in compared)
        yield (
            f"Published beside {counted(len(compared), 'case')}: {inside} of the points lie inside the interval found."
        )


def published_sentence(name: str, row: Row) -> str:
    """How a case's published figure and what was found differ.

    Examples
    --------
    >>> row = {"published_months": 8.8, "published_lower": 4.2, "published_upper": 18.7, "published_inside": True,
    ...        "compute_doubling_months_median": 9.1, "compute_doubling_months_lower": 5.4,
    ...        "compute_doubling_months_upper": 20.2, "compute_rate_lower": 0.412, "compute_rate_upper": 1.54,
    ...        "rate_width_ratio": 0.73, "converged": True}
    >>> print(published_sentence("irreducible", row))
    irreducible: published 8.8 [4.2, 18.7], found 9.1 [5.4, 20.2]; as rates a year, published [0.44, 1.98], found
    [0.41, 1.54]; the published point lies inside the interval found, which is 0.7 times as wide as the published one.
    """
    beside = Beside(bool(row["published_inside"]), float(row["rate_width_ratio"]))
    text = f"{name}: published {published(row)}, found {found(row)}; {_rates(row)}{beside.sentence}"
    return f"{text}." if row["converged"] else f"{text} (not converged)."


def _rates(row: Row) -> str:
    """Both intervals as rates, so that a reader can tell how wide they are; empty where they are not compared."""
    if math.isnan(row["rate_width_ratio"]):
        return ""
    published = (float(signed_months_to_double(row[name])) for name in ("published_upper", "published_lower"))
    found = (float(row[name]) for name in ("compute_rate_lower", "compute_rate_upper"))
    first, second = ("[{:.2f}, {:.2f}]".format(*ends) for ends in (published, found))
    return f"as rates a year, published {first}, found {second}; "


def found(row: Row) -> str:
    """Median and interval found, months."""
    median, lower, upper = (months(float(row[name])) for name in _TIMES)
    return f"{median} [{lower}, {upper}]"


def published(row: Row) -> str:
    """Published point and, if there is one, interval, months; empty if nothing is published."""
    middle, lower, upper = (float(row[name]) for name in _PUBLISHED)
    if math.isnan(middle):
        return ""
    return months(middle) if math.isnan(lower) else f"{months(middle)} [{months(lower)}, {months(upper)}]"


def difference(name: str, row: Row) -> str:
    """Difference in elpd from the baseline, nats; empty where there is none."""
    if name == BASELINE:
        return "0"
    return "" if math.isnan(row["elpd_diff"]) else f"{row['elpd_diff']:.1f} ± {row['dse']:.1f}"


def robustness_report(result: Robustness) -> RenderableType:
    """The cases in a table, and what follows in sentences."""
    title = "Doubling time of effective compute, months"
    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("case", no_wrap=True)
    for heading in ("rows", "found", "P(progress)", "elpd_diff", "published"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for name, row in records(result).items():
        last = difference(name, row) if row["converged"] else "NOT CONVERGED"
        shown.add_row(
            name, str(row["rows"]), found(row), probability(row["probability_of_progress"]), last, published(row)
        )
    parts: list[RenderableType] = [shown, *(Text(sentence) for sentence in sentences(result))]
    parts += [Text(f"Skipped {name}: {reason}") for name, reason in result.skipped.items()]
    parts += [Text(f"Set aside: {file} ({reason})") for file, reason in result.set_aside]
    return Group(*parts)


WIDTHS = (
    "How wide two intervals are is compared as rates, g_C = 12 ln 2 / T_C (log units per year): an interval in months "
    "is the longer the slower progress is, and has no length where it has no bound. A published interval is turned "
    "into rates end by end; one with a negative end, of a doubling time whose sign changes, is not compared."
)
"""What every sentence on widths rests on."""


def robustness_page(result: Robustness) -> str:
    """Markdown: the answer, one line a case, how published figures differ, sources, and what was skipped."""
    rows = records(result)
    beside = {name: row for name, row in rows.items() if published(row)}
    lines = [
        "# Does the doubling time depend on what was chosen?",
        "",
        *(f"- {sentence}" for sentence in sentences(result)),
        "",
        f"Doubling time of effective compute in months: median and {INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} credible "
        "interval, mapped from those of the rate. P: probability of progress. elpd_diff: expected log predictive "
        "density, one evaluation left out at a time, less the baseline's, with its standard error, in nats; given for "
        "cases on exactly the baseline's rows. Published figures are of the paper's own rows, by bootstraps of point "
        "estimates.",
        "",
        "| case | question | model, priors | rows | papers | found | P | elpd_diff ± dse | published |",
        "|---|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for name, row in rows.items():
        model = f"{row['model']}, {row['priors']}" + ("" if row["era"] == "all dates" else f", {row['era']} the cut")
        mark = "" if row["converged"] else f" **not converged**: {row['reason']}"
        kept = f"{row['rows']}" if row["selection"] == "all rows" else f"{row['rows']}: {row['selection']}"
        cells = (
            name,
            row["question"],
            model,
            kept,
            row["papers"],
            found(row) + mark,
            probability(row["probability_of_progress"]),
            difference(name, row),
            published(row),
        )
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    if beside:
        lines += ["", "## Beside what is published", "", WIDTHS, ""]
        lines += [f"- {published_sentence(name, row)}" for name, row in beside.items()]
        lines += ["", "## Sources", ""]
        lines += [f"- {name}: {row['published_source']}." for name, row in beside.items()]
    if result.skipped:
        lines += ["", "## Skipped", ""]
        lines += [f"- {name}: {reason}." for name, reason in result.skipped.items()]
    return "\n".join(lines) + "\n"


FILES = ("robustness.png", "robustness.md", ROBUSTNESS_TABLE, ROBUSTNESS_SETTINGS)


def write_robustness(result: "Robustness", directory: Path) -> tuple[Path, ...]:
    """Write everything about a robustness run but its fits, which the sweep has written.

    Returns the files, in the order written. Raises BayesScalingError if the files can't be written.
    """
    from bayes_scaling.plots.robustness import plot_robustness

    contents = (
        picture(plot_robustness(result)),
        robustness_page(result).encode(),
        robustness_csv(result),
        robustness_json(result),
    )
    return write_beside_fits(dict(zip(FILES, contents, strict=True)), directory)
