"""Public files of people who do this work: read as they are or with what is said; wrong units have their codes."""

import gzip
import json
import re
import shlex
import warnings

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import bayes_scaling as bs
from bayes_scaling.commands import app
from bayes_scaling.tables.faults import Finding
from bayes_scaling.tables.names import how_to_map, in_python
from bayes_scaling.tables.reading import Reading, read_table


def codes(table) -> dict[str, str]:
    found: tuple[Finding, ...] = bs.findings(table)
    return {each.code: each.severity for each in found}


NAMES = {
    "gemstones_hot.jsonl": Reading({"parameters": "params_active_precise", "loss": "final_loss"}),
    "opt_trajectories.csv": Reading(
        {"parameters": "model_size", "loss": "ppl", "tokens": "num_token"},
        scale={"tokens": "log10"},
        loss_unit="perplexity",
    ),
    "obsscaling_models.csv": Reading(
        {"parameters": "Model Size (B)", "flop": "FLOPs (1E21)", "loss": "MMLU"}, drop_incomplete=True
    ),
    "datablations_contour.csv": Reading({"parameters": "num_params", "loss": "openLM_loss", "tokens": "token_num"}),
    "misfitting_last_checkpoint.csv": Reading({"parameters": "N", "tokens": "D"}),
    "porian_kaplan_setting.csv": Reading(guess_columns=True, drop_incomplete=True),
}
FOUND = {
    "llama3_two_loss_scales.csv": {"two-loss-scales": "error"},
    "gadre_all_validation_sets.csv": {"several-losses": "error"},
    "marin_three_datasets.csv": {"several-losses": "warning"},
    "steplaw_dense.csv": {"sweep": "warning"},
    "min_unit.csv": {"flop-not-counts": "error"},
    "chinchilla_example.csv": {},
    "besiroglu_updated.csv": {},
    "porian_off_centre.csv": {},
    "porian_kaplan_setting.csv": {},
    "gemstones_hot.jsonl": {"checkpoints": "warning"},
    "opt_trajectories.csv": {"checkpoints": "warning"},
    "datablations_contour.csv": {"sweep": "warning", "repetition": "warning"},
    "misfitting_last_checkpoint.csv": {"duplicates": "warning", "sweep": "warning", "repetition": "warning"},
    "obsscaling_models.csv": {"parameters-not-counts": "error", "flop-not-counts": "error", "loss-rises": "error"},
}


@pytest.mark.parametrize("name", FOUND)
def test_what_looks_wrong_has_its_code(shared, name):
    read = read_table(shared / "data" / "public" / name, None, NAMES.get(name, Reading(guess_columns=True)))
    assert read.faults == ()
    assert codes(read.table) == FOUND[name]


TYPED = {
    ("llama3_two_loss_scales.csv", "--guess-columns"): ("two-loss-scales", ["loss-low"]),
    ("gadre_all_validation_sets.csv", "--guess-columns"): ("several-losses", ["several-losses"]),
    ("marin_three_datasets.csv", "--guess-columns"): ("several-losses", []),
    ("steplaw_dense.csv", "--guess-columns"): ("sweep", []),
    ("min_mixed.csv", "--guess-columns"): ("two-loss-scales", ["loss-low"]),
    ("min_unit.csv",): ("flop-not-counts", ["one-budget"]),
    ("min_sheet.csv",): (None, []),
}


def said_by(command: list[str]) -> str:
    """All that a command says, its refusal included."""
    ended = CliRunner().invoke(app, command)
    return ended.output + (str(ended.exception) if isinstance(ended.exception, bs.BayesScalingError) else "")


@pytest.mark.parametrize("typed", TYPED)
def test_what_a_message_says_to_type_works_when_typed(shared, typed, tmp_path, monkeypatch):
    """The line is taken out of the message as it stands, and what it cured is not found again."""
    monkeypatch.chdir(tmp_path)
    name, *options = typed
    code, left = TYPED[typed]
    check = ["check", str(shared / "data" / "public" / name), *options]
    said = said_by(check)
    if code is None:
        line = said.split("; type ")[1].split(", in Python")[0]
        assert CliRunner().invoke(app, shlex.split(line)[1:]).exit_code == 0
        assert CliRunner().invoke(app, ["check", "mine.csv"]).exit_code == 0
        return
    line = next(line for line in said.splitlines() if f" {code}: " in line)
    cure = shlex.split(re.split(r"(?:; |, or | \((?:if|it) )", line.split("; type ")[1])[0])
    ended = CliRunner().invoke(app, [*check, *cure, "--json"])
    assert [each["code"] for each in json.loads(ended.stdout)["warnings"]] == left
    assert ended.exit_code == 0


def test_a_check_ends_as_bad_input_where_a_table_is_not_fitted_unless_it_is_allowed(shared):
    check = ["check", str(shared / "data" / "public" / "min_unit.csv")]
    refused = CliRunner().invoke(app, check)
    assert "--allow flop-not-counts" in str(refused.exception)
    assert isinstance(refused.exception, bs.BayesScalingError)
    allowed = CliRunner().invoke(app, [*check, "--allow", "flop-not-counts"])
    assert allowed.exit_code == 0
    assert "warning flop-not-counts" in allowed.stdout


@pytest.mark.parametrize(
    ("heading", "factor"),
    {
        **{"Parameters (Mio.)": 1e6, "Parameters (M)": 1e6, "Params (in millions)": 1e6, "Model size [mn]": 1e6},
        **{"Parameters (B)": 1e9, "Parameters (bn)": 1e9, "Parameters (Mrd.)": 1e9, "Parameters (1e3)": 1e3},
    }.items(),
)
@pytest.mark.filterwarnings("ignore::bayes_scaling.RunsWarning")
def test_what_is_to_type_for_sizes_in_millions_or_another_unit_gives_counts(heading, factor, tmp_path):
    runs = bs.load_runs()
    path = tmp_path / "mine.csv"
    sizes = pd.DataFrame({heading: runs["parameters"] / factor, "tokens": runs["tokens"], "loss": runs["loss"]})
    sizes.to_csv(path, index=False)
    with pytest.raises(bs.RunsError) as refused:
        bs.read_runs(path)
    typed = shlex.split(str(refused.value).splitlines()[-2].removeprefix("type "))
    assert typed[:2] == ["--column", f"parameters={heading}"] and typed[2] == "--scale"
    assert CliRunner().invoke(app, ["check", str(path), "--runs", *typed]).exit_code == 0
    read = bs.read_runs(path, {"parameters": heading}, scale={"parameters": float(typed[3].split("=")[1])})
    np.testing.assert_allclose(read["parameters"], runs["parameters"], rtol=1e-12)
    assert codes(read) == {}


@pytest.mark.parametrize("column", ["parameters", "tokens"])
@pytest.mark.filterwarnings("ignore::bayes_scaling.RunsWarning")
def test_sizes_in_millions_under_a_plain_name_are_found_with_their_scale(column):
    runs = bs.load_runs()[["parameters", "tokens", "loss"]]
    millions = runs.assign(**{column: runs[column] / 1e6})
    (finding,) = bs.findings(bs.read_runs(millions))
    assert (finding.code, finding.severity) == (f"{column}-not-counts", "error")
    assert f"probably in units of 1e+06; type --scale {column}=1e6" in finding.message
    assert codes(bs.read_runs(millions, scale={column: 1e6})) == {}


@pytest.mark.parametrize(
    ("label", "cure"),
    [("nats", "scale == 'nats'"), (None, "scale not in ['perplexity']"), ("", "scale not in ['perplexity']")],
)
def test_of_a_loss_and_its_exponential_the_loss_is_kept_though_it_has_no_label(label, cure):
    runs = bs.load_runs()
    both = [runs.assign(scale=label), runs.assign(loss=np.exp(runs["loss"]), scale="perplexity")]
    twice = pd.concat(both, ignore_index=True)
    twice.attrs = runs.attrs
    (finding,) = (each for each in bs.findings(twice) if each.code == "two-loss-scales")
    assert shlex.split(finding.message.split("; type ")[1]) == ["--where", cure]
    assert bs.rows_where(twice, cure)["loss"].tolist() == runs["loss"].tolist()


def test_a_unit_in_a_name_is_in_the_line_to_type():
    sizes = pd.DataFrame({"Model Size (B)": [7.0, 13.0], "FLOPs (1E21)": [84.0, 156.0], "loss": [1.8, 1.7]})
    with pytest.raises(bs.RunsError, match=r"--column parameters='Model Size \(B\)'.* --scale parameters=1e9") as said:
        bs.read_runs(sizes)
    assert "--scale flop=1e21" in str(said.value)
    columns = {"parameters": "Model Size (B)", "flop": "FLOPs (1E21)"}
    assert codes(bs.read_runs(sizes, columns, scale={"parameters": 1e9, "flop": 1e21})) == {}


@pytest.mark.filterwarnings("ignore::bayes_scaling.RunsWarning")
def test_only_what_a_file_gives_is_to_be_scaled_and_not_where_units_are_mixed():
    runs = bs.load_runs()[["parameters", "tokens", "loss"]]
    billions = bs.read_runs(runs.assign(parameters=runs["parameters"] / 1e9))
    assert codes(billions) == {"parameters-not-counts": "error"}  # compute follows from it
    mixed = runs["parameters"].where(np.arange(len(runs)) % 3 > 0, runs["parameters"] / 1e9)
    (finding,) = bs.findings(bs.read_runs(runs.assign(parameters=mixed)))
    assert "in another unit than the others" in finding.message
    assert "--scale" not in finding.message


@pytest.mark.parametrize("others", ["b", None])
def test_a_column_tells_losses_of_one_size_apart_though_it_has_gaps(others):
    runs = bs.load_runs()
    twice = pd.concat([runs.assign(split="a", loss=runs["loss"] / 1.5), runs.assign(split=others)], ignore_index=True)
    twice.attrs = runs.attrs
    (finding,) = bs.findings(twice)
    assert finding.code == "several-losses"
    assert "of several sets, by split; type --where \"split == 'a'\"" in finding.message


def test_bits_in_the_name_of_a_loss_go_into_the_line_to_type():
    table = pd.DataFrame({"parameters": [1e9, 2e9], "tokens": [2e10, 4e10], "Test loss (bits)": [4.0, 3.8]})
    with pytest.raises(bs.BayesScalingError, match=r"--column loss='Test loss \(bits\)' --loss-unit bits"):
        bs.read_runs(table)
    runs = bs.read_runs(table, {"loss": "Test loss (bits)"}, loss_unit="bits")
    np.testing.assert_allclose(runs["loss"], np.log(2) * table["Test loss (bits)"])


@pytest.mark.parametrize("losses", [("3,5982", "3,402"), ("3.5982", "3.402")])
def test_cells_separated_by_semicolons_are_read_with_points_or_decimal_commas(tmp_path, losses):
    path = tmp_path / "mine.csv"
    rows = (f"7e7;2000000000;{losses[0]};1,2", f"140000000;4e9;{losses[1]};3,a")
    path.write_text("\n".join(("parameters;tokens;loss;seeds", *rows)) + "\n")
    runs = bs.read_runs(path)
    assert runs[["parameters", "tokens", "loss"]].to_numpy().tolist() == [[7e7, 2e9, 3.5982], [1.4e8, 4e9, 3.402]]
    assert runs["seeds"].tolist() == ["1,2", "3,a"]


@pytest.mark.parametrize("cell", ["2,58", "0,125", "-2,5"])
def test_a_decimal_comma_is_never_taken_for_one_of_thousands(tmp_path, cell):
    path = tmp_path / "mine.csv"
    for column in ("parameters", "tokens", "loss"):
        row = {"parameters": "7e7", "tokens": "2e9", "loss": "3.5"} | {column: f'"{cell}"'}
        path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
        (fault,) = bs.check_runs(path)
        assert (
            str(fault) == f"row 2, column {column}, value {cell}: must have a decimal point, not a comma: 2.5, not 2,5"
        )


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_files_packed_by_gzip_and_of_utf_16_are_read(tmp_path, packed, encoding):
    content = "parameters\ttokens\tloss\n7e7\t2e9\t3.5\n".encode(encoding)
    path = tmp_path / ("mine.tsv" + ".gz" * packed)
    path.write_bytes(gzip.compress(content) if packed else content)
    runs = bs.read_runs(path)
    assert runs["loss"].tolist() == [3.5] and runs.attrs["name"] == "mine"


def test_what_is_called_gz_and_is_not_packed_is_refused_in_words(tmp_path):
    for content in (b"parameters,tokens,loss\n", gzip.compress(b"x" * 100)[:-9]):
        path = tmp_path / "mine.csv.gz"
        path.write_bytes(content)
        with pytest.raises(bs.RunsError, match="is not packed by gzip, as its name says; unpack it"):
            bs.read_runs(path)


def test_a_column_that_a_file_lacks_is_not_scaled():
    sizes = pd.DataFrame({"parameters": [7e9], "flop": [84.0], "loss": [1.8]})
    with pytest.raises(bs.RunsError, match="has no column 'tokens'; of numbers it has parameters, flop, loss"):
        bs.read_runs(sizes, scale={"tokens": 1e12})


def test_points_of_named_curves_are_checkpoints_and_runs_of_a_budget_are_not():
    curves = bs.simulate_curves(bs.BESIROGLU, parameters=[1e8, 1e9], tokens=(1e9, 1e11), points=5)
    assert codes(curves) == {"checkpoints": "warning"}
    assert codes(curves.drop(columns="series")) == {}  # at equal ratios of tokens, as separate runs are
    assert codes(bs.load_runs()) == {}


def test_sound_tables_have_no_findings(shared, ho2024, collected):
    chinchilla = bs.load_runs("chinchilla", shared / "data" / "chinchilla_figure4_digitised.csv")
    assert [codes(table) for table in (ho2024, collected, chinchilla, bs.load_runs())] == [{}] * 4


CHANGES = {
    "parameters-not-counts": lambda runs: runs.assign(parameters=runs["parameters"] / 1e9),
    "tokens-not-counts": lambda runs: runs.assign(tokens=runs["tokens"] / 1e12),
    "tokens-apart": lambda runs: runs.assign(parameters=runs["parameters"] * 1e9),  # scaled twice
    "loss-above-chance": lambda runs: runs.assign(loss=np.exp(runs["loss"])),
    "loss-low": lambda runs: runs.assign(loss=runs["loss"] / np.log(2) / 4.3),
    "loss-rises": lambda runs: runs.assign(loss=1 / runs["loss"]),
}


@pytest.mark.parametrize("code", CHANGES)
def test_another_unit_is_found_and_an_error_is_not_fitted_unless_allowed(code):
    changed = CHANGES[code](bs.load_runs())
    found = codes(changed)
    assert code in found
    if found[code] == "error":
        with pytest.raises(bs.RunsError, match=f"--allow {code}"):
            bs.fit("chinchilla", changed)
    changed.attrs["allowed"] = [code]
    assert codes(changed)[code] == "warning"


@pytest.mark.parametrize("log", [np.log, np.log2])
def test_log_perplexities_are_no_perplexities(ho2024, log):
    assert log is np.log2 or codes(ho2024.assign(perplexity=log(ho2024["perplexity"]))) == {"log-perplexity": "error"}
    with_high = ho2024.assign(perplexity=2 * ho2024["perplexity"])
    some = with_high["perplexity"].where(np.arange(len(ho2024)) % 3 > 0, log(with_high["perplexity"]))
    for table in (ho2024, with_high):
        assert "log-perplexity" in codes(table.assign(perplexity=log(table["perplexity"])))
    assert log is np.log2 or codes(with_high.assign(perplexity=some)) == {"log-perplexity": "warning"}


def test_a_score_is_no_perplexity(ho2024):
    score = 10 * np.log10(ho2024["parameters"])
    assert codes(ho2024.assign(perplexity=score)) == {"loss-rises": "error"}


@pytest.mark.parametrize("times", [1e-6, 1e-9])
@pytest.mark.parametrize("name", ["parameters", "tokens"])
def test_sizes_in_millions_or_billions_are_found(name, times, ho2024):
    for table in (ho2024, bs.load_runs()[["parameters", "tokens", "loss"]]):
        found = codes(table.assign(**{name: table[name] * times}))
        assert "error" in (found.get(f"{name}-not-counts"), found.get("tokens-apart"))


def test_the_authors_sheet_is_the_recovered_sample(shared, ho2024):
    """Rules count as published, and the 231 rows are those of the packaged table."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        selection = bs.read_ho2024_sheet(shared / "data" / "public" / "ho2024_sheet.csv")
    assert selection.as_published
    order = ["system", "benchmark", "perplexity", "parameters"]
    rounded = [table.assign(perplexity=table["perplexity"].round(6)) for table in (selection.table, ho2024)]
    sheet, packaged = (table.sort_values(order) for table in rounded)
    for column in ("system", "benchmark", "published"):
        assert sheet[column].tolist() == packaged[column].tolist()
    for column in ("perplexity", "parameters", "tokens", "vocabulary"):
        np.testing.assert_allclose(sheet[column], packaged[column], rtol=1e-9)
    transformers = [table["architecture"] == "transformer" for table in (sheet, packaged)]
    assert transformers[0].tolist() == transformers[1].tolist()
    theirs, ours = (table["epochs"].fillna(0).to_numpy() for table in (sheet, packaged))
    assert (theirs != ours).sum() == 40
    assert ((theirs > 0) & (ours == 0)).sum() == 27
    written = pd.read_csv(shared / "data" / "public" / "ho2024_sheet.csv")["Zero-shot?"]
    assert (pd.to_numeric(written, errors="coerce") == 0.5).sum() == 19


def test_messages_in_python_say_what_python_writes():
    runs = bs.load_runs()
    raw = pd.DataFrame({"N": runs["parameters"] / 1e9, "tokens": runs["tokens"], "loss": runs["loss"]})
    with pytest.warns(bs.RunsWarning, match=r"type --scale parameters=1e9, in Python scale=\{'parameters': 1e9\}"):
        read = bs.read_runs(raw, {"parameters": "N"})
    with pytest.raises(bs.RunsError, match=r"in Python scale=\{'parameters': 1e9\}"):
        bs.fit("chinchilla", read)
    with pytest.raises(bs.RunsError, match=r"\ntype --column parameters=N \(or --guess-columns\)\nin Python columns="):
        bs.read_runs(raw)
    with pytest.raises(bs.RunsError, match=r"\nadd --column parameters=N"):
        bs.read_runs(raw.rename(columns={"loss": "L"}), {"loss": "L"})


@pytest.mark.parametrize(
    ("said", "python"),
    [
        ("--best-of parameters,tokens, or --where with a column", ".pipe(bs.best_of, ['parameters', 'tokens'])"),
        ("--where \"val == 'c4'\", or", """.pipe(bs.rows_where, "val == 'c4'")"""),
        ("type --column loss=ce, with --loss-unit bits if", "columns={'loss': 'ce'}, loss_unit='bits'"),
        ("type such as --scale flop=log10, or leave", "scale={'flop': 'log10'}"),
        ("type --drop-duplicates", ".pipe(bs.without_duplicates)"),
        ("--column loss='it'\"'\"'s'", '''columns={'loss': "it's"}'''),
    ],
)  # fmt: skip
def test_each_option_has_its_form_in_python(said, python):
    assert in_python(said) == f"{said}, in Python {python}"
    assert in_python("nothing to type, --allow sweep") == "nothing to type, --allow sweep"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"where": "loss > 3"}, "there is no option 'where'; choose from guess_columns, .*pipe.bs.rows_where"),
        ({"columns": ["N"]}, "columns must be a mapping such as .*not list"),
        ({"scale": 1e9}, "scale must be a mapping such as .*not float"),
    ],
)
def test_options_that_can_not_be_are_refused_in_words(options, message):
    for function in (bs.read_runs, bs.check_runs, bs.read_evaluations, bs.check_evaluations):
        with pytest.raises(bs.BayesScalingError, match=message):
            function(bs.load_runs(), **options)


def test_a_misspelt_column_of_runs_is_not_looked_for_among_those_of_evaluations():
    with pytest.raises(bs.RunsError, match="column loss: is missing; it looks like 'los' here"):
        bs.fit("chinchilla", pd.DataFrame(bs.load_runs()).rename(columns={"loss": "los"}))


def test_one_size_or_one_date_of_all_rows_is_said():
    runs, evaluations = bs.load_runs(), bs.load_evaluations()
    for name in ("parameters", "tokens"):
        assert "one-size" in codes(runs.assign(**{name: 1e9}).drop(columns="flop"))
    (said,) = (each for each in bs.findings(runs.assign(tokens=1e9).drop(columns="flop")) if each.code == "one-size")
    assert "B and beta rest on their priors" in said.message and len(said.rows) == len(runs)
    of_a_day = evaluations.assign(published=pd.Timestamp(2020, 1, 1))
    (said,) = (each for each in bs.findings(of_a_day) if each.code == "one-date")
    assert "published within 1 day: rates of progress" in said.message


@pytest.mark.parametrize("name", ["run", "val"])
def test_what_a_specification_tells_apart_is_not_said(name):
    """Curves whose runs are its clusters, and several validation sets on which its formulas depend."""
    sizes = pd.DataFrame({"parameters": np.repeat([1e8, 2e8, 4e8], 10), "tokens": np.tile(1e9 * np.arange(1.0, 11), 3)})
    runs = sizes.assign(loss=2 + 400 / sizes["parameters"] ** 0.34 + 400 / sizes["tokens"] ** 0.28)
    if name == "run":
        runs = runs.assign(run=[f"r{size:g}" for size in runs["parameters"]])
        code, used = "checkpoints", {"law": "chinchilla", "noise": {"cluster": "run"}}
    else:
        runs = pd.concat([runs.assign(val="c4"), runs.assign(val="pile", loss=runs["loss"] * 1.4)], ignore_index=True)
        code, used = "several-losses", {"law": "chinchilla", "coefficients": {"level": "0 + val"}}
    specification = bs.Specification.from_dict("mine", used)
    assert name in specification.used_columns
    said = {each.code: each.message for each in bs.findings(runs)}
    assert code in said
    assert code not in {each.code for each in bs.findings(runs, specification.used_columns)}
    if name == "val":
        assert 'or let formulas depend on it, such as level = "0 + val"' in said[code]


def test_a_loss_that_was_converted_from_bits_is_not_advised_to_be_again():
    easy = bs.load_runs().assign(loss=lambda runs: runs["loss"] / 4)
    (said,) = (each for each in bs.findings(easy) if each.code == "loss-low")
    assert "--loss-unit bits" in said.message
    easy.attrs["selections"] = ["loss from bits"]
    (said,) = (each for each in bs.findings(easy) if each.code == "loss-low")
    assert "--loss-unit" not in said.message


def test_a_score_in_percent_is_a_score_and_no_perplexity():
    score = bs.load_runs().assign(loss=lambda runs: 100 - 20 * runs["loss"])
    assert set(codes(score)) == {"loss-rises"}


@pytest.mark.parametrize(
    ("heading", "typed"),
    [
        *[(f"loss{unit}", "--loss-unit bits") for unit in ("_bits", "_bits_per_token", " (log2)")],
        *[(f"tokens{unit}", "--scale tokens=1e9") for unit in ("_b", "_in_billions", " [10^9]", " (1e9)")],
    ],
)
def test_a_unit_in_a_heading_goes_into_the_line_to_type(heading, typed):
    assert how_to_map({typed.split()[1].split("=")[0] if "scale" in typed else "loss": heading}).endswith(typed)


def test_one_loss_of_a_run_that_diverged_is_no_perplexity():
    runs = bs.load_runs()
    runs.loc[runs.index[0], "loss"] = 30.0
    (said,) = (each for each in bs.findings(runs) if each.code == "loss-above-chance")
    assert "--where 'loss <= 14'" in said.message and "--loss-unit" not in said.message and len(said.rows) == 1
    assert codes(bs.rows_where(runs, "loss <= 14")) == {}


@pytest.mark.parametrize("cell", ["N/A", "nan", "NULL", "none", "unknown", "-", ""])
def test_words_for_a_gap_and_runs_that_diverged_are_left_out_when_asked(cell, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"parameters,tokens,loss,steps\n1e9,2e10,{cell},1\n2e9,2e10,2.5,{cell}\n3e9,2e10,inf,3\n")
    assert {(fault.row, fault.column) for fault in bs.check_runs(path)} >= {(2, "loss"), (4, "loss")}
    with pytest.raises(bs.RunsError, match="type --drop-incomplete to leave incomplete rows out"):
        bs.read_runs(path)
    runs = bs.read_runs(path, drop_incomplete=True)
    assert runs["loss"].tolist() == [2.5] and runs["steps"].isna().all()
    assert runs.attrs["selections"] == ["without 2 incomplete rows (loss in 2)"]


def test_checkpoints_without_a_run_name_are_known_by_their_steps():
    steps = np.round(np.geomspace(100, 20_000, 12))
    runs = pd.DataFrame({"parameters": np.repeat([1e8, 2e8, 4e8], 12), "step": np.tile(steps, 3)})
    runs = runs.assign(tokens=runs["step"] * 5e5, loss=3 - 0.1 * np.log(runs["step"]))
    assert "checkpoints" in codes(runs)
    assert "checkpoints" not in codes(runs.drop(columns="step"))
    assert "checkpoints" not in codes(runs.assign(step=runs["step"].to_numpy()[::-1]))


def test_the_index_of_a_frame_is_no_column(tmp_path):
    path = tmp_path / "mine.csv"
    bs.load_runs().reset_index(drop=True).to_csv(path)
    assert bs.read_runs(path)["loss"].tolist() == bs.load_runs()["loss"].tolist()
    path.write_text(path.read_text().replace("\n0,", "\nfirst,"))
    with pytest.raises(bs.RunsError, match="column 1 has no name"):
        bs.read_runs(path)


def test_runs_that_are_read_as_evaluations_are_sent_to_runs():
    with pytest.raises(
        bs.EvaluationsError,
        match=r"type --runs in place of --evaluations \(bs.read_runs in Python\) if these are training runs",
    ):
        bs.read_evaluations(bs.load_runs())


def test_compute_in_petaflop_days_has_its_factor_said():
    with pytest.warns(bs.RunsWarning, match=r"--scale flop=1e21 \(if PF-days, flop=8.64e\+19\)"):
        bs.read_runs(bs.load_runs().assign(flop=lambda runs: runs["flop"] / 8.64e19))


def test_a_column_may_have_decimal_commas_in_some_cells_alone(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("parameters;tokens;loss;steps\n1e9;2e10;2,5;1e3\n2e9;2e10;2,4;1,5e3\n")
    assert bs.read_runs(path)["steps"].tolist() == [1000.0, 1500.0]


@pytest.mark.parametrize("word", ["n/a", "NA", "-", "diverged"])
def test_a_word_for_a_gap_leaves_decimal_commas_what_they_are(tmp_path, word):
    path = tmp_path / "mine.csv"
    path.write_text(f"parameters;tokens;loss\n7e7;2e9;2,9101\n8e7;2e9;{word}\n9e7;2e9;3,121\n")
    (fault,) = bs.check_runs(path)
    assert (fault.row, fault.value) == (3, word)
    assert bs.read_runs(path, drop_incomplete=True)["loss"].tolist() == [2.9101, 3.121]


@pytest.mark.parametrize("cells", [("5%", "10%"), ("5 %", "n/a"), ("0.5%", "")])
def test_a_column_of_percentages_is_said_to_be_text(tmp_path, cells):
    path = tmp_path / "mine.csv"
    path.write_text(f"parameters,tokens,loss,dropout,share\n7e7,2e9,3.5,{cells[0]},a 5%\n9e7,2e9,3.4,{cells[1]},7\n")
    said = f"column dropout is of text such as '{cells[0]}', in formulas a level each; where numbers are meant, write"
    with pytest.warns(bs.RunsWarning, match=said) as warned:
        bs.read_runs(path)
    assert not any("share" in str(each.message) for each in warned)
