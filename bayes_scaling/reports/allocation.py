"""Allocations of compute in words and tables for the terminal, and as files."""

import math
from collections.abc import Callable, Iterable, Iterator
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
from bayes_scaling.quantities.allocation_table import (
    INFERENCE,
    KAPLAN,
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
    if answer.fit is None:
        return _published_sentence(answer, budget)
    setting = "" if answer.benchmark is None else f" on {answer.benchmark}"
    if answer.fit.specification.progresses:
        setting += f" with the algorithms of {year_of(answer.question):g}"
    law = label_of(answer.fit)
    where = f"At {number(budget)} FLOP{setting}, {law}"
    text = f"{where} {' '.join(_findings(answer, law, budget))}"
    return text if answer.converged else f"{DO_NOT_USE}: {text}"


def _findings(answer: Allocations, law: str, budget: float) -> Iterator[str]:
    def said(purpose: str, quantity: str) -> str:
        return _said(answer.rows(budget, purpose)[law][quantity])

    if unknown := answer.not_identified:
        yield (
            f"gives no answer: {' and '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not identified. The data "
            "say nearly nothing about them, and a split would come from the prior. Add runs that differ in parameters "
            "at the same tokens, and in tokens at the same parameters."
        )
        return
    best = answer.rows(budget, TRAINING)[law]["parameters"]
    defined = best["defined"]
    if defined == 0:
        yield "has no best split: in every draw an exponent is not above 0."
        return
    if answer.undecided(budget):
        yield (
            "does not decide the best split: its interval of parameters or tokens goes further than "
            f"{UNDECIDED:g} times from the median either way. It"
        )
    yield (
        f"puts the best model at {said(TRAINING, 'parameters')} parameters and {said(TRAINING, 'tokens')} tokens, "
        f"{said(TRAINING, 'tokens_per_parameter')} tokens per parameter, with a loss of {said(TRAINING, 'loss')} nats "
        f"per token (in brackets: {CREDIBLE_INTERVAL})."
    )
    if defined < 1:
        yield f"In {1 - defined:.1%} of the draws no split is best, an exponent not being above 0; they are left out."
    if math.isfinite(answer.largest_compute):
        largest = f"the largest compute fitted ({number(answer.largest_compute)} FLOP)"
        factor = budget / answer.largest_compute
        beyond = f"The budget is {amount(factor)} times {largest}: this is extrapolated."
        yield beyond if factor > 1 else f"The budget is not beyond {largest}."
        where = {"edge": "at the edge of"}.get(best["domain"], best["domain"])
        yield (
            f"The best split lies {where} what was fitted, {best['distance']:.2g} units of its spread from its middle "
            f"(domain: {best['domain']})."
        )
    if answer.beside is not None:
        yield from second_opinion(answer.beside, answer.rows(budget, TRAINING), law)
    splits = {} if answer.question.split is None else {OWN_SPLIT: _own_split(*answer.question.split)}
    for purpose, which in (splits | {KAPLAN_SPLIT: "The split of Kaplan's rule of 2020"}).items():
        cost = said(purpose, "cost_of_split")
        yield f"{which} spends {cost} times the compute that the best split needs for the same loss."
    if answer.question.inference_tokens is not None:
        yield (
            f"As good, and with the least compute for training and {amount(answer.question.inference_tokens)} tokens "
            f"of use together, is a model of {said(INFERENCE, 'parameters')} parameters and "
            f"{said(INFERENCE, 'tokens')} tokens; it saves {said(INFERENCE, 'saving')} of that compute."
        )


def second_opinion(beside: Beside, laws: dict[str, dict[str, Row]], law: str) -> Iterator[str]:
    """What another approach says of a budget beside a law, whether the two agree, and what it could not use."""
    if beside.refused:
        yield f"Its own runs by {beside.law} give no answer to set beside it: {beside.refused.rstrip('.')}."
    else:
        mine, other = laws[law]["parameters"], laws[beside.law]["parameters"]
        apart = mine["lower"] > other["upper"] or other["lower"] > mine["upper"]
        shown = (_said(laws[beside.law][name]) for name in ("parameters", "tokens"))
        yield (
            f"The same runs by {beside.law} put it at {next(shown)} parameters and {next(shown)} tokens: the two "
            + ("DISAGREE by more than their intervals." if apart else "agree within their intervals.")
        )
    yield from (f"There {finding}." for finding in beside.findings)


def _published_sentence(answer: Allocations, budget: float) -> str:
    laws = answer.rows(budget, TRAINING)
    rule = {name: _said(row) for name, row in laws.pop(KAPLAN).items()}
    spans = {name: _range(by_name[name] for by_name in laws.values()) for name in _SIZES}
    costs = _range(by_name["cost_of_split"] for by_name in answer.rows(budget, KAPLAN_SPLIT).values())
    return (
        f"At {number(budget)} FLOP, published laws put the best model at {spans['parameters']} parameters and "
        f"{spans['tokens']} tokens, {spans['tokens_per_parameter']} tokens per parameter (Kaplan's rule of 2020: "
        f"{rule['parameters']} parameters and {rule['tokens']} tokens, at {costs} times the "
        "compute that these laws need for the same loss)."
    )


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
    costs: dict[str, dict[str, Row]] = {}
    for purpose in columns:
        for law, by_name in answer.rows(budget, purpose).items():
            costs.setdefault(law, {})[purpose] = by_name["cost_of_split"]
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


def _range(rows: Iterable[Row]) -> str:
    """From the least to the greatest of several laws."""
    ordered = sorted(rows, key=lambda row: row["median"])
    return f"{_said(ordered[0])} to {_said(ordered[-1])}"


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
    return strict_json(
        {
            "compute": list(question.budgets),
            "split": None if question.split is None else dict([question.split]),
            "inference_tokens": question.inference_tokens,
            "interval": answer.table.attrs["interval"],
            "fit": None
            if fit is None
            else about_fit(fit)
            | {
                "not_identified": list(answer.not_identified),
                "largest_compute": answer.largest_compute,
                "undecided": [budget for budget in question.budgets if answer.undecided(budget)],
                "extrapolation": {budget_name(budget): budget / answer.largest_compute for budget in question.budgets},
                "year": year_of(question) if fit.specification.progresses else None,
                "benchmark": answer.benchmark,
                "fingerprint": fit.fingerprint,
            },
            "allocation": None if fit is None else _wide(answer, label_of(fit)),
            "approach_2": None
            if beside is None
            else {name: value for name, value in vars(beside).items() if name != "rows"}
            | {"allocation": _wide(answer, beside.law)},
            "rows": answer.table.to_dict("records"),
            "sources": sources(),
        }
    )


def _wide(answer: Allocations, law: str) -> dict[str, dict[str, dict[str, float]]]:
    """By budget and quantity; empty for a law that has no rows."""
    found = {budget: answer.rows(budget, TRAINING).get(law, {}) for budget in answer.question.budgets}
    return {
        budget_name(budget): {
            name: {end: row[end] for end in ("median", "lower", "upper")} for name, row in rows.items()
        }
        for budget, rows in found.items()
        if rows
    }


def budget_name(budget: float) -> str:
    """A budget as a key: as few digits as give it back."""
    return short if float(short := f"{budget:g}") == budget else repr(budget)
