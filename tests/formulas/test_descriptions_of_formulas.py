"""A specification with formulas in words, in LaTeX and as a template: what is added to what, and every prior."""

import tomllib

import pytest

import bayes_scaling as bs
from bayes_scaling.reports.describe import describe, varying
from bayes_scaling.reports.html import mathml
from bayes_scaling.reports.mathematics import is_equation, tex
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.specifications.template import template

PROGRESS = {"parameters": "constant_rate", "data": "constant_rate"}
DOCUMENTS = {
    "levels alone": {"coefficients": {"level": "0 + benchmark", "share": "0 + benchmark"}, "progress": PROGRESS},
    "terms on a level": {
        "coefficients": {"level": "0 + benchmark + zero_shot", "share": "1", "irreducible_share": "1 + log(year)"}
    },
    "exponents": {"coefficients": {"alpha": "1 + architecture + (1 | lab)", "beta": "0 + lab + (year | benchmark)"}},
    "terms that decline": {
        "coefficients": {"alpha": "1 + architecture", "beta": "1 + (1 | lab)", "reducible": "0 + zero_shot"},
        "progress": PROGRESS | {"acts_on": "loss_term"},
    },
    "rates": {"coefficients": {"g_N": "1 + (1 | lab)", "g_D": "1 + year"}, "progress": PROGRESS},
    "noise and a factor": {
        "coefficients": {"sigma": "0 + benchmark", "reducible": "0 + zero_shot + (1 | lab)", "loss": "0 + zero_shot"},
        "noise": {"cluster": "lab", "family": "student_t"},
        "transformer_factor": "sigmoid",
    },
    "noise on the logarithm": {
        "coefficients": {"sigma": "1 + benchmark"},
        "noise": {"scale": "log_loss"},
        "priors": {"sigma": {"distribution": "half_normal", "sigma": 0.1}},
    },
    "compute": {
        "law": "compute",
        "coefficients": {"alpha": "1 + poly(year, 2)", "g_C": "0 + lab", "level": "1 + architecture:lab"},
        "progress": {"compute": "constant_rate"},
    },
    "runs": {"law": "parameters", "coefficients": {"alpha": "1 + (1 | series)", "irreducible_share": "0 + series"}},
    "Kaplan's law by group": {"law": "kaplan", "coefficients": {"alpha": "0 + series", "level": "0 + series"}},
    "a walk": {"coefficients": {"alpha": "1 + é"}, "progress": {"parameters": "walk", "data": "constant_rate"}},
    "benchmarks": {"varies_by": {"alpha": "lab"}, "benchmarks": {"lm1b": {"tokens": 8e8}, 'my "own"': {}}},
}


def made(name: str) -> Specification:
    return Specification.from_dict("mine", {"law": "chinchilla", **DOCUMENTS[name]})


@pytest.mark.parametrize("name", DOCUMENTS)
def test_equations_are_set_and_priors_are_of_all_that_is_sampled(name) -> None:
    told = describe(made(name))
    for line in filter(is_equation, told.equations):
        assert mathml(tex(line)) is not None
    assert [line.name for line in told.priors] == [parameter.name for parameter in made(name).parameters()]
    text = " ".join(told.equations)
    for parameter in made(name).parameters():
        stem = parameter.name.removesuffix("_base")
        assert parameter.name in text or stem in ("level", "share", "irreducible_share", "gamma_T", "nu", "tau")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_template_reads_back(name) -> None:
    specification = made(name)
    assert Specification.from_dict("mine", tomllib.loads(template(specification))) == specification
    assert Specification.from_dict("mine", specification.to_dict()) == specification


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_template_with_its_priors_is_the_same_model(name) -> None:
    specification = made(name)
    told = template(specification).replace("# ", "").splitlines()
    priors = [line for line in told if "= { distribution" in line]
    text = template(specification).partition("[priors]")[0] + "[priors]\n" + "\n".join(priors)
    written = Specification.from_dict("mine", tomllib.loads(text))
    for parameter in specification.parameters():
        assert written.prior_of(parameter.name) == specification.prior_of(parameter.name)


def test_what_a_formula_adds_stands_on_its_link() -> None:
    lines = describe(made("exponents")).equations
    assert lines[0] == "L = A / N_eff^alpha[architecture, lab] + B / D_eff^beta[benchmark, lab, year] + noise"
    assert "ln(alpha[architecture, lab]) = ln(alpha_base) + alpha_architecture X[architecture] + alpha_lab_sd " \
        "alpha_lab_standardised[lab]" in lines  # fmt: skip
    assert "ln(beta[benchmark, lab, year]) = ln(beta[lab]) + beta_benchmark_sd " \
        "beta_benchmark_standardised[benchmark] + " \
        "beta_year_by_benchmark_sd beta_year_by_benchmark_standardised[benchmark] X[year]" in lines  # fmt: skip
    assert "g_N[lab] = g_N + g_N_lab_sd g_N_lab_standardised[lab]" in describe(made("rates")).equations


def test_factors_noise_and_clusters_are_told() -> None:
    lines = describe(made("noise and a factor")).equations
    assert lines[0] == "L = W[zero_shot] F R[lab, zero_shot] (A / N_eff^alpha + B / D_eff^beta) + u[lab] + noise"
    assert lines[-1] == "noise ~ StudentT(nu, 0, sigma[benchmark]), u[lab] ~ Normal(0, tau)"


def test_a_level_with_terms_says_where_they_stand() -> None:
    told = describe(made("terms on a level"))
    assert told.equations[0].startswith(
        "L = E[benchmark, zero_shot, year] + A[benchmark, zero_shot, year] / N_eff^alpha"
    )
    assert (
        "logit(irreducible_share[year]) = logit(irreducible_share_base) + irreducible_share_log_year X[log_year]"
        in told.equations
    )
    assert any("irreducible_share of it is E" in note for note in told.notes)


def test_priors_set_by_the_specification_say_so_under_the_name_of_the_base() -> None:
    lines = {line.name: line for line in describe(made("noise on the logarithm")).priors}
    assert lines["sigma_base"].reason == "set by this specification"
    assert lines["sigma_base"].unit == "log units of loss"
    assert (lines["sigma_benchmark"].by, lines["sigma_benchmark"].prior) == ("column", "Normal(mu=0, sigma=1)")


def test_the_catalogue_says_what_varies_as_before() -> None:
    assert varying(bs.load_specification("ho2024/07")) == "A, B by benchmark"
    text = template(bs.load_specification("ho2024/07"))
    assert "coefficients" not in tomllib.loads(text) and "\n# [coefficients]" in text


def test_where_a_term_declines_its_rate_differs_with_its_exponent() -> None:
    lines = describe(made("terms that decline")).equations
    of_n = "d_A = alpha_base g_N_central = alpha[architecture] g_N[architecture]"
    assert f"{of_n}, d_B = beta g_D_central = beta[lab] g_D[lab]" in lines
