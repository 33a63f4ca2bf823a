"""Kaplan's laws: what the coordinates give is the published formula, on arrays and on tensors, and in its limits."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import KAPLANS, made_runs, with_kaplans_columns
from models.log_densities import FAST
from numpy.testing import assert_allclose

from bayes_scaling import load_specification
from bayes_scaling.law.formula import log_reducible, log_term, loss
from bayes_scaling.model.coordinates import from_level_and_share
from bayes_scaling.model.reported import has_scales, reported_quantities
from bayes_scaling.model.rows import Rows, make_rows
from bayes_scaling.model.structure import Coefficients, expected_loss
from bayes_scaling.specifications.laws import LAWS
from bayes_scaling.specifications.sections import Centre
from bayes_scaling.specifications.specification import Specification

RUNS = with_kaplans_columns(made_runs())
VALUES = {"level": 2.7, "irreducible_share": 0.4, "share": 0.3, "alpha": 0.08, "beta": 0.11}
positive = st.floats(-3, 3).map(lambda power: 10.0**power)


def named(name: str, irreducible: str) -> Specification:
    return replace(load_specification(name), irreducible_loss=irreducible)


SPECIFICATIONS = [named(name, "none") for name in KAPLANS] + [
    named(name, "shared") for name in KAPLANS if name != "kaplan/critical-batch"
]
EACH = pytest.mark.parametrize("specification", SPECIFICATIONS, ids=lambda s: f"{s.name} with E {s.irreducible_loss}")


def values_of(specification: Specification) -> dict[str, np.ndarray]:
    return {p.name: np.array([[VALUES[p.name]]]) for p in specification.parameters() if p.name in VALUES}


def coefficients_of(specification: Specification) -> tuple[Rows, Coefficients]:
    rows = make_rows(specification, RUNS)
    return rows, from_level_and_share(specification, values_of(specification), rows.levels)


@EACH
def test_numpy_and_pytensor_agree(specification: Specification) -> None:
    rows, coefficients = coefficients_of(specification)
    values = values_of(specification)
    symbols = {name: pt.dscalar(name) for name in values}
    mu = expected_loss(from_level_and_share(specification, symbols, rows.levels, xp=pt), rows.covariates, {}, xp=pt)
    compiled = pytensor.function(list(symbols.values()), mu, mode=FAST)
    found = compiled(*(value.item() for value in values.values()))
    assert_allclose(found, expected_loss(coefficients, rows.covariates, {})[0], rtol=1e-12)


@EACH
def test_the_level_is_what_is_expected_at_the_central_point(specification: Specification) -> None:
    rows, coefficients = coefficients_of(specification)
    centre = {name: np.zeros(1) for name in rows.covariates}
    assert_allclose(expected_loss(coefficients, centre, {}), VALUES["level"])


@EACH
def test_what_is_reported_is_the_law_in_the_papers_symbols(specification: Specification) -> None:
    rows, coefficients = coefficients_of(specification)
    symbols = {name: pt.constant(value.item()) for name, value in values_of(specification).items()}
    reported = reported_quantities(
        specification, from_level_and_share(specification, symbols, rows.levels, xp=pt), rows.levels, xp=pt
    )
    r: Mapping[str, float] = {
        name: float(pt.as_tensor(quantity.value).eval(mode=FAST)) for name, quantity in reported.items()
    }
    n, d, c, s, reached = (RUNS[name].to_numpy() for name in ("parameters", "tokens", "flop", "least_steps", "loss"))
    rebuilt = {
        "parameters": lambda: r["A"] / n ** r["alpha"],
        "tokens": lambda: r["B"] / d ** r["beta"],
        "compute": lambda: r["A"] / c ** r["alpha"],
        "steps": lambda: r["A"] / n ** r["alpha"] + r["B"] / s ** r["beta"],
        "kaplan": lambda: (
            ((r["A"] / n ** r["alpha"]) ** (1 / r["beta"]) + (r["B"] / d ** r["beta"]) ** (1 / r["beta"])) ** r["beta"]
        ),
        "critical_batch": lambda: r["B_star"] / reached ** (1 / r["alpha_B"]),
    }
    expected = expected_loss(coefficients, rows.covariates, {})[0]
    assert_allclose(r.get("E", 0.0) + rebuilt[specification.law](), expected, rtol=1e-9)
    if not has_scales(specification) or specification.law == "critical_batch":
        assert not {"N_c", "D_c", "C_c", "S_c"} & set(r)
        return
    as_published = {
        "parameters": lambda: (r["N_c"] / n) ** r["alpha"],
        "tokens": lambda: (r["D_c"] / d) ** r["beta"],
        "compute": lambda: (r["C_c"] / c) ** r["alpha"],
        "steps": lambda: (r["N_c"] / n) ** r["alpha"] + (r["S_c"] / s) ** r["beta"],
        "kaplan": lambda: ((r["N_c"] / n) ** (r["alpha"] / r["beta"]) + r["D_c"] / d) ** r["beta"],
    }
    assert_allclose(as_published[specification.law](), expected, rtol=1e-9)


@EACH
def test_covariates_are_sizes_relative_to_the_central_point(specification: Specification) -> None:
    rows, _ = coefficients_of(specification)
    assert set(rows.covariates) == {f"log_{size}" for size in LAWS[specification.law].sizes}
    centre = {"parameters": 1e9, "tokens": 2e10, "compute": 1.2e20} if "joint" in specification.name else {}
    for size, value in centre.items():
        if f"log_{size}" in rows.covariates:
            assert_allclose(rows.covariates[f"log_{size}"], np.log(RUNS[size] / value), atol=1e-12)
    assert_allclose(rows.response, RUNS[specification.response])


def test_a_law_of_compute_takes_the_runs_own_compute_and_else_6_n_d() -> None:
    specification = load_specification("kaplan/compute")
    least = RUNS.assign(flop=RUNS["flop"] / 3)
    assert_allclose(make_rows(specification, least).covariates["log_compute"], np.log(RUNS["flop"] / 3 / 1.2e20))
    without = make_rows(specification, RUNS.drop(columns="flop")).covariates["log_compute"]
    assert_allclose(without, np.log(6 * RUNS["parameters"] * RUNS["tokens"] / 1.2e20), atol=1e-12)


def test_a_centre_of_steps_or_loss_is_where_the_level_stands() -> None:
    steps = Specification("s", law="steps", centre=Centre(least_steps=5e3))
    assert_allclose(make_rows(steps, RUNS).covariates["log_least_steps"], np.log(RUNS["least_steps"] / 5e3), atol=1e-12)
    batch = Specification("b", law="critical_batch", centre=Centre(loss=4.0))
    assert_allclose(make_rows(batch, RUNS).covariates["log_loss"], np.log(RUNS["loss"] / 4), atol=1e-12)


# ---------------------------------------------------------------------- the outer power


@given(positive, positive, st.floats(0.02, 3))
def test_the_power_joins_terms_as_the_formula_says(one: float, other: float, power: float) -> None:
    expected = np.exp(power * np.logaddexp(np.log(one) / power, np.log(other) / power))
    found = loss(1.5, np.log(one), np.log(other), power=power)
    assert_allclose(found, 1.5 + expected, rtol=1e-12)
    assert max(one, other) - 1e-9 <= found - 1.5 <= 2**power * max(one, other) * (1 + 1e-9)


@given(positive, positive)
def test_a_power_of_one_is_a_plain_sum(one: float, other: float) -> None:
    terms = (np.log(one), np.log(other))
    assert_allclose(loss(0.2, *terms, power=1.0), loss(0.2, *terms), rtol=1e-12)
    assert_allclose(np.exp(log_reducible(*terms)), loss(0.0, *terms), rtol=1e-12)


@given(positive, st.floats(0.02, 3))
def test_where_one_term_is_gone_the_other_is_the_loss(one: float, power: float) -> None:
    """Kaplan's joint law with data without end is his law of parameters, and the other way round."""
    nothing = log_term(0.0, 0.1, 1e6)
    assert_allclose(loss(0.0, np.log(one), nothing, power=power), one, rtol=1e-12)
    assert_allclose(loss(0.0, nothing, np.log(one), power=power), one, rtol=1e-12)


def test_tiny_powers_stay_numbers() -> None:
    """To the power of 1 / p the terms themselves are beyond any number."""
    assert_allclose(loss(0.0, np.log(3.0), np.log(2.0), power=1e-5), 3.0, rtol=1e-4)
