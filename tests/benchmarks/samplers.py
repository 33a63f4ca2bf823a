"""Effective draws a second of this package and of other samplers on the same models; writes notebooks/samplers.md.

    python tests/benchmarks/samplers.py            # hours: many cases, each stopped after 300 seconds
    python tests/benchmarks/samplers.py --quick    # minutes: a smoke run on 231 rows with few draws

Needs what `pip install -c constraints.txt '.[benchmark]'` installs, and skips what is not there. Each case has a
process of its own. Results are written after each to a JSON file, from which a run that was stopped goes on, and the
page is made of that file alone. Ends with 1 where a sampler found another posterior, or failed.
"""

import argparse
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.processes import run
from benchmarks.samplers_page import COLD, ESTIMATORS, LABELS, OURS, SAMPLERS, WARM, grouped, page, problems

# This process stays small, without NumPy even: what a parent holds counts towards the peak of its children.

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "notebooks" / "samplers.json"
SPECIFICATIONS = ("reference", "ho2024/07", "ho2024/13", "chinchilla")
STATIC = ("chinchilla",)
ROWS = (231, 2_310, 23_100, 231_000)
LIMIT = 300.0
MODULES = {name: name.replace("-", "_") for name in ("numpyro", "blackjax", "chinchilla", "simple-scaling-laws")}
"""Packages that may be missing, to what they are imported as."""
VERSIONED = ("bayes-scaling", "pymc", "pytensor", "nutpie", "jax", *MODULES, "arviz", "numpy", "scipy")


def cases(specifications: list[str], rows: list[int], samplers: list[str]) -> Iterator[tuple[str, int, str]]:
    for specification in specifications:
        for count in rows:
            for sampler in samplers:
                if sampler not in ESTIMATORS or specification in STATIC:
                    yield specification, count, sampler


def environment(caches: Path) -> dict[str, str]:
    """Of a process that finds the caches of this folder and no others."""
    flags = {name: os.environ.get(name, "") for name in ("PYTENSOR_FLAGS", "XLA_FLAGS")}
    # JAX runs as many chains at a time as it is told that there are devices; PyMC's default is this many chains.
    devices = max(2, min(4, cores()))
    return os.environ | {
        "BAYES_SCALING_CACHE": str(caches / "bayes_scaling"),
        "NUMBA_CACHE_DIR": str(caches / "numba"),
        "PYTENSOR_FLAGS": ",".join(filter(None, (flags["PYTENSOR_FLAGS"], f"base_compiledir={caches / 'pytensor'}"))),
        "XLA_FLAGS": f"{flags['XLA_FLAGS']} --xla_force_host_platform_device_count={devices}".strip(),
        "MPLBACKEND": "Agg",
    }


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measured(specification: str, rows: int, sampler: str, caches: Path, *, quick: bool, limit: float) -> dict[str, Any]:
    """One case in a process of its own."""
    asked = {
        "specification": specification,
        "rows": rows,
        "sampler": "ours" if sampler in OURS else sampler,
        "quick": quick,
        "started": time.time(),
    }
    command = [sys.executable, str(HERE / "sampler_case.py"), json.dumps(asked)]
    ended = run(command, limit=limit, environment=environment(caches))
    said: dict[str, Any] = {}
    for line in ended.said.splitlines():
        if line.startswith("{"):
            said |= json.loads(line)
    case: dict[str, Any] = {"wall": ended.wall, "processor": ended.processor, "peak_mib": ended.peak_mib}
    if "found" in said and ended.code == 0:
        return case | {"found": said["found"]}
    if ended.code is None:
        return case | {"reached": said or {"stage": "start-up"}}
    if ended.code < 0:
        return case | {"failed": f"ended by signal {-ended.code} at {said.get('stage', 'start-up')}"}
    print(ended.errors, file=sys.stderr)
    return case | {"failed": last_error(ended.errors)}


def last_error(errors: str) -> str:
    """The line of a program's last words that says what was wrong, without this machine's folders."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()] or ["no message"]
    named = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    return re.sub(r"/\S+/", "", (named or lines)[-1])[:200]


def missing(sampler: str) -> str | None:
    absent = sampler in MODULES and find_spec(MODULES[sampler]) is None
    return f"{sampler} is not installed" if absent else None


def processor_name() -> str:
    """As the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def header(*, quick: bool, limit: float) -> dict[str, Any]:
    """What all results of a file have in common."""
    found = {}
    for package in VERSIONED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    machine = f"{processor_name()}, {platform.system()}, Python {platform.python_version()}"
    settings = {"quick": quick, "limit": limit, "cores": cores(), "machine": machine}
    return {"settings": settings, "versions": found}


def opened(file: Path, now: dict[str, Any]) -> dict[str, Any]:
    """A file of results to go on with; new where there is none."""
    if not file.exists():
        return now | {"results": []}
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    then = {**document["settings"], **document["versions"]}
    for name, value in {**now["settings"], **now["versions"]}.items():
        if then.get(name) != value and (then.get(name) is not None or name in now["settings"]):
            raise SystemExit(f"{file} was made with {name} {then.get(name)}, and this is {value}: name another file")
    document["versions"] |= now["versions"]
    # What was not installed then may be now, and what failed may be mended.
    document["results"] = [case for case in document["results"] if not {"skipped", "failed"} & case.keys()]
    return document


def write(file: Path, text: str) -> None:
    """All of it or nothing, whenever it is stopped."""
    beside = file.with_name(file.name + ".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)


def in_words(case: dict[str, Any]) -> str:
    if "skipped" in case:
        return f"skipped, {case['skipped']}"
    what = next(word for word in ("found", "failed", "reached") if word in case)
    words = {"found": "done", "failed": f"FAILED, {case.get('failed')}", "reached": f"stopped at {case.get('reached')}"}
    return f"{words[what]}, {case['wall']:.0f} s, {case['peak_mib']:,.0f} MiB"


def measure_all(file: Path, document: dict[str, Any], wanted: list[tuple[str, int, str]]) -> None:
    settings = document["settings"]
    how = {"quick": settings["quick"], "limit": settings["limit"]}
    done = {(case["specification"], case["rows"], case["sampler"]) for case in document["results"]}
    with tempfile.TemporaryDirectory() as folder:
        filled: dict[tuple[str, int], Path] = {}
        for number, (specification, rows, sampler) in enumerate(wanted):
            if (specification, rows, sampler) in done:
                continue
            caches = Path(folder) / str(number)
            caches.mkdir()
            if absent := missing(sampler):
                case: dict[str, Any] = {"skipped": absent}
            else:
                if sampler == WARM:
                    if (specification, rows) not in filled:  # the cold case is of an earlier run
                        measured(specification, rows, COLD, caches, **how)
                        filled[specification, rows] = caches
                    caches = filled[specification, rows]
                case = measured(specification, rows, sampler, caches, **how)
                if sampler == COLD:
                    filled[specification, rows] = caches
            document["results"].append({"specification": specification, "rows": rows, "sampler": sampler} | case)
            write(file, json.dumps(document, indent=1, allow_nan=False) + "\n")
            print(f"{specification}, {rows:,} rows, {LABELS[sampler]}: {in_words(case)}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="A smoke run: 231 rows, few draws, in a temporary folder.")
    parser.add_argument("--limit", type=float, default=LIMIT, help="Seconds after which a case is stopped.")
    parser.add_argument("--specifications", nargs="+", choices=SPECIFICATIONS, default=list(SPECIFICATIONS))
    parser.add_argument("--rows", nargs="+", type=int, help="By default 231 and ten, a hundred, a thousand times that.")
    parser.add_argument("--samplers", nargs="+", choices=[*SAMPLERS, *ESTIMATORS], default=[*SAMPLERS, *ESTIMATORS])
    parser.add_argument("--results", type=Path, help="The JSON file, which a run goes on with; the page is beside it.")
    parser.add_argument("--page-only", action="store_true", help="Measure nothing; write the page from the JSON.")
    given = parser.parse_args()
    file = given.results or (Path(tempfile.mkdtemp()) / "samplers.json" if given.quick else RESULTS)
    file.parent.mkdir(parents=True, exist_ok=True)
    if given.page_only:
        document = json.loads(file.read_text(encoding="utf-8"))
    else:
        rows = given.rows or list(ROWS[:1] if given.quick else ROWS)
        document = opened(file, header(quick=given.quick, limit=given.limit))
        measure_all(file, document, list(cases(given.specifications, rows, given.samplers)))
    write(file.with_suffix(".md"), page(document))
    print(f"written: {file.with_suffix('.md')}")
    said = problems(grouped(document["results"]))
    for each in said:
        print(each, file=sys.stderr)
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main())
