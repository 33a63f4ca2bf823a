"""From the column names of a user's file to the canonical ones: mapped, guessed, or offered."""

import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

import pandas as pd

from bayes_scaling.errors import TableError
from bayes_scaling.tables.cells import POWERS
from bayes_scaling.tables.columns import EVALUATIONS, RUNS, TableKind
from bayes_scaling.tables.faults import LONGEST_VALUE, Fault, on_one_line, printable

MISSPELLING = 0.85  # similarity (0 to 1) from which a name is taken for a slip of the keyboard
_NAMED = 40  # columns that a message names
_TELLING = 4  # letters of a usual name that tells something within a longer one
_UNIT = re.compile(r"\((?:in )?(?:(k|m|b|t|thousand|million|billion|trillion)s?|(1e[0-9]{1,2}))\)", re.IGNORECASE)
_COUNTS = {*EVALUATIONS.named("count"), *RUNS.named("count")}
_PERPLEXITIES = {"perplexity", "log_perplexity"}
THEIRS = "its name in the file"
"""Stands for a name that only the user knows."""


def with_canonical_names(cells: pd.DataFrame, columns: Mapping[str, str], source: str, kind: TableKind) -> pd.DataFrame:
    """Rename a file's columns as a mapping of canonical names to the file's says.

    A column of the file whose own name the mapping gives to another column is left out. Raises TableError: the mapping
    names an unknown canonical column, a column that the file lacks, or one column twice.

    Examples
    --------
    >>> cells = pd.DataFrame({"Model Size": ["1e9"]})
    >>> list(with_canonical_names(cells, {"parameters": "Model Size"}, "runs.csv", RUNS))
    ['parameters']
    """
    _check_mapping(list(cells.columns), columns, source, kind)
    taken_over = [name for name in cells if name in columns and name not in columns.values()]
    return cells.drop(columns=taken_over).rename(columns={theirs: ours for ours, theirs in columns.items()})


def offered_names(names: Collection[str], kind: TableKind) -> dict[str, list[str]]:
    """The columns of a table that each canonical one which it lacks may be, likeliest first.

    By usual names, else by a slip of the keyboard, else by a name that holds a usual one.

    Examples
    --------
    >>> offered_names(["N", "Tokens", "los", "Lab"], RUNS)
    {'parameters': ['N'], 'tokens': ['Tokens'], 'loss': ['los']}
    """
    usual = {
        column.name: [bare_name(each) for each in (column.name, *column.usual, *column.offered)]
        for column in kind.columns
    }
    claimed = {plain for spellings in usual.values() for plain in spellings}
    free = {name: bare_name(name) for name in names if name not in kind.canonical}
    others = {name: plain for name, plain in free.items() if plain not in claimed}
    found: dict[str, list[str]] = {}
    for ours, spellings in usual.items():
        exact = [name for spelling in spellings for name, plain in free.items() if plain == spelling]
        slips = get_close_matches(spellings[0], others.values(), cutoff=MISSPELLING)
        longer = [name for name, plain in others.items() if any(s in plain for s in spellings if len(s) >= _TELLING)]
        offers = exact or [name for name, plain in others.items() if plain in slips] or longer
        if offers and ours not in names:
            found[ours] = list(dict.fromkeys(offers))
    return found


def guessed_columns(names: Collection[str], kind: TableKind) -> dict[str, str]:
    """A usual name for each canonical column that a table lacks, where one column alone may be meant.

    Examples
    --------
    >>> guessed_columns(["N", "train_loss", "val_loss", "Tokens"], RUNS)
    {'parameters': 'N', 'tokens': 'Tokens'}
    """
    usual = {column.name: {bare_name(each) for each in (column.name, *column.usual)} for column in kind.columns}
    alone = {
        ours: theirs[0]
        for ours, theirs in offered_names(names, kind).items()
        if len(theirs) == 1 and bare_name(theirs[0]) in usual[ours]
    }
    times = Counter(alone.values())
    given = _PERPLEXITIES if _PERPLEXITIES & set(names) else ()
    return {
        ours: theirs
        for ours, theirs in alone.items()
        if ours not in given and (times[theirs] == 1 or ours in kind.required)
    }


def kind_of_names(names: Collection[str]) -> TableKind:
    """Which kind of table has such columns: the one that has more of those that it requires.

    Examples
    --------
    >>> kind_of_names(["N", "D", "loss"]).noun, kind_of_names(["system", "perplexity"]).noun
    ('run', 'evaluation')
    """

    def share(kind: TableKind) -> float:
        known = {*names, *offered_names(names, kind)}
        return sum(name in known for name in kind.required) / len(kind.required)

    told = {*_PERPLEXITIES, "benchmark"} & set(names)
    return RUNS if not told and share(RUNS) > share(EVALUATIONS) else EVALUATIONS


def how_to_map(mapping: Mapping[str, str]) -> str:
    """What to type for a mapping of columns, with the unit of a size where its name says it.

    Examples
    --------
    >>> how_to_map({"parameters": "Model Size"})
    "--column parameters='Model Size', in Python columns={'parameters': 'Model Size'}"
    >>> how_to_map({"parameters": "Size (B)"}).partition(", in Python ")[0]
    "--column parameters='Size (B)' --scale parameters=1e9"
    """
    shown = {ours: printable(theirs) for ours, theirs in mapping.items()}
    python = f"in Python columns={shown}"
    options = " ".join(f"--column {ours}={shlex.quote(theirs)}" for ours, theirs in shown.items())
    scale = {
        ours: found[2] or f"1e{POWERS[found[1][:2].lower()]}"
        for ours, theirs in shown.items()
        if ours in _COUNTS and (found := _UNIT.search(theirs))
    }
    if scale:
        options += "".join(f" --scale {ours}={unit}" for ours, unit in scale.items())
        python += f", scale={{{', '.join(f'{ours!r}: {unit}' for ours, unit in scale.items())}}}"
    if bare_name(shown.get("loss", "")) in RUNS.column("loss").offered:
        options, python = f"{options} --loss-unit perplexity", f'{python}, loss_unit="perplexity"'
    return f"{options}, {python}"


def missing_columns(names: Collection[str], kind: TableKind) -> Iterator[Fault]:
    """A fault for each required column that is not there, and what the file may call it.

    Examples
    --------
    >>> for fault in missing_columns(["parameters", "los", "flop"], RUNS):
    ...     print(fault)
    column loss: is missing; it looks like 'los' here: --column loss=los, in Python columns={'loss': 'los'}
    """
    offers = offered_names(names, kind)
    present = {*names, *(_PERPLEXITIES if _PERPLEXITIES & set(names) else ())}
    required = [(name,) for name in kind.required if name not in present]
    for either in (*required, *([kind.sizes] if kind.sizes and not present.intersection(kind.sizes) else [])):
        also = f", and so is {' and '.join(either[1:])}" if len(either) > 1 else ""
        ours = next((each for each in either if each in offers), None)
        if ours is None:
            maps = " or ".join(how_to_map({each: THEIRS}) for each in either)
            rule = f"is required and missing{also}; add it, or map yours: {maps}"
        else:
            may_be = " or ".join(repr(on_one_line(each)) for each in offers[ours])
            rule = f"is missing{also}; it looks like {may_be} here: {how_to_map({ours: offers[ours][0]})}"
        yield Fault(None, either[0], "", rule)


def command_of(names: Collection[str], kind: TableKind) -> str:
    """One line to type where usual names of required columns are found; empty if none is."""
    offers = offered_names(names, kind)
    needed = {name: offers[name][0] for name in (*kind.required, *kind.sizes) if name in offers}
    if not needed:
        return ""
    guessed = set(needed) & set(kind.required) <= set(guessed_columns(names, kind))
    return f"type {how_to_map(needed).split(', in Python')[0]}{' (or --guess-columns)' if guessed else ''}"


def similar_names(names: Collection[str], kind: TableKind) -> str:
    """One line on columns that are left alone, though they resemble optional ones; empty if there are none."""
    offers = {ours: theirs[0] for ours, theirs in offered_names(names, kind).items()}
    claimed = {offers.get(ours) for ours in (*kind.required, *kind.sizes)}
    similar = {
        ours: theirs
        for ours, theirs in offers.items()
        if theirs not in claimed and ours not in ("id", "log_perplexity")
    }
    pairs = ", ".join(f"{printable(theirs)!r} (like {ours})" for ours, theirs in similar.items())
    return f"columns left alone as text: {pairs}; to use them: {how_to_map(similar)}" if similar else ""


def bare_name(name: str) -> str:
    """A name without case, blanks and punctuation; a single letter keeps its case, as N is not n."""
    plain = "".join(letter for letter in name if letter.isalnum())
    return plain if len(plain) == 1 else plain.casefold()


def _check_mapping(names: list[str], columns: Mapping[str, str], source: str, kind: TableKind) -> None:
    origin: dict[str, str] = {}
    for ours, theirs in columns.items():
        first = origin.setdefault(theirs, ours)
        if ours not in kind.canonical:
            wrong = (
                f"is not a canonical column{_suggestion(ours, kind.canonical)}; choose from {', '.join(kind.canonical)}"
            )
        elif theirs not in names:
            lacks = f"which {source} lacks{_suggestion(theirs, names)}; its columns are {_listed(names)}"
            wrong = f"is mapped to {theirs!r}, {lacks}"
        elif first != ours:
            raise TableError(
                f"mapping of columns: {first!r} and {ours!r} are both mapped to {theirs!r}; keep one of them"
            )
        else:
            continue
        raise TableError(f"mapping of columns: {ours!r} {wrong}")


def _listed(names: list[str]) -> str:
    """Names of a file's columns, not without end."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(name[:LONGEST_VALUE] for name in names[:_NAMED]) + more


def _suggestion(name: str, choices: Collection[str]) -> str:
    close = get_close_matches(str(name), choices, n=3)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
