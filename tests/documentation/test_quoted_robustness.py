"""The page of robustness cases: its words from its numbers, its counts from tables, its posteriors from fresh fits."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from fresh import SEED, check_doubling_time, difference_errors, rate_of
from quoted import ENDS, UNBOUNDED, agrees, agrees_share, agrees_value, page, parts, span, table_rows

import bayes_scaling as bs
from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.quantities.against_published import published_rates
from bayes_scaling.quantities.rates import signed_months_to_double
from bayes_scaling.reports.robustness_document import robustness_page
from bayes_scaling.studies.comparison.elpd import Record
from bayes_scaling.studies.comparison.sweep import SCORES
from bayes_scaling.studies.robustness.cases import BASELINE, CASES
from bayes_scaling.studies.robustness.result import COLUMNS, rows_in_words
from bayes_scaling.studies.robustness.run import planned

PAGE = "notebooks/robustness.md"
RATES = re.compile(
    r"(?m)^- ([\w-]+): published .*; as rates a year, published \[.*\], found \[(.*), (.*)\]; .* is "
    r"([\d.]+) times as wide"
)
RATE_COLUMNS = ("compute_rate_lower", "compute_rate_upper", "rate_width_ratio")
BY_NAME = {case.name: case for case in CASES}


def printed_rows() -> dict[str, dict[str, str]]:
    return {row["case"]: row for row in table_rows(page(PAGE), "# Does the doubling time")}


def printed_rates() -> dict[str, tuple[str, str, str]]:
    """Ends of the rate's interval found, and its width over that of the published one, by case."""
    return {name: (lower, upper, ratio) for name, lower, upper, ratio in RATES.findall(page(PAGE))}


def months_of(text: str) -> float:
    return math.inf if text == UNBOUNDED else float(text)


def remade() -> str:
    """The page as its writer makes it of the figures that are printed and of everything that no fit is needed for."""
    plan, rates, rows = planned(), printed_rates(), {}
    (shortest,) = re.findall(r"Median of \d+ other cases, months: [\d.]+ \(([\w-]+)\)", page(PAGE))
    failed = dict(re.findall(r"(?m)^- ([\w-]+): \*\*not converged\*\*: (.*)$", page(PAGE)))
    unreliable = re.findall(r"(?m)^- elpd rests in part .*\(pareto_k_bad\): (.*)\.$", page(PAGE))
    unreliable = unreliable[0].split(", ") if unreliable else []
    whole = plan.tasks[BASELINE].evaluations
    for name, row in printed_rows().items():
        case, variant, table = BY_NAME[name], plan.tasks[name].variant, plan.tasks[name].evaluations
        selection = rows_in_words(table, whole)
        median, lower, upper = (months_of(each) for each in parts(row["found"]))
        median -= 1e-9 * (name == shortest)  # of cases that are printed alike
        difference = [float(each) for each in re.findall(r"-?[\d.]+", row["elpd_diff ± dse"])]
        known = case.published
        rows[name] = {
            "question": case.question,
            "model": variant.model,
            "priors": variant.label.removesuffix(f", {selection}"),
            "selection": selection,
            "era": case.era or "all dates",
            "rows": len(table),
            "papers": table["paper"].nunique(),
            "compute_doubling_months_median": median,
            "compute_doubling_months_lower": lower,
            "compute_doubling_months_upper": upper,
            **{  # such that no more digits are printed than were
                f"compute_doubling_months_mcse_{name}": 0.0 if "." in shown else 0.5
                for name, shown in zip(("median", "lower", "upper"), parts(row["found"]), strict=True)
            },
            "probability_of_progress": 1.0 if row["P(progress)"].startswith("above") else float(row["P(progress)"]),
            "elpd_diff": difference[0] if difference else math.nan,
            "dse": difference[-1] if difference else math.nan,
            "pareto_k_bad": int(name in unreliable),
            "converged": name not in failed,
            "reason": failed.get(name, ""),
            "published_months": known.months if known else math.nan,
            "published_lower": math.nan if known is None or known.lower is None else known.lower,
            "published_upper": math.nan if known is None or known.upper is None else known.upper,
            "published_inside": bool(known) and lower <= known.months <= upper,
            **dict(zip(RATE_COLUMNS, map(float, rates.get(name, ("nan",) * 3)), strict=True)),
            "published_source": known.source if known else "",
        }
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(COLUMNS)).rename_axis("case")
    about = SimpleNamespace(table=table, evaluations=summary_of(whole), skipped=plan.skipped)
    return robustness_page(about)


def test_the_page_is_what_its_writer_makes_of_its_figures() -> None:
    assert page(PAGE).splitlines() == remade().splitlines()


def test_cases_are_those_of_code() -> None:
    assert list(printed_rows()) == list(BY_NAME)


def test_rates_and_their_widths_are_those_of_the_doubling_times_as_far_as_they_are_printed() -> None:
    rows, rates = printed_rows(), printed_rates()
    compared = {name: published_rates(case.published) for name, case in BY_NAME.items() if case.published}
    assert list(rates) == [name for name, ends in compared.items() if ends[0] is not None]
    for name, (lower, upper, ratio) in rates.items():
        _, fastest, slowest = parts(rows[name]["found"])
        for rate, months in ((lower, slowest), (upper, fastest)):
            low, high = span(rate)
            if months == UNBOUNDED:
                assert low <= 0, name
            else:  # A rate is to a doubling time as a doubling time is to a rate.
                most, least = (float(signed_months_to_double(each)) for each in span(months))
                assert low <= most and least <= high, name
        (low_start, high_start), (low_end, high_end), (least, most) = map(span, (lower, upper, ratio))
        length = compared[name][1] - compared[name][0]
        assert (low_end - high_start) / length <= most, name
        assert (high_end - low_start) / length >= least, name


@dataclass(frozen=True)
class Fresh:
    """Robustness runs made again, which share what is finished."""

    directory: Path

    def run(self, case: str) -> bs.Robustness:
        return bs.robustness(cases=[case], directory=self.directory, seed=SEED, workers=1)

    def record(self, run: bs.Robustness, case: str) -> Record:
        (file,) = (self.directory / SCORES).glob(f"*-{run.fingerprints[case][:16]}.json")
        return Record.from_bytes(file.read_bytes())


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Fresh:
    return Fresh(tmp_path_factory.mktemp("robustness"))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(BY_NAME))
def test_a_case_agrees_with_a_fresh_run(fresh, name) -> None:
    run, printed, case = fresh.run(name), printed_rows()[name], BY_NAME[name]
    row = run.table.loc[name]
    assert row["converged"], row["reason"]
    fit = run.fit(name)
    check_doubling_time(fit, parts(printed["found"]), case.era)
    for text, end in zip(printed_rates().get(name, ())[:2], ENDS[1:], strict=False):
        assert agrees(text, rate_of(fit, case.era), end), text
    assert agrees_share(printed["P(progress)"], rate_of(fit, case.era) > 0), printed["P(progress)"]
    if printed["elpd_diff ± dse"] not in ("", "0"):
        errors = difference_errors(*(fresh.record(run, each).elpd for each in (name, BASELINE)))
        for text, column, error in zip(
            printed["elpd_diff ± dse"].split(" ± "), ("elpd_diff", "dse"), errors, strict=True
        ):
            assert agrees_value(text, row[column], error), (column, text, row[column], error)
