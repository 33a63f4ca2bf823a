"""The AI models database, and gaps of evaluations filled from it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayes_scaling as bs
from bayes_scaling.errors import TableError
from bayes_scaling.tables.ai_models import is_ai_models, read_ai_models
from bayes_scaling.tables.filling import csv_faults, evaluations_csv, fill_from, read_with_gaps

PAPER = "Language models are unsupervised multitask learners"
HEADER = "id,system,paper,published,benchmark,perplexity,parameters,tokens,architecture"


def gaps(path, *rows: str):
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return read_with_gaps(path)


def test_systems_are_read_by_the_databases_names(models):
    systems = read_ai_models(models({}, {"Model": "", "Parameters": "7"}))

    [system] = systems.reset_index().to_dict("records")  # a row without a name is nobody's
    assert system == {
        "row": 2,
        "system": "GPT-2",
        "published": pd.Timestamp(2019, 2, 14),
        "domain": "Language",
        "paper": "Language Models are Unsupervised Multitask Learners",
        "url": "https://example.com/gpt-2",
        "parameters": 1.5e9,
        "tokens": 3e9,
        "training_compute": 1.9e21,
        "organization": "OpenAI",
    }
    assert systems.attrs == {"name": "ai-models", "unread": ()}


@pytest.mark.parametrize(
    "older",
    [
        {"Model": None, "System": "GPT-2"},
        {"Training dataset size (total)": None, "Training dataset size (datapoints)": "3e9"},
        {"Training dataset size (total)": None, "(DEPRECATED) Training dataset size (datapoints)": "3e9"},
    ],
)
def test_older_files_are_read_as_well(models, older):
    systems = read_ai_models(models(older))
    assert systems[["system", "tokens"]].to_numpy().tolist() == [["GPT-2", 3e9]]


def test_the_newest_name_counts_where_a_file_has_both(models):
    systems = read_ai_models(models({"(DEPRECATED) Training dataset size (datapoints)": "1"}))
    assert systems["tokens"].tolist() == [3e9]


@pytest.mark.parametrize("column", ["Model", "Publication date", "Domain", "Parameters", "Reference"])
def test_another_file_is_named_as_such(models, column):
    with pytest.raises(TableError, match=f"has no column '{column}'.*is not the AI models database"):
        read_ai_models(models({column: None}))


def test_cells_that_can_not_be_read_are_on_record_and_missing(models):
    systems = read_ai_models(
        models(
            {"Parameters": "1,000", "Publication date": "2019"},
            {"Training compute (FLOP)": "0", "Training dataset size (total)": "1e9 words"},
        )
    )

    assert systems[["parameters", "published"]].isna().iloc[0].all()
    assert systems[["training_compute", "tokens"]].isna().iloc[1].all()
    assert [str(fault) for fault in systems.attrs["unread"]] == [
        "row 2, column Parameters, value 1,000: is not a number above 0 and counts as missing",
        "row 2, column Publication date, value 2019: is not a day, written YYYY-MM-DD, and counts as missing",
        "row 3, column Training dataset size (total), value 1e9 words: is not a number above 0 and counts as missing",
        "row 3, column Training compute (FLOP), value 0: is not a number above 0 and counts as missing",
    ]


def test_rows_that_are_spoilt_are_left_out_and_on_record(models):
    path = models({"Model": "GPT\x1b[31m"}, {"Abstract": "a\x0bb"})
    path.write_bytes(path.read_bytes() + b"too,short\n")

    systems = read_ai_models(path)

    assert systems.index.tolist() == [3]
    assert [fault.row for fault in systems.attrs["unread"]] == [2, 4]


@pytest.mark.parametrize(
    "content", [b"", b"<html></html>", b"Model,Domain\nGPT\xe9,a\n", b"PK\x03\x04", b"Model,\nA,b\n"]
)
def test_what_is_no_table_is_refused(tmp_path, content):
    (tmp_path / "models.csv").write_bytes(content)
    with pytest.raises(bs.BayesScalingError, match=r"models\.csv"):
        read_ai_models(tmp_path / "models.csv")


def test_the_database_is_fetched_only_when_asked(server, models, own_cache):
    server.gives(models({}).read_bytes())
    with pytest.raises(TableError, match=r"does not come with the package; pass fetch=True .* or its path"):
        read_ai_models(url=server.url())
    assert server.asked == []

    systems = read_ai_models(fetch=True, url=server.url("/all_ai_models.csv"))

    assert systems.attrs["source"]["url"] == server.url("/all_ai_models.csv")
    assert (own_cache / "all_ai_models.csv").exists()


def test_the_database_is_known_by_its_columns(models):
    assert is_ai_models(pd.read_csv(models({})).columns)
    assert not is_ai_models(pd.Index(HEADER.split(",")))


def test_gaps_are_filled_and_on_record(tmp_path, models):
    evaluations = gaps(
        tmp_path / "mine.csv",
        f"a,GPT 2,{PAPER},,wt103,17.48,,,transformer",
        f"b,GPT-9,{PAPER},,wt103,9,,,transformer",
    )
    filling = fill_from(evaluations, read_ai_models(models({})))

    row = filling.evaluations.loc["a"]
    assert (row["parameters"], row["tokens"], row["training_compute"]) == (1.5e9, 3e9, 1.9e21)
    assert row["published"] == pd.Timestamp(2019, 2, 14)
    assert row["filled"] == (
        "published, parameters, tokens, training_compute, url (GPT-2, row 2 of the table of systems)"
    )
    assert filling.cells.loc[1].tolist() == ["a", "GPT 2", "parameters", 1.5e9, "GPT-2", 2]
    assert filling.evaluations.loc["b", ["parameters", "filled"]].isna().all()
    assert filling.unmatched == ("b",)
    assert str(filling) == (
        "5 cells filled (published 1, parameters 1, tokens 1, training_compute 1, url 1)\n"
        "1 evaluation with gaps match no system"
    )
    assert evaluations["parameters"].isna().all()  # what was given is as it was


def test_nothing_that_is_there_is_overwritten(tmp_path, models):
    evaluations = gaps(tmp_path / "mine.csv", f"a,GPT-2,{PAPER},2019-02-14,wt103,17.48,1.17e8,,transformer")

    filling = fill_from(evaluations, read_ai_models(models({})))

    assert filling.evaluations[["parameters", "tokens"]].to_numpy().tolist() == [[1.17e8, 3e9]]
    assert filling.disagreements.to_dict("records") == [
        {"id": "a", "column": "parameters", "kept": 1.17e8, "found": 1.5e9}
    ]
    assert "1 cell kept where the system says otherwise" in str(filling)


JOINED = {
    "case and blanks": ("gpt 2", PAPER.upper(), True),
    "accents": ("GPT-2", PAPER.replace("models", "modèls").replace("è", "e\u0301").replace("e\u0301ls", "els"), True),
    "another paper": ("GPT-2", "A survey", False),
    "no paper": ("GPT-2", "", False),
    "another system": ("GPT-2.1", PAPER, False),
    "a plus": ("GPT-2+", PAPER, False),
}


@pytest.mark.parametrize(("name", "paper", "joined"), JOINED.values(), ids=JOINED)
def test_systems_are_joined_by_name_and_paper(models, name, paper, joined):
    evaluations = pd.DataFrame({"system": [name], "paper": [paper or None], "parameters": [np.nan]}, index=["a"])

    filling = fill_from(evaluations, read_ai_models(models({})))

    assert filling.evaluations["parameters"].notna().tolist() == [joined]
    assert filling.unmatched == (() if joined else ("a",))


def test_names_alone_join_when_asked(models):
    evaluations = pd.DataFrame({"system": ["GPT-2"], "paper": ["A survey"], "parameters": [np.nan]}, index=["a"])

    assert fill_from(evaluations, read_ai_models(models({})), by="name").unmatched == ()
    with pytest.raises(bs.EvaluationsError, match="joined by 'paper'; choose from 'name and paper', 'name'"):
        fill_from(evaluations, read_ai_models(models({})), by="paper")


def test_several_systems_of_a_name_fill_nothing(models):
    evaluations = pd.DataFrame({"system": ["GPT-2"], "paper": [PAPER], "parameters": [np.nan]}, index=["a"])

    filling = fill_from(evaluations, read_ai_models(models({}, {"Parameters": "1.17e8"})))

    assert filling.ambiguous == ("a",)
    assert filling.cells.empty
    assert "match several systems: left as they are" in str(filling)


@pytest.mark.parametrize("domain", ["Vision", "Multimodal,Language,Vision", ""])
def test_sizes_of_data_are_taken_from_language_models_alone(models, domain):
    evaluations = pd.DataFrame(
        {"system": ["GPT-2"], "paper": [PAPER], "parameters": [np.nan], "tokens": [np.nan]}, index=["a"]
    )
    filled = fill_from(evaluations, read_ai_models(models({"Domain": domain}))).evaluations
    assert filled[["parameters", "tokens"]].notna().to_numpy().tolist() == [[True, False]]


def test_tables_that_can_not_be_joined_are_refused(models):
    with pytest.raises(bs.EvaluationsError, match="table of evaluations lacks the column 'paper'"):
        fill_from(pd.DataFrame({"system": ["GPT-2"]}), read_ai_models(models({})))


def test_only_gaps_that_can_be_filled_may_be_there(tmp_path):
    with pytest.raises(bs.EvaluationsError, match="row 2, column perplexity: must not be empty"):
        gaps(tmp_path / "mine.csv", f"a,GPT-2,{PAPER},,wt103,,,,transformer")
    with pytest.raises(bs.EvaluationsError, match="row 2, column parameters, value many: must be a number"):
        gaps(tmp_path / "mine.csv", f"a,GPT-2,{PAPER},,wt103,17,many,,transformer")


def test_what_still_has_gaps_is_found(tmp_path, models):
    evaluations = gaps(tmp_path / "mine.csv", f"a,GPT-2,{PAPER},,wt103,17.48,,,transformer")

    assert [fault.column for fault in csv_faults(evaluations)] == ["published", "parameters", "tokens"]
    assert csv_faults(fill_from(evaluations, read_ai_models(models({}))).evaluations) == ()


def test_packaged_tables_written_out_read_back_the_same(tmp_path, collected):
    (tmp_path / "collected.csv").write_bytes(evaluations_csv(collected))
    back = bs.read_evaluations(tmp_path / "collected.csv")
    pd.testing.assert_frame_equal(back, collected, check_dtype=False)


NAMES = st.sampled_from(["A", "a", "A-1", "A 1", "A.1", "B", "1.3B", "13B", None])
NUMBERS = st.sampled_from([1e6, 2e6, np.nan])


def plain(name: str | None) -> str:
    """Names as they are to agree, for the few of this test."""
    name = "A1" if name == "A.1" else name
    return "" if name is None or pd.isna(name) else name.lower().replace("-", "").replace(" ", "")


@given(st.lists(st.tuples(NAMES, NUMBERS), min_size=1, max_size=6), st.lists(st.tuples(NAMES, NUMBERS), max_size=6))
def test_filling_only_ever_adds(ours, theirs):
    """Whatever the tables: cells that were there stay, and each filled one is its only namesake's."""
    evaluations = pd.DataFrame({"system": [name for name, _ in ours], "parameters": [size for _, size in ours]})
    evaluations["paper"] = "P"
    systems = pd.DataFrame(theirs, columns=["system", "parameters"]).astype({"parameters": "float64"}).assign(paper="P")

    filling = fill_from(evaluations, systems)

    after, before = filling.evaluations["parameters"], evaluations["parameters"]
    assert after[before.notna()].equals(before[before.notna()])
    assert len(filling.cells) == (before.isna() & after.notna()).sum() == filling.evaluations["filled"].notna().sum()
    for cell in filling.cells.itertuples():
        namesakes = systems[systems["system"].map(plain) == plain(cell.system)]
        assert namesakes["parameters"].tolist() == [cell.value]
