r"""Predictive distributions of evaluations or runs that were not fitted, and how well they did.

Each has :math:`S` draws of the law and its noise; effects are integrated out, of new papers as of clusters of which
earlier evaluations were fitted:

.. math:: p(y_i) = \frac1S \sum_s \int p(y_i \mid \theta_s, u)\, p(u \mid \theta_s, y_{<Y})\, du
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from scipy import stats
from scipy.special import logsumexp

from bayes_scaling.classical.chinchilla import besiroglu_estimate
from bayes_scaling.classical.chinchilla_objective import CONSTANTS, HuberObjective, theta_of
from bayes_scaling.classical.chinchilla_uncertainty import besiroglu_bootstrap
from bayes_scaling.classical.estimates import published_estimate
from bayes_scaling.classical.objective import PUBLISHED_DELTA, Objective
from bayes_scaling.classical.resampling import bootstrap
from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.likelihood import (
    blocks,
    draws_of,
    effects_of,
    expected_losses,
    on_scale,
    paper_densities,
    scales,
    sum_by,
)
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.simulation import with_noise
from bayes_scaling.law.formula import training_compute
from bayes_scaling.model.requirements import papers_of
from bayes_scaling.model.rows import Rows, make_rows, sample_minima
from bayes_scaling.quantities.domain import domain_of
from bayes_scaling.specifications.noise import normal, shared_effects
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.backtest.splits import Split, reach_of
from bayes_scaling.tables import decimal_year
from bayes_scaling.tables.columns import is_runs


@dataclass(frozen=True, eq=False)
class Record:
    """What a backtest keeps of a forecast; point estimates count as ``converged``, ``unseen`` what is not predicted."""

    forecaster: str
    cut: int | str
    scores: pd.DataFrame
    converged: bool
    note: str
    before: int
    unseen: int
    seconds: float

    def to_bytes(self) -> bytes:
        """JSON (with Python's words for infinity and NaN) that :meth:`from_bytes` reads back to equal numbers."""
        return json.dumps(vars(self) | {"scores": self.scores.to_dict("split")}).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a record back; ValueError, KeyError or TypeError if it is not one."""
        plain = json.loads(content)
        scores = pd.DataFrame(**plain.pop("scores")).rename_axis("id")
        record = cls(scores=scores, **plain)
        if not {"paper", "loss", "log_score", "pit"} <= set(scores) or not isinstance(record.converged, bool):
            raise ValueError("not a record of a backtest")
        return record


PROBABILITIES = (0.5, 0.9, 0.95)
"""Probabilities of the central predictive intervals whose coverage is counted."""
BOOTSTRAP_DRAWS = 100  # resamples, as in the paper
DRAWS = 4000  # draws of the predictive distribution of a point estimate


@dataclass(frozen=True, eq=False)
class Forecast:
    """Draws of losses, log densities of those observed (nats), and ``log_joint`` of all of a paper together."""

    log_density: Floats
    log_joint: Floats
    draws: Floats
    note: str = ""


def posterior_forecast(fit: Fit, split: Split) -> Forecast:
    """What a posterior predicts of the later evaluations of a split, each on its own."""
    specification = fit.specification
    fitted = rows_of(fit.data, specification)
    anchor = fitted.anchor or sample_minima(split.before)
    rows = make_rows(specification, split.both, anchor=anchor, predictors=fitted.predictors)
    values, later = draws_of(specification, fit.data), _later(split)
    with np.errstate(over="ignore"):
        expected = expected_losses(specification, rows, values)
        sigma = np.broadcast_to(scales(specification, rows, values), expected.shape)
        residual, known = rows.response - expected, []
        density, joint = (
            _given_earlier(specification, rows, values, residual, units)
            for units in (np.arange(len(later)), _papers(split))
        )
        if specification.noise.effects and specification.noise.kind.in_closed_form:
            before, effects = np.arange(len(rows.ids)) < later[0], effects_of(specification, rows, values)
            on, _ = on_scale(specification, rows, residual)
            earlier = np.where(before, sigma, np.inf)  # as if later ones told nothing
            _, mean, variance, squares = shared_effects(on, earlier, effects)
            whole, _ = effects[-1]
            known = [each[..., later] for each in (mean, variance, whole(squares), whole(before.astype(float)))]
        rng = np.random.default_rng(fit.seed)
        draws = with_noise(specification, values, expected[:, later], sigma[:, later], rng, known)
    return Forecast(_mean_density(density), _mean_density(joint), draws)


def _given_earlier(
    specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats, units: Integers
) -> Floats:
    """Log density of each unit of the later rows, given the earlier rows that it shares an effect with."""
    first, clusters = len(rows.ids) - len(units), rows.index["paper"]
    shares = np.array([np.isin(clusters[:first], clusters[first:][units == unit]) for unit in range(units.max() + 1)])
    unit, earlier = np.nonzero(shares & bool(specification.noise.effects))
    later = np.arange(first, len(rows.ids))

    def densities(positions: Integers, of: Integers) -> Floats:
        """Log density of each unit, with copies of its rows and clusters so that units share none."""
        part = rows.take(positions)
        apart = {
            group: of * len(rows.ids) + part.index[group] for group in ("paper", *dict(specification.noise.effects))
        }
        part = replace(part, index=dict(part.index) | apart)
        found = [
            paper_densities(
                specification, part, {name: each[some] for name, each in values.items()}, residual[some][:, positions]
            )
            for some in blocks(len(residual), len(positions))
        ]
        return sum_by(np.concatenate(found), np.unique(apart["paper"]) // len(rows.ids))

    whole = densities(np.concatenate([earlier, later]), np.concatenate([unit, units]))
    if len(earlier):
        known, where = densities(earlier, unit), np.unique(unit)
        whole[:, where] -= known[:, where]
    return whole


def published_forecast(specification: Specification, split: Split, method: str, seed: int) -> Forecast:
    """What a point estimate predicts: of evaluations the paper's, of runs the least Huber loss's, or a line."""
    if not is_runs(split.before):
        return _papers_forecast(specification, split, method, seed)
    return _line_forecast(split, seed) if method == "line" else _huber_forecast(split, method, seed)


def _papers_forecast(specification: Specification, split: Split, method: str, seed: int) -> Forecast:
    """What the paper's estimate predicts, or an equal mixture over its bootstrap, with normal noise.

    The paper states no predictive distribution. The variance, ``sum(r^2) / (n - k)`` for ``k`` coefficients not 0, does
    it more justice than the mean squared residual, which is too small with few evaluations.
    """
    estimate = published_estimate(specification, split.before)
    values, note = np.array([list(estimate.coefficients.values())]), ""
    fitted = Objective.of(specification, split.before)
    n, k = len(split.before), int(np.count_nonzero(values))
    if k >= n:
        note = f"{k} coefficients from {n} evaluations: variance not corrected for their number"
    sigma = np.sqrt((fitted.residuals(values) ** 2).sum() / (n - k if k < n else n))
    if method == "bootstrap":
        resampled = bootstrap(specification, split.before, draws=BOOTSTRAP_DRAWS, seed=seed)
        values = resampled.coefficients[list(fitted.names)].to_numpy()
        if resampled.failed:
            note = f"{resampled.failed} of {BOOTSTRAP_DRAWS} resamples without success of SLSQP"
    rows = make_rows(specification, split.both, anchor=estimate.anchor).take(_later(split))
    residual = Objective(specification, rows, PUBLISHED_DELTA).residuals(values)
    return _around(rows.response - residual, normal(residual, sigma), stats.norm(scale=sigma), split, seed, note)


def _huber_forecast(split: Split, method: str, seed: int) -> Forecast:
    """What the constants with the least Huber loss predict, or an equal mixture over resamples; noise as the paper's.

    On the logarithm of the loss, as the objective is.
    """
    before, later, note = HuberObjective.of(split.before), _log_losses(split.later), ""
    if method == "bootstrap":
        found = besiroglu_bootstrap(split.before, BOOTSTRAP_DRAWS, seed)
        estimate, drawn = found.estimate, found.draws
        theta = np.column_stack([np.log(drawn[["A", "B", "E"]]), drawn[["alpha", "beta"]]])
        note = f"{found.failed} of {BOOTSTRAP_DRAWS} resamples without a minimum" if found.failed else ""
    else:
        estimate = besiroglu_estimate(split.before)
        theta = theta_of(estimate.law)[None]
    sigma = np.sqrt((before.residuals(theta_of(estimate.law)) ** 2).sum() / (len(split.before) - len(CONSTANTS)))
    parameters, tokens = (np.log(split.later[name].to_numpy(float)) for name in ("parameters", "tokens"))
    residual = -HuberObjective(parameters, tokens, later, np.ones(len(later))).residuals(theta)
    return _around(
        later - residual, normal(residual, sigma) - later, stats.norm(scale=sigma), split, seed, note, np.exp
    )


def _line_forecast(split: Split, seed: int) -> Forecast:
    """Least squares of log loss on log compute, with the prediction interval of a textbook: Student's t."""
    x, x_later = (np.log(training_compute(each["parameters"], each["tokens"])) for each in (split.before, split.later))
    line, later, n = stats.linregress(x, _log_losses(split.before)), _log_losses(split.later), len(x)
    rest = _log_losses(split.before) - line.intercept - line.slope * x
    scale = np.sqrt((rest**2).sum() / (n - 2) * (1 + 1 / n + (x_later - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()))
    noise, expected = stats.t(n - 2, scale=scale.to_numpy()), (line.intercept + line.slope * x_later).to_numpy()[None]
    return _around(expected, noise.logpdf(later - expected) - later, noise, split, seed, of=np.exp)


def _log_losses(runs: pd.DataFrame) -> Floats:
    return np.log(runs["loss"].to_numpy(float))


def _around(
    expected: Floats, density: Any, noise: Any, split: Split, seed: int, note: str = "", of: Any = np.asarray
) -> Forecast:
    """Independent noise around an equal mixture of expectations; ``of``: from the scale of the noise to the loss."""
    repeated = np.repeat(expected, DRAWS // len(expected), axis=0)
    draws = of(repeated + noise.rvs(repeated.shape, random_state=np.random.default_rng(seed)))
    joint = _mean_density(sum_by(np.asarray(density), _papers(split)))
    return Forecast(_mean_density(density), joint, draws, note)


def scored(forecast: Forecast, split: Split) -> pd.DataFrame:
    """How well each later row was predicted, by row id.

    ``log_score_joint``: of all rows of its paper (of runs, series), divided by their number; ``known``: rows fitted, of
    evaluations those of its benchmark; ``reach``: which part of what is predicted it is of. Of runs also where they lie
    (:func:`bayes_scaling.quantities.domain.domain_of`).
    """
    codes, facts = _papers(split), _facts(split)
    observed = facts["loss"].to_numpy(float)
    ends = {
        f"{end}_{p:.0%}"[:-1]: (1 + sign * p) / 2 for p in PROBABILITIES for end, sign in (("lower", -1), ("upper", 1))
    }
    # A quantile between two draws of which one is infinite would not be a number.
    quantiles = np.quantile(forecast.draws, [0.5, *ends.values()], axis=0, method="inverted_cdf")
    return facts.assign(
        **dict(zip(("median", *ends), quantiles, strict=True)),
        log_score=forecast.log_density,
        log_score_joint=(forecast.log_joint / np.bincount(codes))[codes],
        crps=_crps(forecast.draws, observed),
        pit=(forecast.draws <= observed).mean(axis=0),
    )


def _facts(split: Split) -> pd.DataFrame:
    """What is known of the later rows, and what is asked of them."""
    later, papers = split.later, papers_of(split.later).astype(str)
    if is_runs(later):
        sizes = ["parameters", "tokens"]
        where = domain_of(split.before[sizes], later[sizes])
        facts = later[sizes].assign(**where, reach=reach_of(where["compute_ratio"]), known=len(split.before))
        return facts.assign(paper=papers, loss=later["loss"].astype(float))
    year = decimal_year(later["published"])
    return pd.DataFrame(
        {
            "paper": papers,
            "year": year,
            "benchmark": later["benchmark"].astype(str),
            "known": later["benchmark"].map(split.before["benchmark"].value_counts()).astype(int),
            "reach": np.where(year < int(split.cut) + 1, "year", "later"),
            "loss": np.log(later["perplexity"].to_numpy(float)),
        },
        index=later.index,
    )


def _crps(draws: Floats, observed: Floats) -> Floats:
    """Continuous ranked probability score of equally weighted draws; ArviZ gives it with the sign changed."""
    weights = np.full_like(draws.T, -np.log(len(draws)))
    return -np.asarray(array_stats.loo_score(draws.T, observed, weights, kind="crps", chain_axis=None))


def _mean_density(log_density: Floats) -> Floats:
    return np.asarray(logsumexp(log_density, axis=0) - np.log(len(log_density)))


def _later(split: Split) -> Integers:
    return np.arange(len(split.before), len(split.before) + len(split.later))


def _papers(split: Split) -> Integers:
    """Codes of the later evaluations' papers, in the order in which these appear."""
    return np.asarray(pd.factorize(papers_of(split.later))[0], dtype=np.int64)
