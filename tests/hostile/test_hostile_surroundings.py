"""Locales, encodings, closed and full streams, a directory that is gone: one message, and never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.fault("Surroundings"), pytest.mark.whole]

ROW = (
    "system,paper,published,benchmark,perplexity,parameters,tokens,architecture\n"
    "é,p,2019-02-14,wt103,17.48,1.5e9,4e9,transformer\n"
)
QUICK = ("C", "a full disk behind standard output", "standard error closed")
"""Cases of the default tests: each starts processes of its own, which takes seconds."""


def cases(all_cases: dict) -> list:
    return [
        pytest.param(case, id=name, marks=() if name in QUICK else (pytest.mark.slow,))
        for name, case in all_cases.items()
    ]


SURROUNDINGS = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "decimal comma": {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"},
    "Turkish": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
    "no such locale": {"LC_ALL": "xx_XX", "LANG": "xx_XX"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
    "dumb terminal": {"TERM": "dumb", "COLUMNS": "0"},
    "narrow": {"COLUMNS": "1"},
    "no home": {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"},
    "far zone": {"TZ": "Pacific/Kiritimati"},
}


def started(shell: str, cwd: Path, **changes: str) -> subprocess.CompletedProcess[bytes]:
    environment = {"PYTHON": sys.executable, **os.environ, **changes}
    return subprocess.run(["sh", "-c", shell], cwd=cwd, env=environment, capture_output=True, timeout=300)


RUN = '"$PYTHON" -m bayes_scaling.cli'


@pytest.mark.parametrize("changes", cases(SURROUNDINGS))
def test_a_table_reads_alike_everywhere(changes, tmp_path) -> None:
    (tmp_path / "mine.csv").write_text(ROW, encoding="utf-8")
    (tmp_path / "bad.csv").write_text(ROW.replace("17.48", '"17,48"').replace("é", "İ\u202e"), encoding="utf-8")
    ended = started(f"{RUN} check mine.csv && {RUN} check bad.csv", tmp_path, **changes)
    assert ended.returncode == 2, ended.stderr
    assert b"1 evaluation, no faults" in ended.stdout
    assert b"value 17,48: must have a decimal point, not a comma" in ended.stdout
    assert ended.stderr.count(b"bayes-scaling: ") == 1
    assert b"Traceback" not in ended.stderr


SHELLS = {
    "a full disk behind standard output": (f"{RUN} models > /dev/full", (2,)),
    "standard output closed": (f"{RUN} models >&-", (0,)),
    "standard error closed": (f"{RUN} models ho2024/99 2>&-", (2,)),
    "both closed": (f"{RUN} models ho2024/99 >&- 2>&-", (2,)),
    "standard input closed": (f"{RUN} models ho2024/07 <&-", (0,)),
    "a reader that has seen enough": (f"{RUN} models | head -c 1; {RUN} models > /dev/null", (0,)),
    "a directory that is gone": (f'mkdir gone && cd gone && rmdir "$PWD" && {RUN} models ho2024/07', (0, 2)),
    "a file's name that is no text": (
        f"cp mine.csv \"$(printf '\\377.csv')\" && {RUN} check \"$(printf '\\377.csv')\"",
        (0,),
    ),
    "a name that steers the terminal": (f"{RUN} check \"$(printf '\\033[31m.csv')\"", (2,)),
}


@pytest.mark.parametrize("case", cases(SHELLS))
def test_streams_and_names_of_any_kind(case, tmp_path) -> None:
    shell, codes = case
    (tmp_path / "mine.csv").write_text(ROW, encoding="utf-8")
    ended = started(shell, tmp_path, PYTHONUTF8="1", PYTHONIOENCODING="utf-8")
    assert ended.returncode in codes, ended.stderr
    assert b"Traceback" not in ended.stderr
    assert b"Exception ignored" not in ended.stderr
    assert b"\x1b" not in ended.stderr + ended.stdout
    assert (tmp_path / "mine.csv").read_text(encoding="utf-8") == ROW
