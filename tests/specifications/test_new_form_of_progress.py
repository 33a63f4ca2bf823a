"""A form of progress that the package lacks is one description in one table: all else reads it from there."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest
from documentation.guides import code_of
from formulas.made_formulas import made_draws, made_evaluations
from made_fits import fit_of_posterior
from models.log_densities import FAST
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.posterior import posterior_of
from bayes_scaling.model.build import build_model_of_rows
from bayes_scaling.model.coordinates import published_names
from bayes_scaling.model.rows import central_anchor, make_rows
from bayes_scaling.reports.describe import describe
from bayes_scaling.specifications.progress import SHAPES, Progress, Shape
from bayes_scaling.specifications.sections import CHOICES
from bayes_scaling.specifications.template import template
from bayes_scaling.tables import decimal_year

QUADRATIC = code_of("extend-the-grammar", "progress")["QUADRATIC"]
DOCUMENT = """
law = "chinchilla"
[varies_by]
A = "benchmark"
B = "benchmark"
[progress]
parameters = "quadratic"
data = "constant_rate"
[priors]
g_N = { distribution = "normal", mu = 0.2, sigma = 0.5 }
g_N_curvature = { distribution = "normal", mu = 0, sigma = 0.05 }
"""


@pytest.fixture
def specification(monkeypatch) -> bs.Specification:
    monkeypatch.setitem(SHAPES, "quadratic", QUADRATIC)
    for key in ("parameters", "data", "compute"):  # which follows from the table when the package is imported
        monkeypatch.setitem(CHOICES["progress"], key, (*CHOICES["progress"][key], "quadratic"))
    return bs.Specification.from_dict("mine", tomllib.loads(DOCUMENT))


def test_it_is_written_read_and_described(specification) -> None:
    text = template(specification)
    assert 'parameters = "quadratic"  # none, constant_rate, walk, quadratic' in text
    assert bs.Specification.from_dict("mine", tomllib.loads(text)) == specification
    names = [parameter.name for parameter in specification.parameters()]
    assert names == ["level", "share", "alpha", "beta", "g_N_base", "g_N_curvature", "g_D", "sigma"]
    assert specification.prior_of("g_N_base") == bs.Prior("normal", mu=0.2, sigma=0.5)
    described = describe(specification)
    assert "N_eff = N exp(g_N_base (Y - Y0) + g_N_curvature (Y - Y0)^2)" in described.equations
    assert "g_N_curvature" in [line.name for line in described.priors]
    with pytest.raises(bs.BayesScalingError, match="a quadratic of g_N is shared by all rows"):
        bs.Specification.from_dict("mine", specification.to_dict() | {"coefficients": {"g_N": "1 + architecture"}})
    with pytest.raises(bs.BayesScalingError, match="form of progress or column for g_N, which the paper's form lacks"):
        published_names(specification)


def test_what_is_said_of_levels_without_a_date_is_the_forms_own(monkeypatch) -> None:
    monkeypatch.setitem(SHAPES, "bend", replace(SHAPES["bend"], unseen=Shape.unseen))
    eras = Progress(parameters="constant_rate", data="constant_rate", cut_year=1990.0)
    specification = bs.Specification(name="mine", varies_by={"g_N": "era"}, progress=eras)
    with pytest.raises(bs.BayesScalingError) as refused:
        make_rows(specification, made_evaluations(12))
    told = "specification 'mine' has rates by era, but no evaluation was published in era 'before'; choose more rows"
    assert str(refused.value) == told


def test_its_density_is_that_of_the_law_written_out(specification) -> None:
    table = made_evaluations(12)
    rows = make_rows(specification, table)
    model = build_model_of_rows(specification, rows)
    density = model.compile_fn(model.logp(jacobian=False), mode=FAST, on_unused_input="ignore")
    point = {name: each[0, 1] for name, each in made_draws(specification, rows).items()}
    transformed = {
        model.rvs_to_values[each].name: np.asarray(
            model.rvs_to_transforms[each].forward(point[each.name]).eval(mode=FAST)
        )
        if model.rvs_to_transforms[each] is not None
        else point[each.name]
        for each in model.free_RVs
    }
    anchor, v = central_anchor(specification, table), point
    since = decimal_year(table["published"]).to_numpy(float) - 2018
    level, share = v["level"][rows.index["benchmark"]], v["share"][rows.index["benchmark"]]
    tokens = table["tokens"] / table["benchmark"].map(anchor.tokens)
    growth = v["g_N_base"] * since + v["g_N_curvature"] * since**2
    parameter_term = share * (table["parameters"] / 3e7 * np.exp(growth)) ** -v["alpha"]
    data_term = (1 - share) * (tokens * np.exp(v["g_D"] * since)) ** -v["beta"]
    law = stats.norm.logpdf(np.log(table["perplexity"]), level * (parameter_term + data_term), v["sigma"]).sum()
    priors = sum(specification.prior_of(name).frozen().logpdf(value).sum() for name, value in point.items())
    assert density(transformed) == pytest.approx(law + priors, rel=1e-10)


def test_quantities_and_stored_fits_follow(specification, tmp_path) -> None:
    table = made_evaluations(40)
    rows = make_rows(specification, table)
    posterior = posterior_of(specification, rows, made_draws(specification, rows))
    fit = fit_of_posterior(specification, table, posterior)
    since = decimal_year(table["published"]) - 2018
    base, curvature, g_d = (posterior[name].to_numpy() for name in ("g_N_base", "g_N_curvature", "g_D"))
    np.testing.assert_allclose(posterior["g_N"], base + curvature * (since.min() + since.max()), rtol=1e-9)
    np.testing.assert_allclose(posterior["g_C"], posterior["g_N"] + g_d, rtol=1e-12)
    grown = np.log(bs.effective_compute(fit, 2016.5, 2021.0))
    np.testing.assert_allclose(grown, 4.5 * (base + g_d) + curvature * (9 - 1.5**2), rtol=1e-9)
    months = 12 * np.log(2) / np.median(posterior["g_C"])
    assert bs.doubling_times(fit).loc["compute", "median"] == pytest.approx(months, rel=1e-9)
    fit.save(tmp_path / "fit.nc")
    again = rows_of(bs.load_fit(tmp_path / "fit.nc").data, specification)
    for name in ("years", "squares"):
        np.testing.assert_array_equal(again.covariates[name], rows.covariates[name])
