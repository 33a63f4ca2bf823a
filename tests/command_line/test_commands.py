"""Each command: what it prints, what it writes and how it ends, for good input and bad."""

import json
import math
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

import bayes_scaling as bs
from bayes_scaling.cli import main
from bayes_scaling.inference import fitting
from bayes_scaling.inference.settings import DEFAULT, SEED
from bayes_scaling.reports import run_directory
from bayes_scaling.reports.describe import prior_sentences
from bayes_scaling.specifications.catalogue import catalogue_directory

RUN_FILES = {"fit.nc", "doubling_times.png", "summary.json"}
GOOD_HEADER = "system,paper,published,benchmark,perplexity,parameters,tokens,architecture"
GOOD_LINE = "GPT-2,Unsupervised Multitask Learners,2019-02-14,wt103,17.48,1.5e9,4e9,transformer"
SIZES = {"parameters": "Model Size", "tokens": "Training Tokens"}
MAPPED = ("--column", "parameters=Model Size", "--column", "tokens=Training Tokens")


def refuse_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def without_bound(value: float) -> float | None:
    return value if math.isfinite(value) else None


def assert_one_message(err: str) -> None:
    """One message of ours, or the three lines on wrong usage that people know from other commands."""
    assert "Traceback" not in err
    messages = re.findall(r"^(?:bayes-scaling: |Error: )", err, flags=re.MULTILINE)
    assert len(messages) == 1, err


@pytest.fixture
def done(monkeypatch, capfd):
    """Run a command that ends well, in this process, since importing takes seconds; what it printed."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["bayes-scaling", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert (ended.value.code or 0, err) == (0, "")
        return out

    return run


# models


def test_models_lists_the_whole_catalogue(command, tmp_path) -> None:
    ended = command("models", cwd=tmp_path, start="script")
    assert (ended.code, ended.err) == (0, "")
    shown = dict(re.findall(r"^  ([a-z0-9/-]+) +(\S.*)$", ended.out, flags=re.MULTILINE))
    names = list(shown)
    assert sorted(names) == list(bs.list_specifications())
    assert {"chinchilla", "reference", "ho2024/01", "ho2024/20"} < set(names)
    for name in names:
        assert shown[name].removesuffix("…") in bs.load_specification(name).title and len(shown[name]) > 20
    assert "One in full: bayes-scaling models NAME" in ended.prose


def test_models_are_a_line_each_by_whether_there_is_progress(done, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines, names = done("models").splitlines(), bs.list_specifications()
    assert len(lines) < len(names) + 15 and max(map(len, lines)) <= 80
    heading, told = "", {}
    for line in lines[:-1]:
        heading = line if line[0] != " " else heading
        told |= {line.split()[0]: heading.startswith("With progress: ")} if line[0] == " " else {}
    assert told == {name: bs.load_specification(name).progresses for name in names}


def test_models_shows_equation_priors_and_reference(done) -> None:
    out = done("models", "ho2024/07")
    assert "Ho et al. 2024 (arXiv 2403.05812), model 7" in out
    assert "L = A[benchmark] / N_eff^alpha + B[benchmark] / D_eff^beta + noise" in out
    assert "D_eff = D exp(g_D (Y - Y0))" in out
    assert "g_N ~ Normal(mu=0, sigma=1)" in out


@pytest.mark.parametrize("name", ["reference", "ho2024/13", "ho2024/16", "ho2024/18", "ho2024/20"])
def test_models_shows_every_prior_of_a_specification(name, done) -> None:
    out = done("models", name)
    specification = bs.load_specification(name)
    assert specification.reference in " ".join(out.split())
    assert re.search(r"^  L = ", out, flags=re.MULTILINE)
    for parameter in specification.parameters():
        assert re.search(rf"^{parameter.name}(\[\w+\])? ~ ", out, flags=re.MULTILINE), parameter.name


def test_models_says_what_the_priors_expect_and_draws_it(command_here, tmp_path) -> None:
    ended = command_here("models", "reference", "--picture", "prior.svg", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "") and "Written: prior.svg" in ended.out
    found = bs.prior_predictive_summary(bs.prior_predictive("reference", bs.load_evaluations()))
    for said in prior_sentences(found):
        assert said in ended.prose
    assert f"{found.plausible:.1%} of losses lie between 0.5 and 12 nats per token" in ended.prose
    assert "evaluations, by rank of their prior median" in (tmp_path / "prior.svg").read_text(encoding="utf-8")


def test_models_tries_priors_on_the_table_that_it_is_told_or_says_why_not(command_here, tmp_path) -> None:
    assert "on the 108 runs of simulated" in command_here("models", "chinchilla", cwd=tmp_path).prose
    ended = command_here("models", "reference", "--evaluations", "collected", "--picture", "prior.png", cwd=tmp_path)
    assert "on the 297 evaluations of collected" in ended.prose
    assert (tmp_path / "prior.png").read_bytes().startswith(b"\x89PNG")
    lacking = command_here("models", "kaplan/steps", cwd=tmp_path)
    assert lacking.code == 0 and "least_steps" in lacking.err and "Before any data" not in lacking.out


# check


def test_check_accepts_a_good_file(command_here, tmp_path) -> None:
    (tmp_path / "mine.csv").write_text(f"{GOOD_HEADER}\n{GOOD_LINE}\n", encoding="utf-8")
    ended = command_here("check", "mine.csv", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "mine.csv: 1 evaluation, no faults\n"


def test_check_names_every_fault_with_row_column_value_and_rule(command_here, tmp_path) -> None:
    bad = {
        3: ("perplexity", "17.48", "0.7"),
        5: ("benchmark", "wt103", ""),
        6: ("published", "2019-02-14", "soon"),
        7: ("tokens", "4e9", "-4e9"),
        9: ("architecture", "transformer", ""),
    }
    lines = [GOOD_LINE.replace("GPT-2", f"system {row}") for row in range(2, 10)]
    for row, (_, good, wrong) in bad.items():
        assert f",{good}" in lines[row - 2]
        lines[row - 2] = lines[row - 2].replace(f",{good}", f",{wrong}")
    (tmp_path / "mine.csv").write_text("\n".join([GOOD_HEADER, *lines]) + "\n", encoding="utf-8")
    ended = command_here("check", "mine.csv", cwd=tmp_path)
    assert ended.code == 2
    *faults, cure, python = ended.out.splitlines()
    assert cure == "type --drop-incomplete to leave incomplete rows out"
    assert python == "in Python drop_incomplete=True"
    assert len(faults) == len(bad)
    for fault, (row, (column, _, value)) in zip(faults, bad.items(), strict=True):
        place = f"row {row}, column {column}, value {value}: " if value else f"row {row}, column {column}: "
        assert fault.startswith(place)
        assert len(fault) > len(place) + 10  # the rule
    assert ended.err == "bayes-scaling: mine.csv: 5 faults\n"


BILLIONS = "parameters,tokens,loss\n0.125,3e11,3.2\n0.35,3e11,3.0\n1.3,3e11,2.7\n2.7,3e11,oops\n6.7,,2.4\n"


def test_check_says_what_looks_wrong_with_the_rows_that_have_no_faults(command_here, tmp_path) -> None:
    (tmp_path / "mine.csv").write_text(BILLIONS, encoding="utf-8")
    ended = command_here("check", "mine.csv", cwd=tmp_path)
    *_, heading, finding = ended.out.splitlines()
    assert heading == "what looks wrong in the 3 rows without faults, which can be read already:"
    assert finding.startswith("error parameters-not-counts: parameters below 10000 in 3 rows (row-0002, row-0003, ")
    assert (ended.code, ended.err) == (2, "bayes-scaling: mine.csv: 2 faults\n")
    found = json.loads(
        command_here("check", "mine.csv", "--json", "--allow", finding.split()[1][:-1], cwd=tmp_path).out
    )
    assert [each["severity"] for each in found["warnings"]] == ["warning"]
    assert (found["runs"], len(found["faults"])) == (None, 2)


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ("parameters,tokens,loss\n0.125,3e11,oops\n", ()),  # no row is left
        ("parameters,loss\n0.125,3.2\n0.35,3.0\n", ()),  # no row can be read without tokens
        (BILLIONS, ("--where", "nosuch > 1")),
    ],
)
def test_check_of_faults_alone_guesses_nothing(text, selection, command_here, tmp_path) -> None:
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    ended = command_here("check", "mine.csv", "--runs", *selection, cwd=tmp_path)
    assert ended.code == 2
    assert "fault" in ended.err and "what looks wrong" not in ended.out


def test_check_maps_columns(done, csv_without, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    csv_without(Path("mine.csv"), renamed=SIZES)
    assert done("check", "mine.csv", *MAPPED) == "mine.csv: 231 evaluations, no faults\n"


# fit


def test_short_run_ends_with_1_and_says_in_plain_words_that_it_did_not_converge(short_run) -> None:
    assert short_run.code == 1
    assert "NOT CONVERGED: R-hat at most" in short_run.prose
    assert "NOT CONVERGED, do not use: On ho2024 (231 evaluations from 144 papers)" in short_run.prose
    assert "A first attempt fell short; this one is longer or more careful" in short_run.prose
    failures = short_run.summary["diagnostics"]["failures"]
    assert failures
    for failure in failures:
        assert f"- {failure}" in short_run.prose


def test_short_run_says_on_standard_error_only_what_it_is_doing(short_run) -> None:
    said = "ho2024/07 on ho2024: 231 evaluations; sampling (after compiling, some 10 s, where the model is new) ..."
    assert " ".join(short_run.err.split()) == said


def test_short_run_writes_three_files_and_says_where(short_run) -> None:
    assert {path.name for path in short_run.directory.iterdir()} == RUN_FILES
    assert [path.name for path in short_run.directory.parent.iterdir()] == ["run"]
    said = re.search(r"Written to run: ((?:\S+, )*\S+)", short_run.prose)
    assert said
    assert set(said[1].split(", ")) == RUN_FILES


def test_summary_is_strict_json_with_the_contracts_keys(short_run) -> None:
    text = (short_run.directory / "summary.json").read_text(encoding="utf-8")
    summary = json.loads(text, parse_constant=refuse_constant)
    assert summary["specification"] == "ho2024/07"
    assert summary["evaluations"].items() >= {"name": "ho2024", "rows": 231, "papers": 144}.items()
    assert set(summary["doubling_time_months"]) == {"parameters", "data", "compute"}
    for times in summary["doubling_time_months"].values():
        ends = ("median", "lower", "upper")
        assert set(times) == {*ends, "probability_of_progress", *(f"mcse_{end}" for end in ends)}
        assert 0 <= times["probability_of_progress"] <= 1
        assert all(times[name] is None or times[name] > 0 for name in ("median", "lower", "upper"))
    assert set(summary["interval"]) == {"probability", "kind"}
    assert 0 < summary["interval"]["probability"] < 1
    counts = {"divergences", "maxdepth"}
    measures = {"rhat_max", "ess_bulk_min", "ess_tail_min", "ebfmi_min"}
    assert set(summary["diagnostics"]) >= {*counts, *measures, "converged"}
    assert all(type(summary["diagnostics"][name]) is int for name in counts)
    assert all(type(summary["diagnostics"][name]) is float for name in measures)
    assert summary["diagnostics"]["converged"] is False
    seconds = summary["seconds"]
    assert set(seconds) == {"compile", "sample", "total"}
    assert seconds["sample"] > 0
    assert 0 <= seconds["compile"] < seconds["total"]
    assert seconds["sample"] < seconds["total"]
    assert set(summary["versions"]) >= {"bayes-scaling", "pymc", "nutpie", "arviz", "numpy"}
    assert summary["seed"] == 3
    assert re.fullmatch("[0-9a-f]{64}", summary["fingerprint"])


def test_picture_is_a_whole_png(short_run) -> None:
    picture = short_run.directory / "doubling_times.png"
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    pixels = matplotlib.image.imread(picture)  # fails where the file is cut short
    assert min(pixels.shape[:2]) > 200
    assert pixels.std() > 0.01


def test_fit_file_reads_back_as_what_the_summary_says(short_run) -> None:
    fit = bs.load_fit(short_run.directory)
    summary = short_run.summary
    assert fit.fingerprint == summary["fingerprint"]
    assert fit.seed == summary["seed"]
    assert fit.specification == bs.load_specification("ho2024/07")
    assert not fit.diagnostics.converged
    assert fit.diagnostics.rhat_max == summary["diagnostics"]["rhat_max"]
    for name, row in bs.doubling_times(fit).iterrows():
        assert summary["doubling_time_months"][name] == {key: without_bound(value) for key, value in row.items()}


def test_printed_doubling_times_are_the_summarys(short_run) -> None:
    for name, times in short_run.summary["doubling_time_months"].items():
        row = re.search(rf"^\W*{name}\W+([\d.,]+)\W+([\d.,]+) to ([\d.,]+|no bound)\W", short_run.out, re.MULTILINE)
        for shown, end in zip(row.groups(), ("median", "lower", "upper"), strict=True):
            if times[end] is None:
                assert shown == "no bound"
                continue
            error = times[f"mcse_{end}"]
            assert float(shown.replace(",", "")) == pytest.approx(times[end], abs=max(0.05 + 1e-9, error))
            assert ("." in shown) == (error < 0.5), (shown, error)  # no digit that the Monte Carlo error does not allow


@pytest.fixture(scope="session")
def long_run(command, csv_without, tmp_path_factory):
    """Enough draws of a model without progress, on a user's file, into the directory that is the default."""
    cwd = tmp_path_factory.mktemp("long")
    csv_without(cwd / "mine.csv", renamed=SIZES)
    table = ("--evaluations", "mine.csv", *MAPPED)
    settings = ("--draws", "1000", "--tune", "400", "--chains", "4", "--quiet")
    return command("fit", "ho2024/16", *table, *settings, cwd=cwd, directory="runs/ho2024-16-mine")


def test_converged_run_ends_with_0(long_run) -> None:
    assert long_run.code == 0
    assert "NOT CONVERGED" not in long_run.out
    assert "converged: R-hat at most 1.00" in long_run.prose
    diagnostics = long_run.summary["diagnostics"]
    assert diagnostics["converged"] is True
    assert diagnostics["failures"] == []
    assert diagnostics["rhat_max"] <= 1.01
    assert bs.load_fit(long_run.directory).diagnostics.converged


def test_quiet_leaves_standard_error_empty(long_run) -> None:
    assert long_run.err == ""


def test_model_without_progress_has_no_picture_and_no_doubling_time(long_run) -> None:
    assert {path.name for path in long_run.directory.iterdir()} == {"fit.nc", "summary.json"}
    assert "assumes no progress, so nothing doubles" in long_run.prose
    for times in long_run.summary["doubling_time_months"].values():
        assert times is None or times["median"] is None


def test_fit_maps_the_columns_of_a_users_file(long_run, ho2024) -> None:
    assert long_run.summary["evaluations"].items() >= {"name": "mine", "rows": 231, "papers": 144}.items()
    assert "On mine (231 evaluations from 144 papers)" in long_run.prose
    loss = bs.load_fit(long_run.directory).data["observed_data"]["loss"].to_numpy()
    np.testing.assert_allclose(loss, np.log(ho2024["perplexity"]))


@pytest.fixture(scope="module")
def stand_in(short_run) -> tuple[bs.Fit, dict[Path, bytes]]:
    """The short run's fit, and what is written of it, which takes a second to draw."""
    fit = bs.load_fit(short_run.directory)
    return fit, run_directory._read_off(fit, Path())


@pytest.fixture
def asked_for(monkeypatch, stand_in, tmp_path):
    """What the command line asks for; a finished fit stands in for the answer."""
    fit, written = stand_in

    def run(*arguments: str) -> dict[str, Any]:
        asked = {}

        def answer(specification, evaluations, settings, seed, **options):
            asked.update(specification=specification, evaluations=evaluations, settings=settings, seed=seed)
            return fit

        def read_off(fit, directory):
            return {directory / path: content for path, content in written.items()}

        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(fitting, "fit_with", answer)
        monkeypatch.setattr(run_directory, "_read_off", read_off)
        monkeypatch.setattr(sys, "argv", ["bayes-scaling", "fit", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1  # the stand-in has not converged
        return asked

    return run


def test_fit_without_arguments_is_the_reference_on_the_papers_table(asked_for, tmp_path) -> None:
    asked = asked_for()
    assert asked["specification"] == bs.load_specification("reference")
    assert asked["evaluations"].equals(bs.load_evaluations("ho2024"))
    assert (asked["settings"], asked["seed"]) == (DEFAULT, SEED)
    assert {path.name for path in (tmp_path / "runs" / "reference-ho2024").iterdir()} == RUN_FILES


def test_every_setting_arrives(asked_for) -> None:
    settings = {"draws": 321, "tune": 123, "chains": 3, "effective_draws": 456}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in (settings | {"seed": 7}).items()]
    asked = asked_for("ho2024/10", "--evaluations", "collected", *options)
    assert asked["specification"] == bs.load_specification("ho2024/10")
    assert asked["evaluations"].equals(bs.load_evaluations("collected"))
    assert (asked["settings"], asked["seed"]) == (replace(DEFAULT, **settings), 7)


def test_delta_is_part_of_the_specification_of_its_name_and_of_the_directorys(asked_for, tmp_path) -> None:
    specification = asked_for("ho2024/07", "--delta", "0.005")["specification"]
    assert specification == bs.load_specification("ho2024/07").with_published_penalty(0.005)
    assert specification.name == "ho2024/07@delta=0.005"
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"ho2024-07@delta=0.005-ho2024"}


def test_a_specification_of_ones_own_is_named_by_its_path(asked_for, tmp_path) -> None:
    text = (catalogue_directory() / "ho2024" / "07.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    asked = asked_for("mine.toml")
    assert asked["specification"] == bs.load_specification(tmp_path / "mine.toml")
    assert asked["specification"].name == "mine"


# bad usage: one message, exit code 2, nothing sampled and nothing written


@pytest.fixture
def refused(monkeypatch, capfd, tmp_path):
    """Run bad usage in an empty directory; the message."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fitting, "fit_with", lambda *_, **__: pytest.fail("sampled"))
    monkeypatch.setattr(fitting, "attempt", lambda *_, **__: pytest.fail("sampled"))

    def run(*arguments: str) -> str:
        before = sorted(tmp_path.rglob("*"))
        monkeypatch.setattr(sys, "argv", ["bayes-scaling", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert ended.value.code == 2
        assert out == ""
        assert_one_message(err)
        assert sorted(tmp_path.rglob("*")) == before
        return " ".join(err.split())

    return run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fit", "ho2024/99"], "'ho2024/99'"),
        (["fit", "mine.toml"], "mine.toml"),
        (["models", "ho2024/99"], "`bayes-scaling models` lists them all"),
        (["models", "reference", "--evaluations", "nosuch"], "choose from ho2024, collected"),
        (["models", "reference", "--picture", "prior"], "must end in .svg, .png, .pdf"),
        (["models", "kaplan/steps", "--picture", "prior.svg"], "least_steps"),
        (["models", "--picture", "prior.svg"], "for the priors of one specification"),
        (["models", "--template", "--evaluations", "ho2024"], "for the priors of one specification"),
        (["fit", "--evaluations", "nosuch"], "choose from ho2024, collected"),
        (["fit", "--evaluations", "nosuch.csv"], "nosuch.csv: no such file"),
        (["check", "nosuch.csv"], "nosuch.csv: no such file"),
        (["fit", "--draws", "10"], "draws must be a whole number of at least 100, not 10"),
        (["fit", "--tune", "0"], "tune must be a whole number of at least 100, not 0"),
        (["fit", "--chains", "1"], "chains must be a whole number of at least 2, not 1"),
        (["fit", "--seed", "-1"], "seed must be a whole number from 0 to 4294967295, not -1"),
        (["fit", "--seed", "4294967296"], "seed must be"),
        (["fit", "--draws", "many"], "--draws"),
        (["fit", "--draws", "100000000000"], "chains x (draws + tune) must be at most 10,000,000"),
        (["fit", "--output", ""], "--output is empty; give a directory"),
        (["fit", "--evaluations", ""], "--evaluations is empty; choose from ho2024, collected"),
        (["fit", "--delta", "0"], "delta must be a number above 0, not 0"),
        (["fit", "--delta", "-0.01"], "delta must be a number above 0, not -0.01"),
        (["fit", "--delta", "nan"], "delta must be a number above 0, not nan"),
        (["fit", "reference", "--delta", "0.01"], "delta"),
        (["fit", "--column", "Model Size"], "--column 'Model Size' must read NAME=COLUMN"),
        (["fit", "--column", "=Model Size"], "must read NAME=COLUMN"),
        (["check", "mine.csv", "--column", "parameters="], "must read NAME=COLUMN"),
        (["fit", "--column", "tokens=a", "--column", "tokens=b"], "'tokens' twice"),
        (["fit", "--column", "parameters=Model Size"], "packaged tables need no mapping"),
        (["fit", "--nosuch"], "No such option: --nosuch"),
        (["fit", "ho2024/07", "ho2024/08"], "unexpected extra argument"),
        (["check"], "Missing argument"),
        (["nosuch"], "No such command 'nosuch'"),
    ],
    ids=" ".join,
)
def test_bad_usage_ends_with_2_and_one_message(arguments, said, refused) -> None:
    assert said in refused(*arguments)


@pytest.mark.parametrize("arguments", [["fit", "ho2024/99"], ["fit", "--nosuch"]], ids=" ".join)
def test_bad_usage_in_a_process_of_its_own(arguments, command, tmp_path) -> None:
    ended = command(*arguments, cwd=tmp_path, start="script")
    assert (ended.code, ended.out) == (2, "")
    assert_one_message(ended.err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"system,paper\n",
        b"system;paper\nGPT-2;Unsupervised\n",
        b'system,paper\n"GPT-2,Unsupervised\n',
        b"system,paper\nGPT-2,\xff\n",
        b"\0\1\2",
        f"{GOOD_HEADER}\n{GOOD_LINE},one cell more\n".encode(),
        f"{GOOD_HEADER}\n{GOOD_LINE.replace('17.48', '0.7')}\n".encode(),
    ],
    ids=["empty", "no rows", "semicolons", "quote", "not UTF-8", "binary", "ragged", "bad value"],
)
def test_a_bad_file_is_refused(content, refused, tmp_path) -> None:
    (tmp_path / "mine.csv").write_bytes(content)
    assert "mine.csv" in refused("fit", "--evaluations", "mine.csv")


def test_a_directory_is_no_table(refused, tmp_path) -> None:
    (tmp_path / "tables").mkdir()
    assert "tables is a directory" in refused("fit", "--evaluations", "tables")


def test_a_bad_specification_file_is_refused(refused, tmp_path) -> None:
    (tmp_path / "mine.toml").write_text("title = \n", encoding="utf-8")
    assert "mine.toml: not valid TOML" in refused("fit", "mine.toml")


def test_a_mapping_that_does_not_fit_the_file_is_refused(refused, tmp_path) -> None:
    (tmp_path / "mine.csv").write_text(f"{GOOD_HEADER}\n{GOOD_LINE}\n", encoding="utf-8")
    for command in (["check", "mine.csv"], ["fit", "--evaluations", "mine.csv"]):
        assert "'Model Size'" in refused(*command, "--column", "parameters=Model Size")
        assert "'sizes'" in refused(*command, "--column", "sizes=parameters")


@pytest.mark.parametrize(("name", "column"), [("ho2024/19", "vocabulary"), ("ho2024/20", "epochs")])
def test_a_table_that_lacks_what_the_specification_needs_is_refused(name, column, refused, csv_without, tmp_path):
    csv_without(tmp_path / "mine.csv", column)
    message = refused("fit", name, "--evaluations", "mine.csv")
    assert f"'{name}' needs column {column}" in message


def test_an_output_that_is_a_file_or_below_one_is_refused(refused, tmp_path) -> None:
    (tmp_path / "mine.txt").write_text("precious", encoding="utf-8")
    for output, said in (
        ("mine.txt", "is a file, and results need a directory"),
        ("mine.txt/below", "can't be written"),
    ):
        message = refused("fit", "--output", output)
        assert f"{output}: " in message
        assert said in message
        assert "choose another --output" in message
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "precious"


def test_an_output_without_permission_is_refused(refused, tmp_path) -> None:
    if os.geteuid() == 0:  # whom permissions do not stop
        output = Path("/proc/nowhere")
        if not output.parent.is_dir():
            pytest.skip("root may write everywhere on this system")
    else:
        output = tmp_path / "closed"
        output.mkdir(mode=0o555)
    assert f"{output}: results can't be written there" in refused("fit", "--output", str(output))
