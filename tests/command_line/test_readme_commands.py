"""Every command of README, as written and in its order, in a fresh shell and an empty folder."""

import re
from pathlib import Path

import pytest
from documentation.guides import run_in_fresh_shell

ROOT = Path(__file__).parents[2]
ELSEWHERE = ("sh .ci/setup", ". .venv/bin/activate", ".ci/docs")
"""What continuous integration runs in a checkout; the shell finds the commands without it here."""


def commands() -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if not line.startswith(ELSEWHERE)]


def test_each_door_has_its_commands() -> None:
    named = {line.split()[1] for line in commands() if line.startswith("bayes-scaling ")}
    assert {"fit", "report", "compare", "check", "models", "allocate", "backtest"} <= named


@pytest.mark.slow
def test_every_command_runs_in_order_in_a_fresh_shell(tmp_path: Path) -> None:
    (tmp_path / "bayes_scaling").symlink_to(ROOT / "bayes_scaling")
    ended = run_in_fresh_shell("\n".join(commands()), tmp_path)
    assert "effective compute doubles every" in " ".join(ended.stdout.split())  # wherever lines are broken
    assert "Traceback" not in ended.stderr
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("runs/*/*")}
    assert {"runs/reference-ho2024/report.html", "runs/mine/fit.nc", "runs/ladder/fit.nc"} <= written
