"""Wherever a specification is taken, its name or path will do; and what is none is refused in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling import classical
from bayes_scaling.inference import fitting
from bayes_scaling.inference.simulation import require_proper_prior
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.influence import prior_quantities
from bayes_scaling.specifications.catalogue import load_specification, resolve
from bayes_scaling.studies.backtest.backtest import planned
from bayes_scaling.studies.comparison.variants import expand


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return bs.load_evaluations()


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text('law = "chinchilla"\n', encoding="utf-8")
    return path


def test_a_name_a_path_and_the_specification_itself_are_one(own_file: Path) -> None:
    mine = load_specification(own_file)
    assert resolve(own_file) == resolve(str(own_file)) == resolve(mine) == mine
    assert resolve("ho2024/07") == load_specification("ho2024/07")


class Reached(Exception):
    """A fit would now be sampled."""


@pytest.mark.parametrize("as_path", [False, True])
def test_fit_takes_a_name_or_a_path(
    as_path: bool, own_file: Path, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = []

    def attempt(specification: bs.Specification, *_: Any, **__: Any) -> None:
        reached.append(specification)
        raise Reached

    monkeypatch.setattr(fitting, "attempt", attempt)
    given: str | Path = own_file if as_path else "reference"
    with pytest.raises(Reached):
        bs.fit(given, table)
    assert reached == [load_specification(given)]


def test_models_and_estimates_take_a_name(table: pd.DataFrame, own_file: Path) -> None:
    assert {"level", "sigma"} <= set(bs.build_model(own_file, table).named_vars)
    given, loaded = (
        classical.published_estimate(each, table) for each in ("ho2024/07", load_specification("ho2024/07"))
    )
    assert given.coefficients == loaded.coefficients
    assert classical.bootstrap("ho2024/07", table, draws=1).specification == "ho2024/07"
    rows = make_rows(load_specification("reference"), table)
    assert "g_C" in prior_quantities("reference", rows, samples=10)


def test_one_name_stands_for_a_list_of_one(table: pd.DataFrame, own_file: Path) -> None:
    assert expand("reference") == expand(["reference"]) == expand(load_specification("reference"))
    assert expand(own_file) == expand([own_file])
    assert len(expand("ho2024")) == 20
    one, several = (planned(given, table, cuts=[2020]).tasks for given in ("reference", ["reference"]))
    assert list(one) == list(several)
    with pytest.raises(bs.BayesScalingError, match="unit = 'system' is not valid"):
        bs.compare("reference", table, unit="system")


NO_SPECIFICATION = r"a specification is needed, not DataFrame: a name such as 'reference' \(`bayes-scaling models`"
TAKING: dict[str, Callable[[Any, pd.DataFrame], Any]] = {
    "fit": bs.fit,
    "build_model": bs.build_model,
    "calibrate": bs.calibrate,
    "profile_likelihood": bs.profile_likelihood,
    "published_estimate": classical.published_estimate,
    "converged_estimate": classical.converged_estimate,
    "unpenalised_estimate": classical.unpenalised_estimate,
    "bootstrap": classical.bootstrap,
    "leave_one_out": classical.leave_one_out,
    "Objective.of": classical.Objective.of,
}


@pytest.mark.parametrize("name", TAKING)
def test_a_name_that_stands_for_nothing_is_refused(name: str, table: pd.DataFrame) -> None:
    with pytest.raises(bs.SpecificationError, match=r"no specification 'refrence': .* did you mean reference"):
        TAKING[name]("refrence", table)
    with pytest.raises(bs.SpecificationError, match=NO_SPECIFICATION):
        TAKING[name](table, table)


def test_lists_are_refused_where_one_is_needed_and_odd_items_in_lists(table: pd.DataFrame) -> None:
    with pytest.raises(bs.SpecificationError, match="a specification is needed, not list"):
        bs.fit(["reference"], table)  # type: ignore[arg-type]
    with pytest.raises(bs.SpecificationError, match="a specification is needed, not int"):
        bs.compare(["reference", 7], table)  # type: ignore[list-item]


def test_calibrate_knows_what_it_was_given(table: pd.DataFrame) -> None:
    require_proper_prior(load_specification("reference"))
    with pytest.raises(bs.BayesScalingError, match="simulations"):
        bs.calibrate("reference", table, 3)
