"""Tables that Python made or changed: what no reading of a file has checked is checked where it is used."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling import classical
from bayes_scaling.errors import EvaluationsError
from bayes_scaling.inference import fitting
from bayes_scaling.tables.soundness import as_table

READ = "or read the file with bs.read_evaluations, which checks every column"
Change = Callable[[pd.Series], pd.Series]
ARCHITECTURES = "transformer, recurrent, convolutional, feedforward, state-space, ngram, other"


@pytest.fixture
def everything() -> pd.DataFrame:
    return bs.load_evaluations("collected", comparable_only=False)


def advised(message: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table after what a message says to type."""
    found = re.search(r"; type (evaluations\[.*), or read the file", message)
    assert found
    evaluations = table.copy()
    exec(found[1], {"evaluations": evaluations, "pd": pd})
    return evaluations


FLAGS_THAT_ARE_NONE: dict[str, Change] = {
    "0 and 1 as text": lambda flags: flags.astype(int).astype(str),
    "words": lambda flags: flags.astype(str),
    "words in capitals": lambda flags: flags.astype(str).str.upper(),
}


@pytest.mark.parametrize("kind", FLAGS_THAT_ARE_NONE)
def test_flags_as_text_are_refused_and_the_advice_mends_them(kind: str, everything: pd.DataFrame) -> None:
    table = everything.assign(comparable=FLAGS_THAT_ARE_NONE[kind](everything["comparable"]))
    with pytest.raises(EvaluationsError) as caught:
        bs.comparable_rows(table)
    first = table["comparable"].iloc[0]
    start = f"column comparable, row 'eval-001': {first!r} is not True or False (or 1, 0); type "
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith(READ)
    assert len(bs.comparable_rows(advised(str(caught.value), table))) == 297


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA])
def test_a_missing_flag_is_refused(missing: Any, everything: pd.DataFrame) -> None:
    flags = everything["zero_shot"].astype(object)
    flags.iloc[3] = missing
    with pytest.raises(EvaluationsError, match=r"column zero_shot, row 'eval-004': .* is not True or False"):
        bs.zero_shot_rows(everything.assign(zero_shot=flags), keep=False)


@pytest.mark.parametrize("kind", ["bool", "int64", "float64", "boolean", "Int64", "object"])
def test_flags_of_any_type_that_are_true_or_false_are_taken(kind: str, everything: pd.DataFrame) -> None:
    table = everything.assign(comparable=everything["comparable"].astype(kind))
    assert len(bs.comparable_rows(table)) == 297


@pytest.mark.parametrize("use", [lambda table: bs.with_architecture(table, "transformer"), lambda table: model(table)])
def test_a_word_in_another_case_is_refused_and_the_advice_mends_it(use: Any, ho2024: pd.DataFrame) -> None:
    table = ho2024.assign(architecture=ho2024["architecture"].str.title())
    with pytest.raises(EvaluationsError) as caught:
        use(table)
    start = f"column architecture, row {table.index[0]!r}: 'Transformer' is not one of {ARCHITECTURES}; type "
    assert str(caught.value).startswith(start)
    assert advised(str(caught.value), table)["architecture"].eq(ho2024["architecture"]).all()


def test_a_word_like_no_other_is_refused(ho2024: pd.DataFrame) -> None:
    table = ho2024.assign(architecture=ho2024["architecture"].replace("transformer", "hyena"))
    with pytest.raises(EvaluationsError) as caught:
        model(table)
    expected = f"column architecture, row 'ho2024-000': 'hyena' is not one of {ARCHITECTURES}; correct it, {READ}"
    assert str(caught.value) == expected


@pytest.mark.parametrize("use", [lambda table: bs.on_benchmarks(table, "wt103"), lambda table: model(table)])
def test_another_name_of_a_known_benchmark_is_refused(ho2024: pd.DataFrame, use: Any) -> None:
    table = ho2024.assign(benchmark=ho2024["benchmark"].replace("ptb", "PTB"))
    with pytest.raises(EvaluationsError, match=r"'PTB' is not the name of .*replace\(\{'PTB': 'ptb'\}\)"):
        use(table)


def model(table: Any) -> Any:
    return bs.build_model("reference", table)


DATES: dict[str, Change] = {
    "text": lambda dates: dates.astype(str),
    "dates of Python": lambda dates: dates.dt.date,
    "time zone": lambda dates: dates.dt.tz_localize("UTC"),
    "years": lambda dates: dates.dt.year,
}


@pytest.mark.parametrize("kind", DATES)
def test_dates_that_are_none_are_refused_and_the_advice_mends_them(kind: str, ho2024: pd.DataFrame) -> None:
    table = ho2024.assign(published=DATES[kind](ho2024["published"]))
    for use in (model, lambda given: bs.published_between(given, start="2016-01-01")):
        with pytest.raises(EvaluationsError, match="column published, row 'ho2024-000'") as caught:
            use(table)
        mended = advised(str(caught.value), table)["published"]
        assert mended.dt.year.eq(ho2024["published"].dt.year).all()
        assert kind == "years" or mended.eq(ho2024["published"]).all()


TAKING: dict[str, Callable[[Any], Any]] = {
    "fit": lambda table: bs.fit("reference", table),
    "compare": lambda table: bs.compare("reference", table),
    "calibrate": lambda table: bs.calibrate("reference", table),
    "backtest": lambda table: bs.backtest("reference", table),
    "build_model": model,
    "profile_likelihood": lambda table: bs.profile_likelihood("ho2024/07", table),
    "published_estimate": lambda table: classical.published_estimate("ho2024/07", table),
    "leave_one_out": lambda table: classical.leave_one_out("ho2024/07", table),
    "robustness": bs.robustness,
    "replicate": bs.replicate,
}


@pytest.mark.parametrize("name", sorted(set(TAKING) - {"fit", "compare", "backtest", "replicate"}))
def test_a_file_read_by_pandas_is_refused_in_a_line(name: str, ho2024: pd.DataFrame, tmp_path: Path) -> None:
    ho2024.to_csv(tmp_path / "mine.csv")
    with pytest.raises(EvaluationsError, match=rf"column published, row 0: .* is not a datetime64 .*; type .*, {READ}"):
        TAKING[name](pd.read_csv(tmp_path / "mine.csv"))


class Sampled(Exception):
    """Sampling began."""


@pytest.fixture
def rows_that_would_be_sampled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Rows that reach the sampler, which does not sample."""
    seen: list[Any] = []

    def attempt(specification: Any, rows: Any, *_: Any, **__: Any) -> None:
        seen.append(rows)
        raise Sampled

    monkeypatch.setattr(fitting, "attempt", attempt)
    return seen


def test_a_file_read_by_pandas_is_fitted_as_one_that_was_read_here(
    ho2024: pd.DataFrame, tmp_path: Path, rows_that_would_be_sampled: list[Any]
) -> None:
    ho2024.assign(architecture=ho2024["architecture"].str.title()).to_csv(tmp_path / "mine.csv")
    for table in (pd.read_csv(tmp_path / "mine.csv"), ho2024):
        with pytest.raises(Sampled):
            bs.fit("reference", table)
    raw, read = rows_that_would_be_sampled
    assert raw.ids == read.ids and raw.levels == read.levels
    np.testing.assert_allclose(raw.response, read.response, rtol=1e-15)
    for name, codes in read.index.items():
        np.testing.assert_array_equal(raw.index[name], codes)


def test_a_sound_table_is_fitted_as_it_is(ho2024: pd.DataFrame) -> None:
    for table in (ho2024, ho2024.sample(frac=1, random_state=1), bs.load_runs(), bs.load_evaluations("collected")):
        assert as_table(table) is table


def test_a_raw_table_that_can_not_be_read_is_refused_with_what_to_type() -> None:
    raw = pd.DataFrame({"N": ["7B", "13B"], "D": [1e12, 2e12], "loss": [1.9, 1.8]})
    with pytest.raises(bs.RunsError, match="type --column parameters=N --column tokens=D"):
        bs.fit("chinchilla", raw)
    with pytest.raises(bs.RunsError, match="column loss, value low: must be a number"):
        bs.compare("chinchilla", pd.DataFrame({"parameters": ["7B"], "tokens": ["1T"], "loss": ["low"]}))


@pytest.mark.parametrize("name", [*TAKING, "comparable_rows", "best_per_paper"])
def test_a_path_is_no_table(name: str) -> None:
    taking = TAKING[name] if name in TAKING else getattr(bs, name)
    with pytest.raises(
        EvaluationsError, match=r"a table of evaluations is needed \(.*bs.read_evaluations\), .*not str"
    ):
        taking("mine.csv")
