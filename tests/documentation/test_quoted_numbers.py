"""Numbers in the README and on the generated pages come from code: a quoted number that drifts fails here.

Every number in the README's prose is claimed below by a phrase and what computes it; one that nothing claims fails,
too. A page's sentences are made again from its own tables by the functions that write it. What has to be sampled again
to be checked is checked by the slow tests, within Monte Carlo error.
"""

import json
import math
import re
import runpy
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
from penalised_fits import fit_around
from published_points import MODEL_7, WITH_FACTOR
from quoted import ROOT, Claim, agrees, agrees_share, cells, parts, prose, span, table_rows, unclaimed
from scipy.stats import spearmanr

import bayes_scaling as bs
from bayes_scaling.beside import Beside
from bayes_scaling.calibration.settings import SIMULATIONS
from bayes_scaling.classical import HO2024_CROSS_VALIDATION, HO2024_DELTAS
from bayes_scaling.cli import EXIT_BAD_INPUT
from bayes_scaling.commands.options import EXIT_UNCONVERGED
from bayes_scaling.comparison.compare import SWEEP_SETTINGS
from bayes_scaling.comparison.published_ranking import MISCOMPUTED
from bayes_scaling.comparison.result import TIE_NATS
from bayes_scaling.comparison.variants import STATED
from bayes_scaling.inference.diagnostics import EBFMI_MIN, ESS_MIN, RHAT_MAX, TOLERATED_FRACTION
from bayes_scaling.others_data.ho2024_rules import PUBLISHED as PUBLISHED_COUNTS
from bayes_scaling.published import HO2024_COMPUTE
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, months_to_double
from bayes_scaling.replication import answers as answers_module
from bayes_scaling.replication.answers import answers
from bayes_scaling.replication.run import GAIN_MODEL, MODEL
from bayes_scaling.report import replication_page
from bayes_scaling.report.robustness_text import published_sentence, sentences
from bayes_scaling.robustness_cases.cases import CASES
from bayes_scaling.specifications.specification import CENTRE_PARAMETERS, CENTRE_YEAR

WORDS = {20: "twenty", 30: "thirty", 31: "thirty-one", 32: "thirty-two"}
TAIL = (1 - INTERVAL_PROBABILITY) / 2
ENDS = (0.5, TAIL, 1 - TAIL)
DIMS = ("chain", "draw")
ANSWER = (
    r"effective compute doubles every ([\d.]+) months \((\d+)% equal-tailed credible interval ([\d.]+) to "
    r"([\d.]+|no bound); probability of progress ((?:above )?[\d.]+)\)"
)


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def size() -> tuple[str, str]:
    table = bs.load_evaluations()
    return str(len(table)), str(table["paper"].nunique())


def catalogue() -> tuple[str, ...]:
    return (WORDS[sum(name.startswith("ho2024/") for name in bs.list_specifications())],)


CLAIMS = {
    "specifications of the paper": Claim(r"all (\w+) specifications of", catalogue),
    "oldest Python": Claim(
        r"finds or fetches (\d\.\d+) if", lambda: re.search(r"older than (3\.\d+)", page(".ci/setup")).groups()
    ),
    "rows": Claim(r"the paper's (\d+) evaluations", lambda: size()[:1]),
    "rows and papers": Claim(r"ho2024 \((\d+) evaluations from (\d+) papers\)", size),
    "the answer": Claim(ANSWER, None),
    "criteria": Claim(
        r"R-hat at most ([\d.]+) and (\d+) effective draws in bulk and tails, for every parameter and every reported "
        r"quantity; no divergences and no trees cut off; E-BFMI at least ([\d.]+)",
        lambda: (f"{RHAT_MAX:g}", f"{ESS_MIN:g}", f"{EBFMI_MIN:g}"),
    ),
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
    "simulations": Claim(r"ranks from (\d+) simulations of each", lambda: (str(SIMULATIONS),)),
    "digitised runs": Claim(r"the (\d+) runs", None),
    "a citation": Claim(r"et al\. \d{4}|\[Ho et al\. \d{4}\]", None),
    "a table of the paper": Claim(r"Table 11", None),
    "a version of Python": Claim(r"needs Python 3 ", None),
}


@pytest.fixture(scope="module")
def readme() -> str:
    return prose(page("README.md"))


@pytest.fixture(scope="module")
def digitised(shared) -> pd.DataFrame:
    return bs.load_runs("chinchilla", shared / "data" / "chinchilla_figure4_digitised.csv")


class TestReadme:
    @pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if claim.compute])
    def test_a_number_is_what_code_gives(self, readme, name) -> None:
        found = re.findall(CLAIMS[name].phrase, readme)
        assert found, f"the README has no such phrase any more: {CLAIMS[name].phrase}"
        expected = CLAIMS[name].compute()
        assert {(each,) if isinstance(each, str) else each for each in found} == {expected}

    def test_every_number_is_claimed(self, readme) -> None:
        assert unclaimed(readme, CLAIMS) == []

    def test_the_digitised_runs_are_so_many(self, readme, digitised) -> None:
        assert set(re.findall(CLAIMS["digitised runs"].phrase, readme)) == {str(len(digitised))}

    def test_the_grid_is_so_large(self) -> None:
        (found,) = re.findall(r"the paper's grid: (\d+) structures x (\d+) penalties", page("README.md"))
        assert found == (str(len(HO2024_CROSS_VALIDATION)), str(len(HO2024_DELTAS)))

    def test_the_answers_median_is_that_of_the_stored_reference_posterior(self, readme) -> None:
        stored = json.loads(page("tests/references/data/reference.json"))["statistics"]["g_C"]
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


def check_doubling_time(fit: bs.Fit, printed: tuple[str, str, str], rate: str = "g_C") -> None:
    """Months of doubling as printed against a fresh fit's."""
    times = months_to_double(fit.data["posterior"][rate].to_numpy())
    assert [agrees(each, times, end) for each, end in zip(printed, ENDS, strict=True)] == [True] * 3, printed


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
                replication_page.published(row),
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


def robustness_rows() -> dict[str, dict[str, object]]:
    """The page's table with its numbers as numbers, as far as its sentences need them."""
    rows: dict[str, dict[str, object]] = {}
    for row in table_rows(page("notebooks/robustness.md"), "# Does the doubling time"):
        ends = [math.inf if each == "no bound" else float(each) for each in parts(row["found"].split(" **")[0])]
        given = re.findall(r"-?[\d.]+", row["published"])
        bounds = [float(each) for each in given] + [math.nan] * (3 - len(given))
        found = dict(zip((f"compute_doubling_months_{end}" for end in ("median", "lower", "upper")), ends, strict=True))
        known = dict(zip(("published_months", "published_lower", "published_upper"), bounds, strict=True))
        beside = Beside.of(bounds[0], (bounds[1], bounds[2]), (ends[1], ends[2]), signed=False)
        rows[row["case"]] = {
            "question": row["question"],
            "converged": "not converged" not in row["found"],
            "probability_of_progress": float(row["P"].removeprefix("above ")),
            "published_inside": beside.inside,
            "width_ratio": beside.width_ratio,
            "elpd_diff": math.nan,  # which units were left out reliably is not on the page
            "pareto_k_bad": 0,
            **found,
            **known,
        }
    return rows


class TestRobustnessPage:
    def test_cases_and_questions_are_those_of_code(self) -> None:
        questions = {name: row["question"] for name, row in robustness_rows().items()}
        assert questions == {case.name: case.question for case in CASES}

    def test_its_sentences_follow_from_its_table(self) -> None:
        rows, (count, papers) = robustness_rows(), size()
        about = SimpleNamespace(name="ho2024", rows=int(count), papers=int(papers))
        made = list(sentences(SimpleNamespace(table=pd.DataFrame.from_dict(rows, orient="index"), evaluations=about)))
        assert re.findall(r"(?m)^- (.*)$", page("notebooks/robustness.md").partition("Doubling time of")[0]) == made

    def test_what_is_said_of_published_figures_follows_from_its_table(self) -> None:
        listed = page("notebooks/robustness.md").partition("## Beside what is published\n\n")[2].partition("\n\n")[0]
        rows = {name: row for name, row in robustness_rows().items() if not math.isnan(row["published_months"])}
        said = dict(line.removeprefix("- ").split(": ", 1) for line in listed.splitlines())
        assert list(said) == list(rows)
        ratio = r"which is ([\d.]+) times as wide"
        for name, row in rows.items():
            made = published_sentence(name, row).split(": ", 1)[1]
            assert re.sub(ratio, "", said[name]) == re.sub(ratio, "", made)
            if widths := re.findall(ratio, said[name]):
                # The page's ratio is of ends before they were rounded to a tenth of a month.
                assert float(widths[0]) == pytest.approx(row["width_ratio"], abs=0.07)

    @pytest.mark.slow
    def test_the_baseline_agrees_with_a_fresh_fit(self) -> None:
        row = next(table_rows(page("notebooks/robustness.md"), "# Does the doubling time"))
        check_sweep_fit("ho2024/07", parts(row["found"]))


def check_sweep_fit(name: str, printed: tuple[str, str, str]) -> None:
    """A doubling time as printed against a fresh fit as sweeps make them."""
    asked = SWEEP_SETTINGS
    fit = bs.fit(
        bs.load_specification(name),
        bs.load_evaluations(),
        draws=asked.draws,
        tune=asked.tune,
        chains=asked.chains,
        target_accept=asked.target_accept,
        attempts=asked.attempts,
        seed=1,
    )
    assert fit.diagnostics.converged, fit.diagnostics.failures
    check_doubling_time(fit, printed)


@pytest.fixture(scope="module")
def ranking() -> pd.DataFrame:
    found = pd.DataFrame(table_rows(page("notebooks/model-ranking.md"), "# Model ranking")).set_index("variant")
    difference = found["elpd_diff ± dse"].str.split(" ± ", expand=True).astype(float)
    numbers = found[["rank", "LOO-MSE", "rank by it", "published MSE", "published rank"]].astype(float)
    return numbers.assign(elpd_diff=difference[0], dse=difference[1], T=found["T"])


class TestRankingPage:
    def test_published_errors_are_those_of_code(self, ranking) -> None:
        for variant, error in ranking["published MSE"].items():
            model, label = variant.split(", ")
            delta = 0.0 if label == STATED else float(label.removeprefix("delta="))
            assert error == HO2024_CROSS_VALIDATION[model][HO2024_DELTAS.index(delta)]

    def test_ranks_are_those_of_its_columns(self, ranking) -> None:
        assert list(ranking["rank"]) == sorted(ranking["rank"])
        assert ranking["elpd_diff"].is_monotonic_decreasing
        # Ranks of ties end in a half, and are printed without it.
        assert (ranking["published MSE"].rank() - ranking["published rank"]).abs().max() <= 0.5
        # Errors are printed to five places, among which some are alike.
        assert (ranking["LOO-MSE"].rank(method="min") <= ranking["rank by it"]).all()
        assert (ranking["LOO-MSE"].rank(method="max") >= ranking["rank by it"]).all()

    def test_counts_and_correlations_are_those_of_its_table(self, ranking) -> None:
        text = page("notebooks/model-ranking.md")
        variants, papers, lost = re.search(
            r"- (\d+) variants on ho2024 \((.*)\), .*; (\d+) did not converge", text
        ).groups()
        assert int(variants) == len(HO2024_CROSS_VALIDATION) * len(HO2024_DELTAS)
        assert papers == "{} evaluations from {} papers".format(*size())
        assert len(ranking) == int(variants) - int(lost)
        sound = ranking[~ranking.index.str.startswith(MISCOMPUTED)]
        said = re.search(r"left out\): ([\d.]+) by elpd, ([\d.]+) by LOO-MSE", text).groups()
        for column, printed in zip(("rank", "rank by it"), said, strict=True):
            low, high = span(printed)
            assert low <= spearmanr(sound[column], sound["published MSE"])[0] <= high

    def test_so_many_are_tied_as_its_table_says(self, ranking) -> None:
        said = re.search(r"- Best: (.*?); but (\d+) others", page("notebooks/model-ranking.md")).groups()
        assert said[0].replace(" | ", ", ") == ranking.index[0]
        # Printed to a tenth: between those tied at any rounding and those tied at some.
        counts = [
            int(
                ((-ranking["elpd_diff"] + a <= 2 * (ranking["dse"] - a)) | (-ranking["elpd_diff"] + a < TIE_NATS)).sum()
            )
            - 1
            for a in (0.05, -0.05)
        ]
        assert counts[0] <= int(said[1]) <= counts[1]

    @pytest.mark.slow
    def test_a_row_agrees_with_a_fresh_fit(self, ranking) -> None:
        check_sweep_fit("ho2024/07", parts(ranking.loc[f"ho2024/07, {STATED}", "T"]))


class TestBacktestPage:
    def test_its_sentences_follow_from_its_table(self) -> None:
        text = page("notebooks/backtest.md")
        heading = "## Averages over cut years, predicted: all published"
        rows = {row["forecaster"]: row for row in table_rows(text, heading)}
        first = next(iter(rows))
        held = re.search(
            r"hold ([\d.]+)% .*? over (\d) cut years .*?error ([\d.]+)%.*?50% intervals hold ([\d.]+)%, 95% "
            r"intervals ([\d.]+)%",
            text,
        ).groups()
        mean, error = rows[first]["inside 90%"].split(" ± ")
        shares = (mean, error, rows[first]["inside 50%"], rows[first]["inside 95%"])
        assert (held[0], held[2], held[3], held[4]) == tuple(f"{100 * float(each):.1f}" for each in shares)
        assert held[1] == rows[first]["cuts"]
        for name, row in list(rows.items())[1:]:
            difference, error = re.search(rf"less {re.escape(name)}: (\S+) ± (\S+) nats", text).groups()
            exact = [float(each) for each in row["first ahead by"].split(" ± ")]
            for printed, value in zip((difference, error), exact, strict=True):
                assert abs(float(printed) - value) <= 0.0055

    def test_averages_are_those_of_the_years(self) -> None:
        text = page("notebooks/backtest.md")
        for horizon in ("all published from the cut on", "published in the year after the cut"):
            averages = table_rows(text, f"## Averages over cut years, predicted: {horizon}")
            years = pd.DataFrame(table_rows(text, f"## By cut year, predicted: {horizon}")).set_index("forecaster")
            for row in averages:
                of = years.loc[row["forecaster"]]
                for column in ("inside 50%", "inside 90%", "inside 95%", "log score"):
                    mean = of[column].str.split(" ± ").str[0].astype(float).mean()
                    assert abs(mean - float(row[column].split(" ± ")[0])) <= 0.0011, (row["forecaster"], column)

    def test_it_is_of_the_packaged_table(self) -> None:
        assert "on ho2024 ({} evaluations from {} papers)".format(*size()) in page("notebooks/backtest.md")


@pytest.fixture(scope="module")
def planned_law() -> pd.DataFrame:
    return pd.DataFrame(table_rows(page("notebooks/planning.md"), "## The law")).set_index("")


class TestPagesOfRuns:
    def test_the_sentence_is_that_of_the_table(self, planned_law) -> None:
        said = re.findall(r"(\d\.\d+) \((\d\.\d+) to (\d\.\d+)\)", page("notebooks/planning.md").partition("|")[0])
        assert said == [parts(planned_law.loc[f"`{name}`", "seed 0"]) for name in ("alpha", "beta", "a")]

    def test_both_pages_say_the_same(self, planned_law) -> None:
        toolkit = next(table_rows(page("notebooks/chinchilla-toolkit.md"), "## Estimates"))
        for name in ("E", "A", "B", "alpha", "beta", "a"):
            median, lower, upper = parts(planned_law.loc[f"`{name}`", "seed 0"])
            assert toolkit[name] == f"{median} ({lower} to {upper})"

    def test_published_laws_are_those_of_code(self, planned_law) -> None:
        for column, source in (
            ("Besiroglu et al. 2024", bs.BESIROGLU),
            ("Hoffmann et al. 2022, rounded", bs.HOFFMANN_ROUNDED),
        ):
            for name in ("E", "A", "B", "alpha", "beta"):
                low, high = span(planned_law.loc[f"`{name}`", column])
                assert low <= getattr(source, name) <= high
            low, high = span(planned_law.loc["`a`", column])
            assert low <= bs.allocation_exponents(source)["a"].item() <= high

    @pytest.mark.slow
    def test_a_fresh_fit_agrees(self, planned_law, digitised) -> None:
        planning = runpy.run_path(str(ROOT / "notebooks" / "planning.py"))
        fit = bs.fit(bs.load_specification("chinchilla"), digitised)
        assert fit.diagnostics.converged, fit.diagnostics.failures
        posterior = fit.data["posterior"]
        quoted = [
            (printed, posterior[name].to_numpy(), end)
            for name in ("E", "A", "B", "alpha", "beta", "a")
            for seed in ("seed 0", "seed 1")
            for printed, end in zip(parts(planned_law.loc[f"`{name}`", seed]), ENDS, strict=True)
        ]
        rows = list(table_rows(page("notebooks/planning.md"), "## What to train"))
        split = bs.optimal_allocation(fit, list(planning["BUDGETS"]))
        for row, budget in zip(rows, planning["BUDGETS"], strict=True):
            for name in ("parameters", "tokens", "tokens_per_parameter", "loss"):
                draws = split[name].sel(compute=budget).transpose(*DIMS).to_numpy()
                printed = parts(row[name.replace("_", " ")])
                quoted += [(each, draws, end) for each, end in zip(printed, ENDS, strict=True)]
        assert [(printed, end) for printed, draws, end in quoted if not agrees(printed, draws, end)] == []

    @pytest.mark.slow
    def test_point_estimates_on_the_toolkits_page_are_those_of_code(self, digitised) -> None:
        rows = {row[""]: row for row in table_rows(page("notebooks/chinchilla-toolkit.md"), "## Estimates")}
        for label, runs in (("all runs", digitised), ("5 highest dropped", bs.drop_highest(digitised, 5))):
            row = rows[f"`bs.classical.besiroglu_estimate`, {label}"]
            law = bs.classical.besiroglu_estimate(runs).law
            for name in ("E", "A", "B", "alpha", "beta"):
                low, high = span(row[name])
                assert low <= getattr(law, name) <= high, (label, name)


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
