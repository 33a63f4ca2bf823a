"""The report of a robustness run, which asks whether the doubling time depends on what was chosen, and its files."""

import json
import math
from functools import partial
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.common.files import ROBUSTNESS_SETTINGS, ROBUSTNESS_TABLE
from bayes_scaling.common.formatting import in_digits, months
from bayes_scaling.common.strict_json import records
from bayes_scaling.plots import studies as plots
from bayes_scaling.plots.drawing import bracketed
from bayes_scaling.quantities.against_published import AgainstPublished
from bayes_scaling.quantities.rates import signed_months_to_double
from bayes_scaling.reports.document import Document, Row, Section
from bayes_scaling.reports.fit_words import PARTS, in_brackets, times_of
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.prose import Prose
from bayes_scaling.reports.run_directory import picture, write_beside_fits
from bayes_scaling.reports.study_document import STUDY_WORDS, versions_of
from bayes_scaling.reports.terminal import Compact, left_out
from bayes_scaling.studies.comparison.elpd import TIMES
from bayes_scaling.studies.robustness.cases import BASELINE, CASES
from bayes_scaling.studies.robustness.result import ALL_DATES, Robustness
from bayes_scaling.studies.robustness.run import UNIT, robustness_json

FILES = ("robustness.png", "robustness.md", ROBUSTNESS_TABLE, ROBUSTNESS_SETTINGS)
_MEDIAN, _LOWER, _UPPER = TIMES


def prose_of(result: Robustness) -> Prose:
    """The text of its report and of its page."""
    fits = result.table
    good = fits[fits["converged"]]
    others = good.drop(index=BASELINE, errors="ignore")
    cases = {row["case"]: row for row in records(fits)}
    base = {**cases[BASELINE], **times_of(cases[BASELINE])}
    outside = others[~others[_MEDIAN].between(base[_LOWER], base[_UPPER])]
    ordered = others.sort_index().sort_values(_MEDIAN, kind="stable")[_MEDIAN]
    return Prose(
        "robustness",
        **{**STUDY_WORDS, "plots": plots, "published": published, "published_sentence": published_sentence},
        **{"ALL_DATES": ALL_DATES, "BASELINE": BASELINE, "UNIT": UNIT},
        **{"it": result, "fits": fits, "about": result.evaluations, "noun": "case", "others": others},
        **{"cases": cases, "lost": list(fits.index[~fits["converged"]])},
        base=base if base["converged"] else None,
        found=in_digits(base, months),
        ends=[f"{months(ordered.iloc[place])} ({ordered.index[place]})" for place in (0, -1) if len(ordered)],
        outside=list(outside.index),
        unbounded=list(others.index[others[_UPPER] == math.inf]),
        unreliable=list(good.index[(good["pareto_k_bad"] > 0) & good["elpd_diff"].notna()]),
        inside=list(good.loc[good["published_months"].notna(), "published_inside"].astype(bool)),
        options=partial(options_of, result),
        versions=partial(_versions, result),
        compared={name: row for name, row in cases.items() if published(row)},
    )


def sentences(result: Robustness) -> tuple[str, ...]:
    """What the run says about the question whether the doubling time depends on what was chosen."""
    return tuple(prose_of(result).part("sentences"))


def robustness_document(result: Robustness) -> Document:
    """What a reader should see of a robustness run; ``data``: what ``robustness.json`` and ``robustness.csv`` have."""
    record = json.loads(robustness_json(result)) | {"versions": _versions(result)}
    return prose_of(result).document(record | {"table": result.table.to_dict("index")})


def _versions(result: Robustness) -> dict[str, str]:
    return dict(versions_of([] if result.directory is None else [result.fit(BASELINE)]))


def options_of(result: Robustness) -> list[str]:
    """Options of the command that runs it again."""
    some = not {*result.table.index, *result.skipped} >= {case.name for case in CASES}
    cases = [word for name in result.table.index if some and name != BASELINE for word in ("--case", str(name))]
    return [*cases, "--seed", str(result.seed)]


def published(row: Row) -> str:
    """Published point and, if there is one, interval, months; empty if nothing is published."""
    point, lower, upper = (float(row[f"published_{part}"]) for part in ("months", *PARTS[1:]))
    if math.isnan(lower):
        return "" if math.isnan(point) else months(point)
    return bracketed((point, lower, upper))


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


def robustness_report(result: Robustness) -> RenderableType:
    """The cases in a table, and what follows in sentences."""
    prose = prose_of(result)
    (found,) = prose.part("found_table")
    shown = {name: name.removesuffix(" ± dse") for name in found.columns}
    table = Compact("Doubling time of effective compute, months", found, shown, ROBUSTNESS_TABLE)
    return Group(table, *map(Text, prose.part("sentences")), *left_out(result))


def robustness_page(result: Robustness) -> str:
    """Markdown: the answer, one line a case, how published figures differ, sources, and what was skipped."""
    first, *rest = prose_of(result).sections("findings")
    lost = result.table.loc[~result.table["converged"], "reason"].items()
    reasons = tuple(f"{name}: **not converged**: {reason}" for name, reason in lost) or None
    return render_page(first.title, Section.of("cases", "", *first.blocks, reasons), *rest)


def write_robustness(result: Robustness, directory: Path) -> tuple[Path, ...]:
    """Write everything about a robustness run but its fits, which the sweep has written; returns the files."""
    drawn, page, table = picture(plots.plot_robustness(result)), robustness_page(result), result.table.to_csv()
    contents = (drawn, page.encode(), table.encode(), robustness_json(result))
    return write_beside_fits(dict(zip(FILES, contents, strict=True)), directory)
