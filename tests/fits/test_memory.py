"""Peak memory of whole runs in processes of their own, beside the formula of `notebooks/site/file-formats.md`."""

import subprocess
import sys

import numpy as np
import pytest

import bayes_scaling as bs

RUN = """
import resource, sys
from pathlib import Path
import bayes_scaling as bs
from bayes_scaling.report.run_directory import write_run

runs, directory = bs.read_runs(sys.argv[1]), Path(sys.argv[2])
fit = bs.fit(bs.load_specification("chinchilla"), runs, draws=int(sys.argv[3]), tune=200, chains=4, attempts=1)
write_run(fit, directory)
assert bs.load_fit(directory).data["log_likelihood"]["loss"].shape[2] == len(runs)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "draws"), [(10_000, 1000), (100_000, 200)])
def test_fitting_saving_drawing_and_loading_take_the_memory_that_is_documented(rows, draws, tmp_path) -> None:
    budgets = np.geomspace(1e18, 1e22, rows // 100)
    runs = bs.simulate_isoflop(bs.BESIROGLU, budgets, models=100, noise=0.01)
    assert len(runs) == rows
    runs.to_csv(tmp_path / "runs.csv")
    command = [sys.executable, "-c", RUN, str(tmp_path / "runs.csv"), str(tmp_path / "run"), str(draws)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    documented = 0.7e9 + 2e3 * rows
    assert documented / 2 < int(ended.stdout) < documented
    assert (tmp_path / "run" / "fit.nc").stat().st_size < 60e6
