"""Run the robustness cases: one sweep, one store, one table."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from bayes_scaling.comparison.elpd import Record
from bayes_scaling.comparison.sweep import Sweep
from bayes_scaling.comparison.variants import Variant
from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.inference.settings import DEFAULT, SEED, Settings, checked, checked_seed
from bayes_scaling.quantities.doubling import doubling_times
from bayes_scaling.quantities.rate_widths import Ends, rate_interval
from bayes_scaling.robustness_cases.cases import BASELINE, Case
from bayes_scaling.robustness_cases.result import Plan, Robustness, planned, robustness_table

UNIT, REFITS = "evaluation", "none"
"""Of cross-validation. Refits would take far longer than the fits; ``pareto_k_bad`` counts the terms that need one."""


def robustness(
    evaluations: pd.DataFrame | None = None,
    *,
    cases: Sequence[str] | None = None,
    directory: str | Path | None = None,
    settings: Settings = DEFAULT,
    seed: int = SEED,
    workers: int | None = None,
    scheduler: str | None = None,
    on_done: Callable[[Variant, bool], None] = lambda variant, reused: None,
) -> Robustness:
    r"""Find out whether the doubling time depends on what was chosen.

    Fits the paper's robustness cases, and some of ours, and puts the doubling time of effective compute of each,

    .. math:: T_C = 12 \ln 2 / g_C,

    beside the published one.

    Parameters
    ----------
    evaluations
        By default the paper's 231 (:func:`bayes_scaling.load_evaluations`). On another table, cases that need columns
        or rows which it lacks are skipped, with the reason; so are those of our collected table.
    cases
        Names (:func:`bayes_scaling.robustness_cases.cases.cases_of`); by default all. The baseline is always run.
    directory, settings, seed, workers, scheduler, on_done
        As for :func:`bayes_scaling.compare`.

    Returns
    -------
    Robustness
        ``table``, one row a case: median and 95% equal-tailed interval in months (mapped from those of the rate),
        probability of progress, difference in elpd from the baseline where a case has exactly its rows, published
        counterpart.

    Raises
    ------
    BayesScalingError
        For an unknown case, or a table that does not allow the baseline; before anything is sampled.

    Notes
    -----
    Leave-one-out by evaluation, with importance sampling and moment matching but no refits: ``pareto_k_bad`` counts
    the terms that would need one. Published cases: Ho et al. 2024 (arXiv 2403.05812), appendices E, H and I, Table 5
    and notebooks.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> result = bs.robustness(cases=["irreducible", "papers"], directory="runs/robustness")  # doctest: +SKIP
    >>> result.table[["compute_doubling_months_median", "published_months"]]  # doctest: +SKIP
    """
    settings, seed = checked(settings), checked_seed(seed)
    plan = planned(evaluations, cases)
    with tempfile.TemporaryDirectory() as scratch:
        sweep = Sweep(
            plan.fitted,
            plan.tables,
            Path(scratch if directory is None else directory),
            unit=UNIT,
            settings=settings,
            seed=seed,
            refits=REFITS,
        )
        done = sweep.run(workers=workers, scheduler=scheduler, on_done=on_done)
        by_variant = {variant.name: record for variant, record in zip(plan.fitted, done, strict=True)}
        records = {case.name: by_variant[plan.variants[case.name].name] for case in plan.cases}
        doubling = {case.name: _doubling(case, plan, records[case.name], sweep) for case in plan.cases}
        return Robustness(
            table=robustness_table(plan, records, doubling, _rates(plan, sweep)),
            skipped=plan.skipped,
            evaluations=summary_of(plan.table_of(BASELINE)),
            settings=settings,
            seed=seed,
            fingerprints={case.name: sweep.fingerprints[plan.variants[case.name].name] for case in plan.cases},
            directory=None if directory is None else Path(directory),
            set_aside=tuple((str(path), reason) for path, reason in sweep.set_aside),
        )


def _doubling(case: Case, plan: Plan, record: Record, sweep: Sweep) -> Mapping[str, float]:
    if case.era is None:
        return record.doubling
    by_era = doubling_times(sweep.fit(plan.variants[case.name]), by="era")
    return {str(name): float(value) for name, value in by_era.to_dict("index")["compute", case.era].items()}


def _rates(plan: Plan, sweep: Sweep) -> Mapping[str, Ends]:
    """Ends of each rate's interval, log units per year; records keep months alone, and no rate below 0 has any."""
    return {case.name: rate_interval(sweep.fit(plan.variants[case.name]), case.era) for case in plan.cases}
