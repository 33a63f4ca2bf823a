"""Tables of training runs: what makes a table one, which specifications fit it, and what a fit needs of it.

A run is one model trained once: ``parameters``, ``tokens`` and its final ``loss`` (nats per token). It has no
benchmark, no architecture and no date, so laws fitted to runs are static.
"""

from collections.abc import Mapping

import pandas as pd

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.model.checks import require_above
from bayes_scaling.specifications.laws import LAWS
from bayes_scaling.specifications.specification import Specification

COLUMNS = ("parameters", "tokens", "loss")
"""What every table of runs has."""
SERIES = "series"
"""Optional column: runs of one family, which cross-validation can leave out together."""
EXAMPLE = "chinchilla"
"""A specification of the catalogue that fits runs, for messages."""
COLUMN_OF: Mapping[str, str] = {"compute": "flop", "least_steps": "least_steps", "loss": "loss"}
"""Sizes of laws, beside parameters and tokens, to the column that has them."""
_HOW_TO_GET: Mapping[str, str] = {
    "least_steps": (
        "the steps S_min that a far larger batch would have needed, which follow from steps, batch and loss: "
        "bayes_scaling.published_static.KAPLAN_BATCH.least_steps"
    ),
    "critical_batch": "the critical batch size in tokens, measured at the row's loss, such as by the noise scale",
}
_OF_EVALUATIONS = ("benchmark", "perplexity")


def is_runs(table: pd.DataFrame) -> bool:
    """Whether a table holds training runs, by its columns, and not evaluations.

    Examples
    --------
    >>> is_runs(pd.DataFrame({"parameters": [1e9], "tokens": [2e10], "loss": [2.5]}))
    True
    """
    return set(COLUMNS) <= set(table) and not set(_OF_EVALUATIONS) & set(table)


def papers_of(table: pd.DataFrame) -> pd.Series:
    """The paper of each row: of evaluations as they say, of runs their series, or each run on its own.

    Examples
    --------
    >>> runs = pd.DataFrame({"parameters": 1e9, "tokens": 2e10, "loss": 2.5, "series": ["a", None]}, index=["x", "y"])
    >>> papers_of(runs).tolist()
    ['a', 'y']
    """
    if not is_runs(table):
        return table["paper"]
    own = pd.Series(list(map(str, table.index)), index=table.index, dtype=object)
    return table[SERIES].astype(object).where(table[SERIES].notna(), own) if SERIES in table else own


def clusters_of(specification: Specification, table: pd.DataFrame) -> dict[str, pd.Series]:
    """The unit called paper of each row, outermost of ``[noise] cluster``, else :func:`papers_of`; and those within.

    By their names among the groups of rows. Rows without a cluster are one of their own each.
    """
    noise, found = specification.noise, {}
    own = pd.Series(list(map(str, table.index)), index=table.index, dtype=object)
    for cluster, (group, _) in zip(noise.clusters or ("paper",), noise.effects or (("paper", ""),), strict=True):
        if cluster not in (*table, "paper"):
            raise EvaluationsError(
                f"[noise] cluster = '{cluster}' needs a column {cluster}, which the table lacks; its columns: "
                f"{', '.join(map(str, table.columns))}"
            )
        column = papers_of(table) if cluster == "paper" else table[cluster]
        found[group] = column.astype(object).where(column.notna(), own).astype(str)
    return found


def require_fit_for_runs(specification: Specification, runs: pd.DataFrame) -> None:
    """Refuse a specification that needs more than runs have, and runs that it can't be fitted to.

    Raises
    ------
    EvaluationsError
        Names the setting or the row, and what to do.
    """
    lacking = _more_than_runs_have(specification, runs)
    if lacking:
        raise EvaluationsError(
            f"specification '{specification.name}' does not fit a table of training runs: {lacking}; choose a static "
            f"law such as '{EXAMPLE}', or a table of evaluations"
        )
    if len(runs) == 0:
        raise EvaluationsError("the table has no rows; loosen the selection")
    if not runs.index.is_unique:
        raise EvaluationsError(
            f"row id {runs.index[runs.index.duplicated()][0]!r} stands twice; ids must be unique (runs.reset_index())"
        )
    _require_further(specification, runs)
    for column in dict.fromkeys((*COLUMNS, *columns_of(specification, runs).values(), specification.response)):
        require_above(runs[column], 0.0)
    names = [parameter.name for parameter in specification.parameters()]
    if len(runs) < len(names) and not specification.predicted:
        raise EvaluationsError(
            f"specification '{specification.name}' has {len(names)} parameters ({', '.join(names)}), and the table has "
            f"{len(runs)} run(s): fewer points than parameters; add runs, or choose a specification with fewer"
        )


def columns_of(specification: Specification, runs: pd.DataFrame) -> dict[str, str]:
    """Sizes of a specification's law, beside parameters and tokens, to their columns.

    A law of compute is of the column ``flop``, which need not be 6 N D (Kaplan's least compute is not); of a table
    that lacks it compute is 6 N D.
    """
    sizes = [size for size in LAWS[specification.law].sizes if size in COLUMN_OF]
    return {size: COLUMN_OF[size] for size in sizes if size != "compute" or COLUMN_OF[size] in runs}


def require_no_law_for_runs(specification: Specification) -> None:
    """Refuse a law for runs on a table of evaluations.

    Raises
    ------
    EvaluationsError
        Names specification and law.
    """
    if LAWS[specification.law].for_runs:
        raise EvaluationsError(
            f"specification '{specification.name}' has law '{specification.law}', which is for tables of training runs "
            f"(columns {', '.join(COLUMNS)}; bayes_scaling.read_runs); choose another specification for evaluations"
        )


def _require_further(specification: Specification, runs: pd.DataFrame) -> None:
    """Columns of a law that not every table of runs has, in every row."""
    for column in (*columns_of(specification, runs).values(), specification.response):
        if column not in _HOW_TO_GET:
            continue
        needs = f"specification '{specification.name}' needs column {column} ({_HOW_TO_GET[column]})"
        if column not in runs:
            raise EvaluationsError(f"{needs}, which the table lacks; add it, or choose another specification")
        gaps = runs.index[runs[column].isna()]
        if len(gaps):
            raise EvaluationsError(
                f"{needs}, which is empty in {len(gaps)} row(s), first {gaps[0]!r}; fill it, or leave these rows out: "
                f"runs.dropna(subset=[{column!r}])"
            )


def _more_than_runs_have(s: Specification, runs: pd.DataFrame) -> str:
    """What a specification needs that runs lack, in words; empty if nothing."""
    if s.progresses and "published" not in runs:
        return "it has algorithmic progress, and runs have no dates (column published)"
    grouped = [name for name in ("A", "E", *s.varies_by) if s.index_of(name) not in (None, "era", *runs)]
    if grouped:
        return f"its {grouped[0]} varies by {s.index_of(grouped[0])}, which runs have none of"
    if s.transformer_factor != "none" and "architecture" not in runs:
        return "its transformer_factor needs architectures, which runs have none of"
    if s.delta is not None:
        return "its penalty (delta) is stated for evaluations"
    if s.data.vocabulary != "ignored":
        return f"[data] vocabulary = '{s.data.vocabulary}' needs a column that runs have none of"
    if s.data.tokens != "unique":
        return f"[data] tokens = '{s.data.tokens}' needs epochs, which runs have none of"
    if s.noise.cluster == "paper" and SERIES not in runs:
        return f"[noise] cluster = 'paper' needs a column {SERIES}, which this table lacks"
    return ""
