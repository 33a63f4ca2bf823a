"""Specifications beyond the catalogue, the packaged table, and values to put into a law."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bayes_scaling import load_evaluations
from bayes_scaling.model.rows import Rows
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.laws import LAWS
from bayes_scaling.specifications.sections import Data, Noise, Pivot, Progress
from bayes_scaling.specifications.specification import Specification

BY_BENCHMARK = {"A": "benchmark", "B": "benchmark"}
BY_ARCHITECTURE = {"A": "architecture", "B": "architecture"}
BOTH = Progress(parameters="constant_rate", data="constant_rate")

OWN_SPECIFICATIONS = {
    s.name: s
    for s in (
        Specification("one-E", irreducible_loss="shared", progress=BOTH),
        Specification("one-E-many-levels", irreducible_loss="shared", varies_by=BY_BENCHMARK, progress=BOTH),
        Specification("one-E-levels-by-architecture", irreducible_loss="shared", varies_by=BY_ARCHITECTURE),
        Specification("levels-by-architecture", varies_by=BY_ARCHITECTURE, progress=BOTH),
        Specification(
            "rates-by-architecture",
            varies_by=BY_BENCHMARK | {"g_N": "architecture", "g_D": "architecture", "alpha": "architecture"},
            progress=BOTH,
        ),
        Specification(
            "compute-with-E",
            law="compute",
            irreducible_loss="benchmark",
            varies_by={"A": "benchmark", "alpha": "architecture", "g_C": "benchmark"},
            progress=Progress(compute="constant_rate"),
        ),
        Specification("heavy-tails", progress=BOTH, noise=Noise(family="student_t", cluster="paper")),
        Specification("epochs-and-E", irreducible_loss="shared", progress=BOTH, data=Data(tokens="effective_epochs")),
        Specification(
            "factor-and-E",
            irreducible_loss="benchmark",
            transformer_factor="sigmoid",
            varies_by=BY_BENCHMARK | {"beta": "architecture"},
            progress=BOTH,
            data=Data(tokens="repeated"),
        ),
        Specification(
            "one-bend-among-groups",
            varies_by=BY_BENCHMARK | {"g_N": "era", "g_D": "architecture", "alpha": "architecture"},
            progress=replace(BOTH, cut_year=2016.5),
        ),
        Specification(
            "compute-jumps",
            law="compute",
            transformer_factor="sigmoid",
            varies_by={"alpha": "benchmark", "g_C": "era"},
            progress=Progress(compute="constant_rate", cut_year=2019.0, at_cut="jump"),
            data=Data(tokens="seen", missing_epochs="median"),
            pivot=Pivot(parameters=1e7, year=2014.0),
        ),
        Specification(
            "nearly-neutral-and-E",
            irreducible_loss="shared",
            progress=replace(BOTH, acts_on="nearly_reducible_loss"),
        ),
    )
}
CATALOGUE = {name: load_specification(name) for name in list_specifications()}
ALL_NAMES = (
    # Those with formulas have tests/formulas, those of runs tests/specifications/test_laws_for_runs, and all the
    # harness of tests/models.
    *(
        name
        for name, each in CATALOGUE.items()
        if not (LAWS[each.law].for_runs or each.coefficients or name.startswith("runs/"))
    ),
    *OWN_SPECIFICATIONS,
)

_RANGES = {
    "level": (2.5, 5.5),
    "irreducible_share": (0.1, 0.7),
    "share": (0.2, 0.8),
    "alpha": (0.03, 0.4),
    "beta": (0.03, 0.4),
    "alpha_drift": (-0.01, 0.01),
    "beta_drift": (-0.01, 0.01),
    "gamma": (-0.05, 0.05),
    "gamma_T": (0.5, 4.0),
    "repetition_scale": (2.0, 40.0),
    "hicks_gap": (-0.02, 0.02),
}
_NOISE = ("sigma", "tau", "nu")


@pytest.fixture(scope="session")
def evaluations() -> pd.DataFrame:
    return load_evaluations()


@pytest.fixture(params=ALL_NAMES)
def specification(request: pytest.FixtureRequest) -> Specification:
    """Each specification of the catalogue that evaluations can have, and some that a user may write."""
    return OWN_SPECIFICATIONS.get(request.param) or load_specification(request.param)


@pytest.fixture
def draw_values() -> Callable[..., Mapping[str, np.ndarray]]:
    """Values of a specification's parameters: ``(draws, 1)`` where shared, ``(draws, levels)`` where grouped."""

    def draw(specification: Specification, rows: Rows, draws: int = 3, seed: int = 0) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(seed)
        values = {}
        for parameter in specification.parameters():
            if parameter.name in _NOISE:
                continue
            group = specification.index_of(parameter.name)
            size = 1 if group is None else len(rows.levels[group])
            low, high = _RANGES.get(parameter.name, (-0.5, 0.9))
            values[parameter.name] = rng.uniform(low, high, size=(draws, size))
        return values

    return draw
