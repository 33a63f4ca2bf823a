r"""One hierarchical quadratic for all budgets of compute.

.. math::

    \ln L_i &= \ell_k + \left(\lambda_1 q_i + \lambda_2 q_i^2\right)
        + c_k \left(x_i - m_k - a q_i\right)^2 + u_j + \varepsilon_i,
        \qquad \varepsilon_i \sim t_\nu(0, \sigma) \\
    \ell_k &= \ell + \sigma_\ell \, e_k, \qquad
    \ln c_k = \ln c + \kappa q_k + \sigma_c \, v_k, \qquad
    m_k = m + \tau z_k, \qquad e_k, v_k, z_k \sim N(0, 1)

with :math:`x_i = \ln N_i` and :math:`q_i = \ln C_i` less their means over rows, :math:`q_k` the mean of a budget, and
:math:`u_j = \sigma_u w_j` the effect of a training curve where several rows are of one. The vertex of budget `k` is
:math:`\ln N^*_k = m_k + a q_k`, so that :math:`N^* \propto C^a`.

A budget `j` whose lowest loss is at the edge of its grid enters as a censored vertex: :math:`m + a q_j + \tau z` lies
beyond `s_j`, the size next to that edge, with probability

.. math:: \Phi\left(\pm \frac{m + a q_j - s_j}{\tau}\right)

and its losses do not count.

The logarithm of the loss, and not the loss, is quadratic. Its noise is then in proportion to the loss, as in
``models/chinchilla.toml``, and a parabola fits further out: the fourth derivative of :math:`\ln L` at the vertex is
that of :math:`L`, over :math:`L`, less three times the square of the second one, so the wings are flatter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from xarray import Dataset, DataTree

from bayes_scaling.inference.data import kept_statistics
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.predictive import spaced
from bayes_scaling.inference.settings import Settings
from bayes_scaling.quantities.arguments import budgets_of
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.specifications.priors import DISTRIBUTIONS, Prior
from bayes_scaling.studies.approaches.rows import ProfileRows

OBSERVED = "log_loss"

PRIORS: Mapping[str, Prior] = {
    # Of the rows' mean log loss: a factor of 2.7 either way.
    "level": Prior.of("normal", mu=0, sigma=0.5),
    # By e-fold of compute: published laws have -.05 to -.07, and a bend of .003 to .005.
    "level_slope": Prior.of("normal", mu=0, sigma=0.1),
    "level_bend": Prior.of("normal", mu=0, sigma=0.01),
    "level_scatter": Prior.of("half_normal", sigma=0.05),
    # Median .02, 95% in .003 to .14 by squared e-fold of size; published laws have .012 to .02.
    "log_curvature": Prior.of("normal", mu=float(np.log(0.02)), sigma=1),
    "curvature_slope": Prior.of("normal", mu=0, sigma=0.2),
    "curvature_scatter": Prior.of("half_normal", sigma=0.3),
    # Of the rows' mean log size: a factor of 50 either way.
    "vertex": Prior.of("normal", mu=0, sigma=2),
    # 95% in -.1 to 1.1: nothing to everything of more compute goes into size. Published: .45 to .73.
    "a": Prior.of("normal", mu=0.5, sigma=0.3),
    # Of a budget's best size around the power law: 95% below a factor of 1.8.
    "vertex_scatter": Prior.of("half_normal", sigma=0.3),
    # As in models/chinchilla.toml.
    "sigma": Prior.of("half_normal", sigma=0.05),
    "nu": Prior.of("lognormal", mu=1.609, sigma=0.75),
}
"""Priors of what all budgets share; log losses and e-folds (factors of 2.718) of size and compute."""
CURVE_PRIOR = ("curve_scatter", Prior.of("half_normal", sigma=0.05))
"""Of training curves around the quadratics, log nats per token."""
EFFECTS = ("level_effect", "curvature_effect", "vertex_effect")
"""Of budgets, in units of their scatter."""


def free_dims(rows: ProfileRows) -> dict[str, tuple[str, ...]]:
    """Names of what is sampled, with the dimension of each."""
    dims: dict[str, tuple[str, ...]] = {name: () for name in PRIORS} | {name: ("budget",) for name in EFFECTS}
    return dims if rows.curve is None else dims | {CURVE_PRIOR[0]: (), "curve_effect": ("curve",)}


def start_of(rows: ProfileRows, rng: np.random.Generator) -> dict[str, Any]:
    """A random start for a chain: from the central half of each prior."""
    priors, standard = dict([*PRIORS.items(), CURVE_PRIOR]), Prior.of("normal", mu=0, sigma=1)
    sizes = {"budget": len(rows.budgets), "curve": len(rows.curves)}
    start = {}
    for name, dims in free_dims(rows).items():
        low, high = priors.get(name, standard).frozen().ppf([0.25, 0.75])
        start[name] = rng.uniform(low, high, tuple(sizes[dim] for dim in dims))
    return start


def centres(rows: ProfileRows) -> dict[str, float]:
    """Where the coordinates stand: means over rows of log size, log compute and log loss."""
    return {name: float(np.mean(getattr(rows, name))) for name in ("log_size", "log_flop", "log_loss")}


def model_data(rows: ProfileRows) -> dict[str, Any]:
    """Everything that a compiled model takes as data."""
    centre = centres(rows)
    data = {
        "x": rows.log_size - centre["log_size"],
        "q": rows.log_flop - centre["log_flop"],
        "q_budget": rows.log_budget - centre["log_flop"],
        "budget_index": rows.budget,
        "y": rows.log_loss - centre["log_loss"],
    }
    for name, shift in {"log_budget": centre["log_flop"], "bound": centre["log_size"], "side": 0.0}.items():
        data[f"edge_{name}"] = rows.edges[name].to_numpy(float) - shift
    return data if rows.curve is None else data | {"curve_index": rows.curve}


def build_profile_model(rows: ProfileRows) -> pm.Model:
    """State the log density of this module's text; effects are standardised (non-centred)."""
    coords: dict[str, Any] = {"budget": list(rows.budgets)}
    if rows.curve is not None:
        coords["curve"] = list(rows.curves)
    with pm.Model(coords=coords) as model:
        data = {name: pm.Data(name, value) for name, value in model_data(rows).items()}
        value = {name: _sampled(name, prior) for name, prior in PRIORS.items()}
        value |= {name: pm.Normal(name, 0, 1, dims="budget") for name in EFFECTS}
        x, q, q_budget, budget = data["x"], data["q"], data["q_budget"], data["budget_index"]
        log_curvature = (
            value["log_curvature"]
            + value["curvature_slope"] * q_budget
            + value["curvature_scatter"] * value["curvature_effect"]
        )
        vertex = value["vertex"] + value["vertex_scatter"] * value["vertex_effect"]
        mu = (
            value["level"]
            + value["level_slope"] * q
            + value["level_bend"] * q**2
            + (value["level_scatter"] * value["level_effect"])[budget]
            + pt.exp(log_curvature)[budget] * (x - vertex[budget] - value["a"] * q) ** 2
        )
        if rows.curve is not None:
            effect = _sampled(*CURVE_PRIOR) * pm.Normal("curve_effect", 0, 1, dims="curve")
            mu = mu + effect[data["curve_index"]]
        beyond = value["vertex"] + value["a"] * data["edge_log_budget"] - data["edge_bound"]
        pm.Potential("edges", pm.logcdf(pm.Normal.dist(), data["edge_side"] * beyond / value["vertex_scatter"]).sum())
        pm.StudentT(OBSERVED, nu=value["nu"], mu=mu, sigma=value["sigma"], observed=data["y"])
    return model


def _sampled(name: str, prior: Prior) -> Any:
    return getattr(pm, DISTRIBUTIONS[prior.distribution].pymc)(name, **dict(prior.arguments))


@dataclass(frozen=True, eq=False)
class Profiles:
    """One posterior of the hierarchical quadratic.

    Parameters
    ----------
    data
        Groups ``posterior``, ``sample_stats``, ``observed_data``, ``constant_data``. Beside what is sampled the
        posterior has ``log_best_size`` (log parameters, or log tokens, of the vertex) and ``log_best_loss`` (log nats
        per token, there), over ``budget``.
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
    def findings(self) -> tuple[str, ...]:
        """What the budgets can't say: those whose lowest loss is at the edge of their grid, which are bounds alone."""
        ends = {-1: ("smallest", "below"), 1: ("largest", "above")}
        return tuple(
            f"the lowest loss of budget {', '.join(map(str, budgets.index))} is at the edge of the grid (its "
            f"{end} model): the minimum there is only known to lie {side} the size next to it, and counts as that"
            for way, (end, side) in ends.items()
            if len(budgets := self.rows.edges.query("side == @way"))
        )

    @property
    def rhat_max(self) -> float:
        """Largest R-hat of all that was sampled."""
        return max(one.diagnostics.rhat_max for one in (self, self.by_tokens) if one is not None)

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
        count = min(a.sizes["draw"], b.sizes["draw"])  # each run was as long as it had to be
        drawn = {name: each.isel(draw=spaced(each.sizes["draw"], count)) for name, each in {"a": a, "b": b}.items()}
        return Dataset({name: each.rename(name).assign_attrs(unit="no unit") for name, each in drawn.items()})

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
        budgets = budgets_of(compute)
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
            "sample_stats": kept_statistics(data),
            "observed_data": Dataset({OBSERVED: ("run", rows.log_loss)}, coords=coords),
            "constant_data": Dataset(constant, coords=coords),
        }
    )
