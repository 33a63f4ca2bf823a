"""Chains that do not mix: their groups, and the posterior mass and the predictive weight of each."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.common.arrays import Floats
from bayes_scaling.inference.diagnostics import elements
from bayes_scaling.inference.mixing import chain_groups, group_shares
from bayes_scaling.inference.result import Fit, require_fit
from bayes_scaling.inference.settings import SMC
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, interval_attrs
from bayes_scaling.studies.comparison.elpd import score
from bayes_scaling.studies.comparison.result import ranked


def chain_weights(fit: Fit, *, unit: str = "evaluation", probability: float = INTERVAL_PROBABILITY) -> pd.DataFrame:
    r"""Groups of chains that do not mix with each other, how much mass lies around each, and how well each predicts.

    .. math:: \max_w \sum_i \ln \sum_k w_k\, p(y_i \mid y_{-i}, \text{group } k), \qquad w_k \ge 0,\ \sum_k w_k = 1

    Parameters
    ----------
    fit
        Usually one that has not converged; of one that has, all chains are one group.
    unit
        Of cross-validation: ``"evaluation"`` or ``"paper"``.
    probability
        Of the intervals.

    Returns
    -------
    DataFrame
        One row a group, the largest first, index ``group`` from 1; columns

        **chains**
            positions of its chains, from 0
        **mass_share**
            share of the posterior mass around it: by a normal approximation around each chain, or of SMC runs by their
            evidence; NaN where neither was found (chains of a penalised posterior)
        **stacking_weight**
            weight in the mixture of groups that predicts units left out best
        **elpd**, **se**
            by leaving out one unit at a time, nats
        **pareto_k_bad**
            units whose term is not to be trusted
        **compute_doubling_months_median**, **_lower**, **_upper**
            :math:`T_C` of the group alone; of a law without progress the same of the quantity with the largest R-hat,
            under its name

        ``attrs`` name ``interval``, ``unit`` (of cross-validation) and ``quantity``.

    Raises
    ------
    BayesScalingError
        If the unit is unknown or the probability not between 0 and 1.

    Notes
    -----
    Stacking for computations that do not mix: Yao, Vehtari and Gelman 2022, eq. 3 and section 3. The two kinds of
    weight answer two questions. Shares of mass say what the posterior is, and can be far off where a mode is not
    normal. Stacking weights say which mixture predicts best; they are not the posterior. Where they differ, or where
    groups answer differently, report the groups and not an average.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> fit = bs.load_fit("runs/ho2024-07-ho2024")  # doctest: +SKIP
    >>> bs.chain_weights(fit)[["chains", "mass_share", "stacking_weight"]]  # doctest: +SKIP
                            chains  mass_share  stacking_weight
    group
    1      (0, 1, 2, 3, 4, 5, 6, 7)         1.0              1.0
    """
    fit = require_fit(fit)
    groups = chain_groups(fit.posterior)
    parts = {str(number): chains_of(fit, group) for number, group in enumerate(groups, 1)}
    scores = {name: score(part, unit, refits="none") for name, part in parts.items()}
    weights = ranked(scores)["weight"]
    quantity = "compute_doubling_months" if fit.specification.progresses else fit.diagnostics.worst
    rows = {}
    for (name, part), group, share in zip(parts.items(), groups, _mass_shares(fit, groups), strict=True):
        interval = _interval(part, probability)
        rows[int(name)] = {
            "chains": group,
            "mass_share": float(share),
            "stacking_weight": float(weights[name]),
            "elpd": scores[name].elpd,
            "se": scores[name].se,
            "pareto_k_bad": scores[name].bad,
        } | {f"{quantity}_{which}": float(interval[which]) for which in ("median", "lower", "upper")}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")
    table.attrs = {"interval": interval_attrs(probability), "unit": unit, "quantity": quantity}
    return table


def chains_of(fit: Fit, chains: tuple[int, ...]) -> Fit:
    """Some chains of a fit; diagnostics stay those of the whole, since chosen chains agree because they were chosen."""
    return replace(fit, data=fit.data.isel(chain=list(chains)))


def _mass_shares(fit: Fit, groups: tuple[tuple[int, ...], ...]) -> Floats:
    runs, stats = fit.settings.sampler == SMC, fit.data["sample_stats"]
    name = "log_evidence" if runs else "log_mass"
    if len(groups) == 1:
        return np.ones(1)
    return group_shares(stats[name].to_numpy(), groups, runs=runs) if name in stats else np.full(len(groups), np.nan)


def _interval(part: Fit, probability: float) -> dict[Any, Any]:
    if part.specification.progresses:
        return doubling_times(part, probability=probability).loc["compute"].to_dict()
    draws = dict(elements(part.posterior))[part.diagnostics.worst]
    return credible_intervals(draws.reset_coords(drop=True), probability=probability).iloc[0].to_dict()
