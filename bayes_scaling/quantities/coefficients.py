"""Coefficients of a law from a posterior, and how much the data said about each exponent."""

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.inference.diagnostics import elements
from bayes_scaling.inference.result import AnyFit, Fit, require_fit
from bayes_scaling.quantities.intervals import MCSE, SAMPLE_DIMS, check_probability, credible_intervals
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, interval_attrs
from bayes_scaling.specifications.laws import LAWS, RESPONSE_UNITS
from bayes_scaling.specifications.parameters import Parameter
from bayes_scaling.specifications.specification import Specification

NAMES = ("E", "A", "B", "alpha", "beta", "a", "N_c", "D_c", "C_c", "S_c", "B_star", "alpha_B")
"""Coefficients of static laws in the order of tables."""
_COLUMNS = ("median", "lower", "upper", *MCSE, "unit", "contraction")
EXPONENTS = ("alpha", "beta")
CONTRACTION_MIN = 0.1  # an interval less than a tenth narrower than its prior's is the prior's
_UNITS = {"nu": "degrees of freedom"}  # of what has no unit to be measured in
SPREAD_MIN = 0.01  # rows whose log sizes span less than this count as of one size


def coefficients(fit: AnyFit, *, probability: float = INTERVAL_PROBABILITY) -> pd.DataFrame:
    r"""Coefficients of a law, and the exponent of compute-optimal parameters.

    .. math:: L = E + A / N^\alpha + B / D^\beta, \qquad N^* \propto C^a, \quad a = \beta / (\alpha + \beta)

    Parameters
    ----------
    fit
        A posterior; read ``fit.diagnostics.converged`` first.
    probability
        Of the interval.

    Returns
    -------
    DataFrame
        A row for each of ``E``, ``A``, ``B`` (at a size of one parameter, token, FLOP or step), ``alpha``, ``beta``,
        ``a``, Kaplan's scales ``N_c``, ``D_c``, ``C_c``, ``S_c``, and ``B_star``, ``alpha_B`` that the posterior has,
        one for each level where it differs between groups (``alpha[transformer]``); columns ``median``, ``lower``,
        ``upper``, their Monte Carlo errors (``mcse_median`` ...), ``unit`` and ``contraction``, by how much the
        interval of an exponent is narrower than its prior's: 0 where the data say nothing, near 1 where they say nearly
        everything, NaN for what has no prior of its own.
        ``attrs`` name the interval.

    Raises
    ------
    BayesScalingError
        If the probability is not between 0 and 1.

    Notes
    -----
    Kaplan's scales are sizes at which a term alone is 1 nat per token, far from any data: their intervals span powers
    of ten. Intervals are equal-tailed; widths are compared on the logarithm of the exponent. Source of ``a``: Hoffmann
    et al. 2022 (arXiv 2203.15556), eq. 4; of the scales: Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.1 to 1.6; of
    contraction: Schad, Betancourt and Vasishth 2021, with widths in place of variances.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> coefficients(bs.load_fit("runs/chinchilla-mine"))[["median", "lower", "upper"]]  # doctest: +SKIP
    """
    fit = require_fit(fit)
    check_probability(probability)
    units = units_of(fit.specification.law)
    parts: list[pd.DataFrame] = []
    for name, narrower in _contractions(fit).items():
        table = _rows(name, fit.posterior[name], units.get(name, ""), probability)
        parts.append(table.assign(contraction=narrower))
    whole = _together(parts)
    whole.attrs = {"interval": interval_attrs(probability)}
    return whole


def _contractions(fit: Fit) -> dict[str, "pd.Series[float]"]:
    """Of the elements of each coefficient that a posterior has, by their names; NaN without a prior of its own."""
    found: dict[str, pd.Series[float]] = {}
    for name in (each for each in NAMES if each in fit.posterior):
        formula = fit.specification.predicted.get(name)
        known = name in EXPONENTS and fit.specification.delta is None and not (formula and formula.terms)
        labels = [element for element, _ in elements(fit.posterior[[name]])]
        found[name] = pd.Series(np.atleast_1d(contraction(fit, name)) if known else np.nan, labels, dtype=float)
    return found


def _rows(name: str, draws: xr.DataArray, unit: str, probability: float = INTERVAL_PROBABILITY) -> pd.DataFrame:
    """Of a quantity a row for each level, by a name such as ``alpha[transformer]``."""
    table = credible_intervals(draws.rename(name), probability=probability).drop(columns="defined")
    table.index = pd.Index([element for element, _ in elements(xr.Dataset({name: draws}))])
    return table.assign(unit=unit)


def _together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts) if parts else pd.DataFrame(columns=list(_COLUMNS))


MOST_LEVELS = 32  # of what has a row for each in tables of a posterior; of more, such as papers, files keep the draws


def posterior_table(fit: Fit) -> pd.DataFrame:
    """As :func:`coefficients`, and then all else that is sampled or follows from it, unless it has very many levels."""
    s = fit.specification
    units = {each.name: unit_of(s, each) for each in s.parameters()} | _UNITS
    further = [
        _rows(str(name), draws, units.get(str(name), ""))
        for name, draws in fit.posterior.data_vars.items()
        if name not in NAMES and draws.isel(chain=0, draw=0).size <= MOST_LEVELS
    ]
    return pd.concat([coefficients(fit), *further])


def groups_and_noise(fit: Fit) -> pd.DataFrame:
    """Exponents of the levels of pooled groups, how far these are apart, and noise, as :func:`coefficients` has them.

    Of a pooled exponent ``coefficients`` has the middle of its groups.
    """
    s, posterior, parts = fit.specification, fit.posterior, []
    for name, formula in s.predicted.items():
        for each in formula.pooled:
            stem = formula.stem(each)
            if name in EXPONENTS and name in posterior and not each.column and len(posterior[name].dims) == 2:
                parts.append(_rows(name, posterior[name] * np.exp(posterior[stem]), ""))  # effects are on the logarithm
            parts.append(_rows(f"{stem}_sd", posterior[f"{stem}_sd"], "sd of groups"))
    parts += [_rows(name, posterior[name], _UNITS.get(name, "")) for name in s.noise.kind.extra if name in posterior]
    return _together(parts)


def units_of(law: str) -> dict[str, str]:
    """Unit of each coefficient of a law that has one; exponents have none."""
    form = LAWS[law]
    response = RESPONSE_UNITS[form.response]
    units = {"E": response}
    for term in form.terms:
        units |= {term.coefficient: f"{response} at one {term.unit}", term.scale: term.scale_unit}
    return units


def unit_of(specification: Specification, parameter: Parameter) -> str:
    """Unit of what is sampled: a level is of the response, and noise as its scale has it."""
    name, response = specification.prior_name(parameter.name), specification.response
    if name == "sigma" and specification.noise.on_log:
        return "log units of loss" if response == "loss" else "log units"
    return RESPONSE_UNITS[response] if name == "level" else parameter.unit


def contraction(fit: Fit, exponent: str, *, probability: float = INTERVAL_PROBABILITY) -> np.ndarray:
    """By how much an exponent's interval is narrower than its prior's, on a logarithmic axis, at each of its levels."""
    tails = [(1 - probability) / 2, (1 + probability) / 2]
    draws: xr.DataArray = fit.posterior[exponent]
    low, high = np.log(draws.quantile(tails, dim=SAMPLE_DIMS).to_numpy())
    prior_low, prior_high = np.log(fit.specification.prior_of(exponent).frozen().ppf(tails))
    return np.asarray(1 - (high - low) / (prior_high - prior_low))


def unidentified(fit: Fit) -> tuple[str, ...]:
    """Exponents whose size is the same in all rows (within 1%) or that data hardly inform, and what depends on them."""
    narrower = pd.concat([pd.Series(dtype=float), *_contractions(fit).values()])
    terms = fit.specification.form.terms
    constant = fit.data["constant_data"].to_dataset()
    # Where a size does not vary, the prior of the level alone can make the interval of its exponent narrower.
    sizes = {term.exponent: constant[f"log_{term.size}"] for term in terms if f"log_{term.size}" in constant}
    fixed = {exponent for exponent, size in sizes.items() if np.ptp(size.to_numpy()) < SPREAD_MIN}
    stems = pd.Index([str(name).partition("[")[0] for name in narrower.index], dtype=str)
    wide = (narrower < CONTRACTION_MIN).to_numpy() | stems.isin(fixed)
    follow = {"a"} if wide.any() else set()
    for term in terms:
        if term.exponent in stems[wide]:
            follow |= {term.coefficient, term.scale, "alpha_B"}
    return tuple(map(str, (*narrower.index[wide], *narrower.index[stems.isin(follow)])))
