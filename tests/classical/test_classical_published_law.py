import inspect

import numpy as np
import pytest

import bayes_scaling.classical as classical
from bayes_scaling.classical import HO2024_MODEL_7, HO2024_SYSTEMS, published_loss
from bayes_scaling.law.formula import PETAFLOP_DAY, effective_epochs
from bayes_scaling.quantities import rates

# As printed in the authors' notebook for figure 4 and table 1.
PRINTED_LOSSES = {
    "RNN": 4.434,
    "LSTM": 3.708,
    "Transformer (adaptive input)": 3.186,
    "Transformer-XL": 3.165,
    "GPT-2": 2.771,
    "Megatron": 2.462,
    "GPT-3": 2.080,
    "Gopher": 2.006,
    "Chinchilla": 2.046,
}


@pytest.mark.parametrize("name", PRINTED_LOSSES)
def test_losses_of_the_nine_systems(name):
    system = HO2024_SYSTEMS[name]
    found = published_loss(system.parameters, system.tokens, system.year)
    assert found == pytest.approx(PRINTED_LOSSES[name], abs=1e-3)


def test_there_are_nine_systems_in_order_of_date():
    assert list(HO2024_SYSTEMS) == list(PRINTED_LOSSES)
    years = [system.year for system in HO2024_SYSTEMS.values()]
    assert years == sorted(years)


def test_years_count_days_from_1970():
    assert HO2024_SYSTEMS["RNN"].year == pytest.approx(1970 + 15675 / 365.242199, abs=1e-12)


def test_losses_of_arrays():
    sizes = np.array([1e8, 1e9])
    assert published_loss(sizes[:, None], 1e9, np.array([2018.0, 2019.0, 2020.0])).shape == (2, 3)


def test_doubling_times_of_the_published_point():
    years = HO2024_MODEL_7.doubling_times("years")["all"]
    assert years["parameters"] == pytest.approx(11.966, abs=1e-2)
    assert years["data"] == pytest.approx(0.77034, abs=1e-4)
    assert HO2024_MODEL_7.doubling_times().loc["compute", "all"] == pytest.approx(8.685, abs=1e-2)


def test_a_year_is_worth_its_growth_of_effective_sizes():
    g = {name: by_level["all"] for name, by_level in HO2024_MODEL_7.rates.items()}
    later = published_loss(1e8, 1e9, 2021.0)
    assert later == pytest.approx(published_loss(1e8 * np.exp(g["g_N"]), 1e9 * np.exp(g["g_D"]), 2020.0))


def test_the_fit_expects_the_losses_of_the_published_law(published, model_7, ho2024):
    """The two constants were solved from printed losses, so the two agree within their rounding."""
    rows = (ho2024["benchmark"] == "wt103").to_numpy()
    objective = classical.Objective.of(model_7, ho2024)
    theta = np.array([published.coefficients[name] for name in objective.names])
    expected = np.log(ho2024["perplexity"]) - objective.residuals(theta)
    year = ho2024["published"].dt.year + (ho2024["published"].dt.day_of_year - 1) / 365
    printed = published_loss(ho2024["parameters"], ho2024["tokens"], year)
    assert expected[rows].to_numpy() == pytest.approx(printed[rows].to_numpy(), abs=1.5e-3)


# ---------------------------------------------------------------------- constants of other papers in the law


def test_petaflop_day():
    assert PETAFLOP_DAY == 8.64e19


def test_effective_epochs():
    assert effective_epochs(4) == pytest.approx(3.726, abs=1e-3)
    assert effective_epochs(1) == 1
    assert effective_epochs(1e6) == pytest.approx(16.3878, abs=1e-4)
    assert effective_epochs(1, 2.9157, as_published_2024=True) == pytest.approx(1.847, abs=1e-3)


# ---------------------------------------------------------------------- rates and months


def test_months_to_double():
    found = rates.months_to_double([np.log(2), 0.0, -1.0, np.inf, -np.inf, np.nan])
    assert np.array_equal(found, [12.0, np.inf, np.inf, 0.0, np.inf, np.nan], equal_nan=True)


def test_signed_months_to_double():
    found = rates.signed_months_to_double([np.log(2), -np.log(2), 0.0, np.nan])
    assert np.array_equal(found, [12.0, -12.0, np.inf, np.nan], equal_nan=True)


# ---------------------------------------------------------------------- documentation


def test_every_public_function_has_an_example():
    functions = [name for name in classical.__all__ if inspect.isfunction(getattr(classical, name))]
    assert [name for name in functions if ">>>" not in inspect.getdoc(getattr(classical, name))] == []
    assert len(functions) == 16
