"""Users' tables of evaluations and of training runs: read, check, select, fetch and simulate them."""

from bayes_scaling.errors import RunsError, RunsWarning, TableWarning
from bayes_scaling.tables.benchmarks import BENCHMARKS, Benchmark
from bayes_scaling.tables.columns import ARCHITECTURES, is_runs
from bayes_scaling.tables.dates import decimal_year
from bayes_scaling.tables.faults import Fault, Finding
from bayes_scaling.tables.packaged import NAMED_RUNS, PACKAGED, load_evaluations, load_runs
from bayes_scaling.tables.plausibility import findings
from bayes_scaling.tables.reading import check_evaluations, check_runs, read_evaluations, read_runs
from bayes_scaling.tables.rows import best_of, drop_highest, last_of, rows_where, without_duplicates
from bayes_scaling.tables.selections import (
    best_per_paper,
    comparable_rows,
    on_benchmarks,
    published_between,
    test_time_adaptation_rows,
    with_architecture,
    zero_shot_rows,
)
from bayes_scaling.tables.simulated import ISOFLOP_BUDGETS, simulate_isoflop

__all__ = [
    "ARCHITECTURES",
    "BENCHMARKS",
    "ISOFLOP_BUDGETS",
    "NAMED_RUNS",
    "PACKAGED",
    "Benchmark",
    "Fault",
    "Finding",
    "RunsError",
    "RunsWarning",
    "TableWarning",
    "best_of",
    "best_per_paper",
    "check_evaluations",
    "check_runs",
    "comparable_rows",
    "decimal_year",
    "drop_highest",
    "findings",
    "is_runs",
    "last_of",
    "load_evaluations",
    "load_runs",
    "on_benchmarks",
    "published_between",
    "read_evaluations",
    "read_runs",
    "rows_where",
    "simulate_isoflop",
    "test_time_adaptation_rows",
    "with_architecture",
    "without_duplicates",
    "zero_shot_rows",
]
