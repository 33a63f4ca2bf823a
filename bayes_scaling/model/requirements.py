"""What a table must have for a fit: evaluations or training runs, and the columns that a specification needs."""

from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np
import pandas as pd

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.specifications.values import holding
from bayes_scaling.tables import BENCHMARKS, decimal_year
from bayes_scaling.tables.benchmarks import without_benchmark
from bayes_scaling.tables.columns import EVALUATIONS, FITTED, RUNS, is_runs
from bayes_scaling.tables.soundness import require_sound

SERIES = "series"  # optional column of runs: those of one family, which cross-validation can leave out together
_HOW_TO_GET: Mapping[str, str] = {
    "least_steps": (
        "the steps S_min that a far larger batch would have needed, which follow from steps, batch and loss: "
        "bayes_scaling.law.kaplan.KAPLAN_BATCH.least_steps"
    ),
    "epochs": "of runs how often tokens were seen; or unique_tokens, from which reading works it out",
    "critical_batch": "the critical batch size in tokens, measured at the row's loss, such as by the noise scale",
}


def papers_of(table: pd.DataFrame) -> pd.Series:
    """The paper of each row: of evaluations as they say, of runs their series, or each run on its own."""
    return _or_each_its_own(table, SERIES) if is_runs(table) else table["paper"]


def clusters_of(specification: Specification, table: pd.DataFrame) -> dict[str, pd.Series]:
    """The cluster of each row, by level, outermost first; the outermost is called ``paper``, whatever its column."""
    noise, found = specification.noise, {}
    for cluster, (group, _) in zip(noise.clusters or ("paper",), noise.effects or (("paper", ""),), strict=True):
        if cluster not in (*table, "paper"):
            raise EvaluationsError(
                f"[noise] cluster = '{cluster}' needs a column {cluster}, which the table lacks; its columns: "
                f"{', '.join(map(str, table.columns))}"
            )
        column = papers_of(table) if cluster == "paper" else _or_each_its_own(table, cluster)
        found[group] = column.astype(str).map(without_benchmark) if cluster == "system" else column.astype(str)
    return found


def _or_each_its_own(table: pd.DataFrame, column: str) -> pd.Series:
    own = pd.Series(list(map(str, table.index)), index=table.index, dtype=object)
    if column in table:  # a row does not join those of a name that it happens to have for its id
        own = own.where(~own.isin(set(map(str, table[column].dropna()))), own + " (alone)")
    return table[column].astype(object).where(table[column].notna(), own) if column in table else own


def columns_of(specification: Specification, runs: pd.DataFrame) -> dict[str, str]:
    """Sizes of the law, beside parameters and tokens, to their columns; compute is 6 N D without ``flop``."""
    terms = [term for term in specification.form.terms if term.column]
    return {term.size: term.column for term in terms if term.size != "compute" or term.column in runs}


def require(specification: Specification, table: pd.DataFrame) -> None:
    """Refuse a table that a specification can't be fitted to; EvaluationsError names the column, row or setting."""
    require_sound(table)
    runs = is_runs(table)
    for problem in chain(_of_kind(specification, table, runs), _of_columns(specification, table, runs)):
        raise EvaluationsError(problem)


def require_above(column: pd.Series, least: float) -> None:
    """Refuse values that are no finite numbers above a bound; EvaluationsError names column, value and row."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(float)
    wrong = ~(np.isfinite(values) & (values > least))
    if wrong.any():
        first = column.index[wrong][0]
        raise EvaluationsError(
            f"{column.name} {column[wrong].tolist()[0]!r} (row {first!r}) must be a finite number above {least:g}"
        )


def _of_kind(s: Specification, table: pd.DataFrame, runs: bool) -> Iterator[str]:
    """What is wrong with the table as a whole, or a setting needs that its kind lacks."""
    for lacking in _more_than_runs_have(s, table) if runs else ():
        yield (
            f"specification '{s.name}' does not fit a table of training runs: {lacking}; choose a static "
            f"law such as 'chinchilla', or a table of evaluations"
        )
    if s.form.for_runs and not runs:
        yield (
            f"specification '{s.name}' has law '{s.law}', which is for tables of training runs "
            f"(columns {', '.join(FITTED)}; bayes_scaling.read_runs); choose another specification for evaluations"
        )
    if len(table) == 0:
        yield "the table has no rows; loosen the selection"
    ids = pd.Index([str(each) for each in table.index])  # as files keep them
    if not ids.is_unique:
        hint = " (runs.reset_index())" if runs else ""
        yield f"row id {table.index[ids.duplicated()][0]!r} stands twice; ids must be unique{hint}"
    labels = chain(ids, *(map(str, table[name]) for name in ("paper", "series") if name in table))
    spoilt = next((label for label in labels if "\0" in label), None)
    if spoilt is not None:
        yield f"the name {spoilt!r} holds a NUL character, which no file keeps; remove it"
    names = [parameter.name for parameter in s.parameters() if not parameter.name.endswith("_standardised")]
    if runs and len(table) < len(names):
        yield (
            f"specification '{s.name}' has {len(names)} parameters ({', '.join(names)}), and the table has "
            f"{len(table)} run(s): fewer points than parameters; add runs, or choose a specification with fewer"
        )


def _more_than_runs_have(s: Specification, runs: pd.DataFrame) -> Iterator[str]:
    """What a specification needs that runs lack."""
    there, tokens, vocabulary = ", ".join(map(str, runs)), s.data.tokens, s.data.vocabulary
    # Columns of one's own may be called otherwise in the table: predictors say so.
    lacking = {"benchmark", "architecture"}.difference(runs)
    foreign = [name for name in ("A", "E", *s.varies_by) if s.index_of(name) in lacking]
    factor = s.transformer_factor != "none" and "architecture" not in runs
    return holding(
        {
            "it has algorithmic progress, and runs have no dates (column published)": (
                s.progresses and "published" not in runs
            ),
            **{f"its {n} varies by {s.index_of(n)}, which is none of its columns ({there})": True for n in foreign},
            "its transformer_factor needs architectures, which runs have none of": factor,
            "its penalty (delta) is stated for evaluations": s.delta is not None,
            f"[data] vocabulary = '{vocabulary}' needs a column that runs have none of": vocabulary != "ignored",
            f"[data] tokens = '{tokens}' is of unique tokens, and those of runs are as seen (use 'repeated')": (
                tokens not in ("unique", "repeated")
            ),
            "[data] missing_epochs = 'median' is of benchmarks, which runs have none of": (
                s.data.missing_epochs == "median"
            ),
            f"[noise] cluster = 'paper' needs a column {SERIES}, which this table lacks": (
                "paper" in s.noise.clusters and SERIES not in runs
            ),
        }
    )


def _of_columns(s: Specification, table: pd.DataFrame, runs: bool) -> Iterator[str]:
    """What columns lack, or hold and may not."""
    whole = (*FITTED, *columns_of(s, table).values(), s.response) if runs else EVALUATIONS.required[1:]  # no system
    whole += tuple(s.tuned)
    optional = {"vocabulary": s.data.vocabulary == "log", "epochs": s.data.tokens != "unique"}
    missing = [name for name in (*whole, *(name for name, used in optional.items() if used)) if name not in table]
    if missing:
        how = f" ({_HOW_TO_GET[missing[0]]})" if runs and missing[0] in _HOW_TO_GET else ""
        yield (
            f"specification '{s.name}' needs column {', '.join(missing)}{how}, which the table lacks; "
            "add it or choose another specification (`bayes-scaling models`)"
        )
    for column in whole:
        gaps = table.index[table[column].isna()]
        if len(gaps):
            fix = (
                f"leave these rows out, runs.dropna(subset=[{column!r}])" if runs else "select with bs.comparable_rows"
            )
            yield (
                f"column {column} is empty in {len(gaps)} row(s), first {gaps[0]!r}; a fit needs it in every row "
                f"({fix}, or fill it)"
            )
    kind = RUNS if runs else EVALUATIONS
    require_sound(table, *(() if runs else ("architecture", "benchmark", "published")))
    for column in dict.fromkeys(whole):
        if (least := 0.0 if column in s.tuned else kind.column(column).above) is not None:
            require_above(table[column], least)
    if runs:
        return
    known = tuple(benchmark.name for benchmark in BENCHMARKS)
    foreign = table["benchmark"][~table["benchmark"].isin(known)]
    if s.delta is not None and len(foreign):
        yield (
            f"benchmark {foreign.iloc[0]!r} (row {foreign.index[0]!r}) has no coefficient in the paper's form, which "
            f"delta needs; it has: {', '.join(known)}. Leave these rows out, or fit a specification without delta"
        )
    imputed = {"vocabulary": ("vocabulary", s.data.vocabulary == "log")}
    imputed |= {"epochs": ("number of epochs", s.data.missing_epochs == "median")}
    for column, (noun, used) in imputed.items():  # by its benchmark's median, so there must be one
        counts = table.groupby("benchmark")[column].count() if used else pd.Series(dtype=int)
        if (counts == 0).any():
            yield (
                f"specification '{s.name}' needs at least one {noun} for each benchmark; "
                f"none for: {', '.join(counts.index[counts == 0])}"
            )
    if s.data.tokens in ("seen", "repeated"):
        require_above(table.loc[table["epochs"].notna(), "epochs"], 0.0)
    for shape in {shape.group: shape for shape in s.shapes.values() if shape.group}.values():
        year = decimal_year(table["published"]).to_numpy(float)
        told = {"group": shape.group, "first": year.min(), "last": year.max(), "cut": getattr(s.progress, shape.cut, 0)}
        levels = shape.levels(year.min(), year.max())[shape.group]
        for code in sorted({*range(len(levels))} - {*shape.codes(s.progress, year)}):
            yield f"specification '{s.name}' has {shape.unseen.format(level=levels[code], **told)}"
