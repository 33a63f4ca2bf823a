"""Leave one unit out: importance sampling where it can be trusted, moment matching and exact refits where not."""

import warnings
from dataclasses import dataclass, replace

import arviz as az
import numpy as np
from arviz_stats import ELPDData
from numpy.typing import NDArray
from scipy.special import logsumexp
from xarray import Dataset, DataTree

from bayes_scaling.comparison.elpd import Elpd
from bayes_scaling.comparison.moment_matching import UnconstrainedPosterior, unit_density
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.attempts import attempt
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.likelihood import draws_of, left_out_losses
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.sampling import joint_seed
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.rows import Rows

Floats = NDArray[np.float64]

REFITS = ("bad", "all", "none")
"""Which units are left out by a fit without them."""
_REFIT = Settings(tune=400, effective_draws=400)
"""As long as one term needs; steps and barrier are the fit's own, which one unit less hardly changes."""
_DRAWS_MATCHED = 4000
"""Moment matching evaluates the posterior some dozens of times a unit; this many draws are enough for it."""


def check_refits(refits: str) -> None:
    """Refuse a word that is none of :data:`REFITS`."""
    if refits not in REFITS:
        raise BayesScalingError(f"refits '{refits}' is unknown; valid choices: {', '.join(REFITS)}")


@dataclass
class _Terms:
    """Terms under construction, one entry a unit."""

    terms: Floats
    pareto_k: Floats
    errors: Floats
    how: list[str]
    unreliable: int = 0


def score(
    fit: Fit,
    unit: str = "evaluation",
    *,
    refits: str = "bad",
    cores: int | None = None,
) -> Elpd:
    r"""Expected log predictive density of a posterior by leave-one-out cross-validation.

    .. math:: \mathrm{elpd} = \sum_u \ln p(y_u \mid y_{-u})

    Parameters
    ----------
    fit
        The posterior.
    unit
        ``"evaluation"``, or ``"paper"``: all evaluations of a paper left out together.
    refits
        Which units are left out exactly, by a fit without them: ``"bad"``, those whose weights moment matching can't
        mend; ``"all"``; or ``"none"``.
    cores
        Chains sampled at the same time in refits.

    Raises
    ------
    BayesScalingError
        If the unit or ``refits`` is none of these.

    Notes
    -----
    Pareto-smoothed importance sampling: Vehtari, Gelman and Gabry 2017; moment matching: Paananen et al. 2021;
    evaluations of one paper given each other: Bürkner, Gabry and Vehtari 2021.
    """
    check_refits(refits)
    rows = rows_of(fit.data)
    likelihood = fit.log_likelihood(unit)
    tree = DataTree.from_dict({"posterior": _free(fit), "log_likelihood": likelihood})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Pareto.*")  # counted in the record
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        loo = az.loo(tree, pointwise=True, var_name=fit.specification.response)
    labels = tuple(map(str, likelihood[unit].to_numpy()))
    found = np.asarray(loo.pareto_k, dtype=float)
    weights = np.asarray(loo.log_weights.transpose("chain", "draw", ...)).reshape(-1, len(labels))
    draws = np.asarray(likelihood[fit.specification.response], dtype=float).reshape(-1, len(labels))
    influence = _influence(draws, weights)
    work = _Terms(
        terms=np.asarray(loo.elpd_i, dtype=float).copy(),
        pareto_k=found.copy(),
        errors=_errors(influence, fit.diagnostics.efficiency),
        how=["psis"] * len(labels),
    )
    predictions = _predictions(fit, rows, unit, weights)
    if (found > loo.good_k).any() and fit.specification.noise.family == "normal":
        _match(fit, rows, unit, tree, loo, work)
    if refits != "none":
        again = np.flatnonzero(~(work.pareto_k <= loo.good_k)) if refits == "bad" else range(len(labels))
        for position in again:
            _refit(fit, rows, unit, int(position), work, predictions, cores)
    return Elpd(
        unit=unit,
        labels=labels,
        terms=work.terms,
        effective=logsumexp(draws, axis=0) - np.log(len(draws)) - work.terms,
        pareto_k=work.pareto_k,
        good_k=float(loo.good_k),
        pareto_k_found=found,
        how=tuple(work.how),
        predictions=predictions,
        observed=rows.loss.copy(),
        errors=work.errors,
        mcse=_joint_error(fit, influence, work),
        unreliable=work.unreliable,
    )


def _free(fit: Fit) -> Dataset:
    """Free variables alone: others would slow down the estimate of the relative efficiency."""
    posterior = fit.data["posterior"].to_dataset()
    return posterior[[parameter.name for parameter in fit.specification.parameters()]]


def _influence(log_density: Floats, log_weights: Floats) -> Floats:
    """What each draw adds to the logarithm of a unit's weighted mean density, shape ``(samples, units)``.

    Sums over draws are 0; by the delta method their scatter is the Monte Carlo error of the logarithm.
    """
    weights = np.exp(log_weights - logsumexp(log_weights, axis=0))
    scaled = np.exp(log_density - log_density.max(axis=0))
    mean = (weights * scaled).sum(axis=0)
    return np.asarray(weights * (scaled - mean) / mean)


def _errors(influence: Floats, efficiency: float) -> Floats:
    """Monte Carlo standard error of each unit's term."""
    return np.asarray(np.sqrt((influence**2).sum(axis=0) / efficiency))


def _joint_error(fit: Fit, influence: Floats, work: _Terms) -> float:
    """Monte Carlo standard error of the sum of the terms, of which those not refitted share their draws.

    Each draw's influence is added up over these; the error of its mean is that of a mean over chains.
    """
    refitted = np.array([how == "refit" for how in work.how])
    posterior = fit.data["posterior"]
    total = len(influence) * influence[:, ~refitted].sum(axis=1)
    chains = total.reshape(posterior.sizes["chain"], posterior.sizes["draw"])
    shared = float(az.mcse(chains, method="mean")) if (~refitted).any() else 0.0
    return float(np.hypot(shared, np.sqrt((work.errors[refitted] ** 2).sum())))


def _predictions(fit: Fit, rows: Rows, unit: str, log_weights: Floats) -> Floats:
    """Expected loss of each evaluation under the weights that leave its unit out."""
    values = draws_of(fit.specification, fit.data)
    expected = left_out_losses(fit.specification, rows, values, unit)
    weights = np.exp(log_weights - logsumexp(log_weights, axis=0))
    if unit == "paper":
        weights = weights[:, rows.index["paper"]]
    return np.asarray((weights * expected).sum(axis=0))


def _rows_of(rows: Rows, unit: str, position: int) -> NDArray[np.int64]:
    return np.flatnonzero(rows.index["paper"] == position) if unit == "paper" else np.array([position])


def _match(fit: Fit, rows: Rows, unit: str, tree: DataTree, loo: ELPDData, work: _Terms) -> None:
    """Moment matching, in place, of the units whose weights are too uneven."""
    step = max(1, -(-tree["posterior"].sizes["chain"] * tree["posterior"].sizes["draw"] // _DRAWS_MATCHED))
    thinned = replace(
        fit,
        data=DataTree.from_dict({"posterior": fit.data["posterior"].to_dataset().isel(draw=slice(None, None, step))}),
    )
    density = UnconstrainedPosterior(thinned, rows, unit)
    likelihood = tree["log_likelihood"].to_dataset().isel(draw=slice(None, None, step))
    fewer = DataTree.from_dict({"posterior": _free(thinned), "log_likelihood": likelihood})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = az.loo(fewer, pointwise=True, var_name=fit.specification.response)
        matched = az.loo_moment_match(
            fewer,
            start,
            log_prob_upars_fn=density.log_probability,
            log_lik_i_upars_fn=density.log_likelihood,
            upars=density.draws,
            var_name=fit.specification.response,
            k_threshold=float(loo.good_k),
            pointwise=True,
        )
    after = np.asarray(matched.pareto_k, dtype=float)
    for position in np.flatnonzero((work.pareto_k > loo.good_k) & (after <= loo.good_k)):
        work.terms[position] = float(np.asarray(matched.elpd_i)[position])
        work.pareto_k[position] = after[position]
        work.how[position] = "moment_matching"


def _refit(
    fit: Fit, rows: Rows, unit: str, position: int, work: _Terms, predictions: Floats, cores: int | None
) -> None:
    """The term of one unit from a fit without it, in place."""
    held_out = _rows_of(rows, unit, position)
    kept = rows.take(np.setdiff1d(np.arange(len(rows.ids)), held_out))
    own = fit.settings
    settings = replace(_REFIT, target_accept=own.target_accept, maxdepth=own.maxdepth, barrier=own.barrier)
    again = attempt(fit.specification, kept, settings, joint_seed(fit.seed, 1000 + position), cores=cores)
    values = draws_of(fit.specification, again.data)
    density = unit_density(fit.specification, rows, values, unit, position)
    work.terms[position] = float(logsumexp(density) - np.log(len(density)))
    even = np.full((len(density), 1), -np.log(len(density)))
    work.errors[position] = _errors(_influence(density[:, None], even), again.diagnostics.efficiency)[0]
    work.pareto_k[position] = 0.0
    work.how[position] = "refit"
    work.unreliable += not again.diagnostics.converged
    expected = left_out_losses(fit.specification, rows, values, unit)
    predictions[held_out] = expected.mean(axis=0)[held_out]
