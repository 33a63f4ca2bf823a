"""Allocations of compute in words and tables for the terminal, and as files."""

import math
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Column
from rich.table import Table as RichTable
from rich.text import Text

from bayes_scaling.common.formatting import DO_NOT_USE, NOT_CONVERGED, amount, number
from bayes_scaling.common.strict_json import strict_json
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.quantities import allocation_table
from bayes_scaling.quantities.allocation_table import (
    INFERENCE,
    KAPLAN_SPLIT,
    OWN_SPLIT,
    TRAINING,
    Allocations,
    Beside,
    Row,
    label_of,
    sources,
    year_of,
)
from bayes_scaling.quantities.domain import UNDECIDED
from bayes_scaling.quantities.rates import CREDIBLE_INTERVAL
from bayes_scaling.reports.prose import Prose
from bayes_scaling.reports.run_directory import write_results
from bayes_scaling.reports.terminal import NARROW, rich_table, what_failed

_SIZES = {"parameters": "parameters", "tokens": "tokens", "tokens_per_parameter": "tokens per\nparameter"}
_BAD = "bold red"


def allocation_report(answer: Allocations) -> RenderableType:
    """Of every budget the answer in sentences and its tables, and where published laws come from."""
    parts: list[RenderableType] = []
    for budget in answer.question.budgets:
        said = Text(allocation_sentence(answer, budget), style="bold" if answer.converged else _BAD)
        parts += [said, Text(), *_tables(answer, budget)]
    parts += [] if answer.converged else what_failed(answer.fit)
    own = "" if answer.fit is None else f"Of a posterior: median and, below it, the ends of its {CREDIBLE_INTERVAL}. "
    note = "Published laws are points without an interval. Losses are those of each law's own data: compare splits "
    parts.append(Text(f"{own}{note}between rows, not losses."))
    parts += [Text(f"- {name}: {source}") for name, source in sources().items()]
    if answer.fit is None:
        command = "bayes-scaling fit chinchilla --runs FILE --output DIR"
        parts.append(Text(f"For a posterior fit your own runs ({command}) and give --fit DIR."))
    return Group(*parts)


def allocation_sentence(answer: Allocations, budget: float) -> str:
    """The answer for a budget in plain words, with what it rests on and whether it can be trusted."""
    laws, split = answer.rows(budget, TRAINING), answer.question.split
    words: dict[str, Any] = {"it": answer, "budget": budget, "laws": laws, "beside": answer.beside}
    if answer.fit is None:
        return str(_prose(**words, span=_span).part("published")[0])
    own = split and _own_split(*split)
    return str(_prose(**words, law=label_of(answer.fit), own_split=own).part("posterior")[0])


def second_opinion(beside: Beside, laws: dict[str, dict[str, Row]], law: str) -> list[str]:
    """What another approach says of a budget beside a law, whether the two agree, and what it could not use."""
    return _prose(beside=beside, laws=laws, law=law).part("second_opinion")


def _prose(**words: Any) -> Prose:
    own = {"asked": allocation_table, "UNDECIDED": UNDECIDED, "DO_NOT_USE": DO_NOT_USE}
    return Prose("allocation", number=number, said=_said, **own, **words)


def _span(laws: dict[str, dict[str, Row]], quantity: str) -> str:
    """From the least to the greatest of several laws; Kaplan's rule is another."""
    found = [row[quantity] for law, row in laws.items() if law != allocation_table.KAPLAN]
    least, *_, most = sorted(found, key=lambda row: row["median"])
    return f"{_said(least)} to {_said(most)}"


def _tables(answer: Allocations, budget: float) -> Iterator[RenderableType]:
    best = answer.rows(budget, TRAINING)
    yield _table(answer, f"Best split of {number(budget)} FLOP", _SIZES | {"loss": "loss, nats"}, best)
    if answer.question.inference_tokens is not None:
        tokens = amount(answer.question.inference_tokens)
        title = f"As good, with the least compute for training and {tokens} tokens of use together"
        yield _table(answer, title, _SIZES | {"saving": "saved of all\ncompute"}, answer.rows(budget, INFERENCE))
    if answer.question.split is None:
        return
    columns = {OWN_SPLIT: _own_split(*answer.question.split).replace(" at ", " at\n"), KAPLAN_SPLIT: "Kaplan's rule"}
    rows = {purpose: answer.rows(budget, purpose) for purpose in columns}
    costs = {law: {purpose: of[law]["cost_of_split"] for purpose, of in rows.items()} for law in rows[OWN_SPLIT]}
    yield _table(answer, "Times the compute that the best split needs for the same loss", columns, costs)


def _table(answer: Allocations, title: str, columns: dict[str, str], rows: dict[str, dict[str, Row]]) -> RichTable:
    heads = [Column("law", overflow="fold")]
    heads += [Column(each, justify="right", no_wrap=True) for each in columns.values()]
    table = rich_table(title, heads, (), **NARROW)
    for law, by_name in rows.items():
        own = answer.fit is not None and law == label_of(answer.fit)
        bad = own and not answer.converged
        # Ends of intervals have lines of their own: beside each other they don't fit into 80 columns.
        cells = [_lines(by_name.get(column)) for column in columns]
        names = (f"{law}\n{NOT_CONVERGED}" if bad else law, "  lower", "  upper")[: max(map(len, cells))]
        for line in zip_longest(names, *cells, fillvalue=""):
            table.add_row(*map(Text, line), style=_BAD if bad else "bold" if own else "")
    return table


def _lines(row: Row | None) -> list[str]:
    """Cells of a row, one below the other; a note has a word a line, and stands in the first alone."""
    if row is None:
        return [""]
    return [row["note"].replace(" ", "\n")] if row["note"] else _figures(row)


def _figures(row: Row) -> list[str]:
    """Median, and of a posterior the ends of its interval."""
    write = _WRITE.get(row["quantity"], number)
    ends = ("median",) if row["kind"] == "published" else ("median", "lower", "upper")
    return ["no bound" if math.isinf(row[end]) else write(row[end]) for end in ends]


_WRITE: dict[str, Callable[[float], str]] = {"parameters": amount, "tokens": amount, "saving": "{:.0%}".format}
"""How quantities are written, where that is not as coefficients are."""


def _said(row: Row) -> str:
    """The same in a sentence."""
    if row["note"]:
        return str(row["note"])
    median, *ends = _figures(row)
    return f"{median} ({' to '.join(ends)})" if ends else median


def _own_split(name: str, value: float) -> str:
    return f"A split at {_WRITE.get(name, number)(value)} {name.replace('_', ' ')}"


SUFFIXES = (".csv", ".json")


def check_output(path: Path) -> None:
    """Refuse a directory, and a file whose name ends otherwise than in a format that can be written."""
    if path.suffix not in SUFFIXES:
        raise BayesScalingError(f"--output {path}: the file's name must end in {' or '.join(SUFFIXES)}")
    if path.is_dir():
        raise BayesScalingError(f"--output {path}: is a directory; name a file")


def write_allocations(answer: Allocations, path: Path) -> Path:
    """Write every row, whole or not at all, in the format of the file's name."""
    return write_output(path, answer.table.to_csv(index=False), allocation_json(answer))


def write_output(path: Path, csv: str, json: bytes) -> Path:
    """Write one of two formats: that of the file's name."""
    check_output(path)
    content = csv.encode() if path.suffix == ".csv" else json
    (written,) = write_results({path: content}, path, failure="can't be written ({}); choose another --output")
    return written


def about_fit(fit: Any) -> dict[str, Any]:
    """Which fit an answer is of, and whether it has converged, as plain data."""
    return {
        "law": label_of(fit),
        "specification": fit.specification.name,
        "table": fit.evaluations.name,
        "converged": fit.diagnostics.converged,
        "failures": list(fit.diagnostics.failures),
    }


def allocation_json(answer: Allocations) -> bytes:
    """Every row, with question, fit and sources; null where there is no finite number.

    ``allocation`` is the best split in wide form, ``{budget: {quantity: {median, lower, upper}}}``: of the fit, or
    null without one. ``approach_2`` has the same of the IsoFLOP profiles, ``refused`` (or ""), ``findings``, ``bias``
    of its exponent and ``coverage`` of the interval.
    """
    question, fit, beside = answer.question, answer.fit, answer.beside
    own: dict[str, Any] = dict.fromkeys(("fit", "allocation", "approach_2"))
    if fit is not None:
        own["fit"] = about_fit(fit) | {
            "not_identified": list(answer.not_identified),
            "largest_compute": answer.largest_compute,
            "undecided": [budget for budget in question.budgets if answer.undecided(budget)],
            "extrapolation": {budget_name(budget): budget / answer.largest_compute for budget in question.budgets},
            "year": year_of(question) if fit.specification.progresses else None,
            "benchmark": answer.benchmark,
            "fingerprint": fit.fingerprint,
        }
        own["allocation"] = _wide(answer, label_of(fit))
    if beside is not None:
        own["approach_2"] = {name: value for name, value in vars(beside).items() if name != "rows"}
        own["approach_2"]["allocation"] = _wide(answer, beside.law)
    return strict_json(
        {
            "compute": list(question.budgets),
            "split": None if question.split is None else dict([question.split]),
            "inference_tokens": question.inference_tokens,
            "interval": answer.table.attrs["interval"],
            **own,
            "rows": answer.table.to_dict("records"),
            "sources": sources(),
        }
    )


def _wide(answer: Allocations, law: str) -> dict[str, Any]:
    """By budget and quantity; empty for a law that has no rows."""
    rows, ends = answer.table.set_index("quantity"), ["median", "lower", "upper"]
    rows = rows[(rows["law"] == law) & (rows["purpose"] == TRAINING)]
    of = {each: rows.loc[rows["compute"] == each, ends] for each in answer.question.budgets if len(rows)}
    return {budget_name(budget): best.to_dict("index") for budget, best in of.items()}


def budget_name(budget: float) -> str:
    """A budget as a key: as few digits as give it back."""
    return short if float(short := f"{budget:g}") == budget else repr(budget)
