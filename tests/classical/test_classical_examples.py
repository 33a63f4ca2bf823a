"""Values of the Huber objective and its laws."""

import numpy as np

from bayes_scaling.classical.chinchilla_objective import HuberObjective, law_of, theta_of
from bayes_scaling.law.chinchilla import BESIROGLU, HOFFMANN_TEX
from bayes_scaling.tables import load_runs


def test_huberobjective() -> None:
    objective = HuberObjective.of(load_runs("simulated"))
    assert round(objective.total(theta_of(BESIROGLU)).item(), 7) == 0.0008964


def test_theta_of() -> None:
    assert theta_of(HOFFMANN_TEX).round(7).tolist() == [6.0073404, 6.0179186, 0.5267228, 0.3391708, 0.2849083]


def test_law_of() -> None:
    assert law_of(np.array([6.0, 6.0, 0.0, 0.3, 0.3]), "mine", "").E == 1.0
