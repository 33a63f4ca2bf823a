"""Which robustness cases a table allows, what a run of them found, and where its fits are."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import arviz as az
import pandas as pd

from bayes_scaling.comparison.compare import LEAST_UNITS
from bayes_scaling.comparison.elpd import Elpd, Record
from bayes_scaling.comparison.result import check_comparable
from bayes_scaling.comparison.variants import Variant, expand
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.inference.result import EvaluationsSummary, Fit, load_fit
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.rows import make_rows
from bayes_scaling.published import PublishedDoubling
from bayes_scaling.quantities.rate_widths import Ends, beside_rates
from bayes_scaling.result_files import FITS
from bayes_scaling.robustness_cases.cases import BASELINE, Case, chosen
from bayes_scaling.tables import load_evaluations
from bayes_scaling.tables.soundness import require_sound


@dataclass(frozen=True, eq=False)
class Plan:
    """What is fitted for which case.

    Parameters
    ----------
    cases
        Those that the table allows, in order, the baseline first.
    variants
        By case; two cases that show two eras of one fit have the same.
    tables
        Table of each variant, by the variant's name.
    skipped
        Cases that the table does not allow, and why.
    """

    cases: tuple[Case, ...]
    variants: Mapping[str, Variant]
    tables: Mapping[str, pd.DataFrame]
    skipped: Mapping[str, str]

    @property
    def fitted(self) -> tuple[Variant, ...]:
        """What is fitted, each once, those that are likely to take longest first."""
        distinct = {variant.name: variant for variant in self.variants.values()}
        return tuple(sorted(distinct.values(), key=self._haste))

    def table_of(self, case: str) -> pd.DataFrame:
        """The rows of a case."""
        return self.tables[self.variants[case].name]

    def _haste(self, variant: Variant) -> tuple[bool, int]:
        """Posteriors under the paper's penalty have modes and take by far the longest; then size decides."""
        work = len(variant.specification.parameters()) * len(self.tables[variant.name])
        return variant.specification.delta is None, -work


def planned(evaluations: pd.DataFrame | None = None, cases: Sequence[str] | None = None) -> Plan:
    """Sort out which cases a table allows.

    Raises BayesScalingError for an unknown case, or a table that does not allow the baseline.

    Parameters
    ----------
    evaluations
        By default the paper's table.
    cases
        Names; by default all.

    Examples
    --------
    >>> plan = planned(cases=["vocabulary-known"])
    >>> {name: len(plan.table_of(name)) for name in plan.variants}
    {'baseline': 231, 'vocabulary-known': 185}
    """
    standard = load_evaluations()
    table = standard if evaluations is None else evaluations
    require_sound(table)
    asked = chosen(cases, table)
    variants: dict[str, Variant] = {}
    tables: dict[str, pd.DataFrame] = {}
    skipped: dict[str, str] = {}
    for case in asked:
        try:
            variant, rows = _fitted(case, table, paper=table.equals(standard))
        except BayesScalingError as error:
            if case.name == BASELINE:
                raise
            skipped[case.name] = str(error)
        else:
            variants[case.name], tables[variant.name] = variant, rows
    return Plan(tuple(case for case in asked if case.name in variants), variants, tables, skipped)


def _fitted(case: Case, table: pd.DataFrame, *, paper: bool) -> tuple[Variant, pd.DataFrame]:
    """A case's variant and rows; errors say why there are none."""
    if case.table is not None and not paper:
        raise BayesScalingError(f"it is fitted to the packaged table '{case.table}', and shown beside the paper's only")
    whole = table if case.table is None else load_evaluations(case.table)
    rows = whole if case.select is None else case.select(whole)
    if case.select is not None and len(rows) == len(whole):
        raise BayesScalingError("its selection keeps every row of the table, so it is the same as without")
    if len(rows) < LEAST_UNITS:
        raise BayesScalingError(f"it needs at least {LEAST_UNITS} evaluations, and the table has {len(rows)}")
    (variant,) = expand([case.specification], [case.delta])
    make_rows(variant.specification, rows)  # refuses rows that lack what the specification needs
    selection = rows_in_words(rows, table)
    return replace(variant, label=f"{variant.label}, {selection}"), rows


def rows_in_words(rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """Which rows of a table some are; of another table, its name and selections.

    Examples
    --------
    >>> from bayes_scaling.tables import on_benchmarks
    >>> table = load_evaluations()
    >>> rows_in_words(table, table), rows_in_words(on_benchmarks(table, "ptb"), table)
    ('all rows', 'on ptb')
    """
    name, sentences = rows.attrs.get("name"), rows.attrs.get("selections", [])
    if name == table.attrs.get("name"):
        return "; ".join(sentences[len(table.attrs.get("selections", [])) :]) or "all rows"
    return f"{name}: {'; '.join(sentences)}"


COLUMNS = (
    *("question", "model", "priors", "selection", "era", "rows", "papers"),
    *("compute_doubling_months_median", "compute_doubling_months_lower", "compute_doubling_months_upper"),
    *("probability_of_progress", "compute_rate_lower", "compute_rate_upper", "elpd_diff", "dse"),
    *("pareto_k_bad", "rhat_max", "ess_bulk_min", "divergences", "converged"),
    *("published_months", "published_lower", "published_upper", "published_inside", "rate_width_ratio"),
    *("published_source", "seconds", "reason"),
)
"""Columns of a robustness table, in their order."""
ALL_DATES = "all dates"
"""In the column ``era``, of a case that shows none of two."""


@dataclass(frozen=True, eq=False)
class Robustness:
    """Doubling times of effective compute under other models, priors and selections of rows.

    Parameters
    ----------
    table
        One row a case, the baseline first; columns :data:`COLUMNS`. Doubling times in months, 95% equal-tailed, and
        the rate's interval that they are mapped from (``compute_rate_lower``, ``_upper``; log units per year);
        ``elpd_diff`` (nats, this case less the baseline) and its standard error ``dse`` for cases on exactly the
        baseline's rows that converged, as the baseline must; ``published_inside``: whether the published point lies
        inside the interval found; ``rate_width_ratio``: length of the rate's interval over that of the published one,
        as :func:`bayes_scaling.quantities.rate_widths.beside_rates` defines it.
    skipped
        Cases that the table does not allow, and why.
    evaluations
        The table of the baseline.
    settings, seed
        Of the first attempt of each fit.
    fingerprints
        Of each case's fit; cases that show two eras of one fit share it.
    directory
        Where the fits are; None if they were not kept.
    set_aside
        Files of the store that could not be read, and why.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.robustness(directory="runs/robustness")  # doctest: +SKIP
    >>> found.table[["compute_doubling_months_median", "converged"]]  # doctest: +SKIP
    >>> bs.doubling_times(found.fit("student-t"))  # doctest: +SKIP
    """

    table: pd.DataFrame
    skipped: Mapping[str, str]
    evaluations: EvaluationsSummary
    settings: Settings
    seed: int
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    set_aside: tuple[tuple[str, str], ...] = ()

    def fit(self, case: str) -> Fit:
        """The posterior behind a case.

        Parameters
        ----------
        case
            A name in the index of ``table``.

        Returns
        -------
        Fit
            Read from ``directory``.

        Raises
        ------
        BayesScalingError
            For an unknown case, or if fits were not kept.
        """
        if case not in self.fingerprints:
            raise BayesScalingError(f"no case {case!r} was fitted; valid choices: {', '.join(self.fingerprints)}")
        if self.directory is None:
            raise BayesScalingError("fits were not kept; run bs.robustness with a directory")
        found = sorted((self.directory / FITS).glob(f"*-{self.fingerprints[case][:16]}.nc"))
        if not found:
            raise BayesScalingError(f"the fit of {case} has gone from {self.directory / FITS}; run the same again")
        return load_fit(found[0])


def robustness_table(
    plan: Plan,
    records: Mapping[str, Record],
    doubling: Mapping[str, Mapping[str, float]],
    rates: Mapping[str, Ends],
) -> pd.DataFrame:
    """One row a case.

    Parameters
    ----------
    plan
        Its cases and tables.
    records
        By case.
    doubling
        By case: ``median``, ``lower``, ``upper`` (months) and ``probability_of_progress`` of what it shows.
    rates
        By case: ends of the interval of the same rate, log units per year.
    """
    whole = plan.table_of(BASELINE)
    rows = {
        case.name: _settings(plan, case, whole)
        | _found(records[case.name], doubling[case.name])
        | _difference(records[BASELINE], records[case.name])
        | rate_columns(case.published, rates[case.name])
        | _published(case)
        for case in plan.cases
    }
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(COLUMNS)).rename_axis("case")
    return table.astype({"published_inside": "boolean", "published_source": str})


def _settings(plan: Plan, case: Case, whole: pd.DataFrame) -> dict[str, object]:
    rows, variant = plan.table_of(case.name), plan.variants[case.name]
    summary, selection = summary_of(rows), rows_in_words(rows, whole)
    return {
        "question": case.question,
        "model": variant.model,
        "priors": variant.label.removesuffix(f", {selection}"),
        "selection": selection,
        "era": case.era or ALL_DATES,
        "rows": summary.rows,
        "papers": summary.papers,
    }


def _found(record: Record, doubling: Mapping[str, float]) -> dict[str, object]:
    diagnostics = record.diagnostics
    return {
        **{f"compute_doubling_months_{part}": doubling[part] for part in ("median", "lower", "upper")},
        "probability_of_progress": doubling["probability_of_progress"],
        "pareto_k_bad": record.elpd.bad,
        "rhat_max": diagnostics.rhat_max,
        "ess_bulk_min": diagnostics.ess_bulk_min,
        "divergences": diagnostics.divergences,
        "converged": diagnostics.converged,
        "reason": "; ".join(diagnostics.failures),
        "seconds": record.seconds,
    }


def _difference(baseline: Record, record: Record) -> dict[str, float]:
    """Difference in elpd from the baseline with its standard error; NaN where they can't be compared."""
    converged = baseline.diagnostics.converged and record.diagnostics.converged
    if not converged or not same_rows(baseline.elpd, record.elpd):
        return {"elpd_diff": float("nan"), "dse": float("nan")}
    scores = {BASELINE: baseline.elpd.as_arviz(), "case": record.elpd.as_arviz()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about Pareto k, which the table counts
        compared = az.compare(scores, reference=BASELINE, method="pseudo-BMA", round_to="none")
    return {name: float(compared.loc["case", name]) for name in ("elpd_diff", "dse")}


def same_rows(one: Elpd, other: Elpd) -> bool:
    """Whether two scores are of the same rows, by their ids and losses."""
    try:
        check_comparable({"one": one, "other": other})
    except BayesScalingError:
        return False
    return True


def rate_columns(published: PublishedDoubling | None, rates: Ends) -> dict[str, object]:
    """What the table says of a rate's interval, and of the published one beside it.

    Examples
    --------
    >>> rate_columns(None, (0.5, 1.5))
    {'compute_rate_lower': 0.5, 'compute_rate_upper': 1.5, 'published_inside': <NA>, 'rate_width_ratio': nan}
    """
    beside = None if published is None else beside_rates(published, rates)
    return {
        "compute_rate_lower": rates[0],
        "compute_rate_upper": rates[1],
        "published_inside": pd.NA if beside is None else beside.inside,
        "rate_width_ratio": float("nan") if beside is None else beside.width_ratio,
    }


def _published(case: Case) -> dict[str, object]:
    published = case.published
    if published is None:
        return {"published_source": ""}
    return {
        "published_months": published.months,
        "published_lower": published.lower,
        "published_upper": published.upper,
        "published_source": published.source,
    }
