"""The answer that the README quotes is the one that its command gives, within Monte Carlo error."""

import re
from pathlib import Path

import arviz as az
import numpy as np
import pytest

README = Path(__file__).parents[2] / "README.md"


def test_readme_quotes_the_reference_fit(reference_fit) -> None:
    quoted = re.search(r"<!-- answer -->\n((?:>.*\n)+)", README.read_text(encoding="utf-8"))
    assert quoted
    text = re.sub(r"\s*>\s*", " ", quoted[1])
    numbers = re.search(r"every ([\d.]+) months .*? interval ([\d.]+) to ([\d.]+);", text)
    assert numbers
    assert f"{reference_fit.evaluations.rows} evaluations from {reference_fit.evaluations.papers} papers" in text
    rate = reference_fit.data["posterior"].to_dataset()[["g_C"]]
    for quantile, months in zip((0.5, 0.975, 0.025), numbers.groups(), strict=True):
        error = float(az.mcse(rate, method="quantile", prob=quantile)["g_C"])
        found = float(np.quantile(rate["g_C"], quantile))
        half_a_digit = 12 * np.log(2) / (float(months) - 0.05) - 12 * np.log(2) / float(months)
        assert 12 * np.log(2) / float(months) == pytest.approx(found, abs=4 * error + half_a_digit)
