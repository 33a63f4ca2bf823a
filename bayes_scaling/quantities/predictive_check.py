"""Does a fitted model look like what it was fitted to? LOO-PIT, residuals by group, and the tails."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from scipy import stats
from xarray import Dataset

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.data import UNITS, rows_of
from bayes_scaling.inference.leaving_out import left_out
from bayes_scaling.inference.likelihood import blocks, draws_of, expected_losses, of_units, on_scale, scales, sum_by
from bayes_scaling.inference.result import AnyFit, EvaluationsSummary, Fit, require_fit
from bayes_scaling.inference.settings import whole_number
from bayes_scaling.inference.simulation import simulated_rows, with_noise
from bayes_scaling.model.rows import Rows
from bayes_scaling.quantities.rates import interval_points
from bayes_scaling.quantities.uniformity import Curve, uniform_curve
from bayes_scaling.specifications.noise import effects_given, normal
from bayes_scaling.specifications.specification import Specification


def _chosen(fit: Fit, replicates: int) -> tuple[dict[str, Floats], int]:
    """At most so many draws of all chains, evenly spaced, and how many they are."""
    values = draws_of(fit.specification, fit.data)
    count = len(next(iter(values.values())))
    places = np.unique(np.linspace(0, count - 1, min(replicates, count)).astype(np.int64))
    return {name: each[places] for name, each in values.items()}, len(places)


def observed_residuals(fit: Fit, rows: Rows, replicates: int) -> Iterator[Floats]:
    """Standardised residuals of what was observed under all draws, a block of rows at a time."""
    values, count = _chosen(fit, replicates)
    for some in blocks(len(rows.ids), count):
        part = rows.take(np.arange(some.start, some.stop))
        yield _residual(fit.specification, part, values, expected_losses(fit.specification, part, values))


def standardised(fit: Fit, rows: Rows, replicates: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Residuals of rows and replicates (same papers, new effects) in units of the noise, a block of draws at a time."""
    specification, rng = fit.specification, np.random.default_rng(seed)
    generators = rng.spawn(len(specification.noise.effects) + 1)
    drawn, count = _chosen(fit, replicates)
    for some in blocks(count, len(rows.ids)):
        values = {name: each[some] for name, each in drawn.items()}
        expected = expected_losses(specification, rows, values)
        replicated = simulated_rows(specification, rows, values, rng, generators)
        yield _residual(specification, rows, values, expected), _residual(specification, replicated, values, expected)


def _residual(specification: Specification, rows: Rows, values: Mapping[str, Floats], expected: Floats) -> Floats:
    # As a ratio: a replicate far in the tails leaves nothing of what is expected in their difference.
    on_log = specification.noise.on_log
    residual = np.log(rows.response / expected) if on_log else rows.response - expected
    shared = sum(values[tau] ** 2 for _, tau in specification.noise.effects)
    return np.asarray(residual / np.sqrt(scales(specification, rows, values) ** 2 + shared))


OfDraws = Callable[[Callable[[Floats], Floats]], tuple[Floats, Floats]]
"""From a statistic of residuals of shape ``(draws, n)`` to what it is of the observed and the replicated ones."""

REPLICATES = 4000
"""Replicated tables at most: few enough to be quick, and enough for the small probabilities that many groups need."""
LEAST_REPLICATES = 100
FALSE_DISCOVERIES = 0.05  # share of flagged groups that may be false (Benjamini and Hochberg), for each way of grouping
_BEYOND = 2.0
_POINTS = interval_points()


@dataclass(frozen=True, eq=False)
class PredictiveCheck:
    """How a posterior's predictions compare with the rows that were fitted.

    Parameters
    ----------
    specification
        Name of what was fitted.
    evaluations
        To which table.
    converged
        Whether the chains agreed; if not, nothing here is to be relied on.
    unit
        What LOO-PIT leaves out: ``"evaluation"``, or ``"paper"`` or another cluster, whose evaluations are then
        predicted in their order.
    good_k
        Pareto k above which a PIT value is not to be trusted.
    pit
        Indexed by row id: ``pit``, ``pareto_k``.
    curve
        Of the PIT values: their empirical distribution less the uniform one, with a simultaneous 95% band.
    residuals
        Indexed by row id: what is known of the row (``system``, ``paper``, ``year``, ``benchmark``, ``architecture``);
        ``residual``, the posterior mean of the standardised residual, with its 95% equal-tailed interval ``lower``,
        ``upper`` (units of the noise).
    groups
        Indexed by ``by`` and ``group``: ``rows``; ``mean`` standardised residual, posterior mean with 95% equal-tailed
        interval ``lower``, ``upper``; ``expected_lower``, ``expected_upper``, between which 95% of replicated means
        lie; ``p`` (two-sided posterior predictive probability), ``p_adjusted`` (Benjamini and Hochberg over the groups
        of one kind) and ``flagged``, at most 0.05.
    tails
        Indexed by statistic of the standardised residuals: ``observed`` (posterior mean), ``replicated`` (median) with
        ``replicated_lower``, ``replicated_upper`` (95% equal-tailed), ``p`` (share of replicated ones at least as
        large), ``where`` (the row, for largest and smallest).
    replicates
        Number of replicated tables.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> check = bs.predictive_check(bs.load_fit("runs/mine"))  # doctest: +SKIP
    >>> check.flagged  # doctest: +SKIP
    """

    specification: str
    evaluations: EvaluationsSummary
    converged: bool
    unit: str
    good_k: float
    pit: pd.DataFrame
    curve: Curve
    residuals: pd.DataFrame
    groups: pd.DataFrame
    tails: pd.DataFrame
    replicates: int

    @property
    def pareto_k_bad(self) -> int:
        """PIT values that are not to be trusted."""
        return int((~(self.pit["pareto_k"] <= self.good_k)).sum())

    @property
    def flagged(self) -> pd.DataFrame:
        """Groups whose residuals are not what the model expects."""
        return self.groups[self.groups["flagged"]]


def predictive_check(fit: AnyFit, *, replicates: int = REPLICATES, seed: int = 0) -> PredictiveCheck:
    r"""Compare a posterior's predictions with the rows that were fitted.

    .. math:: \mathrm{PIT}_i = \Pr(\tilde y_i \le y_i \mid y_{-i}), \qquad
        p = \Pr\left(T(\tilde y, \theta) \ge T(y, \theta) \mid y\right)

    Parameters
    ----------
    fit
        Of evaluations or of training runs, converged or not (see ``converged`` of the result).
    replicates
        Replicated tables at most, at least 100; each is of one draw of the posterior.
    seed
        Of the replicated noise.

    Returns
    -------
    PredictiveCheck
        Groups are by ``year``, ``benchmark``, ``architecture`` and ``paper``, those that the table has; of training
        runs by ``series``, if they have some; and by the column of ``[noise] cluster`` in the place of the last.

    Raises
    ------
    BayesScalingError
        If ``replicates`` is too small, ``seed`` is none, or the fit has a single row.

    Notes
    -----
    Posterior predictive probabilities use the data twice: they lie closer to 0.5 than uniform ones do, so that
    a flag says more than its level and no flag says less. LOO-PIT does not use the data twice. Its band is for
    independent values, which those of evaluations of one paper are with normal noise only, by the order in which they
    are predicted; with Student-t noise and paper effects the band is too narrow.

    Sources: Gelman, Meng and Stern 1996 (replicated discrepancies); Gelfand, Dey and Chang 1992 (LOO-PIT);
    Säilynoja, Bürkner and Vehtari 2022 (band); Benjamini and Hochberg 1995.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> check = bs.predictive_check(bs.load_fit("runs/reference"))  # doctest: +SKIP
    >>> check.curve.inside, list(check.flagged.index)  # doctest: +SKIP
    """
    fit = require_fit(fit)
    replicates, seed = whole_number("replicates", replicates, LEAST_REPLICATES), whole_number("seed", seed, 0)
    rows = rows_of(fit.data, fit.specification)
    if len(rows.ids) < 2:
        raise BayesScalingError("a check needs at least two rows, and the fit has one; fit a longer table")
    mean, *interval = np.hstack([*map(_mean_and_interval, observed_residuals(fit, rows, replicates))])

    def of_draws(statistic: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
        """What is observed and what is replicated, of each draw."""
        found = [[statistic(each) for each in pair] for pair in standardised(fit, rows, replicates, seed)]
        observed, replicated = map(np.concatenate, zip(*found, strict=True))
        return observed, replicated

    pit, good_k = loo_pit(fit, rows, seed)
    known = _known(fit)
    _, replicates = _chosen(fit, replicates)
    return PredictiveCheck(
        specification=fit.specification.name,
        evaluations=fit.evaluations,
        converged=fit.diagnostics.converged,
        unit=(*fit.specification.noise.clusters, UNITS[0])[0],
        good_k=good_k,
        pit=pit,
        curve=uniform_curve(pit["pit"].to_numpy()),
        residuals=known.assign(residual=mean, lower=interval[0], upper=interval[1]),
        groups=_groups(_groupings(fit, known), of_draws, replicates),
        tails=_tails(of_draws, mean, rows.ids),
        replicates=replicates,
    )


def _known(fit: Fit) -> pd.DataFrame:
    constant: Dataset = fit.data["constant_data"].to_dataset()
    columns = ("system", "paper", "year", "benchmark", "architecture", "parameters", "tokens")
    ids = pd.Index(list(map(str, constant["evaluation"].to_numpy())), name="id")
    return pd.DataFrame({name: constant[name].to_numpy() for name in columns if name in constant}, index=ids)


def _groupings(fit: Fit, known: pd.DataFrame) -> dict[str, pd.Series]:
    """Ways of grouping the rows that the table allows."""
    runs, clusters = fit.evaluations.kind == "runs", fit.specification.noise.clusters
    found = {}
    if not runs:
        year = np.floor(known["year"]).astype(int)
        found = {"year": year} | {name: known[name] for name in ("benchmark", "architecture")}
    papers = "series" if runs else "paper"
    found[papers if clusters[:1] in ((), ("paper",)) else clusters[0]] = known["paper"]
    return {by: column.astype(str) for by, column in found.items() if column.nunique() < len(column)}


def _groups(groupings: dict[str, pd.Series], of_draws: OfDraws, draws: int) -> pd.DataFrame:
    parts = {by: _by_group(labels, of_draws, draws) for by, labels in groupings.items()}
    if not parts:
        columns = [*_COLUMNS, "p", "p_adjusted", "flagged"]
        empty = pd.MultiIndex.from_arrays([[], []], names=["by", "group"])
        return pd.DataFrame(columns=columns, index=empty).astype({"flagged": bool})
    return pd.concat(parts, names=["by", "group"])


_COLUMNS = ("rows", "mean", "lower", "upper", "expected_lower", "expected_upper")


def _by_group(labels: pd.Series, of_draws: OfDraws, draws: int) -> pd.DataFrame:
    codes, names = pd.factorize(labels, sort=True)
    size, parts = np.bincount(codes), []
    for some in blocks(len(names), draws):  # there may be as many as half the rows
        count = some.stop - some.start
        own = np.where((codes >= some.start) & (codes < some.stop), codes - some.start, count)
        mean, expected = (sums[:, :count] / size[some] for sums in of_draws(partial(sum_by, codes=own)))
        at_least = _at_least(mean, expected)
        p = np.minimum(1.0, 2 * np.minimum(at_least, _at_least(-mean, -expected)))
        parts.append(np.vstack([*_mean_and_interval(mean), *_mean_and_interval(expected)[1:], p]))
    table = pd.DataFrame(np.hstack(parts).T, index=pd.Index(names, name="group"), columns=[*_COLUMNS[1:], "p"])
    table.insert(0, "rows", size)
    adjusted = stats.false_discovery_control(table["p"])
    return table.assign(p_adjusted=adjusted, flagged=adjusted <= FALSE_DISCOVERIES)


def _tails(of_draws: OfDraws, mean: Floats, ids: tuple[str, ...]) -> pd.DataFrame:
    statistics: dict[str, Callable[[Floats], Floats]] = {
        "largest": lambda r: r.max(axis=1),
        "smallest": lambda r: r.min(axis=1),
        "largest in size": lambda r: np.abs(r).max(axis=1),
        f"share beyond {_BEYOND:g}": lambda r: (np.abs(r) > _BEYOND).mean(axis=1),
        "standard deviation": lambda r: r.std(axis=1),
    }
    every = of_draws(lambda each: np.column_stack([statistic(each) for statistic in statistics.values()]))
    where = {"largest": mean.argmax(), "smallest": mean.argmin(), "largest in size": np.abs(mean).argmax()}
    rows = {}
    for name, found, expected in zip(statistics, *(each.T for each in every), strict=True):
        median, lower, upper = np.quantile(expected, _POINTS)
        rows[name] = {
            "observed": found.mean(),
            "replicated": median,
            "replicated_lower": lower,
            "replicated_upper": upper,
            "p": float(_at_least(found[:, None], expected[:, None])[0]),
            "where": ids[int(where[name])] if name in where else "",
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("statistic")


def _at_least(observed: Floats, replicated: Floats) -> Floats:
    """Share of replicated values at least as large; never 0, which no finite number of them can show."""
    return np.asarray((1 + (replicated >= observed).sum(axis=0)) / (1 + len(replicated)))


def _mean_and_interval(draws: Floats) -> Floats:
    """Mean, lower and upper end over draws, shape ``(3, n)``."""
    return np.vstack([draws.mean(axis=0), np.quantile(draws, _POINTS[1:], axis=0)])


def loo_pit(fit: Fit, rows: Rows, seed: int) -> tuple[pd.DataFrame, float]:
    """PIT of each loss given all others, by Pareto-smoothed importance sampling; ``pareto_k``, and its threshold."""
    specification, rng = fit.specification, np.random.default_rng(seed)
    unit = UNITS[specification.noise.cluster != "none"]
    values = draws_of(specification, fit.data)
    table = pd.DataFrame(np.nan, index=pd.Index(rows.ids, name="id"), columns=["pit", "pareto_k"])
    for left in left_out(fit, unit):
        for at, units in left.of_rows(rows):
            weights = left.log_weights[:, units]
            expected = expected_losses(specification, rows.take(at), values)
            # Of the rows of a paper that is left out each is predicted given those before it: only such values of
            # correlated losses are independent and uniform if the model is right (Rosenblatt 1952).
            if unit == UNITS[1] and specification.noise.kind.in_closed_form:
                given = (specification, rows, values, UNITS[0], at)
                mean, scale, density, *known = (of_units(partial(_given_before, part), *given) for part in range(5))
                scale = scale * specification.noise.kind.stretch(values, rng, expected.shape, known)
                weights, noise = weights + density, mean + scale * rng.standard_normal(expected.shape)
                drawn = specification.noise.added(expected, noise)
            else:
                sigma = scales(specification, rows.take(at), values)
                drawn = with_noise(specification, values, expected, sigma, rng)
            observed = rows.response[at]
            below = array_stats.loo_pit(drawn.T, observed, weights.T, chain_axis=None, random_state=seed)
            table.iloc[at, 0], table.iloc[at, 1] = np.asarray(below), np.asarray(left.loo.pareto_k)[units]
    return table, float(left.loo.good_k)


def _given_before(
    part: int, specification: Specification, rows: Rows, values: Mapping[str, Floats], residual: Floats
) -> Floats:
    r"""Of the noise of each row given the rows of its paper before it: ``part`` 0 mean, 1 deviation, 2 log density.

    And of these rows themselves: 2 their log density, 3 their squared distance, 4 their number.

    .. math:: \frac{\tau^2}{1 + W_i \tau^2} \sum_{j < i} \frac{r_j}{\sigma_j^2}, \qquad
        \sigma_i^2 + \frac{\tau^2}{1 + W_i \tau^2}, \qquad W_i = \sum_{j < i} \sigma_j^{-2}

    of one cluster, and so on outwards as in :func:`bayes_scaling.specifications.noise.shared_effects`.
    """
    residual, _ = on_scale(specification, rows, residual)
    sigma = np.broadcast_to(scales(specification, rows, values), residual.shape)
    own, passes = (residual / sigma**2, sigma**-2.0), []  # what each row adds to the sums of its cluster
    for group, tau in reversed(specification.noise.effects):
        square = values[tau] ** 2
        total, weight = (_before(rows.index[group], each) for each in own)
        shrunk, then = 1 + weight * square, 1 + (weight + own[1]) * square
        passes.append((square, total, shrunk))
        own = ((total + own[0]) / then - total / shrunk, (weight + own[1]) / then - weight / shrunk)
    mean, variance = effects_given(passes)
    scale = np.sqrt(sigma**2 + variance)
    if part < 2:
        return np.asarray((mean, scale)[part])
    away, papers = (residual - mean) / scale, rows.index["paper"]
    distance, count = _before(papers, away**2), _before(papers, np.ones_like(away))
    density = _before(papers, np.asarray(normal(residual - mean, scale)))
    density = density + specification.noise.kind.heavier(distance, count, values)
    return (np.asarray(density), distance, count)[part - 2]


def _before(codes: Integers, values: Floats) -> Floats:
    """Sum over the rows of its cluster that stand before each row."""
    return np.asarray(pd.DataFrame(values.T).groupby(codes).cumsum().to_numpy().T - values)
