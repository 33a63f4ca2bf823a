"""What others published on progress: one row each, conversions worked out, nothing stored twice."""

import math
import tomllib
from importlib.resources import files

import numpy as np
import pytest

import bayes_scaling as bs
from bayes_scaling.law.published import HO2024_COMPUTE, MOORE, TRENDS, months_of_growth


@pytest.fixture(scope="module")
def estimates():
    return bs.published_estimates()


@pytest.fixture(scope="module")
def stored():
    return tomllib.loads((files("bayes_scaling") / "data" / "published_estimates.toml").read_text(encoding="utf-8"))


def test_every_row_says_where_it_is_from_and_what_it_measures(estimates) -> None:
    assert len(estimates) == 18 and estimates.index.is_unique
    for column in ("source", "estimand", "seen"):
        assert (estimates[column].str.strip() != "").all(), column
    assert estimates["year"].between(1975, 2026).all()
    assert (estimates["period"] == "").sum() == 5


@pytest.mark.parametrize(
    "name, said",
    [
        ("gundlach-2025", 10.0),
        ("gundlach-small", 18.2),
        ("speedruns", 17.9),
        ("speedruns-data", 10.5),
        ("nanochat", 9.1),
        ("rosetta", 4.7),
        ("rosetta-records-first", 6.6),
        ("rosetta-records-pooled", 7.2),
    ],
)
def test_conversions(name, said, estimates) -> None:
    row = estimates.loc[name]
    assert row["converted"] and round(row["months"], 1) == said
    assert 2 ** (12 / row["months"]) == pytest.approx(row["times_a_year"])


def test_intervals_of_factors_turn_round_as_months(estimates) -> None:
    row = estimates.loc["rosetta"]
    assert [2 ** (12 / row[end]) for end in ("upper", "lower")] == pytest.approx([3.95, 8.64])
    assert [round(row[end], 1) for end in ("lower", "upper")] == [3.9, 6.1]


def test_what_is_converted_is_computed_and_not_stored(estimates, stored) -> None:
    converted = {name for name, entry in stored.items() if not {"months", "as"} & set(entry)}
    assert set(estimates.index[estimates["converted"]]) == converted
    assert all("interval" not in stored[name] for name in converted)


def test_what_stands_among_the_constants_stands_there_alone(estimates, stored) -> None:
    theirs = {
        "ho2024": HO2024_COMPUTE,
        "vision": TRENDS["vision_algorithms"],
        "alexnet": TRENDS["alexnet_efficiency"],
        "moore": MOORE,
    }
    assert {name for name, entry in stored.items() if "as" in entry} == set(theirs)
    for name, known in theirs.items():
        row = estimates.loc[name]
        assert row["months"] == known.months and "months" not in stored[name]
        if known.lower is not None:
            assert (row["lower"], row["upper"]) == (known.lower, known.upper)


def test_intervals_hold_their_points_and_say_what_they_are(estimates) -> None:
    bounded = estimates[estimates["lower"].notna()]
    assert (bounded["lower"] < bounded["upper"]).all() and (bounded["kind"] != "").all()
    points = bounded[bounded["months"].notna()]
    assert (points["months"].between(points["lower"], points["upper"])).all()
    assert points["probability"].between(0.5, 1, inclusive="neither").all()
    assert estimates.loc["ho2024-final", ["lower", "upper", "probability"]].tolist() == [2, 22, 0.9]
    ranges = bounded[bounded["months"].isna()]
    assert list(ranges.index) == ["catch-up"] and ranges["probability"].isna().all()
    alone = estimates[estimates["lower"].isna()]
    assert alone["upper"].isna().all() and alone["probability"].isna().all() and (alone["kind"] == "").all()


def test_growth_by_two_a_year_doubles_in_a_year() -> None:
    assert months_of_growth(2) == 12 and months_of_growth(4) == pytest.approx(6)
    assert math.isnan(months_of_growth(np.nan))
    assert TRENDS["training_compute_since_2010"].months == months_of_growth(4.6)
