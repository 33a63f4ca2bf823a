"""`bayes-scaling import` as a user runs it, without a process of its own."""

import pytest
import typer
from others_data.sheet_of_published_sample import write_sheet
from typer.testing import CliRunner

import bayes_scaling as bs
from bayes_scaling.commands.tables import check_command, import_command
from bayes_scaling.tables import ai_models, ho2024_evaluations

app = typer.Typer()
app.command("import")(import_command)
app.command("check")(check_command)

PAPER = "Language models are unsupervised multitask learners"
HEADER = "system,paper,published,benchmark,perplexity,parameters,architecture"


def run(*arguments: object) -> str:
    """What a command prints; errors as a user's Python sees them."""
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False).output


@pytest.fixture
def with_gaps(tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_text(f"{HEADER}\nGPT-2,{PAPER},,wt103,17.48,,transformer\n")
    return path


def test_the_sheet_becomes_a_table_of_evaluations_step_by_step(tmp_path, ho2024):
    output = tmp_path / "mine.csv"

    said = run("import", write_sheet(tmp_path / "sheet.csv", ho2024), "--output", output, "--dropped")

    assert "stacked: 281 evaluations left (published: 281)" in said
    assert "281 -> 261 -> 231, as published" in said
    assert said.count("best of each paper: row ") == 30
    assert f"{output}: 231 evaluations; next: bayes-scaling check {output}" in said
    assert run("check", output) == f"{output}: 231 evaluations, no faults\n"


def test_options_of_the_sheet(tmp_path, sheet):
    path = sheet(*({"System": f"S{each}", "Perplexity (PTB)": "60"} for each in range(4)))

    run("import", path, "--output", tmp_path / "all.csv", "--every-row", "--own-perplexity")

    evaluations = bs.read_evaluations(tmp_path / "all.csv")
    assert len(evaluations) == 8
    assert sorted(set(evaluations["perplexity"])) == [17.48, 60.0]


def test_gaps_are_filled_from_the_database(tmp_path, models, with_gaps):
    said = run("import", with_gaps, "--fill-from", models({}), "--output", tmp_path / "mine.csv")

    assert "5 cells filled" in said
    assert bs.read_evaluations(tmp_path / "mine.csv")["tokens"].tolist() == [3e9]


def test_the_users_names_of_columns_are_mapped(tmp_path, models, with_gaps):
    with_gaps.write_text(with_gaps.read_text().replace("perplexity", "PPL"))
    options = ("--column", "perplexity=PPL", "--output", tmp_path / "mine.csv")

    run("import", with_gaps, "--fill-from", models({}), *options)

    assert bs.read_evaluations(tmp_path / "mine.csv")["perplexity"].tolist() == [17.48]


def test_tables_are_fetched_when_asked(tmp_path, server, sheet, models, with_gaps, monkeypatch):
    for module, function, name in (
        (ho2024_evaluations, "read_ho2024_sheet", "sheet"),
        (ai_models, "read_ai_models", "models"),
    ):
        original = getattr(module, function)
        monkeypatch.setitem(original.__kwdefaults__, "url", server.url(f"/{name}.csv"))
    server.gives(sheet({}).read_bytes())
    said = run("import", "--fetch", "ho2024-sheet", "--output", tmp_path / "one.csv")
    assert f"{server.url('/sheet.csv')}, fetched 2" in said
    assert ", sha256 " in said
    server.gives(models({}).read_bytes())
    said = run("import", with_gaps, "--fetch", "ai-models", "--output", tmp_path / "two.csv")
    assert f"{server.url('/models.csv')}, fetched 2" in said
    assert server.asked == ["/sheet.csv", "/models.csv"]


def test_gaps_that_remain_are_said_and_found_by_check(tmp_path, models, with_gaps):
    output = tmp_path / "mine.csv"

    said = run("import", with_gaps, "--fill-from", models({"Domain": "Vision"}), "--output", output)

    assert "left empty: row 2, column tokens: must not be empty" in said
    (fault,) = bs.check_evaluations(output)
    assert (fault.row, fault.column) == (2, "tokens")
    with pytest.raises(bs.EvaluationsError, match="--drop-incomplete"):
        bs.read_evaluations(output)


def test_nothing_is_written_where_something_else_is_wrong(tmp_path, models, with_gaps):
    with_gaps.write_text(with_gaps.read_text().replace("17.48", "0.5"))
    with pytest.raises(bs.BayesScalingError, match=r"column perplexity, value 0\.5: must be greater than 1"):
        run("import", with_gaps, "--fill-from", models({}), "--output", tmp_path / "mine.csv")
    assert not (tmp_path / "mine.csv").exists()


def test_a_file_that_is_there_is_not_overwritten(tmp_path, sheet):
    (tmp_path / "mine.csv").write_text("my own work")
    with pytest.raises(bs.BayesScalingError, match="exists already and is not overwritten; give another --output"):
        run("import", sheet({}), "--output", tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "my own work"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to import: give a CSV file, or --fetch ho2024-sheet"),
        (("--fetch", "ai-models"), "--fetch ai-models only fills gaps"),
        (("--fetch", "kaplan"), "no published table is called 'kaplan'; choose from ho2024-sheet, ai-models"),
        (("a.csv", "--fetch", "ho2024-sheet"), "a.csv and --fetch ho2024-sheet are both given"),
        (("a.csv", "--fetch", "ai-models", "--fill-from", "b.csv"), "--fill-from and --fetch ai-models are both given"),
        (("a.csv", "--refresh"), "--refresh downloads again; say what with --fetch"),
        (("nowhere.csv",), "nowhere.csv"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, arguments, message):
    with pytest.raises(bs.BayesScalingError) as error:
        run("import", *arguments, "--output", tmp_path / "mine.csv")
    assert message in str(error.value)


def test_the_database_alone_is_no_table_of_evaluations(tmp_path, models, sheet, with_gaps):
    with pytest.raises(bs.BayesScalingError, match="has no perplexities; give evaluations, and it as --fill-from"):
        run("import", models({}), "--output", tmp_path / "mine.csv")
    with pytest.raises(bs.BayesScalingError, match=r"are for the sheet of Ho et al\. 2024"):
        run("import", with_gaps, "--every-row", "--output", tmp_path / "mine.csv")
    with pytest.raises(bs.BayesScalingError, match="those of the sheet are known"):
        run("import", sheet({}), "--column", "system=System", "--output", tmp_path / "mine.csv")
    with pytest.raises(bs.BayesScalingError, match=r"must end in \.csv"):
        run("import", sheet({}), "--output", tmp_path / "mine.xlsx")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=1+1", "\u202eexe.GPT", "x" * 300, "[red]GPT[/nope]"])
def test_names_are_printed_on_one_line_without_effect(tmp_path, sheet, name):
    path = sheet({"System": name, "Include?": "0", "Epoch": name}, {"System": name})

    said = run("import", path, "--output", tmp_path / "mine.csv", "--dropped")

    assert said.replace("\n", "").isprintable()
    assert bs.read_evaluations(tmp_path / "mine.csv")["system"].tolist() == [name]
