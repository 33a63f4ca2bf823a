"""Sound tables written otherwise, with the options that undo it, or spoilt by one change that must be refused."""

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import made_tables
from made_tables import NUMBERS, Cells

TRUTHS = {"evaluations": made_tables.evaluations, "runs": made_tables.runs}
REQUIRED = {
    "evaluations": ("system", "paper", "published", "benchmark", "perplexity", "parameters", "tokens", "architecture"),
    "runs": ("parameters", "loss"),
}


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
    ours = rng.choice(REQUIRED[it.kind])
    name, words = it.theirs(ours), GAPS if ours in NUMBERS[it.kind] else ()
    if name in it.cells[0]:
        it.options["drop_incomplete"] = True
        for _ in range(rng.randint(1, 3)):
            row = rng.choice([row for row in it.cells if row not in it.gaps])
            gap = row | {name: rng.choice((None, "", *words))} | {each: None for each in row if each == "id"}
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


GAPS = ("N/A", "NA", "null", "nan", "-", "unknown", "inf", "diverged")
"""What stands for no number, or for one that a run has not reached, in a row that may be left out."""
DISGUISES = (_renamed, _guessed, _scaled, _in_another_unit, _briefly, _in_words, _with_others, _in_another_order)


def disguised(rng: random.Random) -> Disguised:
    """A sound table, written otherwise in a few ways."""
    kind = rng.choice(("evaluations", "runs"))
    truth = TRUTHS[kind](rng)
    it = Disguised(kind, truth, [dict(row) for row in truth])
    for disguise in rng.sample(DISGUISES, min(rng.randint(1, 4), len(DISGUISES))):
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
    bad = bad if whole else tuple(cell for cell in bad if cell not in GAPS)
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


def disguised_or_spoilt(rng: random.Random, directory: Path, ways: tuple[str, ...]) -> tuple[Disguised, Any]:
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
