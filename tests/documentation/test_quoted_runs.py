"""Pages of training runs, planning and the toolkit: numbers of prose are claimed, and those of tables checked."""

import math
import re
import runpy

import numpy as np
import pandas as pd
import pytest
from fresh import batch_errors, batches
from quoted import (
    DIMS,
    ENDS,
    MOST_ERRORS,
    ROOT,
    Claim,
    agrees,
    agrees_value,
    page,
    parts,
    prose,
    span,
    table_rows,
    unclaimed,
)
from recovery import LOG_PARAMETERS, random_design, recovery

import bayes_scaling as bs
from bayes_scaling.common.formatting import number
from bayes_scaling.inference.diagnostics import RHAT_MAX
from bayes_scaling.law.published import HOFFMANN_EXPONENTS
from bayes_scaling.plots.runs import standardised_residuals
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY
from bayes_scaling.studies.approaches import compare as compare_module
from bayes_scaling.studies.approaches.least_squares import classical_parabolas
from bayes_scaling.studies.approaches.rows import make_profile_rows
from bayes_scaling.studies.calibration.result import coverage_table
from bayes_scaling.studies.calibration.settings import PROBABILITY, SIMULATIONS

PAGE, TOOLKIT = "notebooks/planning.md", "notebooks/chinchilla-toolkit.md"
ANEW = 2
"""A seed other than the page's two."""
WORDS = dict(
    enumerate(
        ["five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"], start=5
    )
)
APPROACH_2, APPROACH_3 = compare_module.APPROACHES[1:]
CONSTANTS = ("E", "A", "B", "alpha", "beta")
TRUTHS = ("E", "alpha", "beta", "a", LOG_PARAMETERS)
PLANNING = runpy.run_path(str(ROOT / "notebooks" / "planning.py"))


def table_of(heading: str, index: str, name: str = PAGE) -> pd.DataFrame:
    return pd.DataFrame(table_rows(page(name), heading)).set_index(index)


def outside_tables(name: str) -> str:
    return prose(re.sub(r"(?m)^\|.*$", "", page(name)))


def designs() -> tuple[str, ...]:
    """What the designs of the simulation are drawn from, as far as two thousand of them show."""
    drawn = [random_design(np.random.default_rng(seed)) for seed in range(2000)]
    budgets = [len(each.budgets) for each in drawn]
    models = [each.models_per_budget for each in drawn]
    noise = [f"{100 * end([each.noise for each in drawn]):.1g}" for end in (min, max)]
    degrees = [f"{end([each.nu for each in drawn]):.0f}" for end in (min, max)]
    return (*(WORDS[end(each)] for each in (budgets, models) for end in (min, max)), *noise, *degrees)


CLAIMS = {
    "intervals": Claim(r"Intervals are (\d+)% equal-tailed", lambda: (f"{100 * INTERVAL_PROBABILITY:.0f}",)),
    "the law": Claim(r"On chinchilla \(\d+ training runs\).*?credible interval\)\.", None),
    "largest R-hat": Claim(r"Largest R-hat by seed: ([\d.]+), ([\d.]+)\.", None),
    "published interval": Claim(
        r"The published (80)% interval of is ([\d.]+) to ([\d.]+\d)",
        lambda: ("80", *(str(each) for each in HOFFMANN_EXPONENTS[3].a_interval)),
    ),
    "its width": Claim(r"The posterior's 80% interval is \*\*([\d.]+) times as wide", None),
    "runs": Claim(r"the (\d+) runs that Besiroglu", None),
    "runs in no budget": Claim(r"(\d+) runs are in no budget", None),
    "residuals": Claim(r"(\d+) residuals lie .* and (\d+) below it\. With ([\d.]+) degrees of freedom", None),
    "designs": Claim(r"(\d+) IsoFLOP designs", lambda: (str(SIMULATIONS),)),
    "their ranges": Claim(
        r"\((\w+) to (\w+) budgets, (\w+) to (\w+) models each, Student-t noise of ([\d.]+)% to (\d+)% with (\d+) to "
        r"(\d+) degrees of freedom\)",
        designs,
    ),
    "intervals of the designs": Claim(r"(\d+)% equal-tailed intervals\.", lambda: (f"{100 * PROBABILITY:.0f}",)),
    "a citation": Claim(r"et al\. \d{4}|arXiv \d{4}\.\d{5}|figure 4 of", None),
    "a name": Claim(r"[Aa]pproach [123]\b", None),
}


class TestProse:
    @pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if claim.compute])
    def test_a_number_is_what_code_gives(self, name) -> None:
        found = re.findall(CLAIMS[name].phrase, outside_tables(PAGE))
        assert [(each,) if isinstance(each, str) else each for each in found] == [CLAIMS[name].compute()]

    @pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if not claim.compute])
    def test_what_other_tests_check_is_there(self, name) -> None:
        assert re.search(CLAIMS[name].phrase, outside_tables(PAGE))

    def test_every_number_is_claimed(self) -> None:
        assert unclaimed(outside_tables(PAGE), CLAIMS) == []

    def test_counts_are_those_of_the_digitised_runs(self, digitised) -> None:
        text = outside_tables(PAGE)
        assert re.search(CLAIMS["runs"].phrase, text)[1] == str(len(digitised))
        assert f"On chinchilla ({len(digitised)} training runs)" in text
        assert re.search(CLAIMS["runs in no budget"].phrase, text)[1] == str(len(make_profile_rows(digitised).unused))

    def test_fits_are_said_to_have_converged_as_the_table_says(self) -> None:
        seeds = re.search(CLAIMS["largest R-hat"].phrase, page(PAGE)).groups()
        approaches = table_of("## Three approaches", "approach")
        assert max(map(float, [*seeds, *approaches["R-hat"]])) <= RHAT_MAX
        assert approaches.loc[APPROACH_3, "R-hat"] == seeds[0]


@pytest.fixture(scope="module")
def planned_law() -> pd.DataFrame:
    return table_of("## The law", "")


class TestTables:
    def test_the_sentence_is_that_of_the_table(self, planned_law) -> None:
        said = re.findall(r"(\d\.\d+) \((\d\.\d+) to (\d\.\d+)\)", page(PAGE).partition("|")[0])
        assert said == [parts(planned_law.loc[f"`{name}`", "seed 0"]) for name in ("alpha", "beta", "a")]

    def test_both_pages_say_the_same(self, planned_law) -> None:
        toolkit = next(table_rows(page(TOOLKIT), "## Estimates"))
        for name in (*CONSTANTS, "a"):
            median, lower, upper = parts(planned_law.loc[f"`{name}`", "seed 0"])
            assert toolkit[name] == f"{median} ({lower} to {upper})"
        largest = table_of("## What to train", "FLOP").loc["1e+24", "parameters"]
        median, lower, upper = parts(largest)
        assert toolkit["best N at 1e+24 FLOP"] == f"{median} ({lower} to {upper})"

    def test_published_laws_are_those_of_code(self, planned_law) -> None:
        for source in (bs.BESIROGLU, bs.HOFFMANN_ROUNDED):
            for name in CONSTANTS:
                assert planned_law.loc[f"`{name}`", source.name] == number(getattr(source, name))
            a = bs.allocation_exponents(source)["a"].item()
            assert planned_law.loc["`a`", source.name] == number(a)

    def test_approaches_are_of_the_same_a_and_of_published_ones(self, planned_law) -> None:
        approaches = table_of("## Three approaches", "approach")
        assert list(approaches.index) == [APPROACH_2, APPROACH_3]
        assert approaches.loc[APPROACH_3, "a"] == planned_law.loc["`a`", "seed 0"]
        for place, printed in ((2, approaches.loc[APPROACH_2]), (3, approaches.loc[APPROACH_3])):
            known = HOFFMANN_EXPONENTS[place]
            assert parts(printed["published"]) == tuple(map(number, (known.a, *known.a_interval)))
        toolkit = table_of("## Estimates", "", TOOLKIT)
        estimate = toolkit.loc["`bs.classical.besiroglu_estimate`, all runs", "a"]
        assert approaches.loc[APPROACH_3, "point estimate"] == estimate

    def test_rows_of_approaches_and_their_parabolas_are_those_of_the_runs(self, digitised) -> None:
        approaches = table_of("## Three approaches", "approach")
        assert approaches["rows"].to_dict() == {
            APPROACH_2: str(len(make_profile_rows(digitised).ids)),
            APPROACH_3: str(len(digitised)),
        }
        rows = make_profile_rows(digitised)
        assert approaches.loc[APPROACH_2, "point estimate"] == number(float(classical_parabolas(rows).slope))

    def test_budgets_are_those_of_the_script_beside_the_largest_run(self, digitised) -> None:
        rows = table_of("## What to train", "FLOP")
        assert list(rows.index) == [number(budget) for budget in PLANNING["BUDGETS"]]
        largest = float((6 * digitised["parameters"] * digitised["tokens"]).max())
        assert list(rows["beyond the largest run, times"]) == [
            number(budget / largest) if budget > largest else "" for budget in PLANNING["BUDGETS"]
        ]

    def test_intervals_of_shares_are_those_of_their_counts(self) -> None:
        rows = table_of("## Do intervals hold", "quantity")
        assert list(rows.index) == [f"`{name}`" for name in TRUTHS]
        for name, row in rows.iterrows():
            held = round(SIMULATIONS * float(row["intervals that hold the truth"].rstrip("%")) / 100)
            truth = np.where(np.arange(SIMULATIONS) < held, 0.0, 2.0)
            made = pd.DataFrame({"lower": -1.0, "upper": 1.0, "truth": truth, "converged": True})
            (found,) = coverage_table(made.set_index(np.full(SIMULATIONS, name)), PROBABILITY).to_dict("records")
            assert row["intervals that hold the truth"] == f"{found['covered']:.1%}"
            assert row["95% interval of that share"] == f"{found['lower']:.1%} to {found['upper']:.1%}"
            assert row["fits not converged"] == "0"


@pytest.fixture(scope="module")
def fresh_fit(digitised) -> bs.Fit:
    fit = bs.fit(bs.load_specification("chinchilla"), digitised, seed=ANEW)
    assert fit.diagnostics.converged, fit.diagnostics.failures
    return fit


def apart(quoted: list[tuple[str, np.ndarray]]) -> list[tuple[str, float]]:
    """Printed medians and ends that draws do not agree with."""
    return [
        (text, end)
        for printed, draws in quoted
        for text, end in zip(parts(printed), ENDS, strict=True)
        if not agrees(text, draws, end)
    ]


@pytest.mark.slow
class TestFreshFits:
    def test_coefficients_agree(self, planned_law, fresh_fit) -> None:
        posterior = fresh_fit.data["posterior"]
        quoted = [
            (planned_law.loc[f"`{name}`", seed], posterior[name].to_numpy())
            for name in (*CONSTANTS, "a")
            for seed in ("seed 0", "seed 1")
        ]
        assert apart(quoted) == []

    def test_splits_of_budgets_and_what_others_cost_agree(self, fresh_fit) -> None:
        budgets = list(PLANNING["BUDGETS"])
        split, rows = bs.optimal_allocation(fresh_fit, budgets), table_of("## What to train", "FLOP")
        cost = bs.cost_of_split(fresh_fit, budgets, tokens_per_parameter=20)
        columns = {
            name.replace("_", " "): split[name] for name in ("parameters", "tokens", "tokens_per_parameter", "loss")
        }
        columns["cost of 20 tokens per parameter, times"] = cost
        quoted = [
            (rows.loc[number(budget), name], draws.sel(compute=budget).transpose(*DIMS).to_numpy())
            for budget in budgets
            for name, draws in columns.items()
        ]
        assert apart(quoted) == []

    def test_the_width_beside_the_published_one_agrees(self, fresh_fit) -> None:
        ratio = PLANNING["ratio_to_published"]
        errors = batch_errors(pd.DataFrame({"ratio": [ratio(part) for part in batches(fresh_fit)]}))
        (printed,) = re.search(CLAIMS["its width"].phrase, page(PAGE)).groups()
        assert agrees_value(printed, ratio(fresh_fit), errors["ratio"]), (ratio(fresh_fit), errors["ratio"])

    def test_counts_of_residuals_and_their_tails_agree(self, fresh_fit) -> None:
        high, low, nu = re.search(CLAIMS["residuals"].phrase, page(PAGE)).groups()
        residual = standardised_residuals(fresh_fit)["residual"]
        found = pd.DataFrame([standardised_residuals(part)["residual"] for part in batches(fresh_fit)])
        slack = MOST_ERRORS * math.sqrt(2) * batch_errors(found)
        for printed, beyond in ((high, residual - 5), (low, -5 - residual)):
            assert (beyond > slack).sum() <= int(printed) <= (beyond > -slack).sum()
        assert agrees(nu, fresh_fit.data["posterior"]["nu"].to_numpy(), 0.5)

    def test_approach_2_and_its_bias_agree(self, fresh_fit, digitised, monkeypatch) -> None:
        seen: dict[str, np.ndarray] = {}
        intervals = compare_module.credible_intervals

        def kept(draws, **options):
            seen.setdefault(str(draws.name), draws.transpose(*DIMS).to_numpy())  # the first is approach 2's
            return intervals(draws, **options)

        monkeypatch.setattr(compare_module, "credible_intervals", kept)
        table = bs.compare_approaches(digitised, fresh_fit, seed=ANEW)
        assert table["converged"].all()
        row = table_of("## Three approaches", "approach").loc[APPROACH_2]
        columns = {"a": "a", "bias of its parabolas": "a_bias", "a less the bias": "a_corrected"}
        assert apart([(row[printed], seen[name]) for printed, name in columns.items()]) == []
        for place, printed in table_of("## Three approaches", "approach")["point estimate"].items():
            assert printed == number(table.loc[place, "a_classical"])

    def test_coverage_agrees_with_that_of_other_designs(self) -> None:
        rows, count = table_of("## Do intervals hold", "quantity"), 60
        found = recovery(count, seed=ANEW, workers=1)
        assert (found["unconverged"] == 0).all()
        for name, row in found.iterrows():
            printed = float(rows.loc[f"`{name}`", "intervals that hold the truth"].rstrip("%")) / 100
            pooled = (printed * SIMULATIONS + row["covered"] * count) / (SIMULATIONS + count)
            error = math.sqrt(pooled * (1 - pooled) * (1 / SIMULATIONS + 1 / count))
            assert abs(printed - row["covered"]) <= MOST_ERRORS * error, name


class TestToolkitPage:
    def test_counts_of_starts_are_those_of_their_grids(self) -> None:
        grids = re.findall(
            r"(\d) values (?:of each constant|over the same ranges)\W+([\d,]+) starts", outside_tables(TOOLKIT)
        )
        assert len(grids) == 2
        for values, starts in grids:
            assert f"{int(values) ** len(CONSTANTS):,}" == starts
            assert f", {starts} starts |" in page(TOOLKIT)

    def test_ratios_of_seconds_are_those_of_its_table(self) -> None:
        text, seconds = outside_tables(TOOLKIT), table_of("## Estimates", "", TOOLKIT)["processor, s"].astype(float)
        whole, fewer = (seconds[f"toolkit, default (`asymmetric_mae`), {starts} starts"] for starts in ("3,125", "243"))
        posterior = seconds["`bs.fit`, `chinchilla` (Student-t noise), all runs"]
        point = seconds["`bs.classical.besiroglu_estimate`, all runs"]
        said = re.search(
            r"takes (\d+) times those .*?, (\d+) times those .*? and (\d+) times those of its own", text
        ).groups()
        for printed, other in zip(said, (posterior, point, fewer), strict=True):
            low, high = span(printed)
            assert low <= (whole + 0.05) / (other - 0.05) and (whole - 0.05) / (other + 0.05) <= high

    def test_it_is_of_the_digitised_runs(self, digitised) -> None:
        assert {*re.findall(r"(\d+) runs", outside_tables(TOOLKIT))} == {str(len(digitised))}

    @pytest.mark.slow
    def test_point_estimates_are_those_of_code(self, digitised) -> None:
        rows = table_of("## Estimates", "", TOOLKIT)
        for label, runs in (("all runs", digitised), ("5 highest dropped", bs.drop_highest(digitised, 5))):
            law = bs.classical.besiroglu_estimate(runs).law
            for name in CONSTANTS:
                low, high = span(rows.loc[f"`bs.classical.besiroglu_estimate`, {label}", name])
                assert low <= getattr(law, name) <= high, (label, name)
