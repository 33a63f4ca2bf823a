"""The command line as a user runs it, and one short run that several tests look at."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from made_fits import fit_around_made_runs

from bayes_scaling.inference.result import Fit

TWO_ATTEMPTS = """
from functools import partial

from bayes_scaling.cli import main
from bayes_scaling.commands import fit

fit.Settings = partial(fit.Settings, attempts=2)
main()
"""
"""The command line, which gives up sooner."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended, and where it was asked to write."""

    code: int
    out: str
    err: str
    directory: Path

    @property
    def summary(self) -> dict[str, Any]:
        return json.loads((self.directory / "summary.json").read_text(encoding="utf-8"))

    @property
    def prose(self) -> str:
        """What was printed, without line breaks."""
        return " ".join(self.out.split())


@pytest.fixture(scope="session")
def plain_environment() -> dict[str, str]:
    """No setting of the terminal at hand shapes the output."""
    shaping = {"COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "PYTHONWARNINGS"}
    return {name: value for name, value in os.environ.items() if name not in shaping}


@pytest.fixture
def in_process(monkeypatch, capfd) -> Callable[..., tuple[int, str, str]]:
    """Run ``bayes-scaling`` in this process: exit code, what it prints, what it says beside."""

    def run(*arguments: str) -> tuple[int, str, str]:
        from bayes_scaling.cli import main

        monkeypatch.setattr(sys, "argv", ["bayes-scaling", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return run


@pytest.fixture
def command_here(in_process, monkeypatch) -> Callable[..., Ended]:
    """As ``command``, in this process, since importing takes seconds."""

    def run(*arguments: str, cwd: Path) -> Ended:
        monkeypatch.chdir(cwd)
        return Ended(*in_process(*arguments), cwd)

    return run


@pytest.fixture(scope="session", name="fit")
def fit_of_runs() -> Fit:
    """Of made training runs, without sampling."""
    return fit_around_made_runs()


@pytest.fixture(scope="session")
def saved(fit, tmp_path_factory) -> Path:
    """The directory of that fit."""
    return fit.save(tmp_path_factory.mktemp("fit")).parent


@pytest.fixture(scope="session")
def command(plain_environment) -> Callable[..., Ended]:
    """Run ``bayes-scaling`` in a process of its own."""

    starts = {
        "module": [sys.executable, "-m", "bayes_scaling.cli"],
        "script": [str(Path(sys.executable).with_name("bayes-scaling"))],
        "two attempts": [sys.executable, "-c", TWO_ATTEMPTS],
    }

    def run(*arguments: str, cwd: Path, directory: str = ".", start: str = "module") -> Ended:
        done = subprocess.run(
            [*starts[start], *arguments], cwd=cwd, env=plain_environment, capture_output=True, text=True, timeout=300
        )
        return Ended(done.returncode, done.stdout, done.stderr, cwd / directory)

    return run


@pytest.fixture(scope="session")
def short_run(command, made_once) -> Ended:
    """Far too few draws of the paper's preferred model, and but one further attempt."""
    settings = ("--draws", "100", "--tune", "100", "--chains", "2", "--seed", "3")
    arguments = ("fit", "ho2024/07", *settings, "--output", "run")
    ends = "ended.json"

    def make(place: Path) -> None:
        cwd = place / "cwd"
        cwd.mkdir()
        ended = command(*arguments, cwd=cwd, start="two attempts")
        (place / ends).write_text(json.dumps([ended.code, ended.out, ended.err]), encoding="utf-8")

    place = made_once("short", make)
    return Ended(*json.loads((place / ends).read_text(encoding="utf-8")), place / "cwd" / "run")


@pytest.fixture(scope="session")
def csv_without() -> Callable[..., Path]:
    """The paper's table as a user's file, with columns left out or called otherwise."""

    def write(path: Path, *left_out: str, renamed: dict[str, str] | None = None) -> Path:
        text = (files("bayes_scaling") / "data" / "ho2024.csv").read_text(encoding="utf-8")
        rows = list(csv.DictReader(text.splitlines()))
        names = {name: (renamed or {}).get(name, name) for name in rows[0] if name not in left_out}
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names.values())
            writer.writerows([row[name] for name in names] for row in rows)
        return path

    return write
