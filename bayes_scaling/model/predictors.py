"""Columns of a table as what formulas need of them: levels of groups, and matrices that formulae makes.

Numbers are centred and divided by their standard deviation; flags stay 0 and 1, and text has a column for each level
but the first. Means, scales, levels and knots are those of the rows that were fitted, whatever rows are predicted.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.errors import EvaluationsError
from bayes_scaling.model.gaussian_process import GaussianProcess, well_known
from bayes_scaling.model.requirements import clusters_of
from bayes_scaling.specifications.formulas import FUNCTIONS, LOSS_FACTORS, Formula, first_line, is_smooth
from bayes_scaling.specifications.progress import Levels, Shape
from bayes_scaling.specifications.sections import CENTRE_YEAR
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.specifications.values import as_written
from bayes_scaling.tables import decimal_year
from bayes_scaling.tables.benchmarks import in_order
from bayes_scaling.tables.columns import FIXED_LEVELS, FLAGS, is_runs
from bayes_scaling.tables.soundness import require_sound

ARCHITECTURE_LEVELS = ("other", "transformer")
_MOST_CELLS = 64
_LARGEST = 1e100
_is_numeric = pd.api.types.is_numeric_dtype
_CALLED = {name: getattr(np, name) for name in FUNCTIONS if hasattr(np, name)} | {"gp": GaussianProcess}


def architecture_levels(architecture: pd.Series) -> pd.Series:
    """The level of :data:`ARCHITECTURE_LEVELS` that each architecture counts as."""
    other, transformer = ARCHITECTURE_LEVELS
    return architecture.where(architecture == transformer, other)


def column_of(specification: Specification, table: pd.DataFrame, name: str, *, as_text: bool = False) -> pd.Series:
    """A column as numbers (flags as 0 and 1) or as text, without gaps; EvaluationsError if it can't be.

    Numbers written as text, as all of a file's own columns are, are numbers, unless text stays ``as_text``.
    """
    if name in table:
        require_sound(table, name)
    if name == "architecture" and name in table:
        return architecture_levels(table[name])
    if name == "year" and name not in table and "published" in table:
        return decimal_year(table["published"])
    if name in FLAGS and name not in table and not is_runs(table):  # `findings` say that it is taken so
        return pd.Series(0.0, table.index)
    where = f"specification '{specification.name}' needs column {name}{_uses(specification, name)}"
    if name not in table:
        columns = [str(column) for column in table.columns] + ["year"] * ("published" in table)
        raise EvaluationsError(
            f"{where}, which the table lacks; its columns: {', '.join(columns)}; add it, or name yours: "
            f"--column {name}=COLUMN"
        )
    column = table[name]
    if column.isna().any():
        gaps = table.index[column.isna()]
        raise EvaluationsError(
            f"{where}, which is empty in {len(gaps)} row(s), first {gaps[0]!r}; fill it, or leave these rows out"
        )
    as_text = as_text or name == "benchmark" or _is_numeric(column)  # whose labels are the table's own
    if not as_text and all(isinstance(value, str) for value in column):
        written = pd.to_numeric(column, errors="coerce")
        column = written if written.notna().all() else column
    if _is_numeric(column):  # or flags
        numbers = column.astype(float)
        if not (sound := numbers.abs() < _LARGEST).all():
            row = table.index[~sound][0]
            raise EvaluationsError(f"{where}, which is not finite or beyond {_LARGEST:g} in row {row!r}; leave it out")
        return numbers
    if not all(isinstance(value, str) for value in column):
        dates = "dates; year is their decimal year" if pd.api.types.is_datetime64_any_dtype(column) else ""
        raise EvaluationsError(f"{where}, which holds {dates or 'neither numbers nor text; make it one of these'}")
    return column.astype(object)


def _uses(specification: Specification, name: str) -> str:
    """For which coefficients a column is needed."""
    uses = [each for each, formula in specification.formulas.items() if name in formula.columns]
    uses += [each for each, group in specification.varies_by.items() if name == group]
    return f" for {', '.join(uses)}" if uses else ""


def levels_of(name: str, column: pd.Series) -> tuple[str, ...]:
    """Levels of a group: known benchmarks in their order, else in the order of the alphabet or of numbers."""
    if name == "architecture":
        return ARCHITECTURE_LEVELS
    present = tuple(label_of(value) for value in sorted(set(column)))
    return in_order(present) if name == "benchmark" else present


def levels_of_dates(specification: Specification, table: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Levels that rates have in the years of a table."""
    levels: dict[str, tuple[str, ...]] = {}
    for shape in specification.shapes.values() if specification.rates_change else ():
        year = column_of(specification, table, "year")
        levels |= shape.levels(year.min(), year.max())
    return levels


def years_of(specification: Specification, levels: Levels, start: float, year: Any) -> dict[str, Any]:
    """Years for which the parts of all rates have counted between a start and a date, by covariate."""
    found: dict[str, Any] = {}
    for shape in specification.shapes.values():
        found |= shape.years(specification.progress, levels, start, year)
    return found


def codes_of(column: pd.Series, levels: Sequence[str]) -> Integers:
    """Position of each row's level; those that are not among them come after, in the order of the rows."""
    labels = [label_of(value) for value in column]
    places = {level: place for place, level in enumerate(dict.fromkeys((*levels, *labels)))}
    return np.array([places[label] for label in labels], dtype=np.int64)


def label_of(value: Any) -> str:
    """A level's name, the same for numbers however they are kept."""
    return as_written(value) if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Cells:
    """Where a coefficient with a formula is reported: levels of its columns, numbers at their means, flags at 0."""

    group: str | None
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    covariates: Mapping[str, Floats]
    index: Mapping[str, Integers]


@dataclass(frozen=True)
class Predictors:
    """Formulas of a specification on the table that is fitted."""

    specification: Specification
    table: pd.DataFrame

    @cached_property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """Levels of groups, and labels of the columns of each term."""
        levels = {each.group: each.labels for each in self.cells.values() if each.group is not None}
        levels |= {name: self._levels_of(name) for name in self.specification.groups}
        for formula in self.specification.predicted.values():
            for term in formula.terms:
                design, name = self._designs[formula.coefficient], formula.term_name(term)
                labels = tuple(map(str, design.terms[term].labels))
                if is_smooth(term):
                    known = well_known(_part(design, self._matrix(design), term))
                    labels, levels[f"{name}_rest_level"] = labels[:known], labels[known:]
                levels[f"{name}_level"] = labels
            for each in formula.pooled:
                if len(levels[each.group]) < 2:
                    raise EvaluationsError(
                        f"[coefficients] {formula.coefficient}: column {each.group} has one level, "
                        f"{levels[each.group][0]!r}, and so nothing to pool; leave ({each.column or 1} | {each.group}) "
                        "out"
                    )
        return levels | levels_of_dates(self.specification, self.table)

    def arrays(self, table: pd.DataFrame) -> tuple[dict[str, Floats], dict[str, Integers]]:
        """Covariates and group codes of some rows: those that were fitted, or others."""
        covariates: dict[str, Floats] = {}
        for formula in self.specification.predicted.values():
            covariates |= self._covariates(formula, table)
        index = {}
        for name in self.specification.groups:
            column = self._column(name, table)
            index[name] = codes_of(column, self.levels[name])
            if name not in self._only_pooled and (new := index[name] >= len(self.levels[name])).any():
                raise EvaluationsError(
                    f"{name} {column[new].iloc[0]!r} is not part of "
                    f"'{self.specification.name}' as fitted; valid choices: {', '.join(self.levels[name])}"
                )
        return covariates, index

    def coded(
        self, table: pd.DataFrame, clusters: Mapping[str, pd.Series] | None = None
    ) -> tuple[dict[str, Floats], dict[str, Integers], dict[str, tuple[str, ...]]]:
        """Covariates, and codes and levels of each group that a table has, of the unit ``paper`` and of clusters."""
        covariates, index = self.arrays(table)
        levels = dict(self.levels)
        for name in index:  # levels of a pooled group that were not fitted
            levels[name] = tuple(dict.fromkeys((*levels[name], *map(label_of, self._column(name, table)))))
        for name in ("benchmark", "architecture"):
            if name in table and name not in index:
                column = architecture_levels(table[name]) if name == "architecture" else table[name]
                levels[name] = levels_of(name, column)
                index[name] = codes_of(column, levels[name])
        within: Any = ""
        for name, cluster in (clusters or clusters_of(self.specification, table)).items():
            within = within + cluster
            levels.setdefault(name, tuple(dict.fromkeys(within)))
            index[name] = codes_of(within, levels[name])
            within = within + " / "
        return covariates, index, levels

    def choices(self, name: str) -> dict[str, Any]:
        """Levels of a column among the rows that were fitted, and what the column holds for each."""
        column = self._column(name)
        held = {label_of(value): value for value in column}
        return {level: held.get(level, level) for level in levels_of(name, column)}

    def most_common(self, name: str) -> Any:
        """The value that most of the rows that were fitted have."""
        return self._column(name).mode().iloc[0]

    def labels(self, name: str) -> list[str]:
        """Level of each row that was fitted."""
        return [label_of(value) for value in self._column(name)]

    def usual(self, name: str) -> Any:
        """What a column is taken to be of a system of which it is not said; EvaluationsError if no level is usual."""
        column = self._column(name)
        if name in self._only_pooled:
            return ""  # another level of the group
        if name not in self._bases and _is_numeric(column):
            return _middle(column)
        choices = self.choices(name)
        first, *others = choices.values()
        if not others:
            return first
        raise EvaluationsError(
            f"'{self.specification.name}' depends on {name}; say which is meant: bs.at(fit, {name}={first!r}), or "
            f"allocate --at {name}={label_of(first)}; valid choices: {', '.join(choices)}"
        )

    @cached_property
    def cells(self) -> dict[str, Cells]:
        """Where each coefficient with a formula is reported."""
        formulas = self.specification.predicted.items()
        cells = {name: self._cells_of(formula) for name, formula in formulas if name not in LOSS_FACTORS}
        shapes = {rate: shape for rate, shape in self.specification.shapes.items() if shape.further}
        return cells | {rate: _span(self.specification, shape, self._column("year")) for rate, shape in shapes.items()}

    # ------------------------------------------------------------------ one formula

    @property
    def _bases(self) -> set[str]:
        """Groups of whose levels each has a value of its own."""
        return {formula.base for formula in self.specification.formulas.values()}

    @property
    def _only_pooled(self) -> set[str]:
        """Groups of which a level that was not fitted is one more draw."""
        pooled = {each.group for formula in self.specification.predicted.values() for each in formula.pooled}
        return pooled - self._bases

    @cached_property
    def _columns(self) -> dict[str, pd.Series]:
        """Columns of the fitted table that were checked, each of which is asked for several times."""
        return {}

    def _column(self, name: str, table: pd.DataFrame | None = None) -> pd.Series:
        if table is not None and table is not self.table:
            return column_of(self.specification, table, name, as_text=not _is_numeric(self._column(name)))
        if name not in self._columns:
            self._columns[name] = column_of(self.specification, self.table, name)
        return self._columns[name]

    def _levels_of(self, name: str) -> tuple[str, ...]:
        column = self._column(name)
        if _is_numeric(column) and (column % 1 != 0).any():
            raise EvaluationsError(
                f"column {name} can't be a group{_uses(self.specification, name)}: row "
                f"{column.index[column % 1 != 0][0]!r} has no whole number; write 1 + {name} for a slope, or name its "
                "levels with letters"
            )
        return levels_of(name, column)

    def _frame(self, formula: Formula, table: pd.DataFrame) -> pd.DataFrame:
        """Columns of a formula; groups with one value for each level as text, whatever they are in the table."""
        frame = pd.DataFrame({name: self._column(name, table) for name in formula.columns}, index=table.index)
        if formula.base:
            frame[formula.base] = [label_of(value) for value in frame[formula.base]]
        return frame

    @cached_property
    def _designs(self) -> dict[str, Any]:
        return {name: self._design(formula) for name, formula in self.specification.predicted.items() if formula.terms}

    def _design(self, formula: Formula) -> Any:
        from formulae import design_matrices
        from formulae.environment import Environment

        where, frame = f"[coefficients] {formula.coefficient} = {formula.text!r}", self._frame(formula, self.table)
        if "architecture" in frame:  # rows beyond the table's, so that formulae knows both levels
            absent = [each for each in ARCHITECTURE_LEVELS if each not in set(frame["architecture"])]
            frame = pd.concat([frame, *(frame.iloc[:1].assign(architecture=each) for each in absent)])
        levels = {name: frame[name].nunique() for name in frame if not _is_numeric(frame[name])}
        for term in formula.terms:
            columns = np.prod([float(levels.get(name, 1)) for name in term.split(":")])
            if columns > len(frame):
                raise EvaluationsError(
                    f"{where}: {term} has {columns:g} levels for {len(frame)} rows; leave it out, or pool: (1 | group)"
                )
        named = f"this table{{}}; change the formula, or the columns it names: {', '.join(formula.columns) or 'none'}"
        with _worked_out(where, named):
            design = design_matrices(formula.fixed, frame, "error", Environment([_CALLED])).common
            matrix = self._matrix(design)
        if not (finite := (np.abs(matrix) < _LARGEST).all(axis=1)).all():
            row = self.table.index[~finite][0]
            raise EvaluationsError(f"{where} is not finite in row {row!r}; leave that row out, or change the formula")
        parts = {term: _part(design, matrix, term) for term in formula.terms}
        still = [term for term, part in parts.items() if not part.shape[1] or not np.ptp(part, axis=0).all()]
        empty = [
            term
            for term in still
            if not (np.ptp(parts[term], axis=0).any() if is_smooth(term) else term in FIXED_LEVELS)
        ]  # of a Gaussian process the last column is 0 where rows were fitted
        moving = np.delete(matrix, np.r_[tuple(design.slices[term] for term in still)] if still else [], axis=1)
        rank = np.linalg.matrix_rank(moving / np.linalg.norm(moving, axis=0)) if moving.size else 0
        if empty or rank < moving.shape[1]:
            reason = f"{empty[0]} does not vary" if empty else "its terms are collinear"
            raise EvaluationsError(
                f"{where}: {reason} in this table; leave out one of {', '.join((*formula.terms, formula.base or '1'))}"
            )
        return design

    def _matrix(self, design: Any) -> Floats:
        """What formulae made of the table's own rows."""
        return np.asarray(design.design_matrix, float)[: len(self.table)]

    def _covariates(self, formula: Formula, table: pd.DataFrame) -> dict[str, Floats]:
        covariates: dict[str, Floats] = {}
        if formula.terms:
            design = self._designs[formula.coefficient]
            known = found = self._matrix(design)
            if table is not self.table:
                frame = self._frame(formula, table)  # refuses by itself what a column may not hold
                with _worked_out(f"[coefficients] {formula.coefficient} = {formula.text!r}", "these rows{}"):
                    found = np.asarray(design.evaluate_new_data(frame).design_matrix, float)
            for term in formula.terms:
                if is_smooth(term):
                    covariates[formula.term_name(term)] = _part(design, found, term)
                    continue
                parts = (_part(design, each, term) for each in (found, known))
                for at, (part, own) in enumerate(zip(*(each.T for each in parts), strict=True)):
                    covariates[f"{formula.term_name(term)}_{at}"] = _standardised(part, own)
        for each in (each for each in formula.pooled if each.column):
            column = self._column(each.column)
            if not _is_numeric(column) or not np.ptp(column):
                raise EvaluationsError(
                    f"[coefficients] {formula.coefficient}: column {each.column} of ({each.column} | {each.group}) "
                    f"{'does not vary' if _is_numeric(column) else 'holds text'}; it must be of numbers or flags that "
                    "vary"
                )
            values = self._column(each.column, table).to_numpy(float)
            covariates[formula.stem(each)] = _standardised(values, column.to_numpy(float))
        return covariates

    def _cells_of(self, formula: Formula) -> Cells:
        frame, fixed = self._frame(formula, self.table), " ".join((formula.base, *formula.terms))
        pooled = {each.group for each in formula.pooled} | {each.column for each in formula.pooled}
        texts = [
            name for name in formula.columns if not _is_numeric(frame[name]) and (name not in pooled or name in fixed)
        ]
        choices = [levels_of(name, frame[name]) for name in texts]
        if np.prod([len(each) for each in choices]) > _MOST_CELLS:
            choices = [each[:1] for each in choices]
        cells = list(product(*choices))
        table = pd.DataFrame(cells, columns=texts, index=range(len(cells)))
        for name in frame.columns.difference(texts):
            table[name] = _middle(frame[name]) if _is_numeric(frame[name]) else frame[name].iloc[0]
        covariates = self._covariates(formula, table) if formula.terms else {}
        base = [formula.base] if formula.base else []
        index = {name: codes_of(table[name], levels_of(name, frame[name])) for name in base}
        group = "_".join(texts) if len(cells) > 1 else None
        return Cells(group, tuple(texts), tuple(", ".join(cell) for cell in cells), covariates, index)


@contextmanager
def _worked_out(where: str, told: str) -> Iterator[None]:
    """What formulae does, in silence; it, pandas and SciPy raise all kinds, for which there is one message."""
    try:
        with np.errstate(all="ignore"), redirect_stdout(StringIO()):  # formulae prints before it raises
            yield
    except Exception as error:
        raise EvaluationsError(f"{where} can't be worked out on {told.format(f' ({first_line(error)})')}") from None


def _part(design: Any, matrix: Floats, term: str) -> Floats:
    """The columns of a term."""
    return np.asarray(matrix[:, design.slices[term]], float).reshape(len(matrix), -1)


def _middle(column: pd.Series) -> float:
    """The mean of numbers; 0 of flags."""
    return 0.0 if _is_flag(column) else float(column.mean())


def _is_flag(values: Any) -> bool:
    return set(np.unique(values)) <= {0.0, 1.0}


def _standardised(values: Floats, fitted: Floats) -> Floats:
    """Less the mean, over the standard deviation of what was fitted; 0 and 1 as they are."""
    if _is_flag(fitted):
        return values
    scale = fitted.std()
    return (values - fitted.mean()) / (scale if scale > 0 else 1.0)


# ---------------------------------------------------------------------- a rate of several parts


def _span(s: Specification, shape: Shape, year: pd.Series) -> Cells:
    """For the mean rate between the first date and the last, a day apart or more, how much of each part counts."""
    first, last = float(year.min()), float(max(year.max(), year.min() + 1 / 365))
    begin, end = (shape.years(s.progress, shape.levels(first, last), CENTRE_YEAR, each) for each in (first, last))
    return Cells(None, (), ("",), {name: np.atleast_1d((end[name] - begin[name]) / (last - first)) for name in end}, {})
