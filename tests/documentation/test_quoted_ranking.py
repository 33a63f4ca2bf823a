"""The page that puts a ranking beside the published one: its columns from each other, its rows from fresh fits."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fresh import SEED, batch_errors, batches, check_doubling_time, difference_errors
from quoted import agrees_value, page, parts, size, span, table_rows
from scipy.special import softmax
from scipy.stats import spearmanr

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_CROSS_VALIDATION, HO2024_DELTAS
from bayes_scaling.inference.likelihood import draws_of, evaluation_densities, expected_losses
from bayes_scaling.model.rows import make_rows, sample_minima
from bayes_scaling.studies.comparison.elpd import Elpd
from bayes_scaling.studies.comparison.result import MISCOMPUTED, TIE_NATS
from bayes_scaling.studies.comparison.variants import STATED

NO_PROGRESS = "no progress"
KINDS = {
    "everything shared": f"ho2024/01, {STATED}",
    "a rate by benchmark": f"ho2024/05, {STATED}",
    "coefficients by benchmark": f"ho2024/07, {STATED}",
    "progress in parameters alone": f"ho2024/09, {STATED}",
    "coefficients and rates by benchmark": f"ho2024/10, {STATED}",
    "one rate of both terms": f"ho2024/12, {STATED}",
    "exponents by architecture": f"ho2024/13, {STATED}",
    "exponents that drift": f"ho2024/14, {STATED}",
    "no progress": f"ho2024/16, {STATED}",
    "compute alone": f"ho2024/18, {STATED}",
    "a vocabulary": f"ho2024/19, {STATED}",
    "the worth of epochs": f"ho2024/20, {STATED}",
    "the paper's penalty": "ho2024/18, delta=0.0025",
}
"""A row of each kind of structure."""


def delta_of(label: str) -> float:
    return 0.0 if label == STATED else float(label.removeprefix("delta="))


@pytest.fixture(scope="module")
def ranking() -> pd.DataFrame:
    found = pd.DataFrame(table_rows(page("notebooks/model-ranking.md"), "# Model ranking")).set_index("variant")
    printed = found["elpd_diff ± dse"].str.split(" ± ", expand=True)
    difference = printed.astype(float)
    numbers = found[["rank", "LOO-MSE", "rank by it", "published MSE", "published rank"]].astype(float)
    return numbers.assign(elpd_diff=difference[0], dse=difference[1], T=found["T"]).join(
        printed.set_axis(["printed elpd_diff", "printed dse"], axis=1)
    )


def test_published_errors_are_those_of_code(ranking) -> None:
    for variant, error in ranking["published MSE"].items():
        model, label = variant.split(", ")
        assert error == HO2024_CROSS_VALIDATION[model][HO2024_DELTAS.index(delta_of(label))]


def test_ranks_are_those_of_its_columns(ranking) -> None:
    assert list(ranking["rank"]) == sorted(ranking["rank"])
    assert ranking["elpd_diff"].is_monotonic_decreasing
    # Ranks of ties end in a half, and are printed without it.
    assert (ranking["published MSE"].rank() - ranking["published rank"]).abs().max() <= 0.5
    # Errors are printed to five places, among which some are alike.
    assert (ranking["LOO-MSE"].rank(method="min") <= ranking["rank by it"]).all()
    assert (ranking["LOO-MSE"].rank(method="max") >= ranking["rank by it"]).all()


def test_counts_and_correlations_are_those_of_its_table(ranking) -> None:
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


def test_so_many_are_tied_as_its_table_says(ranking) -> None:
    tied, best = re.search(
        r"- These data can't tell (\d+) of \d+ variants .*?; best: (.*?)\. ", page("notebooks/model-ranking.md")
    ).groups()
    assert best == ranking.index[0]
    # Printed to a tenth: between those tied at any rounding and those tied at some.
    counts = [
        int(((-ranking["elpd_diff"] + a <= 2 * (ranking["dse"] - a)) | (-ranking["elpd_diff"] + a < TIE_NATS)).sum())
        for a in (0.05, -0.05)
    ]
    assert counts[0] <= int(tied) <= counts[1]


@dataclass(frozen=True)
class Fresh:
    """Variants fitted and scored again, which share what is finished."""

    directory: Path

    def compared(self, variant: str) -> tuple[bs.Fit, Elpd]:
        model, label = variant.split(", ")
        found = bs.compare(
            [model],
            bs.load_evaluations(),
            deltas=(delta_of(label),),
            directory=self.directory,
            seed=SEED,
            workers=1,
        )
        (name,) = found.table.index
        assert found.table.loc[name, "converged"], found.table.loc[name, "reason"]
        return found.fits[name], found.scores[name]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Fresh:
    return Fresh(tmp_path_factory.mktemp("ranking"))


def error_of_mse(fit: bs.Fit) -> float:
    """Monte Carlo standard error of the mean squared error of leave-one-out means, by plain importance sampling."""
    specification, table = fit.specification, bs.load_evaluations()
    anchor = sample_minima(table) if specification.delta is not None else None
    rows = make_rows(specification, table, anchor=anchor)

    def mse(part: bs.Fit) -> float:
        values = draws_of(specification, part.data)
        expected = expected_losses(specification, rows, values)
        density = evaluation_densities(specification, rows, values, rows.response - expected)
        left_out = (softmax(-density, axis=0) * expected).sum(axis=0)
        return float(np.mean((rows.response - left_out) ** 2))

    return float(batch_errors(pd.DataFrame({"mse": [mse(part) for part in batches(fit)]}))["mse"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_row_of_each_kind_agrees_with_a_fresh_fit(fresh, ranking, kind) -> None:
    variant, best = KINDS[kind], ranking.index[0]
    row, (fit, score) = ranking.loc[variant], fresh.compared(variant)
    if row["T"] == NO_PROGRESS:
        assert not fit.specification.progresses
    else:
        check_doubling_time(fit, parts(row["T"]))
    other = fresh.compared(best)[1]
    apart = replace(score, terms=score.terms - other.terms)
    elpd_error, dse_error = difference_errors(score, other)
    assert agrees_value(row["printed elpd_diff"], apart.elpd, elpd_error), (apart.elpd, elpd_error)
    assert agrees_value(row["printed dse"], apart.se, dse_error), (apart.se, dse_error)
    mse_error = error_of_mse(fit)
    assert agrees_value(f"{row['LOO-MSE']:.5f}", score.mse, mse_error), (score.mse, mse_error)
