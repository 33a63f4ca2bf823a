"""Calibrations that come with the package belong to the specifications of the package, and the page to them."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.reports.calibration_document import trust_page, trust_sentences
from bayes_scaling.specifications.priors import Prior
from bayes_scaling.studies.calibration.calibrate import (
    Trust,
    calibrated_specifications,
    evidence_for,
    stated_intervals,
    stored_trust,
)
from bayes_scaling.studies.calibration.experiment import Simulation
from bayes_scaling.studies.calibration.result import Calibration
from bayes_scaling.studies.calibration.settings import PROBABILITY, SIMULATIONS
from bayes_scaling.studies.calibration.stated import (
    ALL_TRUTHS,
    NO_PROGRESS,
    QUESTIONS,
    STUDY,
    Split,
    planned,
    stated_coverage,
)

PAGE = Path(__file__).parents[3] / "notebooks" / "trust.md"
NAMES = [one.name for one in calibrated_specifications()]


@pytest.fixture(scope="module")
def evidence() -> dict[str, Calibration | None]:
    return {one.name: evidence_for(one) for one in calibrated_specifications()}


@pytest.mark.parametrize("name", NAMES)
def test_evidence_is_of_todays_specification_priors_design_and_settings(name, evidence) -> None:
    found = evidence[name]
    assert found is not None, f"{name} has changed since it was calibrated: bayes-scaling trust"
    assert found.specification == name
    assert len(found.simulations) == SIMULATIONS
    sampled = {parameter.name for parameter in bs.load_specification(name).parameters()}
    assert sampled <= {str(quantity).partition("[")[0] for quantity in found.table.index}


def test_other_priors_have_no_evidence() -> None:
    specification = bs.load_specification("ho2024/07")
    other = replace(specification, priors={"g_N": Prior.of("normal", mu=0.0, sigma=0.3)})
    assert evidence_for(specification) is not None
    assert evidence_for(other) is None


def test_every_study_has_all_its_simulations() -> None:
    found = stated_intervals()
    assert len(found) == planned(SIMULATIONS)
    assert (found.groupby(list(STUDY)).size() == SIMULATIONS).all()


def test_intervals_hold_as_often_as_they_say_where_the_specification_is_right_and_growth_is_split_at_random() -> None:
    even = {question.text for question in QUESTIONS if question.split is Split.EVEN}
    found = stated_coverage(stated_intervals())
    right = found[(found["simulated"] == found["fitted"]) & ~found["question"].isin(even)]
    assert set(right["months"]) == set(ALL_TRUTHS)
    assert (right["covered_lower"] <= PROBABILITY).all()
    assert (right["covered_upper"] >= PROBABILITY).all()


def test_the_page_says_what_the_evidence_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == trust_page(stored_trust())


def made(*, outside: bool, converged: bool = True, name: str = "ho2024/07") -> Calibration:
    ranks = [0] * 40 if outside else [round(100 * i / 39) for i in range(40)]
    return Calibration(
        name, "ho2024", tuple(Simulation({"g_C": rank}, converged, 1.0, 400.0, 0, 0, 0.5) for rank in ranks), 0, ""
    )


def test_a_failure_is_told_with_all_that_is_known_of_it() -> None:
    failed, fine = made(outside=True, converged=False), made(outside=False)
    page = trust_page(Trust((failed,), {}, stated_intervals()))
    assert "- `ho2024/07`, `g_C`: largest difference" in page
    assert "Without the 40 unconverged fits: none are left." in page
    assert "With other random numbers nothing was repeated." in page
    assert "With other random numbers: inside" in trust_page(Trust((failed,), {"ho2024/07": fine}, stated_intervals()))
    again = trust_page(Trust((failed,), {"ho2024/07": failed}, stated_intervals()))
    assert "With other random numbers: **outside again**" in again
    assert "1 of 1 left it again (ho2024/07 g_C, the same side). Of all 1 curves" in again
    assert "1 left their band, where 0 are expected (so many or more: probability 0.0" in again
    assert "in 0 of 1 specification repeated, not in ho2024/07" in again
    assert "- `ho2024/07`, 40 simulations: 0 of 1 inside; `g_C`: largest difference" in again
    assert "None." in trust_page(Trust((fine,), {}, stated_intervals()))


def test_sentences_name_each_failure_of_growth(evidence) -> None:
    said = " ".join(trust_sentences(list(evidence.values()), {}, stated_coverage(stated_intervals())))
    for name, one in evidence.items():
        failed = any(quantity.partition("[")[0] == "g_C" for quantity in one.outside)
        assert not failed or name in said


def made_intervals(*rows: tuple[float, float, float], question: str, fitted: str, months: float) -> pd.DataFrame:
    named = {"question": question, "simulated": "ho2024/07", "fitted": fitted, "months": months, "converged": True}
    return pd.DataFrame([named | dict(zip(("median", "lower", "upper"), row, strict=True)) for row in rows])


def test_what_is_said_of_known_progress_follows_from_the_intervals() -> None:
    held, missed, negative = (0.0, -1.0, 1.0), (0.7, 0.5, 0.9), (-0.2, -0.4, -0.1)
    right = made_intervals(*[held] * 18, *[missed] * 2, question="right", fitted="ho2024/07", months=NO_PROGRESS)
    rarely = made_intervals(*[negative] * 20, question="wrong", fitted="ho2024/01", months=NO_PROGRESS)
    said = trust_sentences([], {}, stated_coverage(pd.concat([right, rarely])))[-2:]
    assert said[0].startswith("**Doubling times, right** (`ho2024/07`): of 90% intervals, 90.0% with no progress hold")
    assert "in 1 of 1 studies that agrees with 90%" in said[0]
    assert said[1].startswith("**Wrong:** the intervals hold the truth in 0% with no progress")
    assert "found on average: no progress" in said[1]
    assert "too rarely, so that intervals can't be trusted" in said[1]
