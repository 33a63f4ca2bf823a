"""A table of evaluations or runs as the arrays that a specification needs: logarithms, years, group codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.law.formula import effective_epochs, training_compute
from bayes_scaling.model.gaussian_process import orthogonal
from bayes_scaling.model.predictors import Cells, Predictors, levels_of_dates, years_of
from bayes_scaling.model.requirements import columns_of, require
from bayes_scaling.model.structure import Coefficient
from bayes_scaling.specifications.laws import SIZES
from bayes_scaling.specifications.progress import Levels
from bayes_scaling.specifications.sections import CENTRE_PARAMETERS, CENTRE_YEAR, Centre, Pivot, given
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables import BENCHMARKS, decimal_year
from bayes_scaling.tables.benchmarks import known
from bayes_scaling.tables.columns import is_runs

COVARIATES = (*(f"log_{size}" for size in SIZES), "drift_parameters", "drift_tokens", "log_vocabulary")
COVARIATES += ("repetitions", "log_parameters_per_token")
"""What the law may need of a row, beside the years over which its rates have counted."""
HO2024_REPETITION_SCALE = 2.9157  # R*_D in the code of Ho et al. 2024 (model 20)


@dataclass(frozen=True)
class Anchor:
    """Sizes and date at which a specification states its coefficients (where log sizes and years are 0)."""

    parameters: float
    tokens: Mapping[str, float]
    year: float
    compute: float | None = None
    least_steps: float = 1e4
    loss: float = 3.0
    dates: Levels = field(default_factory=dict)

    def size(self, name: str, tokens: Any) -> Any:
        """One of the law's sizes, at some of the tokens."""
        if name == "compute":
            return self.compute or training_compute(self.parameters, tokens)
        return tokens if name == "tokens" else getattr(self, name)

    def log_size(self, name: str, group: str | None, levels: Levels) -> Coefficient:
        """Logarithm of a size; of tokens and compute for each benchmark, where that is the group of ``A``."""
        if group != "benchmark" or name not in ("tokens", "compute"):
            return Coefficient(np.log(self.size(name, self.common_tokens)))
        tokens = np.array([self.tokens[each] for each in levels[group]])
        return Coefficient(np.log(self.size(name, tokens)), group)

    @property
    def common_tokens(self) -> float:
        """Tokens where one level serves all rows, and so one number all benchmarks."""
        return next(iter(self.tokens.values()))


@dataclass(frozen=True)
class Rows:
    """Arrays over evaluations or training runs, each of shape ``(n,)``, relative to an :class:`Anchor`.

    ``index``: codes of each group, of which ``levels`` has the names. ``complete``: rows of the table that these were
    taken from, 0 if nothing was left out, since the paper's penalty is stated for a number of rows.
    """

    ids: tuple[str, ...]
    response: Floats
    covariates: Mapping[str, Floats]
    index: Mapping[str, Integers]
    levels: Levels
    complete: int = 0
    predictors: Predictors | None = None
    anchor: Anchor | None = None

    @property
    def cells(self) -> Mapping[str, Cells]:
        """Where each coefficient with a formula is reported."""
        return self.predictors.cells if self.predictors else {}

    def units(self, unit: str) -> Integers:
        """Which unit of cross-validation each row is of: itself, or its paper."""
        return self.index["paper"] if unit == "paper" else np.arange(len(self.ids))

    def take(self, positions: Sequence[int] | Integers) -> Self:
        """Some rows, repeats allowed, with levels and anchor as they were."""
        at = np.asarray(positions)
        return replace(
            self,
            ids=tuple(self.ids[i] for i in at),
            response=self.response[at],
            covariates={name: column[at] for name, column in self.covariates.items()},
            index={group: codes[at] for group, codes in self.index.items()},
            complete=self.complete or len(self.ids),
        )


def central_anchor(specification: Specification, table: pd.DataFrame | None = None) -> Anchor:
    """Central point on which priors stand: 30 million parameters in 2018, or what ``[centre]`` says.

    Tokens are each benchmark's where the level varies by it, and the geometric mean of the package's three elsewhere.
    """
    tokens = {benchmark.name: float(benchmark.tokens) for benchmark in BENCHMARKS}
    middle = float(np.exp(np.mean(np.log(list(tokens.values())))))
    if table is not None and "benchmark" in table:
        tokens |= {name: _tokens_of(table, name) for name in set(table["benchmark"]) - set(tokens)}
    tokens |= {name: each.tokens for name, each in specification.benchmarks.items() if each.tokens is not None}
    if specification.index_of("level") != "benchmark":
        tokens = dict.fromkeys(tokens, middle)
    dates = {} if table is None else levels_of_dates(specification, table)
    return _moved(Anchor(CENTRE_PARAMETERS, tokens, CENTRE_YEAR, dates=dates), specification.centre)


def _moved(anchor: Anchor, sizes: Centre | Pivot | None) -> Anchor:
    """An anchor with those sizes that are given."""
    own: dict[str, Any] = given(sizes)
    if "tokens" in own:
        own["tokens"] = dict.fromkeys(anchor.tokens, own["tokens"])
    return replace(anchor, **own)


def _tokens_of(table: pd.DataFrame, benchmark: str) -> float:
    figures = known(benchmark)
    return float(figures.tokens if figures else table.loc[table["benchmark"] == benchmark, "tokens"].median())


def anchor_of(specification: Specification, table: pd.DataFrame | None = None) -> Anchor:
    """Where coefficients stand without delta: at the pivot, unless it is of drift alone, and else the central point."""
    return _moved(central_anchor(specification, table), None if specification.progress.drifts else specification.pivot)


def sample_minima(evaluations: pd.DataFrame) -> Anchor:
    """The paper's normalisers N0, D0, Y0 and C0: the least parameters, tokens, date and compute in the sample."""
    return minima(evaluations["parameters"], evaluations["tokens"], decimal_year(evaluations["published"]))


def minima(parameters: Any, tokens: Any, year: Any) -> Anchor:
    """As :func:`sample_minima`, from columns."""
    return Anchor(
        float(parameters.min()),
        {benchmark.name: float(tokens.min()) for benchmark in BENCHMARKS},
        float(year.min()),
        float(training_compute(parameters, tokens).min()),
    )


def make_rows(
    specification: Specification,
    evaluations: pd.DataFrame,
    anchor: Anchor | None = None,
    predictors: Predictors | None = None,
) -> Rows:
    """Arrays that a specification needs of a table; ``predictors`` are of the table that was fitted, if another."""
    runs = is_runs(evaluations)
    require(specification, evaluations)
    if anchor is None:
        penalised = specification.delta is not None
        anchor = sample_minima(evaluations) if penalised else anchor_of(specification, evaluations)
    response = evaluations[specification.response if runs else "perplexity"].to_numpy(float)
    predictors = predictors or Predictors(specification, evaluations)
    columns, index, levels = predictors.coded(evaluations)
    return Rows(
        ids=tuple(map(str, evaluations.index)),
        response=response if runs else np.log(response),
        covariates=_covariates(specification, evaluations, anchor) | columns,
        index=index,
        levels=levels,
        predictors=predictors,
        anchor=anchor,
    )


def _covariates(specification: Specification, table: pd.DataFrame, anchor: Anchor) -> dict[str, Floats]:
    tokens = counted_tokens(specification, table)
    columns = columns_of(specification, table) if is_runs(table) else {}
    anchors = table["benchmark"].map(dict(anchor.tokens)).to_numpy(float) if "benchmark" in table else None
    covariates = covariates_at(
        specification,
        anchor,
        parameters=table["parameters"].to_numpy(float),
        tokens=tokens.fresh,
        year=decimal_year(table["published"]).to_numpy(float) if "published" in table else anchor.year,
        anchor_tokens=anchor.common_tokens if anchors is None else anchors,
        further={name: table[column].to_numpy(float) for name, column in columns.items()}
        | {"repetitions": tokens.repetitions},
    )
    covariates |= {f"log_{name}": np.log(table[name].to_numpy(float)) for name in specification.tuned}
    if specification.data.vocabulary == "log":
        covariates["log_vocabulary"] = np.log(_or_median(table, "vocabulary").to_numpy(float))
    return covariates


def _or_median(table: pd.DataFrame, column: str) -> "pd.Series[float]":
    """A column with its benchmark's median in its gaps."""
    values = table[column].astype(float)
    return values.fillna(values.groupby(table["benchmark"]).transform("median"))


class CountedTokens(NamedTuple):
    """Fresh tokens of each row, and passes beyond the first whose worth is a parameter of the law (else zeros)."""

    fresh: Floats
    repetitions: Floats


def counted_tokens(specification: Specification, evaluations: pd.DataFrame) -> CountedTokens:
    """Count tokens as ``[data] tokens`` says; those of runs are as seen, and of evaluations unique."""
    tokens, none = evaluations["tokens"].to_numpy(float), np.zeros(len(evaluations))
    data = specification.data
    if data.tokens == "unique":
        return CountedTokens(tokens, none)
    known = _or_median(evaluations, "epochs") if data.missing_epochs == "median" else evaluations["epochs"]
    epochs = known.astype(float).fillna(1.0).to_numpy(float)
    if data.tokens == "repeated":
        # Less than one pass repeats nothing, and leaves the rest of the corpus unseen.
        passes = np.maximum(epochs, 1.0)
        return CountedTokens(tokens / passes if is_runs(evaluations) else tokens * np.minimum(epochs, 1.0), passes - 1)
    worth = epochs
    if data.tokens == "effective_epochs":
        worth = effective_epochs(epochs, HO2024_REPETITION_SCALE, as_published_2024=True)
    return CountedTokens(tokens * worth, none)


def covariates_at(
    specification: Specification,
    anchor: Anchor,
    *,
    parameters: Any,
    tokens: Any,
    year: Any,
    anchor_tokens: Any,
    further: Mapping[str, Any] | None = None,
) -> dict[str, Floats]:
    """Covariates of points of the law but vocabulary; ``further``: other sizes by name, or compute if not 6 N D.

    ``tokens`` are one pass; ``further`` may have ``repetitions``, how many more there are.
    """
    sizes = {"parameters": parameters, "tokens": tokens} | dict(further or {})
    sizes.setdefault("compute", training_compute(parameters, tokens))
    covariates: dict[str, Floats] = {
        f"log_{size}": np.log(sizes[size]) - np.log(anchor.size(size, anchor_tokens))
        for size in specification.form.sizes
    }
    covariates |= years_of(specification, anchor.dates, anchor.year, year)
    if specification.progress.drifts and (pivot := specification.pivot) is not None:
        # The paper's drift is linear in the logarithm of the calendar year; this scale makes its unit a year.
        drift = CENTRE_YEAR * np.log(year / CENTRE_YEAR)
        covariates["drift_parameters"] = drift * np.log(parameters / np.float64(pivot.parameters))
        covariates["drift_tokens"] = drift * np.log(tokens / np.float64(pivot.tokens))
    if specification.data.tokens == "repeated":
        covariates["repetitions"] = np.asarray(sizes.get("repetitions", 0.0), dtype=float)
    if specification.data.overfitting == "penalty":
        covariates["log_parameters_per_token"] = np.log(parameters / tokens)
    return covariates


# ---------------------------------------------------------------------- what a compiled model takes


def single_columns(specification: Specification, rows: Rows) -> dict[str, tuple[Integers, Floats]]:
    """Terms of which no row has two columns that are not 0, such as levels of text: which column, and its value."""
    found = {}
    for formula in specification.predicted.values():
        for stem in map(formula.term_name, formula.terms):
            if stem in rows.covariates:  # a smooth term
                continue
            names = [f"{stem}_{at}" for at in range(len(rows.levels[f"{stem}_level"]))]
            columns = np.array([rows.covariates[name] for name in names])
            if len(names) > 1 and np.count_nonzero(columns, axis=0).max() == 1:
                found[stem] = (columns != 0).argmax(axis=0), columns.sum(axis=0)
    return found


def model_data(specification: Specification, rows: Rows) -> dict[str, Any]:
    """Everything that a compiled model takes as data: covariates, group codes, observations, prior scales."""
    used = {*specification.groups, *dict(specification.noise.effects)}
    data: dict[str, Any] = dict(rows.covariates)
    for stem, (codes, values) in single_columns(specification, rows).items():
        for at in range(len(rows.levels[f"{stem}_level"])):
            del data[f"{stem}_{at}"]
        data |= {f"{stem}_columns": values, f"{stem}_columns_index": codes}
    data |= {f"{group}_index": codes for group, codes in rows.index.items() if group in used}
    if stem := specification.integrated:
        data[stem], _ = orthogonal(rows.covariates[stem])
    data[f"observed_{specification.response}"] = rows.response
    for parameter in specification.parameters():
        for key, value in specification.prior_of(parameter.name).arguments:
            data[f"prior_{parameter.name}_{key}"] = value
    return data if specification.delta is None else data | {"delta": specification.delta}


def noise_names(specification: Specification) -> tuple[str, ...]:
    """Parameters of the noise."""
    own = ("sigma", "tau", *specification.noise.kind.extra)
    names = (parameter.name for parameter in specification.parameters())
    return tuple(name for name in names if name in own or name.startswith(("sigma_", "tau_")))


def prior_middle(specification: Specification, rows: Rows, rng: np.random.Generator) -> dict[str, Any]:
    """A random start from the central half of each prior; with delta, see :func:`penalised_start`."""
    start = {}
    for parameter in specification.parameters():
        group = specification.index_of(parameter.name)
        low, high = specification.prior_of(parameter.name).frozen().ppf([0.25, 0.75])
        start[parameter.name] = rng.uniform(low, high, None if group is None else len(rows.levels[group]))
    if specification.noise.samples_effects:
        start["paper_effect_standardised"] = rng.uniform(-0.7, 0.7, len(rows.levels["paper"]))
    return start
