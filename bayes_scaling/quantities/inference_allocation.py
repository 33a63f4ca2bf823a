r"""The best size of a model that is used after training, and so is trained on more tokens than is best for its loss.

At the optimum the parameter term's share :math:`s` of the reducible loss solves

.. math:: \alpha\, s\, \frac{3 D}{3 D + D_\mathrm{inf}} = \beta (1 - s), \qquad
    N = \left(\frac{A}{s R}\right)^{1/\alpha}, \quad D = \left(\frac{B}{(1 - s) R}\right)^{1/\beta}

with :math:`R = L_\mathrm{target} - E`. In :math:`t = \ln(s / (1 - s))` its logarithm is an increasing function with one
root, between that without inference and a bound known beforehand.
"""

from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import elementwise
from scipy.special import log_expit

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.formula import log_term, training_compute
from bayes_scaling.quantities.allocation import YEAR, split_laws
from bayes_scaling.quantities.arguments import axis_of, budgets_of
from bayes_scaling.quantities.laws import ARCHITECTURE, Laws, Source
from bayes_scaling.quantities.optimal_split import defined_exponents, local_terms, optimal_term
from bayes_scaling.quantities.prediction import log_above

FLOP_PER_TOKEN_USED = 2.0
"""FLOP for each parameter and token of inference: a forward pass (Kaplan et al. 2020, section 2.1)."""


def allocation_with_inference(
    source: Source,
    inference_tokens: Any,
    *,
    loss: float | None = None,
    compute: float | None = None,
    year: float = YEAR,
    benchmark: str | None = None,
    architecture: str = ARCHITECTURE,
) -> xr.Dataset:
    r"""Parameters and tokens of the model that reaches a loss with the least compute for training and use together.

    .. math:: \min_{N, D} \; 6 N D + 2 N D_\mathrm{inf} \quad \text{such that} \quad L(N, D, Y) = L_\mathrm{target}

    Parameters
    ----------
    source, year, benchmark, architecture
        As for :func:`bayes_scaling.optimal_allocation`.
    inference_tokens
        Tokens that the model will read and write in its life, 0 or more: one number, or several.
    loss
        Target, nats per token.
    compute
        In place of a loss: training FLOP, of which the best use (:func:`bayes_scaling.optimal_allocation`) sets the
        target, draw by draw.

    Returns
    -------
    Dataset
        Draws of ``parameters``, ``tokens``, ``tokens_per_parameter``, ``training_compute``, ``inference_compute`` and
        ``total_compute`` (FLOP): dimensions ``chain``, ``draw``, and ``inference_tokens`` where several were given.
        NaN where an exponent is not above 0, or where the loss is not above the irreducible loss of a draw, so that no
        model reaches it.

    Raises
    ------
    BayesScalingError
        Unless exactly one of loss and compute is given; for numbers that are not positive (or, of inference tokens,
        below 0), a loss that is not above the irreducible loss in any draw, a law of compute alone, a date long
        before the data, or a benchmark or architecture that the law does not have.

    Notes
    -----
    Source: Sardana and Frankle 2023 (arXiv 2401.00448), eq. 2-3.

    Examples
    --------
    A model as good as the best one of 5.76e23 FLOP that will be used for 1e12 and 1e13 tokens:

    >>> from bayes_scaling.law.chinchilla import BESIROGLU
    >>> found = allocation_with_inference(BESIROGLU, [0, 1e12, 1e13], compute=5.76e23).squeeze()
    >>> [f"{n:.3g}" for n in found["parameters"].values], found["tokens_per_parameter"].values.round(1).tolist()
    (['7.24e+10', '5.71e+10', '3.41e+10'], [18.3, 30.1, 109.2])
    """
    used = axis_of(inference_tokens, "inference tokens", or_zero=True)
    target = _only_target(loss, compute)
    laws = split_laws(source, year)
    setting = {"benchmark": laws.benchmark_of(benchmark), "architecture": architecture}
    if loss is None:
        log_k, gamma = optimal_term(laws, year, **setting)
        log_reducible = np.asarray(log_term(log_k, gamma, np.log(target)))
    else:
        log_reducible = log_above(laws, target, year, "model", **setting)
    log_n, log_d = _log_sizes(laws, log_reducible, np.atleast_1d(used), year, **setting)
    with np.errstate(over="ignore", invalid="ignore"):  # near-zero exponents put the optimum beyond any number
        parameters, tokens = np.exp(log_n), np.exp(log_d)
        training = training_compute(parameters, tokens)
        inference = FLOP_PER_TOKEN_USED * parameters * used
        drawn = {
            "parameters": (parameters, "parameters"),
            "tokens": (tokens, "tokens"),
            "tokens_per_parameter": (tokens / parameters, "tokens per parameter"),
            "training_compute": (training, "FLOP"),
            "inference_compute": (inference, "FLOP"),
            "total_compute": (training + inference, "FLOP"),
        }
    return laws.drawn_all(drawn, inference_tokens=used)


def _only_target(loss: float | None, compute: float | None) -> Floats:
    if (loss is None) == (compute is None):
        raise BayesScalingError("give exactly one of loss (nats per token) and compute (training FLOP) as the target")
    found = axis_of(loss, "loss (nats per token)") if compute is None else budgets_of(compute)
    if found.ndim:
        raise BayesScalingError("the target must be one loss or one compute, not several")
    return found


def _log_sizes(laws: Laws, log_reducible: Floats, used: Floats, year: float, **setting: str) -> tuple[Floats, Floats]:
    """Log parameters and log tokens of the cheapest model, shape ``(samples, inference tokens)``."""
    terms = local_terms(laws, year, **setting)
    ((log_a, _), (log_b, _)), (alpha, beta) = terms, defined_exponents(terms)
    with np.errstate(divide="ignore"):
        # Training tokens with which use costs as much as training: D_inf / 3.
        log_even = np.log(FLOP_PER_TOKEN_USED * used / training_compute(1.0, 1.0))

    def log_tokens(odds: Floats, log_b: Floats, beta: Floats, log_r: Floats) -> Floats:
        return np.asarray((log_b - log_r - log_expit(-odds)) / beta)

    def excess(odds: Floats, without: Floats, log_b: Floats, beta: Floats, log_r: Floats, even: Floats) -> Floats:
        return odds - without - np.logaddexp(0.0, even - log_tokens(odds, log_b, beta, log_r))

    without = np.log(beta / alpha)  # log odds of the parameter term where the model is never used
    every = np.broadcast_arrays(without, log_b, beta, log_reducible, log_even)
    odds = np.full(every[0].shape, np.nan)
    solvable = np.isfinite(sum(every[:-1]))
    if solvable.any():
        args = tuple(x[solvable] for x in every)
        # More odds mean more tokens, hence a smaller last term: at `most` the excess can't be below 0.
        most = args[0] - excess(args[0], *args)
        odds[solvable] = elementwise.find_root(excess, (args[0] - 1, most + 1), args=args).x
    log_n = (log_a - log_reducible - log_expit(odds)) / alpha
    return log_n, log_tokens(odds, log_b, beta, log_reducible)
