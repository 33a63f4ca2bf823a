"""What a row of a table and a unit of cross-validation are called: those of training runs have names of their own."""

from bayes_scaling.common.formatting import counted
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.result import EvaluationsSummary

_OF_RUNS = dict(zip(UNITS, ("run", "series"), strict=True))


def noun_of(unit: str, kind: str) -> str:
    """What a reader calls a unit of cross-validation: evaluations of ``"runs"`` are runs, and papers are series.

    A cluster is called by the name of its column.
    """
    return _OF_RUNS.get(unit, unit) if kind == "runs" else unit


def plural_of(noun: str) -> str:
    """Several of them."""
    return noun if noun.endswith("s") else f"{noun}s"


def size_of(table: EvaluationsSummary) -> str:
    """How many rows of how many sources; of runs without series only the rows."""
    rows, sources = (noun_of(unit, table.kind) for unit in UNITS)
    text = counted(table.rows, rows)
    if table.kind == "runs":
        return text if table.papers == table.rows else f"{text} from {table.papers} {sources}"
    return f"{text} from {counted(table.papers, sources)}"
