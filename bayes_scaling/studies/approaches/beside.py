"""Approach 2 beside approach 3: what the IsoFLOP profiles of a fit's own runs say of an allocation."""

from typing import Any

import numpy as np
import pandas as pd
from xarray import Dataset

from bayes_scaling.errors import RunsError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.formula import training_compute
from bayes_scaling.quantities.allocation_table import TRAINING, Beside, summarised
from bayes_scaling.quantities.coefficients import unidentified
from bayes_scaling.studies.approaches.isoflop import isoflop_profiles
from bayes_scaling.studies.approaches.least_squares import reliability
from bayes_scaling.studies.approaches.rows import fitted_runs, isoflop_budgets

LABEL = "approach 2, IsoFLOP profiles"


def has_budgets(fit: Fit) -> bool:
    """Whether approach 2 has anything to stand on: a law of parameters and tokens, known by runs that share budgets."""
    if not fit.specification.form.splits or fit.evaluations.kind != "runs" or unidentified(fit):
        return False
    return bool(isoflop_budgets(fitted_runs(fit)).size)


def profiles_beside(fit: Fit, budgets: tuple[float, ...], **sampler: Any) -> Beside:
    """The best split of budgets (FLOP) by IsoFLOP profiles of a fit's runs, or why they are refused.

    ``sampler`` are settings of :func:`bayes_scaling.isoflop_profiles`. Their bias is that on the law of the fit.
    """
    runs = fitted_runs(fit).rename(columns={"compute": "flop"})
    nothing = pd.DataFrame(columns=["compute", "quantity"])
    try:
        profiles = isoflop_profiles(runs, **sampler)
    except RunsError as error:
        return Beside(LABEL, nothing, str(error), ())
    judged = reliability(profiles.exponents()["a"], fit, runs)
    refused = judged.refused if profiles.converged else f"its chains disagree (R-hat {profiles.rhat_max:.3f})"
    parameters = profiles.best_parameters(np.array(budgets))
    tokens = training_compute(parameters, 1.0) ** -1 * parameters["compute"]
    drawn = Dataset(
        {
            "parameters": parameters,
            "tokens": tokens.assign_attrs(unit="tokens"),
            "tokens_per_parameter": (tokens / parameters).assign_attrs(unit="tokens per parameter"),
        }
    )
    rows = pd.concat([summarised(draws, TRAINING) for draws in drawn.data_vars.values()])
    return Beside(LABEL, rows, refused, profiles.findings, judged.bias, judged.coverage)
