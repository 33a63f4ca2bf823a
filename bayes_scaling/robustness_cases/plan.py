"""Which cases a table allows, and what has to be fitted for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from bayes_scaling.comparison.compare import LEAST_UNITS
from bayes_scaling.comparison.variants import Variant, expand
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.model.rows import make_rows
from bayes_scaling.robustness_cases.cases import BASELINE, Case, chosen
from bayes_scaling.tables import load_evaluations
from bayes_scaling.tables.soundness import require_sound


@dataclass(frozen=True, eq=False)
class Plan:
    """What is fitted for which case.

    Parameters
    ----------
    cases
        Those that the table allows, in order, the baseline first.
    variants
        By case; two cases that show two eras of one fit have the same.
    tables
        Table of each variant, by the variant's name.
    skipped
        Cases that the table does not allow, and why.
    """

    cases: tuple[Case, ...]
    variants: Mapping[str, Variant]
    tables: Mapping[str, pd.DataFrame]
    skipped: Mapping[str, str]

    @property
    def fitted(self) -> tuple[Variant, ...]:
        """What is fitted, each once, those that are likely to take longest first."""
        distinct = {variant.name: variant for variant in self.variants.values()}
        return tuple(sorted(distinct.values(), key=self._haste))

    def table_of(self, case: str) -> pd.DataFrame:
        """The rows of a case."""
        return self.tables[self.variants[case].name]

    def _haste(self, variant: Variant) -> tuple[bool, int]:
        """Posteriors under the paper's penalty have modes and take by far the longest; then size decides."""
        work = len(variant.specification.parameters()) * len(self.tables[variant.name])
        return variant.specification.delta is None, -work


def planned(evaluations: pd.DataFrame | None = None, cases: Sequence[str] | None = None) -> Plan:
    """Sort out which cases a table allows.

    Raises BayesScalingError for an unknown case, or a table that does not allow the baseline.

    Parameters
    ----------
    evaluations
        By default the paper's table.
    cases
        Names; by default all.

    Examples
    --------
    >>> plan = planned(cases=["vocabulary-known"])
    >>> {name: len(plan.table_of(name)) for name in plan.variants}
    {'baseline': 231, 'vocabulary-known': 185}
    """
    standard = load_evaluations()
    table = standard if evaluations is None else evaluations
    require_sound(table)
    asked = chosen(cases, table)
    variants: dict[str, Variant] = {}
    tables: dict[str, pd.DataFrame] = {}
    skipped: dict[str, str] = {}
    for case in asked:
        try:
            variant, rows = _fitted(case, table, paper=table.equals(standard))
        except BayesScalingError as error:
            if case.name == BASELINE:
                raise
            skipped[case.name] = str(error)
        else:
            variants[case.name], tables[variant.name] = variant, rows
    return Plan(tuple(case for case in asked if case.name in variants), variants, tables, skipped)


def _fitted(case: Case, table: pd.DataFrame, *, paper: bool) -> tuple[Variant, pd.DataFrame]:
    """A case's variant and rows; errors say why there are none."""
    if case.table is not None and not paper:
        raise BayesScalingError(f"it is fitted to the packaged table '{case.table}', and shown beside the paper's only")
    whole = table if case.table is None else load_evaluations(case.table)
    rows = whole if case.select is None else case.select(whole)
    if case.select is not None and len(rows) == len(whole):
        raise BayesScalingError("its selection keeps every row of the table, so it is the same as without")
    if len(rows) < LEAST_UNITS:
        raise BayesScalingError(f"it needs at least {LEAST_UNITS} evaluations, and the table has {len(rows)}")
    (variant,) = expand([case.specification], [case.delta])
    make_rows(variant.specification, rows)  # refuses rows that lack what the specification needs
    selection = rows_in_words(rows, table)
    return replace(variant, label=f"{variant.label}, {selection}"), rows


def rows_in_words(rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """Which rows of a table some are; of another table, its name and selections.

    Examples
    --------
    >>> from bayes_scaling.tables import on_benchmarks
    >>> table = load_evaluations()
    >>> rows_in_words(table, table), rows_in_words(on_benchmarks(table, "ptb"), table)
    ('all rows', 'on ptb')
    """
    name, sentences = rows.attrs.get("name"), rows.attrs.get("selections", [])
    if name == table.attrs.get("name"):
        return "; ".join(sentences[len(table.attrs.get("selections", [])) :]) or "all rows"
    return f"{name}: {'; '.join(sentences)}"
