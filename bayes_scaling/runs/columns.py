"""The canonical columns of a table of training runs."""

from bayes_scaling.errors import RunsError
from bayes_scaling.evaluations.columns import EVALUATIONS
from bayes_scaling.tables.kind import TableKind

SIZES = ("tokens", "flop")
"""Of these each row needs one; the other follows from C = 6 N D."""

REQUIRED = ("parameters", "loss")
MEASURED = ("steps", "least_steps", "critical_batch")
"""Optional numbers: steps taken; those that a far larger batch would have needed; the critical batch size, tokens."""
NUMBERS = ("parameters", *SIZES, "loss", *MEASURED)
MAY_BE_EMPTY = (*SIZES, *MEASURED, "series")
CANONICAL = ("id", "series", *NUMBERS)
# Two rows that agree in all of these are one run, written twice.
IDENTITY = ("series", *NUMBERS)

RUNS_TABLE = TableKind(
    noun="run",
    error=RunsError,
    canonical=CANONICAL,
    required=REQUIRED,
    how_to_map=EVALUATIONS.how_to_map,
    all_faults=lambda path: "`check_runs` gives them all",
)
