"""What is simulated, its ranks and their uniformity."""

import numpy as np
import pandas as pd
from xarray import Dataset

import bayes_scaling as bs
from bayes_scaling.inference.simulation import prior_draw, simulated_rows
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.uniformity import uniform_curve
from bayes_scaling.studies.calibration.calibrate import (
    calibrated_specifications,
    evidence_for,
    stated_intervals,
    stored_trust,
)
from bayes_scaling.studies.calibration.experiment import KEPT, Simulation, ranks_of
from bayes_scaling.studies.calibration.result import (
    central_share,
    chance_outside,
    coverage_table,
    rank_curve,
    uniformity,
)
from bayes_scaling.studies.calibration.stated import stated_coverage


def test_evidence_for() -> None:
    found = evidence_for(bs.load_specification("chinchilla"))
    assert len(found.simulations) == 200


def test_calibrated_specifications() -> None:
    assert len(calibrated_specifications()) == 22


def test_stated_intervals() -> None:
    assert list(stated_intervals())[:4] == ["question", "simulated", "fitted", "months"]


def test_stored_trust() -> None:
    assert len(stored_trust().calibrations) == 22


def test_ranks_of() -> None:
    posterior = Dataset({"g": (("chain", "draw"), [[0.0, 1.0], [2.0, 3.0]])})
    assert ranks_of({"g": np.array(1.5)}, posterior, kept=4) == {"g": 2}


def test_rank_curve() -> None:
    assert rank_curve(list(range(101))).inside
    assert not rank_curve([50] * 100).inside


def test_uniform_curve() -> None:
    assert uniform_curve((np.arange(100) + 0.5) / 100).inside


def test_chance_outside() -> None:
    same = np.tile(np.random.default_rng(0).integers(0, KEPT + 1, 200), (9, 1))
    assert (chance_outside(same, 0), chance_outside(same, 9) == chance_outside(same, 1)) == (1.0, True)


def test_uniformity() -> None:
    made = [Simulation({"g_C": rank}, True, 1.0, 400.0, 0, 0, 1.0) for rank in range(0, 101, 2)]
    assert uniformity(made).loc["g_C", "inside"]


def test_central_share() -> None:
    assert round(central_share(np.arange(101), 0.9), 4) == 0.9


def test_coverage_table() -> None:
    table = pd.DataFrame({"lower": [0, 2], "upper": [2, 4], "truth": 1, "converged": True}, index=["g_C", "g_C"])
    assert coverage_table(table, 0.9)[["intervals", "covered"]].to_dict("index") == {
        "g_C": {"intervals": 2, "covered": 0.5}
    }


def test_prior_draw() -> None:
    specification = bs.load_specification("ho2024/07")
    rows = make_rows(specification, bs.load_evaluations())
    assert {name: value.shape for name, value in prior_draw(specification, rows, np.random.default_rng(1)).items()} == {
        "level": (3,),
        "share": (3,),
        "alpha": (1,),
        "beta": (1,),
        "g_N": (1,),
        "g_D": (1,),
        "sigma": (1,),
    }


def test_simulated_rows() -> None:
    specification = bs.load_specification("ho2024/07")
    rows, rng = make_rows(specification, bs.load_evaluations()), np.random.default_rng(1)
    assert simulated_rows(specification, rows, prior_draw(specification, rows, rng), rng).response.shape == (231,)


def test_stated_coverage() -> None:
    one = {"question": "q", "simulated": "a", "fitted": "a", "months": 12.0, "median": 0.7, "lower": 0.4}
    row = stated_coverage(pd.DataFrame([one | {"upper": 1.0, "converged": True}])).iloc[0]
    assert (float(row["covered"]), round(float(row["median_months"]), 1)) == (1.0, 11.9)
