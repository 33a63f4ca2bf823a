"""Approach 2 beside approach 3: what the IsoFLOP profiles of a fit's own runs say of an allocation."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from xarray import DataArray, Dataset

from bayes_scaling.errors import BayesScalingError, RunsError
from bayes_scaling.inference.fitting import document_fingerprint, package_versions
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.formula import training_compute
from bayes_scaling.quantities.allocation_table import TRAINING, Beside, summarised
from bayes_scaling.quantities.coefficients import unidentified
from bayes_scaling.studies.approaches.isoflop import isoflop_profiles
from bayes_scaling.studies.approaches.least_squares import reliability
from bayes_scaling.studies.approaches.rows import fitted_runs, isoflop_budgets
from bayes_scaling.studies.store import Store

LABEL = "approach 2, IsoFLOP profiles"
FOLDER = "approach-2"  # of a fit's directory, for what was sampled
_ENDS = (1e18, 1e27)  # FLOP: two budgets between which the power law of each draw is a straight line


def has_budgets(fit: Fit) -> bool:
    """Whether approach 2 has anything to stand on: a law of parameters and tokens, known by runs that share budgets."""
    if not fit.specification.form.splits or fit.evaluations.kind != "runs" or unidentified(fit):
        return False
    return bool(isoflop_budgets(fitted_runs(fit)).size)


def kept_with(fit: Path) -> Store:
    """Where what approach 2 samples is kept, beside a fit's file or in its directory."""
    return Store((fit if fit.is_dir() else fit.parent) / FOLDER)


def profiles_beside(
    fit: Fit,
    budgets: tuple[float, ...],
    kept: Store | None = None,
    on_sampling: Callable[[], None] = lambda: None,
    **sampler: Any,
) -> Beside:
    """The best split of budgets (FLOP) by IsoFLOP profiles of a fit's runs, or why they are refused.

    ``kept``: where what was sampled is kept for the next budgets. ``on_sampling``: called before anything is sampled.
    ``sampler`` are settings of :func:`bayes_scaling.isoflop_profiles`. Their bias is that on the law of the fit.
    """
    runs = fitted_runs(fit).rename(columns={"compute": "flop"})
    store = kept if fit.fingerprint else None
    name = f"{_fingerprint(fit, runs, sampler)}.json"
    found = None if store is None else store.read(name, _parsed)
    if found is None:
        on_sampling()
        try:
            found = _sampled(fit, runs, sampler)
        except RunsError as error:
            return Beside(LABEL, pd.DataFrame(columns=["compute", "quantity"]), str(error), ())
        if store is not None:
            with contextlib.suppress(BayesScalingError):  # a directory that can't be written can still be asked
                store.write(name, json.dumps(found).encode())
    compute = DataArray(np.array(budgets), dims="compute", coords={"compute": np.array(budgets)})
    first, last = (DataArray(np.log(each), dims=("chain", "draw")) for each in found["parameters"])
    slope = (last - first) / np.log(_ENDS[1] / _ENDS[0])
    parameters = np.exp(first + slope * np.log(compute / _ENDS[0])).assign_attrs(unit="parameters")
    tokens = training_compute(parameters, 1.0) ** -1 * compute
    drawn = Dataset(
        {
            "parameters": parameters,
            "tokens": tokens.assign_attrs(unit="tokens"),
            "tokens_per_parameter": (tokens / parameters).assign_attrs(unit="tokens per parameter"),
        }
    )
    rows = pd.concat([summarised(draws, TRAINING) for draws in drawn.data_vars.values()])
    return Beside(LABEL, rows, found["refused"], tuple(found["findings"]), found["bias"], found["coverage"])


def _fingerprint(fit: Fit, runs: pd.DataFrame, sampler: Mapping[str, Any]) -> str:
    """Of everything that decides what is sampled, and how it is judged."""
    table = hashlib.sha256(runs.to_csv(float_format="%.17g").encode()).hexdigest()
    where = {name: str(value) for name, value in fit.setting.items()}
    asked = {"setting": where, "sampler": dict(sampler), "versions": package_versions()}
    return document_fingerprint({"fit": fit.fingerprint, "runs": table} | asked)


def _sampled(fit: Fit, runs: pd.DataFrame, sampler: Mapping[str, Any]) -> dict[str, Any]:
    """Draws of the best sizes at two budgets, and whether they are to be used, as JSON holds them."""
    profiles = isoflop_profiles(runs, **sampler)
    judged = reliability(profiles.exponents()["a"], fit, runs)
    ends = profiles.best_parameters(np.array(_ENDS)).transpose("compute", "chain", "draw")
    return {
        "parameters": ends.to_numpy().tolist(),
        "refused": judged.refused if profiles.converged else f"its chains disagree (R-hat {profiles.rhat_max:.3f})",
        "findings": list(profiles.findings),
        "bias": float(judged.bias),
        "coverage": float(judged.coverage),
    }


def _parsed(content: bytes) -> dict[str, Any]:
    """Read back what was kept; any error if it is not that."""
    found = json.loads(content)
    if np.shape(found["parameters"])[0] != len(_ENDS) or not isinstance(found["refused"], str):
        raise ValueError("not what approach 2 keeps")
    return {name: found[name] for name in ("parameters", "refused", "findings", "bias", "coverage")}
