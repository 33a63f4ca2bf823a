"""The paper's penalty as a prior: the posterior mode is the paper's penalised estimate."""

import numpy as np
import pytest
from models.log_densities import FAST

import bayes_scaling as bs
from bayes_scaling.classical.objective import Objective
from bayes_scaling.model.coordinates import published_names

SIGMA = 0.2


@pytest.fixture(scope="module")
def scaled_log_posterior(ho2024):
    """-2 sigma^2 / n times the log posterior at fixed sigma: the paper's objective up to a constant."""
    specification = bs.load_specification("ho2024/07").with_published_penalty(0.0025)
    model = bs.build_model(specification, ho2024)
    log_posterior = model.compile_fn(model.logp(), mode=FAST)
    names = published_names(specification)

    def evaluate(theta) -> float:
        point = dict(zip(names, np.asarray(theta, dtype=float), strict=True)) | {"sigma_log__": np.log(SIGMA)}
        return float(-2 * SIGMA**2 / len(ho2024) * log_posterior(point))

    return evaluate


@pytest.fixture(scope="module")
def optimum(ho2024):
    return bs.classical.converged_estimate(bs.load_specification("ho2024/07"), ho2024, delta=0.0025)


def test_log_posterior_is_the_papers_objective_up_to_a_constant(scaled_log_posterior, ho2024) -> None:
    rng = np.random.default_rng(0)
    zero = np.zeros(10)
    loss = np.log(ho2024["perplexity"].to_numpy())

    def objective(theta) -> float:  # model 7, written out once more on purpose: an independent check
        years = ho2024["published"].dt.year + (ho2024["published"].dt.day_of_year - 1) / 365
        years = (years - years.min()).to_numpy()
        log_n = np.log(ho2024["parameters"] / ho2024["parameters"].min()).to_numpy()
        log_d = np.log(ho2024["tokens"] / ho2024["tokens"].min()).to_numpy()
        ptb, wt2 = ((ho2024["benchmark"] == name).to_numpy(float) for name in ("ptb", "wt2"))
        a = theta[0] + theta[1] * ptb + theta[2] * wt2 - theta[3] * years - theta[4] * log_n
        c = theta[5] + theta[6] * ptb + theta[7] * wt2 - theta[8] * years - theta[9] * log_d
        return float(np.mean((loss - np.exp(a) - np.exp(c)) ** 2) + 0.0025 * np.abs(theta).sum())

    for _ in range(5):
        theta = rng.normal(0, 0.05, 10)
        theta[[4, 9]] = rng.uniform(0.01, 0.2, 2)
        expected = objective(theta) - objective(zero)
        assert scaled_log_posterior(theta) - scaled_log_posterior(zero) == pytest.approx(expected, abs=1e-9)


def test_posterior_mode_is_the_converged_optimum(scaled_log_posterior, optimum, ho2024) -> None:
    best = np.array(list(optimum.coefficients.values()))
    at_mode = scaled_log_posterior(best)
    objective_at_zero = float(np.mean((np.log(ho2024["perplexity"]) - 2) ** 2))  # both terms are e^0 there
    objective_at_mode = at_mode - scaled_log_posterior(np.zeros(10)) + objective_at_zero
    assert objective_at_mode == pytest.approx(optimum.objective, abs=1e-10)
    assert objective_at_mode == pytest.approx(0.0507227, abs=1e-6)  # literature, row 9
    rng = np.random.default_rng(1)
    for scale in (1e-4, 1e-3, 1e-2, 1e-1):
        for _ in range(50):
            assert scaled_log_posterior(best + scale * rng.normal(size=10)) > at_mode - 1e-9


@pytest.mark.parametrize("name", ["bend-2017", "jump-2017", "transformer-factor", "tokens-seen-imputed"])
def test_other_structures_have_the_objective_of_the_published_estimator(name, ho2024) -> None:
    plain = bs.load_specification(f"robustness/{name}")
    objective = Objective.of(plain, ho2024, delta=0.0025)
    model = bs.build_model(plain.with_published_penalty(0.0025), ho2024)
    log_posterior = model.compile_fn(model.logp(), mode=FAST)

    def scaled(theta) -> float:
        point = dict(zip(objective.names, theta, strict=True)) | {"sigma_log__": np.log(SIGMA)}
        return float(-2 * SIGMA**2 / len(ho2024) * log_posterior(point))

    zero = np.zeros(len(objective.names))
    rng = np.random.default_rng(0)
    for theta in rng.uniform(-0.05, 0.1, (3, zero.size)):
        assert scaled(theta) - scaled(zero) == pytest.approx(objective(theta) - objective(zero), abs=1e-9)


@pytest.mark.parametrize("name", ["nearly-neutral", "repetition", "student-t", "papers"])
def test_structures_beyond_the_papers_form_have_no_penalty(name) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"delta (needs|does not go with)"):
        bs.load_specification(f"robustness/{name}").with_published_penalty(0.0025)
