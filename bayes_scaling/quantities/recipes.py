"""Recipe against recipe: what one way of training is worth in compute beside another, at each scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.common.arrays import Floats
from bayes_scaling.common.formatting import estimate, number, probability
from bayes_scaling.errors import BayesScalingError, require_choice
from bayes_scaling.inference.result import require_fit
from bayes_scaling.quantities.gain import Split, compute_equivalent_gain
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import at, laws_of
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL

if TYPE_CHECKING:
    from bayes_scaling.inference.result import AnyFit

REVERSES = 0.5
"""Probability from which a gain is said to reverse."""


@dataclass(frozen=True, eq=False)
class RecipeGains:
    """What recipes are worth beside one of them.

    Parameters
    ----------
    by, baseline
        Column of recipes, and the one that all others are compared with.
    draws
        How many times the compute the baseline needs: dimensions ``chain``, ``draw``, ``recipe``, ``compute``.
    table
        Indexed by ``recipe`` and ``compute`` (FLOP): ``median``, ``lower``, ``upper`` of the gain with their Monte
        Carlo errors, ``probability`` that it is above 1, ``extrapolated``: outside the compute of the baseline's runs.
    reversals
        Indexed by ``recipe``: ``probability`` that a gain at the smallest budget is none at the largest, or the other
        way round; ``median``, ``lower``, ``upper``: where it is 1, FLOP, given that it reverses.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.recipe_gains(bs.load_fit("runs/recipes"), 1e22, by="recipe", baseline="old")  # doctest: +SKIP
    >>> found.reversals  # doctest: +SKIP
    """

    by: str
    baseline: str
    draws: xr.DataArray = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    reversals: pd.DataFrame = field(repr=False)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is found of each recipe, in words."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        for recipe, row in self.reversals.iterrows():
            own = pd.DataFrame(self.table.xs(recipe, level="recipe"))
            ends = dict.fromkeys((own.index[0], own.index[-1]))
            each = ", ".join(f"at {flop:.0e} FLOP {_needed(own.loc[flop])}" for flop in ends)
            said = f"for the loss of {recipe!r}, {self.baseline!r} {each} ({CREDIBLE_INTERVAL})"
            if row["probability"] >= REVERSES:
                where = estimate(row, number)
                said += f": a gain that reverses, with probability {probability(row['probability'])}, at {where} FLOP"
            yield said


def _needed(row: "pd.Series[Any]") -> str:
    never = np.isinf(row["median"])
    return "never gets there" if never else f"needs {estimate(row, number)} times its compute"


def recipe_gains(
    fit: "AnyFit",
    compute: Any,
    *,
    by: str,
    baseline: str,
    split: Split = "optimal",
    recipes: Sequence[str] | None = None,
) -> RecipeGains:
    r"""How many times the compute of each recipe another one needs for the same loss.

    .. math:: \mathrm{gain}(C) = C' / C, \qquad \min_{6ND = C'} L_\mathrm{baseline} = \min_{6ND = C} L_\mathrm{recipe}

    Parameters
    ----------
    fit
        To runs of all recipes, by a specification some of whose coefficients have formulas in their column, such as
        ``runs/recipes``.
    compute
        Budgets of the recipe, FLOP: a number or several.
    by
        Column that tells recipes apart: ``dataset``, ``optimizer``, before and after a change.
    baseline
        The recipe that all others are compared with.
    split
        As for :func:`bayes_scaling.compute_equivalent_gain`.
    recipes
        Which to compare; by default all that were fitted.

    Returns
    -------
    RecipeGains
        Draws, their table, and where a gain reverses.

    Raises
    ------
    BayesScalingError
        If the specification has no such column, or it has no such level; as
        :func:`bayes_scaling.compute_equivalent_gain` otherwise.

    Notes
    -----
    Draws of all recipes are of one posterior, so that what they share cancels. What they share is the specification's
    to say: exponents by ``1`` (shared), ``1 + (1 | recipe)`` (pooled) or ``0 + recipe`` (each its own), likewise
    ``irreducible_share``. With shared exponents and irreducible loss the gain is nearly the same at all scales, by
    assumption. Losses must be on the same text. Source: Gundlach et al. 2025 (arXiv 2511.21622).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> fit = bs.load_fit("runs/recipes")  # doctest: +SKIP
    >>> found = bs.recipe_gains(fit, [1e20, 1e24], by="recipe", baseline="old")  # doctest: +SKIP
    >>> found.table, found.sentences  # doctest: +SKIP
    """
    fit = require_fit(fit)
    predictors = laws_of(fit).predictors
    if predictors is None or by not in fit.specification.columns:
        raise BayesScalingError(
            f"'{fit.specification.name}' depends on no column {by!r}; valid choices: "
            f"{', '.join(fit.specification.columns) or 'none'}; or fit runs/recipes, whose column is recipe"
        )
    levels = list(dict.fromkeys(map(str, predictors.labels(by))))
    for name in (baseline, *(recipes or ())):
        require_choice(by, name, levels)
    others = [name for name in (recipes or levels) if name != baseline]
    if not others:
        raise BayesScalingError(f"{by} has no other level than {baseline!r} to compare; fit runs of two recipes")
    reference = at(fit, **{by: baseline})
    found = [
        compute_equivalent_gain(at(fit, **{by: name}), compute, baseline=reference, split=split) for name in others
    ]
    draws = xr.concat(found, pd.Index(others, name="recipe"))
    table = credible_intervals(draws)
    table["probability"] = (draws > 1).mean(("chain", "draw")).to_numpy().ravel()
    if "extrapolated" in draws.coords:
        table["extrapolated"] = np.tile(draws["extrapolated"].to_numpy(), len(others))
    reversals = pd.DataFrame([_reversal(each) for each in found], index=pd.Index(others, name="recipe"))
    return RecipeGains(by, baseline, draws, table, reversals)


def _reversal(gain: xr.DataArray) -> dict[str, float]:
    """Probability that a gain changes sign between the smallest and the largest budget, and where."""
    gain = gain.sortby("compute").transpose("chain", "draw", "compute")
    logs, log_compute = np.log(gain.to_numpy().reshape(-1, gain.sizes["compute"])), np.log(gain["compute"].to_numpy())
    turns = logs[:, 0] * logs[:, -1] < 0
    ends = dict.fromkeys(("median", "lower", "upper"), np.nan)
    if turns.any():
        where = np.exp(_crossing(log_compute, logs[turns]))
        row = credible_intervals(xr.DataArray(where[None], dims=("chain", "draw")), errors=False).iloc[0]
        ends = {name: float(row[name]) for name in ends}
    return {"probability": float(turns.mean())} | ends


def _crossing(log_compute: Floats, logs: Floats) -> Floats:
    """Where lines through the points of each row first cross 0."""
    place = np.argmax(logs[:, :-1] * logs[:, 1:] <= 0, axis=1)
    rows = np.arange(len(logs))
    before, after = logs[rows, place], logs[rows, place + 1]
    share = np.divide(before, before - after, out=np.full(len(logs), 0.5), where=np.isfinite(before - after))
    return np.asarray(log_compute[place] + share * (log_compute[place + 1] - log_compute[place]))
