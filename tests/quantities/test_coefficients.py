"""Coefficients of a static law from given draws, and exponents about which the data say nothing."""

import json
import re

import numpy as np
import pytest
from made_fits import made_fit_of_runs
from made_runs import made_runs
from scipy import stats

import bayes_scaling as bs
from bayes_scaling.common.formatting import in_digits, number
from bayes_scaling.inference.result import Fit
from bayes_scaling.quantities.allocation import allocation_exponents
from bayes_scaling.quantities.coefficients import CONTRACTION_MIN, coefficients, contraction, unidentified
from bayes_scaling.quantities.intervals import MCSE
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.reports.fit_quantities import fit_report, summary_json
from bayes_scaling.reports.fit_words import sentence
from bayes_scaling.reports.terminal import console

SPECIFICATION = bs.load_specification("chinchilla-normal")
CHAINS, DRAWS = 2, 4000
CENTRE = {"parameters": 1e9, "tokens": 2e10}


def made_fit(narrower: dict[str, float] | None = None, *, series: bool = False) -> Fit:
    """A fit whose exponents have the prior's median and an interval narrower than the prior's by a given share."""
    rng, shares = np.random.default_rng(0), {"alpha": 0.95, "beta": 0.95} | (narrower or {})
    values = {
        "level": 2.5 * np.exp(0.001 * rng.normal(size=(CHAINS, DRAWS))),
        "irreducible_share": 0.7 + 0.005 * rng.normal(size=(CHAINS, DRAWS)),
        "share": 0.5 + 0.01 * rng.normal(size=(CHAINS, DRAWS)),
        "sigma": 0.02 * np.exp(0.05 * rng.normal(size=(CHAINS, DRAWS))),
    }
    # Quantiles of the prior in random order: no noise in the intervals.
    levels = (np.arange(CHAINS * DRAWS) + 0.5) / (CHAINS * DRAWS)
    for name, share in shares.items():
        prior = dict(SPECIFICATION.prior_of(name).arguments)
        draws = np.exp(prior["mu"] + (1 - share) * prior["sigma"] * stats.norm.ppf(rng.permutation(levels)))
        values[name] = draws.reshape(CHAINS, DRAWS)
    return made_fit_of_runs(made_runs(series=series), **values)


@pytest.fixture(scope="module")
def fit() -> Fit:
    return made_fit()


@pytest.fixture(scope="module")
def open_fit() -> Fit:
    return made_fit({"alpha": 0.05})


def printed(fit: Fit) -> str:
    out = console()
    with out.capture() as captured:
        out.print(fit_report(fit))
    return " ".join(captured.get().split())


def test_the_table_has_the_laws_coefficients_in_order(fit) -> None:
    table = coefficients(fit)
    assert list(table.index) == ["E", "A", "B", "alpha", "beta", "a"]
    assert list(table.columns) == ["median", "lower", "upper", *MCSE, "unit", "contraction"]
    assert table.attrs["interval"] == {"probability": 0.95, "kind": "equal-tailed"}
    for name, row in table.iterrows():
        draws = fit.data["posterior"][name].to_numpy()
        tail = (1 - 0.95) / 2
        found = np.quantile(draws, [0.5, tail, 1 - tail], method="inverted_cdf")
        np.testing.assert_array_equal([row["median"], row["lower"], row["upper"]], found)


def test_intervals_of_another_probability_are_nested(fit) -> None:
    wide, narrow = coefficients(fit), coefficients(fit, probability=0.5)
    assert (wide["lower"] < narrow["lower"]).all()
    assert (narrow["upper"] < wide["upper"]).all()
    with pytest.raises(bs.BayesScalingError, match="between 0 and 1"):
        coefficients(fit, probability=1.5)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.9])
def test_contraction_is_by_how_much_an_interval_is_narrower_than_the_priors(share: float) -> None:
    """A lognormal posterior with a share of the prior's sigma has that share of its width."""
    assert contraction(made_fit({"beta": share}), "beta") == pytest.approx(share, abs=2e-3)


def test_exponents_with_the_priors_interval_are_unidentified_and_a_with_them(fit, open_fit) -> None:
    assert unidentified(fit) == ()
    assert unidentified(open_fit) == ("alpha", "A", "a")
    assert unidentified(made_fit({"alpha": 0.0, "beta": 0.0})) == ("alpha", "beta", "A", "B", "a")
    assert unidentified(made_fit({"alpha": CONTRACTION_MIN + 0.01})) == ()


def test_coefficients_are_the_law(fit) -> None:
    posterior, laws = fit.data["posterior"].to_dataset(), laws_of(fit)
    n, d = 7e10, 1.4e12
    by_hand = posterior["E"] + posterior["A"] / n ** posterior["alpha"] + posterior["B"] / d ** posterior["beta"]
    np.testing.assert_allclose(laws.loss(n, d, 2020.0).ravel(), by_hand.to_numpy().ravel(), rtol=1e-10)


def test_allocation_takes_a_fit_to_runs_at_any_date(fit) -> None:
    found = allocation_exponents(fit)["a"]
    np.testing.assert_allclose(found, fit.data["posterior"]["a"], rtol=1e-10)
    np.testing.assert_array_equal(found, allocation_exponents(fit, year=1990.0)["a"])


# ---------------------------------------------------------------------- what is printed and stored


def test_summary_has_the_coefficients(fit, open_fit) -> None:
    summary = json.loads(summary_json(fit))
    about = {"name": "made", "rows": 24, "selections": [], "kind": "runs"}
    assert summary["evaluations"] == about | {"series": None}
    assert json.loads(summary_json(made_fit(series=True)))["evaluations"] == about | {"series": 3}
    for name, row in coefficients(fit).iterrows():
        stored = summary["coefficients"][name]
        assert [stored[key] for key in ("median", "lower", "upper")] == [row["median"], row["lower"], row["upper"]]
    assert summary["coefficients"]["E"]["contraction"] is None
    assert summary["unidentified"] == []
    assert json.loads(summary_json(open_fit))["unidentified"] == ["alpha", "A", "a"]
    for times in summary["doubling_time_months"].values():
        assert times["median"] is None


def test_the_sentence_answers_with_the_exponents(fit) -> None:
    text, table = sentence(fit), coefficients(fit)
    assert text.startswith("On made (24 training runs), with 'chinchilla-normal', the exponent alpha of parameters is ")
    for name in ("alpha", "beta", "a"):
        row = table.loc[name]
        assert f"{number(row['median'])} ({number(row['lower'])} to {number(row['upper'])})" in text
    assert "95% equal-tailed credible interval" in text
    assert "24 training runs of 3 series" in sentence(made_fit(series=True))


def test_an_unidentified_exponent_is_not_an_answer(open_fit) -> None:
    text = sentence(open_fit)
    assert "the data say nearly nothing about alpha, A and a: the interval is nearly the prior's." in text
    assert "alpha of parameters is" not in text
    assert "beta of tokens is" in text
    assert "grows as compute" not in text
    shown = printed(open_fit)
    assert shown.count("not identified") == 3
    assert re.search(r"alpha\s+not identified\s+[\d.]+ to [\d.]+\s+nearly the prior's interval", shown)
    assert re.search(r"\sbeta\s+[\d.]+\s", shown)


def test_the_report_shows_coefficients_and_no_doubling_times(fit) -> None:
    shown = printed(fit)
    assert "Doubling times" not in shown
    for name, row in coefficients(fit).iterrows():
        median, lower, upper = in_digits(row, number)
        assert re.search(rf"{name}\s+{re.escape(median)}\s+{re.escape(lower)} to {re.escape(upper)}", shown)
