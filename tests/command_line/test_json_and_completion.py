"""JSON in place of tables, and what the shell completes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayes_scaling as bs
from bayes_scaling.cli import main
from bayes_scaling.commands import app
from bayes_scaling.common.strict_json import records, strict_json, with_rows
from bayes_scaling.inference import fitting

HEADER = "system,paper,published,benchmark,perplexity,parameters,tokens,architecture"


def refuse_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def read(text: str):
    return json.loads(text, parse_constant=refuse_constant)


def test_the_catalogue_and_a_specification(command_here, tmp_path) -> None:
    listed = read(command_here("models", "--json", cwd=tmp_path).out)
    assert [one["name"] for one in listed] == list(bs.list_specifications())
    page = read(command_here("models", "ho2024/07", "--json", cwd=tmp_path).out)
    assert page["title"] == bs.load_specification("ho2024/07").title
    assert {prior["name"] for prior in page["priors"]} == {
        parameter.name for parameter in bs.load_specification("ho2024/07").parameters()
    }
    found = bs.prior_predictive_summary(bs.prior_predictive("ho2024/07", bs.load_evaluations()))
    assert page["prior_predictive"]["plausible"] == found.plausible
    assert page["prior_predictive"]["evaluations"]["name"] == "ho2024"
    lacking = command_here("models", "kaplan/steps", "--json", cwd=tmp_path)
    assert read(lacking.out)["prior_predictive"] is None and "least_steps" in lacking.err


def test_faults_as_json_end_with_2_all_the_same(command_here, tmp_path) -> None:
    (tmp_path / "mine.csv").write_text(f"{HEADER}\nA,B,2019-02-14,wt103,0.7,1e9,4e9,transformer\n", encoding="utf-8")
    ended = command_here("check", "mine.csv", "--json", cwd=tmp_path)
    assert ended.code == 2
    (fault,) = read(ended.out)["faults"]
    assert (fault["row"], fault["column"], fault["value"]) == (2, "perplexity", "0.7")


def test_a_fit_as_json_is_its_summary(short_run, monkeypatch, capfd, tmp_path) -> None:
    fit = bs.load_fit(short_run.directory)
    monkeypatch.setattr(fitting, "fit_with", lambda *given, **settings: fit)
    monkeypatch.setattr(
        sys, "argv", ["bayes-scaling", "fit", "ho2024/07", "--output", str(tmp_path), "--quiet", "--json"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    assert (ended.value.code, err) == (1, "")  # it has not converged
    assert read(out) == json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))


def test_every_command_that_computes_offers_json() -> None:
    for registered in app.registered_commands:
        options = {name for name in registered.callback.__annotations__}
        if registered.name in {"report", "trust"} or registered.name.startswith("import"):
            continue  # they write pages and tables
        assert options & {"as_json", "json"}, registered.name


plain = st.one_of(st.floats(), st.integers(-5, 5), st.booleans(), st.none(), st.text(max_size=5))


@given(st.dictionaries(st.text(max_size=3), st.one_of(plain, st.lists(plain, max_size=3)), max_size=4))
def test_json_is_strict_whatever_it_holds(document) -> None:
    back = read(strict_json(document).decode())
    assert back.keys() == document.keys()
    for key, value in document.items():
        if isinstance(value, float) and not np.isfinite(value):
            assert back[key] is None


def test_rows_of_a_table_keep_their_names() -> None:
    table = pd.DataFrame({"x": [1.0, np.nan]}, index=pd.Index(["a", "b"], name="variant"))
    assert read(with_rows(b'{"seed": 1}', table).decode()) == {
        "seed": 1,
        "table": [{"variant": "a", "x": 1.0}, {"variant": "b", "x": None}],
    }
    assert records(pd.DataFrame({"x": [1]})) == [{"x": 1}]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("fit ho2024/1", "ho2024/19"),
        ("models refe", "reference"),
        ("fit --evaluations coll", "collected"),
        ("calib", "calibrate"),
    ],
)
def test_bash_completes(words, offered, plain_environment, tmp_path) -> None:
    script = Path(sys.executable).with_name("bayes-scaling")
    line = f"bayes-scaling {words}"
    asked = {"_BAYES_SCALING_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
    done = subprocess.run(
        [script], env=plain_environment | asked, capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert offered in done.stdout.split(), (done.stdout, done.stderr)
