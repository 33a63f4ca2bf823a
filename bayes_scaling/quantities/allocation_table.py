"""How budgets are best split, according to a fit and to published laws: every number of `bayes-scaling allocate`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.chinchilla import STATIC_LAWS
from bayes_scaling.law.formula import training_compute
from bayes_scaling.law.kaplan import KAPLAN_ALLOCATION, KAPLAN_COMPUTE
from bayes_scaling.law.muennighoff import MUENNIGHOFF
from bayes_scaling.quantities import allocation
from bayes_scaling.quantities.arguments import axis_of, budgets_of
from bayes_scaling.quantities.domain import DOMAIN, undecided
from bayes_scaling.quantities.inference_allocation import FLOP_PER_TOKEN_USED, allocation_with_inference
from bayes_scaling.quantities.intervals import credible_intervals
from bayes_scaling.quantities.laws import ARCHITECTURE, Source, laws_of, setting_of
from bayes_scaling.quantities.rates import interval_attrs

if TYPE_CHECKING:
    from bayes_scaling.inference.result import Fit

PUBLISHED = (*STATIC_LAWS, MUENNIGHOFF.base)
"""Published laws whose best split is worked out; Kaplan's rule states its own."""
KAPLAN = "Kaplan et al. 2020, rule"

TRAINING, INFERENCE, OWN_SPLIT, KAPLAN_SPLIT = "training", "training and inference", "own split", "Kaplan's rule"
"""What a row's numbers are optimal for, or the split whose cost it states."""
SPLITS = ("parameters", "tokens_per_parameter")  # how a split of the user's own may be given

Row = dict[str, Any]  # a row of the table by column

NOT_IDENTIFIED, NOT_DEFINED = "not identified", "not defined"


@dataclass(frozen=True)
class Question:
    """Training budgets (FLOP), tokens of later use, a ``split`` of the user's own; date and benchmark for a fit."""

    budgets: tuple[float, ...]
    split: tuple[str, float] | None = None
    inference_tokens: float | None = None
    year: float | None = None
    benchmark: str | None = None

    def __post_init__(self) -> None:
        budgets_of(self.budgets)
        if self.split is not None:
            if self.split[0] not in SPLITS:
                raise BayesScalingError(f"a split is given by {' or '.join(SPLITS)}, not by {self.split[0]!r}")
            axis_of(self.split[1], self.split[0].replace("_", " "))
        if self.inference_tokens is not None:
            axis_of(self.inference_tokens, "inference tokens")


@dataclass(frozen=True, eq=False)
class Beside:
    """The same runs by another approach: best splits, why it is ``refused`` or "", and what it could not use.

    By simulation the ``bias`` of its exponent and the ``coverage`` of its interval.
    """

    law: str
    rows: pd.DataFrame
    refused: str
    findings: tuple[str, ...]
    bias: float = float("nan")
    coverage: float = float("nan")


@dataclass(frozen=True, eq=False)
class Allocations:
    """Answers of every law; those of the fit are left out where exponents are ``not_identified``."""

    question: Question
    table: pd.DataFrame
    fit: "Fit | None" = None
    not_identified: tuple[str, ...] = ()
    largest_compute: float = float("nan")
    benchmark: str | None = None
    beside: Beside | None = None

    @property
    def converged(self) -> bool:
        """Whether no answer rests on chains that disagree; true of published laws alone."""
        return self.fit is None or self.fit.diagnostics.converged

    def undecided(self, budget: float) -> bool:
        """Whether the data leave the best split of a budget open: an interval beyond ten times either way."""
        if self.fit is None or self.not_identified:
            return False
        best = self.rows(budget, TRAINING)[label_of(self.fit)]
        return any(undecided(best[name]) for name in ("parameters", "tokens"))

    def rows(self, budget: float, purpose: str) -> dict[str, dict[str, Row]]:
        """Rows of a budget and purpose, by law and quantity."""
        chosen = (self.table["compute"] == budget) & (self.table["purpose"] == purpose)
        found: dict[str, dict[str, Row]] = {}
        for row in self.table[chosen].to_dict("records"):
            found.setdefault(row["law"], {})[row["quantity"]] = {str(name): value for name, value in row.items()}
        return found


def allocations(question: Question, fit: "Fit | None" = None, beside: Beside | None = None) -> Allocations:
    """Best splits of budgets, and what others cost, according to a fit, another approach beside it and published laws.

    ``saving``: share of what the model that is best for training would spend; ``cost_of_split``: times the compute that
    the best split needs for the same loss. Sources: Hoffmann et al. 2022 (arXiv 2203.15556), eq. 4; Kaplan et al. 2020
    (arXiv 2001.08361), eq. 1.3 (its loss) and table 6; Sardana and Frankle 2023 (arXiv 2401.00448), eq. 2-3.
    """
    _check_setting(question, fit)
    tables: list[pd.DataFrame] = []
    unknown: tuple[str, ...] = ()
    largest, where = float("nan"), None
    if fit is not None:
        laws = laws_of(fit)
        benchmark = laws.benchmark_of(question.benchmark)
        posterior = pd.concat(_answers(laws, question, year=year_of(question), benchmark=benchmark))
        largest = float(training_compute(laws.systems["parameters"], laws.systems["tokens"]).max())
        unknown = _unidentified(fit, benchmark)
        where = benchmark if fit.evaluations.kind == "evaluations" else None
        notes = np.where(posterior["defined"] == 0, NOT_DEFINED, "")
        if unknown:
            posterior[["median", "lower", "upper"]] = np.nan
            notes = np.full(len(posterior), NOT_IDENTIFIED)
        converged = fit.diagnostics.converged
        tables.append(posterior.assign(law=label_of(fit), kind="posterior", note=notes, converged=converged))
    if beside is not None and not beside.refused:
        tables.append(beside.rows.assign(law=beside.law, kind="posterior", note="", converged=True))
    for law in PUBLISHED:
        points = pd.concat(_answers(law, question)).assign(law=law.name, kind="published", note="")
        tables.append(points.assign(lower=np.nan, upper=np.nan))
    tables.append(_kaplan(question))
    columns = ["compute", "law", "kind", "purpose", "quantity", "unit", "median", "lower", "upper", "defined", *DOMAIN]
    table = pd.concat(tables, ignore_index=True)
    table = table.reindex(columns=[*columns, "converged", "note"])
    table = table.astype({"converged": "boolean"}).sort_values("compute", kind="stable", ignore_index=True)
    table.attrs = {"interval": interval_attrs()}
    return Allocations(question, table, fit, unknown, largest, where, beside)


def label_of(fit: "Fit") -> str:
    """What a fit is called among published laws."""
    where = f", {setting}" if (setting := setting_of(fit)) else ""
    return f"{fit.specification.name} on {fit.evaluations.name}{where}"


def year_of(question: Question) -> float:
    """Date at which a law with progress is asked: the one given, or the package's default."""
    return allocation.YEAR if question.year is None else question.year


def sources() -> dict[str, str]:
    """Where the published laws come from, by name."""
    rule = f"{KAPLAN_ALLOCATION.source}; loss: eq. 1.3. Parameters without embeddings"
    return {law.name: law.source for law in PUBLISHED} | {KAPLAN: rule}


def _check_setting(question: Question, fit: "Fit | None") -> None:
    for name, value, has in (
        ("year", question.year, fit is not None and fit.specification.progresses),
        ("benchmark", question.benchmark, fit is not None and fit.evaluations.kind == "evaluations"),
    ):
        if value is not None and not has:
            whose = "published laws know" if fit is None else f"'{label_of(fit)}' knows"
            raise BayesScalingError(
                f"{name} {value} is asked for, but {whose} of no {name}; leave it out, or give a fit to evaluations "
                "with algorithmic progress"
            )


def _unidentified(fit: "Fit", benchmark: str) -> tuple[str, ...]:
    """Exponents that the answers depend on and the data say nothing of; those of other levels don't matter."""
    from bayes_scaling.model.predictors import label_of as label_of_value
    from bayes_scaling.quantities.coefficients import unidentified

    named = ((name, name.partition("[")[2].removesuffix("]").split(", ")) for name in unidentified(fit))
    mine = {"", benchmark, ARCHITECTURE, *map(label_of_value, fit.setting.values())}
    return tuple(name for name, levels in named if set(levels) <= mine)


def _answers(source: Source, question: Question, **setting: Any) -> Iterator[pd.DataFrame]:
    """Medians and intervals of all that is asked."""
    budgets = np.array(question.budgets)
    best = allocation.optimal_allocation(source, budgets, **setting)
    for draws in best.data_vars.values():
        yield summarised(draws, TRAINING)
    yield summarised(allocation.kaplan_rule_cost(budgets, source, **setting), KAPLAN_SPLIT)
    if question.split is not None:
        own: dict[str, Any] = dict([question.split])
        yield summarised(allocation.cost_of_split(source, budgets, **own, **setting), OWN_SPLIT)
    if question.inference_tokens is not None:
        for budget in question.budgets:
            used = allocation_with_inference(source, question.inference_tokens, compute=budget, **setting)
            bigger = best["parameters"].sel(compute=budget, drop=True)
            otherwise = budget + FLOP_PER_TOKEN_USED * bigger * question.inference_tokens
            saving = (1 - used["total_compute"] / otherwise).assign_attrs(unit="share of the compute")
            for draws in used.assign(saving=saving).data_vars.values():
                yield summarised(draws.expand_dims(compute=[budget], axis=-1), INFERENCE)


def summarised(draws: xr.DataArray, purpose: str) -> pd.DataFrame:
    """Rows of draws over ``compute``: median and interval of each budget."""
    found = credible_intervals(draws, errors=False).rename_axis("compute").reset_index()
    where = {name: draws[name].to_numpy() for name in DOMAIN if purpose == TRAINING and name in draws.coords}
    return found.assign(purpose=purpose, quantity=str(draws.name), unit=draws.attrs["unit"], **where)


def _kaplan(question: Question) -> pd.DataFrame:
    """What Kaplan's rule says, with the loss of Kaplan's law of best spent compute."""
    budgets = np.array(question.budgets)
    rule = allocation.kaplan_allocation(budgets)[["parameters", "tokens", "tokens_per_parameter"]]
    rule["loss"] = ("compute", KAPLAN_COMPUTE.loss(budgets), {"unit": "nats per token"})
    rows = [
        pd.DataFrame({"compute": budgets, "quantity": str(name), "unit": values.attrs["unit"], "median": values.data})
        for name, values in rule.data_vars.items()
    ]
    whole = pd.concat(rows).assign(lower=np.nan, upper=np.nan, defined=1.0, purpose=TRAINING)
    return whole.assign(law=KAPLAN, kind="published", note="")
