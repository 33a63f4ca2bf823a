"""What a fit costs, counted rather than timed: gradients, compilations, bytes kept, modules imported.

`.venv/bin/python tests/benchmarks/gate.py` fits three models, each with several seeds, in processes of their own that
start with an empty cache, and fails where a count has grown by more than a fifth over `gate.json`. `--update` writes
the counts there instead: for a growth that is meant, with the reason in the commit.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

RECORD = Path(__file__).with_suffix(".json")
GROWTH = 1.2
SEEDS = range(4)
CASES = ("reference", "ho2024/07 penalised", "chinchilla")
"""Evaluations with paper effects, the program of all penalised structures, and runs with Student-t noise."""

_CASE = """
import json, sys
import bayes_scaling as bs
name, _, penalised = sys.argv[1].partition(" ")
specification = bs.load_specification(name)
if penalised:
    specification = specification.with_published_penalty(0.0025)
table = bs.load_evaluations()
if not specification.progresses:
    table = bs.simulate_isoflop(bs.BESIROGLU, noise=0.01)
# One attempt each: whether a second one is needed hangs on single transitions, which differ between processors.
fits = [bs.fit(specification, table, seed=seed, attempts=1) for seed in json.loads(sys.argv[2])]
print(json.dumps({
    "gradients": sum(fit.diagnostics.gradients for fit in fits),
    "bytes kept": max(len(fit.to_bytes()) for fit in fits),
    "modules": len(sys.modules),
}))
"""


def counted(case: str, seeds: list[int], cache: Path) -> dict[str, int]:
    """Counts of some fits in a fresh process."""
    command = [sys.executable, "-c", _CASE, case, json.dumps(seeds)]
    environment = os.environ | {"BAYES_SCALING_CACHE": str(cache)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{case}: {done.stderr}")
    return json.loads(done.stdout)


def counts() -> dict[str, dict[str, int]]:
    """Counts of every case: compiled in a first process, and again with everything at hand in a second."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        cache = Path(scratch)
        for case in CASES:
            before = len(list(cache.glob("*.bin")))
            first = counted(case, list(SEEDS), cache)
            compiled = len(list(cache.glob("*.bin"))) - before
            second = counted(case, [0], cache)
            again = len(list(cache.glob("*.bin"))) - before - compiled
            found[case] = {
                **first,
                "modules": second["modules"],
                "compilations": compiled,
                "compilations of a second process": again,
            }
    return found


def grown(before: dict[str, dict[str, int]], now: dict[str, dict[str, int]]) -> list[str]:
    """What has grown by more than a fifth, in words."""
    said = []
    for case, each in now.items():
        for name, value in each.items():
            known = before.get(case, {}).get(name)
            if known is None or value > GROWTH * known:
                said.append(f"{case}: {name} {value:,}, before {'unknown' if known is None else f'{known:,}'}")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the counts instead of comparing them")
    now = counts()
    print(json.dumps(now, indent=2))
    if parser.parse_args().update:
        RECORD.write_text(json.dumps(now, indent=2) + "\n")
        return
    said = grown(json.loads(RECORD.read_text()), now)
    if said:
        raise SystemExit("\n".join(["grown by more than a fifth:", *said, "if that is meant: gate.py --update"]))


if __name__ == "__main__":
    main()
