"""Spoiled inputs of every kind: no traceback, no hang, no silent acceptance."""

import subprocess
import sys
from pathlib import Path

import disguises
import fuzzed_tables
import oracles
import pytest
from fuzz import FAILURES, JUDGES, SHARES, TABLES, judged, plan
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import HOSTILE_CELLS
from wrong_units import UNITS

import bayes_scaling as bs

QUICK = {
    "evaluations": 8, "runs": 12, "readings": 8, "units": 4, "selections": 3, "checks": 2,
    "specification data": 90, "specification files": 60, "fit files": 60, "fit headers": 40, "command lines": 13,
}  # fmt: skip
"""Inputs of the default tests."""


@pytest.mark.whole
@pytest.mark.parametrize("kind", QUICK)
def test_no_spoiled_input_is_a_traceback_or_accepted_in_silence(kind, tmp_path) -> None:
    ended = {number: judged(kind, number, 6, tmp_path) for number in range(QUICK[kind])}
    assert {number: said for number, said in ended.items() if said[0] in (*FAILURES, "strict")} == {}


def test_spoiled_inputs_are_neither_all_refused_nor_all_taken(tmp_path) -> None:
    ended = {judged("specification data", number, 7, tmp_path)[0] for number in range(150)}
    assert ended == {"accepted", "refused"}


def test_every_kind_has_its_share() -> None:
    assert set(SHARES) == set(JUDGES) == set(QUICK)
    assert set(TABLES) == set(fuzzed_tables.JUDGES)
    assert sum(plan(10_000).values()) == sum(plan(10_000, TABLES).values()) == 10_000


def test_the_count_notices_what_must_not_happen(tmp_path, monkeypatch) -> None:
    from bayes_scaling.specifications import consistency, sections

    monkeypatch.setattr(consistency, "_priors", lambda s: ())
    monkeypatch.setattr(
        sections.Prior,
        "__init__",
        lambda self, name, /, **given: vars(self).update(distribution=name, arguments=tuple(given.items())),
    )
    monkeypatch.setattr(sections, "_refuse_unknown", lambda *_: None)
    ended = {judged("specification data", number, 7, tmp_path)[0] for number in range(150)}
    assert ended & set(FAILURES)


def test_a_unit_that_is_not_found_is_a_silent_acceptance(tmp_path, monkeypatch) -> None:
    from bayes_scaling.tables import plausibility

    for kind, changes in UNITS.items():
        monkeypatch.setitem(UNITS, kind, {"tokens": changes["tokens times 1e+09"]})
    assert judged("units", 6, 7, tmp_path)[0] == "accepted"
    monkeypatch.setattr(plausibility, "_ratio", lambda _: iter(()))
    assert judged("units", 6, 7, tmp_path)[0] == "silent"


def test_a_unit_that_is_read_wrongly_is_a_silent_acceptance(tmp_path, monkeypatch) -> None:
    from bayes_scaling.tables import cells

    monkeypatch.setattr(disguises, "DISGUISES", (disguises._in_another_unit,))
    monkeypatch.setattr(cells, "UNITS", {unit: lambda loss: 1.01 * loss for unit in cells.UNITS})
    assert judged("readings", 0, 7, tmp_path)[0] == "silent"


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            *(st.one_of(st.sampled_from(HOSTILE_CELLS), st.floats().map(repr), st.just("1e9")) for _ in range(3))
        ),
        min_size=1,
        max_size=3,
    )
)
def test_runs_are_read_as_the_rules_say(rows) -> None:
    import csv
    import io
    import tempfile
    import warnings

    text = io.StringIO(newline="")
    csv.writer(text).writerows([("parameters", "tokens", "loss"), *rows])
    content = text.getvalue().encode("utf-8", "surrogatepass")
    try:
        sound = oracles.check_runs(content, {})
    except oracles.Broken:
        sound = None
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "mine.csv"
        path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", bs.RunsWarning)
                found = bs.read_runs(path)
        except bs.BayesScalingError:
            found = None
    assert (found is None) == (sound is None)
    if found is not None:
        assert found["parameters"].tolist() == [float(row["parameters"]) for row in sound]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [(), ("--kind", "tables")])
def test_ten_thousand_inputs(kind) -> None:
    script = Path(__file__).with_name("fuzz.py")
    asked = [sys.executable, script, "--inputs", "10000", "--seed", "0", "--workers", "2", *kind]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-5000:]
    assert "all: 10000 inputs; traceback 0, hang 0, silent 0, strict 0" in ended.stdout
