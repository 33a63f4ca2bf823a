"""The two lists of columns: evaluations and training runs. All reading and checking is driven by them."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import pandas as pd

from bayes_scaling.errors import BayesScalingError, EvaluationsError, RunsError

Kind = Literal["text", "benchmark", "date", "flag", "word", "count", "number"]

ARCHITECTURES = ("transformer", "recurrent", "convolutional", "feedforward", "state-space", "ngram", "other")
TOKENIZATIONS = ("word", "subword", "byte")
LARGEST_LOSS = 50.0  # nats per token: to guess at random among a million tokens is 13.8
EMPTY_UNLESS_COMPARABLE = ("parameters", "tokens")
"""A row set aside with comparable = 0 may lack these: it is kept as a fact, and no fit uses it."""


@dataclass(frozen=True)
class Column:
    """A column that has a meaning.

    ``kind`` says how its cells are read: a benchmark is a label, known ones by any of their names; a word one of
    ``choices``; a count a number that may be written 7B or 1,000,000. One whose ``need`` is ``"whole"`` may be missing,
    but not have gaps. ``usual`` is what others call it (neither case, blanks nor punctuation count), ``offered`` names
    that are not taken without being told, since they may mean something else. ``above`` and ``below`` bound a number,
    both excluded; ``hint`` says in brackets what one beyond them may be.
    """

    name: str
    kind: Kind = "text"
    need: Literal["required", "whole", "gaps"] = "gaps"
    usual: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    above: float | None = None
    below: float | None = None
    least: float | None = None
    offered: tuple[str, ...] = ()
    hint: str = ""


def _size(name: str, *usual: str, need: Literal["required", "whole", "gaps"] = "gaps") -> Column:
    return Column(name, "count", need, usual, above=0.0)


_PARAMETERS = ("N", "params", "n params", "num params", "n parameters", "num parameters", "model size", "param")
_TOKENS = ("D", "train tokens", "training tokens", "num tokens", "num token", "n tokens", "token num", "tokens seen")
_FLOP = ("C", "flops", "training flop", "training flops", "train flops", "compute")
_LOSSES = ("val loss", "validation loss", "final loss", "test loss", "eval loss", "nll")
_TEXTS = ("url", "reason", "source", "doubt", "note", "evidence")
FLAGS = ("zero_shot", "test_time_adaptation", "extra_data", "ensemble", "comparable")
FIXED_LEVELS = (*FLAGS, "architecture")
"""Columns of evaluations whose levels do not depend on the table: a formula may name one of which it has but one."""


@dataclass(frozen=True)
class TableKind:
    """A kind of table: what a row and the table are called, what is fitted, and sizes of which a row needs one."""

    noun: str
    plural: Literal["evaluations", "runs"]
    error: type[BayesScalingError]
    columns: tuple[Column, ...]
    response: str
    sizes: tuple[str, ...] = ()

    @property
    def canonical(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of columns that no table may lack."""
        return tuple(column.name for column in self.columns if column.need == "required")

    def named(self, *kinds: Kind) -> tuple[str, ...]:
        """Names of columns of some kinds."""
        return tuple(column.name for column in self.columns if column.kind in kinds)

    def column(self, name: str) -> Column:
        """A column by its name."""
        return next(column for column in self.columns if column.name == name)


EVALUATIONS = TableKind(
    noun="evaluation",
    plural="evaluations",
    error=EvaluationsError,
    columns=(
        Column("id", need="whole"),
        Column("system", need="required", usual=("model", "model name", "name")),
        Column("paper", need="required", usual=("reference", "title"), offered=("source",)),
        *(Column(name) for name in _TEXTS),
        Column("published", "date", "required", ("date", "publication date", "release date", "published date")),
        Column("benchmark", "benchmark", "required", ("bench", "dataset", "task", "test set")),
        Column(
            "architecture", "word", "required", ("arch", "architecture type"), ARCHITECTURES,
            offered=("type", "model type"),
        ),
        Column("tokenization", "word", choices=TOKENIZATIONS),
        Column(
            "perplexity", "number", "required", ("ppl", "test ppl", "test perplexity"), above=1.0,
            hint="perplexity, not log-perplexity or bits",
        ),
        # Smaller log perplexities give a perplexity of exactly 1.
        Column(
            "log_perplexity", "number", "whole", ("log ppl", "loss", *_LOSSES), above=2.0**-52, below=700.0,
            hint="is it a perplexity?",
        ),
        _size("parameters", *_PARAMETERS, need="required"),
        _size("tokens", *_TOKENS, "dataset size", "data size", need="required"),
        _size("epochs", "epoch"),
        Column("vocabulary", "count", usual=("vocab", "vocab size", "vocabulary size"), least=2.0),
        _size("training_compute", *_FLOP),
        *(Column(name, "flag", "whole") for name in FLAGS),
    ),
    response="perplexity",
)  # fmt: skip
"""Published results of language models."""

RUNS = TableKind(
    noun="run",
    plural="runs",
    error=RunsError,
    columns=(
        Column("id", need="whole"),
        Column("series"),
        Column("recipe"),
        _size("parameters", *_PARAMETERS, need="required"),
        _size("tokens", *_TOKENS),
        _size("flop", *_FLOP),
        Column(
            "loss", "number", "required", (*_LOSSES, "train loss", "training loss"), above=0.0, below=LARGEST_LOSS,
            offered=("ppl", "perplexity"), hint="if perplexities, type --loss-unit perplexity",
        ),
        _size("steps"),
        _size("least_steps"),
        _size("critical_batch"),
        _size("epochs", "epoch", "num epochs", "total epochs"),
        _size("learning_rate", "lr", "peak lr", "peak learning rate"),
        _size("batch_size", "bs", "batch", "global batch size"),
        _size("unique_tokens", "unique training tokens", "tokens per epoch"),
        Column("published", "date"),
    ),
    response="loss",
    sizes=("tokens", "flop"),
)  # fmt: skip
"""Training runs: models trained once, with their loss."""

FITTED = ("parameters", "tokens", "loss")  # what every table of runs has once it is read

MISSPELLING = 0.85  # similarity (0 to 1) from which a name is taken for a slip of the keyboard
PERPLEXITIES = {"perplexity", "log_perplexity"}
_LIKELY = 6  # required columns of evaluations, by any name, that make them likely
_TELLING = 4  # letters of a usual name that tells something within a longer one


def bare_name(name: str) -> str:
    """A name without case, blanks and punctuation; a single letter keeps its case, as N is not n."""
    plain = "".join(letter for letter in name if letter.isalnum())
    return plain if len(plain) == 1 else plain.casefold()


_IN_BRACKETS = re.compile(r"[(\[][^()\[\]]*[)\]]\s*$")  # behind a name, as a unit is: N (M)


def offered_names(names: Collection[str], kind: TableKind) -> dict[str, list[str]]:
    """Columns that a canonical one may be which is not there: usual names, slips of the keyboard, longer names."""
    usual = {
        column.name: [bare_name(each) for each in (column.name, *column.usual, *column.offered)]
        for column in kind.columns
    }
    claimed = {plain for spellings in usual.values() for plain in spellings}
    free = {name: bare_name(name) for name in names if name not in kind.canonical}
    without_unit = {name: bare_name(_IN_BRACKETS.sub("", name)) for name in free}
    others = {name: plain for name, plain in free.items() if plain not in claimed}
    found: dict[str, list[str]] = {}
    for ours, spellings in usual.items():
        exact, bare = (
            [name for spelling in spellings for name, plain in plains.items() if plain == spelling]
            for plains in (free, without_unit)
        )
        slips = get_close_matches(spellings[0], others.values(), cutoff=MISSPELLING)
        longer = [name for name, plain in others.items() if any(s in plain for s in spellings if len(s) >= _TELLING)]
        offers = exact or bare or [name for name, plain in others.items() if plain in slips] or longer
        offers = offers or [name for name in kind.column(ours).offered if name in names]
        if offers and not {*names, *found} & (PERPLEXITIES if ours in PERPLEXITIES else {ours}):
            found[ours] = list(dict.fromkeys(offers))
    return found


def kind_of_names(names: Collection[str]) -> TableKind:
    """Which kind has such columns: runs have a loss, evaluations a perplexity on a benchmark; else by the required."""
    marks = len({"benchmark", *PERPLEXITIES} & set(names))
    runs, evaluations = (required_among(names, kind) for kind in (RUNS, EVALUATIONS))
    response = PERPLEXITIES & {*names, *offered_names(names, EVALUATIONS)}
    likely = marks > 0 or (bool(response) and len(evaluations) >= _LIKELY)
    told = likely and ("loss" not in names or marks + ("paper" in names) > 1)
    more = len(runs) / len(RUNS.required) > len(evaluations) / len(EVALUATIONS.required)
    return RUNS if more and not told else EVALUATIONS


def required_among(names: Collection[str], kind: TableKind) -> list[str]:
    """The required columns of a kind that a table has, or may have by another name."""
    return [name for name in kind.required if name in {*names, *offered_names(names, kind)}]


def taken_as(names: Collection[str], kind: TableKind) -> str:
    """One line on the kind that a table was taken for, by which columns, and how to ask for the other."""
    other = RUNS if kind is EVALUATIONS else EVALUATIONS
    found = ", ".join(required_among(names, kind)) or "none of the required ones"
    ask = f"--{other.plural} (bs.read_{other.plural} in Python)"
    return f"read as {kind.plural}, since its columns look like {found}; if they are {other.plural}, add {ask}"


def is_runs(table: pd.DataFrame) -> bool:
    """Whether a table holds training runs: what it was read as, or else what its columns say, if all are there.

    >>> is_runs(pd.DataFrame({"parameters": [1e9], "tokens": [2e10], "loss": [2.5], "benchmark": ["c4"]}))
    True
    """
    told = getattr(table, "attrs", {}).get("kind")
    if told in ("evaluations", "runs"):
        return bool(told == "runs")
    return set(FITTED) <= set(table) and kind_of_names([str(name) for name in table]) is RUNS


def kind_of(table: pd.DataFrame) -> TableKind:
    """The kind of a table, as :func:`is_runs` has it."""
    return RUNS if is_runs(table) else EVALUATIONS
