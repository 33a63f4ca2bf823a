"""Peak memory of whole runs in processes of their own."""

import subprocess
import sys

import numpy as np
import pytest
from documented_sizes import CHECKS, PROGRAM, ROW, file_size, most

import bayes_scaling as bs

FIT = """
import resource, sys
from pathlib import Path
import bayes_scaling as bs
from bayes_scaling.reports.run_directory import write_run

runs, directory = bs.read_runs(sys.argv[1]), Path(sys.argv[2])
fit = bs.fit(bs.load_specification("chinchilla"), runs, draws=int(sys.argv[3]), tune=200, chains=4, attempts=1)
write_run(fit, directory)
assert bs.load_fit(directory).data["log_likelihood"]["loss"].shape[2] == len(runs)
"""
CHECK = """
import resource, sys
import bayes_scaling as bs
from bayes_scaling.studies.comparison.elpd import score

fit = bs.load_fit(sys.argv[2])
for unit in ("evaluation", "paper"):
    score(fit, unit, refits="none")
bs.predictive_check(fit)
bs.write_report(fit, sys.argv[2] + "/report.html")
"""


def peak(program: str, *arguments: object) -> int:
    """Bytes."""
    program += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return int(ended.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "draws"), [(10_000, 1000), (100_000, 200)])
def test_runs_take_the_memory_and_the_file_that_are_documented(rows, draws, tmp_path) -> None:
    budgets = np.geomspace(1e18, 1e22, rows // 100).tolist()
    runs = bs.simulate_isoflop(bs.BESIROGLU, budgets=budgets, models_per_budget=100, noise=0.01)
    assert len(runs) == rows
    runs.drop(columns="series").to_csv(tmp_path / "runs.csv")
    documented = PROGRAM + ROW * rows
    assert documented / 2 < peak(FIT, tmp_path / "runs.csv", tmp_path / "run", draws) < documented
    size = file_size(bs.load_fit(tmp_path / "run"))
    assert size < (tmp_path / "run" / "fit.nc").stat().st_size < most(size)
    if draws == 1000:  # several blocks already; of more rows this would take many minutes
        assert peak(CHECK, "", tmp_path / "run") < documented + CHECKS
