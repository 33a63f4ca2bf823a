"""Predictions: expected losses and new evaluations, dates and compute at which a loss is reached."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_fits import GOOD
from made_laws import Y0, changes_with_size, made_compute_laws, made_drifting_laws, made_laws, prior_laws
from scipy import stats
from xarray import Dataset, DataTree

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_MODEL_7
from bayes_scaling.inference.data import assemble
from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.inference.settings import Settings
from bayes_scaling.law.systems import HO2024_SYSTEMS, System
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.optimal_split import optimal_split
from bayes_scaling.quantities.prediction import compute_needed, predicted_loss, reachable_date
from bayes_scaling.specifications.laws import LAWS
from bayes_scaling.specifications.sections import Noise, Progress
from bayes_scaling.specifications.specification import Specification

NINE = tuple(HO2024_SYSTEMS)
seeds = st.integers(0, 2**32 - 1)


def progressing_laws(seed: int, draws: int = 20):
    rng = np.random.default_rng(seed)
    return made_laws(
        E=rng.uniform(0, 1.5, draws),
        log_A=rng.uniform(3, 7, draws),
        alpha=rng.uniform(0.05, 0.5, draws),
        g_N=rng.uniform(0.1, 2, draws),
        log_B=rng.uniform(3, 7, draws),
        beta=rng.uniform(0.05, 0.5, draws),
        g_D=rng.uniform(0.1, 2, draws),
    )


def fit_of(family: str, cluster: str, draws: int = 1500) -> bs.Fit:
    """A fit to the packaged table whose draws of the noise vary widely."""
    specification = Specification(
        "made", progress=Progress("constant_rate", "constant_rate"), noise=Noise(family, cluster)
    )
    evaluations, rng, shape = bs.load_evaluations().head(30), np.random.default_rng(1), (2, draws)
    rows = make_rows(specification, evaluations)
    ranges = {"level": (3, 4), "share": (0.2, 0.8), "alpha": (0.05, 0.4), "beta": (0.05, 0.4)}
    ranges |= {"sigma": (0.05, 0.5), "tau": (0.05, 0.5), "nu": (5, 10)}
    names = [parameter.name for parameter in specification.parameters()]
    variables = {name: (("chain", "draw"), rng.uniform(*ranges.get(name, (0.1, 1)), size=shape)) for name in names}
    if (family, cluster) == ("student_t", "paper"):
        effects = rng.standard_normal((*shape, len(rows.levels["paper"])))
        for name in ("paper_effect", "paper_effect_standardised"):
            variables[name] = (("chain", "draw", "paper"), effects)
    coords = {"chain": [0, 1], "draw": np.arange(draws)}
    sampled = DataTree.from_dict({"posterior": Dataset(variables, coords=coords), "sample_stats": Dataset()})
    return bs.Fit(
        data=assemble(specification, rows, evaluations, sampled),
        specification=specification,
        evaluations=EvaluationsSummary("made", len(evaluations), len(rows.levels["paper"]), ()),
        diagnostics=GOOD,
        settings=Settings(100, draws, 2, 0.9),
        seed=0,
        seconds={"compile": 0.0, "sample": 0.0, "total": 0.0},
        versions={},
        fingerprint="",
    )


def noise_of(fit: bs.Fit) -> np.ndarray:
    """What a new evaluation adds to the mean, shape (chain, draw, system)."""
    return (predicted_loss(fit, NINE, kind="new_evaluation", seed=3) - predicted_loss(fit, NINE)).to_numpy()


@pytest.fixture(scope="module")
def normal_fit() -> bs.Fit:
    return fit_of("normal", "none")


# ---------------------------------------------------------------------- predicted_loss


def test_the_published_losses_come_back() -> None:
    found = predicted_loss(HO2024_MODEL_7, NINE)
    printed = [4.434, 3.708, 3.186, 3.165, 2.771, 2.462, 2.080, 2.006, 2.046]
    np.testing.assert_allclose(found.squeeze(), printed, atol=0.001)
    assert found["system"].to_numpy().tolist() == list(NINE)
    assert found.attrs == {"unit": "nats per token", "kind": "mean"}


def test_perplexity_is_the_exponential_of_the_loss() -> None:
    loss, perplexity = (predicted_loss(HO2024_MODEL_7, NINE, unit=unit) for unit in ("loss", "perplexity"))
    np.testing.assert_allclose(perplexity, np.exp(loss), rtol=1e-14)
    assert perplexity.attrs == {"unit": "perplexity", "kind": "mean"}


def test_one_system_may_stand_alone() -> None:
    made = System("made", 1e9, 2e10, date(2024, 1, 1))
    assert predicted_loss(HO2024_MODEL_7, made)["system"].to_numpy().tolist() == ["made"]
    assert predicted_loss(HO2024_MODEL_7, "GPT-3").item() == pytest.approx(2.080, abs=0.001)


@given(st.floats(5, 12), st.floats(5, 13), st.dates(date(2005, 1, 1), date(2040, 1, 1)), seeds)
def test_larger_and_later_systems_have_lower_loss(log_n, log_d, published, seed) -> None:
    laws = progressing_laws(seed)
    system = System("system", 10**log_n, 10**log_d, published)
    others = [
        System("more parameters", 2 * system.parameters, system.tokens, published),
        System("more tokens", system.parameters, 2 * system.tokens, published),
        System("later", system.parameters, system.tokens, published.replace(year=published.year + 1, day=1)),
    ]
    losses = predicted_loss(laws, [system, *others]).to_numpy()[0]
    assert (losses[:, 1:] < losses[:, :1]).all()


def test_normal_noise_has_each_draws_own_scale(normal_fit) -> None:
    standard = noise_of(normal_fit) / normal_fit.data["posterior"]["sigma"].to_numpy()[..., None]
    assert stats.kstest(standard.ravel(), "norm").pvalue > 0.01


def test_a_new_paper_adds_an_effect_of_its_own_for_each_system() -> None:
    fit = fit_of("normal", "paper")
    posterior = fit.data["posterior"]
    scale = np.sqrt(posterior["sigma"] ** 2 + posterior["tau"] ** 2).to_numpy()[..., None]
    standard = noise_of(fit) / scale
    assert stats.kstest(standard.ravel(), "norm").pvalue > 0.01
    correlation = np.corrcoef(standard.reshape(-1, len(NINE)), rowvar=False)[~np.eye(len(NINE), dtype=bool)]
    assert np.abs(correlation).max() < 5 / np.sqrt(standard[..., 0].size)


def test_student_t_noise_has_each_draws_own_tails() -> None:
    fit = fit_of("student_t", "none")
    posterior = fit.data["posterior"]
    sigma, nu = (posterior[name].to_numpy()[..., None] for name in ("sigma", "nu"))
    uniform = stats.t.cdf(noise_of(fit) / sigma, nu)
    assert stats.kstest(uniform.ravel(), "uniform").pvalue > 0.01
    not_normal = stats.norm.cdf(noise_of(fit) / sigma)
    assert stats.kstest(not_normal.ravel(), "uniform").pvalue < 0.01


def test_student_t_noise_and_paper_effects_add_their_variances() -> None:
    fit = fit_of("student_t", "paper")
    posterior = fit.data["posterior"]
    variance = posterior["sigma"] ** 2 * posterior["nu"] / (posterior["nu"] - 2) + posterior["tau"] ** 2
    ratio = noise_of(fit) ** 2 / variance.to_numpy()[..., None]
    assert ratio.mean() == pytest.approx(1, abs=4 * ratio.std() / np.sqrt(ratio.size))


def test_noise_is_repeated_by_its_seed_and_only_by_it(normal_fit) -> None:
    first, same, other = (predicted_loss(normal_fit, NINE, kind="new_evaluation", seed=seed) for seed in (1, 1, 2))
    assert first.equals(same)
    assert (first != other).all()


def test_published_constants_have_no_noise() -> None:
    with pytest.raises(bs.BayesScalingError, match='no noise is known of published constants; choose kind="mean"'):
        predicted_loss(HO2024_MODEL_7, NINE, kind="new_evaluation")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"systems": "GPT-5"}, "'GPT-5' is unknown; valid choices: RNN, LSTM"),
        ({"systems": []}, "at least one system"),
        ({"systems": [1e9]}, "not float"),
        ({"kind": "median"}, "kind = 'median' is not valid; choose one of: mean, new_evaluation"),
        ({"unit": "bits"}, "unit = 'bits' is not valid; choose one of: loss, perplexity"),
        ({"benchmark": "c4"}, "'c4' is unknown; valid choices: wt103"),
    ],
)
def test_questions_that_make_no_sense_are_refused(changes, message) -> None:
    with pytest.raises(bs.BayesScalingError, match=message):
        predicted_loss(HO2024_MODEL_7, **{"systems": NINE} | changes)


def test_dates_long_before_the_data_are_refused(normal_fit) -> None:
    first = normal_fit.data["constant_data"]["year"].min().item()
    near, far = (System("made", 1e7, 1e8, date(int(first) - years, 1, 1)) for years in (4, 7))
    assert np.isfinite(predicted_loss(normal_fit, near)).all()
    with pytest.raises(bs.BayesScalingError, match="before the first fitted system"):
        predicted_loss(normal_fit, far)
    with pytest.raises(bs.BayesScalingError, match="before the first fitted system"):
        compute_needed(normal_fit, 4.0, [2020, first - 7])


# ---------------------------------------------------------------------- reachable_date


@given(seeds, st.floats(16, 27), st.floats(1.6, 5.0))
def test_the_loss_at_the_found_date_is_the_target(seed, power, loss) -> None:
    laws = progressing_laws(seed)
    dates = reachable_date(laws, loss, 10**power).to_numpy()[0]
    finite = np.isfinite(dates)
    reached = optimal_split(laws, 10**power, np.where(finite, dates, Y0)[:, None]).loss[:, 0]
    np.testing.assert_allclose(reached[finite], loss, rtol=1e-10)
    first, last = (optimal_split(laws, 10**power, year).loss[:, 0] for year in (1950.0, 2150.0))
    assert (last[dates == np.inf] > loss).all()
    assert (first[dates == -np.inf] <= loss).all()
    assert not np.isnan(dates).any()


@given(seeds, st.floats(16, 27), st.floats(1.6, 5.0))
def test_the_date_is_the_closed_form_of_constant_rates(seed, power, loss) -> None:
    laws = progressing_laws(seed)
    E, alpha, beta, g_N, g_D = (laws.coefficients[name].value[:, 0] for name in ("E", "alpha", "beta", "g_N", "g_D"))
    now = optimal_split(laws, 10**power, Y0).loss[:, 0]
    expected = Y0 + np.log((now - E) / (loss - E)) * (alpha + beta) / (alpha * beta) / (g_N + g_D)
    expected = np.where(expected > 2150, np.inf, np.where(expected < 1950, -np.inf, expected))
    np.testing.assert_allclose(reachable_date(laws, loss, 10**power)[0], expected, rtol=1e-9)


def test_the_loss_at_the_found_date_is_the_target_where_exponents_drift() -> None:
    laws = made_drifting_laws(alpha_drift=[0.001, 0.002], beta_drift=[0.001, 0.0])
    dates = reachable_date(laws, 3.3, 1e23).to_numpy()[0]
    np.testing.assert_allclose(optimal_split(laws, 1e23, dates[:, None]).loss, 3.3, rtol=1e-10)


def test_a_loss_that_progress_brings_and_takes_away_has_the_date_when_it_came() -> None:
    laws = made_drifting_laws(alpha_drift=-0.001, beta_drift=0.003)
    before, between, after = optimal_split(laws, 1e23, [2015.0, 2050.0, 2085.0]).loss[0]
    assert between < 3.8 < min(before, after)
    found = reachable_date(laws, 3.8, 1e23).item()
    assert 2015 < found < 2050
    assert optimal_split(laws, 1e23, found).loss.item() == pytest.approx(3.8)


def test_exponents_that_are_positive_over_a_part_of_the_years_have_a_date_in_it() -> None:
    laws = made_drifting_laws(alpha_drift=0.004, beta_drift=0.004)  # beta is below 0 before 2003
    assert np.isnan(optimal_split(laws, 1e21, 2000.0).loss).all()
    found = reachable_date(laws, 2.5, 1e21).item()
    assert optimal_split(laws, 1e21, found).loss.item() == pytest.approx(2.5)


@pytest.mark.parametrize("name", bs.list_specifications())
def test_the_loss_falls_to_the_target_at_the_found_date_under_any_specification(name, ho2024) -> None:
    laws = prior_laws(bs.load_specification(name), ho2024)
    if LAWS[laws.specification.law].for_runs:
        with pytest.raises(bs.BayesScalingError, match=f"'{name}' is "):
            reachable_date(laws, 3.0, 1e22)
        return
    if changes_with_size(laws):
        with pytest.raises(bs.BayesScalingError, match="terms are no power laws of them"):
            reachable_date(laws, 3.0, 1e22)
        return
    if "year" in laws.specification.columns:  # dates differ between draws, and a formula takes one
        with pytest.raises(bs.BayesScalingError, match="has a formula of year"):
            reachable_date(laws, 3.0, 1e22)
        return
    dates = reachable_date(laws, 3.0, 1e22).to_numpy()[0]
    finite = np.isfinite(dates)
    assert finite.any() == laws.specification.progresses
    around = np.where(finite, dates, Y0)[:, None] + [-1e-6, 1e-6]  # some laws jump at a date
    before, after = optimal_split(laws, 1e22, around).loss[finite].T
    assert (before > 3 - 1e-4).all()
    assert (after < 3 + 1e-4).all()
    assert not np.isnan(dates).any()


@given(seeds, st.floats(16, 26), st.floats(1.6, 4.0), st.floats(1.01, 100))
def test_more_compute_or_a_higher_loss_is_reached_no_later(seed, power, loss, factor) -> None:
    laws = progressing_laws(seed)
    dates = reachable_date(laws, [loss, loss * 1.01], [10**power, 10**power * factor]).to_numpy()[0]
    finite = np.isfinite(dates).all(axis=(1, 2))
    assert (dates[:, :, 1] <= dates[:, :, 0]).all()
    assert (dates[:, 1] <= dates[:, 0]).all()
    assert (dates[finite, :, 1] < dates[finite, :, 0]).all()


def test_dates_without_a_number_are_infinite_or_undefined() -> None:
    laws = made_laws(
        #  reached  E too high  no progress, not reached  backwards  no progress, reached   no optimum
        E=[1.0, 2.5, 1.0, 1.0, 1.0, 1.0],
        alpha=[0.3, 0.3, 0.3, 0.3, 0.9, -0.1],
        beta=[0.3, 0.3, 0.3, 0.3, 0.9, 0.3],
        g_N=[0.5, 0.5, 0.0, -0.5, 0.0, 0.5],
        g_D=[0.5, 0.5, 0.0, -0.5, 0.0, 0.5],
    )
    dates = reachable_date(laws, 2.0, 1e20).to_numpy()[0]
    assert np.isfinite(dates[0])
    np.testing.assert_array_equal(dates[1:], [np.inf, np.inf, np.inf, -np.inf, np.nan])


def test_dates_have_the_dimensions_that_were_asked_for() -> None:
    laws = progressing_laws(0)
    assert reachable_date(laws, 2.0, 1e22).dims == ("chain", "draw")
    assert reachable_date(laws, [2.0, 2.5], 1e22).dims == ("chain", "draw", "loss")
    whole = reachable_date(laws, [2.0, 2.5], [1e21, 1e22, 1e23])
    assert dict(whole.sizes) == {"chain": 1, "draw": 20, "loss": 2, "compute": 3}
    assert whole.attrs == {"unit": "decimal year"}
    np.testing.assert_array_equal(whole.sel(loss=2.5, compute=1e23), reachable_date(laws, 2.5, 1e23))
    assert credible_intervals(whole).index.names == ["loss", "compute"]


def test_a_law_of_compute_has_dates() -> None:
    laws = made_compute_laws(E=1.2, log_A=5.0, alpha=0.1, g_C=[0.4, 0.8])
    dates = reachable_date(laws, 2.0, 6e22)  # the law stands at 6 FLOP
    expected = Y0 + ((5.0 - np.log(0.8)) / 0.1 - np.log(1e22)) / np.array([0.4, 0.8])
    np.testing.assert_allclose(dates[0], expected, rtol=1e-10)


# ---------------------------------------------------------------------- compute_needed


@given(seeds, st.floats(2000, 2040), st.floats(1.6, 5.0))
def test_the_compute_found_reaches_the_target(seed, year, loss) -> None:
    laws = progressing_laws(seed)
    needed = compute_needed(laws, loss, year).to_numpy()[0]
    within = (needed > 0) & np.isfinite(needed)
    reached = optimal_split(laws, np.where(within, needed, 1.0)[:, None], year).loss[:, 0]
    np.testing.assert_allclose(reached[within], loss, rtol=1e-10)
    assert within.any()


@given(seeds, st.floats(2000, 2040), st.floats(1.8, 4.0))
def test_a_lower_loss_needs_more_compute_and_a_later_date_less(seed, year, loss) -> None:
    laws = progressing_laws(seed)
    needed = np.log(compute_needed(laws, [loss, loss * 1.01], [year, year + 1]).to_numpy()[0])
    assert (needed[:, 1] < needed[:, 0]).all()
    assert (needed[:, :, 1] < needed[:, :, 0]).all()


@given(seeds, st.floats(2010, 2030))
def test_compute_needed_halves_in_a_doubling_time_of_effective_compute(seed, year) -> None:
    laws = progressing_laws(seed)
    rate = laws.coefficients["g_N"].value + laws.coefficients["g_D"].value
    for sample in range(3):
        doubling = np.log(2) / rate[sample, 0]
        first, second = compute_needed(laws, 2.5, [year, year + doubling]).to_numpy()[0, sample]
        assert second / first == pytest.approx(0.5, rel=1e-8)


def test_the_compute_needed_at_a_date_is_enough_from_that_date_on() -> None:
    needed = compute_needed(HO2024_MODEL_7, 2.1, 2021.5).item()
    assert reachable_date(HO2024_MODEL_7, 2.1, needed).item() == pytest.approx(2021.5, abs=1e-6)


def test_compute_without_a_number_is_infinite_or_undefined() -> None:
    laws = made_laws(E=[1.0, 2.5, 1.0], beta=[0.3, 0.3, -0.1])
    needed = compute_needed(laws, 2.0, [2020, 2024])
    assert np.isfinite(needed[0, 0]).all()
    np.testing.assert_array_equal(needed[0, 1], [np.inf, np.inf])
    np.testing.assert_array_equal(needed[0, 2], [np.nan, np.nan])
    assert needed.dims == ("chain", "draw", "year")
    assert needed.attrs == {"unit": "FLOP"}


def test_what_a_prediction_is_for_stands_in_its_attributes() -> None:
    laws = prior_laws(bs.load_specification("ho2024/07"), bs.load_evaluations())
    drawn = predicted_loss(laws, "GPT-3", benchmark="ptb")
    assert drawn.attrs == {"unit": "nats per token", "kind": "mean", "benchmark": "ptb"}


# ---------------------------------------------------------------------- impossible questions


@pytest.mark.parametrize(("question", "given"), [(reachable_date, 1e9), (compute_needed, 2025)])
def test_a_loss_below_the_irreducible_loss_of_every_draw_is_refused(question, given) -> None:
    laws = made_laws(E=[1.0, 1.5])
    assert np.isinf(question(laws, 1.25, given)).to_numpy()[0].tolist()[1]
    for never in (1.0, 0.5, [2.0, 0.9]):
        with pytest.raises(bs.BayesScalingError, match=r"not above the irreducible loss in any draw.*above 1 nats"):
            question(laws, never, given)


@pytest.mark.parametrize("question", [reachable_date, compute_needed])
@pytest.mark.parametrize("loss", [0, -1, np.nan, "low", [], [[2.0]]])
def test_a_loss_that_is_not_positive_is_refused(question, loss) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"loss \(nats per token\) must be"):
        question(HO2024_MODEL_7, loss, 2025)


@pytest.mark.parametrize("compute", [0, -1e22, [1e22, np.nan], "much"])
def test_a_budget_that_is_not_positive_is_refused(compute) -> None:
    with pytest.raises(bs.BayesScalingError, match=r"compute \(FLOP\) must be"):
        reachable_date(HO2024_MODEL_7, 2.0, compute)


def test_a_year_that_is_no_number_is_refused() -> None:
    with pytest.raises(bs.BayesScalingError, match="year must be"):
        compute_needed(HO2024_MODEL_7, 2.0, "soon")
