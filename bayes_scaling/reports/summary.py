"""A fit as `summary.json` and as one plain sentence."""

import math
from dataclasses import asdict
from typing import Any

from bayes_scaling.common.formatting import counted, estimate, in_digits, months, number, probability
from bayes_scaling.common.strict_json import plain, strict_json
from bayes_scaling.inference.diagnostics import EBFMI_MIN, RHAT_MAX
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.settings import NUTS, PARTICLES, SMC
from bayes_scaling.inference.units import size_of
from bayes_scaling.quantities.coefficients import coefficients, unidentified
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.fit_findings import fit_findings
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL


def summarise(fit: Fit) -> dict[str, Any]:
    """Plain data for scripts; the content of `summary.json`.

    Returns
    -------
    dict
        ``doubling_time_months`` has a table for each of parameters, data, compute, or null where the law does not
        define it. In a table, null stands for a doubling time without bound (its rate is not positive), since JSON
        has no infinity, and for the probability of progress where the specification assumes that there is none.
        Of a specification without progress also ``coefficients``: ``E``, ``A``, ``B``, ``alpha``, ``beta``, ``a`` and
        Kaplan's scales, as far as it has them, each with ``median``, ``lower``, ``upper``, ``unit`` and ``contraction``
        (see :func:`bayes_scaling.quantities.coefficients.coefficients`), and ``unidentified``, names of the exponents
        about which the data say nearly nothing, and of what rests on them. ``warnings`` are what looks wrong with table
        and fit: ``code``, ``severity``, ``message`` and ``rows`` of each. Of fits with their log prior and log
        likelihood also ``identification``: ``quantities`` (prior and posterior of each, and who decided it), ``ridge``
        of the two rates or null, ``rule`` and ``sentences`` (see :func:`bayes_scaling.identification`).
    """
    from bayes_scaling.reports.fit_quantities import quantities_of  # whose sections say what this file does

    times, found = doubling_times(fit), fit.diagnostics
    return {
        "specification": fit.specification.name,
        "evaluations": {name: value for name, value in asdict(fit.evaluations).items() if name != "warnings"},
        "doubling_time_months": {
            str(name): None if math.isnan(row["median"]) else plain(row) for name, row in times.to_dict("index").items()
        },
        **{key: value for each in quantities_of(fit) for key, value in each.summary(fit).items()},
        "interval": times.attrs["interval"],
        "diagnostics": asdict(found) | {"converged": found.converged},
        "warnings": [asdict(each) for each in fit_findings(fit)],
        "settings": asdict(fit.settings),
        "seconds": {name: round(value, 3) for name, value in fit.seconds.items()},
        "versions": dict(fit.versions),
        "seed": fit.seed,
        "fingerprint": fit.fingerprint,
    }


def summary_json(fit: Fit) -> bytes:
    """`summary.json`, strict JSON in UTF-8."""
    return strict_json(summarise(fit))


def sentence(fit: Fit) -> str:
    """The answer in one sentence, with what it rests on and whether it can be trusted."""
    where = f"On {fit.evaluations.name} ({_size(fit.evaluations)})"
    selections = "; ".join(fit.evaluations.selections)
    if selections:
        where += f" [{selections}]"
    text = f"{where}, {_finding(fit)}"
    return text if fit.diagnostics.converged else f"NOT CONVERGED, do not use: {text}"


def _size(table: EvaluationsSummary) -> str:
    if table.kind == "evaluations":
        return size_of(table)
    rows = counted(table.rows, "training run")
    return rows if table.papers == table.rows else f"{rows} of {table.papers} series"


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
        f"What to try: more draws ({options}, or {words} in Python), then stronger priors or a specification with "
        "fewer coefficients; chains that stay apart however long they run mean a posterior with several modes: "
        f"for a second opinion, --sampler {SMC}."
    )


def _finding(fit: Fit) -> str:
    if not fit.specification.progresses:
        return _static_finding(fit)
    row = doubling_times(fit).loc["compute"].to_dict()
    median, lower, upper = in_digits(row, months)
    if math.isfinite(row["median"]):
        middle = f"effective compute doubles every {median} months"
    else:
        middle = "the median rate of progress is not positive, so effective compute has no doubling time"
    text = (
        f"with '{fit.specification.name}', {middle} ({CREDIBLE_INTERVAL} {lower} to {upper}; "
        f"probability of progress {probability(row['probability_of_progress'])})."
    )
    if math.isinf(row["upper"]) and math.isfinite(row["median"]):
        text += " The interval has no upper end: these data do not exclude that there was no progress at all."
    elif math.isfinite(row["upper"]) and row["upper"] > WIDE * row["lower"]:
        text += (
            f" The interval spans a factor {row['upper'] / row['lower']:.0f}: "
            "these data leave the rate of progress largely open."
        )
    return text


def _static_finding(fit: Fit) -> str:
    found, unknown = coefficients(fit), unidentified(fit)
    sizes = {term.exponent: term.noun for term in fit.specification.form.terms}
    said = [
        f"{name} of {sizes[exponent]} is {estimate(row, number)}"
        for name, row in found.iterrows()
        if (exponent := str(name).partition("[")[0]) in sizes and name not in unknown
    ]
    if "a" in found.index and not unknown:
        growth = estimate(found.loc["a"].to_dict(), number)
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
