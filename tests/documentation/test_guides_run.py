"""Guides run as they stand: their files, Python and commands, in order, in a fresh shell and an empty folder."""

from itertools import groupby
from pathlib import Path

import pytest
from documentation.guides import blocks, run_in_fresh_shell


@pytest.mark.slow
@pytest.mark.parametrize("guide", ["pymc-users-first-hour", "your-own-benchmark"])
def test_a_guide_runs_as_it_stands(guide: str, tmp_path: Path) -> None:
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
        run_in_fresh_shell("python guide.py" if language == "python" else whole, tmp_path)
    assert "python" in ran
