"""Compare specifications, or fits at hand, by leave-one-out cross-validation; and read a comparison back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from bayes_scaling.common.files import COMPARISON_SETTINGS, COMPARISON_TABLE
from bayes_scaling.errors import BayesScalingError, require_choice
from bayes_scaling.inference.data import check_unit
from bayes_scaling.inference.result import STAND_INS, Fit, require_fit
from bayes_scaling.inference.settings import DEFAULT, SEED, Settings, checked, checked_seed, whole_number
from bayes_scaling.model.requirements import clusters_of, papers_of
from bayes_scaling.model.rows import make_rows
from bayes_scaling.quantities.rates import interval_attrs
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.comparison.elpd import ERRORS, REFITS, Record, score, units_of
from bayes_scaling.studies.comparison.result import (
    COLUMNS,
    METHODS,
    Comparison,
    check_comparable,
    comparison_table,
    weighted,
)
from bayes_scaling.studies.comparison.sweep import Task, record_of, swept
from bayes_scaling.studies.comparison.variants import STATED, Variant, expand, used_by_all
from bayes_scaling.studies.directory import StudyDirectory, recorded
from bayes_scaling.tables.columns import is_runs
from bayes_scaling.tables.plausibility import require_plausible
from bayes_scaling.tables.soundness import as_table

LEAST_UNITS = 10  # fewer units than this say nothing about how well a model predicts


def compare(
    specifications: Sequence[Specification | str | Path] | Specification | str | Path,
    evaluations: pd.DataFrame,
    *,
    unit: str = "evaluation",
    deltas: Sequence[float] = (0.0,),
    rate_scales: Sequence[float] = (1.0,),
    directory: str | Path | None = None,
    settings: Settings = DEFAULT,
    seed: int = SEED,
    refits: str = "bad",
    workers: int | None = None,
    scheduler: str | None = None,
    on_done: Callable[[Variant, bool], None] = lambda variant, reused: None,
) -> Comparison:
    r"""Compare specifications on one table by how well each predicts evaluations, or papers, left out.

    .. math:: \mathrm{elpd} = \sum_u \ln p(y_u \mid y_{-u})

    Parameters
    ----------
    specifications
        Specifications, names in the catalogue, paths of ``.toml`` files, or names of families (``"ho2024"``); or one of
        these.
    evaluations
        See :func:`bayes_scaling.load_evaluations`.
    unit
        Unit of cross-validation: ``"evaluation"``, or ``"paper"``: all evaluations of a paper left out together,
        which is how well a model predicts a new paper.
    deltas
        The paper's penalty strengths (its grid: 0, .001, .0025, .005, .01, .02) as priors; 0 stands for the priors
        that a specification states.
    rate_scales
        Factors on the widths of the stated priors of the progress rates.
    directory
        Keeps every finished fit and score; the same call with the same directory resumes. By default nothing is
        kept.
    settings, seed
        Of the first attempt of each fit.
    refits
        Which units are left out exactly, by a fit without them: ``"bad"``, those whose importance weights moment
        matching can't mend; ``"all"``; or ``"none"``.
    workers
        Processes on this machine; by default one a core. In a script, calls belong under
        ``if __name__ == "__main__":``.
    scheduler
        Address of a running ``dask.distributed`` scheduler (``"tcp://host:8786"``) to use instead. Results are the
        same.
    on_done
        Called with each variant as it ends, and whether it had been finished before.

    Returns
    -------
    Comparison

    Raises
    ------
    BayesScalingError
        Anything wrong with the arguments or the table, before anything is sampled; a scheduler out of reach; a full
        disk. What was finished is kept.

    Notes
    -----
    Ho et al. 2024 (arXiv 2403.05812, appendix J) choose among 20 structures and 6 penalties by the mean squared error
    of point estimates; ``loo_mse`` is its counterpart here. Cross-validation: Vehtari, Gelman and Gabry 2017.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> names = ["reference", "ho2024/07", "ho2024/16"]
    >>> comparison = bs.compare(names, bs.load_evaluations(), unit="paper")  # doctest: +SKIP
    >>> comparison.table[["rank", "elpd_diff", "dse", "weight"]]  # doctest: +SKIP
    """
    variants = expand(specifications, deltas, rate_scales)
    settings, seed = checked(settings), checked_seed(seed)
    evaluations = as_table(evaluations)
    require_plausible(evaluations, used_by_all(variants))
    _check_units(evaluations, unit)
    require_choice("refits", refits, REFITS)
    workers = None if workers is None else whole_number("workers", workers, 1)
    for variant in variants:
        make_rows(variant.specification, evaluations)  # refuses a table that lacks what the specification needs
    if unit == "paper":
        _check_clusters(variants, evaluations)
    tasks = {each.name: Task(each, evaluations, unit, settings, seed, refits) for each in variants}
    with swept(tasks, directory, on_done, workers=workers, scheduler=scheduler) as (sweep, records):
        table = comparison_table(records)
        scores = {name: record.elpd for name, record in records.items()}
        fits = {name: sweep.fit(tasks[name]) for name in weighted(table)}
        return Comparison(table=table, unit=unit, scores=scores, fits=fits, **sweep.about(tasks))


def comparison_json(comparison: Comparison) -> bytes:
    """`comparison.json`: settings, unit of cross-validation, weights, averages, fingerprints and versions."""
    return recorded(
        comparison,
        unit=comparison.unit,
        interval=interval_attrs(),
        variants=len(comparison.table),
        converged=int(comparison.table["converged"].sum()),
        tied_with_the_best=list(comparison.tied),
        weights=comparison.weights.to_dict(),
        averaged_doubling_time_months={
            kind: comparison.averaged_doubling_times(kind).to_dict("index") for kind in METHODS if comparison.fits
        },
    )


def load_comparison(directory: str | Path) -> Comparison:
    """Read a comparison that ``bayes-scaling compare --output DIRECTORY`` has finished.

    Parameters
    ----------
    directory
        With ``comparison.json``, ``comparison.csv`` and the folders ``fits`` and ``scores``.

    Returns
    -------
    Comparison
        As :func:`bayes_scaling.compare` returned it. Each variant's score must say what the table says, and each fit
        must have the fingerprint that was recorded.

    Raises
    ------
    BayesScalingError
        If a file is missing, damaged, or of another run; the message names it and says what to do.

    Examples
    --------
    >>> comparison = load_comparison("runs/compare-ho2024")  # doctest: +SKIP
    >>> comparison.averaged_doubling_times().loc["compute", "median"]  # doctest: +SKIP
    11.8
    """
    files = StudyDirectory(directory, "compare", COMPARISON_SETTINGS, COMPARISON_TABLE)
    table, unit = files.table(None, COLUMNS, later=ERRORS), str(files.plain.get("unit"))
    try:
        check_unit(unit)
    except BayesScalingError as error:
        raise files.damaged(error) from None
    rows = table.to_dict("index").items()
    scores = {str(name): record_of(files, str(name), unit, row).elpd for name, row in rows}
    check_comparable(scores)
    fits = {name: files.fit(name) for name in weighted(table)}
    return Comparison(table=table, unit=unit, scores=scores, fits=fits, **files.about(Comparison))


def compare_fits(fits: Sequence[Fit], *, unit: str = "evaluation", refits: str = "bad") -> Comparison:
    """Compare fits at hand; as :func:`compare`, without sampling anything but refits.

    Parameters
    ----------
    fits
        Of different specifications to one and the same table; of a dict, its values.
    unit, refits
        As for :func:`compare`.

    Returns
    -------
    Comparison
        Of the fits that were given, none repeated.

    Raises
    ------
    BayesScalingError
        If two fits are of different tables (the message names them), or have the same name.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> fits = [bs.load_fit("runs/reference"), bs.load_fit("runs/mine")]  # doctest: +SKIP
    >>> bs.compare_fits(fits).table  # doctest: +SKIP
    """
    alone = isinstance(fits, (Fit, *STAND_INS)) or not isinstance(fits, Iterable)
    several = fits.values() if isinstance(fits, Mapping) else fits
    fits = [require_fit(fit) for fit in ([fits] if alone else several)]
    if not fits:
        raise BayesScalingError("nothing to compare; give at least one fit")
    names = [fit.specification.name for fit in fits]
    for name in names:
        if names.count(name) > 1:
            raise BayesScalingError(f"two fits are called '{name}'; give their specifications names of their own")
    by_name = dict(zip(names, fits, strict=True))
    check_comparable({name: units_of(fit, unit) for name, fit in by_name.items()})
    records = {
        name: Record.of(name, STATED, fit, score(fit, unit, refits=refits), fit.seconds["total"])
        for name, fit in by_name.items()
    }
    return Comparison(
        table=comparison_table(records),
        unit=unit,
        evaluations=fits[0].evaluations,
        scores={name: record.elpd for name, record in records.items()},
        fits={name: fit for name, fit in by_name.items() if fit.diagnostics.converged},
        fingerprints={name: fit.fingerprint for name, fit in by_name.items()},
    )


def _check_clusters(variants: Sequence[Variant], evaluations: pd.DataFrame) -> None:
    """Refuse specifications that would leave out different units, before they are fitted."""
    named = {tuple(clusters_of(each.specification, evaluations)["paper"]): each for each in variants}
    if len(named) > 1:
        said = (f"'{each.specification.name}' has '{each.specification.noise.cluster}'" for each in named.values())
        raise BayesScalingError(
            f"unit 'paper' is what [noise] cluster names, and {', '.join(said)}; use unit 'evaluation', "
            "or one cluster in all"
        )


def _check_units(evaluations: pd.DataFrame, unit: str) -> None:
    check_unit(unit)
    if unit == "paper" and (is_runs(evaluations) or "paper" in evaluations):
        papers = int(papers_of(evaluations).nunique())
        if papers < LEAST_UNITS:
            raise BayesScalingError(
                f"leaving out papers needs at least {LEAST_UNITS} of them, and the table has {papers}; "
                "use unit 'evaluation', or more papers"
            )
    if len(evaluations) < LEAST_UNITS:
        raise BayesScalingError(
            f"cross-validation needs at least {LEAST_UNITS} evaluations, and the table has {len(evaluations)}"
        )
