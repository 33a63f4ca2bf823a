import numpy as np
import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.classical import Bootstrap, Objective, bootstrap
from bayes_scaling.classical.resampling import resamples


@pytest.fixture(scope="module")
def by_row(model_7, ho2024):
    return bootstrap(model_7, ho2024)


@pytest.fixture(scope="module")
def by_paper(model_7, ho2024):
    return bootstrap(model_7, ho2024, by="paper")


@pytest.fixture(scope="module")
def rows(model_7, ho2024):
    return Objective.of(model_7, ho2024).rows


def made_of(rates):
    """A bootstrap with given draws of all three rates."""
    columns = pd.MultiIndex.from_product([["g_N", "g_D", "g_C"], ["all"]], names=["rate", "level"])
    frame = pd.DataFrame(np.tile(np.asarray(rates, float)[:, None], 3), columns=columns)
    return Bootstrap("made", 0.0, "row", 0, pd.DataFrame(), frame, 0)


def test_by_row_repeats_the_published_interval(by_row):
    compute = by_row.doubling_times(percentiles_of="doubling_time").loc["compute"]
    # Rounding, which differs between processors, decides where SLSQP stops on some resamples: a draw or two change
    # sides of the median, which moves by the gap between neighbours, and the ends move by tenths of a month.
    below = (12 * np.log(2) / by_row.rates["g_C", "all"] < 8.4438).sum()
    assert abs(below - len(by_row.rates) / 2) <= 2
    assert compute["median"] == pytest.approx(8.4438, abs=0.05)
    assert compute["lower"] == pytest.approx(4.52, abs=0.2)
    assert compute["upper"] == pytest.approx(14.27, abs=1.0)
    assert by_row.failed == 0


def test_percentiles_of_rates_agree_where_rates_have_one_sign(by_row):
    mapped, published = (by_row.doubling_times(percentiles_of=of).loc["compute"] for of in ("rate", "doubling_time"))
    assert (by_row.rates["g_C", "all"] > 0).all()
    assert mapped["median"] == pytest.approx(published["median"], abs=0.01)
    assert mapped["upper"] == pytest.approx(published["upper"], abs=0.5)


def test_percentiles_of_doubling_times_of_parameters_flip_sign_and_those_of_rates_do_not(by_row):
    mapped, published = (by_row.doubling_times(percentiles_of=of) for of in ("rate", "doubling_time"))
    assert published.loc["parameters", "lower"] < 0
    assert (mapped[["median", "lower", "upper"]] > 0).all(axis=None)
    assert mapped.loc["parameters", "upper"] == np.inf
    assert mapped.attrs["percentiles_of"] == "rate"


def test_draws_scatter_as_published(by_row):
    """Intervals of the paper's table 2."""
    intervals = by_row.coefficients.quantile([0.025, 0.975])
    published = {
        "alpha_year": [-0.058, 0.032],
        "alpha_param": [0.045, 0.127],
        "beta_year": [-0.002, 0.080],
        "beta_data": [0.023, 0.062],
    }
    for name, interval in published.items():
        assert intervals[name].tolist() == pytest.approx(interval, abs=0.004)


def test_by_paper_is_wider(by_row, by_paper):
    width = {}
    for sample in (by_row, by_paper):
        compute = sample.doubling_times().loc["compute"]
        width[sample.by] = np.log(compute["upper"] / compute["lower"])
        assert 7 < compute["median"] < 9.5
    assert width["paper"] > width["row"]


def test_the_same_seed_gives_the_same_draws(model_7, ho2024, by_row):
    again = bootstrap(model_7, ho2024, draws=4)
    pd.testing.assert_frame_equal(again.coefficients, by_row.coefficients[:4])
    other = bootstrap(model_7, ho2024, draws=4, seed=1)
    assert not np.allclose(other.coefficients, again.coefficients)


def test_rows_are_drawn_as_by_the_authors(rows):
    state = np.random.RandomState(0)
    for positions in resamples(rows, 3, 0, "row"):
        assert np.array_equal(positions, state.choice(231, size=231, replace=True))


@pytest.mark.parametrize("seed", range(5))
def test_papers_are_drawn_whole(rows, seed):
    paper = rows.index["paper"]
    for positions in resamples(rows, 3, seed, "paper"):
        copies = np.bincount(positions, minlength=len(paper))
        for code in range(len(rows.levels["paper"])):
            assert len(set(copies[paper == code])) == 1
        assert sum(copies[np.unique(paper, return_index=True)[1]]) == len(rows.levels["paper"])


@pytest.mark.parametrize("by", ["row", "paper"])
def test_resamples_are_as_many_as_asked_and_differ(rows, by):
    drawn = list(resamples(rows, 4, 0, by))
    assert len(drawn) == 4
    assert not np.array_equal(drawn[0], drawn[1])


def test_rates_by_level_keep_their_levels(ho2024):
    sample = bootstrap(bs.load_specification("ho2024/05"), ho2024, draws=3)
    times = sample.doubling_times()
    assert times.index.names == ["factor", "level"]
    assert list(times.loc["compute"].index) == ["wt103", "wt2", "ptb"]
    values = sample.coefficients
    rates = (values["beta_year"] + values["beta_year_ptb"]) / values["beta_data"]
    assert sample.rates["g_D", "ptb"].to_numpy() == pytest.approx(rates.to_numpy())


@pytest.mark.parametrize("percentiles_of", ["rate", "doubling_time"])
def test_no_progress_never_doubles(percentiles_of, ho2024):
    times = bootstrap(bs.load_specification("ho2024/16"), ho2024, draws=3).doubling_times(percentiles_of=percentiles_of)
    assert (times[["median", "lower", "upper"]] == np.inf).all(axis=None)
    assert (times["probability_of_progress"] == 0).all()


@pytest.mark.parametrize("percentiles_of", ["rate", "doubling_time"])
def test_drifting_exponents_have_no_doubling_time(percentiles_of, ho2024):
    sample = bootstrap(bs.load_specification("ho2024/14"), ho2024, draws=2)
    assert sample.doubling_times(percentiles_of=percentiles_of).isna().all(axis=None)


def test_quantiles_of_rates_become_months():
    times = made_of(np.linspace(-1, 3, 41)).doubling_times(probability=0.5).loc["compute"]
    assert times[["median", "lower", "upper"]].tolist() == pytest.approx([12 * np.log(2), 6 * np.log(2), np.inf])
    assert times["probability_of_progress"] == pytest.approx(30 / 41)


def test_all_rates_alike_have_an_interval_of_no_width():
    for of in ("rate", "doubling_time"):
        times = made_of([np.log(2)] * 5).doubling_times(percentiles_of=of)
        assert times[["median", "lower", "upper"]].to_numpy() == pytest.approx(12.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"draws": 0}, "draws must be a whole number of at least 1, not 0"),
        ({"draws": 2.5}, "draws must be a whole number"),
        ({"draws": True}, "draws must be a whole number"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"seed": 2**32}, "seed must be a whole number from 0"),
        ({"by": "benchmark"}, "by = 'benchmark' is not valid; choose one of: row, paper"),
        ({"delta": -0.1}, "delta must be a number of at least 0"),
    ],
)
def test_bad_arguments_are_refused(arguments, message, model_7, ho2024):
    with pytest.raises(bs.BayesScalingError, match=message):
        bootstrap(model_7, ho2024, **arguments)


def test_bad_summaries_are_refused():
    with pytest.raises(bs.BayesScalingError, match="choose one of: rate, doubling_time"):
        made_of([1.0]).doubling_times(percentiles_of="months")
    for probability in (0, 1, 95):
        with pytest.raises(bs.BayesScalingError, match="between 0 and 1"):
            made_of([1.0]).doubling_times(probability=probability)


@pytest.mark.slow
def test_share_of_draws_with_progress(model_7, ho2024):
    """95.2% of 1,000 draws in the authors' notebook."""
    values = bootstrap(model_7, ho2024, draws=1000).coefficients
    assert np.mean(values["alpha_year"] + values["beta_year"] > 0) == pytest.approx(0.952, abs=0.02)
