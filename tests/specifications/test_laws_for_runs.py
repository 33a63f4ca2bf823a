"""Laws for tables of runs that say more than sizes: what they state, against their sources, and what they refuse."""

import tomllib

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import pytest
from formulas.made_formulas import made_fit
from made_runs import made_runs
from scipy import integrate, stats

import bayes_scaling as bs
from bayes_scaling.inference.likelihood import draws_of, expected_losses
from bayes_scaling.law.formula import training_compute
from bayes_scaling.law.muennighoff import MUENNIGHOFF
from bayes_scaling.model import distributions
from bayes_scaling.model.coordinates import coefficients_of
from bayes_scaling.model.reported import reported_quantities
from bayes_scaling.model.rows import anchor_of, make_rows
from bayes_scaling.model.structure import Coefficient, expected_loss
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.reports.describe import describe
from bayes_scaling.specifications.noise import FAMILIES
from bayes_scaling.specifications.parameters import OVERFITTING
from bayes_scaling.specifications.template import template
from bayes_scaling.tables.columns import is_runs

EPOCHS = np.array([0.5, 1, 1, 2, 4, 40, 400, 9000.0])


@pytest.fixture
def repeated() -> pd.DataFrame:
    """Runs of which some repeat tokens and some have more parameters than these can use."""
    runs = made_runs(models=8)
    parameters = runs["parameters"] / np.tile([1, 1, 300, 1, 300, 1, 300, 300], 3)
    return runs.assign(epochs=np.tile(EPOCHS, 3), parameters=parameters).drop(columns="flop")


def published(specification: bs.Specification, **further: float) -> dict[str, Coefficient]:
    """The published law as coefficients at the central point of a specification."""
    anchor, base = anchor_of(specification), MUENNIGHOFF.base
    values = {
        "E": base.E,
        "log_A": np.log(base.A) - base.alpha * np.log(anchor.parameters),
        "log_B": np.log(base.B) - base.beta * np.log(anchor.common_tokens),
        **{"alpha": base.alpha, "beta": base.beta, "repetition_scale": MUENNIGHOFF.R_D, **further},
    }
    return {name: Coefficient(np.array([[value]])) for name, value in values.items()}


def test_repeated_tokens_and_excess_parameters_are_worth_what_the_source_says(repeated) -> None:
    specification = bs.load_specification("runs/repeated")
    rows = make_rows(specification, repeated)
    found = expected_loss(published(specification, excess_scale=MUENNIGHOFF.R_N), rows.covariates, rows.index)
    unique = repeated["tokens"] / np.maximum(repeated["epochs"], 1)
    expected = MUENNIGHOFF.loss(repeated["parameters"], repeated["tokens"], unique)
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)
    best = MUENNIGHOFF.best_parameters(unique)
    assert 0 < (repeated["parameters"] > best).sum() < len(repeated)  # both branches of the minimum


def test_overfitting_adds_nothing_to_a_first_pass_and_a_power_law_beyond(repeated) -> None:
    specification = bs.load_specification("runs/overfitting")
    rows = make_rows(specification, repeated)
    plain = published(specification)
    penalty = dict(zip(OVERFITTING, (0.01, 0.8, 1.1), strict=True))
    added = (
        expected_loss(published(specification, **penalty), rows.covariates, rows.index)
        - expected_loss(plain, rows.covariates, rows.index)
    )[0]
    unique = repeated["tokens"] / np.maximum(repeated["epochs"], 1)
    again = np.maximum(repeated["epochs"] - 1, 0)
    np.testing.assert_allclose(added, 0.01 * again**0.8 * (repeated["parameters"] / unique) ** 1.1, atol=1e-12)
    assert (added == 0).sum() == 9


def test_epochs_follow_from_unique_tokens_where_they_are_not_given() -> None:
    table = pd.DataFrame(
        {
            "parameters": ["1e9"] * 3,
            "tokens": ["4e10", "4e10", "1e10"],
            "unique_tokens": ["1e10", "1e10", "2e10"],
            "loss": ["2.8", "2.8", "2.9"],
        }
    )
    with pytest.warns(bs.RunsWarning):
        assert bs.read_runs(table)["epochs"].tolist() == [4.0, 4.0, 0.5]
    with pytest.warns(bs.RunsWarning):
        assert bs.read_runs(table.assign(epochs=["3", "", ""]))["epochs"].tolist() == [3.0, 4.0, 0.5]


@pytest.mark.parametrize(
    ("specification", "said"),
    [
        ("runs/repeated-tokens", "needs column epochs (of runs how often tokens were seen; or unique_tokens"),
        ("robustness/tokens-seen", "is of unique tokens, and those of runs are as seen (use 'repeated')"),
    ],
)
def test_a_table_without_repetitions_is_refused(specification, said) -> None:
    runs = made_runs(models=8).assign(benchmark="web", published=pd.Timestamp("2024-01-01"))
    runs.attrs["kind"] = "runs"
    assert is_runs(runs)
    with pytest.raises(bs.EvaluationsError) as caught:
        make_rows(bs.load_specification(specification), runs)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("data", "progress", "said"),
    [
        ({"overfitting": "penalty"}, {}, "overfitting need tokens = 'repeated'"),
        ({"excess_parameters": "decay"}, {}, "excess_parameters and overfitting need tokens = 'repeated'"),
        (
            {"tokens": "repeated", "excess_parameters": "decay"},
            {"parameters": "constant_rate"},
            "does not go with [progress], by which the best number of parameters changes",
        ),
    ],
)
def test_what_needs_repetitions_says_so(data, progress, said) -> None:
    with pytest.raises(bs.SpecificationError) as caught:
        bs.Specification.from_dict("mine", {"law": "chinchilla", "data": data, "progress": progress})
    assert said in str(caught.value)


# ---------------------------------------------------------------------- a coefficient that is another one

TIED = {"law": "chinchilla", "irreducible_loss": "shared"}


def test_one_exponent_is_the_law_of_over_training() -> None:
    """E + (a M^eta + b M^-eta) C^-eta, with eta half the exponent, and M tokens for each parameter."""
    runs, specification = made_runs(), bs.load_specification("runs/one-exponent")
    assert [each.name for each in specification.parameters()] == [
        "level",
        "irreducible_share",
        "share",
        "alpha",
        "sigma",
        "nu",
    ]
    rows = make_rows(specification, runs)
    values = {"level": 2.6, "irreducible_share": 0.6, "share": 0.4, "alpha": 0.3}
    drawn = {name: np.array([[value]]) for name, value in values.items()}
    coefficients = coefficients_of(specification, drawn, rows.levels)
    reported = reported_quantities(specification, coefficients, rows.levels, anchor=rows.anchor)
    E, A, B, beta = (np.ravel(reported[name].value)[0] for name in ("E", "A", "B", "beta"))
    assert beta == 0.3
    assert "a" not in reported  # the exponent of the best parameters is 1/2 by assumption
    ratio, compute = runs["tokens"] / runs["parameters"], training_compute(runs["parameters"], runs["tokens"])
    over = E + (A * 6**0.15 * ratio**0.15 + B * 6**0.15 / ratio**0.15) / compute**0.15
    np.testing.assert_allclose(expected_loss(coefficients, rows.covariates, rows.index)[0], over, rtol=1e-12)


def test_what_depends_on_columns_can_be_tied_too() -> None:
    runs = made_runs().assign(dataset=np.resize(["a", "b"], 24), depth=np.resize([8.0, 12.0, 20.0], 24))
    for text in ("0 + dataset", "1 + depth"):
        document = TIED | {"coefficients": {"alpha": text, "beta": "alpha"}}
        specification = bs.Specification.from_dict("mine", document)
        fit = made_fit(specification, runs)
        np.testing.assert_array_equal(fit.posterior["beta"], fit.posterior["alpha"])
        assert "beta = alpha" in describe(specification).equations[-2].replace(f"[{text[4:]}]", "")
        assert bs.Specification.from_dict("mine", specification.to_dict()) == specification
        assert tomllib.loads(template(specification))["coefficients"]["beta"] == "alpha"


@pytest.mark.parametrize(
    ("coefficients", "said"),
    [
        ({"beta": "level"}, "[coefficients] beta = 'level' is not valid: a coefficient can be another one of its kind"),
        ({"beta": "beta"}, "valid for beta: alpha"),
        ({"beta": "alpha", "alpha": "beta"}, "that is none itself; valid for beta: alpha"),
        ({"sigma": "alpha"}, "valid for sigma: none"),
        ({"beta": "g_N"}, "valid for beta: alpha"),
    ],
)
def test_only_coefficients_of_a_kind_can_be_tied(coefficients, said) -> None:
    with pytest.raises(bs.SpecificationError) as caught:
        bs.Specification.from_dict("mine", TIED | {"coefficients": coefficients})
    assert said in str(caught.value)


def test_the_prior_of_a_tied_coefficient_is_that_of_the_other() -> None:
    prior = {"distribution": "lognormal", "mu": 0, "sigma": 1}
    document = TIED | {"coefficients": {"beta": "alpha"}}
    specification = bs.Specification.from_dict("mine", document | {"priors": {"alpha": prior}})
    assert specification.prior_of("beta") == specification.prior_of("alpha") == bs.Prior.of("lognormal", mu=0, sigma=1)
    with pytest.raises(bs.SpecificationError, match=r"\[priors.beta\] is not used by this specification"):
        bs.Specification.from_dict("mine", document | {"priors": {"beta": prior}})


# ---------------------------------------------------------------------- noise on one side

UNTUNED = [0.1, 1.0, 5.0, 20.0]


@pytest.mark.parametrize("untuned", UNTUNED)
def test_one_sided_noise_is_normal_noise_and_an_exponential_part(untuned) -> None:
    family, away = FAMILIES["one_sided"], np.array([-0.05, -0.01, 0, 0.03, 0.5])
    found = family.of(away, 0.01, {"untuned": untuned})
    expected = stats.exponnorm.logpdf(away, untuned, scale=0.01)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    variable = distributions.OneSided.dist(mu=0.0, sigma=0.01, untuned=untuned)
    np.testing.assert_allclose(pm.logp(variable, away).eval(), expected, rtol=1e-10)
    drawn = pm.draw(variable, 20_000, random_seed=1)
    assert stats.kstest(drawn, stats.exponnorm(untuned, scale=0.01).cdf).pvalue > 1e-3


def test_the_gradient_of_one_sided_noise_is_a_number_far_above_the_law() -> None:
    value = pt.dvector()
    density = pm.logp(distributions.OneSided.dist(mu=0.0, sigma=1.0, untuned=2.0), value)
    slope = pt.grad(density.sum(), value).eval({value: np.array([-60.0, -30, 0, 30, 1000])})
    assert np.isfinite(slope).all()
    assert slope[-1] == pytest.approx(-0.5)  # of the exponential part


def test_what_a_run_of_one_sided_noise_tells_is_less_than_of_normal_and_more_than_its_variance_says() -> None:
    information = FAMILIES["one_sided"].information(np.array(UNTUNED))
    variance = 1 + np.array(UNTUNED) ** 2
    assert (1 / variance < information).all() and (information < 1).all()
    numerical = integrate.quad(lambda z: stats.exponnorm.pdf(z, 1.0) * _slope(z) ** 2, -8, 40, epsabs=1e-10, limit=200)[
        0
    ]
    assert information[1] == pytest.approx(numerical, rel=1e-6)


def _slope(z: float, step: float = 1e-5) -> float:
    return float(stats.exponnorm.logpdf(z + step, 1.0) - stats.exponnorm.logpdf(z - step, 1.0)) / (2 * step)


def test_a_law_with_one_sided_noise_is_that_of_tuned_runs() -> None:
    notes = "\n".join(describe(bs.load_specification("runs/untuned")).notes)
    assert "L without noise the loss of a run as well tuned as the best" in notes


# ---------------------------------------------------------------------- columns that can be tuned


def tuned(specification: bs.Specification) -> dict[str, np.ndarray]:
    """A law whose best learning rate and batch size are those that Li et al. 2025 published, in tokens."""
    values = {"level": 2.6, "irreducible_share": 0.6, "share": 0.4, "alpha": 0.3, "beta": 0.35}
    values |= {"learning_rate_best": 1.79 * 1e9**-0.713 * 2e10**0.307, "batch_size_best": 0.58 * 2e10**0.571}
    values |= {"learning_rate_by_parameters": -0.713, "learning_rate_by_tokens": 0.307}
    values |= {"batch_size_by_parameters": 0.0, "batch_size_by_tokens": 0.571}
    values |= {"learning_rate_curvature": 0.04, "batch_size_curvature": 0.02}
    return {name: np.array([[value]]) for name, value in values.items()}


@pytest.mark.parametrize(("rate", "batch"), [(1.0, 1.0), (3.0, 1.0), (1.0, 0.25), (0.1, 8.0)])
def test_a_run_loses_with_the_square_of_the_log_of_what_it_is_off_the_best(rate, batch) -> None:
    specification, runs = bs.load_specification("runs/learning-rate"), made_runs()
    size, tokens = runs["parameters"], runs["tokens"]
    best = {"learning_rate": 1.79 * size**-0.713 * tokens**0.307, "batch_size": 0.58 * tokens**0.571}
    off = make_rows(
        specification, runs.assign(learning_rate=rate * best["learning_rate"], batch_size=batch * best["batch_size"])
    )
    coefficients = coefficients_of(specification, tuned(specification), off.levels)
    found = expected_loss(coefficients, off.covariates, off.index)[0]
    sizes = {name: each for name, each in off.covariates.items() if name in ("log_parameters", "log_tokens")}
    at_best = expected_loss(coefficients, sizes, off.index)[0]  # what hypothetical systems have
    lost = np.exp(0.04 * np.log(rate) ** 2 + 0.02 * np.log(batch) ** 2)
    np.testing.assert_allclose((found - 1.56) / (at_best - 1.56), lost, rtol=1e-9)


def test_a_prediction_is_of_a_run_at_the_best_values() -> None:
    specification, runs = bs.load_specification("runs/learning-rate"), made_runs()
    fit = made_fit(specification, runs.assign(learning_rate=1e-3, batch_size=256.0))
    laws = laws_of(fit)
    found = laws.loss(runs["parameters"], runs["tokens"], 2020.0)
    values = draws_of(specification, fit.data)
    plain = bs.load_specification("chinchilla")
    kept = {name: each for name, each in values.items() if name in {p.name for p in plain.parameters()}}
    np.testing.assert_allclose(found, expected_losses(plain, make_rows(plain, runs), kept), rtol=1e-12)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"tuned": {"learning_rate": 0}}, "[tuned] learning_rate must be a number above 0"),
        ({"tuned": {"alpha": 1.0}}, "[tuned] 'alpha' is no column that can be tuned"),
        ({"tuned": {"parameters": 1.0}}, "[tuned] 'parameters' is no column that can be tuned"),
        ({"tuned": {"lr": 1e-3}, "delta": 0.01}, "[tuned] does not go with delta"),
        ({"tuned": 3}, "tuned must be a table"),
    ],
)
def test_what_can_not_be_tuned_is_refused(document, said) -> None:
    with pytest.raises(bs.SpecificationError) as caught:
        bs.Specification.from_dict("mine", {"law": "chinchilla"} | document)
    assert said in str(caught.value)


def test_a_tuned_column_is_needed_in_every_row() -> None:
    specification, runs = bs.load_specification("runs/learning-rate"), made_runs().assign(batch_size=256.0)
    for table, said in (
        (runs, "needs column learning_rate"),
        (runs.assign(learning_rate=[*[1e-3] * 23, np.nan]), "column learning_rate is empty in 1 row(s)"),
        (
            runs.assign(learning_rate=[*[1e-3] * 23, 0.0]),
            "learning_rate 0.0 (row 'run-023') must be a finite number above 0",
        ),
    ):
        with pytest.raises(bs.EvaluationsError) as caught:
            make_rows(specification, table)
        assert said in str(caught.value)


def test_any_column_may_be_tuned_in_any_law() -> None:
    document = {"law": "parameters", "tuned": {"weight_decay": 0.1}}
    specification = bs.Specification.from_dict("mine", document)
    names = [each.name for each in specification.parameters()]
    assert names[-4:] == ["weight_decay_best", "weight_decay_curvature", "weight_decay_by_parameters", "sigma"]
    assert bs.Specification.from_dict("mine", specification.to_dict()) == specification
    assert tomllib.loads(template(specification))["tuned"] == document["tuned"]
    fit = made_fit(specification, made_runs().assign(weight_decay=np.resize([0.01, 0.1, 1.0], 24)))
    assert np.isfinite(bs.coefficients(fit)["median"]).all()


def test_mixtures_of_experts_differ_by_a_power_of_their_sparsity() -> None:
    """Formulas alone say it: the factor on the reducible loss, and the share of the parameters' term."""
    runs = made_runs().assign(sparsity=np.resize([1.0, 8.0, 64.0], 24))
    fit = made_fit(bs.load_specification("runs/mixture-of-experts"), runs)
    dense, sparse = (bs.at(fit, sparsity=each) for each in (1.0, 8.0))
    one, other = (laws_of(each).loss(1e9, 2e10, 2020.0)[:, 0] for each in (dense, sparse))
    posterior = {
        name: fit.posterior[name].to_numpy().ravel()
        for name in ("level", "irreducible_share", "reducible_log_sparsity")
    }
    step = np.log(8) / np.log(runs["sparsity"]).std(ddof=0)
    E = posterior["level"] * posterior["irreducible_share"]
    np.testing.assert_allclose((other - E) / (one - E), np.exp(posterior["reducible_log_sparsity"] * step), rtol=1e-9)


def test_bits_per_byte_are_made_nats_per_token_by_the_bytes_of_a_token() -> None:
    table = made_runs()[["parameters", "tokens", "loss"]]
    per_byte = table.assign(loss=table["loss"] / np.log(2) / 4.3)
    with pytest.warns(bs.RunsWarning, match=r"if per byte, the bytes of a token too, such as --scale loss=4\.3"):
        bs.read_runs(per_byte)
    read = bs.read_runs(per_byte, loss_unit="bits", scale={"loss": 4.3})
    np.testing.assert_allclose(read["loss"], table["loss"])
    assert read.attrs["selections"] == ["loss times 4.3", "loss from bits"]


def test_a_law_of_repetitions_is_not_told_that_tokens_repeat(repeated) -> None:
    from bayes_scaling.tables.plausibility import findings

    told = {
        name: {each.code for each in findings(repeated.assign(flop=1e20), bs.load_specification(name).used_columns)}
        for name in ("chinchilla", "runs/repeated-tokens")
    }
    assert "repetition" in told["chinchilla"]
    assert "repetition" not in told["runs/repeated-tokens"]
