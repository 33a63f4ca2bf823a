"""Tables of evaluations written to files, from one good row."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOOD_ROW = {
    "system": "GPT-2",
    "paper": "Unsupervised Multitask Learners",
    "published": "2019-02-14",
    "benchmark": "wt103",
    "perplexity": "17.48",
    "parameters": "1.5e9",
    "tokens": "4e9",
    "architecture": "transformer",
}


@pytest.fixture
def table_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a CSV file: each argument holds what its row changes or adds; None leaves a column out."""

    def write(*rows: dict[str, str | None]) -> Path:
        numbered = [GOOD_ROW | {"system": f"system {number}"} | row for number, row in enumerate(rows, 2)]
        names = dict.fromkeys(name for row in numbered for name, cell in row.items() if cell is not None)
        lines = [",".join(names), *(",".join(row.get(name) or "" for name in names) for row in numbered)]
        path = tmp_path / "mine.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write
