"""The leave-one-out cross-validation of Ho et al. 2024, repeated as published, and with each fold's minimum."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import OptimizeResult

from bayes_scaling.classical.estimates import converged_search, converged_searches, lowest, published_search
from bayes_scaling.classical.objective import PUBLISHED_DELTA, Objective
from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError, EvaluationsError, require_choice
from bayes_scaling.inference.threads import one_thread
from bayes_scaling.law.published import HO2024_CROSS_VALIDATION as HO2024_CROSS_VALIDATION
from bayes_scaling.law.published import HO2024_DELTAS as HO2024_DELTAS
from bayes_scaling.model.structure import expected_loss
from bayes_scaling.specifications.catalogue import load_specification, resolve
from bayes_scaling.specifications.specification import Specification

CROSS_VALIDATION_METHODS = ("published", "converged")
"""How each fold is estimated."""

HO2024_VOCABULARY = {"wt103": 268_000.0, "wt2": 33_278.0, "ptb": 10_000.0}
"""What the paper takes a missing vocabulary to be, by benchmark, in tokens."""

_HO2024_ROWS = 231
_VALIDATION_SHARE = 0.2
_SPLIT_SEED = 1
_DIGITS = 5  # decimals of the published table
_COMPUTE_SPECIFICATION = "ho2024/18"
_MARGIN = 2e-3  # local minima of the whole sample this far above the lowest may be the lowest once a row is left out
_MOST_MINIMA = 4
_SAME = 1e-8


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Predictions of each row by coefficients estimated on all others.

    Parameters
    ----------
    specification
        Name of the specification.
    delta
        Penalty strength, squared nats per token for each unit of a coefficient.
    method
        ``"published"`` or ``"converged"``.
    observed, predicted
        Log perplexities by row id, nats per token.
    coefficients
        Of the fold that leaves a row out: one row for each row id, one column for each of the paper's coefficients.
    failed
        Folds in which the optimiser reported no success. Their predictions count, as they did in the paper.

    Examples
    --------
    >>> from bayes_scaling import load_evaluations, load_specification
    >>> found = leave_one_out(load_specification("ho2024/07"), load_evaluations())  # doctest: +SKIP
    >>> found.mse, found.r2, found.failed  # doctest: +SKIP
    """

    specification: str
    delta: float
    method: str
    observed: pd.Series
    predicted: pd.Series
    coefficients: pd.DataFrame
    failed: int

    @property
    def squared_errors(self) -> pd.Series:
        """Squared errors by row id, squared nats per token."""
        return (self.observed - self.predicted) ** 2

    @property
    def mse(self) -> float:
        """Mean squared error, squared nats per token."""
        return float(self.squared_errors.mean())

    @property
    def r2(self) -> float:
        """Share of the variance of log perplexities that the predictions explain.

        Negative where they do worse than the mean; NaN where all log perplexities are equal.
        """
        spread = float(((self.observed - self.observed.mean()) ** 2).sum())
        return 1 - float(self.squared_errors.sum()) / spread if spread > 0 else math.nan


def published_split(evaluations: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a table as the paper does before its cross-validation.

    What scikit-learn's ``train_test_split(evaluations, test_size=0.2, random_state=1)`` gives: a fifth of the rows,
    rounded up, from the front of a permutation with seed 1.

    Parameters
    ----------
    evaluations
        A table; the paper's split is of ``load_evaluations("ho2024")`` in the order of its rows.

    Returns
    -------
    cross_validation : DataFrame
        Rows for :func:`leave_one_out`, in the order in which the paper leaves them out.
    validation : DataFrame
        The others.

    Raises
    ------
    EvaluationsError
        If the table has fewer than two rows.

    Notes
    -----
    Source: the authors' notebook `cross-validation` (Ho et al. 2024, arXiv 2403.05812).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> rows, validation = published_split(bs.load_evaluations("ho2024"))
    >>> len(rows), len(validation), rows.index[0]
    (184, 47, 'ho2024-095')
    """
    _require_rows(evaluations)
    shuffled = np.random.RandomState(_SPLIT_SEED).permutation(len(evaluations))
    held_back = math.ceil(_VALIDATION_SHARE * len(evaluations))
    return evaluations.iloc[shuffled[held_back:]], evaluations.iloc[shuffled[:held_back]]


def fill_published_vocabulary(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Give rows without a vocabulary the one that the paper takes for their benchmark.

    (Model 19 otherwise takes the median of the benchmark's rows.)

    Parameters
    ----------
    evaluations
        With the columns ``benchmark`` and ``vocabulary``.

    Returns
    -------
    DataFrame
        A copy; vocabularies in tokens.

    Raises
    ------
    EvaluationsError
        If a column is missing, or a row without a vocabulary has another benchmark.

    Notes
    -----
    Source: the authors' notebook `cross-validation` (Ho et al. 2024, arXiv 2403.05812).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> filled = fill_published_vocabulary(bs.load_evaluations("ho2024"))
    >>> int(filled["vocabulary"].isna().sum())
    0
    """
    missing = [column for column in ("benchmark", "vocabulary") if column not in evaluations]
    if missing:
        raise EvaluationsError(f"the table lacks the column {', '.join(missing)}; add it, empty where not known")
    by_benchmark = evaluations["benchmark"].map(HO2024_VOCABULARY).astype(float)
    filled = evaluations["vocabulary"].astype(float).fillna(by_benchmark)
    if filled.isna().any():
        row = filled.index[filled.isna()][0]
        raise EvaluationsError(
            f"row {row!r} has no vocabulary and benchmark {evaluations['benchmark'][row]!r}, for which the paper has "
            f"none either; it has: {', '.join(HO2024_VOCABULARY)}"
        )
    return evaluations.assign(vocabulary=filled)


def leave_one_out(
    specification: Specification | str | Path,
    evaluations: pd.DataFrame,
    delta: float = PUBLISHED_DELTA,
    *,
    method: str = "published",
    own_compute_constant: bool = False,
) -> CrossValidation:
    r"""Predict each row by coefficients estimated on all others.

    .. math:: \hat\theta_{-i} = \arg\min_\theta\; \frac1{n-1} \sum_{j \ne i}
        \left(\ln \mathrm{ppl}_j - L_j(\theta)\right)^2 + \delta \sum_k |\theta_k|

    Parameters
    ----------
    specification, evaluations, delta
        As for :func:`published_estimate`. N0, D0 and Y0 stay those of the whole table.
    method
        ``"published"``: as in the paper, SLSQP with SciPy's default tolerance and numerical gradient, from zeros
        for the first row and then, in the order of the rows, from where the fold before ended, which may be far
        from the minimum. ``"converged"``: each fold's minimum, searched as by :func:`converged_estimate` from the
        lowest minima of the whole table.
    own_compute_constant
        Under law ``compute`` alone (model 18), repeat a slip of the published code: the constant C0 is the least
        compute of whatever rows the law is given. Of one held-out row that is its own compute, so that its
        :math:`\ln(C / C_0)` is 0 and every system is predicted to be as bad as the smallest one. By default C0 is
        that of the whole table.

    Returns
    -------
    CrossValidation
        Predictions in nats per token, squared errors in squared nats per token.

    Raises
    ------
    BayesScalingError
        If the method is unknown, ``own_compute_constant`` is asked of another law, delta is negative, the
        specification carries a delta, or the table has fewer than two rows or lacks something.

    Notes
    -----
    The published cross-validation is on the first part of :func:`published_split`, and rounding decides part of its
    digits (:func:`published_cross_validation_table`). ``"converged"`` does not depend on it. There, a fold whose
    minimum is near none of the whole table's lowest four can be missed: of 166 folds of 14 cells, searched as by
    :func:`converged_estimate` from all its starts, one was lower so (by 1e-4: model 13, delta .001, the first row).

    Source: the authors' notebook `cross-validation` (Ho et al. 2024, arXiv 2403.05812, section 3).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> rows, _ = published_split(bs.load_evaluations("ho2024"))
    >>> found = leave_one_out(bs.load_specification("ho2024/07"), rows, 0.0)
    >>> round(found.mse, 4), round(found.r2, 3)
    (0.0505, 0.907)
    """
    require_choice("method", method, CROSS_VALIDATION_METHODS)
    specification = resolve(specification)
    if own_compute_constant and not specification.form.of_compute:
        raise BayesScalingError(
            f"own_compute_constant applies to law 'compute' alone, and '{specification.name}' has law "
            f"{specification.law!r}; leave it out, or load {_COMPUTE_SPECIFICATION}"
        )
    _require_rows(evaluations)
    objective = Objective.of(specification, evaluations, delta)
    found: list[tuple[OptimizeResult, float]] = []
    with one_thread():
        starts = [] if method == "published" else _distinct(converged_searches(objective))
        for training, held_out in _folds(objective, own_compute_constant):
            if method == "published":
                search = published_search(training, found[-1][0].x if found else None)
            else:
                search = lowest(converged_search(training, start) for start in starts)
            found.append((search, _predicted(held_out, search.x)))
    ids = evaluations.index
    return CrossValidation(
        specification=specification.name,
        delta=objective.delta,
        method=method,
        observed=pd.Series(objective.rows.response, index=ids, name="observed"),
        predicted=pd.Series([predicted for _, predicted in found], index=ids, name="predicted"),
        coefficients=pd.DataFrame(
            [search.x for search, _ in found], index=ids, columns=list(objective.names), dtype=float
        ),
        failed=sum(not search.success for search, _ in found),
    )


def published_cross_validation_table(
    evaluations: pd.DataFrame,
    *,
    specifications: Sequence[str] = tuple(HO2024_CROSS_VALIDATION),
    deltas: Sequence[float] = HO2024_DELTAS,
    converged: bool = False,
    progress: Callable[[str, float], None] | None = None,
) -> pd.DataFrame:
    """Repeat the published cross-validation and compare it with the printed table.

    Splits the table (:func:`published_split`), fills vocabularies (:func:`fill_published_vocabulary`) and leaves out
    one row at a time (:func:`leave_one_out`).

    Parameters
    ----------
    evaluations
        The paper's: ``load_evaluations("ho2024")``.
    specifications
        Names from :data:`HO2024_CROSS_VALIDATION`; by default all twenty (with all deltas, under a minute).
    deltas
        From :data:`HO2024_DELTAS`; by default all six.
    converged
        Add each cell with every fold at its minimum (ten minutes for all).
    progress
        Called with specification and delta before each cell.

    Returns
    -------
    DataFrame
        Index (specification, delta). Mean squared errors in squared nats per token: ``published`` as printed;
        ``repeated`` by the published procedure, for model 18 with its slip; ``difference`` of the two; ``matched``,
        whether they agree to the five decimals printed; ``corrected``, which is ``repeated`` without the slip;
        ``converged`` if asked for, without the slip. ``failed`` counts folds of ``corrected`` without success.

    Raises
    ------
    BayesScalingError
        If a specification or delta is not in the published table, or the table is not the paper's.

    Notes
    -----
    In models 1 to 19 every difference is one of rounding. On a flat ridge the published search stops early, each
    fold starts where the one before stopped, and the sixteenth digit of an exponential grows to as much as .001 in
    a cell: adding up the rows in another order moves cells as far as they differ here. With the SLSQP of SciPy
    before 1.16 (which translated it from Fortran to C), NumPy without AVX-512 and the order of operations of the
    authors' code, the same procedure gives all these 114 cells, and the first fold of each to sixteen digits. With
    the versions pinned here 36 match. So cells that differ by less than .001, as the paper's best ones do, do not
    tell models apart. Model 20 differs by its input: recovered epochs are not in every row those of the authors'
    run, and its first fold, which with a penalty does not depend on rounding, already ends elsewhere.

    Source: Ho et al. 2024 (arXiv 2403.05812), section 3, and the authors' notebook `cross-validation`.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> table = published_cross_validation_table(
    ...     bs.load_evaluations("ho2024"), specifications=["ho2024/18"], deltas=[0.0]
    ... )
    >>> table.loc["ho2024/18", ["published", "repeated", "corrected"]].round(4).to_numpy().tolist()
    [[0.7205, 0.7205, 0.0518]]
    """
    _choose_from("specification", specifications, tuple(HO2024_CROSS_VALIDATION))
    _choose_from("delta", deltas, HO2024_DELTAS)
    if len(evaluations) != _HO2024_ROWS:
        raise EvaluationsError(
            f"the published table is of the paper's {_HO2024_ROWS} evaluations, not of {len(evaluations)}; pass "
            'load_evaluations("ho2024"), or use leave_one_out on other rows'
        )
    rows, _ = published_split(fill_published_vocabulary(evaluations))
    cells = {}
    for name in specifications:
        specification = load_specification(name)
        for delta in deltas:
            if progress is not None:
                progress(name, delta)
            corrected = repeated = leave_one_out(specification, rows, delta)
            if name == _COMPUTE_SPECIFICATION:
                repeated = leave_one_out(specification, rows, delta, own_compute_constant=True)
            printed = HO2024_CROSS_VALIDATION[name][HO2024_DELTAS.index(delta)]
            cells[name, float(delta)] = {
                "published": printed,
                "repeated": repeated.mse,
                "difference": repeated.mse - printed,
                "matched": round(repeated.mse, _DIGITS) == printed,
                "corrected": corrected.mse,
                "failed": corrected.failed,
            } | ({"converged": leave_one_out(specification, rows, delta, method="converged").mse} if converged else {})
    table = pd.DataFrame(list(cells.values()), index=pd.MultiIndex.from_tuples(cells, names=["specification", "delta"]))
    table.attrs = {"unit": "squared nats per token"}
    return table


def _folds(objective: Objective, own_compute_constant: bool) -> Iterator[tuple[Objective, Objective]]:
    """The objective on all rows but one, and on that one."""
    positions = np.arange(len(objective.rows.ids))
    for held_out in range(len(positions)):
        fold = objective.on(np.delete(positions, held_out)), objective.on([held_out])
        yield (_at_least_compute(fold[0]), _at_least_compute(fold[1])) if own_compute_constant else fold


def _at_least_compute(objective: Objective) -> Objective:
    """The objective with coefficients at the least compute of its own rows."""
    log_compute = objective.rows.covariates["log_compute"]
    covariates = {**objective.rows.covariates, "log_compute": log_compute - log_compute.min()}
    return replace(objective, rows=replace(objective.rows, covariates=covariates))


def _distinct(searches: Sequence[OptimizeResult]) -> list[Floats]:
    """The lowest of the different minima that searches ended in."""
    ends: list[OptimizeResult] = []
    finite = [search for search in searches if math.isfinite(search.fun)]
    for search in sorted(finite, key=lambda search: search.fun):
        if not ends or ends[-1].fun + _SAME < search.fun <= ends[0].fun + _MARGIN:
            ends.append(search)
    return [search.x for search in ends[:_MOST_MINIMA]]


def _predicted(held_out: Objective, theta: Floats) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        losses = expected_loss(held_out.coefficients(theta), held_out.rows.covariates, held_out.rows.index)
    return float(np.squeeze(losses))


def _require_rows(evaluations: pd.DataFrame) -> None:
    if len(evaluations) < 2:
        raise EvaluationsError(
            f"the table has {len(evaluations)} row(s), and leaving one out needs at least 2; loosen the selection"
        )


def _choose_from(what: str, given: Sequence[object], choices: Sequence[object]) -> None:
    unknown = [value for value in given if value not in choices]
    if unknown:
        raise BayesScalingError(
            f"{what} {unknown[0]!r} is not in the published table; choose from: {', '.join(map(str, choices))}"
        )
