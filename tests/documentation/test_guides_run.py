"""Guides run as they stand: their files, Python and commands, in order, in a fresh shell and an empty folder."""

import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from documentation.guides import blocks

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("guide", ["pymc-users-first-hour", "your-own-benchmark"])
def test_a_guide_runs_as_it_stands(guide: str, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    code, ran = "", set()
    for language, group in groupby(blocks(guide), key=lambda block: block[1]):
        texts = list(group)
        ran.add(language)
        if language == "toml":
            for mark, _, text in texts:
                (tmp_path / mark).write_text(text)
            continue
        whole = "".join(text for _, _, text in texts)
        if language == "python":  # a notebook knows what was defined before
            code += "".join(f"    {line}\n" for line in whole.splitlines())
            (tmp_path / "guide.py").write_text(f'if __name__ == "__main__":\n{code}')
        command = "python guide.py" if language == "python" else whole
        asked = ["bash", "-euo", "pipefail", "-c", command]
        ended = subprocess.run(asked, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr[-2000:]
    assert "python" in ran
