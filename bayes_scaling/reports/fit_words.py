"""A fit in words: its answer in one sentence, numbers as texts, and what has not converged marked throughout."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from bayes_scaling.common.formatting import DO_NOT_USE, between, counted, estimate, in_digits, months, probability
from bayes_scaling.common.formatting import number as precise
from bayes_scaling.inference.diagnostics import EBFMI_MIN, RHAT_MAX
from bayes_scaling.inference.mixing import mix_worst
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.settings import NUTS, PARTICLES, SMC
from bayes_scaling.inference.units import size_of
from bayes_scaling.quantities.coefficients import coefficients, unidentified
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.intervals import MCSE
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL, INTERVAL
from bayes_scaling.reports.document import Banner, Block, Bullets, Chart, Picture, Section, Table
from bayes_scaling.studies.comparison.alternatives import alternatives_to
from bayes_scaling.studies.comparison.elpd import DOUBLING

Row = Mapping[Any, Any] | pd.Series  # a row of a table of intervals
_WARNING = f"{DO_NOT_USE}. "
PARTS = ("median", "lower", "upper")
ESCALATED = "A first attempt fell short; this one is longer or more careful."


def warning(fit: Fit) -> str:
    """What begins a finding of a fit that has not converged; else nothing."""
    return "" if fit.diagnostics.converged else _WARNING


def unusable(section: Section) -> Section:
    """A section of a fit that has not converged: its lists, pictures and tables say so, and all rows are marked."""
    return replace(section, blocks=tuple(map(_unusable, section.blocks)))


def _unusable(block: Block) -> Block:
    match block:
        case Bullets(items):
            return Bullets(tuple(map(_marked, items)))
        case Picture():
            return replace(block, alternative=_marked(block.alternative))
        case Chart():
            return replace(block, title=_marked(block.title), alternative=_marked(block.alternative))
        case Table() if not block.name.startswith("published"):  # others' figures, which this fit can't spoil
            caption = f"{DO_NOT_USE}: {block.caption}"
            return replace(block, caption=caption, marked=frozenset(range(len(block.rows))))
    return block


def _marked(text: str) -> str:
    return text if text.startswith(DO_NOT_USE) else _WARNING + text


def no_upper_bound(of: str, row: Row) -> Iterator[Banner]:
    """The banner of a doubling time, if its interval has no upper end."""
    if math.isinf(row["upper"]):
        yield Banner(
            "NO UPPER BOUND",
            f"The {INTERVAL} of {of} has no upper end (probability of progress "
            f"{probability(row['probability_of_progress'])}): these data do not exclude that there was none.",
        )


def times_cells(row: pd.Series) -> tuple[str, str, str]:
    """Median, interval and probability of progress of a doubling time, months."""
    if pd.isna(row["median"]):
        return ("not defined by this law", "", "")
    if pd.isna(row["probability_of_progress"]):
        return ("held constant", "", "")
    median, lower, upper = in_digits(row, months)
    return (median, between(lower, upper), probability(row["probability_of_progress"]))


def times_of(row: Row) -> dict[str, float]:
    """Doubling time of effective compute in a row of a study's table."""
    return {name: float(row[column]) for name, column in DOUBLING.items() if name in (*PARTS, *MCSE) and column in row}


def in_brackets(row: Row) -> str:
    """The same as a study's tables show it, months."""
    return "{} [{}, {}]".format(*in_digits(times_of(row), months))


def in_months(row: Row) -> str:
    """Median and interval of a doubling time."""
    return estimate(row, months)


def in_numbers(row: Row) -> str:
    """Median and interval of any quantity."""
    return estimate(row, number)


def in_whole_percent(share: float, digits: int = 0) -> str:
    """A share of 1 in percent, without a sign before nothing; empty where there is none."""
    return f"{round(share, digits + 2) + 0.0:.{digits}%}" if math.isfinite(share) else ""


def number(value: float, error: float = 0.0) -> str:
    """A quantity for a reader: three significant digits, or as many as its Monte Carlo error allows."""
    size = abs(value)
    if not 1e-3 <= size < 1e6:
        return precise(value, error)
    third = 10.0 ** (math.floor(math.log10(size)) - 2)  # an error of which size leaves three digits
    return precise(value, max(error, 0.51 * third))


def span(lower: str, upper: str, write: Callable[[float], str] = number) -> Callable[[Row], str]:
    """What writes an interval between two columns of a row."""
    return lambda row: between(write(row[lower]), write(row[upper]))


def variant_in_words(name: str) -> str:
    """A variant's name as it is said in a sentence."""
    return name.replace(" | ", ", ")


def as_read(table: EvaluationsSummary) -> str:
    """What was done to a table in reading and selecting its rows."""
    return f"The table as read: {'; '.join(table.selections)}."


def sentence(fit: Fit) -> str:
    """The answer in one sentence, and what was done to the table; as the terminal ends with it."""
    about = fit.evaluations
    size = size_of(about)
    if about.kind == "runs":
        size = counted(about.rows, "training run") + (
            "" if about.papers == about.rows else f" of {about.papers} series"
        )
    text = f"On {about.name} ({size}), {_finding(fit)}{f' {as_read(about)}' if about.selections else ''}"
    return text if fit.diagnostics.converged else f"{DO_NOT_USE}: {text}"


def plain_answer(fit: Fit) -> str:
    """How fast better algorithms halved the compute for a loss, as people say it; a report begins with it."""
    row, when = doubling_times(fit).loc["compute"].to_dict(), _years(fit)
    began = "Better algorithms" if when is None else f"Between {when[0]} and {when[1]}, better algorithms"
    chance = f"; probability of progress {probability(row['probability_of_progress'])}"
    text = f"{began} {halved(row)} ({CREDIBLE_INTERVAL}{'' if math.isfinite(row['upper']) else chance})."
    if (others := alternatives_to(fit)) is not None:
        text += f" Averaged over {others.specifications} specifications, {others.how}: {_every(others.average)}."
    return warning(fit) + text


def _every(row: Row) -> str:
    return "every {} months ({} to {})".format(*in_digits(row, months))


NOT_CLEARLY = "did not clearly lower the compute needed for the same loss: the doubling time is probably"


def halved(row: Row) -> str:
    """What better algorithms did to the compute needed, by a doubling time in months."""
    median, lower, upper = in_digits(row, months)
    ends = f"{lower} to {upper}" if math.isfinite(row["upper"]) else f"{lower} or more, without an upper bound"
    if math.isfinite(row["median"]):
        return f"halved the compute needed for the same loss every {median} months, probably {ends}"
    return f"{NOT_CLEARLY} {ends}"


def _years(fit: Fit) -> tuple[int, int] | None:
    """First and last year of a fit's rows."""
    year = fit.data["constant_data"].to_dataset().get("year")
    return None if year is None else (math.floor(float(year.min())), math.floor(float(year.max())))


def _finding(fit: Fit) -> str:
    if not fit.specification.progresses:
        return _static_finding(fit)
    row = doubling_times(fit).loc["compute"].to_dict()
    median, lower, upper = in_digits(row, months)
    if math.isfinite(row["median"]):
        middle = f"effective compute doubles every {median} months"
    else:
        middle = "the median rate of progress is not positive, so effective compute has no doubling time"
    text = f"with '{fit.specification.name}', {middle} ({CREDIBLE_INTERVAL} {lower} to {upper}; "
    text += f"probability of progress {probability(row['probability_of_progress'])})"
    if (others := alternatives_to(fit)) is not None:
        text += f"; over {others.specifications} specifications, averaged {others.how}, {_every(others.average)}"
    text += "."
    if math.isinf(row["upper"]) and math.isfinite(row["median"]):
        text += " The interval has no upper end: these data do not exclude that there was no progress at all."
    elif math.isfinite(row["upper"]) and row["upper"] > WIDE * row["lower"]:
        text += (
            f" The interval spans a factor {row['upper'] / row['lower']:.0f}: "
            "these data leave the rate of progress largely open."
        )
    return text


def estimand(fit: Fit) -> str:
    """What the answer is about: what counts as progress, of what, and when; empty for a law without progress."""
    if not fit.specification.progresses:
        return ""
    apart = "test_time_adaptation" in fit.specification.columns
    when = _years(fit)
    years = "" if when is None else f", {when[0]} to {when[1]}"
    return (
        f"Progress is whatever lowers the loss of given parameters and training tokens, {'not ' if apart else ''}"
        f"counting test-time adaptation, on average over the table's evaluations{years}."
    )


def next_step(fit: Fit) -> str:
    """What to try after a fit that has not converged."""
    asked = fit.settings
    if asked.sampler == SMC:
        return f"What to try: more particles (--draws {2 * (asked.draws or PARTICLES)}), or the sampler '{NUTS}'."
    found = fit.diagnostics
    if found.ebfmi_min < EBFMI_MIN and found.rhat_max <= RHAT_MAX:
        return (
            "What to try: stronger priors or a specification with fewer coefficients: chains agree, but a low E-BFMI "
            "means tails that more draws do not reach."
        )
    wanted = {"draws": 2 * found.draws // asked.chains, "tune": 2 * asked.tune}
    words = ", ".join(f"{name}={value}" for name, value in wanted.items())
    options = " ".join(f"--{name} {value}" for name, value in wanted.items())
    return (
        f"What to try: more draws ({options}, or {words} in Python), then {_narrower(fit)} or a specification with "
        "fewer coefficients; chains that stay apart however long they run mean a posterior with several modes: "
        f"for a second opinion, --sampler {SMC}."
    )


def _narrower(fit: Fit) -> str:
    """Which priors to make narrower: those of the parameters on which chains agree least."""
    own = [parameter.name for parameter in fit.specification.parameters()]
    worst = mix_worst(fit.posterior, own) if fit.specification.delta is None else []
    if not worst:
        return "stronger priors"
    priors = ", ".join(f"[priors.{name}]" for name in worst)
    return (
        f"narrower priors of the parameters that mix worst ({priors} in a file of yours: bayes-scaling models "
        f"{fit.specification.name} --template)"
    )


def _static_finding(fit: Fit) -> str:
    found, unknown = coefficients(fit), unidentified(fit)
    sizes = {term.exponent: term.noun for term in fit.specification.form.terms}
    said = [
        f"{name} of {sizes[exponent]} is {estimate(row, precise)}"
        for name, row in found.iterrows()
        if (exponent := str(name).partition("[")[0]) in sizes and name not in unknown
    ]
    if "a" in found.index and not unknown:
        growth = estimate(found.loc["a"].to_dict(), precise)
        said.append(f"the best number of parameters grows as compute to the power {growth}")
    name = f"'{fit.specification.name}'"
    parts = [f"with {name}"]
    if fit.evaluations.kind == "evaluations":
        parts = [f"{name} assumes no progress, so nothing doubles"]
    if said:
        parts.append(f"the exponent {_listed(said)} (in brackets: {CREDIBLE_INTERVAL})")
    if unknown:
        parts.append(f"the data say nearly nothing about {_listed(list(unknown))}: the interval is nearly the prior's")
    return ", ".join(parts) + "."


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


WIDE = 8  # ratio of the ends of an interval that a sentence calls wide
