"""The toolkit `chinchilla` of PyPI and this package on the same training runs; writes notebooks/chinchilla-toolkit.md.

    python tests/benchmarks/chinchilla_toolkit.py --runs chinchilla_figure4_digitised.csv

Installs the toolkit into a virtual environment of its own (``--environment`` keeps and reuses one). Each fit has a cold
process of its own, whose seconds include imports and compiling; the whole takes ten minutes on an idle core.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.processes import run
from benchmarks.samplers_page import table
from benchmarks.toolkit_fit import README_STARTS as WHOLE

import bayes_scaling as bs
from bayes_scaling.common.formatting import number
from bayes_scaling.law.chinchilla import ChinchillaLaw
from bayes_scaling.quantities.allocation import optimal_allocation

PAGE = Path(__file__).parents[2] / "notebooks" / "chinchilla-toolkit.md"
COLUMNS = {"parameters": "Model Size", "flop": "Training FLOP"}
BUDGET = 1e24
DROPPED = 5
"""Runs of highest loss that Besiroglu et al. 2024 leave out."""
READ_IN = "0.2.0"
"""Version of the toolkit whose source the page's words describe."""
CONSTANTS = ("E", "A", "B", "alpha", "beta")

CLASSICAL = """
import json, sys
import bayes_scaling as bs
runs = bs.read_runs(sys.argv[1], json.loads(sys.argv[2]))
if int(sys.argv[3]):
    runs = bs.drop_highest(runs, int(sys.argv[3]))
law = bs.classical.besiroglu_estimate(runs).law
print(json.dumps({"values": {key: [getattr(law, key)] for key in ("E", "A", "B", "alpha", "beta")}}))
"""

POSTERIOR = """
import json, sys
import bayes_scaling as bs
fit = bs.fit(bs.load_specification(sys.argv[3]), bs.read_runs(sys.argv[1], json.loads(sys.argv[2])))
found = bs.coefficients(fit)
best = bs.credible_intervals(bs.optimal_allocation(fit, 1e24)["parameters"])
columns = ["median", "lower", "upper"]
print(json.dumps({
    "values": {key: found.loc[key, columns].tolist() for key in ("E", "A", "B", "alpha", "beta", "a")},
    "best": best[columns].iloc[0].tolist(),
    "converged": fit.diagnostics.converged,
}))
"""

FEWER = 3
"""Starting points along each of five axes where losses are compared; WHOLE of the toolkit's README elsewhere."""
DEFAULT = "default (`asymmetric_mae`)"
LOSSES = {
    DEFAULT: ("", {}),
    "`log_huber`, its delta of 1": ("log_huber", {}),
    "`log_huber`, delta .001 as published": ("log_huber", {"delta": 1e-3}),
    "`mae`": ("mae", {}),
    "`mse`": ("mse", {}),
    "`huber`, its delta of 1": ("huber", {}),
}


def cold(*command: str) -> dict:
    """What a program prints, and the seconds that its process and those below it took."""
    environment = os.environ | {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = run(command, environment=environment)
    if done.code:
        raise SystemExit(done.errors)
    return json.loads(done.said.splitlines()[-1]) | {"processor": done.processor, "wall": done.wall}


def toolkit_python(environment: Path) -> str:
    """A Python that has the toolkit."""
    python = environment / "bin" / "python"
    if not python.exists():
        venv.create(environment, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "chinchilla"], check=True)
    return str(python)


def measured(runs_file: Path, environment: Path, project: Path, kept: Path) -> dict[str, dict]:
    """Every case by name; those kept by an earlier run are not measured again."""
    cases = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}

    def measure(label: str, *command: str) -> None:
        if label not in cases:
            cases[label] = cold(*command)
            kept.write_text(json.dumps(cases), encoding="utf-8")
        print(f"{label}: {cases[label]['processor']:.0f} s of a processor, {cases[label]['wall']:.0f} s", flush=True)

    mapping = json.dumps(COLUMNS)
    for name, noise in (("chinchilla", "Student-t"), ("chinchilla-normal", "normal")):
        label = f"`bs.fit`, `{name}` ({noise} noise), all runs"
        measure(label, sys.executable, "-c", POSTERIOR, str(runs_file), mapping, name)
    for dropped, words in ((0, "all runs"), (DROPPED, f"{DROPPED} highest dropped")):
        label = f"`bs.classical.besiroglu_estimate`, {words}"
        measure(label, sys.executable, "-c", CLASSICAL, str(runs_file), mapping, str(dropped))
    runs = bs.read_runs(runs_file, COLUMNS)
    renamed = runs.rename(columns={"flop": "C", "parameters": "N", "tokens": "D"})
    renamed[["C", "N", "D", "loss"]].to_csv(project / "df.csv", index=False)
    toolkit = toolkit_python(environment), str(Path(__file__).with_name("toolkit_fit.py")), str(project)
    for words, loss in LOSSES.items():
        measure(toolkit_label(words, FEWER), *toolkit, json.dumps(loss), str(FEWER))
    measure(toolkit_label(DEFAULT, WHOLE), *toolkit, json.dumps(LOSSES[DEFAULT]), str(WHOLE))
    return cases


def toolkit_label(words: str, starts: int) -> str:
    return f"toolkit, {words}, {starts ** len(CONSTANTS):,} starts"


def cell(values: list[float]) -> str:
    """A point, or a median and interval."""
    middle, *ends = map(number, values)
    return f"{middle} ({' to '.join(ends)})" if ends else middle


def estimates(cases: dict[str, dict], runs) -> str:
    """Constants, the exponent a, the best size at a budget, the published objective and seconds."""
    rows = []
    for label, case in cases.items():
        values = {name: case["values"][name] for name in CONSTANTS}
        law = ChinchillaLaw(**{name: each[0] for name, each in values.items()}, name=label)
        if "a" in case["values"]:
            a, best, objective = case["values"]["a"], case["best"], "a posterior, not a point"
            if not case["converged"]:
                label += " **NOT CONVERGED**"
        else:
            a = [law.beta / (law.alpha + law.beta)]
            objective = f"{bs.classical.huber_objective(runs, law):.6f}"
            own = optimal_allocation(law, BUDGET)["parameters"].item()
            best = case.get("best", [own])
            if abs(best[0] / own - 1) > 1e-6:
                raise SystemExit(f"{label}: another best size, {best[0]:g}, than its constants give here, {own:g}")
        cells = [cell(values[name]) for name in CONSTANTS]
        seconds = f"{case['processor']:.1f}", f"{case['wall']:.1f}"
        rows.append((label, *cells, cell(a), cell(best), objective, *seconds))
    header = ("", *CONSTANTS, "a", f"best N at {BUDGET:g} FLOP", "sum of Huber losses", "processor, s", "wall, s")
    return table(header, rows)


ABILITIES = table(
    ("", "toolkit", "`bs.classical`", "`bs.fit`"),
    [
        ("interval of a constant", "no", "by bootstrap (`besiroglu_bootstrap`)", "yes: every draw of the posterior"),
        (
            "outliers",
            "by choice of loss; the default fits the floor of the losses (an error above the data costs ten times "
            "one below)",
            "Huber's loss; published with five runs dropped by hand",
            "Student-t noise with its degrees of freedom estimated; none dropped",
        ),
        (
            "did it converge?",
            "not said: the lowest of all searches counts, and the optimiser's messages are not kept",
            "largest derivative at the end, and how many starts agree",
            "R-hat, effective draws, divergences; an unconverged fit is marked",
        ),
        ("predicted loss of a new run", "a point", "a point", "a distribution"),
        ("best split of a budget", "a point", "a point", "posterior of N, D, D / N and loss"),
        ("prior knowledge", "starting points only", "starting points only", "stated priors, with reasons"),
        ("weights of runs", "yes (`weight_fn`)", "no", "no"),
        ("a search for an architecture of that size", "yes (`model_search_config`)", "no", "no"),
        ("simulation of a whole plan of runs", "yes (`simulate`)", "IsoFLOP designs", "IsoFLOP designs"),
    ],
)


def page(cases: dict[str, dict], runs) -> str:
    """The whole page."""
    posterior = next(iter(cases.values()))
    default, fewer = (cases[toolkit_label(DEFAULT, starts)] for starts in (WHOLE, FEWER))
    versions = default["versions"]
    point = next(case for label, case in cases.items() if "classical" in label)
    to_posterior, to_point, to_fewer = (default["processor"] / case["processor"] for case in (posterior, point, fewer))
    found = f"{versions['chinchilla']} (NumPy {versions['numpy']}, SciPy {versions['scipy']})"
    note = "" if versions["chinchilla"] == READ_IN else f" The words about it were written of {READ_IN}."
    return f"""# Beside the toolkit `chinchilla`

The package `chinchilla` of PyPI fits the same law to a table of training runs,
`L = E + A / N^alpha + B / D^beta`, as a point estimate. Here both fit the {len(runs)} runs that Besiroglu et al. 2024
(arXiv 2404.10102) digitised from figure 4 of Hoffmann et al. 2022 (arXiv 2203.15556). Version of the toolkit:
{found}.{note}
It searches by BFGS from a grid of starting points that the user chooses, minimises the mean of a loss, and draws a
picture of the fit. The grid here is that of its README for such a table: {WHOLE} values of each constant,
{WHOLE**5:,} starts. The losses that it offers are compared with {FEWER} values over the same ranges:
{FEWER**5:,} starts.

## Estimates

Of a posterior: median and 95% equal-tailed credible interval. The sum of Huber losses (delta .001, on log loss, all
{len(runs)} runs) is the criterion of Hoffmann et al. 2022, eq. 3: lower is closer to the minimum, which the estimate on
all runs reaches; the one with runs dropped minimises another sum. Seconds are those of a cold process, with imports,
compiling and, of the toolkit, its picture.

{estimates(cases, runs)}

Ratios of processor seconds depend little on the machine: with the README's grid the toolkit's default takes
{to_posterior:.2g} times those of the posterior (`bs.fit`, `chinchilla`), {to_point:.2g} times those of the point
estimate of `bs.classical` on all runs, and {to_fewer:.2g} times those of its own with {FEWER**5:,} starts. It
spreads its searches over all cores. Wall seconds are of a busy machine.

## What each can say

{ABILITIES}

## Make this page again

```
python tests/benchmarks/chinchilla_toolkit.py --runs chinchilla_figure4_digitised.csv
```

That script writes all of it. The runs: `bs.load_runs("chinchilla", fetch=True)`, which names the file's public place.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True, help="The CSV file of digitised runs.")
    parser.add_argument("--environment", type=Path, help="A virtual environment for the toolkit; made if missing.")
    parser.add_argument("--kept", type=Path, help="A JSON file of what was measured, from which a run goes on.")
    parser.add_argument("--page", type=Path, default=PAGE, help="Where the page is written.")
    given = parser.parse_args()
    runs = bs.read_runs(given.runs, COLUMNS)
    with tempfile.TemporaryDirectory() as place:
        project = Path(place) / "project"
        project.mkdir()
        environment, kept = given.environment or Path(place) / "environment", given.kept or Path(place) / "kept.json"
        cases = measured(given.runs, environment, project, kept)
    given.page.write_text(page(cases, runs), encoding="utf-8")


if __name__ == "__main__":
    main()
