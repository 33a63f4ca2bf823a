"""A posterior of profiles, with everything needed to judge it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from xarray import Dataset, DataTree

from bayes_scaling.approaches.model import OBSERVED, centres
from bayes_scaling.approaches.rows import ProfileRows
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.settings import Settings
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.points import axis_of
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY


@dataclass(frozen=True, eq=False)
class Profiles:
    """One posterior of the hierarchical quadratic.

    Parameters
    ----------
    data
        Groups ``posterior``, ``sample_stats``, ``observed_data``, ``constant_data``. Beside what is sampled (see
        :mod:`bayes_scaling.approaches.model`) the posterior has ``log_best_size`` (log parameters, or log tokens, of
        the vertex) and ``log_best_loss`` (log nats per token, there), over ``budget``.
    rows
        What was fitted, and by ``rows.unused`` what was left out and why.
    diagnostics
        Of this posterior alone; read :attr:`converged` first, which counts ``by_tokens`` too.
    settings, seed
        Sampler settings in force at the end, and the seed of the run.
    seconds
        ``compile``, ``sample``, ``total``.
    by_tokens
        The same quadratic of tokens, where tokens and compute of the table contradict C = k N D within budgets, so that
        b does not follow from a; otherwise None.
    name
        Of the table.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> profiles = bs.isoflop_profiles(bs.load_runs())  # doctest: +SKIP
    >>> profiles.converged, profiles.rhat_max  # doctest: +SKIP
    >>> bs.credible_intervals(profiles.best_parameters([1e21, 1e24]))  # doctest: +SKIP
    >>> profiles.budgets()  # doctest: +SKIP
    """

    data: DataTree
    rows: ProfileRows
    diagnostics: Diagnostics
    settings: Settings
    seed: int
    seconds: Mapping[str, float]
    by_tokens: "Profiles | None" = None
    name: str = ""

    @property
    def converged(self) -> bool:
        """Whether every criterion holds, for all that was sampled."""
        return self.diagnostics.converged and (self.by_tokens is None or self.by_tokens.converged)

    @property
    def rhat_max(self) -> float:
        """Largest R-hat of all that was sampled."""
        found = [self.diagnostics.rhat_max] + ([] if self.by_tokens is None else [self.by_tokens.rhat_max])
        return max(found)

    def exponents(self) -> Dataset:
        r"""Draws of how the best parameters and tokens scale with compute.

        .. math:: N^* \propto C^a, \qquad D^* \propto C^b

        Returns
        -------
        Dataset
            ``a`` and ``b``, no unit; dimensions ``chain``, ``draw``. With C = k N D in the table b = 1 - a exactly;
            otherwise b is of a quadratic of its own, and their draws are not paired.

        Examples
        --------
        >>> import bayes_scaling as bs
        >>> profiles = bs.isoflop_profiles(bs.load_runs())  # doctest: +SKIP
        >>> profiles.exponents()["a"].median().round(2).item()  # doctest: +SKIP
        0.53
        """
        a = self.data["posterior"]["a"]
        b = 1 - a if self.by_tokens is None else self.by_tokens.data["posterior"]["a"]
        return Dataset({"a": a.assign_attrs(unit="no unit"), "b": b.rename("b").assign_attrs(unit="no unit")})

    def best_parameters(self, compute: Any) -> xr.DataArray:
        r"""Draws of the best number of parameters at a budget, by the power law that all budgets share.

        .. math:: \ln N^* = m + a \ln C

        Parameters
        ----------
        compute
            FLOP: one budget or several. Beyond the budgets of the table this is extrapolation.

        Returns
        -------
        DataArray
            Parameters; dimensions ``chain``, ``draw``, and ``compute`` where several budgets were given.

        Raises
        ------
        BayesScalingError
            Compute is not above 0.
        """
        budgets = axis_of(compute, "compute (FLOP)")
        posterior, centre = self.data["posterior"].to_dataset(), centres(self.rows)
        log_compute = np.log(budgets)
        axis = xr.DataArray(log_compute, dims="compute", coords={"compute": budgets}) if budgets.ndim else log_compute
        drawn = posterior["vertex"] + posterior["a"] * (axis - centre["log_flop"]) + centre["log_size"]
        found: xr.DataArray = xr.ufuncs.exp(drawn).rename("parameters").assign_attrs(unit="parameters")
        return found

    def budgets(self, *, probability: float = INTERVAL_PROBABILITY) -> pd.DataFrame:
        """What is known of each budget.

        Parameters
        ----------
        probability
            Of the equal-tailed intervals.

        Returns
        -------
        DataFrame
            A row for each budget: ``flop`` (geometric mean), ``rows``, ``models`` (different sizes), the best
            ``parameters`` with ``lower`` and ``upper``, ``loss`` there (median, nats per token), and ``inside``: the
            probability that the best size lies between the smallest and the largest model. Where that is low, the
            vertex is an extrapolation of a parabola, held by the other budgets. ``attrs`` name the interval and
            whether the fit has converged.

        Raises
        ------
        BayesScalingError
            The probability is not between 0 and 1.
        """
        posterior = self.data["posterior"].to_dataset()
        frame = pd.DataFrame({"budget": self.rows.budget, "size": self.rows.log_size})
        sizes = frame.groupby("budget")["size"].agg(["size", "nunique", "min", "max"])
        least, most = (xr.DataArray(sizes[end].to_numpy(), dims="budget") for end in ("min", "max"))
        best = posterior["log_best_size"]
        inside = ((best >= least) & (best <= most)).mean(("chain", "draw"))
        found = credible_intervals(xr.ufuncs.exp(best), probability=probability)
        table = pd.DataFrame(
            {
                "flop": np.exp(self.rows.log_budget),
                "rows": sizes["size"].to_numpy(),
                "models": sizes["nunique"].to_numpy(),
                self.rows.size: found["median"].to_numpy(),
                "lower": found["lower"].to_numpy(),
                "upper": found["upper"].to_numpy(),
                "loss": xr.ufuncs.exp(posterior["log_best_loss"]).median(("chain", "draw")).to_numpy(),
                "inside": inside.to_numpy(),
            },
            index=pd.Index(self.rows.budgets, name="budget"),
        )
        table.attrs = {
            "interval": {"probability": probability, "kind": INTERVAL_KIND},
            "converged": self.diagnostics.converged,
        }
        return table


def assembled(rows: ProfileRows, data: DataTree) -> DataTree:
    """Add vertices, observations and sizes to the sampler's groups."""
    posterior, centre = data["posterior"].to_dataset(), centres(rows)
    q = xr.DataArray(rows.log_budget - centre["log_flop"], dims="budget", coords={"budget": list(rows.budgets)})
    vertex = posterior["vertex"] + posterior["vertex_scatter"] * posterior["vertex_effect"] + posterior["a"] * q
    level = posterior["level"] + posterior["level_slope"] * q + posterior["level_bend"] * q**2
    level = level + posterior["level_scatter"] * posterior["level_effect"]
    stats = data["sample_stats"].to_dataset()
    keep = [name for name in ("diverging", "maxdepth_reached", "energy", "logp", "depth", "n_steps") if name in stats]
    coords = {"run": list(rows.ids)}
    constant = {
        "parameters": ("run", rows.parameters),
        "tokens": ("run", rows.tokens),
        "flop": ("run", np.exp(rows.log_flop)),
        "budget": ("run", np.asarray(rows.budgets, dtype=object)[rows.budget]),
    }
    if rows.curve is not None:
        constant["curve"] = ("run", np.asarray(rows.curves, dtype=object)[rows.curve])
    return DataTree.from_dict(
        {
            "posterior": posterior.assign(
                log_best_size=(vertex + centre["log_size"]).transpose("chain", "draw", "budget"),
                log_best_loss=(level + centre["log_loss"]).transpose("chain", "draw", "budget"),
            ),
            "sample_stats": stats[keep],
            "observed_data": Dataset({OBSERVED: ("run", rows.log_loss)}, coords=coords),
            "constant_data": Dataset(constant, coords=coords),
        }
    )
