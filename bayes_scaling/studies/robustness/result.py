"""What a robustness run found, case by case, and where its fits are."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bayes_scaling.common.files import FITS
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import EvaluationsSummary, Fit, load_fit, summary_of, sweep_files
from bayes_scaling.inference.settings import Settings
from bayes_scaling.law.published import PublishedDoubling
from bayes_scaling.quantities.against_published import Ends, rates_against_published
from bayes_scaling.studies.comparison.elpd import DOUBLING, ERRORS, Record
from bayes_scaling.studies.comparison.result import by_arviz, check_comparable
from bayes_scaling.studies.comparison.sweep import Task
from bayes_scaling.studies.robustness.cases import BASELINE, Case

RATES = ("compute_rate_lower", "compute_rate_upper", "published_inside", "rate_width_ratio")
"""Columns that are read off fits again."""
COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("question", "model", "priors", "selection", "era"), "str"),
    **dict.fromkeys(("rows", "papers"), "int"),
    **dict.fromkeys((*(each for each in DOUBLING.values() if each not in ERRORS), *RATES[:2]), "float"),
    **dict.fromkeys(("elpd_diff", "dse"), "float"),
    "pareto_k_bad": "int",
    **dict.fromkeys(("rhat_max", "ess_bulk_min"), "float"),
    "divergences": "int",
    "converged": "bool",
    **dict.fromkeys(("published_months", "published_lower", "published_upper"), "float"),
    "published_inside": "boolean",
    "rate_width_ratio": "float",
    "published_source": "str",
    "seconds": "float",
    "reason": "str",
    **dict.fromkeys(ERRORS[1:], "float"),
}
"""Columns of a robustness table with their types, in their order."""
ALL_DATES = "all dates"  # in the column ``era``, of a case that shows none of two


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
        as :func:`bayes_scaling.quantities.against_published.rates_against_published` defines it.
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
        found = sweep_files(self.directory, self.fingerprints[case])
        if not found:
            raise BayesScalingError(f"the fit of {case} has gone from {self.directory / FITS}; run the same again")
        return load_fit(found[0])


def robustness_table(
    cases: Iterable[Case],
    tasks: Mapping[str, Task],
    records: Mapping[str, Record],
    times: Mapping[str, Mapping[str, float]],
    rates: Mapping[str, Ends],
) -> pd.DataFrame:
    """One row a case: the doubling ``times`` that it shows, and ends of the same ``rates``, log units per year."""
    base = records[BASELINE]
    rows = {
        case.name: _asked(case, tasks[case.name], tasks[BASELINE].evaluations)
        | records[case.name].row
        | {column: float(times[case.name].get(name, math.nan)) for name, column in DOUBLING.items()}
        | _difference(base, records[case.name])
        for case in cases
    }
    return with_rates(pd.DataFrame.from_dict(rows, orient="index"), rates).rename_axis("case")


def with_rates(table: pd.DataFrame, rates: Mapping[str, Ends]) -> pd.DataFrame:
    """A robustness table with the intervals of its rates, and the published ones compared with them."""
    found = {}
    for name, row in table.to_dict("index").items():
        months, lower, upper = (row[f"published_{part}"] for part in ("months", "lower", "upper"))
        beside = rates_against_published(PublishedDoubling("", months, lower, upper, ""), rates[str(name)])
        inside = pd.NA if math.isnan(months) else beside.inside
        found[name] = dict(zip(RATES, (*rates[str(name)], inside, beside.width_ratio), strict=True))
    table = table.drop(columns=list(RATES), errors="ignore").join(pd.DataFrame.from_dict(found, orient="index"))
    return table.reindex(columns=list(COLUMNS)).astype(dict(COLUMNS))


def _asked(case: Case, task: Task, whole: pd.DataFrame) -> dict[str, object]:
    """Columns on what is fitted to which rows, and on what is published of it."""
    summary, selection, published = summary_of(task.evaluations), rows_in_words(task.evaluations, whole), case.published
    return {
        "question": case.question,
        "priors": task.variant.label.removesuffix(f", {selection}"),
        "selection": selection,
        "era": case.era or ALL_DATES,
        "rows": summary.rows,
        "papers": summary.papers,
        **{f"published_{part}": getattr(published, part, None) for part in ("months", "lower", "upper")},
        "published_source": getattr(published, "source", ""),
    }


def _difference(baseline: Record, record: Record) -> dict[str, float]:
    """Difference in elpd from the baseline with its standard error; NaN where they can't be compared."""
    scores = {BASELINE: baseline.elpd, "case": record.elpd}
    try:
        check_comparable(scores)
        comparable = baseline.diagnostics.converged and record.diagnostics.converged
    except BayesScalingError:  # other rows
        comparable = False
    if not comparable:
        return {"elpd_diff": math.nan, "dse": math.nan}
    row = by_arviz(scores, "pseudo-BMA", BASELINE).to_dict("index")["case"]
    return {name: float(row[name]) for name in ("elpd_diff", "dse")}


def rows_in_words(rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """How rows were selected from a table; of rows of another table, its name and selections."""
    name, sentences = rows.attrs.get("name"), rows.attrs.get("selections", [])
    if name == table.attrs.get("name"):
        return "; ".join(sentences[len(table.attrs.get("selections", [])) :]) or "all rows"
    return f"{name}: {'; '.join(sentences)}"
