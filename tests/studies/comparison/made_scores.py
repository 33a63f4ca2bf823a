"""Scores and records made of given terms, for tests of what is read off a comparison."""

import numpy as np
from made_fits import made_fit

from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.studies.comparison.elpd import Elpd, Record
from bayes_scaling.studies.comparison.result import Comparison, comparison_table

CONVERGED = Diagnostics(1.001, 2000.0, 2000.0, 0, 0, 0.9, 4000, False, "g_N", ())
STUCK = Diagnostics(1.3, 20.0, 30.0, 0, 0, 0.9, 4000, True, "g_N", ("R-hat up to 1.300 (g_N)",))


def made_score(terms, unit="evaluation", labels=None, observed=None, **changes) -> Elpd:
    terms = np.asarray(terms, dtype=float)
    n = len(terms)
    observed = np.linspace(2, 5, n) if observed is None else np.asarray(observed, dtype=float)
    values = {
        "unit": unit,
        "labels": tuple(labels or (f"row-{i}" for i in range(n))),
        "terms": terms,
        "effective": np.full(n, 0.05),
        "pareto_k": np.full(n, 0.1),
        "good_k": 0.7,
        "pareto_k_found": np.full(n, 0.1),
        "how": ("psis",) * n,
        "predictions": observed + 0.1,
        "observed": observed,
        "errors": np.full(n, 0.01),
    }
    return Elpd(**values | changes)


def made_record(model, score, diagnostics=CONVERGED, label="stated priors", median=9.0) -> Record:
    doubling = {"median": median, "lower": 5.0, "upper": np.inf, "probability_of_progress": 0.97}
    return Record(model, label, diagnostics, doubling, 12.5, score)


def made_comparison(*behind: float | None, **changes) -> Comparison:
    """Variants a, b, ... that are so many nats a term behind; None: it did not converge. ``changes`` of every score."""
    records, base = {}, np.random.default_rng(0).normal(0, 0.4, 200)
    for name, less in zip("abcd", behind, strict=False):
        score = made_score(base - (less or 0.0), **changes)
        records[name] = made_record(name, score, CONVERGED if less is not None else STUCK)
    fit = made_fit(g_N=np.full(100, 0.5), g_D=np.full(100, 0.3), g_C=np.full(100, 0.8))
    return Comparison(
        table=comparison_table(records),
        unit="evaluation",
        evaluations=EvaluationsSummary("made", 200, 200, ()),
        scores={name: record.elpd for name, record in records.items()},
        fits={name: fit for name, record in records.items() if record.diagnostics.converged},
    )
