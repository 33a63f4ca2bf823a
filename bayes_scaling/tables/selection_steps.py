"""A selection made step by step, each with what is left and what was dropped for which reason."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce

import pandas as pd

from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables.faults import Fault, on_one_line


@dataclass(frozen=True)
class Dropped:
    """A row that a step dropped: the file's row as a spreadsheet counts it, and why it went."""

    row: int
    system: str
    benchmark: str
    reason: str

    def __str__(self) -> str:
        where = f" on {self.benchmark}" if self.benchmark else ""
        return f"row {self.row}, {on_one_line(self.system)}{where}: {self.reason}"


@dataclass(frozen=True)
class Step:
    """A step of a selection: its rule, what a row is, how many are left by us and by the authors, and those dropped."""

    name: str
    rule: str
    unit: str
    left: int
    dropped: tuple[Dropped, ...] = ()
    published: int | None = None

    def __str__(self) -> str:
        reasons = Counter(each.reason for each in self.dropped)
        why = "; ".join(f"{times} × {reason}" for reason, times in reasons.most_common())
        lost = f", {len(self.dropped):,} dropped ({why})" if self.dropped else ""
        beside = "" if self.published is None else f" (published: {self.published:,})"
        return f"{self.name}: {counted(self.left, self.unit)} left{beside}{lost}"


@dataclass(frozen=True)
class Selection:
    """Rows that are left of a table, and the steps that led there.

    Parameters
    ----------
    table : DataFrame
        Rows left; evaluations once the selection is finished.
    steps : tuple of Step
        What was done, in order.
    unread : tuple of Fault
        Cells that could not be read and count as empty, by the file's row and column.

    Examples
    --------
    >>> systems = pd.DataFrame({"row": [2, 3], "system": ["A", "B"], "Outlier?": [0.0, 1.0]})
    >>> start = Selection(systems).step("rows", "every row of the file", "system")
    >>> outliers = systems["Outlier?"].map({1.0: "Outlier? is 1"})
    >>> print(start.without("no outliers", "Outlier? is not 1", outliers))
    rows: 2 systems left
    no outliers: 1 system left, 1 dropped (1 × Outlier? is 1)
    >>> left = start.pipe(lambda before: before.without("no outliers", "Outlier? is not 1", outliers))
    >>> left.dropped()["system"].tolist()
    ['B']
    """

    table: pd.DataFrame
    steps: tuple[Step, ...] = ()
    unread: tuple[Fault, ...] = ()

    def step(self, name: str, rule: str, unit: str, published: int | None = None) -> "Selection":
        """Record a step that drops nothing, such as one that makes evaluations of systems.

        Parameters
        ----------
        name, rule : str
            What the step is called, and what it does.
        unit : str
            What a row is from then on, such as `system`.
        published : int, optional
            Rows left when the table's authors did the same.

        Returns
        -------
        Selection
            With one step more.
        """
        return replace(self, steps=(*self.steps, Step(name, rule, unit, len(self.table), (), published)))

    def without(self, name: str, rule: str, reasons: pd.Series, published: int | None = None) -> "Selection":
        """Drop the rows that have a reason to go.

        Parameters
        ----------
        name, rule : str
            What the step is called, and what it keeps.
        reasons : Series of str
            Why a row goes, missing where it stays; with the table's index.
        published : int, optional
            Rows left when the table's authors did the same.

        Returns
        -------
        Selection
            With fewer rows and one step more.

        Raises
        ------
        EvaluationsError
            No row is left.
        """
        go = reasons.notna()
        gone = self.table.assign(reason=reasons)[go].reindex(columns=["row", "system", "benchmark", "reason"])
        words = gone.astype(object).where(gone.notna(), "").drop(columns="row").astype(str)
        dropped = tuple(map(Dropped, gone["row"].astype(int), *(words[name] for name in words)))
        if go.all():
            first = f"; the first: {dropped[0]}" if dropped else ""
            raise EvaluationsError(f"no row is left by {name!r} ({rule}){first}")
        unit = self.steps[-1].unit if self.steps else "row"
        step = Step(name, rule, unit, int((~go).sum()), dropped, published)
        return replace(self, table=self.table[~go], steps=(*self.steps, step))

    def pipe(self, *rules: "Callable[[Selection], Selection]") -> "Selection":
        """Apply rules one after another.

        Parameters
        ----------
        *rules : callable
            Each from a selection to the next, such as those of `HO2024_RULES`.

        Returns
        -------
        Selection
        """
        return reduce(lambda selection, rule: rule(selection), rules, self)

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows left by the name of each step."""
        return {step.name: step.left for step in self.steps}

    @property
    def as_published(self) -> bool:
        """Whether every count is the published one, where there is one."""
        return all(step.published in (None, step.left) for step in self.steps)

    def dropped(self) -> pd.DataFrame:
        """Every dropped row.

        Returns
        -------
        DataFrame
            Columns `step`, `row` (of the file), `system`, `benchmark`, `reason`.
        """
        return pd.DataFrame(
            [{"step": step.name, **vars(each)} for step in self.steps for each in step.dropped],
            columns=["step", "row", "system", "benchmark", "reason"],
        )

    def __str__(self) -> str:
        lines = [str(step) for step in self.steps]
        compared = [(str(step.left), str(step.published)) for step in self.steps if step.published is not None]
        if compared:
            ours, theirs = (" -> ".join(counts) for counts in zip(*compared, strict=True))
            lines.append(f"{ours}, as published" if self.as_published else f"{ours}, not as published ({theirs})")
        return "\n".join(lines)
