"""`bayes-scaling compare` as a user runs it."""

import csv
import json
from pathlib import Path

import matplotlib.image
import pytest

import bayes_scaling as bs
from bayes_scaling.specifications.catalogue import catalogue_directory
from bayes_scaling.studies import executors

FILES = {
    "comparison.csv",
    "comparison.json",
    "comparison.png",
    "criteria.png",
    "doubling_times_by_variant.png",
    "pareto_k.png",
}


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    """Forty evaluations as a file."""
    path = tmp_path_factory.mktemp("tables") / "few.csv"
    bs.load_evaluations().iloc[:40].to_csv(path)
    return path


NAMES = ("ho2024/02", "narrow.toml")


@pytest.fixture(scope="module")
def ended(command, few, tmp_path_factory):
    """Two models compared by paper: one of the catalogue, and the same with another prior, so that one is compiled."""
    place = tmp_path_factory.mktemp("compared")
    published = (catalogue_directory() / f"{NAMES[0]}.toml").read_text(encoding="utf-8")
    narrow = '\n[priors.g_D]\ndistribution = "normal"\nmu = 0.3\nsigma = 0.1\n'
    (place / NAMES[1]).write_text(published + narrow, encoding="utf-8")
    arguments = ("--evaluations", str(few), "--unit", "paper", "--workers", "1", "--output", "out")
    return command("compare", *NAMES, *arguments, cwd=place)


def test_it_ends_well_and_writes_every_file(ended) -> None:
    assert ended.code == 0, ended.err
    out = ended.directory / "out"
    assert {path.name for path in out.iterdir()} == FILES | {"fits", "scores"}
    for name in FILES:
        if name.endswith(".png"):
            assert matplotlib.image.imread(out / name).std() > 0.02
    assert "2 variants to fit and score" in ended.err and "2 of 2 done" in ended.err


def test_the_table_has_the_contracts_columns(ended) -> None:
    with (ended.directory / "out" / "comparison.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:8] == ["model", "variant", "rank", "elpd", "se", "elpd_diff", "dse", "p"]
    assert [row["rank"] for row in rows] == ["0", "1"]
    assert {row["model"] for row in rows} == {"ho2024/02", "narrow"}
    assert all(row["converged"] == "True" for row in rows)
    assert float(rows[0]["weight"]) + float(rows[1]["weight"]) == pytest.approx(1)


def test_the_settings_are_on_record(ended) -> None:
    document = json.loads((ended.directory / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert document["unit"] == "paper"
    assert document["evaluations"]["rows"] == 40
    assert document["converged"] == document["variants"] == 2
    assert set(document["weights"]) == {"stacking", "pseudo_bma"}
    assert {"pymc", "nutpie", "arviz"} <= set(document["versions"])
    assert set(document["averaged_doubling_time_months"]["stacking"]) == {"parameters", "data", "compute"}


def test_it_says_what_it_can_and_cannot_tell(ended) -> None:
    assert "elpd_diff ± dse" in ended.out
    assert "leaving out one paper at a time; all converged." in ended.prose
    average = "Averaged over all models that converged, by stacking weight, better algorithms"
    assert average in ended.prose and "the compute needed for the same loss" in ended.prose


def test_the_same_command_again_repeats_nothing(ended, command_here, few) -> None:
    before = {path: path.stat().st_mtime_ns for path in (ended.directory / "out").glob("*/*")}
    arguments = ("--evaluations", str(few), "--unit", "paper", "--output", "out")
    again = command_here("compare", *NAMES, *arguments, cwd=ended.directory)
    assert again.code == 0 and again.out == ended.out
    assert {path: path.stat().st_mtime_ns for path in (ended.directory / "out").glob("*/*")} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "no specification 'nonsense'"),
        (("ho2024/07", "ho2024/07"), "compared twice: ho2024/07"),
        (("ho2024/07", "--unit", "row"), "unit = 'row' is not valid; choose one of: evaluation, paper"),
        (("ho2024/07", "--evaluations", "missing.csv"), "missing.csv"),
        (("ho2024/07", "--delta", "-1"), "delta -1.0 must be a number of at least 0"),
        (("reference", "--delta", "0.01"), "'reference' has no variant with delta = 0.01"),
        (("ho2024/07", "--workers", "0"), "--workers must be at least 1"),
        (("ho2024/07", "--refits", "some"), "refits = 'some' is not valid; choose one of: bad, all, none"),
        (("ho2024/07", "--scheduler", "tcp://127.0.0.1:9"), "127.0.0.1:9"),
        (("ho2024/07", "--scheduler", "nonsense"), "nonsense"),
    ],
)
def test_bad_input_gets_one_message_and_exit_code_2(command_here, tmp_path, monkeypatch, arguments, message) -> None:
    monkeypatch.setattr(executors, "_CONNECT_SECONDS", 1)
    done = command_here("compare", *arguments, "--output", "out", cwd=tmp_path)
    assert done.code == 2
    assert message in " ".join(done.err.split()) and "Traceback" not in done.err
    assert not list(tmp_path.glob("out/fits/*"))


def test_duplicate_ids_and_too_few_papers_are_refused(command_here, few, tmp_path) -> None:
    lines = few.read_text(encoding="utf-8").splitlines()
    (tmp_path / "twice.csv").write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    done = command_here("compare", "ho2024/07", "--evaluations", "twice.csv", cwd=tmp_path)
    assert done.code == 2 and "Traceback" not in done.err
    (tmp_path / "short.csv").write_text("\n".join(lines[:8]) + "\n", encoding="utf-8")
    done = command_here("compare", "ho2024/18", "--evaluations", "short.csv", "--unit", "paper", cwd=tmp_path)
    assert done.code == 2 and "needs at least 10" in done.err
