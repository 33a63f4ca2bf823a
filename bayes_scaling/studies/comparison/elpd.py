"""How well a posterior predicts what it has not seen, by unit, and what a comparison keeps of it."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
from arviz_stats import ELPDData
from xarray import DataArray

from bayes_scaling.common.arrays import Floats
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.result import Fit
from bayes_scaling.quantities.doubling import doubling_times


@dataclass(frozen=True, eq=False)
class Elpd:
    """Expected log predictive density by leaving out one unit at a time, nats.

    ``how`` each term was found: ``"psis"``, ``"moment_matching"`` or ``"refit"``, a fit without the unit;
    ``effective``: parts of the effective number of parameters. ``pareto_k``: 0 where refitted. ``errors``: Monte Carlo
    standard errors of the terms (Vehtari et al. 2024); ``mcse``: of their sum, since terms share draws. ``unreliable``:
    units whose refit did not converge.
    """

    unit: str
    labels: tuple[str, ...]
    terms: Floats
    effective: Floats
    pareto_k: Floats
    good_k: float
    pareto_k_found: Floats
    how: tuple[str, ...]
    predictions: Floats
    observed: Floats
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
    def mse(self) -> float:
        """Mean squared error of the predictions: the paper's criterion, of a posterior."""
        return float(np.mean((self.observed - self.predictions) ** 2))

    @property
    def r2(self) -> float:
        """Share of the losses' variance that the predictions explain."""
        return 1 - self.mse / float(self.observed.var())

    def count(self, how: str) -> int:
        """Units whose term was found in a way."""
        return self.how.count(how)

    def as_arviz(self) -> ELPDData:
        """The same as ArviZ's container, for ``arviz.compare``."""
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
        """Read back what ``asdict`` and JSON have made of it; ValueError, KeyError or TypeError if it is not one."""
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
ERRORS = ("elpd_mcse", *(column for name, column in DOUBLING.items() if name.startswith("mcse")))
"""Columns of Monte Carlo standard errors, which tables of earlier versions lack."""


@dataclass(frozen=True)
class Record:
    """A variant's fit in short, and how well it predicts; ``seconds`` of both, compilation included."""

    model: str
    label: str
    diagnostics: Diagnostics
    doubling: Mapping[str, float]
    seconds: float
    elpd: Elpd

    @classmethod
    def of(cls, model: str, label: str, fit: Fit, elpd: Elpd, seconds: float) -> Self:
        """Put a record together."""
        doubling = {str(name): float(value) for name, value in doubling_times(fit).loc["compute"].to_dict().items()}
        return cls(model, label, fit.diagnostics, doubling, seconds, elpd)

    @property
    def row(self) -> dict[str, Any]:
        """What tables show of it, by their columns."""
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
