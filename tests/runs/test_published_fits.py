"""Fits of public files beside the figures that their authors published for the same rows and form."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.studies.comparison.compare import compare_fits


@dataclass(frozen=True)
class Published:
    """A file, how it is read, and what was published of it: by a Huber loss with delta = 1e-3 on log losses."""

    file: str
    columns: dict[str, str]
    law: dict[str, float]
    objective: float | None = None
    where: str | None = None
    outside: dict[str, float] = field(default_factory=dict)

    def runs(self, shared):
        with pytest.warns(bs.RunsWarning):
            runs = bs.read_runs(shared / "data" / "public" / self.file, self.columns)
        return runs if self.where is None else runs.pipe(bs.rows_where, self.where)


GEMSTONES = Published(
    "gemstones_hot.jsonl",
    {"parameters": "params_active_precise", "loss": "final_loss"},
    {"alpha": 0.2929, "E": 2.1431},
    objective=0.0019816129,
    outside={"beta": 0.7129},
)
MISFITTING = Published(  # all rows, the slower learning rates included
    "misfitting_last_checkpoint.csv",
    {"parameters": "N", "tokens": "D"},
    {"alpha": 0.2002, "beta": 0.6357, "E": 1.8077},
    objective=0.0050216542,
)
DATABLATIONS = Published(  # one exponent for both; which rows gave it is not published
    "datablations_contour.csv",
    {"parameters": "num_params", "loss": "openLM_loss", "tokens": "token_num"},
    {"alpha": 0.353, "beta": 0.353, "E": 1.87},
    where="epochs <= 1",
)


@pytest.mark.parametrize("published", [GEMSTONES, MISFITTING], ids=lambda each: each.file)
def test_the_authors_estimator_gives_what_they_published(shared, published):
    """The rows, the columns and the form are those of the authors: their figures come back, and their objective."""
    found = bs.classical.besiroglu_estimate(published.runs(shared))
    for name, value in {**published.law, **published.outside}.items():
        assert getattr(found.law, name) == pytest.approx(value, abs=5e-4)
    assert found.objective == pytest.approx(published.objective, rel=1e-6)


def test_the_exponent_of_tokens_of_gemstones_is_that_of_the_objective(shared):
    """Why a posterior with other noise is elsewhere: on the same rows the estimate moves with the objective alone."""
    runs = GEMSTONES.runs(shared)
    beta = {delta: bs.classical.besiroglu_estimate(runs, delta=delta).law.beta for delta in (1e-3, 1.0)}
    assert beta[1e-3] == pytest.approx(0.713, abs=1e-3)  # nearly absolute values
    assert beta[1.0] == pytest.approx(0.577, abs=1e-3)  # squares


@pytest.mark.slow
def test_laws_of_repetition_predict_what_the_law_without_can_not(shared):
    """Up to 9,000 passes: each law of repetition is better, and an additive penalty, by which losses rise, the best."""
    runs = replace(DATABLATIONS, where=None).runs(shared)
    names = ("chinchilla", "runs/repeated-tokens", "runs/repeated", "runs/overfitting")
    fits = [bs.fit(name, runs) for name in names]
    assert all(fit.diagnostics.converged for fit in fits)
    table = compare_fits(fits, refits="none").table.loc[list(names)]
    assert list(table["rank"]) == [3, 2, 1, 0]
    assert table.loc["runs/repeated-tokens", "elpd"] - table.loc["chinchilla", "elpd"] > 40
    scale = fits[1].posterior["repetition_scale"]
    # Published: 15.4, with other weights (a Huber loss) on 182 of the runs.
    assert 15.4 < scale.quantile(0.025) < scale.quantile(0.975) < 40


STEPLAW = Published(
    "steplaw_dense.csv",
    {"parameters": "N", "tokens": "D", "learning_rate": "lr", "batch_size": "bs"},
    {"learning_rate_best": 0.0010, "batch_size_best": 216.0},  # at 1e9 parameters and 2e10 tokens, of 2,048 a sequence
)


@pytest.mark.slow
def test_all_runs_of_a_sweep_say_more_of_the_best_learning_rate_than_the_best_runs_alone(shared):
    """Exponents of the best values lie within what a straight line through the best run of each size says."""
    runs = STEPLAW.runs(shared)
    fit = bs.fit("runs/learning-rate", runs)
    assert fit.diagnostics.converged, fit.diagnostics.failures
    best = runs.loc[runs.groupby(["parameters", "tokens"])["loss"].idxmin()]
    sizes = np.column_stack([np.ones(len(best)), np.log(best["parameters"]), np.log(best["tokens"])])
    for column in ("learning_rate", "batch_size"):
        slopes, squares, *_ = np.linalg.lstsq(sizes, np.log(best[column]), rcond=None)
        freedom = len(best) - sizes.shape[1]
        errors = np.sqrt(np.diag(np.linalg.inv(sizes.T @ sizes)) * squares / freedom)
        for size, slope, error in zip(("parameters", "tokens"), slopes[1:], errors[1:], strict=True):
            lower, upper = fit.posterior[f"{column}_by_{size}"].quantile([0.025, 0.975])
            away = stats.t.ppf(0.975, freedom) * error
            assert slope - away < lower < upper < slope + away
            assert upper - lower < away  # half as wide, or less
        lower, upper = fit.posterior[f"{column}_best"].quantile([0.0005, 0.9995])
        assert lower < STEPLAW.law[f"{column}_best"] < upper


@pytest.mark.slow
@pytest.mark.parametrize("published", [GEMSTONES, MISFITTING, DATABLATIONS], ids=lambda each: each.file)
def test_published_figures_are_within_the_intervals(shared, published):
    fit = bs.fit("chinchilla", published.runs(shared))
    assert fit.diagnostics.converged
    interval = bs.coefficients(fit)
    for name, value in published.law.items():
        assert interval.loc[name, "lower"] < value < interval.loc[name, "upper"]
    for name, value in published.outside.items():  # see the test of the exponent of tokens of Gemstones
        assert not interval.loc[name, "lower"] < value < interval.loc[name, "upper"]
