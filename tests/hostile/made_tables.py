"""Sound tables, and the same cells as files and frames of every format that is read."""

import csv
import gzip
import io
import json
import math
import random
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

Cells = list[dict[str, Any]]
"""A row each: text, numbers, flags, days, None where empty."""
TEXT_FILES = ("csv", "tsv", "jsonl", "semicolons", "csv.gz")
FILES = (*TEXT_FILES, "parquet", "xlsx")
FRAMES = ("pandas", "nullable", "arrow", "category", "indexed", "polars")
NUMBERS = {
    "evaluations": ("perplexity", "parameters", "tokens", "epochs", "vocabulary", "training_compute"),
    "runs": ("parameters", "tokens", "flop", "loss", "steps", "least_steps", "critical_batch"),
}


@cache
def packaged_rows() -> list[list[str]]:
    """The packaged table's cells as text, its header first."""
    text = (files("bayes_scaling") / "data" / "ho2024.csv").read_text(encoding="utf-8")
    return list(csv.reader(io.StringIO(text)))


@cache
def _packaged_cells() -> Cells:
    header, *body = packaged_rows()
    rows = [dict(zip(header, row, strict=True)) for row in body]
    numbers = NUMBERS["evaluations"]
    return [
        {name: (float(cell) if name in numbers else cell) if cell else None for name, cell in row.items()}
        | {"published": date.fromisoformat(row["published"])}
        for row in rows
    ]


def evaluations(rng: random.Random, fewest: int = 1, most: int = 12) -> Cells:
    """Some of the packaged evaluations."""
    rows = [dict(row) for row in rng.sample(_packaged_cells(), rng.randint(fewest, most))]
    left_out = {name for name in ("id", "epochs", "vocabulary", "training_compute", "doubt") if rng.random() < 0.3}
    added = {name for name in ("zero_shot", "extra_data", "comparable") if rng.random() < 0.2}
    return [
        {name: value for name, value in row.items() if name not in left_out}
        | {name: rng.random() < 0.5 or name == "comparable" for name in sorted(added)}
        for row in rows
    ]


def runs(rng: random.Random, fewest: int = 1, most: int = 12) -> Cells:
    """Runs that scatter by 1% about the law of Hoffmann et al. 2022, at ratios about 20 tokens per parameter."""
    sized = rng.choice(("tokens", "flop", "both"))
    optional = {name for name in ("id", "series", "steps", "lr", "note", "published") if rng.random() < 0.3}
    rows = []
    for number in range(rng.randint(fewest, most)):
        size = float(f"{10 ** rng.uniform(7.5, 10.5):.3g}")
        tokens = float(f"{size * 20 * math.exp(rng.gauss(0, 1)):.3g}")
        law = 1.69 + 406.4 / size**0.34 + 410.7 / tokens**0.28
        every = {
            "id": f"run {number}", "series": f"curve {number // 4}", "parameters": size, "tokens": tokens,
            "flop": 6 * size * tokens, "loss": round(law * math.exp(rng.gauss(0, 0.01)), 4), "steps": 1000.0 + number,
            "lr": rng.choice((0.001, 0.002, None)), "note": rng.choice(("a", "b, c", None)),
            "published": date(2021, 3, 1 + number % 28),
        }  # fmt: skip
        left_out = {"id", "series", "steps", "lr", "note", "published"} - optional
        left_out |= {"both": set(), "tokens": {"flop"}, "flop": {"tokens"}}[sized]
        rows.append({name: value for name, value in every.items() if name not in left_out})
    return rows


def text_of(value: Any, rng: random.Random) -> str:
    """A cell as people write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return rng.choice(("1", "true", "True") if value else ("0", "false", "FALSE"))
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15 and rng.random() < 0.5
        return str(int(value)) if whole else repr(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def delimited(header: Sequence[str], rows: Sequence[Sequence[str]], mark: str = ",") -> bytes:
    """Text cells as a file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=mark, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode("utf-8", "surrogatepass")


def written(cells: Cells, way: str, rng: random.Random, directory: Path) -> Any:
    """Rows of equal columns as a file or a frame; CSV where the format can't hold them."""
    if way in FRAMES:
        return _frame(cells, way, rng)
    path = directory / f"mine.{'csv' if way == 'semicolons' else way}"
    try:
        path.write_bytes(_file(cells, way, rng))
    except (UnicodeEncodeError, ValueError):  # characters that the format can't hold
        path = directory / "mine.csv"
        path.write_bytes(_file(cells, "csv", rng))
    return path


def _file(cells: Cells, way: str, rng: random.Random) -> bytes:
    header = list(cells[0])
    if way.endswith(".gz"):
        return gzip.compress(_file(cells, way.removesuffix(".gz"), rng))
    if way in ("csv", "tsv", "semicolons"):
        rows = [[text_of(value, rng) for value in row.values()] for row in cells]
        if rng.random() < 0.2:
            rows.insert(rng.randrange(len(rows) + 1), [""] * len(header))
        if way == "semicolons":  # of which the first row has to show that commas part nothing
            if any("," in name for name in header):
                raise ValueError(way)
            fractions = [at for at, value in enumerate(cells[0].values()) if isinstance(value, float)]
            if rng.random() < 0.5 and any("." in row[at] and "e" not in row[at] for row in rows for at in fractions):
                rows = [[c.replace(".", ",") if at in fractions else c for at, c in enumerate(row)] for row in rows]
        mark = b"\xef\xbb\xbf" if rng.random() < 0.1 else b""
        content = mark + delimited(header, rows, {"tsv": "\t", "semicolons": ";"}.get(way, ","))
        return content.decode("utf-8-sig").encode("utf-16") if rng.random() < 0.05 else content
    if way == "jsonl":
        return _json_lines(cells, rng)
    file = io.BytesIO()
    if way == "parquet":
        frame = _frame(cells, rng.choice(("pandas", "nullable", "arrow", "indexed")), rng)
        if rng.random() < 0.2:  # as engines write text that do not mark it as such
            texts = [name for name in header if all(isinstance(row[name], str) for row in cells)]
            for name in set(texts) & set(map(str, frame.columns)):
                frame[name] = [value.encode() for value in frame[name]]
        frame.to_parquet(file)
    else:
        from openpyxl import Workbook

        book = Workbook()
        for at, row in enumerate([dict(zip(header, header, strict=True)), *cells], start=1):
            for column, value in enumerate(row.values(), start=1):
                cell = book.active.cell(at, column)
                if value is not None and value != "":
                    cell.value = value
                if isinstance(value, str):
                    cell.data_type = "s"  # no formula
        book.save(file)
    return file.getvalue()


def _json_lines(cells: Cells, rng: random.Random) -> bytes:
    there = {name for row in cells for name, value in row.items() if value not in (None, "")}
    plain, lines = rng.random() < 0.5, []
    for row in cells:
        given = {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in row.items()
            if name not in there or value not in (None, "") or plain
        }
        lines += [json.dumps(given, ensure_ascii=plain)] + [""] * (rng.random() < 0.05)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _frame(cells: Cells, way: str, rng: random.Random) -> Any:
    import pandas as pd

    columns = {name: [row[name] for row in cells] for name in cells[0]}
    if way == "polars":
        import polars as pl

        return pl.DataFrame(columns, strict=False)
    frame = pd.DataFrame(columns, dtype=object if rng.random() < 0.3 else None)
    if way == "nullable":
        return frame.convert_dtypes()
    if way == "arrow":
        return frame.convert_dtypes(dtype_backend="pyarrow")
    if way == "category":
        return frame.astype("category")
    if way == "indexed":
        return _indexed(frame, rng)
    if "published" in frame and rng.random() < 0.5 and isinstance(columns["published"][0], date):
        frame["published"] = frame["published"].astype(f"datetime64[{rng.choice(('s', 'ns'))}]")
    return frame


def _indexed(frame: Any, rng: random.Random) -> Any:
    """With an index as grouping, sorting and selecting leave it; a name of its own makes it a column."""
    import pandas as pd

    names = [name for name in ("id", "series", "system") if name in frame]
    way = rng.choice(("named", "named", "texts", "same", "pairs", "negative"))
    if way == "named" and names:
        return frame.set_index(rng.choice((names[:1], names)))
    if way == "pairs":
        return frame.set_axis(pd.MultiIndex.from_product([["a"], range(len(frame))]))
    index: Mapping[str, Sequence[Any]] = {"texts": [f"r{at}" for at in range(len(frame))], "same": [7] * len(frame)}
    return frame.set_axis(index.get(way, range(-len(frame), 0)))
