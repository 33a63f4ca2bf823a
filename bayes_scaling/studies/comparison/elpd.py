"""How well a posterior predicts what it has not seen: one unit left out at a time, and what a comparison keeps of it.

Importance sampling where it can be trusted, moment matching and exact refits where not.
"""

import json
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

import arviz as az
import numpy as np
from arviz_stats import ELPDData
from scipy.special import logsumexp
from xarray import DataArray

from bayes_scaling.common.arrays import Booleans, Floats, Integers
from bayes_scaling.errors import require_choice
from bayes_scaling.inference.attempts import attempt
from bayes_scaling.inference.data import rows_of, thinned
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.fitting import KEPT_DRAWS
from bayes_scaling.inference.leaving_out import left_out
from bayes_scaling.inference.likelihood import (
    blocks,
    draws_of,
    left_out_losses,
    prior_densities,
    sampled_names,
    unit_densities,
)
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.sampling import joint_seed
from bayes_scaling.inference.settings import Settings
from bayes_scaling.inference.transforms import TRANSFORMS
from bayes_scaling.model.rows import Rows
from bayes_scaling.quantities.doubling import doubling_table
from bayes_scaling.specifications.priors import DISTRIBUTIONS
from bayes_scaling.specifications.specification import Specification


@dataclass(frozen=True, eq=False)
class Units:
    """What is left out one at a time, and the losses that were fitted; scores of others can't be compared."""

    unit: str
    labels: tuple[str, ...]
    observed: Floats


def units_of(fit: Fit, unit: str) -> Units:
    """Of a fit, before anything is worked out."""
    (observed,) = fit.data["observed_data"].to_dataset().data_vars.values()
    labels = fit.log_likelihood(unit)[unit].to_numpy()
    return Units(unit, tuple(map(str, labels)), observed.to_numpy().copy())


@dataclass(frozen=True, eq=False)
class Elpd(Units):
    """Expected log predictive density by leaving out one unit at a time, nats.

    ``how``: the way each term was found, ``"psis"``, ``"moment_matching"`` or ``"refit"``, a fit without the unit;
    ``effective``: parts of the effective number of parameters. ``pareto_k``: 0 where refitted. ``errors``: Monte Carlo
    standard errors of the terms (Vehtari et al. 2024); ``mcse``: of their sum, since terms share draws. ``unreliable``:
    units whose refit did not converge.
    """

    terms: Floats
    effective: Floats
    pareto_k: Floats
    good_k: float
    pareto_k_found: Floats
    how: tuple[str, ...]
    predictions: Floats
    errors: Floats
    unreliable: int = 0
    mcse: float = 0.0

    @property
    def elpd(self) -> float:
        """Sum of the terms."""
        return float(self.terms.sum())

    @property
    def se(self) -> float:
        """Standard error of :attr:`elpd` over units."""
        return float(np.sqrt(len(self.terms) * self.terms.var()))

    @property
    def p(self) -> float:
        """Effective number of parameters."""
        return float(self.effective.sum())

    @property
    def bad(self) -> int:
        """Units whose term is still not to be trusted: weights too uneven, or a refit that did not converge."""
        return int((self.pareto_k > self.good_k).sum()) + self.unreliable

    @property
    def uneven(self) -> int:
        """Units whose weights, as importance sampling found them, were too uneven."""
        return int((~(self.pareto_k_found <= self.good_k)).sum())

    @property
    def mse(self) -> float:
        """Mean squared error of the predictions: the paper's criterion, of a posterior."""
        return float(np.mean((self.observed - self.predictions) ** 2))

    @property
    def r2(self) -> float:
        """Share of the losses' variance that the predictions explain."""
        return 1 - self.mse / float(self.observed.var())

    def count(self, how: str) -> int:
        """Number of units whose term was found in this way."""
        return self.how.count(how)

    def as_arviz(self) -> ELPDData:
        """As ArviZ's container, for ``arviz.compare``."""
        coords = {self.unit: list(self.labels)}
        return ELPDData(
            elpd=self.elpd,
            se=self.se,
            p=self.p,
            n_samples=0,
            n_data_points=len(self.terms),
            scale="log",
            warning=self.bad > 0,
            good_k=self.good_k,
            elpd_i=DataArray(self.terms, dims=self.unit, coords=coords),
            pareto_k=DataArray(self.pareto_k, dims=self.unit, coords=coords),
        )

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read back from JSON; ValueError, KeyError or TypeError if it is not one."""
        values = {field.name: plain[field.name] for field in fields(cls)}
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = tuple(map(str, value)) if name in ("labels", "how") else np.array(value, dtype=float)
        record = cls(**values)
        if not len(record.labels) == len(record.terms) == len(record.how) == len(record.pareto_k):
            raise ValueError("lengths differ")
        return record


DOUBLING: Mapping[str, str] = {
    name: f"compute_doubling_months_{name}"
    for name in ("median", "lower", "upper", "mcse_median", "mcse_lower", "mcse_upper")
} | {"probability_of_progress": "probability_of_progress"}
"""Columns of studies' tables by what they hold of the doubling time of effective compute, months."""
TIMES = tuple(DOUBLING[part] for part in ("median", "lower", "upper"))
"""Of these the median and its interval."""
ERRORS = ("elpd_mcse", *(column for name, column in DOUBLING.items() if name.startswith("mcse")))
"""Columns of Monte Carlo standard errors, which tables of earlier versions lack."""


@dataclass(frozen=True)
class Record:
    """Summary of a variant's fit and of how well it predicts; ``seconds`` of both, compilation included."""

    model: str
    label: str
    diagnostics: Diagnostics
    doubling: Mapping[str, float]
    seconds: float
    elpd: Elpd

    @classmethod
    def of(cls, model: str, label: str, fit: Fit, elpd: Elpd, seconds: float) -> Self:
        """Put a record together."""
        doubling = {str(name): float(value) for name, value in doubling_table(fit).loc["compute"].to_dict().items()}
        return cls(model, label, fit.diagnostics, doubling, seconds, elpd)

    @property
    def row(self) -> dict[str, Any]:
        """Its row in tables of studies."""
        score, found = self.elpd, self.diagnostics
        return {
            "model": self.model,
            "variant": self.label,
            **{name: getattr(score, name) for name in ("elpd", "se", "p")},
            "elpd_mcse": score.mcse,
            "loo_mse": score.mse,
            "loo_r2": score.r2,
            "pareto_k_max": float(np.max(score.pareto_k_found)),
            "pareto_k_bad": score.bad,
            "moment_matched": score.count("moment_matching"),
            "refitted": score.count("refit"),
            **{name: getattr(found, name) for name in ("rhat_max", "ess_bulk_min", "divergences", "converged")},
            "reason": "; ".join(found.failures),
            **{column: self.doubling.get(name, math.nan) for name, column in DOUBLING.items()},
            "seconds": self.seconds,
        }

    def to_bytes(self) -> bytes:
        """JSON (with Python's words for infinity and NaN) that :meth:`from_bytes` reads back."""
        return json.dumps(asdict(self), default=np.ndarray.tolist).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a record back; ValueError, KeyError or TypeError if it is not one."""
        plain = json.loads(content)
        return cls(
            diagnostics=Diagnostics.from_dict(plain.pop("diagnostics")),
            doubling={name: float(value) for name, value in plain.pop("doubling").items()},
            elpd=Elpd.from_dict(plain.pop("elpd")),
            **plain,
        )


class UnconstrainedPosterior:
    """Log densities of a posterior without paper effects, as ``arviz.loo_moment_match`` wants them."""

    def __init__(self, fit: Fit, rows: Rows, unit: str, positions: Integers) -> None:
        self.specification: Specification = fit.specification
        self.rows, self.unit, self.positions = rows, unit, positions
        self.names = sampled_names(self.specification)
        values, coords = draws_of(self.specification, fit.data), fit.posterior[["chain", "draw"]].coords
        known = {parameter.name for parameter in self.specification.parameters()}
        supports = {name: DISTRIBUTIONS[self.specification.prior_of(name).distribution].support for name in known}
        self._transforms = {name: TRANSFORMS[supports.get(name, "real")] for name in self.names}
        self._widths = [values[name].shape[1] for name in self.names]
        stacked = np.concatenate([self._transforms[name].forward(values[name]) for name in self.names], axis=1)
        draws = stacked.reshape(*map(len, coords.values()), -1)
        self.draws = DataArray(draws, coords, ("chain", "draw", "unconstrained"))

    def _values(self, draws: DataArray) -> tuple[dict[str, Floats], Floats]:
        """Parameters in their own units, and the logarithm of the change of volume."""
        flat = np.asarray(draws, dtype=float).reshape(-1, sum(self._widths))
        columns = np.split(flat, np.cumsum(self._widths)[:-1], axis=1)
        values = {
            name: self._transforms[name].backward(column) for name, column in zip(self.names, columns, strict=True)
        }
        jacobian = sum(self._transforms[name].log_jacobian(value).sum(axis=1) for name, value in values.items())
        return values, np.asarray(jacobian)

    def log_probability(self, draws: DataArray) -> DataArray:
        """Log posterior density, up to a constant."""
        with np.errstate(all="ignore"):
            values, jacobian = self._values(draws)
            total = jacobian + sum(prior_densities(self.specification, self.rows, values).values())
            # Papers are independent given the parameters, whatever the unit of cross-validation.
            papers = np.unique(self.rows.index["paper"])
            for some in blocks(len(papers), len(total)):
                densities = unit_densities(self.specification, self.rows, values, "paper", papers[some])
                total = total + densities.sum(axis=1)
        return self._like(draws, total)

    def log_likelihood(self, draws: DataArray, position: int) -> DataArray:
        """Log density of the unit at one of the positions."""
        with np.errstate(all="ignore"):
            values, _ = self._values(draws)
            density = unit_densities(self.specification, self.rows, values, self.unit, self.positions[[position]])
        return self._like(draws, density)

    @staticmethod
    def _like(draws: DataArray, values: Any) -> DataArray:
        floor = np.nan_to_num(values, nan=-1e300, posinf=-1e300, neginf=-1e300)
        return draws.isel(unconstrained=0, drop=True).copy(data=floor.reshape(draws.shape[:2]))


REFITS = ("bad", "all", "none")
"""Which units are left out by a fit without them."""
_REFIT = Settings(tune=400, effective_draws=400)
"""As long as one term needs; steps and barrier are the fit's own, which one unit less hardly changes."""


def score(fit: Fit, unit: str = "evaluation", *, refits: str = "bad", cores: int | None = None) -> Elpd:
    """Expected log predictive density by leave-one-out cross-validation, the sum of ``ln p(y_u | y_-u)`` over units.

    ``unit="paper"``: all evaluations of a paper are left out together. ``refits``: units left out exactly by a fit
    without them: ``"bad"``, whose weights moment matching can't mend, ``"all"`` or ``"none"``. PSIS: Vehtari, Gelman
    and Gabry 2017; moment matching: Paananen et al. 2021; evaluations of one paper given each other: Bürkner, Gabry
    and Vehtari 2021.
    """
    require_choice("refits", refits, REFITS)
    rows, likelihood = rows_of(fit.data, fit.specification), fit.log_likelihood(unit)
    count, values = likelihood.sizes[unit], draws_of(fit.specification, fit.data)
    terms, pareto_k, errors, means = np.empty((4, count))
    predictions, how, unreliable = np.empty(len(rows.ids)), ["psis"] * count, 0
    shared: Floats = np.zeros(likelihood.sizes["chain"] * likelihood.sizes["draw"])
    for each in left_out(fit, unit):
        at, good_k, weights = each.positions, float(each.loo.good_k), _normalised(each.log_weights)
        influence = _influence(each.density, weights)
        terms[at], pareto_k[at] = np.asarray(each.loo.elpd_i), np.asarray(each.loo.pareto_k)
        errors[at] = _errors(influence, fit.diagnostics.efficiency)
        means[at] = logsumexp(each.density, axis=0) - np.log(len(each.density))
        shared += influence[:, pareto_k[at] <= good_k].sum(axis=1)
        for some, units in each.of_rows(rows):
            expected = left_out_losses(fit.specification, rows, values, unit, some)
            predictions[some] = (weights[:, units] * expected).sum(axis=0)
    found = pareto_k.copy()
    if not fit.specification.noise.samples_effects:
        for position, term, k in _matched(fit, rows, unit, good_k, np.flatnonzero(pareto_k > good_k)):
            terms[position], pareto_k[position], how[position] = term, k, "moment_matching"
    if refits != "none":
        for position in np.flatnonzero(~(pareto_k <= good_k) | (refits == "all")).tolist():
            held_out = np.flatnonzero(rows.units(unit) == position)
            again = _refit(fit, rows, unit, position, held_out, cores)
            terms[position], errors[position], predictions[held_out], converged = again
            pareto_k[position], how[position] = 0.0, "refit"
            unreliable += not converged
    refitted = np.array(how) == "refit"
    for each in left_out(fit, unit, np.flatnonzero(~(found <= good_k) & ~refitted)):
        shared += _influence(each.density, _normalised(each.log_weights)).sum(axis=1)
    return Elpd(
        **vars(units_of(fit, unit)),
        terms=terms,
        effective=means - terms,
        pareto_k=pareto_k,
        good_k=good_k,
        pareto_k_found=found,
        how=tuple(how),
        predictions=predictions,
        errors=errors,
        mcse=_joint_error(shared.reshape(likelihood.sizes["chain"], -1), refitted, errors),
        unreliable=unreliable,
    )


def _normalised(log_weights: Floats) -> Floats:
    return np.asarray(np.exp(log_weights - logsumexp(log_weights, axis=0)))


def _influence(log_density: Floats, weights: Floats) -> Floats:
    """What each draw adds to the log of a unit's weighted mean density; its scatter gives the Monte Carlo error."""
    scaled = np.exp(log_density - log_density.max(axis=0))
    mean = (weights * scaled).sum(axis=0)
    return np.asarray(weights * (scaled - mean) / mean)


def _errors(influence: Floats, efficiency: float) -> Floats:
    """Monte Carlo standard error of each unit's term."""
    return np.asarray(np.sqrt((influence**2).sum(axis=0) / efficiency))


def _joint_error(shared: Floats, refitted: Booleans, errors: Floats) -> float:
    """Monte Carlo standard error of the sum of the terms, of which those not refitted share their draws."""
    error = float(az.mcse(shared.size * shared, method="mean")) if (~refitted).any() else 0.0
    return float(np.hypot(error, np.sqrt((errors[refitted] ** 2).sum())))


def _matched(fit: Fit, rows: Rows, unit: str, good_k: float, uneven: Integers) -> Iterator[tuple[int, float, float]]:
    """Position, term and Pareto k of those units with too uneven weights that moment matching mends."""
    fewer = replace(fit, data=thinned(fit.data, KEPT_DRAWS))
    for left in left_out(fewer, unit, uneven):
        density = UnconstrainedPosterior(fewer, rows, unit, left.positions)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            matched = az.loo_moment_match(
                left.tree,
                left.loo,
                log_prob_upars_fn=density.log_probability,
                log_lik_i_upars_fn=density.log_likelihood,
                upars=density.draws,
                var_name=fit.specification.response,
                k_threshold=good_k,
                pointwise=True,
            )
        terms, pareto_k = (np.asarray(each, dtype=float).tolist() for each in (matched.elpd_i, matched.pareto_k))
        for position, term, k in zip(left.positions.tolist(), terms, pareto_k, strict=True):
            if k <= good_k:
                yield position, term, k


def _refit(
    fit: Fit, rows: Rows, unit: str, position: int, held_out: Integers, cores: int | None
) -> tuple[float, float, Floats, bool]:
    """Term, its error, predictions and convergence of a fit without the rows of one unit."""
    kept, own = rows.take(np.setdiff1d(np.arange(len(rows.ids)), held_out)), fit.settings
    settings = replace(_REFIT, target_accept=own.target_accept, maxdepth=own.maxdepth, barrier=own.barrier)
    again = attempt(fit.specification, kept, settings, joint_seed(fit.seed, 1000 + position), cores=cores)
    values = draws_of(fit.specification, again.data)
    density = unit_densities(fit.specification, rows, values, unit, [position])
    even = np.full(density.shape, 1 / len(density))
    error = float(_errors(_influence(density, even), again.diagnostics.efficiency)[0])
    predictions = left_out_losses(fit.specification, rows, values, unit, held_out).mean(axis=0)
    return float(logsumexp(density) - np.log(len(density))), error, predictions, again.diagnostics.converged
