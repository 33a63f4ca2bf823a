"""Chains that do not mix are grouped, weighted and named, on a posterior with two modes of the same mass."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xarray import Dataset

import bayes_scaling as bs
from bayes_scaling.inference.mixing import chain_groups, group_shares, pairwise_rhat
from bayes_scaling.reports.fit_quantities import fit_report, groups_report, summary_json
from bayes_scaling.reports.fit_words import sentence
from bayes_scaling.reports.terminal import console
from bayes_scaling.studies.comparison.chain_weights import chain_weights, chains_of

SIZE = 40


@pytest.fixture(scope="module")
def symmetric() -> pd.DataFrame:
    """Runs on 20 tokens a parameter: which term is whose is open, and priors and centre favour neither."""
    parameters = np.geomspace(1e6, 1e12, SIZE)
    tokens, relative = 20 * parameters, parameters / 1e9
    scatter = np.random.default_rng(0).normal(0, 0.005, SIZE)
    loss = (0.3 + 1.15 * relative**-0.5 + 1.15 * relative**-0.1) * np.exp(scatter)
    columns = {"parameters": parameters, "tokens": tokens, "flop": 6 * parameters * tokens, "loss": loss}
    table = pd.DataFrame(columns, index=[f"run-{number:02d}" for number in range(SIZE)])
    table.attrs = {"name": "symmetric", "selections": []}
    return table


@pytest.fixture(scope="module")
def split(symmetric) -> bs.Fit:
    specification = bs.load_specification("chinchilla-normal")
    return bs.fit(specification, symmetric, draws=1000, tune=500, chains=6, attempts=1, seed=0)


@pytest.mark.slow
def test_modes_of_equal_mass_are_found_and_share_it_equally(split) -> None:
    assert not split.diagnostics.converged
    table = chain_weights(split)
    assert len(table) == 2
    assert sorted(sum(table["chains"], ())) == list(range(6))
    # By symmetry one half. The logarithm of a mode's mass has a Monte Carlo error near 0.15: three of them.
    assert table["mass_share"].to_numpy() == pytest.approx(0.5, abs=0.12)
    assert table["mass_share"].sum() == pytest.approx(1)
    assert table["stacking_weight"].sum() == pytest.approx(1)
    assert table["stacking_weight"].min() >= 0
    # Each mode predicts what the other does, with the two terms in each other's place.
    assert abs(np.diff(table["elpd"])[0]) < 1
    means = [chains_of(split, chains).data["posterior"].to_dataset().mean() for chains in table["chains"]]
    assert float(means[0]["alpha"]) == pytest.approx(float(means[1]["beta"]), rel=0.05)
    assert float(means[0]["share"]) == pytest.approx(1 - float(means[1]["share"]), abs=0.02)


@pytest.mark.slow
def test_an_unconverged_fit_names_its_modes_wherever_it_is_shown(split, tmp_path) -> None:
    named = split.diagnostics.failures[-1]
    assert named.startswith("chains fall into 2 groups that do not mix")
    assert "% of the mass" in named
    assert sentence(split).startswith("NOT CONVERGED")
    assert named.encode() in summary_json(split)
    out = console()
    with out.capture() as captured:
        out.print(fit_report(split), groups_report(split))
    for heading in ("share of mass", "stacking weight", "2 groups of chains"):
        assert heading in captured.get()
    again = bs.load_fit(split.save(tmp_path))
    pd.testing.assert_frame_equal(chain_weights(again), chain_weights(split))


@pytest.mark.slow
def test_a_group_alone_holds_all_the_mass(split) -> None:
    largest = chain_weights(split)["chains"].iloc[0]
    table = chain_weights(chains_of(split, largest))
    assert len(table) == 1
    assert table.loc[1, ["mass_share", "stacking_weight"]].tolist() == [1, 1]
    assert groups_report(chains_of(split, largest)) is None


@pytest.mark.slow
def test_smc_runs_that_disagree_are_not_converged_and_say_why(symmetric, tmp_path) -> None:
    """PyMC's sampler proposes from one normal distribution, which two narrow modes are not."""
    specification = bs.load_specification("chinchilla-normal")
    fit = bs.fit(specification, symmetric, draws=200, chains=3, attempts=1, sampler="smc")
    assert fit.settings.sampler == fit.diagnostics.sampler == "smc"
    assert not fit.diagnostics.converged
    assert fit.diagnostics.evidence_spread > 0.5
    assert any("log evidence of the SMC runs differs" in failure for failure in fit.diagnostics.failures)
    again = bs.load_fit(fit.save(tmp_path))
    assert again.diagnostics == fit.diagnostics
    table = chain_weights(again)
    assert table["mass_share"].sum() == pytest.approx(1)


@pytest.mark.slow
def test_smc_runs_that_agree_are_a_fit_like_any_other(symmetric) -> None:
    """On runs that tell parameters from tokens, so that there is one mode."""
    runs = bs.load_runs()
    fit = bs.fit(bs.load_specification("chinchilla-normal"), runs, draws=1000, chains=3, attempts=1, sampler="smc")
    other = bs.fit(bs.load_specification("chinchilla-normal"), runs, draws=1000, tune=500, chains=3, seed=1)
    assert set(fit.data["posterior"].data_vars) == set(other.data["posterior"].data_vars)
    for name in ("level", "alpha", "beta"):
        one, two = (each.data["posterior"][name] for each in (fit, other))
        assert float(one.mean()) == pytest.approx(float(two.mean()), abs=0.2 * float(two.std()))
    assert "particles" in fit.diagnostics.facts
    assert summary_json(fit)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sampler": "gibbs"}, "sampler = 'gibbs' is not valid; choose one of: nuts, smc"),
        ({"sampler": "smc", "delta": 0.0025}, "leave out delta"),
    ],
)
def test_a_sampler_that_can_not_be_is_refused_before_sampling(ho2024, arguments, message) -> None:
    specification = bs.load_specification("ho2024/07")
    if "delta" in arguments:
        specification = specification.with_published_penalty(arguments["delta"])
    with pytest.raises(bs.BayesScalingError, match=message):
        bs.fit(specification, ho2024, sampler=arguments["sampler"])


def chains_at(*centres: float) -> Dataset:
    draws = np.random.default_rng(0).normal(size=(len(centres), 400)) + np.array(centres)[:, None]
    return Dataset({"x": (("chain", "draw"), draws)})


def test_a_chain_that_never_moved_is_a_group_of_its_own() -> None:
    posterior = chains_at(0, 0, 0)
    posterior["x"][1] = 0.0
    assert chain_groups(posterior) == ((0, 2), (1,))
    assert np.isfinite(pairwise_rhat(posterior)).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0.0, 50.0, 100.0]), min_size=2, max_size=6))
def test_groups_are_the_modes_whatever_the_order(centres) -> None:
    groups = chain_groups(chains_at(*centres))
    assert sorted(sum(groups, ())) == list(range(len(centres)))
    assert len(groups) == len(set(centres))
    assert all(len({centres[chain] for chain in group}) == 1 for group in groups)


@given(st.lists(st.floats(-500, 500), min_size=3, max_size=3))
def test_shares_add_up_and_follow_the_masses(logs) -> None:
    shares = group_shares(np.array(logs), ((0, 1), (2,)))
    assert shares.sum() == pytest.approx(1)
    mean, last = np.logaddexp(logs[0], logs[1]) - np.log(2), logs[2]
    assert (shares[0] >= shares[1]) == (mean >= last) or mean == pytest.approx(last)
