"""Make the reference posteriors again: python tests/references/make.py [NAME ...]."""

import json
import sys

from reference_posteriors import CHAINS, DIRECTORY, KEPT, TABLES, THINNING, TUNE, path_of, record

import bayes_scaling as bs

SEED = 4711


def make(name: str) -> bool:
    """Sample one reference and write it; whether it passes its own checks."""
    table = TABLES[name]()
    fit = bs.fit(
        bs.load_specification(name),
        table,
        draws=KEPT * THINNING,
        tune=TUNE,
        chains=CHAINS,
        target_accept=0.99,
        seed=SEED,
        attempts=1,
        keep=CHAINS * KEPT,
        cores=1,
    )
    found = record(fit, table)
    DIRECTORY.mkdir(exist_ok=True)
    path_of(name).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    failed = [check for check, passed in found["checks_made"].items() if not passed]
    print(f"{name}: {found['measured']} failed: {', '.join(failed) or 'nothing'}", flush=True)  # noqa: T201
    return not failed


if __name__ == "__main__":
    sys.exit(0 if all([make(name) for name in sys.argv[1:] or TABLES]) else 1)
