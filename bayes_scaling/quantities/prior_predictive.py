"""What a specification expects before any data: parameters from its priors, and losses at the rows of a table."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from xarray import Dataset, DataTree

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import groups_of_table, rows_of
from bayes_scaling.inference.predictive import FEWEST, drawn_from_prior, draws_for
from bayes_scaling.inference.result import AnyFit, EvaluationsSummary, require_fit, summary_of
from bayes_scaling.inference.settings import SEED, checked_seed, whole_number
from bayes_scaling.inference.simulation import require_proper_prior
from bayes_scaling.model.rows import Rows, make_rows
from bayes_scaling.quantities.doubling import averaged
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, interval_points, months_to_double
from bayes_scaling.specifications.catalogue import resolve
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables.plausibility import require_plausible
from bayes_scaling.tables.soundness import as_table

PLAUSIBLE = (0.5, 12.0)
"""Nats per token. Text is never as predictable as a perplexity of 1.6, and to guess among 160,000 words is 12 nats."""
HELD = 0.99  # of the losses, between the quantiles of a summary
OF_INFINITE: Literal["inverted_cdf"] = "inverted_cdf"
"""How quantiles of losses are taken that may be infinite: interpolating would turn these into NaN."""
_ABOUT = "bayes_scaling_prior_predictive"


def prior_predictive(
    specification: Specification | str | Path, table: pd.DataFrame, *, draws: int | None = None, seed: int = SEED
) -> DataTree:
    r"""Draw parameters from the priors of a specification, and losses of every row of a table at each.

    .. math:: \theta \sim p(\theta), \qquad \tilde y_i \sim p(y_i \mid \theta)

    Parameters
    ----------
    specification
        Any without ``delta``; or a name in the catalogue, or the path of a ``.toml`` file.
    table
        Evaluations or training runs: the design. What it observed is kept beside what is drawn, and changes nothing.
    draws
        At least 100. By default 4,000, or fewer if these would be more than four million losses.
    seed
        Of everything random: equal seeds and draws, equal results.

    Returns
    -------
    DataTree
        Groups as ArviZ names them: ``prior``, all that is sampled and reported (``E``, ``g_C``, ...), named and
        labelled as in a fit's ``posterior``; ``prior_predictive``, the losses of the rows with noise and the effects
        of their papers (nats per token; of laws of the critical batch size tokens), named as in ``observed_data``;
        ``observed_data`` and ``constant_data`` as in a fit. Effects of papers are in ``prior`` only where
        they are sampled. Losses need 8 bytes
        for each draw of each row; what is worked out on the way does not grow with either.

    Raises
    ------
    BayesScalingError
        For a specification with ``delta``, a table that :func:`bayes_scaling.fit` would refuse, too few draws or a seed
        that is none.

    Notes
    -----
    Gelman et al. 2020 (arXiv 2011.01808), section 2.4.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> prior = bs.prior_predictive("reference", bs.load_evaluations(), draws=200)
    >>> sorted(prior.children)
    ['constant_data', 'observed_data', 'prior', 'prior_predictive']
    >>> dict(prior["prior_predictive"].sizes)
    {'chain': 1, 'draw': 200, 'evaluation': 231}
    """
    specification = resolve(specification)
    require_proper_prior(specification)
    count = None if draws is None else whole_number("draws", draws, FEWEST)
    seed, table = checked_seed(seed), as_table(table)
    warnings = require_plausible(table, specification.used_columns)
    rows = make_rows(specification, table)
    observed = groups_of_table(specification, rows, table)
    return _drawn(specification, summary_of(table, warnings), rows, observed, count, seed)


def prior_predictive_of(fit: AnyFit) -> DataTree:
    """The same of what a fit was fitted to; refuses ``delta``."""
    fit = require_fit(fit)
    require_proper_prior(fit.specification)
    observed = {name: fit.data[name].to_dataset() for name in ("observed_data", "constant_data")}
    return _drawn(fit.specification, fit.evaluations, rows_of(fit.data, fit.specification), observed, None, SEED)


def _drawn(
    specification: Specification,
    about: EvaluationsSummary,
    rows: Rows,
    observed: Mapping[str, Dataset],
    draws: int | None,
    seed: int,
) -> DataTree:
    prior, losses = drawn_from_prior(specification, rows, draws or draws_for(rows), seed)
    predicted = Dataset(
        {specification.response: (("chain", "draw", "evaluation"), losses[None])},
        coords={name: prior[name] for name in ("chain", "draw")} | {"evaluation": list(rows.ids)},
    )
    tree = DataTree.from_dict({"prior": prior, "prior_predictive": predicted, **observed})
    said = {"name": specification.name, "specification": specification.to_dict(), "evaluations": asdict(about)}
    tree.attrs[_ABOUT] = json.dumps(said)
    return tree


def about_prior_predictive(prior: DataTree) -> tuple[Specification, EvaluationsSummary]:
    """Of which specification and table it is; raises BayesScalingError for what is none."""
    attrs = getattr(prior, "attrs", {})
    if _ABOUT not in attrs:
        raise BayesScalingError(
            "what bs.prior_predictive(specification, table) returns is needed, a DataTree that says of what it is, not "
            f"{type(prior).__name__}"
        )
    said = json.loads(attrs[_ABOUT])
    return Specification.from_dict(said["name"], said["specification"]), EvaluationsSummary.from_dict(
        said["evaluations"]
    )


@dataclass(frozen=True)
class PriorPredictiveSummary:
    """Where losses and progress lie before any data.

    ``plausible``: share of losses within :data:`PLAUSIBLE`, None for what is no loss. ``loss``: ``median`` of what is
    predicted of all rows, ``lower`` and ``upper`` of its central 99%, each with its Monte Carlo error ``mcse_...``.
    ``doubling_time_months``: as :func:`bayes_scaling.doubling_times` has it of effective compute, None without
    progress.
    """

    specification: str
    evaluations: EvaluationsSummary
    response: str
    draws: int
    plausible: float | None
    loss: Mapping[str, float]
    doubling_time_months: Mapping[str, float] | None


def prior_predictive_summary(prior: DataTree) -> PriorPredictiveSummary:
    """Say in few numbers what priors expect: whether losses are possible ones, and how wide progress is left open.

    Parameters
    ----------
    prior
        What :func:`bayes_scaling.prior_predictive` returns.

    Returns
    -------
    PriorPredictiveSummary
        ``plausible``, the share of losses between 0.5 and 12 nats per token (None of laws of the critical batch size);
        ``loss``, their median and the 0.5% and 99.5% quantiles over all draws and rows, with Monte Carlo standard
        errors; ``doubling_time_months`` of effective compute, median and 95% equal-tailed interval of its prior
        (infinite without bound; None without progress), rates that differ between groups averaged over the rows.

    Raises
    ------
    BayesScalingError
        For anything else than a prior predictive of this package.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.prior_predictive_summary(bs.prior_predictive("reference", bs.load_evaluations()))
    >>> found.plausible > 0.9, found.loss["lower"] < found.loss["median"] < found.loss["upper"]
    (True, True)
    """
    specification, about = about_prior_predictive(prior)
    losses, rates = prior["prior_predictive"][specification.response].to_numpy()[0], prior["prior"].to_dataset()
    (low, high), times = PLAUSIBLE, None
    if "g_C" in rates:
        rate = averaged(specification, prior, rates["g_C"])[0]
        times = _interval(months_to_double(rate)[:, None], INTERVAL_PROBABILITY)
        times["probability_of_progress"] = float(np.mean(rate > 0))
    return PriorPredictiveSummary(
        specification=specification.name,
        evaluations=about,
        response=specification.response,
        draws=len(losses),
        plausible=float(np.mean((losses >= low) & (losses <= high))) if specification.response == "loss" else None,
        loss=_interval(losses, HELD),
        doubling_time_months=times,
    )


def _interval(values: Floats, probability: float) -> dict[str, float]:
    """Median and central interval of all, shape ``(draws, n)``: draws are independent, and what is of one is not."""
    values = np.where(np.isnan(values), np.inf, values)
    found: dict[str, float] = {}
    for name, point in zip(("median", "lower", "upper"), interval_points(probability), strict=True):
        middle = np.quantile(values, point, method=OF_INFINITE)
        error = (values <= middle).mean(axis=1).std() / np.sqrt(len(values))  # of the share below
        low, high = np.quantile(values, np.clip([point - error, point + error], 0, 1), method=OF_INFINITE)
        with np.errstate(invalid="ignore"):  # between infinite ends
            found |= {name: float(middle), f"mcse_{name}": float(high - low) / 2}
    return found
