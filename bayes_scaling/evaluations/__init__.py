"""Tables of evaluations: read, check and select published results of language models."""

from bayes_scaling.evaluations.benchmarks import BENCHMARKS, Benchmark
from bayes_scaling.evaluations.columns import ARCHITECTURES
from bayes_scaling.evaluations.packaged import PACKAGED, load_evaluations
from bayes_scaling.evaluations.reading import check_evaluations, read_evaluations
from bayes_scaling.evaluations.selections import (
    best_per_paper,
    comparable_rows,
    on_benchmarks,
    published_between,
    test_time_adaptation_rows,
    with_architecture,
    zero_shot_rows,
)
from bayes_scaling.evaluations.values import decimal_year
from bayes_scaling.tables.faults import Fault

__all__ = [
    "ARCHITECTURES",
    "BENCHMARKS",
    "PACKAGED",
    "Benchmark",
    "Fault",
    "best_per_paper",
    "check_evaluations",
    "comparable_rows",
    "decimal_year",
    "load_evaluations",
    "on_benchmarks",
    "published_between",
    "read_evaluations",
    "test_time_adaptation_rows",
    "with_architecture",
    "zero_shot_rows",
]
