"""The canonical columns of a table of evaluations, by kind."""

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables.kind import TableKind

ARCHITECTURES = (
    "transformer",
    "recurrent",
    "convolutional",
    "feedforward",
    "state-space",
    "ngram",
    "other",
)
TOKENIZATIONS = ("word", "subword", "byte")

CHOICES = {
    "architecture": ARCHITECTURES,
    "tokenization": TOKENIZATIONS,
}
NUMBERS = (
    "perplexity",
    "log_perplexity",
    "parameters",
    "tokens",
    "epochs",
    "vocabulary",
    "training_compute",
)
FLAGS = ("zero_shot", "test_time_adaptation", "extra_data", "ensemble", "comparable")
TEXTS = ("id", "system", "paper", "url", "reason", "source", "doubt", "note", "evidence")

REQUIRED = (
    "system",
    "paper",
    "published",
    "benchmark",
    "perplexity",
    "parameters",
    "tokens",
    "architecture",
)
# A row set aside with comparable = 0 may lack these: it is kept as a fact, and no fit uses it.
EMPTY_IF_NOT_COMPARABLE = ("parameters", "tokens")
# A column that is present must be filled in every row, except for these, which may have gaps.
MAY_BE_EMPTY = (
    *EMPTY_IF_NOT_COMPARABLE,
    "epochs",
    "vocabulary",
    "training_compute",
    "tokenization",
    "url",
    "reason",
    "source",
    "doubt",
    "note",
    "evidence",
)
CANONICAL = (*TEXTS, "published", "benchmark", *CHOICES, *NUMBERS, *FLAGS)
# Two rows that agree in all of these are one evaluation, written twice.
IDENTITY = (
    "system",
    "paper",
    "benchmark",
    "parameters",
    "tokens",
    "perplexity",
    "log_perplexity",
    "published",
    "zero_shot",
    "test_time_adaptation",
)

EVALUATIONS = TableKind(
    noun="evaluation",
    error=EvaluationsError,
    canonical=CANONICAL,
    required=REQUIRED,
    how_to_map=lambda ours, theirs: f"--column {ours}={theirs!r}, in Python columns={{{ours!r}: {theirs!r}}}",
    all_faults=lambda path: f"run `bayes-scaling check {path}`",
)
