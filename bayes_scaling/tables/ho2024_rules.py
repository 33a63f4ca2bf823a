"""The selection of Ho et al. 2024, rule by rule, from their sheet to the 231 evaluations that they fit.

Each rule takes a selection and gives one, so that they chain, one can be left out, and others put in:
``open_ho2024_sheet("sheet.csv").pipe(with_sizes, stacked, partial(best_three, k=1))``.
"""

from dataclasses import replace

import pandas as pd

from bayes_scaling.tables.ho2024_sheet import PERPLEXITIES
from bayes_scaling.tables.selection_steps import Selection
from bayes_scaling.tables.selections import best_per_paper

NAMED = (
    "GPT3-6.7B + muP",
    "LLaMA-65B (LoRA finetuned)",
    "LLaMA-13B (LoRA finetuned)",
    "LLaMA-7B (LoRA finetuned)",
)
"""Systems that the authors drop by name."""
SIZES = {"Gopher (280B)": 280e9, "Gopher (7.1B)": 7.1e9}
"""Parameters that the authors set by name."""
PUBLISHED = (281, 261, 231)
"""Evaluations stacked, after every filter but the last, and after it; the notebook prints how far they lie apart."""
KEPT_PER_PAPER = 3
"""Evaluations that the authors keep of each paper."""


def with_sizes(selection: Selection) -> Selection:
    """Keep systems whose `Parameters` and `Dataset Size` are numbers above 0."""
    table = selection.table
    reasons = [
        (wrong, f"{name} is {what}")
        for column, name in (("parameters", "Parameters"), ("tokens", "Dataset Size"))
        for wrong, what in (
            (table[name].isna(), "empty"), (table[column].isna(), "not a number"), (table[column] <= 0, "not above 0")
        )
    ]  # fmt: skip
    return selection.without("sizes known", "Parameters and Dataset Size are numbers above 0", _reasons(*reasons))


def included(selection: Selection) -> Selection:
    """Keep systems whose `Include?` is not 0; empty counts as included."""
    excluded = _reasons((selection.table["include"] == 0, "Include? is 0"))
    return selection.without("included", "Include? is not 0", excluded)


def without_outliers(selection: Selection) -> Selection:
    """Keep systems whose `Outlier?` is not 1; empty counts as none."""
    outlier = _reasons((selection.table["outlier"] == 1, "Outlier? is 1"))
    return selection.without("no outliers", "Outlier? is not 1", outlier)


def with_a_perplexity(selection: Selection) -> Selection:
    """Keep systems with a perplexity on at least one benchmark."""
    none = _reasons((selection.table[list(PERPLEXITIES)].isna().all(axis=1), "no perplexity on any benchmark"))
    return selection.without("evaluated", "a perplexity on WT103, WT2 or PTB", none)


def stacked(selection: Selection) -> Selection:
    """A row of each system and benchmark: its perplexity there, and the system's first, which the authors fit."""
    table = selection.table
    first = table[list(PERPLEXITIES)].bfill(axis=1).iloc[:, 0]
    parts = [
        table.assign(benchmark=benchmark, own_perplexity=table[benchmark], perplexity=first)[table[benchmark].notna()]
        for benchmark in PERPLEXITIES
    ]
    stack = pd.concat(parts, ignore_index=True)
    rule = "a row for each system and benchmark with a perplexity"
    return replace(selection, table=stack).step("stacked", rule, "evaluation", PUBLISHED[0])


def certain(selection: Selection) -> Selection:
    """Keep evaluations whose `uncertain` is 0; an empty one is dropped."""
    mark = selection.table["uncertain"]
    reasons = _reasons((mark.isna(), "uncertain is empty"), (mark != 0, "uncertain is 1"))
    return selection.without("certain", "uncertain is 0", reasons)


def dated(selection: Selection) -> Selection:
    """Keep evaluations with a date that can be read."""
    undated = selection.table["published"].isna()
    reasons = _reasons((undated, "Publication date is empty or not written YYYY/MM/DD"))
    return selection.without("dated", "Publication date is a date", reasons)


def without_named(selection: Selection) -> Selection:
    """Drop four systems by name (`NAMED`)."""
    named = _reasons((selection.table["system"].isin(NAMED), "dropped by name"))
    return selection.without("four named systems", f"not {', '.join(NAMED)}", named, PUBLISHED[1])


def with_gophers_sizes(selection: Selection) -> Selection:
    """Set the parameters of two systems by name (`SIZES`), as the authors do."""
    table = selection.table
    parameters = table["system"].map(SIZES).astype("float64").fillna(table["parameters"])
    rule = f"Parameters of {' and '.join(SIZES)} set by name"
    return replace(selection, table=table.assign(parameters=parameters)).step("sizes of Gopher", rule, "evaluation")


def best_three(selection: Selection, k: int = KEPT_PER_PAPER) -> Selection:
    """Keep the k lowest perplexities of each paper, over all its benchmarks (:func:`best_per_paper`)."""
    table = selection.table
    beaten = ~table.index.to_series().isin(best_per_paper(table, k).index)
    why = f"not among the {k} lowest perplexities of its paper"
    reasons = _reasons((table["paper"].isna(), "Reference is empty"), (beaten, why))
    published = PUBLISHED[2] if k == KEPT_PER_PAPER else None
    return selection.without("best of each paper", f"the {k} lowest perplexities of each Reference", reasons, published)


HO2024_RULES = (
    with_sizes,
    included,
    without_outliers,
    with_a_perplexity,
    stacked,
    certain,
    dated,
    without_named,
    with_gophers_sizes,
    best_three,
)
"""The rules in the authors' order."""


def _reasons(*reasons: tuple[pd.Series, str]) -> pd.Series:
    """The first reason that a row has to go, missing where it has none."""
    return pd.Series(None, reasons[0][0].index, dtype="object").case_when(list(reasons))
