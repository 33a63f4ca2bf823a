r"""What a discrepancy between law and runs would change: a sketch by Laplace's approximation, for ladders.md.

.. math:: \ln L_i = \ln L(N_i, D_i; \theta) + \delta(\ln N_i, \ln D_i) + \varepsilon_i, \qquad
    \delta \sim \mathrm{GP}\left(0, \tau^2 e^{-\lVert x - x' \rVert^2 / 2 \ell^2}\right)

with a length of one decade: the law may be wrong by some percent, alike for runs of like size (Kennedy and O'Hagan
2001, Bayesian calibration of computer models). Priors are those of `chinchilla-normal`, and tau has sigma's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.special import expit, log_expit

import bayes_scaling as bs
from bayes_scaling.law.formula import log_term, loss

LAW = bs.load_specification("chinchilla-normal")
NAMES = ("level", "irreducible_share", "share", "alpha", "beta", "sigma", "tau")
PRIORS = [dict(LAW.prior_of("sigma" if name == "tau" else name).arguments) for name in NAMES]
MIDDLE, WIDTH = (np.array([PRIORS[at][key] for at in (0, 3, 4)]) for key in ("mu", "sigma"))  # of lognormal priors
A, B = (np.array([PRIORS[at][key] for at in (1, 2)]) for key in ("alpha", "beta"))  # of beta priors
SCALES = np.array([PRIORS[at]["sigma"] for at in (5, 6)])  # of half-normal ones
LENGTH = np.log(10.0)
CENTRE = np.log([LAW.centre.parameters, LAW.centre.tokens])
STARTS = ([1.0, 0.3, 0.0, -1.2, -1.2, -4.5, -5.0], [1.0, 1.0, 0.0, -0.8, -0.8, -4.5, -4.0])
DRAWS, STEP, WORST = 200, 1e-3, 1e10


@dataclass(frozen=True)
class Sketch:
    """The runs that are fitted: log sizes relative to the centre, log losses; with a discrepancy or without."""

    sizes: Any
    log_loss: Any
    discrepancy: bool

    @classmethod
    def of(cls, runs: pd.DataFrame, discrepancy: bool) -> "Sketch":
        """From a table of runs."""
        return cls(sizes_of(runs), np.log(runs["loss"].to_numpy(float)), discrepancy)

    def covariance(self, point: Any) -> Any:
        """Of the fitted log losses around the law."""
        noise = np.exp(2 * point[5]) * np.eye(len(self.log_loss))
        return noise + np.exp(2 * point[6]) * kernel(self.sizes, self.sizes) if self.discrepancy else noise

    def energy(self, point: Any) -> float:
        """Minus the log posterior density of unconstrained parameters, but for a constant."""
        rest = self.log_loss - law(point, self.sizes)
        if not np.isfinite(rest).all() or np.abs(point).max() > 50:
            return WORST
        try:
            factor = cho_factor(self.covariance(point), lower=True)
            found = 0.5 * rest @ cho_solve(factor, rest) + np.log(np.diag(factor[0])).sum() - log_prior(point)
        except np.linalg.LinAlgError:  # not positive definite
            return WORST
        return float(found) if np.isfinite(found) else WORST

    def draws(self, rng: np.random.Generator) -> Any:
        """Of the unconstrained parameters, by the curvature at the mode, and nowhere wider than a unit."""
        mode = min((minimize(self.energy, start) for start in STARTS), key=lambda found: found.fun).x
        steps, n = STEP * np.eye(len(mode)), len(mode)
        corners = {
            (a, b): [self.energy(mode + a * i + b * j) for i in steps for j in steps] for a in (1, -1) for b in (1, -1)
        }
        signed = sum(a * b * np.array(each).reshape(n, n) for (a, b), each in corners.items())
        values, vectors = np.linalg.eigh(signed / (4 * STEP**2))
        return rng.multivariate_normal(mode, vectors @ np.diag(1 / np.maximum(values, 1.0)) @ vectors.T, DRAWS)

    def predicted(self, runs: pd.DataFrame, seed: int = 0) -> Any:
        """Draws of the losses of new runs."""
        rng, new = np.random.default_rng(seed), sizes_of(runs)
        across, found = kernel(self.sizes, new), []
        for point in self.draws(rng):
            mean, variance = law(point, new), np.full(len(new), np.exp(2 * point[5]))
            if self.discrepancy:
                shared = np.exp(2 * point[6])
                weights = cho_solve(cho_factor(self.covariance(point), lower=True), shared * across)
                mean = mean + weights.T @ (self.log_loss - law(point, self.sizes))
                variance = variance + np.maximum(shared * (1 - (across * weights).sum(axis=0)), 0)
            found.append(mean + np.sqrt(variance) * rng.standard_normal((10, len(new))))
        return np.exp(np.concatenate(found))


def log_prior(point: Any) -> float:
    """Log prior density of unconstrained parameters: logarithms, and logits of the two shares."""
    shares, scatter = point[1:3], point[5:7]
    found = -0.5 * (((point[[0, 3, 4]] - MIDDLE) / WIDTH) ** 2).sum()
    found += (A * log_expit(shares) + B * log_expit(-shares)).sum()
    return float(found + (scatter - 0.5 * (np.exp(scatter) / SCALES) ** 2).sum())


def sizes_of(runs: pd.DataFrame) -> Any:
    """Log parameters and tokens relative to the law's centre."""
    return np.log(runs[["parameters", "tokens"]].to_numpy(float)) - CENTRE


def kernel(one: Any, other: Any) -> Any:
    """Correlation of the discrepancy between two sets of sizes."""
    return np.exp(-((one[:, None] - other) ** 2).sum(axis=-1) / (2 * LENGTH**2))


def law(point: Any, sizes: Any) -> Any:
    """Log loss by Chinchilla's law."""
    level, irreducible, share = np.exp(point[0]), expit(point[1]), expit(point[2])
    with np.errstate(all="ignore"):
        parts = (np.log(level * (1 - irreducible) * each) for each in (share, 1 - share))
        terms = (log_term(part, np.exp(e), size) for part, e, size in zip(parts, point[3:5], sizes.T, strict=True))
        return np.log(loss(level * irreducible, *terms))


def sketched(before: pd.DataFrame, later: pd.DataFrame, discrepancy: bool) -> dict[str, float]:
    """Error and width in percent, and coverage, of the runs held out."""
    observed = later["loss"].to_numpy(float)
    lower, median, upper = np.quantile(Sketch.of(before, discrepancy).predicted(later), [0.05, 0.5, 0.95], axis=0)
    return {
        "absolute_error_percent": 100 * np.abs(median / observed - 1).mean(),
        "covered_90": ((lower <= observed) & (observed <= upper)).mean(),
        "width_percent": 100 * (upper / lower - 1).mean(),
    }
