"""Tables: cells spoiled, written otherwise with the options that undo it, in other units, and selected.

A judge has a table read and says ``accepted`` or ``refused``. It knows what the table means, so that whatever is read
otherwise, or read though it must not be, is a silent acceptance, and the refusal of a sound table is ``strict``.
"""

import io
import json
import math
import random
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import made_tables
import mutations
import oracles
import selection_oracle
from disguises import TRUTHS, Disguised, disguised_or_spoilt
from made_tables import FILES, FRAMES, NUMBERS, Cells
from oracles import Ended
from wrong_units import HARMLESS, UNITS

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
    import numpy as np
    import pandas as pd

    if meant is None:
        return bool(pd.isna(found)) or (isinstance(found, str) and not found)
    if isinstance(meant, bool):
        return found is meant or bool(found == meant)
    if isinstance(found, bool | np.bool):  # of a flag that stands as text
        return bool(found) == (str(meant).lower() in ("1", "true"))
    if isinstance(meant, float):
        return math.isclose(float(found), meant, rel_tol=tolerance)  # text in columns without a meaning
    if isinstance(meant, date):
        return pd.Timestamp(found) == pd.Timestamp(meant)
    return " ".join(str(found).split()) == " ".join(str(meant).split())


# ---------------------------------------------------------------------- written otherwise


def judge_reading(rng: random.Random, directory: Path) -> str:
    """Sound tables written otherwise, read with the options that undo it; or with one that can't be right."""
    from bayes_scaling.tables import read_evaluations, read_runs

    it, source = disguised_or_spoilt(rng, directory, (*FILES, *FRAMES))

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
    it, source = disguised_or_spoilt(rng, directory, FILES)
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
