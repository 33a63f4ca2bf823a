"""How far prior and likelihood decide each reported quantity: contraction, power-scaling, and a verdict by one rule."""

import functools
import math
import operator
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from xarray import Dataset, DataTree

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import in_blocks, rows_of, thinned
from bayes_scaling.inference.diagnostics import elements
from bayes_scaling.inference.fitting import KEPT_DRAWS
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.simulation import prior_draw, prior_of
from bayes_scaling.model.reported import RATES
from bayes_scaling.model.rows import Rows
from bayes_scaling.quantities.coefficients import CONTRACTION_MIN
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.intervals import SAMPLE_DIMS, credible_intervals
from bayes_scaling.quantities.rates import interval_attrs
from bayes_scaling.specifications.catalogue import resolve
from bayes_scaling.specifications.parameters import PARAMETERS
from bayes_scaling.specifications.specification import Specification

Verdict = Literal["by the data", "shared", "by the prior"]
VERDICTS: tuple[Verdict, ...] = ("by the data", "shared", "by the prior")  # in the order of tables and sentences
BY_THE_PRIOR = VERDICTS[-1]


@dataclass(frozen=True)
class Rule:
    """Thresholds of a verdict."""

    nothing: float = CONTRACTION_MIN  # contraction below which the interval is the prior's
    little: float = 1 - math.sqrt(0.5)
    """Contraction below which the prior weighs more: were both normal, they would have the same precision at 29%."""
    enough: float = 0.5
    """Contraction from which the data may be said to decide: were both normal, they would have 3 times the prior's
    precision, and the posterior mean would be three quarters theirs."""
    sensitivity: float = 0.05
    """Power-scaling from which a posterior moves with what is scaled (Kallioinen et al. 2024, doi
    10.1007/s11222-023-10366-5, section 3.1): near a shift of its mean by 0.3 standard deviations a doubling."""
    ratio: float = 0.5
    """Of sensitivity to a prior to that to the likelihood, from which the prior has a say. On ``ho2024/07``, where they
    are 0.045 and 0.047 of ``g_C``, its 95% interval by profile likelihood is 1.8 times as wide as the posterior's."""

    def verdict(self, contraction: float, *, prior: float, likelihood: float) -> Verdict:
        """Verdict on one quantity; where ``contraction`` is NaN (a prior without width) by sensitivities alone."""
        moves = prior >= self.sensitivity
        unknown = math.isnan(contraction)
        wide = unknown or contraction < self.little
        if contraction < self.nothing or (wide and moves and likelihood < self.sensitivity):
            return BY_THE_PRIOR
        narrow = unknown or contraction >= self.enough
        return "by the data" if narrow and not moves and prior < self.ratio * likelihood else "shared"

    @property
    def words(self) -> str:
        """The rule as a sentence."""
        return (
            f"by the data: interval at least {self.enough:.0%} narrower than the prior's, and sensitivity to any prior "
            f"below {self.sensitivity:g} and below {self.ratio:.0%} of that to the data; by the prior: interval less "
            f"than {self.nothing:.0%} narrower, or less than {self.little:.0%} and sensitive to a prior but not to the "
            "data; shared: the rest"
        )


SAMPLES = 20_000  # prior draws: a 2.5% quantile of so many is known to a hundredth of a standard deviation or two
SEED = 0

REPORTED = ("g_N", "g_D", "g_C", "E", "alpha", "beta", "a", "level", "share", "irreducible_share")
"""Quantities whose identification is reported, in the order of tables: rates, then the law's, then its coordinates."""


def prior_quantities(
    specification: Specification | str | Path, rows: Rows, *, samples: int = SAMPLES, seed: int = SEED
) -> Dataset:
    """Draws of each of :data:`REPORTED` from the prior alone, as in a posterior; refuses ``delta``, without scale."""
    specification = resolve(specification)
    prior = prior_of(specification, rows, prior_draw(specification, rows, np.random.default_rng(seed), (samples,)))
    if specification.progress.exponents != "none":  # the prior is on the drift, from which rates at one point follow
        prior = prior.drop_vars(RATES, errors="ignore")
    return prior[[name for name in REPORTED if name in prior]]


def prior_doubling_times(fit: Fit) -> pd.DataFrame | None:
    """Doubling times as the prior alone has them; None under the paper's penalty and where exponents drift."""
    if fit.specification.delta is not None or fit.specification.progress.exponents != "none":
        return None
    groups = {
        "posterior": prior_quantities(fit.specification, rows_of(fit.data, fit.specification)),
        "constant_data": fit.data["constant_data"].to_dataset(),
    }
    return doubling_times(replace(fit, data=DataTree.from_dict(groups)))


FLAT = 1e-9  # range of log densities, nats, within which a prior is flat where the posterior is
ALL_PRIORS = "all"  # what ``moved_by`` says where a posterior moves most with all priors together
NEEDED = ("log_prior", "log_likelihood_paper", "observed_data", "constant_data")


def influence(fit: Fit) -> pd.DataFrame:
    """How far data and prior decide each reported quantity: contraction of its 95% interval, and sensitivities.

    Widths of exponents and of ``level`` are compared on the logarithm. Contraction: Schad, Betancourt and Vasishth 2021
    (doi 10.1037/met0000275), with widths in place of variances. Sensitivities: Kallioinen et al. 2024 (doi
    10.1007/s11222-023-10366-5), by :func:`arviz.psense`, from at most 4,000 draws. The prior of one parameter alone is
    scaled too, since priors can pull against each other and cancel when all are scaled at once.
    """
    if missing := [name for name in NEEDED if name not in fit.data]:
        raise BayesScalingError(
            f"the fit of '{fit.specification.name}' has no group {', '.join(missing)}; identification needs "
            f"{', '.join(NEEDED)}, which bs.fit and bs.load_fit give"
        )
    rule = Rule()
    posterior = fit.posterior
    names = [name for name in REPORTED if name in posterior]
    proper = fit.specification.delta is None
    prior = prior_quantities(fit.specification, rows_of(fit.data, fit.specification)) if proper else xr.Dataset()
    parts = []
    for name in names:
        table = credible_intervals(posterior[name]).drop(columns="defined")
        table.index = pd.Index([element for element, _ in elements(posterior[[name]])])
        table[["prior_median", "prior_lower", "prior_upper"]] = _prior_intervals(prior, posterior[name])
        table["contraction"] = _contraction(table, logarithmic=is_positive(name))
        parts.append(table)
    whole = pd.concat(parts)
    whole = whole.join(_sensitivities(fit, names).set_axis(whole.index))
    judged = whole[["contraction", "sensitivity_prior", "sensitivity_likelihood"]].to_numpy(float)
    whole["verdict"] = [rule.verdict(narrower, prior=p, likelihood=data) for narrower, p, data in judged]
    whole.attrs = {"interval": interval_attrs(), "rule": rule.words}
    return whole


def is_positive(name: str) -> bool:
    """Whether widths of a quantity are ratios: of exponents and ``level``, not of ``E``, which may be near 0."""
    return name in PARAMETERS and PARAMETERS[name].support == "positive"


def _prior_intervals(prior: xr.Dataset, posterior: xr.DataArray) -> Floats:
    """Median and interval of a quantity's prior, one row for each level of the posterior; NaN where it has none."""
    if posterior.name not in prior:
        return np.full((posterior[0, 0].size, 3), np.nan)
    draws = prior[posterior.name]
    # Levels of a group that only the posterior tells apart have the same prior.
    like = posterior.isel(dict.fromkeys(SAMPLE_DIMS, 0), drop=True)
    every = draws.broadcast_like(like).transpose(*SAMPLE_DIMS, *like.dims)
    table = credible_intervals(every, errors=False)
    return table[["median", "lower", "upper"]].to_numpy()


def _contraction(table: pd.DataFrame, *, logarithmic: bool) -> pd.Series:
    scale = np.log if logarithmic else np.asarray
    with np.errstate(divide="ignore", invalid="ignore"):
        width = scale(table["upper"]) - scale(table["lower"])
        of_prior = scale(table["prior_upper"]) - scale(table["prior_lower"])
    return pd.Series(1 - np.asarray(width) / np.asarray(of_prior), index=table.index)


def _sensitivities(fit: Fit, names: list[str]) -> pd.DataFrame:
    """One row a level of each quantity: sensitivity to the priors (and to which most) and to the likelihood."""
    likelihood = in_blocks(fit.log_likelihood("paper"))  # whose terms add up
    total = [block.sum(set(block.dims) - set(SAMPLE_DIMS), dtype=float) for block in likelihood]
    draws = [fit.data["posterior"][name].to_numpy() for name in names]
    # As one variable: xarray takes longer over many than their sensitivities do.
    every = np.concatenate([each.reshape(*each.shape[:2], -1) for each in draws], axis=-1)
    prior = fit.data["log_prior"].to_dataset()
    # How effects scatter is part of the model: power-scaling is of priors that stand on nothing else.
    prior = prior.drop_vars([name for name in prior if str(name).endswith("_standardised")])
    groups = {"posterior": Dataset({"quantity": ((*SAMPLE_DIMS, "level"), every)}), "log_prior": prior}
    # Of the log likelihood the sum alone is needed.
    data = thinned(DataTree.from_dict(groups | {"log_likelihood": functools.reduce(operator.add, total)}), KEPT_DRAWS)
    # A flat prior stays what it is at any power: nothing moves with it.
    parameters = [str(name) for name, each in data["log_prior"].data_vars.items() if np.ptp(each.to_numpy()) > FLAT]

    def to(group: str, *only: str) -> Floats:
        return np.asarray(az.psense(data, group=group, group_var_names=list(only) or None)["quantity"])

    with warnings.catch_warnings():
        # Of short fits. Powers of 0.99 and 1.01 leave weights nearly even, so that their tails hardly matter.
        warnings.filterwarnings("ignore", message="Number of tail draws")
        to_likelihood = to("likelihood")
        to_priors = np.array([to("prior"), *(to("prior", each) for each in parameters)])
    return pd.DataFrame(
        {
            "sensitivity_prior": to_priors.max(axis=0),
            "sensitivity_likelihood": to_likelihood,
            "moved_by": np.array([ALL_PRIORS, *parameters])[to_priors.argmax(axis=0)],
        }
    )
