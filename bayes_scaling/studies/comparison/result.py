"""A comparison: its table, ranks and weights, doubling times averaged over models, and the published ranking."""

import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import spearmanr

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError, require_choice
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.settings import Settings
from bayes_scaling.law.published import HO2024_CROSS_VALIDATION, HO2024_DELTAS
from bayes_scaling.quantities.doubling import pooled_rate
from bayes_scaling.quantities.intervals import SAMPLE_DIMS, check_probability
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, interval_attrs, interval_points, months_to_double
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.progress import RATE_OF
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.comparison.elpd import ERRORS, TIMES, Elpd, Record, Units
from bayes_scaling.studies.comparison.variants import STATED

METHODS: Mapping[str, str] = {"stacking": "stacking", "pseudo_bma": "BB-pseudo-BMA"}
"""Kinds of weights, and what ArviZ calls them."""


def check_comparable(scores: Mapping[str, Units]) -> None:
    """Refuse scores of different tables, units or responses; ArviZ matches units by position."""
    (first, reference), *others = scores.items()
    for name, score in others:
        what = None
        if score.unit != reference.unit:
            what = f"cross-validated by {score.unit}, the other by {reference.unit}"
        elif len(score.observed) != len(reference.observed):
            what = f"fitted to {len(score.observed)} evaluations, the other to {len(reference.observed)}"
        elif score.labels != reference.labels:
            odd = sorted(set(score.labels) ^ set(reference.labels))
            what = f"other {score.unit}s, such as {odd[0]!r}" if odd else f"its {score.unit}s in another order"
        elif not np.allclose(score.observed, reference.observed, rtol=0, atol=1e-12):
            what = "other observed losses for the same evaluations"
        if what:
            raise BayesScalingError(
                f"'{name}' can't be compared with '{first}': {what}; fit both to one and the same table"
            )


def by_arviz(scores: Mapping[str, Elpd], method: str, reference: str | None = None) -> pd.DataFrame:
    """ArviZ's comparison; what it warns of, Pareto k, is counted in the tables of studies."""
    containers = {name: score.as_arviz() for name, score in scores.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pd.DataFrame(az.compare(containers, method=method, reference=reference, round_to="none"))


def ranked(scores: Mapping[str, Elpd]) -> pd.DataFrame:
    """Ranks, differences from the best (nats) with their standard error over units, and weights; best first."""
    check_comparable(scores)
    if len(scores) == 1:
        row = {"rank": 0, "elpd_diff": 0.0, "dse": 0.0, "weight": 1.0, "weight_pseudo_bma": 1.0}
        return pd.DataFrame([row], index=list(scores))
    table, other = (by_arviz(scores, method) for method in METHODS.values())
    return table[["rank", "elpd_diff", "dse", "weight"]].assign(
        rank=table["rank"].astype(int),
        elpd_diff=0.0 - table["elpd_diff"].abs(),
        weight_pseudo_bma=other["weight"].reindex(table.index),
    )


def averaged_draws(
    fits: Mapping[str, Fit],
    weights: Mapping[str, float],
    quantity: Callable[[Fit], xr.DataArray],
    *,
    draws: int,
    seed: int,
) -> xr.DataArray:
    """Draws of a quantity from the mixture of posteriors; weights need not add up to 1."""
    rng = np.random.default_rng(seed)
    used = {name: weight for name, weight in weights.items() if weight > 0}
    shares = np.array(list(used.values())) / sum(used.values())
    # Systematic: each model's number of draws is never off by a whole draw from its share.
    ends = np.floor(np.cumsum(shares) * draws + rng.random()).astype(int)
    counts = np.diff(np.minimum(ends, draws), prepend=0)
    counts[-1] += draws - counts.sum()
    taken = []
    for name, count in zip(used, counts, strict=True):
        try:
            found = quantity(fits[name])
        except BayesScalingError as error:
            raise BayesScalingError(f"{name}: {error}; leave that model out of the comparison") from None
        flat = found.stack(sample=SAMPLE_DIMS).reset_index("sample", drop=True)  # noqa: PD013
        chosen = rng.choice(flat.sizes["sample"], size=count, replace=count > flat.sizes["sample"])
        taken.append(flat.isel(sample=np.sort(chosen)))
    whole = xr.concat(taken, dim="sample").rename(sample="draw").expand_dims("chain")
    return whole.transpose(*SAMPLE_DIMS, ...).assign_coords(chain=[0], draw=range(draws))


COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("model", "variant"), "str"),
    "rank": "Int64",
    **dict.fromkeys(("elpd", "se", "elpd_diff", "dse", "p", "weight", "loo_mse", "pareto_k_max"), "float"),
    "pareto_k_bad": "int",
    **dict.fromkeys(("rhat_max", "ess_bulk_min"), "float"),
    "divergences": "int",
    "converged": "bool",
    **dict.fromkeys(TIMES, "float"),
    **dict.fromkeys(("seconds", "weight_pseudo_bma", "loo_r2"), "float"),
    **dict.fromkeys(("moment_matched", "refitted"), "int"),
    "probability_of_progress": "float",
    "reason": "str",
    **dict.fromkeys(ERRORS, "float"),
}
"""Columns of a comparison's table with their types: first those that scripts may rely on, in their order."""

TIE_NATS = 4.0  # differences below this are small whatever their standard error (Sivula, Magnusson and Vehtari 2020)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Many models of one table, compared by how well they predict what they have not seen.

    Parameters
    ----------
    table
        One row a variant, best first and those that did not converge last; columns :data:`COLUMNS`. ``elpd``,
        ``elpd_diff`` and ``dse`` in nats (the difference is this variant's less the best's); ``loo_mse`` in squared
        nats per token; ``pareto_k_max`` as found and ``pareto_k_bad`` what was left bad after moment matching and
        refits; doubling times in months, 95% equal-tailed; ``mcse``: Monte Carlo standard errors, NaN in tables of
        earlier versions.
    unit
        Unit of cross-validation.
    evaluations
        Which table.
    scores
        Pointwise scores by variant.
    fits
        Fits that have converged and have a weight, by variant.
    settings, seed
        Of the first attempt of each fit.
    fingerprints
        Of each fit asked for.
    set_aside
        Files of the store that could not be read, and why.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> comparison = bs.compare(["reference", "ho2024/07"], bs.load_evaluations())  # doctest: +SKIP
    >>> comparison.table[["elpd", "elpd_diff", "dse", "converged"]]  # doctest: +SKIP
    >>> comparison.tied, comparison.weights  # doctest: +SKIP
    >>> comparison.averaged_doubling_times("pseudo_bma").loc["compute"]  # doctest: +SKIP
    >>> bs.credible_intervals(comparison.average(bs.shapley_attribution))  # doctest: +SKIP
    """

    table: pd.DataFrame
    unit: str
    evaluations: EvaluationsSummary
    scores: Mapping[str, Elpd]
    fits: Mapping[str, Fit]
    settings: Settings | None = None
    seed: int | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    set_aside: tuple[tuple[str, str], ...] = ()

    @property
    def weights(self) -> pd.DataFrame:
        """Weights of the variants that converged, largest stacking weight first.

        Returns
        -------
        DataFrame
            By variant: ``stacking`` (weights of the best mixture of predictions; near-ties get 0 and 1, so a weight
            of 0 beside a tie is no verdict) and ``pseudo_bma`` (pseudo-BMA+, smooth in the differences).
        """
        table = self.table[self.table["converged"]]
        weights = table[["weight", "weight_pseudo_bma"]].set_axis(list(METHODS), axis=1)
        return weights.sort_values("stacking", ascending=False, kind="stable")

    @property
    def tied(self) -> tuple[str, ...]:
        """Variants that these data can't tell from the best: within two standard errors, or 4 nats."""
        table = self.table[self.table["converged"]]
        close = (-table["elpd_diff"] <= 2 * table["dse"]) | (-table["elpd_diff"] < TIE_NATS)
        return tuple(map(str, table.index[close]))

    def averaged_doubling_times(
        self, weights: str = "stacking", *, probability: float = INTERVAL_PROBABILITY
    ) -> pd.DataFrame:
        r"""Doubling times over all models that converged, each with its weight.

        .. math:: p(g) = \sum_m w_m\, p_m(g \mid y), \qquad T = 12 \ln 2 / g

        Parameters
        ----------
        weights
            ``"stacking"`` or ``"pseudo_bma"``.
        probability
            Of the interval.

        Returns
        -------
        DataFrame
            As :func:`bayes_scaling.doubling_times`, with ``weight_defined``: the weight of models whose law has the
            factor (a law of compute alone has no rate of parameters), over which the row averages. Rates are
            averaged, not doubling times; a model without progress counts as a rate of 0.

        Raises
        ------
        BayesScalingError
            For unknown weights, a probability outside (0, 1), or if nothing converged.

        Notes
        -----
        Source of the weights: Yao, Vehtari, Simpson and Gelman 2018.

        """
        check_probability(probability)
        self._check_averaging(weights)
        shares, rows = self.weights[weights], {}
        used = shares[shares > 0]
        for factor, rate in RATE_OF.items():
            found = ((pooled_rate(self.fits[str(name)], rate), share) for name, share in used.items())
            rows[factor] = _summary([(draws, share) for draws, share in found if draws is not None], probability)
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.attrs = {"unit": "months", "weights": weights, "interval": interval_attrs(probability)}
        return table

    def average(
        self, quantity: Callable[[Fit], xr.DataArray], *, weights: str = "stacking", draws: int = 4000, seed: int = 0
    ) -> xr.DataArray:
        r"""Average any quantity over all models that converged, each with its weight.

        .. math:: p(q) = \sum_m w_m\, p_m(q \mid y)

        Parameters
        ----------
        quantity
            A function of a fit such as :func:`bayes_scaling.shapley_attribution`.
        weights
            ``"stacking"`` or ``"pseudo_bma"``.
        draws, seed
            How many draws of the mixture, and which.

        Returns
        -------
        DataArray
            One chain of draws; :func:`bayes_scaling.credible_intervals` summarises it.

        Raises
        ------
        BayesScalingError
            For unknown weights, if nothing converged, or if a model with a weight does not define the quantity.
        """
        self._check_averaging(weights)
        shares = {str(name): float(share) for name, share in self.weights[weights].items()}
        return averaged_draws(self.fits, shares, quantity, draws=draws, seed=seed)

    def _check_averaging(self, weights: str) -> None:
        require_choice("weights", weights, METHODS)
        if not self.fits:
            raise BayesScalingError("no variant has converged, so there is nothing to average; see table['reason']")


def _summary(found: list[tuple[Floats, float]], probability: float) -> dict[str, float]:
    names = ("median", "lower", "upper", "probability_of_progress")
    if not found:
        return dict.fromkeys(names, float("nan")) | {"weight_defined": 0.0}
    rates = np.concatenate([draws for draws, _ in found])
    shares = np.concatenate([np.full(len(draws), share / len(draws)) for draws, share in found])
    middle, low, high = interval_points(probability)
    quantiles = np.quantile(rates, [middle, high, low], weights=shares, method="inverted_cdf")
    progress = float(shares[rates > 0].sum() / shares.sum())
    answers = dict(zip(names, [*map(float, months_to_double(quantiles)), progress], strict=True))
    return answers | {"weight_defined": float(shares.sum())}


def comparison_table(records: Mapping[str, Record]) -> pd.DataFrame:
    """One row a variant, from records by name; ranks and weights among those that converged."""
    check_comparable({name: record.elpd for name, record in records.items()})
    table = pd.DataFrame.from_dict({name: record.row for name, record in records.items()}, orient="index")
    good = {name: record.elpd for name, record in records.items() if record.diagnostics.converged}
    if good:
        table = table.join(ranked(good))
    table = table.reindex(columns=list(COLUMNS)).astype(dict(COLUMNS))
    order = table.assign(missing=table["rank"].isna(), worse=-table["elpd"])
    return table.loc[order.sort_values(["missing", "rank", "worse"], kind="stable").index].rename_axis("name")


def weighted(table: pd.DataFrame) -> list[str]:
    """Variants with a weight of either kind, whose fits averages need."""
    return list(map(str, table.index[table[["weight", "weight_pseudo_bma"]].fillna(0).sum(axis=1) > 0]))


MISCOMPUTED = "ho2024/18"  # its published errors come from a bug in its prediction, and are left out of correlations


def against_published(comparison: Comparison) -> pd.DataFrame:
    """Variants of ``ho2024/01`` to ``20`` beside the published errors (Ho et al. 2024, Table 11, 184 of 231 rows).

    ``attrs``: Spearman's rank correlations with the published order (NaN for fewer than three rows), without model 18.
    """
    published = {
        (model, STATED if delta == 0 else f"delta={delta:g}"): value
        for model, values in HO2024_CROSS_VALIDATION.items()
        for delta, value in zip(HO2024_DELTAS, values, strict=True)
    }
    table = comparison.table[comparison.table["converged"]]
    keys = zip(table["model"], table["variant"], strict=True)
    found = table.assign(published_mse=[published.get(key, float("nan")) for key in keys])
    found = found[["model", "variant", "elpd", "loo_mse", "published_mse"]].dropna(subset="published_mse")
    shown = found.assign(
        rank=found["elpd"].rank(ascending=False),
        mse_rank=found["loo_mse"].rank(),
        published_rank=found["published_mse"].rank(),
    )
    sound = shown[shown["model"] != MISCOMPUTED]
    for name, ours in (("elpd", -sound["elpd"]), ("loo_mse", sound["loo_mse"])):
        enough = len(sound) > 2
        shown.attrs[f"spearman_{name}"] = float(spearmanr(ours, sound["published_mse"])[0]) if enough else float("nan")
    return shown


def by_priors(moving: pd.DataFrame, tied: Collection[str]) -> pd.DataFrame:
    """Medians by priors, those with the most variants that can't be told from the best first; of one kind nothing."""
    groups, column = moving.assign(tied=moving.index.isin(tied)).groupby("variant", sort=False), TIMES[0]
    found = groups.agg(
        variants=(column, "size"),
        tied=("tied", "sum"),
        shortest=(column, "min"),
        middle=(column, lambda medians: medians.quantile(interpolation="higher")),
        longest=(column, "max"),
    )
    return found.sort_values("tied", ascending=False, kind="stable") if len(found) > 1 else found.head(0)


def terms_of(comparison: Comparison) -> pd.DataFrame:
    """Of each variant, how the terms of its elpd were found."""
    counts = {
        name: {"found": score.uneven, "matched": score.count("moment_matching"), "refitted": score.count("refit")}
        | {"units": len(score.labels), "converged": not score.bad}
        for name, score in comparison.scores.items()
    }
    return comparison.table[["pareto_k_max", "pareto_k_bad"]].join(pd.DataFrame.from_dict(counts, orient="index"))


def specifications_of(comparison: Comparison) -> dict[str, Specification]:
    """One specification a model: as fitted, with its stated priors if these were; else that of the catalogue."""
    table, known = comparison.table, list_specifications()
    kept = table[table.index.isin(list(comparison.fits))]
    stated_first = kept.sort_values("variant", key=lambda label: label != STATED, kind="stable")
    first = stated_first.drop_duplicates("model")["model"]
    fitted = {model: comparison.fits[str(name)] for name, model in first.items()}
    return {
        model: fitted[model].specification if model in fitted else load_specification(model)
        for model in table["model"].unique()
        if model in fitted or model in known
    }
