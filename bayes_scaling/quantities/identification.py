"""What the data decided of a fit and what the prior: a table, the ridge, and a few plain sentences."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from bayes_scaling.common import strict_json as plain_json
from bayes_scaling.common.arrays import Floats
from bayes_scaling.common.formatting import DO_NOT_USE, months
from bayes_scaling.inference.data import rows_of, thinned
from bayes_scaling.inference.fitting import KEPT_DRAWS
from bayes_scaling.inference.likelihood import blocks, draws_of
from bayes_scaling.inference.result import AnyFit, Fit, require_fit
from bayes_scaling.model.coordinates import coefficients_of
from bayes_scaling.model.structure import loss_parts
from bayes_scaling.quantities.doubling import pooled_rate
from bayes_scaling.quantities.influence import ALL_PRIORS, NEEDED, REPORTED, VERDICTS, influence
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, interval_points, months_to_double


@dataclass(frozen=True)
class Span:
    """Median and 95% equal-tailed interval of a posterior."""

    median: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Mix:
    """Narrowest mix ``weight first + (1 - weight) second`` of two rates; ``correlation`` is theirs in the posterior."""

    correlation: float
    weight: float
    value: Span


@dataclass(frozen=True)
class Ridge:
    """What the posterior of the two rates looks like; all rates per year."""

    rates: Mix
    declines: Mix | None  # of ``alpha g_N`` and ``beta g_D``; None where exponents drift or rates change with the date
    parameter_share: Span | None  # by theory the weight of that mix: the parameter term's of the reducible loss
    direction: tuple[float, float]  # unit vector along which the posterior is longest
    along: float
    across: float
    phi: Span  # ``g_N / g_C`` among draws in which effective compute grows
    months: tuple[float, float, float]  # doubling times over the lowest, the middle and the highest 5% in ``phi``
    growing: float  # share of draws in which effective compute grows


def best_mix(first: Floats, second: Floats) -> Mix:
    """Mix of smallest variance of two quantities, draws of shape ``(samples,)``."""
    (variance, joint), (_, other) = np.cov(first, second)
    weight = float((other - joint) / (variance + other - 2 * joint))
    value = span(weight * first + (1 - weight) * second)
    return Mix(float(joint / np.sqrt(variance * other)), weight, value)


def span(draws: Floats) -> Span:
    """Median and interval of draws."""
    return Span(*map(float, np.quantile(draws, interval_points())))


def ridge(fit: Fit) -> Ridge | None:
    """Describe the ridge of the rates, averaged over rows; None without both, or where compute grows in no draw."""
    g_n, g_d = pooled_rate(fit, "g_N"), pooled_rate(fit, "g_D")
    if g_n is None or g_d is None or not (np.ptp(g_n) and np.ptp(g_d) and (g_n + g_d > 0).any()):
        return None
    variances, axes = np.linalg.eigh(np.cov(g_n, g_d))
    longest = axes[:, 1] * np.sign(axes[0, 1] or 1.0)
    growing = g_n + g_d > 0
    g_c = (g_n + g_d)[growing]
    phi = g_n[growing] / g_c
    tail = 1 - INTERVAL_PROBABILITY
    low, below, above, high = np.quantile(phi, [tail, (1 - tail) / 2, (1 + tail) / 2, 1 - tail])
    parts = (phi <= low, (below <= phi) & (phi <= above), phi >= high)
    at_lowest, at_middle, at_highest = (float(months_to_double(np.median(g_c[part]))) for part in parts)
    declines = _declines(fit)
    return Ridge(
        rates=best_mix(g_n, g_d),
        declines=None if declines is None else best_mix(*declines[:2]),
        parameter_share=None if declines is None else span(declines[2]),
        direction=(float(longest[0]), float(longest[1])),
        along=float(np.sqrt(variances[1])),
        across=float(np.sqrt(max(variances[0], 0.0))),
        phi=span(phi),
        months=(at_lowest, at_middle, at_highest),
        growing=float(np.mean(growing)),
    )


def _declines(fit: Fit) -> tuple[Floats, Floats, Floats] | None:
    """What a year takes off each term's logarithm, and the parameter term's share, each averaged over the rows."""
    specification, rows = fit.specification, rows_of(fit.data, fit.specification)
    varying = specification.progress.drifts or specification.rates_change
    if varying or "years" not in rows.covariates:
        return None
    parts, values = [], draws_of(specification, thinned(fit.data, KEPT_DRAWS))
    coefficients = coefficients_of(specification, values, rows.levels)
    for some in blocks(len(rows.ids), len(next(iter(values.values())))):
        part = rows.take(np.arange(some.start, some.stop))
        later = {**part.covariates, "years": part.covariates["years"] + 1}
        _, (log_n, log_d) = loss_parts(coefficients, part.covariates, part.index)
        _, (later_n, later_d) = loss_parts(coefficients, later, part.index)
        of_rows = (log_n - later_n, log_d - later_d, expit(log_n - log_d))
        parts.append([each.sum(axis=1) / len(rows.ids) for each in of_rows])
    n, d, share = np.sum(parts, axis=0)
    return n, d, share


STRONG = 0.7
"""Correlation beyond which less than half of either rate's variance is left once the other is known (1 - 0.7**2)."""


def sentences(table: pd.DataFrame, ridge: Ridge | None, *, converged: bool = True) -> tuple[str, ...]:
    """At most three plain sentences about influence and ridge; each of a fit that has not converged says so."""
    said = [_verdicts(table["verdict"]) + _headline(table)]
    if ridge is not None:
        mix, w = ridge.rates, ridge.rates.weight
        second = f"{w:.2f} g_N {'+' if w <= 1 else '-'} {abs(1 - w):.2f} g_D"
        value = f"{mix.value.median:.2f} a year, 95% equal-tailed {mix.value.lower:.2f} to {mix.value.upper:.2f}"
        said.append(f"{_told_apart(table['verdict'], mix.correlation)}; best known is {second} ({value}).")
        low, middle, high = map(months, ridge.months)
        tail = f"{1 - INTERVAL_PROBABILITY:.0%}"
        said.append(
            f"Parameters account for {ridge.phi.lower:.2f} to {ridge.phi.upper:.2f} of g_C (g_N/g_C, 95% equal-tailed "
            f"interval): effective compute doubles every {low} months in the {tail} of draws where they "
            f"account for least (median), every {middle} in the middle, and every {high} where they account for most."
        )
    return tuple(said) if converged else tuple(f"{DO_NOT_USE}: {each}" for each in said)


def _told_apart(verdicts: pd.Series, correlation: float) -> str:
    """Whether the data tell the two rates apart: weakly correlated rates may both be unknown."""
    shown = f"(correlation {correlation:.2f})"
    if abs(correlation) > STRONG:
        return f"The data hardly tell g_N from g_D {shown}"
    of_rates = verdicts[verdicts.index.str.partition("[").get_level_values(0).isin(["g_N", "g_D"])]
    if (of_rates == "by the data").all():
        return f"The data tell g_N from g_D {shown}"
    return f"g_N and g_D are correlated weakly {shown}, but the data alone decide at most one of them"


def _verdicts(verdicts: pd.Series) -> str:
    """Which quantities the data decided, which are shared, which the prior's."""
    stems = verdicts.index.str.partition("[").get_level_values(0)
    parts = []
    for verdict in VERDICTS:
        names: list[str] = []
        for stem in dict.fromkeys(stems):
            of_stem = verdicts[stems == stem]
            chosen = of_stem[of_stem == verdict]
            names += [stem] if len(chosen) == len(of_stem) else [str(name) for name in chosen.index]
        if names:
            words = "shared between data and prior" if verdict == "shared" else f"decided {verdict}"
            parts.append(f"{words}: {', '.join(names)}")
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]


_HEADLINES = ("g_C", "a", "alpha")  # a fit's headline is the first of these that it has


def _headline(table: pd.DataFrame) -> str:
    """How much narrower the answer's interval is than its prior's, and which prior moves it."""
    name = next((each for each in _HEADLINES if each in table.index), None)
    row = {} if name is None else table.loc[name].to_dict()
    if not math.isfinite(row.get("contraction", math.nan)):
        return ""
    prior = "scaling all priors together" if row["moved_by"] == ALL_PRIORS else f"the prior on {row['moved_by']}"
    narrower = row["contraction"]
    width = f"{narrower:.0%} narrower than" if narrower >= 0 else f"{-narrower:.0%} wider than"
    return (
        f" The interval of {name} is {width} its prior's; {prior} moves it most (sensitivity "
        f"{row['sensitivity_prior']:.2f}, to the data {row['sensitivity_likelihood']:.2f})."
    )


@dataclass(frozen=True, eq=False)
class Identification:
    """What the data decided of a fit's quantities, and what the prior did; ``ridge`` is None without both rates."""

    table: pd.DataFrame
    ridge: Ridge | None
    sentences: tuple[str, ...]


def identification(fit: AnyFit) -> Identification:
    r"""Say of each reported quantity whether data or prior decided it, and how far the two rates can be told apart.

    .. math:: \mathrm{contraction} = 1 - \frac{\mathrm{width\ of\ posterior\ interval}}
        {\mathrm{width\ of\ prior\ interval}}

    Parameters
    ----------
    fit
        A posterior with its log prior and log likelihood, as :func:`bayes_scaling.fit` gives.

    Returns
    -------
    Identification
        ``table`` (one row a quantity: posterior and prior medians and 95% equal-tailed intervals, contraction,
        power-scaling sensitivities, verdict), ``ridge`` and ``sentences``. ``table.attrs["rule"]`` states the rule.

    Raises
    ------
    BayesScalingError
        If the fit lacks its log prior or log likelihood.

    Notes
    -----
    A sensitivity says how a posterior moves when a prior or the likelihood is raised to a power near 1 (Kallioinen et
    al. 2024, doi 10.1007/s11222-023-10366-5). It is local: another family of prior may matter more.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.identification(bs.load_fit("runs/reference-ho2024"))  # doctest: +SKIP
    >>> found.table["verdict"], found.sentences  # doctest: +SKIP
    """
    fit = require_fit(fit)
    kept: dict[str, Any] = vars(fit)  # a report and its summary ask for the same
    if "_identification" not in kept:
        table, across = influence(fit), ridge(fit)
        said = sentences(table, across, converged=fit.diagnostics.converged)
        kept["_identification"] = Identification(table, across, said)
    found: Identification = kept["_identification"]
    return found


def can_identify(fit: Fit) -> bool:
    """Whether a fit has the groups that :func:`identification` needs, and a quantity to report."""
    return all(name in fit.data for name in NEEDED) and any(name in fit.data["posterior"] for name in REPORTED)


def as_plain(found: Identification) -> dict[str, Any]:
    """Identification as JSON: null for what is not defined or without bound."""
    plain: dict[str, Any] = plain_json.plain(
        {
            "quantities": found.table.to_dict("index"),
            "ridge": None if found.ridge is None else asdict(found.ridge),
            "rule": found.table.attrs["rule"],
            "sentences": found.sentences,
        }
    )
    return plain
