"""Pictures of first screens are drawn for a phone: narrow, with text that can be read there."""

import re

import pytest
from kept_sweeps import kept_comparison
from studies.robustness.made_robustness import made_run

from bayes_scaling.reports.comparison_document import comparison_document
from bayes_scaling.reports.robustness_document import robustness_document
from bayes_scaling.reports.svg import WIDTH

PHONE = 318
"""Pixels that a phone of 360 leaves a picture."""


@pytest.fixture(scope="module")
def leads(ho2024, tmp_path_factory):
    return {
        "robustness": robustness_document(made_run()).lead,
        "comparison": comparison_document(kept_comparison(ho2024, tmp_path_factory.mktemp("kept"))).lead,
    }


@pytest.mark.parametrize("name", ["robustness", "comparison"])
def test_text_is_large_enough_on_a_phone_and_inside_the_picture(name, leads) -> None:
    svg = leads[name].svg
    width = float(re.search(r'<svg[^>]* width="([\d.]+)pt"', svg)[1])
    assert width == pytest.approx(72 * WIDTH)
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: (?:[a-z0-9]+ )*([\d.]+)px", svg)]
    whole = [size for size in sizes if size != 7]  # exponents
    assert whole and min(whole) * PHONE / width >= 9.9
