"""Tables: cells spoiled, written otherwise with the options that undo it, in other units, and selected.

A judge has a table read and says ``accepted`` or ``refused``. It knows what the table means, so that whatever is read
otherwise, or read though it must not be, is a silent acceptance, and the refusal of a sound table is ``strict``.
"""

import io
import json
import math
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import made_tables
import mutations
import oracles
import selection_oracle
from made_tables import FILES, FRAMES, NUMBERS, Cells
from oracles import Ended

TRUTHS = {"evaluations": made_tables.evaluations, "runs": made_tables.runs}
REQUIRED = {
    "evaluations": ("system", "paper", "published", "benchmark", "perplexity", "parameters", "tokens", "architecture"),
    "runs": ("parameters", "loss"),
}


# ---------------------------------------------------------------------- cells spoiled


def _table(rng: random.Random, rows: list[list[str]], directory: Path) -> tuple[Any, bytes]:
    body = rng.sample(rows[1:], rng.randint(1, 5))
    if rng.random() < 0.7:
        content = mutations.spoiled_table([rows[0], *body], rng)
    else:
        content = mutations.spoiled_bytes(made_tables.delimited(rows[0], body), rng)
    return _in_some_format(rng, content, directory), content


def _in_some_format(rng: random.Random, content: bytes, directory: Path) -> Any:
    """The same cells as a CSV file, or where they are a table at all, as another file or a frame."""
    path = directory / "mine.csv"
    path.write_bytes(content)
    way = rng.choice(("csv", "csv", "csv", *FILES, *FRAMES))
    try:
        rows = oracles.rows_of(content, {})
    except oracles.Broken:
        return path
    return path if way == "csv" else made_tables.written(rows, way, rng, directory)


def _verdict(read: Callable[[], Any], sound: Callable[[], Any]) -> tuple[Any, Any]:
    """What was read and the oracle's rows; a contradiction ends the input."""
    from bayes_scaling.errors import BayesScalingError

    try:
        rows, rule = sound(), ""
    except oracles.Broken as broken:
        rows, rule = None, str(broken)
    try:
        table = read()
    except BayesScalingError as error:
        if rows is not None:
            raise Ended("strict", str(error)) from None
        raise
    if rows is None:
        raise Ended("silent", rule)
    return table, rows


def judge_evaluations(rng: random.Random, directory: Path) -> str:
    """Packaged rows with a few cells, names or bytes spoiled."""
    from bayes_scaling.tables import check_evaluations, read_evaluations

    rows = made_tables.packaged_rows()
    columns = {}
    if rng.random() < 0.2:
        rows = [["Model Size" if name == "parameters" else name for name in rows[0]], *rows[1:]]
        columns = {"parameters": "Model Size"}
    source, content = _table(rng, rows, directory)
    if rng.random() < 0.1:
        for fault in check_evaluations(source, columns):
            if "\n" in str(fault):
                raise Ended("traceback", f"a fault of two lines: {fault!s:.80}")
    table, sound = _verdict(
        lambda: read_evaluations(source, columns), lambda: oracles.check_evaluations(content, columns, date.today())
    )
    _compare(table, [_meant(row, "evaluations") for row in sound], "evaluations")
    return "accepted"


def judge_runs(rng: random.Random, directory: Path) -> str:
    """Runs with a few cells, names or bytes spoiled."""
    from bayes_scaling.tables import read_runs

    if rng.random() < 0.5:
        columns = {"parameters": "Model Size", "flop": "Training FLOP"}
        rows = [["x", "y", "color", "Model Size", "Training FLOP", "hex_color", "loss"]]
        rows += [
            [f"{150 + i}.5", f"{140 - i}", "#faebdd", repr(10 ** rng.uniform(8, 10)), repr(10 ** rng.uniform(18, 21)),
             "#faebdd", repr(rng.uniform(2, 5))] for i in range(8)
        ]  # fmt: skip
    else:
        columns = {}
        rows = [["id", "series", "parameters", "tokens", "flop", "loss"]]
        for i in range(8):
            size, tokens = 10 ** rng.uniform(7, 10), 10 ** rng.uniform(9, 12)
            flop = "" if rng.random() < 0.5 else repr(6 * size * tokens)
            rows.append([f"run {i}", f"{i // 3}", repr(size), repr(tokens), flop, repr(rng.uniform(2, 5))])
    source, content = _table(rng, rows, directory)
    table, sound = _verdict(lambda: read_runs(source, columns), lambda: oracles.check_runs(content, columns))
    _compare(table, [_meant(row, "runs") for row in sound], "runs")
    return "accepted"


def _meant(row: oracles.Row, kind: str) -> dict[str, Any]:
    """A sound row of text as values, under canonical names."""
    meant: dict[str, Any] = {}
    for name, cell in row.items():
        if name in (*NUMBERS[kind], "log_perplexity" if kind == "evaluations" else ""):
            meant[name] = float(cell) if cell else None
        elif name in oracles.FLAGS and kind == "evaluations":
            meant[name] = cell.lower() in ("1", "true")
        elif name == "published":
            meant[name] = oracles.day_meant(cell, date.today()) if cell else None
        elif name == "architecture" and kind == "evaluations":
            meant[name] = oracles.architecture_meant(cell)
        elif name == "tokenization" and kind == "evaluations":
            meant[name] = cell.lower() or None
        else:
            meant[name] = cell or None
    if "log_perplexity" in meant and kind == "evaluations":
        meant["perplexity"] = math.exp(meant.pop("log_perplexity"))
    return meant


def _compare(table: Any, rows: list[dict[str, Any]], kind: str, tolerance: float = 1e-12) -> None:
    """Whether a table is the rows, each value with its type; otherwise the input ended in silence."""
    if len(table) != len(rows) or not table.index.is_unique:
        raise Ended("silent", f"{len(table)} rows of {len(rows)}, or one stands twice")
    lost = {name for name in rows[0] if name not in table and name != "id"}
    if lost:
        raise Ended("silent", f"{sorted(lost)} lost")
    for at, row in enumerate(rows):
        if kind == "runs":
            row = _with_both_sizes(row)
        for name, meant in row.items():
            found = table.index[at] if name == "id" else table[name].iloc[at]
            if not _same(found, meant, tolerance):
                raise Ended("silent", f"{name}: {meant!r} was read as {found!r}")


def _with_both_sizes(row: dict[str, Any]) -> dict[str, Any]:
    size, tokens, flop = row["parameters"], row.get("tokens"), row.get("flop")
    return row | {
        "tokens": flop / (6 * size) if tokens is None else tokens,
        "flop": 6 * size * tokens if flop is None else flop,
    }


def _same(found: Any, meant: Any, tolerance: float) -> bool:
    import pandas as pd

    if meant is None:
        return bool(pd.isna(found)) or (isinstance(found, str) and not found)
    if isinstance(meant, bool):
        return found is meant or bool(found == meant)
    if isinstance(meant, float):
        return math.isclose(float(found), meant, rel_tol=tolerance)  # text in columns without a meaning
    if isinstance(meant, date):
        return pd.Timestamp(found) == pd.Timestamp(meant)
    return " ".join(str(found).split()) == " ".join(str(meant).split())


# ---------------------------------------------------------------------- written otherwise, with what undoes it


@dataclass
class Disguised:
    """A table that means what `truth` says, once it is read with `options`; or that must be refused, and why."""

    kind: str
    truth: Cells
    cells: Cells
    options: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    gaps: Cells = field(default_factory=list)
    wrong: str = ""

    def theirs(self, name: str) -> str:
        """What the file calls a column."""
        return self.columns.get(name, name)

    def rename(self, ours: str, theirs: str) -> None:
        """Call a column otherwise."""
        self.cells = [{theirs if name == ours else name: value for name, value in row.items()} for row in self.cells]

    def change(self, name: str, to: Callable[[Any], Any]) -> None:
        """Write the cells of a column otherwise."""
        self.cells = [row | {name: None if row[name] is None else to(row[name])} for row in self.cells]

    def there(self, *names: str) -> list[str]:
        """Those of some columns that the table has under these names."""
        return [name for name in names if name in self.cells[0] and name not in self.columns]


USUAL = {
    "parameters": ("N", "params", "Model Size", "num_params", "Parameters"), "tokens": ("D", "train_tokens", "Tokens"),
    "flop": ("C", "FLOPs", "Training FLOP"), "loss": ("val_loss", "Loss", "final loss"), "perplexity": ("ppl", "PPL"),
    "published": ("date", "Release Date"), "benchmark": ("dataset", "Test Set"), "system": ("model", "Model Name"),
    "paper": ("title", "Reference"), "architecture": ("arch",), "training_compute": ("flops", "compute"),
}  # fmt: skip
STRANGE = ("mine", "Größe", "x y", "=1+1", "a.b", "1", "a`b", "loss'", "--scale", "[/]", "\u202eN2", 'say "n"', "c\\d")
FACTORS = (1e3, 1e6, 1e9, 1e12, 1e18, 0.5, 2)
LOSS_UNITS = {
    "nats": lambda loss: loss, "bits": lambda loss: loss / math.log(2),
    "log10": lambda loss: loss / math.log(10), "perplexity": math.exp,
}  # fmt: skip


def _renamed(it: Disguised, rng: random.Random) -> None:
    there, theirs = it.there(*REQUIRED[it.kind], *NUMBERS[it.kind]), rng.choice(STRANGE)
    if theirs in it.cells[0] or not there:
        return
    ours = rng.choice(there)
    it.rename(ours, theirs)
    it.columns[ours] = theirs
    if rng.random() < 0.3:  # what stands under our name is another column
        it.cells = [row | {ours: rng.choice(("x", 1.0, None))} for row in it.cells]


def _guessed(it: Disguised, rng: random.Random) -> None:
    for ours in it.there(*USUAL):
        if rng.random() < 0.3 and (ours in REQUIRED[it.kind] or ours in NUMBERS[it.kind]):
            it.rename(ours, rng.choice(USUAL[ours]))
            it.options["guess_columns"] = True


def _scaled(it: Disguised, rng: random.Random) -> None:
    import numpy as np

    sizes = [name for name in NUMBERS[it.kind] if name not in ("loss", "perplexity")]
    free = [name for name in it.there(*sizes) if not any(isinstance(row[name], str) for row in it.cells)]
    free = [name for name in free if name not in it.options.get("scale", {})]
    if not free or it.options.get("guess_columns"):
        return
    name, factor = rng.choice(free), rng.choice((*FACTORS, "log10"))
    it.change(name, lambda value: math.log10(value) if factor == "log10" else value / factor)
    number = {2: np.int64, 1e9: np.float32, 1e12: np.float64}.get(factor, lambda same: same)
    it.options["scale"] = it.options.get("scale", {}) | {name: number(factor)}


def _in_another_unit(it: Disguised, rng: random.Random) -> None:
    response = {"runs": "loss", "evaluations": "perplexity"}[it.kind]
    if not it.there(response) or "loss_unit" in it.options:
        return
    unit = rng.choice(tuple(LOSS_UNITS))
    in_nats = float if it.kind == "runs" else math.log
    it.change(response, lambda value: LOSS_UNITS[unit](in_nats(value)))
    it.options["loss_unit"] = unit
    if it.kind == "evaluations" and unit != "perplexity" and rng.random() < 0.4:
        it.rename(response, "log_perplexity")


def _briefly(it: Disguised, rng: random.Random) -> None:
    def brief(value: float) -> str:
        unit, power = rng.choice((("B", 9), ("m", 6), (" T", 12), ("k", 3), (" Billion", 9), ("M", 6)))
        digits = f"{value / 10**power:.17f}"
        exact = float(digits) * 10**power
        if rng.random() < 0.3 and value.is_integer():
            return f"{int(value):{rng.choice(',_')}}"
        return f"{digits}{unit}" if math.isclose(exact, value, rel_tol=1e-9) else repr(value)

    for name in it.there("parameters", "tokens", "flop", "training_compute"):
        if rng.random() < 0.7 and name not in it.options.get("scale", {}):
            it.change(name, brief)


def _in_words(it: Disguised, rng: random.Random) -> None:
    for name in it.there("architecture", "benchmark"):
        if it.kind == "evaluations":
            others = {"wt103": "WikiText-103", "wt2": "wikitext 2", "ptb": "Penn Treebank", "recurrent": "AWD-LSTM"}
            it.change(name, lambda word: rng.choice((word, word.upper(), others.get(word, word.title()))))  # noqa: B023


def _incomplete(it: Disguised, rng: random.Random) -> None:
    name = it.theirs(rng.choice(REQUIRED[it.kind]))
    if name in it.cells[0]:
        it.options["drop_incomplete"] = True
        for _ in range(rng.randint(1, 3)):
            row = rng.choice([row for row in it.cells if row not in it.gaps])
            gap = row | {name: rng.choice((None, ""))} | {each: None for each in row if each == "id"}
            it.cells.insert(rng.randrange(len(it.cells) + 1), gap)
            it.gaps.append(gap)


def _with_others(it: Disguised, rng: random.Random) -> None:
    name = rng.choice(("Unnamed: 0", "notes", "lab", "my column", "0", "é", "dataset name"))
    if name not in it.cells[0]:
        values = [rng.choice(("x", "<b>", None, 1.5)) for _ in it.cells]
        it.cells = [row | {name: value} for row, value in zip(it.cells, values, strict=True)]


def _in_another_order(it: Disguised, rng: random.Random) -> None:
    names = rng.sample(list(it.cells[0]), len(it.cells[0]))
    it.cells = [{name: row[name] for name in names} for row in it.cells]


DISGUISES = (_renamed, _guessed, _scaled, _in_another_unit, _briefly, _in_words, _with_others, _in_another_order)


def disguised(rng: random.Random) -> Disguised:
    """A sound table, written otherwise in a few ways."""
    kind = rng.choice(("evaluations", "runs"))
    truth = TRUTHS[kind](rng)
    it = Disguised(kind, truth, [dict(row) for row in truth])
    for disguise in rng.sample(DISGUISES, rng.randint(1, 4)):
        disguise(it, rng)
    if rng.random() < 0.2:
        _incomplete(it, rng)
    return it


def _spoil(it: Disguised, rng: random.Random) -> None:
    """One change after which the table, or what is told of it, has to be refused."""
    needed = rng.choice([name for name in map(it.theirs, REQUIRED[it.kind]) if name in it.cells[0]] or [""])
    whole = len(it.cells) if not it.options.get("drop_incomplete") else 0
    complete = [at for at, row in enumerate(it.cells) if not any(row is gap for gap in it.gaps)]
    at = rng.choice(complete)
    sizes = it.there("parameters", "tokens", "flop")
    number = it.theirs(rng.choice([each for each in NUMBERS[it.kind] if it.theirs(each) in it.cells[0]] or [""]))
    bad = ("x", "1e400", "inf", "-1", "0", "1.2.3", "nan", "NA", "null", "#REF!", "12 apples", "１２", "2021-09-14")
    spoilt: dict[str, Callable[[], Any]] = {}
    if needed:
        spoilt["a required column is missing"] = lambda: [row.pop(needed) for row in it.cells]
        if whole:
            spoilt["a required cell is empty"] = lambda: it.cells[at].update({needed: None})
        spoilt["a mapping of one column twice"] = lambda: it.columns.update(system=needed, id=needed, parameters=needed)
    if number:
        # A factor or a unit may make a sound number of 0 or -1.
        is_log = "log10" in it.options.get("scale", {}).values() or it.options.get("loss_unit")
        cell = rng.choice([each for each in bad if each not in ("0", "-1") or not is_log])
        spoilt[f"{number}: {cell}"] = lambda: it.cells[at].update({number: cell})
    spoilt["a mapping of a column that is not there"] = lambda: it.columns.update(parameters="no such column")
    spoilt["a mapping to no column of ours"] = lambda: it.columns.update({"sizes": next(iter(it.cells[0]))})
    for factor in (0, -1, float("nan"), float("inf"), True, "1e9", "log2", None, [1e9]):
        spoilt[f"a factor of {factor}"] = lambda factor=factor: it.options.update(scale={"parameters": factor})
    spoilt["a scale of what is no number"] = lambda: it.options.update(scale={rng.choice(("id", "system", "x")): 1e9})
    absent = [name for name in NUMBERS[it.kind] if name not in it.cells[0] and name not in it.columns]
    if absent and not it.options.get("guess_columns"):
        spoilt["a scale of a column that is not there"] = lambda: it.options.update(scale={rng.choice(absent): 1e9})
    unit = rng.choice(("nat", "Bits", "", "ln", "perplexities", 2, True, ["bits"]))
    spoilt[f"a loss unit {unit}"] = lambda: it.options.update(loss_unit=unit)
    spoilt["a code that there is none of"] = lambda: it.options.update(allow=["no-such-code"])
    if "id" in it.cells[0] and len(complete) > 1 and "id" not in it.columns:
        other = rng.choice([each for each in complete if each != at])
        spoilt["an id twice"] = lambda: it.cells[at].update(id="same") or it.cells[other].update(id="same")
    if it.kind == "evaluations" and "perplexity" in it.cells[0]:
        spoilt["two perplexities"] = lambda: [row.update(log_perplexity=3.0) for row in it.cells]
    if it.kind == "runs" and len(sizes) > 1 and "tokens" in sizes and "flop" in sizes and whole:
        spoilt["neither tokens nor flop"] = lambda: it.cells[at].update(tokens=None, flop=None)
    it.wrong = rng.choice(sorted(spoilt))
    spoilt[it.wrong]()
    if not it.cells[0]:
        it.wrong = ""


def _twice_named(it: Disguised, way: str, directory: Path) -> Any:
    """A file or frame whose last column bears the first one's name too."""
    import pandas as pd

    name = next(iter(it.cells[0]))
    if way == "jsonl":
        path = directory / "mine.jsonl"
        lines = (json.dumps({key: str(value) for key, value in row.items()}) for row in it.cells)
        path.write_text("\n".join(f'{line[:-1]}, {json.dumps(name)}: "1"}}' for line in lines), encoding="utf-8")
        return path
    frame = pd.DataFrame([[*row.values(), 1.0] for row in it.cells], columns=[*it.cells[0], name])
    if way == "xlsx":
        frame.to_excel(directory / "mine.xlsx", index=False)
        return directory / "mine.xlsx"
    if way in ("csv", "tsv"):
        frame.to_csv(directory / f"mine.{way}", index=False, sep="\t" if way == "tsv" else ",")
        return directory / f"mine.{way}"
    return frame


def _disguised_or_spoilt(rng: random.Random, directory: Path, ways: tuple[str, ...]) -> tuple[Disguised, Any]:
    it, way = disguised(rng), rng.choice(ways)
    if rng.random() < 0.45:
        if rng.random() < 0.1:
            it.wrong = "a name twice"
            return it, _twice_named(it, way, directory)
        _spoil(it, rng)
    if way not in ("jsonl", "xlsx") and any(len({type(row[name]) for row in it.cells}) > 1 for name in it.cells[0]):
        mixed = {name for name in it.cells[0] if len({type(row[name]) for row in it.cells} - {type(None)}) > 1}
        it.cells = [
            {name: made_tables.text_of(value, rng) if name in mixed else value for name, value in row.items()}
            for row in it.cells
        ]
    return it, made_tables.written(it.cells, way, rng, directory)


def judge_reading(rng: random.Random, directory: Path) -> str:
    """Sound tables written otherwise, read with the options that undo it; or with one that can't be right."""
    from bayes_scaling.tables import read_evaluations, read_runs

    it, source = _disguised_or_spoilt(rng, directory, (*FILES, *FRAMES))

    def sound() -> Cells:
        if it.wrong:
            raise oracles.Broken(f"{it.wrong}: read with {it.columns} {it.options}")
        return it.truth

    read = read_runs if it.kind == "runs" else read_evaluations
    table, truth = _verdict(lambda: read(source, it.columns, **it.options), sound)
    _compare(table, truth, it.kind, 1e-9)
    return "accepted"


# ---------------------------------------------------------------------- on the command line


def _words(it: Disguised, source: Path) -> list[str]:
    words = ["check", str(source), *(["--runs"] if it.kind == "runs" else [])]
    pairs = {"--column": it.columns, "--scale": it.options.get("scale", {})}
    for option, given in pairs.items():
        for name, value in given.items():
            text = value if isinstance(value, str) else repr(float(value)) if _is_number(value) else str(value)
            words += [option, f"{name}={text}"]
    if "loss_unit" in it.options:
        words += ["--loss-unit", str(it.options["loss_unit"])]
    words += ["--guess-columns"] if it.options.get("guess_columns") else []
    words += ["--drop-incomplete"] if it.options.get("drop_incomplete") else []
    return words + [word for code in it.options.get("allow", ()) for word in ("--allow", code)]


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool | list | str) and value is not None


def judge_command(rng: random.Random, directory: Path) -> str:
    """``check`` of a file: rows counted and exit code 0, or one message and exit code 2; some in a process."""
    it, source = _disguised_or_spoilt(rng, directory, FILES)
    if it.wrong in ("a factor of 1e9", "a loss unit "):  # as words of a command line these are sound, or none
        it.wrong, it.options = "a loss unit", {"loss_unit": "nat"}
    words = [*_words(it, source), "--allow", "log-perplexity", "--json"]
    code, said, told = (_by_process if rng.random() < 0.01 else _in_this_process)(words)
    shown = f"{words}: {code}, {told[-500:]}"
    if "Traceback" in told or code not in (0, 2) or (code == 2 and "bayes-scaling: " not in told):
        raise Ended("traceback", shown)
    if code == 2 and not it.wrong:
        raise Ended("strict", shown)
    if code == 0 and (it.wrong or json.loads(said)[it.kind] != len(it.truth)):
        raise Ended("silent", f"{it.wrong}: {shown}, {said[:300]}")
    return "refused" if code else "accepted"


def _by_process(words: list[str]) -> tuple[object, str, str]:
    import subprocess

    code = "from bayes_scaling.cli import main; main()"
    ended = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def _in_this_process(words: list[str]) -> tuple[object, str, str]:
    from unittest.mock import patch

    from bayes_scaling import cli

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    code: object = 0
    with patch.object(sys, "argv", ["bayes-scaling", *words]), patch.multiple(sys, stdout=out, stderr=err):
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code or 0
    said, told = (stream.flush() or stream.buffer.getvalue().decode() for stream in (out, err))
    return code, said, told


# ---------------------------------------------------------------------- selected


def judge_selection(rng: random.Random, directory: Path) -> str:
    """``--where``, ``--best-of``, ``--last-of`` and ``--drop-duplicates`` against the same worked out row by row."""
    from bayes_scaling.commands.options import TableOptions
    from bayes_scaling.errors import BayesScalingError
    from bayes_scaling.tables import read_evaluations, read_runs

    kind = rng.choice(("evaluations", "runs"))
    truth = [row | {"seed": rng.choice(("1", "2", "10")), "x y": rng.uniform(0, 1)} for row in TRUTHS[kind](rng, 2, 12)]
    truth = [{name: value for name, value in row.items() if name != "id"} for row in truth]
    truth += [dict(row) for row in rng.sample(truth, rng.randint(0, 2))]
    cells = [_with_both_sizes(row) if kind == "runs" else row for row in truth]
    source = made_tables.written(truth, rng.choice(("csv", "pandas", "jsonl")), rng, directory)
    table = (read_runs if kind == "runs" else read_evaluations)(source)
    told: dict[str, Any] = {}
    kept: selection_oracle.Kept = list(enumerate(cells))
    broken = ""
    try:
        if rng.random() < 0.3:
            told["drop_duplicates"] = True
            kept = selection_oracle.without_duplicates(kept)
        for _ in range(rng.randint(0, 2)):
            expression = selection_oracle.random_expression(rng, cells)
            told.setdefault("where", []).append(expression.text)
            kept = selection_oracle.rows_where(kept, expression)
        for option, choose in (("last_of", selection_oracle.last_of), ("best_of", selection_oracle.best_of)):
            if rng.random() < 0.4:
                names = rng.sample([*cells[0], "nosuch"], rng.randint(1, 2))
                told[option] = ",".join(names)
                kept = choose(kept, names)
    except oracles.Broken as rule:
        broken = str(rule)
    try:
        found = TableOptions(**told).selected(table)
    except BayesScalingError as error:
        if not broken:
            raise Ended("strict", f"{told}: {error}") from None
        return "refused"
    if broken:
        raise Ended("silent", f"{told}: {broken}")
    places = [table.index.get_loc(row) for row in found.index]
    if places != [at for at, _ in kept]:
        raise Ended("silent", f"{told}: kept {places}, not {[at for at, _ in kept]}")
    if len(found.attrs["selections"]) < len(told.get("where", [])):
        raise Ended("silent", f"{told}: not recorded")
    return "accepted"


# ---------------------------------------------------------------------- in other units, told by nobody

Change = Callable[[Cells, random.Random], None]


def _times(name: str, factor: float) -> Change:
    def change(cells: Cells, rng: random.Random) -> None:
        for row in cells:
            if row.get(name) is not None:
                row[name] *= factor

    return change


def _made(name: str, of: Callable[[float], float], share: float = 1.0) -> Change:
    def change(cells: Cells, rng: random.Random) -> None:
        for row in cells:
            if row.get(name) is not None and rng.random() < share:
                row[name] = of(row[name])

    return change


def _a_score(name: str) -> Change:
    def change(cells: Cells, rng: random.Random) -> None:
        for row in cells:
            row[name] = (4 * math.log10(row["parameters"]) + rng.gauss(0, 1)) / (10 if name == "loss" else 1)

    return change


def _two_scales(cells: Cells, rng: random.Random) -> None:
    cells += [row | {"loss": min(math.exp(row["loss"]), 49.0)} for row in cells]


def _several_sets(cells: Cells, rng: random.Random) -> None:
    cells[:] = [row | {"set": name, "loss": row["loss"] * by} for row in cells for name, by in (("a", 1), ("b", 1.5))]


def _repeated(cells: Cells, rng: random.Random) -> None:
    epochs = rng.choice((4.0, 9000.0))
    by_tokens = "tokens" in cells[0] and rng.random() < 0.5
    cells[:] = [row | ({"unique_tokens": row["tokens"] / epochs} if by_tokens else {"epochs": epochs}) for row in cells]


def _stands_twice(cells: Cells, rng: random.Random) -> None:
    cells.append(dict(rng.choice(cells)))


def _per_byte(cells: Cells, rng: random.Random) -> None:
    for at, row in enumerate(cells):
        row["tokenization"] = "byte" if at % 3 == 0 else "word"


_SIZES = ("parameters", "tokens")
UNITS: Mapping[str, dict[str, tuple[Change, tuple[str, ...]]]] = {
    "runs": {
        **{f"{name} in units of {by:g}": (_times(name, 1 / by), (f"{name}-not-counts", "tokens-apart"))
           for name in _SIZES for by in (1e6, 1e9, 1e12)},
        **{f"{name} times {by:g}": (_times(name, by), ("not-counts", "tokens-apart", "flop-apart"))
           for name in _SIZES for by in (1e6, 1e9)},
        **{f"flop in units of {by:g}": (_times("flop", 1 / by), ("flop-not-counts", "flop-apart", "tokens-apart"))
           for by in (1e9, 1e12, 1e15, 1e18, 1e21, 8.64e19)},
        **{f"{name} as log10": (_made(name, math.log10), (f"{name}-not-counts",)) for name in (*_SIZES, "flop")},
        **{f"{name} as natural logarithms": (_made(name, math.log), (f"{name}-not-counts",))
           for name in (*_SIZES, "flop")},
        **{f"half of {name} in billions": (_made(name, lambda size: size / 1e9, 0.5), (f"{name}-not-counts",))
           for name in _SIZES},
        "perplexity as loss": (_made("loss", math.exp), ("loss-above-chance",)),
        "some perplexities as loss": (_made("loss", math.exp, 0.3), ("loss-above-chance", "two-loss-scales")),
        "nats per byte": (_made("loss", lambda loss: loss / 4.2), ("loss-low",)),
        "bits per byte": (_made("loss", lambda loss: loss / 4.2 / math.log(2)), ("loss-low",)),
        "log10 of perplexity": (_made("loss", lambda loss: loss / math.log(10)), ("loss-low",)),
        "a score as loss": (_a_score("loss"), ("loss-rises",)),
        "two scales": (_two_scales, ("two-loss-scales", "loss-above-chance")),
        "several sets": (_several_sets, ("several-losses",)),
        "repetition": (_repeated, ("repetition",)),
        "duplicates": (_stands_twice, ("duplicates",)),
    },
    "evaluations": {
        **{f"{name} in units of {by:g}": (_times(name, 1 / by), (f"{name}-not-counts", "tokens-apart"))
           for name in _SIZES for by in (1e6, 1e9)},
        # Tokens of a small corpus times 1e6 are as many as some are trained on.
        **{f"{name} times {by:g}": (_times(name, by), ("tokens-apart",))
           for name, by in (("parameters", 1e6), ("parameters", 1e9), ("tokens", 1e9))},
        "training compute in units of 1e18": (_times("training_compute", 1e-18), ("training-compute-not-counts",)),
        **{f"{name} as log10": (_made(name, math.log10), (f"{name}-not-counts",)) for name in _SIZES},
        "log perplexity as perplexity": (_made("perplexity", math.log), ("log-perplexity",)),
        "bits as perplexity": (_made("perplexity", math.log2), ("log-perplexity",)),
        "some log perplexities as perplexity": (_made("perplexity", math.log, 0.5), ("log-perplexity",)),
        "perplexity as its logarithm": (_made("perplexity", math.exp), ("loss-above-chance",)),
        "a score as perplexity": (_a_score("perplexity"), ("loss-rises", "log-perplexity")),
        "per byte and per word": (_per_byte, ("mixed-tokenization",)),
        "duplicates": (_stands_twice, ("duplicates",)),
    },
}  # fmt: skip
"""By the kind of table: what is done to a sound one, and (parts of) codes of which one must then be found."""
HARMLESS = {"one-budget", "checkpoints"}
"""What may be said of a sound table that is small."""


def judge_unit(rng: random.Random, directory: Path) -> str:
    """A sound table with nothing found, and the same in a wrong unit with the finding that says so."""
    from bayes_scaling.errors import BayesScalingError
    from bayes_scaling.tables import findings, read_evaluations, read_runs

    kind = rng.choice(("evaluations", "runs"))
    truth = TRUTHS[kind](rng, 16, 40)
    name = rng.choice(("sound", *UNITS[kind]))
    change, codes = UNITS[kind].get(name, (lambda *_: None, ()))
    cells = [{key: value for key, value in row.items() if key not in ("id", "comparable")} for row in truth]
    before = [dict(row) for row in cells]
    change(cells, rng)
    if name != "sound" and cells == before:  # a column that this table lacks
        change, codes, name = change, (), "sound"
    source = made_tables.written(cells, rng.choice((*FILES, *FRAMES)), rng, directory)
    try:
        table = (read_runs if kind == "runs" else read_evaluations)(source)
    except BayesScalingError as error:
        if name == "sound":
            raise Ended("strict", str(error)) from None
        raise
    found = {each.code: str(each) for each in findings(table)}
    if name == "sound":
        if set(found) - HARMLESS:
            raise Ended("strict", f"{found}")
        _compare(table, cells, kind)
    elif not any(code in each for code in codes for each in found):
        raise Ended("silent", f"{name}: found {sorted(found)}, not {' or '.join(codes)}")
    return "accepted"


JUDGES = {
    "evaluations": judge_evaluations,
    "runs": judge_runs,
    "readings": judge_reading,
    "units": judge_unit,
    "selections": judge_selection,
    "checks": judge_command,
}
