"""Numbers in words, names of files and strict JSON."""

import math

from bayes_scaling.common.files import plain_name
from bayes_scaling.common.formatting import counted, decimals, estimate, in_digits, months, number, probability
from bayes_scaling.common.strict_json import plain, strict_json


def test_counted() -> None:
    assert (counted(1, "fault"), counted(1200, "evaluation")) == ("1 fault", "1,200 evaluations")


def test_months() -> None:
    assert (months(8.44), months(math.inf), months(math.nan)) == ("8.4", "no bound", "not defined")
    assert (months(16.83, error=0.7), months(118.0, error=9.0)) == ("17", "120")


def test_decimals() -> None:
    assert (decimals(0.04), decimals(0.7), decimals(9.0), decimals(0.0)) == (2, 0, -1, math.inf)
    assert decimals(math.nan) == math.inf
    assert (months(3860.1, math.inf), number(3860.1, math.inf), number(3.86e7, math.inf)) == ("4,000", "4,000", "4e+07")


def test_in_digits() -> None:
    assert in_digits({"median": 9.02, "lower": 5.52, "upper": 16.8, "mcse_upper": 0.7}, months) == ("9.0", "5.5", "17")


def test_estimate() -> None:
    assert estimate({"median": 8.44, "lower": 4.5, "upper": math.inf}, months) == "8.4 (4.5 to no bound)"


def test_probability() -> None:
    assert (probability(0.5), probability(0.9995), probability(0.0)) == ("0.500", "above 0.999", "below 0.001")


def test_number() -> None:
    assert (number(0.34192), number(1963.12), number(2.5e9), number(math.nan)) == (
        "0.3419",
        "1,963",
        "2.5e+09",
        "not defined",
    )
    assert (number(0.34192, error=0.02), number(1963.12, error=60), number(2.53e9, error=8e8)) == (
        "0.34",
        "2,000",
        "3e+09",
    )


def test_plain_name() -> None:
    assert plain_name("ho2024/07@delta=0.01") == "ho2024-07@delta=0.01"


def test_plain() -> None:
    assert plain({"months": (9, math.inf)}) == {"months": [9, None]}


def test_strict_json() -> None:
    assert strict_json({"median": 9.0, "upper": math.inf}).decode().split() == [
        "{",
        '"median":',
        "9.0,",
        '"upper":',
        "null",
        "}",
    ]
