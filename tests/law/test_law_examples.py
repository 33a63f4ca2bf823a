"""Values of the formula and of published growth."""

import numpy as np

from bayes_scaling.law.formula import effective_epochs, log_reducible, log_term, loss, training_compute
from bayes_scaling.law.published import pair_label, physical_compute_growth, published_shapley


def test_log_term() -> None:
    assert float(log_term(log_coefficient=1.0, exponent=0.5, log_size=2.0)) == 0.0


def test_loss() -> None:
    parameter_term = log_term(np.log(406.4), 0.34, np.log(1e9))
    data_term = log_term(np.log(410.7), 0.28, np.log(2e10))
    assert round(float(loss(1.69, parameter_term, data_term)), 3) == 2.58
    parameter_term = log_term(0.076 * np.log(6.4e13), 0.076, np.log(1.5e9))
    data_term = log_term(0.103 * np.log(1.8e13), 0.103, np.log(1e10))
    assert round(float(loss(0.0, parameter_term, data_term, power=0.103)), 2) == 2.37


def test_log_reducible() -> None:
    assert round(float(log_reducible(-1000.0, -1000.0)), 4) == -999.3069


def test_effective_epochs() -> None:
    assert round(float(effective_epochs(4)), 3) == 3.726
    assert float(effective_epochs(1)) == 1.0


def test_training_compute() -> None:
    assert float(training_compute(1e9, 2e10)) == 1.2e20


def test_physical_compute_growth() -> None:
    assert float(physical_compute_growth(2014, 2023)) == 2.0**24
    dates = np.linspace(2014, 2023, 500)
    first, last = dates[dates < 2018][-1], dates[dates < 2019][-1]
    assert f"{physical_compute_growth(2014, 2023, (first, last)):.3e}" == "1.749e+07"


def test_pair_label() -> None:
    assert pair_label("RNN", "GPT-3") == "RNN to GPT-3"


def test_published_shapley() -> None:
    assert published_shapley().loc["RNN to GPT-3"].round(3).to_dict() == {
        "parameters": 0.486,
        "data": 0.324,
        "parameter_efficiency": 0.021,
        "data_efficiency": 0.168,
    }
