"""What every hostile case is held to: one message, exit code 2, and all that was there before unchanged."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bayes_scaling.cli import main


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def refused(monkeypatch, capfd, tmp_path) -> Callable[..., str]:
    """Run a command line that must be refused in the test's directory; its one message."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        before = contents(tmp_path)
        monkeypatch.setattr(sys, "argv", ["bayes-scaling", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert ended.value.code == 2
        assert contents(tmp_path) == before
        assert "Traceback" not in err
        assert err.count("bayes-scaling: ") == 1
        assert all(each.isprintable() or each == "\n" for each in out + err)
        return " ".join((out + err).split())

    return run
