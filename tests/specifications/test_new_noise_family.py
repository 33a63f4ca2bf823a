"""A family of noise that the package lacks is one description in one table, with clusters or without."""

from datetime import date

import numpy as np
import pytest
from documentation.guides import code_of
from formulas.made_formulas import made_draws, made_evaluations, made_fit
from models.log_densities import FAST
from scipy import integrate, stats

import bayes_scaling as bs
from bayes_scaling.inference.likelihood import draws_of, paper_densities
from bayes_scaling.inference.posterior import coefficients_of
from bayes_scaling.model.build import build_model_of_rows
from bayes_scaling.model.rows import make_rows
from bayes_scaling.model.structure import expected_loss
from bayes_scaling.reports.describe import describe
from bayes_scaling.specifications.noise import FAMILIES
from bayes_scaling.specifications.sections import CHOICES

LOGISTIC = code_of("extend-the-grammar", "noise")["LOGISTIC"]
DOCUMENT = {"law": "chinchilla", "varies_by": {"A": "benchmark", "B": "benchmark"}, "noise": {"family": "logistic"}}


@pytest.fixture
def specification(monkeypatch) -> bs.Specification:
    monkeypatch.setitem(FAMILIES, "logistic", LOGISTIC)
    monkeypatch.setitem(CHOICES["noise"], "family", (*CHOICES["noise"]["family"], "logistic"))  # as when imported
    return bs.Specification.from_dict("mine", DOCUMENT)


def test_the_density_of_the_model_is_the_familys(specification) -> None:
    assert describe(specification).equations[-1] == "noise ~ Logistic(0, sigma)"
    table = made_evaluations(12)
    rows = make_rows(specification, table)
    model = build_model_of_rows(specification, rows)
    density = model.compile_fn(model.logp(model.observed_RVs), mode=FAST, on_unused_input="ignore")
    point = {name: each[0, 1] for name, each in made_draws(specification, rows).items()}
    transformed = {
        model.rvs_to_values[each].name: np.asarray(
            model.rvs_to_transforms[each].forward(point[each.name]).eval(mode=FAST)
        )
        for each in model.free_RVs
    }
    values = {name: np.atleast_1d(value) for name, value in point.items()}
    mu = expected_loss(coefficients_of(specification, values, rows.levels), rows.covariates, rows.index)
    expected = stats.logistic.logpdf(rows.response, mu, point["sigma"]).sum()
    assert density(transformed) == pytest.approx(expected, rel=1e-10)


def test_effects_of_papers_are_integrated_out(specification) -> None:
    document = specification.to_dict() | {"noise": {"family": "logistic", "cluster": "paper"}}
    clustered, table = bs.Specification.from_dict("mine", document), made_evaluations(20)
    fit = made_fit(clustered, table)
    rows, values = make_rows(clustered, table), draws_of(clustered, fit.data)
    residual = np.tile(rows.response - rows.response.mean(), (len(values["sigma"]), 1))
    found = paper_densities(clustered, rows, values, residual)
    code = int(np.argmax(np.bincount(rows.index["paper"])))
    own, sigma, tau = residual[0, rows.index["paper"] == code], values["sigma"][0, 0], values["tau"][0, 0]
    assert len(own) > 1

    def integrand(effect):
        return np.exp(stats.logistic.logpdf(own - effect, scale=sigma).sum() + stats.norm.logpdf(effect, scale=tau))

    whole, _ = integrate.quad(integrand, -9 * tau, 9 * tau, epsabs=0, epsrel=1e-10, limit=500)
    assert found[0, code] == pytest.approx(np.log(whole), abs=1e-6)


def test_losses_are_drawn_from_it(specification) -> None:
    fit = made_fit(specification, made_evaluations(20), draws=500)
    system = bs.System("new", 1e9, 1e9, date(2020, 1, 1))
    mean, one = (bs.predicted_loss(fit, system, kind=kind) for kind in ("mean", "new_evaluation"))
    away = (one - mean) / fit.posterior["sigma"]
    assert stats.kstest(away.to_numpy().ravel(), stats.logistic.cdf).pvalue > 1e-3
    assert stats.kstest(away.to_numpy().ravel(), stats.norm.cdf).pvalue < 1e-3
