"""The page "What can be trusted when": calibration of the catalogue, and known progress found again or not."""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import counted, months
from bayes_scaling.inference.simulation import LARGEST_LOSS
from bayes_scaling.quantities.uniformity import BAND
from bayes_scaling.studies.calibration.calibrate import Trust
from bayes_scaling.studies.calibration.experiment import ESS_MIN, KEPT, RHAT_MAX, UNSTEADY_MAX
from bayes_scaling.studies.calibration.result import Calibration, chance_outside, uniformity
from bayes_scaling.studies.calibration.settings import PROBABILITY
from bayes_scaling.studies.calibration.stated import QUESTIONS, Split, stated_coverage

EVEN = next(question.text for question in QUESTIONS if question.split is Split.EVEN)
GROWTH = "g_C"
LEANING = 1.2
"""Ratio of the doubling time found on average to the one put in, or its inverse, from which a sentence names it."""
_COMMAND = "bayes-scaling trust"


def trust_page(found: Trust) -> str:
    """Markdown: what holds, calibration of each specification, known progress found again, how it is counted."""
    calibrations, repeated = found.calibrations, found.repeated
    table = stated_coverage(found.intervals)
    lines = ["# What can be trusted when", "", f"`{_COMMAND}` simulates all of this again and writes this page.", ""]
    lines += [f"- {sentence}" for sentence in trust_sentences(calibrations, repeated, table)]
    lines += ["", "## Calibration: true values drawn from the priors", "", *_calibrations(calibrations), ""]
    lines += ["### Outside the band", "", *_outside(calibrations, repeated), ""]
    if repeated:
        lines += ["### Repeated with other random numbers", "", *_repeated(repeated), ""]
    lines += ["## Known progress: does the interval hold what was put in?", "", *_stated(table), ""]
    return "\n".join([*lines, "## How it is counted", "", *_EXPLAINED]) + "\n"


_EXPLAINED = (
    "- Calibration: all parameters are drawn from a specification's priors and losses simulated at the sizes, dates, "
    "benchmarks and papers of the table; the specification is fitted to them, and the true values are ranked among "
    f"{KEPT} posterior draws. If posteriors are right, ranks are uniform (Talts et al. 2018). A quantity is inside if "
    f"the whole curve of its ranks stays in its simultaneous {BAND:.0%} band (Säilynoja et al. 2022). The probability "
    "that so many leave it is found by moving all ranks of a simulation by the same random amount, which keeps "
    "together what goes together.",
    f"- Tables in which a loss is below 0 or above {LARGEST_LOSS:.1f} nats (a guess among a million words) are thrown "
    "away and drawn again. That looks at data alone, so that uniform ranks are still what a right posterior gives; "
    "what is said holds for tables that one could meet.",
    f"- A fit counts as unconverged where R-hat exceeds {RHAT_MAX}, fewer than {ESS_MIN} draws are effective, or more "
    f"than {UNSTEADY_MAX:.1%} of transitions diverged or were cut off, after a second and "
    "more careful attempt. It counts all the same.",
    "- Known progress: losses are simulated with g_N + g_D such that effective compute doubles in the time stated; all "
    "else, the difference of the two rates too (except where growth is split evenly), is drawn from the posterior of "
    "the specification that is simulated from, on the same table. Held: "
    f"the share of {PROBABILITY:.0%} equal-tailed credible intervals with the truth in them, with its own exact 95% "
    "interval. Found: the doubling time at the average of the posterior medians of the rate, and at the average of the "
    "intervals' ends. Above 0: the share of intervals that exclude a rate of 0.",
)


def trust_sentences(
    calibrations: Sequence[Calibration], repeated: Mapping[str, Calibration], table: pd.DataFrame
) -> tuple[str, ...]:
    """What holds and what does not, each with its figures; ``table``: of :func:`stated_coverage`."""
    curves = sum(len(one.table) for one in calibrations)
    outside = sum(len(one.outside) for one in calibrations)
    expected = (1 - BAND) * curves
    said = [
        f"**Posteriors of the catalogue.** In {counted(len(calibrations), 'specification')}, "
        f"{curves - outside} of {curves} rank curves stay in their {BAND:.0%} band; {expected:.0f} of {curves} would "
        f"leave it by chance alone, and {outside} do (so many or more: probability {_chance(calibrations):.2f}; "
        "parameters of one specification go together, and specifications share random numbers). With other random "
        "numbers "
        f"{_again(calibrations, repeated)}.",
        _growth_sentence(calibrations, repeated),
    ]
    for text, group in table.groupby("question", sort=False):
        right = (group["simulated"] == group["fitted"]).all()
        said.append(_right_sentence(str(text), group) if right else _wrong_sentence(str(text), group))
    return tuple(said)


def _again(calibrations: Sequence[Calibration], repeated: Mapping[str, Calibration]) -> str:
    """Of the failures that were repeated, how many failed again, and on which side; and how many failed in all."""
    known = [(one, name) for one in calibrations for name in one.outside if one.specification in repeated]
    if not known:
        return "nothing was repeated"
    failed = [(one, name) for one, name in known if name in repeated[one.specification].outside]
    sides = [
        one.table["largest"][name] * repeated[one.specification].table["largest"][name] > 0 for one, name in failed
    ]
    told = [
        f"{one.specification} {name}, {'the same side' if same else 'the other side'}"
        for (one, name), same in zip(failed, sides, strict=True)
    ]
    curves = sum(len(one.table) for one in repeated.values())
    outside = sum(len(one.outside) for one in repeated.values())
    which = f" ({'; '.join(told)})" if told else ""
    return (
        f"{len(failed) or 'none'} of {len(known)} left it again{which}. Of all {curves} "
        f"curves of the {counted(len(repeated), 'specification')} repeated, {outside} left their band, where "
        f"{(1 - BAND) * curves:.0f} are expected (so many or more: probability {_chance(tuple(repeated.values())):.2f})"
    )


def _chance(calibrations: Sequence[Calibration]) -> float:
    """Probability of so many curves outside, or more, if all is right; specifications share random numbers."""
    ranks = [[one.ranks[name] for one in each.simulations] for each in calibrations for name in each.table.index]
    if not ranks:
        return 1.0
    return chance_outside(np.array(ranks), sum(len(one.outside) for one in calibrations))


def _growth_sentence(calibrations: Sequence[Calibration], repeated: Mapping[str, Calibration]) -> str:
    text = (
        "**Growth of effective compute**, g_N + g_D, which doubling times rest on: uniform ranks in "
        f"{_grown(calibrations, 'that have it')}"
    )
    again = _grown(tuple(repeated.values()), "repeated")
    return text + (f". With other random numbers, in {again}." if repeated else ".")


def _grown(calibrations: Sequence[Calibration], which: str) -> str:
    """In how many specifications all ranks of growth are uniform, and in which not."""
    grown = {one.specification: one.table for one in calibrations if _growth_rows(one.table)}
    failed = [name for name, table in grown.items() if not table.loc[_growth_rows(table), "inside"].all()]
    text = f"{len(grown) - len(failed)} of {counted(len(grown), 'specification')} {which}"
    return f"{text}, not in {', '.join(failed)}" if failed else text


def _growth_rows(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.index if str(name).partition("[")[0] == GROWTH]


def _right_sentence(question: str, group: pd.DataFrame) -> str:
    good = [_as_stated(row) for row in group.to_dict("records")]
    parts = [f"{row['covered']:.1%} with {_truth(row['months'])}" for row in group.to_dict("records")]
    text = (
        f"**Doubling times, {question}** (`{group['fitted'].iloc[0]}`): of {PROBABILITY:.0%} intervals, "
        f"{', '.join(parts)} hold what was put in; in {sum(good)} of {len(group)} studies that agrees with "
        f"{PROBABILITY:.0%} (the share's own 95% interval holds it)."
    )
    if question == EVEN:
        text += (
            " g_N = g_D is the middle of the prior of how growth is split between the two, which the data hardly know: "
            "intervals of a right posterior hold their probability averaged over the prior, and at its middle may hold "
            "more."
        )
    return text


def _wrong_sentence(question: str, group: pd.DataFrame) -> str:
    parts = []
    for row in group.to_dict("records"):
        truth = _truth(row["months"])
        parts.append(f"{row['covered']:.0%} with {truth} (found on average: {_found(row['median_months'])})")
    if (group["covered_upper"] < PROBABILITY).any():
        verdict = "too rarely, so that intervals can't be trusted"
    elif (group["covered_lower"] > PROBABILITY).any():
        verdict = "more often than they say"
    else:
        verdict = "no harm to intervals seen at these truths and this design"
    progress = group[np.isfinite(group["months"])]
    leaning = np.abs(np.log(progress["median_months"] / progress["months"])) > np.log(LEANING)
    if leaning.any():
        verdict += f", but what is found leans by more than {LEANING - 1:.0%}"
    return f"**{question[:1].upper()}{question[1:]}:** the intervals hold the truth in {'; '.join(parts)}: {verdict}."


def _as_stated(row: Mapping[Hashable, Any]) -> bool:
    return bool(row["covered_lower"] <= PROBABILITY <= row["covered_upper"])


def _truth(value: float) -> str:
    return "no progress" if math.isinf(value) else f"{value:g} months"


def _found(value: float) -> str:
    return f"{months(value)} months" if math.isfinite(value) else "no progress"


def _calibrations(calibrations: Sequence[Calibration]) -> Iterable[str]:
    header = ("specification", "simulations", "curves inside", "g_N + g_D", "its 50% holds", "its 90% holds")
    yield _line((*header, "outside", "unconverged", "thrown away", "seconds each"))
    yield "|" + "---|" * (len(header) + 4)
    for one in calibrations:
        table, rows = one.table, _growth_rows(one.table)
        held = [f"{table.loc[rows, column].mean():.0%}" if rows else "" for column in ("covered_50", "covered_90")]
        inside = "" if not rows else "inside" if table.loc[rows, "inside"].all() else "**outside**"
        thrown = sum(simulation.redrawn for simulation in one.simulations)
        yield _line(
            (
                f"`{one.specification}`",
                str(len(one.simulations)),
                f"{len(table) - len(one.outside)} of {len(table)}",
                inside,
                *held,
                ", ".join(one.outside) or "none",
                str(one.unconverged),
                f"{thrown / (thrown + len(one.simulations)):.0%}",
                f"{one.seconds:.1f}",
            )
        )


def _outside(calibrations: Sequence[Calibration], repeated: Mapping[str, Calibration]) -> Iterable[str]:
    """Each failure, with what is known of it: how large, on which side, and whether unconverged fits make it."""
    failures = [(one, name) for one in calibrations for name in one.outside]
    if not failures:
        yield "None."
        return
    for one, name in failures:
        text = f"- `{one.specification}`, `{name}`: {_failure(one, name)}."
        if one.unconverged:
            text += f" Without the {counted(one.unconverged, 'unconverged fit')}: {_without_unconverged(one, name)}."
        again = repeated.get(one.specification)
        if again is not None:
            other = again.table.loc[name]
            state = "inside" if other["inside"] else "**outside again**"
            text += f" With other random numbers: {state} ({other['largest']:+.3f})."
        yield text


def _repeated(repeated: Mapping[str, Calibration]) -> Iterable[str]:
    """Each repeat, with what failed there, whether or not it had failed before."""
    for specification, one in repeated.items():
        failed = [f"`{name}`: {_failure(one, name)}" for name in one.outside]
        inside = f"{len(one.table) - len(failed)} of {len(one.table)} inside"
        yield f"- `{specification}`, {counted(len(one.simulations), 'simulation')}: {'; '.join([inside, *failed])}."


def _failure(calibration: Calibration, quantity: str) -> str:
    row = calibration.table.loc[quantity]
    lean = "true values too often among the low draws" if row["largest"] > 0 else "too often among the high draws"
    return (
        f"largest difference {row['largest']:+.3f} ({lean}), intervals hold {row['covered_50']:.0%} (50%) and "
        f"{row['covered_90']:.0%} (90%)"
    )


def _without_unconverged(calibration: Calibration, quantity: str) -> str:
    rest = [simulation for simulation in calibration.simulations if simulation.converged]
    if not rest:
        return "none are left"
    return "inside" if uniformity(rest).loc[quantity, "inside"] else "outside still"


def _stated(table: pd.DataFrame) -> Iterable[str]:
    header = ("", "simulated from", "fitted", "put in", "held", "found (average interval), months", "above 0")
    yield _line((*header, "unconverged"))
    yield "|" + "---|" * (len(header) + 1)
    for row in table.to_dict("records"):
        ends = f"{months(row['lower_months'])} to {months(row['upper_months'])}"
        yield _line(
            (
                str(row["question"]),
                f"`{row['simulated']}`",
                f"`{row['fitted']}`",
                _truth(row["months"]),
                f"{row['covered']:.1%} [{row['covered_lower']:.0%}, {row['covered_upper']:.0%}]",
                f"{months(row['median_months'])} ({ends})",
                f"{row['progress']:.0%}",
                f"{row['unconverged']} of {row['simulations']}",
            )
        )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
