"""Numbers in the README and on the generated pages come from code: a quoted number that drifts fails here.

Every number in the README's prose is claimed below by a phrase and what computes it; one that nothing claims fails,
too. A page's sentences are made again from its own tables by the functions that write it. What has to be sampled again
to be checked is checked by the slow tests, within Monte Carlo error.
"""

import json
import math
import re

import nbformat
import numpy as np
import pandas as pd
import pytest
from fresh import batch_errors, check_doubling_time
from penalised_fits import fit_around
from published_points import MODEL_7, WITH_FACTOR
from quoted import (
    COUNT,
    DIMS,
    ENDS,
    ROOT,
    Claim,
    agrees,
    agrees_share,
    agrees_value,
    cells,
    check_claim,
    page,
    parts,
    prose,
    size,
    span,
    table_rows,
    unclaimed,
)

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_CROSS_VALIDATION, HO2024_DELTAS
from bayes_scaling.cli import EXIT_BAD_INPUT
from bayes_scaling.commands.options import EXIT_UNCONVERGED
from bayes_scaling.common.formatting import in_digits, months
from bayes_scaling.inference.diagnostics import EBFMI_MIN, ESS_MIN, RHAT_MAX, TOLERATED_FRACTION
from bayes_scaling.inference.settings import DEFAULT
from bayes_scaling.law.published import HO2024_COMPUTE
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, months_to_double
from bayes_scaling.reports import replication_document
from bayes_scaling.specifications.sections import CENTRE_PARAMETERS, CENTRE_YEAR
from bayes_scaling.studies import replication as answers_module
from bayes_scaling.studies.calibration.calibrate import stated_intervals
from bayes_scaling.studies.calibration.settings import PROBABILITY, SIMULATIONS
from bayes_scaling.studies.calibration.stated import QUESTIONS, Split, stated_coverage
from bayes_scaling.studies.replication import GAIN_MODEL, MODEL, answers
from bayes_scaling.studies.robustness.cases import CASES
from bayes_scaling.tables.ho2024_rules import PUBLISHED as PUBLISHED_COUNTS

WORDS = {20: "twenty", 30: "thirty", 31: "thirty-one", 32: "thirty-two"}
ANSWER = (
    r"effective compute doubles every ([\d.]+) months \((\d+)% equal-tailed credible interval ([\d.]+) to "
    r"([\d.]+|no bound); probability of progress ((?:above )?[\d.]+)\)"
)


def over_specifications() -> tuple[str, ...]:
    """What the package carries of the default table."""
    kept = json.loads(page("bayes_scaling/data/alternatives/ho2024.json"))
    converged = sum(each["converged"] for each in kept["specifications"])
    return str(converged), *in_digits(kept["average"], months)


def doubtful() -> str:
    """Rows of the default table with a doubtful figure."""
    return str(bs.load_evaluations()["doubt"].notna().sum())


def audited() -> tuple[str, ...]:
    """Corrections, and the answer with all of them, as the audit's page has them, which tests of its own keep."""
    text = page("notebooks/audit.md")
    (row,) = [row for row in table_rows(text, "## All together") if row["`ho2024`"].startswith("all corrected, but")]
    (count,) = re.findall(r"has another for (\d+) of them", text)
    return count, *parts(row["T_C"])


def of_both_tables() -> tuple[str, ...]:
    """Rows of both tables, and their answer, as the audit's page has them."""
    (row,) = [row for row in table_rows(page("notebooks/audit.md"), "## Both tables") if " and the " in row["rows of"]]
    return row["rows"], *re.fullmatch(r"(\S+) \((\S+) to (.+)\)", row["T_C"]).groups()


def with_normal_noise() -> tuple[str, ...]:
    """How far the last step with normal noise is behind the reference on the default table, and its answer."""
    way = page("notebooks/steps.md").partition("## What was tried beside it")[0]
    rows = {row["specification"].strip("`"): row for row in table_rows(way, "On `ho2024` (")}
    gained = rows["reference"]["elpd less that of the line above"].split(" ± ")
    return *gained, *parts(rows["steps/6-priors"]["T_C, months"])


def period() -> tuple[str, str]:
    """First and last year of the default table."""
    dates = bs.load_evaluations()["published"]
    return str(dates.min().year), str(dates.max().year)


def catalogue() -> tuple[str, ...]:
    return (WORDS[sum(name.startswith("ho2024/") for name in bs.list_specifications())],)


def held(right: bool, evenly: bool = False) -> tuple[str, str]:
    """Smallest and largest share of intervals that hold, in percent: of the right specification, of tokens seen."""
    found = stated_coverage(stated_intervals())
    even = {question.text for question in QUESTIONS if question.split is Split.EVEN}
    if right:
        found = found[(found["simulated"] == found["fitted"]) & (found["question"].isin(even) == evenly)]
    else:
        found = found[found["simulated"] == "robustness/tokens-seen-imputed"]
    return f"{100 * found['covered'].min():.1f}", f"{100 * found['covered'].max():.1f}"


CLAIMS = {
    "specifications of the paper": Claim(r"all (\w+) specifications of", catalogue),
    "oldest Python": Claim(
        r"finds or fetches (\d\.\d+)\)", lambda: re.search(r"older than (3\.\d+)", page(".ci/setup")).groups()
    ),
    "rows": Claim(r"result of the (\d+) evaluations of the paper", lambda: size()[:1]),
    "rows and papers": Claim(r"ho2024 \((\d+) evaluations from (\d+) papers\)", size),
    "the answer": Claim(ANSWER, None),
    "criteria": Claim(
        r"R-hat at most ([\d.]+) and (\d+) effective draws in bulk and tails, for every parameter and every reported "
        r"quantity; no divergences and no trees cut off; E-BFMI at least ([\d.]+)",
        lambda: (f"{RHAT_MAX:g}", f"{ESS_MIN:g}", f"{EBFMI_MIN:g}"),
    ),
    "effective draws": Claim(r"by default (\d+)\. Tables of quantities", lambda: (str(DEFAULT.effective_draws),)),
    "tolerance": Claim(r"up to ([\d.]+)% of the draws", lambda: (f"{100 * TOLERATED_FRACTION:g}",)),
    "exit codes": Claim(
        r"Exit codes: (\d) done; (\d) done, but the fit did not converge; (\d) bad input",
        lambda: ("0", str(EXIT_UNCONVERGED), str(EXIT_BAD_INPUT)),
    ),
    "intervals": Claim(r"(\d+)% equal-tailed", lambda: (f"{100 * INTERVAL_PROBABILITY:.0f}",)),
    "robustness cases": Claim(r"that of the second: (\w+) cases", lambda: (WORDS[len(CASES)],)),
    "cut of the eras": Claim(
        r"rates before and after (\d{4})",
        lambda: re.search(r"(\d{4})$", next(each for each in bs.list_specifications() if "bend" in each)).groups(),
    ),
    "published": Claim(
        r"The published ([\d.]+) \[([\d.]+), ([\d.]+)\]",
        lambda: (f"{HO2024_COMPUTE.months}", f"{HO2024_COMPUTE.lower}", f"{HO2024_COMPUTE.upper}"),
    ),
    "central point": Claim(
        r"loss of a (\d+)-million-parameter model in (\d{4})",
        lambda: (f"{CENTRE_PARAMETERS / 1e6:.0f}", f"{CENTRE_YEAR:.0f}"),
    ),
    "rules of the paper": Claim(
        r"it should count (\d+), (\d+), (\d+) evaluations", lambda: tuple(map(str, PUBLISHED_COUNTS))
    ),
    "known progress": Claim(
        r"(\d+)% intervals held it in ([\d.]+)% to ([\d.]+)% of (\d+) tables each",
        lambda: (f"{100 * PROBABILITY:.0f}", *held(True), str(SIMULATIONS)),
    ),
    "known progress, split evenly": Claim(
        r"is right \(([\d.]+)% to ([\d.]+)% where growth is split evenly", lambda: held(True, evenly=True)
    ),
    "known progress, tokens seen": Claim(r"but in ([\d.]+)% to ([\d.]+)% where repeated tokens", lambda: held(False)),
    "over specifications": Claim(
        r"over (\d+) specifications, averaged by how well each predicts a paper left out, every ([\d.]+) months "
        r"\(([\d.]+) to ([\d.]+)\)",
        over_specifications,
    ),
    "doubtful rows": Claim(r"(\d+) of the (\d+) rows have a doubtful figure", lambda: (doubtful(), *size()[:1])),
    "corrected": Claim(
        r"With (\d+) of them corrected from their sources, the doubling time is ([\d.]+) months \(([\d.]+) to "
        r"([\d.]+|no bound)",
        audited,
    ),
    "both tables": Claim(
        r"both packaged tables together, (\d+), say ([\d.]+) months \(([\d.]+) to ([\d.]+|no bound)\)", of_both_tables
    ),
    "normal noise": Claim(
        r"papers left out are predicted worse, by ([\d.]+) nats \(standard error ([\d.]+)\), and the answer is "
        r"([\d.]+) months \(([\d.]+) to ([\d.]+)\)",
        with_normal_noise,
    ),
    "period": Claim(r"evaluations, (\d{4}) to (\d{4})\.", period),
    "simulations": Claim(r"ranks from (\d+) simulations of each", lambda: (str(SIMULATIONS),)),
    "digitised runs": Claim(r"the (\d+) runs", None),
    "a citation": Claim(r"et al\. \d{4}|\[Ho et al\. \d{4}\]", None),
    "a table of the paper": Claim(r"Table 11", None),
    "a version of Python": Claim(r"needs Python 3 ", None),
}


GUIDES = ("first-five-minutes", "posterior-in-a-notebook", "your-own-data", "comparison", "checking")
GUIDES += ("planning-a-training-run", "pymc-users-first-hour", "your-own-benchmark", "extend-the-grammar")
"""Pages of the site that say in full what README says in short."""


@pytest.fixture(scope="module")
def readme() -> str:
    return " ".join(prose(page(name)) for name in ("README.md", *(f"notebooks/site/{guide}.md" for guide in GUIDES)))


class TestReadme:
    @pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if claim.compute])
    def test_a_number_is_what_code_gives(self, readme, name) -> None:
        check_claim(CLAIMS[name], readme, "the README")

    def test_every_number_is_claimed(self, readme) -> None:
        assert unclaimed(readme, CLAIMS) == []

    def test_the_digitised_runs_are_so_many(self, readme, digitised) -> None:
        assert set(re.findall(CLAIMS["digitised runs"].phrase, readme)) == {str(len(digitised))}

    def test_the_grid_is_so_large(self) -> None:
        text = page("notebooks/site/comparison.md")
        (found,) = re.findall(r"the paper's grid: (\d+) structures x (\d+) penalties", text)
        assert found == (str(len(HO2024_CROSS_VALIDATION)), str(len(HO2024_DELTAS)))

    def test_the_answers_median_is_that_of_the_stored_reference_posterior(self, readme) -> None:
        stored = json.loads(page("tests/references/data/reference.json"))["statistics"]["g_C, averaged"]
        median, _, lower, upper, _ = re.search(ANSWER, readme).groups()
        rate, error = stored["q50"]
        low, high = span(median)
        # The fit's own error is taken as three times that of the stored ten thousand nearly independent draws.
        slack = 4 * math.hypot(error, 3 * error)
        assert months_to_double(np.array(rate + slack)) <= high
        assert months_to_double(np.array(rate - slack)) >= low
        # 90% of the rate lie inside of 95%.
        inner = months_to_double(np.array([stored["q95"][0], stored["q05"][0]]))
        assert float(lower) < inner[0] < float(median) < inner[1] < float(upper)

    def test_the_answer_is_that_of_the_first_notebook(self, readme) -> None:
        notebook = nbformat.read(ROOT / "notebooks" / "01-first-posterior.ipynb", as_version=4)
        shown = " ".join(
            output["data"]["text/markdown"]
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if "text/markdown" in output.get("data", {})
        ).replace("*", "")
        assert re.search(ANSWER, shown, re.IGNORECASE).groups() == re.search(ANSWER, readme).groups()

    @pytest.mark.slow
    def test_the_answer_is_what_the_main_command_finds(self, readme) -> None:
        fit = bs.fit(bs.load_specification(), bs.load_evaluations())
        assert fit.diagnostics.converged, fit.diagnostics.failures
        median, probability, lower, upper, progress = re.search(ANSWER, readme).groups()
        assert probability == f"{100 * INTERVAL_PROBABILITY:.0f}"
        check_doubling_time(fit, (median, lower, upper))
        assert agrees_share(progress, fit.data["posterior"]["g_C"].to_numpy() > 0)


@pytest.fixture(scope="module")
def replicated() -> dict[str, dict[str, str]]:
    text = page("notebooks/paper-side-by-side.md")
    headings = re.findall(r"(?m)^## (?!Sources).*$", text)
    return {row["quantity"]: row for heading in headings for row in table_rows(text, heading)}


@pytest.fixture(scope="module")
def published_table(ho2024) -> pd.DataFrame:
    """Published figures, beside those of fits that stand at the published coefficients."""
    return answers(fit_around(MODEL, MODEL_7, ho2024), fit_around(GAIN_MODEL, WITH_FACTOR, ho2024))


class TestReplicationPage:
    def test_published_figures_units_and_sources_are_those_of_code(self, replicated, published_table) -> None:
        assert list(replicated) == list(published_table.index)
        for name, row in published_table.to_dict("index").items():
            assert (replicated[name]["published"], replicated[name]["unit"]) == (
                replication_document.published(row),
                row["unit"],
            )
        listed = page("notebooks/paper-side-by-side.md").partition("## Sources\n\n")[2].splitlines()
        assert listed == [f"- {source}" for source in dict.fromkeys(published_table["source"])]

    def test_what_is_said_of_each_figure_follows_from_the_two(self, replicated, published_table) -> None:
        for name, row in published_table.to_dict("index").items():
            low, high = (span(each, 3) for each in parts(replicated[name]["found"])[1:])
            said = replicated[name][""]
            if low[1] <= row["published"] <= high[0]:
                assert "lies inside" in said, name
            elif row["published"] < low[0] or row["published"] > high[1]:
                assert "lies outside" in said, name

    def test_the_count_is_that_of_its_rows(self, replicated) -> None:
        inside = sum("lies inside" in row[""] for row in replicated.values())
        assert f"\n- {inside} of {len(replicated)} published figures lie inside" in page(
            "notebooks/paper-side-by-side.md"
        )

    @pytest.mark.slow
    def test_a_fresh_replication_agrees(self, replicated, monkeypatch) -> None:
        seen = []
        intervals = answers_module.credible_intervals
        monkeypatch.setattr(answers_module, "credible_intervals", lambda draws: seen.append(draws) or intervals(draws))
        replication = bs.replicate()
        assert not replication.unconverged
        posterior = next(iter(replication.fits.values())).data["posterior"]
        rates = {"T_N": ("g_N", 12), "T_D": ("g_D", 12), "T_C": ("g_C", 1)}
        drawn = {name: months_to_double(posterior[rate].to_numpy()) / unit for name, (rate, unit) in rates.items()}
        others = [name for name in replication.table.index if name not in drawn]
        for name, draws in zip(others, seen, strict=True):
            drawn[name] = draws.transpose("chain", "draw", ...).to_numpy().reshape(*(draws.sizes[d] for d in DIMS))
        apart = [
            (name, printed)
            for name, draws in drawn.items()
            if np.ptp(draws[np.isfinite(draws)])
            for printed, end in zip(parts(replicated[name]["found"]), ENDS, strict=True)
            if not agrees(printed, draws, end, 3)
        ]
        assert apart == []


class TestTheseTests:
    """That a number that has drifted is found."""

    def test_a_quantile_that_is_off_by_more_than_chance_is_refused(self) -> None:
        draws = np.random.default_rng(0).standard_normal((4, 4000))
        assert agrees("1.960", draws, 0.975)
        assert agrees("0.00", draws, 0.5)
        assert not agrees("2.30", draws, 0.975)
        assert not agrees("0.10", draws, 0.5)
        assert not agrees("no bound", draws, 0.975)

    def test_an_end_without_bound_must_be_printed_as_one(self) -> None:
        rate = np.random.default_rng(0).normal(1, 1, (4, 4000))
        times = months_to_double(rate)
        assert agrees("no bound", times, 0.975)
        assert not agrees("50.0", times, 0.975)

    def test_a_share_is_refused_likewise(self) -> None:
        draws = np.random.default_rng(0).random((4, 4000))
        assert agrees_share("0.900", draws < 0.9)
        assert not agrees_share("0.950", draws < 0.9)
        assert agrees_share("above 0.999", draws < 2)
        assert not agrees_share("0.990", draws < 2)

    def test_a_value_is_refused_beyond_its_error(self) -> None:
        assert agrees_value("10.0", 10.04, 0.0)
        assert not agrees_value("10.0", 10.06, 0.0)
        assert agrees_value("10.0", 10.6, 0.1)
        assert not agrees_value("10.0", 10.7, 0.1)

    def test_batches_give_the_error_of_a_mean(self) -> None:
        draws = np.random.default_rng(0).standard_normal((20, 500))
        error = batch_errors(pd.DataFrame({"mean": draws.mean(axis=1)}))["mean"]
        assert 1.0 < error * math.sqrt(draws.size) < 2.0  # wider by what twenty batches leave open

    def test_counts_in_words_are_found_and_what_is_shown_is_known(self) -> None:
        assert len(unclaimed("runs eight chains", {}, COUNT)) == 1
        assert unclaimed("runs eight chains", {"chains": Claim(r"runs (\w+) chains", None)}, COUNT) == []
        assert unclaimed("all 7 rows", {}, shown={"7"}) == []
        assert len(unclaimed("all 77 rows", {}, shown={"7"})) == 1

    def test_a_number_that_nothing_claims_is_found(self) -> None:
        text = prose("It doubles every 9.0 months.\n\n```\n7.7\n```\n`8.8` [x](9.9) <!-- 6.6 -->")
        assert len(unclaimed(text, {})) == 1
        assert unclaimed(text, {"months": Claim(r"every ([\d.]+) months", None)}) == []

    def test_cells_may_have_bars_in_them(self) -> None:
        assert cells(r"| a \| b | c |") == ["a | b", "c"]

    def test_intervals_with_thousands_and_words_are_read(self) -> None:
        assert parts("5,920 [18.5, 55,037,780]") == ("5,920", "18.5", "55,037,780")
        assert parts("1,929 [1,239, 2,877]") == ("1,929", "1,239", "2,877")
        assert parts("no bound [0.911, no bound]") == ("no bound", "0.911", "no bound")
        assert parts("2.82e+09 [2.57e+09, 3.09e+09]") == ("2.82e+09", "2.57e+09", "3.09e+09")
        assert span("2.82e+09") == pytest.approx((2.815e9, 2.825e9))
        assert span("4.2", 3) == pytest.approx((4.195, 4.205))
