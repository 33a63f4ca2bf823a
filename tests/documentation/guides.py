"""Blocks of code of pages, which tests run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from documentation.quoted import ROOT, page


def blocks(guide: str) -> list[tuple[str, str, str]]:
    """Mark above it (or nothing), language and text of each block of a guide, in order."""
    text = page(f"notebooks/site/{guide}.md")
    return re.findall(r"(?:<!-- ([\w.-]+) -->\n)?```(\w+)\n(.*?)```", text, re.DOTALL)


def code_of(guide: str, mark: str) -> dict[str, Any]:
    """What the block of Python under a mark defines."""
    (code,) = [text for found, language, text in blocks(guide) if (found, language) == (mark, "python")]
    defined: dict[str, Any] = {}
    exec(code, defined)
    return defined


def run_in_fresh_shell(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run commands as whoever has just activated the environment would, in a folder that is their home too."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(folder), "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    asked = ["bash", "-euo", "pipefail", "-c", commands]
    ended = subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended
