"""Arrays that quadratics are fitted to."""

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_scaling.approaches.grouping import FOUND_MODELS, WITHIN, budgets_of
from bayes_scaling.law import training_compute

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Size = Literal["parameters", "tokens"]

CURVE = "curve"
"""Column of a table of slices that names the training curve of each row."""
AGREEMENT = 1.05
"""Within a budget, C / (6 N D) may differ by this factor and still count as one number."""


@dataclass(frozen=True, eq=False)
class ProfileRows:
    """Runs by budget, as arrays.

    Parameters
    ----------
    ids
        Of runs, ``n`` of them.
    budgets
        Names, ``K`` of them, by compute.
    budget
        Which budget each run has, shape ``(n,)``.
    curves, curve
        Names of training curves, and which one each row is of; empty and None where rows are independent runs.
    log_size
        Logarithm of parameters (or of tokens), shape ``(n,)``.
    log_flop
        Logarithm of each run's own compute in FLOP, shape ``(n,)``.
    log_budget
        Its mean within each budget, shape ``(K,)``.
    log_loss
        Logarithm of the loss, log nats per token, shape ``(n,)``.
    parameters, tokens
        Counts, shape ``(n,)``.
    size
        What ``log_size`` is of.
    unused
        Run id to the reason why it is left out.
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

    def by(self, size: Size) -> Self:
        """The same runs by another size."""
        return replace(self, size=size, log_size=np.log(getattr(self, size)))


def make_profile_rows(runs: pd.DataFrame, *, within: float = WITHIN, least_models: int = FOUND_MODELS) -> ProfileRows:
    """Sort runs into budgets and take logarithms.

    Raises RunsError, EvaluationsError as :func:`bayes_scaling.approaches.grouping.budgets_of`.

    Parameters
    ----------
    runs
        Training runs; with a column ``curve`` where several rows are of one training curve.
    within, least_models
        See :func:`bayes_scaling.approaches.grouping.budgets_of`.

    Examples
    --------
    >>> from bayes_scaling.tables import load_runs
    >>> rows = make_profile_rows(load_runs("simulated"))
    >>> len(rows.ids), len(rows.budgets), rows.one_product
    (108, 9, True)
    """
    found = budgets_of(runs, within=within, least_models=least_models)
    used = runs.loc[found.label.index]
    log_flop = np.log(used["flop"].to_numpy(float))
    means = pd.Series(log_flop, index=used.index).groupby(found.label).mean().sort_values()
    budgets = tuple(means.index)
    curve, curves = (None, ()) if CURVE not in used else _codes(used[CURVE])
    return ProfileRows(
        ids=tuple(map(str, used.index)),
        budgets=budgets,
        budget=np.asarray(pd.Categorical(found.label, categories=budgets).codes, dtype=np.int64),
        curves=curves,
        curve=curve,
        log_size=np.log(used["parameters"].to_numpy(float)),
        log_flop=log_flop,
        log_budget=np.asarray(means, dtype=np.float64),
        log_loss=np.log(used["loss"].to_numpy(float)),
        parameters=used["parameters"].to_numpy(float),
        tokens=used["tokens"].to_numpy(float),
        size="parameters",
        unused=found.unused,
    )


def _codes(column: pd.Series) -> tuple[Integers, tuple[str, ...]]:
    codes, names = pd.factorize(column.astype(str))
    return np.asarray(codes, dtype=np.int64), tuple(map(str, names))
