"""Core-seconds for 400 effective draws and a leave-one-out score: plain PyMC and ArviZ against a comparison's own.

`.venv/bin/python tests/benchmarks/comparison.py` takes tens of minutes: plain NUTS hardly moves on two of the six.
"""

import time
import warnings

import arviz as az
import numpy as np
import pymc as pm

import bayes_scaling as bs
from bayes_scaling.inference.fitting import fit_with
from bayes_scaling.inference.likelihood import sampled_names
from bayes_scaling.inference.settings import DEFAULT, SEED
from bayes_scaling.studies.comparison.elpd import score

VARIANTS = (
    ("ho2024/01", 0.0),
    ("ho2024/07", 0.0),
    ("ho2024/10", 0.0025),
    ("ho2024/13", 0.0),
    ("ho2024/07", 0.01),
    ("ho2024/16", 0.001),
)
WANTED = 400


def effective(posterior, names) -> float:
    found = [az.ess(posterior[list(names)], method=kind) for kind in ("bulk", "tail")]
    return min(float(array.min()) for dataset in found for array in dataset.data_vars.values())


def plain(specification, evaluations, names) -> tuple[float, float]:
    start = time.perf_counter()
    with bs.build_model(specification, evaluations):
        drawn = pm.sample(random_seed=0, progressbar=False, cores=2)
        drawn = pm.compute_log_likelihood(drawn, progressbar=False)
        az.loo(drawn)
    return 2 * (time.perf_counter() - start), effective(drawn["posterior"].to_dataset(), names)


def ours(specification, evaluations, names) -> tuple[float, float]:
    start = time.perf_counter()
    found = fit_with(specification, evaluations, DEFAULT, SEED, cores=1)
    score(found, "evaluation", cores=1)
    return time.perf_counter() - start, effective(found.data["posterior"].to_dataset(), names)


def main() -> None:
    evaluations = bs.load_evaluations()
    ratios = []
    for name, delta in VARIANTS:
        specification = bs.load_specification(name)
        if delta:
            specification = specification.with_published_penalty(delta)
        names = sampled_names(specification)
        rows = {}
        for label, run in (("plain", plain), ("ours", ours)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                seconds, draws = run(specification, evaluations, names)
            rows[label] = seconds * WANTED / draws
        ratios.append(rows["plain"] / rows["ours"])
        print(f"{specification.name:<24} plain {rows['plain']:9.1f}  ours {rows['ours']:7.1f}  ratio {ratios[-1]:7.1f}")
    print(f"geometric mean of the ratios {np.exp(np.mean(np.log(ratios))):.1f}")


if __name__ == "__main__":
    main()
