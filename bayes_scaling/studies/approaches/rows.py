"""Which runs share a budget of compute, and the arrays that quadratics are fitted to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import BayesScalingError, RunsError
from bayes_scaling.inference.result import Fit
from bayes_scaling.law.formula import training_compute
from bayes_scaling.model.requirements import require_above
from bayes_scaling.quantities.allocation import YEAR, split_laws
from bayes_scaling.quantities.domain import WITHIN

LEAST_MODELS = 3  # different sizes of model that a parabola needs
FOUND_MODELS = 6
"""Different sizes of model from which an interval of compute counts as a budget, where budgets are found from the rows:
with three or four any of them may be the outlier, and a budget then has several vertices that fit alike."""
LEAST_BUDGETS = 3  # budgets that a straight line through vertices needs to have any scatter
REACH = 0.2
"""Share of a loss above the lowest of its budget, up to which runs say where the minimum is: beyond, a law's curve goes
straight where a parabola bends, and a grid with a long side shifts its vertices towards the other."""
WIDEST = 2.0  # factor between the least and the most compute that a named series may have and still be a budget
COLUMNS = ("parameters", "tokens", "flop", "loss")
_NAMED = 5


@dataclass(frozen=True)
class Budgets:
    """Run id to its budget of compute (series, or FLOP), and to the reason why it belongs to none."""

    label: "pd.Series[str]"
    unused: "pd.Series[str]"


def budgets_of(runs: pd.DataFrame, *, within: float = WITHIN, least_models: int = FOUND_MODELS) -> Budgets:
    """Sort training runs into budgets of compute.

    A column ``series`` is taken at its word: each series is a budget, and rows without one are left out. Otherwise
    budgets are found: of all intervals of compute in which the most is at most ``1 + within`` times the least, the one
    with most runs (of equals, the narrowest) is a budget; its runs are taken out, and the search goes on until no
    interval has ``least_models`` different sizes of model. Within a budget each run keeps its own compute in the model
    (:func:`bayes_scaling.isoflop_profiles`), so a wider budget blurs less than where all count as equal.
    """
    if not isinstance(within, (int, float)) or isinstance(within, bool) or not 0 < within <= 1:
        raise RunsError(f"within must be a number above 0 and at most 1, not {within!r}; 0.1 is 10%")
    if not isinstance(least_models, int) or isinstance(least_models, bool) or least_models < LEAST_MODELS:
        raise RunsError(f"least_models must be a whole number of at least {LEAST_MODELS}, not {least_models!r}")
    missing = [name for name in COLUMNS if name not in runs]
    if missing:
        raise RunsError(f"the table has no column {missing[0]}; read it with `read_runs`, which fills in sizes")
    if not runs.index.is_unique:
        raise RunsError(f"run id {runs.index[runs.index.duplicated()][0]!r} stands twice; ids must be unique")
    for column in COLUMNS:
        require_above(runs[column], 0.0)
    named = "series" in runs and bool(runs["series"].notna().any())
    found = _by_series(runs) if named else _by_compute(runs, within, least_models)
    count = found.label.nunique()
    if count < LEAST_BUDGETS:
        has = ", ".join(found.label.unique()) or "none"
        models, wider = (LEAST_MODELS, "") if named else (least_models, "widen `within`, lower `least_models`, ")
        raise RunsError(
            f"profiles need at least {LEAST_BUDGETS} budgets of compute with {models} different models each, and this "
            f"table has {count} ({has}); add runs, {wider}or fit the law itself: models/chinchilla.toml"
        )
    return found


def _by_series(runs: pd.DataFrame) -> Budgets:
    series = runs["series"]
    label = series[series.notna()].astype(str)
    flop = runs.loc[label.index].groupby(label, sort=False)["flop"]
    wide = (ratio := flop.max() / flop.min())[ratio > WIDEST]
    if len(wide):
        raise RunsError(
            f"series {_names(wide.to_dict(), '{} spans a factor of {:.3g} in compute')}: a budget has one compute. If "
            "series are training curves, use `training_curves`; if they name anything else, drop the column"
        )
    sizes = runs.loc[label.index].groupby(label, sort=False)["parameters"].nunique()
    few = sizes[sizes < LEAST_MODELS]
    if len(few):
        raise RunsError(
            f"budget {_names(few.to_dict(), '{} has {} different sizes of model')}: a parabola needs {LEAST_MODELS}; "
            "drop those rows, or drop the column series to have budgets found from the compute of each run"
        )
    return Budgets(label, series[series.isna()].astype(object).fillna("no series").astype(str))


def _by_compute(runs: pd.DataFrame, within: float, least_models: int) -> Budgets:
    order = runs["flop"].sort_values(kind="stable").index
    log_flop, sizes = np.log(runs.loc[order, "flop"].to_numpy(float)), runs.loc[order, "parameters"].to_numpy(float)
    left = np.ones(len(order), dtype=bool)
    budgets: list[np.ndarray] = []
    while (best := _densest(log_flop, sizes, left, np.log1p(within), least_models)) is not None:
        budgets.append(best)
        left[best] = False
    label = pd.Series(index=runs.index, dtype=object)
    for rows in budgets:
        label[order[rows]] = np.exp(log_flop[rows].mean())
    values = sorted(label.dropna().unique())
    names = dict(zip(values, _labels(values), strict=True))
    reason = f"fewer than {least_models} different models within {within:.0%} of its compute"
    unused = label[label.isna()].index
    return Budgets(label.dropna().map(names).astype(str), pd.Series(reason, index=unused, dtype="str"))


def _densest(log_flop: np.ndarray, sizes: np.ndarray, left: np.ndarray, width: float, models: int) -> np.ndarray | None:
    """Rows of the interval with most runs that are left; None where none has enough different models."""
    rows = np.flatnonzero(left)
    ends = np.searchsorted(log_flop[rows], log_flop[rows] + width + 1e-12, side="right")
    count, spread = ends - np.arange(len(rows)), log_flop[rows[ends - 1]] - log_flop[rows]
    best_first = np.lexsort((spread, -count))
    windows = (rows[start : ends[start]] for start in best_first[count[best_first] >= models])
    return next((window for window in windows if len(np.unique(sizes[window])) >= models), None)


def _labels(values: list[float]) -> list[str]:
    """As few digits as tell the budgets apart, at least two."""
    for digits in range(2, 17):
        names = [f"{float(f'{value:.{digits - 1}e}'):g}" for value in values]
        if len(set(names)) == len(values):
            return names
    return [repr(value) for value in values]


def _names(faults: Mapping[object, float], sentence: str) -> str:
    named = "; ".join(sentence.format(name, value) for name, value in list(faults.items())[:_NAMED])
    more = len(faults) - _NAMED
    return named if more <= 0 else f"{named}; and {counted(more, 'other')}"


MOST_BUDGETS = 10


def fitted_runs(fit: Fit) -> pd.DataFrame:
    """Runs of the set levels of a static law's fit, by id: ``parameters, tokens, compute`` (FLOP), ``loss`` (nats)."""
    if not isinstance(fit, Fit):
        raise BayesScalingError(
            f"a fit to training runs is needed (bs.fit, bs.load_fit), not {type(fit).__name__}; published laws go "
            "beside it, as laws="
        )
    if fit.evaluations.kind != "runs":
        raise BayesScalingError(
            f"'{fit.specification.name}' was fitted to evaluations, which have dates and benchmarks, and this is a "
            "picture of training runs; fit a static law such as 'chinchilla' to runs (bs.read_runs, bs.fit)"
        )
    laws = split_laws(fit, YEAR)
    loss = fit.data["observed_data"]["loss"].to_series().set_axis(laws.systems.index)
    runs = laws.systems_at()[["parameters", "tokens"]].astype(float)
    return runs.assign(compute=training_compute(runs["parameters"], runs["tokens"]), loss=loss[runs.index])


def isoflop_budgets(runs: pd.DataFrame) -> Floats:
    """Rising budgets (FLOP) that most runs share, as :func:`bayes_scaling.isoflop_profiles` finds them; none if few."""
    try:
        label = budgets_of(runs.rename(columns={"compute": "flop"})).label
    except RunsError:
        return np.empty(0)
    shared = np.log(runs.loc[label.index, "compute"]).groupby(label)
    found = np.exp(shared.mean())[shared.size().nlargest(MOST_BUDGETS).index]
    return np.sort(found.to_numpy(float))


Size = Literal["parameters", "tokens"]
SIZES: tuple[Size, Size] = ("parameters", "tokens")

CURVE = "curve"  # column of a table of slices that names the training curve of each row
AGREEMENT = 1.05  # within a budget, C / (6 N D) may differ by this factor and still count as one number


@dataclass(frozen=True, eq=False)
class ProfileRows:
    """Runs by budget: arrays ``(n,)``, of budgets ``(K,)``; ``curve`` is None where runs are independent.

    ``edges`` are budgets whose lowest loss is at the edge of their grid: ``log_budget``, the ``side`` of the grid where
    the minimum is (-1: among the smallest), and ``bound``, the log size beyond which it can't be.
    """

    ids: tuple[str, ...]
    budgets: tuple[str, ...]
    budget: Integers
    curves: tuple[str, ...]
    curve: Integers | None
    log_size: Floats
    log_flop: Floats
    log_budget: Floats
    log_loss: Floats
    parameters: Floats
    tokens: Floats
    size: Size
    unused: "pd.Series[str]"
    edges: pd.DataFrame

    @property
    def beside_budget(self) -> Floats:
        """Logarithm of each run's compute over its budget's, shape ``(n,)``."""
        return self.log_flop - self.log_budget[self.budget]

    @property
    def one_product(self) -> bool:
        """Whether C / (N D) is one number within each budget, so that D* scales as C / N*."""
        ratio = pd.Series(self.log_flop - np.log(training_compute(self.parameters, self.tokens)))
        groups = ratio.groupby(self.budget)
        return bool((groups.max() - groups.min()).max() <= np.log(AGREEMENT))


def near_minimum(
    log_size: Floats, log_loss: Floats, budget: Integers, reach: float = REACH
) -> tuple["np.ndarray[Any, np.dtype[np.bool_]]", Integers]:
    """Which runs say where the minimum of their budget is ``(..., n)``, and at which edge it lies ``(..., K)``.

    ``log_loss`` may have leading axes, for several tables. At the edge (-1 the smallest size, 1 the largest, 0 inside)
    is a minimum where the lowest loss is: a parabola would put it beyond all runs, and by its third derivative too far
    or not far enough. No run of such a budget counts, and none of a budget with too few sizes up to ``reach``.
    """
    near = np.zeros(log_loss.shape, dtype=bool)
    sides = []
    for k in range(budget.max() + 1):
        rows = np.flatnonzero(budget == k)
        sizes, which = np.unique(log_size[rows], return_inverse=True)
        loss = log_loss[..., rows]
        best = which[loss.argmin(axis=-1)]
        sides.append((best == len(sizes) - 1).astype(np.int64) - (best == 0))
        low = loss <= loss.min(axis=-1, keepdims=True) + np.log1p(reach)
        enough = (low @ (which[:, None] == np.arange(len(sizes)))).sum(axis=-1) >= LEAST_MODELS
        near[..., rows] = low & ((sides[-1] == 0) & enough)[..., None]
    return near, np.stack(sides, axis=-1)


def make_profile_rows(
    runs: pd.DataFrame,
    *,
    within: float = WITHIN,
    least_models: int = FOUND_MODELS,
    size: Size = "parameters",
    reach: float | None = REACH,
) -> ProfileRows:
    """Sort runs into budgets and take logarithms; rows with a column ``curve`` are of training curves.

    Only runs near the minimum of their budget are kept (:func:`near_minimum`), or all where ``reach`` is None.
    """
    if reach is not None and not (isinstance(reach, (int, float)) and not isinstance(reach, bool) and reach > 0):
        raise RunsError(f"reach must be a number above 0, not {reach!r}; 0.2 is 20% above the lowest loss of a budget")
    found = budgets_of(runs, within=within, least_models=least_models)
    used = runs.loc[found.label.index]
    log_flop = np.log(used["flop"].to_numpy(float))
    means = pd.Series(log_flop, index=used.index).groupby(found.label).mean().sort_values()
    budgets = tuple(means.index)
    curve, curves = pd.factorize(used[CURVE].astype(str)) if CURVE in used else (None, ())
    rows = ProfileRows(
        ids=tuple(map(str, used.index)),
        budgets=budgets,
        budget=np.asarray(pd.Categorical(found.label, categories=budgets).codes, dtype=np.int64),
        curves=tuple(map(str, curves)),
        curve=curve,
        log_size=np.log(used[size].to_numpy(float)),
        log_flop=log_flop,
        log_budget=np.asarray(means, dtype=np.float64),
        log_loss=np.log(used["loss"].to_numpy(float)),
        parameters=used["parameters"].to_numpy(float),
        tokens=used["tokens"].to_numpy(float),
        size=size,
        unused=found.unused,
        edges=pd.DataFrame({"log_budget": [], "side": [], "bound": []}, dtype=float),
    )
    return rows if reach is None else _kept(rows, used.index, reach)


def _kept(rows: ProfileRows, ids: pd.Index, reach: float) -> ProfileRows:
    """The rows near the minimum of their budget, the others with a reason."""
    near, side = near_minimum(rows.log_size, rows.log_loss, rows.budget, reach)
    numbers, budget = np.unique(rows.budget[near], return_inverse=True)
    at_edge = np.flatnonzero(side)
    if len(numbers) < LEAST_BUDGETS:
        raise RunsError(
            f"only {len(numbers)} of {len(rows.budgets)} budgets have their lowest loss between their smallest and "
            f"largest model, with {LEAST_MODELS} models up to {reach:.0%} above it, and {LEAST_BUDGETS} are needed "
            f"(at the edge: {len(at_edge)}); add models beyond that edge, or fit the law itself: "
            "models/chinchilla.toml"
        )
    # Were the loss without noise, a minimum beside the first of a grid would lie before its second.
    grids = (np.unique(rows.log_size[rows.budget == k])[:: -side[k]] for k in at_edge)
    edges = pd.DataFrame(
        {"log_budget": rows.log_budget[at_edge], "side": side[at_edge], "bound": [grid[1] for grid in grids]},
        index=pd.Index([rows.budgets[k] for k in at_edge], name="budget"),
        dtype=float,
    )
    reasons = np.select(
        [side[rows.budget] != 0, np.isin(rows.budget, numbers)],
        [
            "the lowest loss of its budget is at the edge of the grid and counts as a bound alone",
            f"a loss more than {reach:.0%} above the lowest of its budget",
        ],
        f"fewer than {LEAST_MODELS} models up to {reach:.0%} above the lowest loss of its budget",
    )
    own = {"ids": tuple(np.array(rows.ids, dtype=object)[near])} | {
        name: getattr(rows, name)[near] for name in ("log_size", "log_flop", "log_loss", "parameters", "tokens")
    }
    if rows.curve is not None:
        of, own["curve"] = np.unique(rows.curve[near], return_inverse=True)
        own["curves"] = tuple(rows.curves[one] for one in of)
    return replace(
        rows,
        **own,
        budget=budget,
        budgets=tuple(rows.budgets[k] for k in numbers),
        log_budget=rows.log_budget[numbers],
        unused=pd.concat([rows.unused, pd.Series(reasons[~near], index=ids[~near], dtype="str")]),
        edges=edges,
    )
