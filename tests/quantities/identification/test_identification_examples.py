"""Verdicts, mixes and correlations of known posteriors."""

import numpy as np

import bayes_scaling as bs
from bayes_scaling.classical.profile_likelihood import curvature_correlation
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.identification import best_mix, span
from bayes_scaling.quantities.influence import Rule, prior_quantities


def test_best_mix() -> None:
    rng = np.random.default_rng(0)
    along, across = rng.standard_normal((2, 1000))
    mix = best_mix(1 + along + 0.1 * across, 1 - along + 0.1 * across)
    assert (round(mix.weight, 1), round(mix.value.median, 1), mix.correlation < -0.9) == (0.5, 1.0, True)


def test_span() -> None:
    assert span(np.arange(41.0)).median == 20.0


def test_rule() -> None:
    rule = Rule()
    assert (rule.verdict(0.9, prior=0.01, likelihood=0.1), rule.verdict(0.9, prior=0.06, likelihood=0.1)) == (
        "by the data",
        "shared",
    )
    assert (rule.verdict(0.05, prior=0.01, likelihood=0.1), rule.verdict(0.2, prior=0.2, likelihood=0.01)) == (
        "by the prior",
        "by the prior",
    )


def test_rule_words() -> None:
    assert Rule().words == (
        "by the data: interval at least 50% narrower than the prior's, and sensitivity to any prior below 0.05 and "
        "below 50% of that to the data; by the prior: interval less than 10% narrower, or less than 29% and "
        "sensitive to a prior but not to the data; shared: the rest"
    )


def test_prior_quantities() -> None:
    specification = bs.load_specification("ho2024/07")
    drawn = prior_quantities(specification, make_rows(specification, bs.load_evaluations()))
    assert (drawn["share"].shape, round(float(drawn["g_C"].std()), 1)) == ((1, 20000, 3), 1.4)


def test_curvature_correlation() -> None:
    model, table = bs.load_specification("ho2024/07"), bs.load_evaluations("ho2024")
    point = bs.classical.published_estimate(model, table)
    at = np.array(list(point.coefficients.values()))
    assert round(curvature_correlation(bs.classical.Objective.of(model, table), at), 2) == -0.75
