"""Which rows of ho2024 adapt at test time: by the system's name, by the same result in collected, and by the sheet."""

import re

import pandas as pd

import bayes_scaling as bs
from bayes_scaling.tables.ho2024_sheet import ADAPTS


def _results(table: pd.DataFrame) -> pd.Series:
    """Paper, benchmark and perplexity, by which a result is known in both tables."""
    paper = table["paper"].map(lambda title: re.sub(r"\W+", "", title.lower()))
    return paper + table["benchmark"] + table["perplexity"].map("{:.2f}".format)


def test_flags_of_ho2024_are_by_name_or_the_same_result_in_collected(ho2024) -> None:
    collected = bs.load_evaluations("collected", comparable_only=False)
    known = dict(zip(_results(collected[collected["test_time_adaptation"]]), collected.index, strict=False))
    by_name = ho2024["system"].str.contains(ADAPTS)
    same = _results(ho2024).isin(known)
    assert ho2024["test_time_adaptation"].tolist() == (by_name | same).tolist()
    assert ho2024["note"].notna().tolist() == ho2024["test_time_adaptation"].tolist()
    marked = ho2024[ho2024["test_time_adaptation"]]
    assert marked["note"].str.contains("its name").tolist() == by_name[marked.index].tolist()
    assert marked["note"].str.contains("of collected").tolist() == same[marked.index].tolist()
    contradicted = _results(ho2024[by_name]).isin(_results(collected[~collected["test_time_adaptation"]]))
    assert not contradicted.any()


def test_caches_of_the_authors_sheet_are_among_them(ho2024, shared) -> None:
    sheet = pd.read_csv(shared / "data/public/ho2024_sheet.csv")
    caches = ho2024["system"].str.strip().isin(sheet.loc[sheet["Uses Cache"] == 1, "System"].str.strip())
    assert caches.sum() > 5
    assert ho2024.loc[caches, "test_time_adaptation"].all()


def test_the_sheet_is_read_with_the_same_flags(ho2024, shared) -> None:
    read = bs.read_ho2024_sheet(shared / "data/public/ho2024_sheet.csv").table
    flagged = read.groupby(read["system"].str.strip())["test_time_adaptation"].max()
    by_name = ho2024[ho2024["system"].str.contains(ADAPTS)]["system"].str.strip()
    assert flagged.reindex(by_name).dropna().all()
    assert flagged.reindex(by_name).notna().all()
