"""The log density that is sampled is the one that nutpie would compile, for every specification of the catalogue."""

import warnings

import numpy as np
import pytensor
import pytest
from made_runs import FOR_RUNS, made_runs, with_all_columns

import bayes_scaling as bs
from bayes_scaling.inference.compilation import _compile_for_this_process
from bayes_scaling.inference.sampling import compiled_model
from bayes_scaling.model.build import build_model_of_rows
from bayes_scaling.model.rows import make_rows, model_data, prior_middle

QUICK = ("chinchilla-normal",)  # which other tests sample
POINTS = 20


@pytest.mark.whole
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in bs.list_specifications()],
)
def test_log_density_and_gradient_are_those_of_nutpies_own_compilation(name, ho2024) -> None:
    specification = bs.load_specification(name)
    table = with_all_columns(made_runs(noise=0.02)) if name in FOR_RUNS else ho2024
    rows = make_rows(specification, table)
    ours, _ = compiled_model(specification, rows)
    model = build_model_of_rows(specification, rows)
    theirs = _compile_for_this_process(model).on(model_data(specification, rows), 0.0)
    assert ours.variables == theirs.variables
    rng = np.random.default_rng(0)
    for _ in range(POINTS):
        point = ours.point(prior_middle(specification, rows, rng))
        value, gradient = ours.log_density(point)
        expected, expected_gradient = theirs.log_density(point)
        # The same operations; the order of sums over rows is the compiler's.
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-10, atol=1e-12 * np.abs(gradient).max())


@pytest.mark.slow
def test_nothing_is_said_where_there_is_no_c_compiler(ho2024, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BAYES_SCALING_CACHE", str(tmp_path))  # so that it is compiled
    specification = bs.load_specification("ho2024/07")
    rows = make_rows(specification, ho2024)
    with pytensor.config.change_flags(cxx=""), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")  # PyTensor goes on where a warning is an error
        program, _ = compiled_model(specification, rows)
    assert not said, said[0].message
    value, _ = program.log_density(program.point(prior_middle(specification, rows, np.random.default_rng(0))))
    assert np.isfinite(value)
