"""The page of samplers.py from its JSON alone."""

import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bayes_scaling.common.formatting import number

RHAT_MAX = 1.01
ESS_MIN = 100
"""What a sampler needs to be compared at all."""
DIFFERENCE_MAX = 4.0
"""Joint Monte Carlo errors between two estimates of one posterior's mean or quantile."""
WARM, COLD = "ours, warm", "ours, cold"
OURS = (WARM, COLD)
LABELS = {
    COLD: "`bs.fit`, cold",
    WARM: "`bs.fit`, warm",
    "pymc": "PyMC's defaults",
    "nutpie": "PyMC with nutpie",
    "numpyro": "NumPyro",
    "blackjax": "BlackJAX",
    "besiroglu_estimate": "`bs.classical.besiroglu_estimate`",
    "chinchilla": "`chinchilla`",
    "simple-scaling-laws": "`simple-scaling-laws`",
}
OTHERS = ("pymc", "nutpie", "numpyro", "blackjax")
SAMPLERS = (COLD, WARM, *OTHERS)
ESTIMATORS = ("besiroglu_estimate", "chinchilla", "simple-scaling-laws")
Case = Mapping[str, Any]
Cases = Mapping[str, Case]
"""Results of one specification and number of rows, by sampler."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# ---------------------------------------------------------------------- what a result says


def found(case: Case | None) -> Mapping[str, Any] | None:
    """What a case found; None where it is missing, was skipped, failed or did not end."""
    return None if case is None else case.get("found")


def slowest(quantities: Mapping[str, Any]) -> tuple[str, float]:
    """The quantity with the fewest effective draws, bulk or tail, and how many those are."""
    draws = {name: min(each["ess_bulk"] or 0.0, each["ess_tail"] or 0.0) for name, each in quantities.items()}
    name = min(draws, key=lambda each: draws[each])
    return name, draws[name]


def largest_rhat(quantities: Mapping[str, Any]) -> float:
    return max(math.inf if each["rhat"] is None else each["rhat"] for each in quantities.values())


def converged(case: Case | None) -> bool:
    """Whether a sampler's draws may stand for a posterior."""
    if (result := found(case)) is None:
        return False
    return largest_rhat(result["quantities"]) <= RHAT_MAX and slowest(result["quantities"])[1] >= ESS_MIN


def yardstick(cases: Cases) -> str | None:
    """Which of ours the others are compared with: the warm one, unless it did not converge and the cold one did."""
    return next((name for name in OURS if converged(cases.get(name))), None)


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Largest difference between two posteriors' means and quantiles, in joint Monte Carlo errors."""
    largest = 0.0
    for name, each in one.items():
        for statistic, (value, error) in each["statistics"].items():
            second, its_error = other[name]["statistics"][statistic]
            if None in (value, error, second, its_error):
                return math.inf
            gap, joint = abs(value - second), math.hypot(error, its_error)
            largest = max(largest, gap / joint if joint else (math.inf if gap else 0.0))
    return largest


def differences(cases: Cases) -> dict[str, float]:
    """Of each sampler that converged, from ours."""
    if (name := yardstick(cases)) is None:
        return {}
    own = cases[name]["found"]["quantities"]
    compared = [each for each in SAMPLERS if each != name and converged(cases.get(each))]
    return {each: difference(own, cases[each]["found"]["quantities"]) for each in compared}


def rate(case: Case | None, seconds: str) -> float | None:
    """Effective draws a second of ``sample`` or ``call`` seconds; None of what did not converge."""
    if not converged(case):
        return None
    assert case is not None
    return slowest(case["found"]["quantities"])[1] / case["found"]["seconds"][seconds]


def problems(groups: Mapping[tuple[str, int], Cases]) -> list[str]:
    """What must not be passed over: other posteriors, and cases that failed."""
    said = []
    for (specification, rows), cases in groups.items():
        where = f"{specification}, {rows:,} rows"
        for name, value in differences(cases).items():
            if value > DIFFERENCE_MAX:
                said.append(f"{where}: {LABELS[name]} is another posterior, by {value:.1f} Monte Carlo errors")
        said += [
            f"{where}: {LABELS[name]} failed: {case['failed']}" for name, case in cases.items() if "failed" in case
        ]
    return said


def grouped(results: Iterable[Case]) -> dict[tuple[str, int], dict[str, Case]]:
    """Results by specification and rows, then by sampler."""
    groups: dict[tuple[str, int], dict[str, Case]] = {}
    for case in results:
        groups.setdefault((case["specification"], case["rows"]), {})[case["sampler"]] = case
    return groups


# ---------------------------------------------------------------------- parts of the page


def why_not(case: Case, limit: float) -> str:
    """What came of a case that found nothing."""
    if "skipped" in case:
        return f"skipped: {case['skipped']}"
    if "failed" in case:
        return f"**failed**: {re.sub(r'[|`]', ' ', case['failed'])}"
    reached = case["reached"]
    draws = f", {reached['draws']:,} draws made, warm-up included" if "draws" in reached else ""
    return f"**not in {limit:g} s**: it was {reached['stage']}{draws}"


def agreement(name: str, cases: Cases, apart: Mapping[str, float]) -> str:
    if not converged(cases[name]):
        return "**not converged**, not compared"
    if name == yardstick(cases):
        return "what others are compared with"
    if name not in apart:
        return "nothing to compare with"
    words = "yes" if apart[name] <= DIFFERENCE_MAX else "**NO**"
    return f"{words} ({apart[name]:.1f})"


def seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


SAMPLER_HEADER = (
    "rows",
    "sampler",
    "effective draws",
    "of draws",
    "R-hat",
    "start-up, s",
    "compiling, s",
    "sampling, s",
    "whole call, s",
    "processor, s",
    "effective draws a second of sampling",
    "... of the whole call",
    "gradients for each effective draw",
    "peak memory, MiB",
    "same posterior",
)


def sampler_rows(rows: int, cases: Cases, limit: float) -> list[tuple[str, ...]]:
    lines, apart = [], differences(cases)
    for name in SAMPLERS:
        if name not in cases:
            continue
        case, start = cases[name], (f"{rows:,}", LABELS[name])
        if (result := found(case)) is None:
            at_least = f"at least {case['peak_mib']:,.0f}" if "peak_mib" in case and "failed" not in case else ""
            blanks = ("",) * (len(SAMPLER_HEADER) - len(start) - 3)
            lines.append((*start, why_not(case, limit), *blanks, at_least, ""))
            continue
        quantity, effective = slowest(result["quantities"])
        several, spent = len(result["quantities"]) > 1, result["seconds"]
        gradients = f"{result['gradients'] / effective:,.0f}" if effective else ""
        if result["warmup_gradients"] is not None and effective:
            total = result["gradients"] + result["warmup_gradients"]
            gradients += f" ({total / effective:,.0f} with warm-up)"
        lines.append(
            (
                *start,
                f"{effective:,.0f}" + (f" ({quantity})" if several else ""),
                f"{result['draws']:,} in {result['chains']} chains",
                f"{largest_rhat(result['quantities']):.3f}",
                *(seconds(spent[each]) for each in ("startup", "compile", "sample", "call")),
                seconds(case["processor"]),
                number(effective / spent["sample"]),
                number(effective / spent["call"]),
                gradients,
                f"{case['peak_mib']:,.0f}",
                agreement(name, cases, apart),
            )
        )
    return lines


def ratios(cases: Cases) -> dict[str, tuple[float | None, float | None, float | None]]:
    """Ours over each other sampler: warm, sampling alone; warm and cold, whole calls. None where either is unknown."""

    def over(own: str, other: str, spent: str) -> float | None:
        ours, theirs = rate(cases.get(own), spent), rate(cases.get(other), spent)
        return None if ours is None or theirs is None else ours / theirs

    return {
        other: (over(WARM, other, "sample"), over(WARM, other, "call"), over(COLD, other, "call"))
        for other in OTHERS
        if other in cases
    }


def why_no_ratio(cases: Cases, other: str) -> str:
    if "skipped" in cases[other]:
        return "not installed"
    if "failed" in cases[other]:
        return "it failed"
    if found(cases[other]) is None:
        return "it did not end"
    return "ours did not end or converge" if converged(cases[other]) else "it did not converge"


def ratio_table(groups: Mapping[tuple[str, int], Cases]) -> str:
    lines, logs = [], {other: ([], [], []) for other in OTHERS}
    for (specification, rows), cases in groups.items():
        for other, found_ratios in ratios(cases).items():
            cells = []
            for place, value in enumerate(found_ratios):
                cells.append(why_no_ratio(cases, other) if value is None else f"{value:.3g}")
                if value is not None:
                    logs[other][place].append(math.log(value))
            lines.append((f"`{specification}`", f"{rows:,}", LABELS[other], *cells))
    for other, columns in logs.items():
        if any(columns):
            means = (f"{math.exp(sum(each) / len(each)):.3g} (of {len(each)})" if each else "" for each in columns)
            lines.append(("geometric mean (of how many)", "", LABELS[other], *means))
    header = ("specification", "rows", "over", "sampling alone, ours warm", "whole call, ours warm", "..., ours cold")
    return table(header, lines)


def estimator_rows(rows: int, cases: Cases, limit: float) -> list[tuple[str, ...]]:
    lines, own = [], yardstick(cases)
    posterior = cases[own]["found"]["quantities"] if own else {}
    if own:
        spent, case = cases[own]["found"]["seconds"], cases[own]
        means = (f"{number(each['statistics']['mean'][0])} ± {number(each['sd'])}" for each in posterior.values())
        peak = f"{case['peak_mib']:,.0f}"
        lines.append((f"{rows:,}", LABELS[own], *means, "", seconds(spent["call"]), seconds(case["processor"]), peak))
    for name in ESTIMATORS:
        if name not in cases:
            continue
        case, start = cases[name], (f"{rows:,}", LABELS[name])
        if (result := found(case)) is None:
            lines.append((*start, why_not(case, limit), "", "", "", "", "", ""))
            continue
        away = ""
        if own:
            gaps = {
                constant: abs(value - posterior[constant]["statistics"]["mean"][0]) / posterior[constant]["sd"]
                for constant, value in result["values"].items()
            }
            away = f"{max(gaps.values()):.2g} ({max(gaps, key=lambda each: gaps[each])})"
        values = map(number, result["values"].values())
        spent = seconds(result["seconds"]["call"]), seconds(case["processor"])
        lines.append((*start, *values, away, *spent, f"{case['peak_mib']:,.0f}"))
    return lines


def page(document: Mapping[str, Any], command: str = "python tests/benchmarks/samplers.py") -> str:
    """The whole page.

    Parameters
    ----------
    document
        What samplers.py keeps: ``settings`` (of the run and its machine), ``versions`` and ``results``.
    command
        What makes the page again.
    """
    groups, settings = grouped(document["results"]), document["settings"]
    limit = settings["limit"]
    versions = ", ".join(f"{name} {value}" for name, value in document["versions"].items() if value)
    made_on = (
        f"Each line is a process of its own, with empty caches, stopped after {limit:g} seconds. Cores: "
        f"{settings['cores']}, of one machine ({settings['machine']}). Versions: {versions}."
    )
    parts = ["# Samplers side by side\n", textwrap.fill(made_on, 120, break_on_hyphens=False) + "\n"]
    if settings["quick"]:
        parts.append("**A smoke run with few draws: its figures mean nothing.**\n")
    said = problems(groups)
    parts.append("\n".join(["**Not as it should be:**\n", *(f"- {each}" for each in said)]) + "\n" if said else "")
    parts.append(
        f"""Effective draws are those of g_N + g_D, bulk or tail, the fewer; of a static law, which has neither, of the
slowest of E, alpha and beta, which is named. `bs.fit` runs with its defaults, the others by `pm.sample` with the
defaults of PyMC, on the model of `bs.build_model`. Warm: a process after another on the same table, whose caches it
finds. Start-up is the interpreter, imports and the table; the whole call is the model, compiling and sampling. Of all
but `bs.fit`, compiling is what the call takes beside sampling, and sampling of NumPyro and BlackJAX leaves out what JAX
says that it compiled meanwhile. Gradients are those of the draws that were made; those of warm-up are beside them where
a sampler keeps them. Peak memory is of the largest process, and PyMC's own sampler has another for each chain where
there are cores for it.

The same posterior: mean and 5%, 50% and 95% quantiles, compared with those of `bs.fit`; in brackets the largest
difference, in units of both Monte Carlo errors together. More than {DIFFERENCE_MAX:g} is another posterior. What has
an R-hat above {RHAT_MAX} or fewer than {ESS_MIN} effective draws has not converged and is compared with nothing. Errors
of short runs of two chains are rough themselves, and mostly too small: in doubt a longer run of that sampler decides.
"""
    )
    specifications = dict.fromkeys(specification for specification, _ in groups)
    for specification in specifications:
        own = {rows: cases for (name, rows), cases in groups.items() if name == specification}
        lines = [line for rows, cases in own.items() for line in sampler_rows(rows, cases, limit)]
        parts.append(f"## {specification}\n\n{table(SAMPLER_HEADER, lines)}\n")
        points = [line for rows, cases in own.items() for line in estimator_rows(rows, cases, limit)]
        if any(name in cases for cases in own.values() for name in ESTIMATORS):
            header = ("rows", "", "E", "alpha", "beta", "away", "call, s", "processor, s", "peak memory, MiB")
            parts.append(
                f"""### Point estimators

Beside the posterior's means and standard deviations. Away: how many of these standard deviations the farthest
constant is from the mean; their losses differ, and so what they estimate.

{table(header, points)}
"""
            )
    parts.append(
        f"""## Ratios

Effective draws a second of `bs.fit` over those of another: above 1, `bs.fit` is faster. Cold is the like for like of
whole calls, since the others find empty caches too.

{ratio_table(groups)}

## Make this page again

```
{command}
```

That writes all of it, goes on where it was stopped, and needs the optional packages of `bayes-scaling[benchmark]`:
what is not installed is skipped.
"""
    )
    return "\n".join(filter(None, parts))
