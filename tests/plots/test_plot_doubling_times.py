"""The picture of a fit shows the numbers that the table shows."""

from dataclasses import replace

import numpy as np
import pytest
from made_fits import GOOD, made_fit

import bayes_scaling as bs
from bayes_scaling.common.formatting import in_digits, months
from bayes_scaling.law.published import HO2024_COMPUTE


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(0)
    g_n, g_d = rng.normal(0.2, 0.3, 4000), rng.normal(0.7, 0.3, 4000)
    return made_fit(g_N=g_n, g_D=g_d, g_C=g_n + g_d)


def texts(axes) -> str:
    (legend,) = axes.figure.legends
    return " | ".join([*(text.get_text() for text in legend.get_texts()), legend.get_title().get_text()])


def test_density_marks_median_interval_and_published_values(fit) -> None:
    density, ridge = bs.plot_doubling_times(fit).axes
    row = bs.doubling_times(fit).loc["compute"]
    median, lower, upper = in_digits(row, months)
    assert f"median {median}" in texts(density)
    assert f"95% interval {lower} to {upper}\n(equal-tailed)" in texts(density)
    assert f"{HO2024_COMPUTE.months} [{HO2024_COMPUTE.lower}, {HO2024_COMPUTE.upper}]" in texts(density)
    assert "Moore's law, of chips: 24" in texts(density)
    assert "before the data (prior)" in texts(density)
    assert "months" in density.get_xlabel()
    assert "log units per year" in ridge.get_xlabel()
    (line,) = ridge.get_legend().get_texts()
    assert f"doubling\neffective compute in {row['median']:.1f} months" in line.get_text()


def test_density_of_log_time_integrates_to_the_probability_inside_the_picture(fit) -> None:
    density = bs.plot_doubling_times(fit).axes[0]
    line = next(line for line in density.lines if line.get_label() == "after the data (posterior)")
    months, height = (np.asarray(values, dtype=float) for values in line.get_data())
    rate = fit.data["posterior"]["g_C"].to_numpy()
    inside = (rate > 12 * np.log(2) / months[-1]) & (rate < 12 * np.log(2) / months[0])
    assert np.trapezoid(height, np.log(months)) == pytest.approx(inside.mean(), abs=0.02)


def test_an_interval_without_bound_and_no_progress_are_said() -> None:
    rate = np.linspace(-0.2, 1, 2000)
    figure = bs.plot_doubling_times(made_fit("ho2024/08", g_D=rate, g_C=rate))
    assert len(figure.axes) == 1  # one rate, no ridge
    assert "to no bound" in texts(figure.axes[0])
    assert "probability of no progress: 0.16" in texts(figure.axes[0])


def test_an_unconverged_fit_is_marked_across_the_picture(fit) -> None:
    failed = replace(fit, diagnostics=replace(GOOD, failures=("R-hat up to 1.5",)))
    assert "NOT CONVERGED" in [text.get_text() for text in bs.plot_doubling_times(failed).texts]
    assert "NOT CONVERGED" not in [text.get_text() for text in bs.plot_doubling_times(fit).texts]


def test_a_model_without_progress_has_no_picture() -> None:
    still = made_fit("ho2024/16", g_C=np.zeros(10))
    with pytest.raises(bs.BayesScalingError, match="has no progress"):
        bs.plot_doubling_times(still)


@pytest.mark.parametrize("spread", [0.0, 1e-16])
def test_a_rate_of_which_all_draws_are_the_same_has_a_median_and_no_density(spread) -> None:
    rates = 0.9 * (1 + spread * np.arange(100))
    figure = bs.plot_doubling_times(made_fit("ho2024/08", g_D=rates, g_C=rates))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert f"median {12 * np.log(2) / 0.9:.1f}" in texts(axes)
    assert "posterior" not in texts(axes)
