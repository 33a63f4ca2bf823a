"""From the column names of a user's file to the canonical ones: mapped, guessed, or offered; and what to type."""

import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

import pandas as pd

from bayes_scaling.errors import TableError
from bayes_scaling.tables.cells import POWERS
from bayes_scaling.tables.columns import EVALUATIONS, PERPLEXITIES, RUNS, TableKind, bare_name, offered_names
from bayes_scaling.tables.faults import LONGEST_VALUE, Fault, on_one_line, printable

_NAMED = 40  # columns that a message names
_WORDED = rf"(?:in[ _])?(?:({'|'.join(POWERS)})s?\.?|(?:1e|10\^)([0-9]{{1,2}}))"
_UNIT = re.compile(rf"[(\[]{_WORDED}[)\]]|[ _]{_WORDED}$", re.IGNORECASE)
_OPTION = re.compile(r"""--([a-z-]+)(?: (?!--)((?:"[^"]*"|'[^']*'|[^\s"'])+))?""")
_QUOTED = re.compile(r"""\"([^\"]*)\"|'([^']*)'""")
_STEPS = {"where": "rows_where", "best-of": "best_of", "last-of": "last_of", "drop-duplicates": "without_duplicates"}
_UNASKED = ("id", "learning_rate", "batch_size")  # that no other name is said to resemble
_COUNTS = {*EVALUATIONS.named("count"), *RUNS.named("count")}
THEIRS = "its name in the file"  # stands for a name that only the user knows


def with_canonical_names(cells: pd.DataFrame, columns: Mapping[str, str], source: str, kind: TableKind) -> pd.DataFrame:
    """Rename columns as told; a column whose name is given to another is left out. Raises TableError."""
    names, first = list(cells.columns), dict[str, str]()
    for ours, theirs in columns.items():
        before = first.setdefault(theirs, ours)
        if ours not in kind.canonical:
            meant = _suggestion(ours, kind.canonical, offered_names([str(ours)], kind))
            wrong = f"is not a canonical column{meant}; choose from {', '.join(kind.canonical)}"
        elif theirs not in names:
            shown = ", ".join(name[:LONGEST_VALUE] for name in names[:_NAMED])
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            lacks = f"which {source} lacks{_suggestion(theirs, names)}; its columns are {shown}{more}"
            wrong = f"is mapped to {theirs!r}, {lacks}"
        elif before != ours:
            ours, wrong = before, f"and {ours!r} are both mapped to {theirs!r}; keep one of them"
        else:
            continue
        raise TableError(f"mapping of columns: {ours!r} {wrong}")
    taken_over = [name for name in names if name in columns and name not in columns.values()]
    return cells.drop(columns=taken_over).rename(columns={theirs: ours for ours, theirs in columns.items()})


def guessed_columns(names: Collection[str], kind: TableKind) -> dict[str, str]:
    """A usual name for each canonical column that a table lacks, where one column alone may be meant."""
    usual = {column.name: {bare_name(each) for each in (column.name, *column.usual)} for column in kind.columns}
    offers = {ours: theirs[0] for ours, theirs in offered_names(names, kind).items() if len(theirs) == 1}
    alone = {ours: theirs for ours, theirs in offers.items() if bare_name(theirs) in usual[ours]}
    once = [theirs for theirs, times in Counter(alone.values()).items() if times == 1]
    return {ours: theirs for ours, theirs in alone.items() if theirs in once or ours in kind.required}


def how_to_map(mapping: Mapping[str, str]) -> str:
    """What to type for a mapping of columns, with the unit of a size where its name says it."""
    shown = {ours: printable(theirs) for ours, theirs in mapping.items()}
    options = " ".join(f"--column {ours}={shlex.quote(theirs)}" for ours, theirs in shown.items())
    scale = {
        ours: f"1e{found[2] or found[4] or POWERS[(found[1] or found[3]).lower()]}"
        for ours, theirs in shown.items()
        if ours in _COUNTS and (found := _UNIT.search(theirs))
    }
    options += "".join(f" --scale {ours}={unit}" for ours, unit in scale.items())
    loss = shown.get("loss") or shown.get("log_perplexity", "")
    bits = re.search("(?<![a-z])(bits|log2)(?![a-z])", loss, re.IGNORECASE) is not None
    unit = "perplexity" if bare_name(loss) in RUNS.column("loss").offered else "bits" * bits
    return f"{options} --loss-unit {unit}" if unit else options


def in_python(said: str, join: str = ", ") -> str:
    """A message, and behind it the options of the command line that it names as Python writes them.

    >>> in_python("type --scale tokens=1e9 --last-of run")
    "type --scale tokens=1e9 --last-of run, in Python scale={'tokens': 1e9}, .pipe(bs.last_of, ['run'])"
    """
    mapped: dict[str, list[str]] = {}
    others: dict[str, None] = {}
    for option, quoted in _OPTION.findall(re.sub(r"\(or .*?\)", "", said)):
        value = _QUOTED.sub(r"\1\2", quoted.rstrip(",;:)"))
        if option in ("column", "scale"):
            ours, _, theirs = value.partition("=")
            number = option == "scale" and theirs != "log10"
            mapped.setdefault(option, []).append(f"{ours!r}: {theirs if number else repr(theirs)}")
        elif option == "where":
            others |= {f".pipe(bs.rows_where, {value!r})": None} if quoted[:1] in ("'", '"') else {}
        elif option in _STEPS:
            argument = f", {value.split(',')}" if option in ("best-of", "last-of") else ""
            others[f".pipe(bs.{_STEPS[option]}{argument})"] = None
        elif option == "loss-unit":
            others[f"loss_unit={value!r}"] = None
        elif option in ("guess-columns", "drop-incomplete"):
            others[f"{option.replace('-', '_')}=True"] = None
    python = [f"{'columns' if each == 'column' else each}={{{', '.join(mapped[each])}}}" for each in mapped]
    return f"{said}{join}in Python {', '.join((*python, *others))}" if mapped or others else said


def missing_columns(names: Collection[str], kind: TableKind) -> Iterator[Fault]:
    """A fault for each required column that is not there, and what the file may call it."""
    offers = offered_names(names, kind)
    required = [("perplexity", "log_perplexity") if name == "perplexity" else (name,) for name in kind.required]
    for either in (*required, *([kind.sizes] if kind.sizes else [])):
        if {*either} & {*names}:
            continue
        ours = next((each for each in either if each in offers), None)
        also = f", and so is {' and '.join(either[1:])}" if len(either) > 1 and ours != either[0] else ""
        if ours is None:
            maps = " or ".join(in_python(how_to_map({each: THEIRS})) for each in either)
            rule = f"is required and missing{also}; add it, or map yours: {maps}"
        else:
            may_be = " or ".join(repr(on_one_line(each)) for each in offers[ours])
            rule = f"is missing{also}; it looks like {may_be} here: {in_python(how_to_map({ours: offers[ours][0]}))}"
        yield Fault(None, either[0], "", rule)


def command_of(names: Collection[str], kind: TableKind) -> str:
    """The options to type where usual names of required columns are found; empty if none is."""
    offers = offered_names(names, kind)
    needed = {name: offers[name][0] for name in (*kind.required, *PERPLEXITIES, *kind.sizes) if name in offers}
    if not needed:
        return ""
    guessed = set(needed) & {*kind.required, *PERPLEXITIES} <= set(guessed_columns(names, kind))
    return f"{how_to_map(needed)}{' (or --guess-columns)' if guessed else ''}"


def similar_names(names: Collection[str], kind: TableKind) -> str:
    """One line on columns that are left alone, though they resemble optional ones; empty if there are none."""
    offers = {ours: theirs[0] for ours, theirs in offered_names(names, kind).items() if ours not in _UNASKED}
    claimed = {offers.get(ours) for ours in (*kind.required, *kind.sizes)}
    similar = {ours: theirs for ours, theirs in offers.items() if theirs not in claimed}
    pairs = ", ".join(f"{printable(theirs)!r} (like {ours})" for ours, theirs in similar.items())
    return f"columns left alone: {pairs}" if similar else ""


def _suggestion(name: str, choices: Collection[str], known: Collection[str] = ()) -> str:
    close = [*known] or get_close_matches(str(name), choices, n=3)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
