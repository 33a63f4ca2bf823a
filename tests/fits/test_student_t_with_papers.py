"""Student-t noise with paper effects: the one combination without a closed form."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

import bayes_scaling as bs
from bayes_scaling.inference.likelihood import draws_of, expected_losses
from bayes_scaling.model.rows import make_rows
from bayes_scaling.specifications.sections import Noise

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def specification():
    """Of the law with the smallest program."""
    return replace(bs.load_specification("ho2024/18"), noise=Noise("student_t", "paper"))


@pytest.fixture(scope="module")
def twice(specification, ho2024):
    """Student-t noise on a table and, in the same process, on its rows in another order."""
    table = ho2024.iloc[:90]
    shuffled = table.sample(frac=1, random_state=1)
    return [bs.fit(specification, rows, draws=200, tune=300, chains=2, attempts=1) for rows in (table, shuffled)]


def test_effects_of_papers_are_those_of_the_fitted_tables_papers(twice, ho2024) -> None:
    one, other = (fit.data["posterior"]["paper_effect"].mean(("chain", "draw")) for fit in twice)
    assert one["paper"].to_numpy().tolist() == list(dict.fromkeys(ho2024["paper"].iloc[:90]))
    assert sorted(one["paper"].to_numpy()) == sorted(other["paper"].to_numpy())
    by_label = np.corrcoef(one, other.sel(paper=one["paper"]))[0, 1]
    by_position = np.corrcoef(one, other)[0, 1]
    assert by_label > 0.9
    assert abs(by_position) < 0.4


def test_the_second_fit_needed_no_compilation(twice) -> None:
    assert twice[1].seconds["compile"] == 0


@pytest.fixture(scope="module")
def fit(specification, ho2024):
    return bs.fit(specification, ho2024, draws=100, tune=300, chains=2)


@pytest.mark.slow
def test_a_papers_density_is_its_integral_over_the_effect(specification, fit, ho2024) -> None:
    rows = make_rows(specification, ho2024)
    residual = (rows.response - expected_losses(specification, rows, draws_of(specification, fit.data)))[0]
    first = fit.data["posterior"].to_dataset().isel(chain=0, draw=0)
    nu, sigma, tau = (float(first[name]) for name in ("nu", "sigma", "tau"))
    stored = fit.log_likelihood("paper")["loss"].isel(chain=0, draw=0)
    sizes = np.bincount(rows.index["paper"])
    for paper in (int(np.argmax(sizes)), int(np.argmin(sizes))):
        block = residual[rows.index["paper"] == paper]

        def density(effect: float, block: np.ndarray = block) -> float:
            return float(stats.norm.pdf(effect, 0, tau) * np.prod(stats.t.pdf(block - effect, nu, scale=sigma)))

        exact, _ = integrate.quad(density, -8 * tau, 8 * tau, epsabs=0, epsrel=1e-9, limit=500)
        assert float(stored[paper]) == pytest.approx(np.log(exact), abs=1e-5)


@pytest.mark.slow
def test_it_saves_and_loads(fit, tmp_path) -> None:
    assert bs.load_fit(fit.save(tmp_path / "fit.nc")).specification == fit.specification
