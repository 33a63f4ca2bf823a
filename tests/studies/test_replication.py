"""The paper's answers beside those of a fit: at its own coefficients they are its own."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from penalised_fits import fit_around
from published_points import MODEL_7, WITH_FACTOR
from reports.drawn_fits import BAD

import bayes_scaling as bs
from bayes_scaling import classical
from bayes_scaling.inference.fitting import fit_fingerprint
from bayes_scaling.inference.settings import DEFAULT
from bayes_scaling.law.published import PublishedDoubling
from bayes_scaling.quantities.against_published import AgainstPublished, rates_against_published
from bayes_scaling.quantities.rates import signed_months_to_double
from bayes_scaling.reports.document import Bullets, Table
from bayes_scaling.reports.html import render_html
from bayes_scaling.reports.replication_document import number, parts, replication_page, sentences
from bayes_scaling.reports.write import document_of
from bayes_scaling.studies import replication as run
from bayes_scaling.studies import study
from bayes_scaling.studies.replication import (
    COLUMNS,
    GAIN_MODEL,
    MODEL,
    Replication,
    answers,
    kept_file,
    replicated_specifications,
)


@pytest.fixture(scope="module")
def replication(ho2024) -> Replication:
    fits = {"m": fit_around(MODEL, MODEL_7, ho2024), "g": fit_around(GAIN_MODEL, WITH_FACTOR, ho2024)}
    return Replication(answers(*fits.values()), fits)


def test_attribution_at_the_papers_coefficients_is_the_papers(replication) -> None:
    shares = replication.table[replication.table["part"] == "attribution"]
    assert len(shares) == 56
    tolerance = np.where(shares.index.str.contains("Chinchilla"), 0.006, 0.001)
    assert np.all(np.abs(shares["median"] - shares["published"]) < tolerance)


def test_the_gain_at_the_papers_coefficients_is_its_point_estimate(replication) -> None:
    table = replication.table
    assert table.loc["compute-equivalent gain at 1e25 FLOP", "median"] == pytest.approx(7.372, abs=0.02)
    assert table.loc["compute-equivalent gain at 1e22 FLOP", "median"] == pytest.approx(6.79, abs=0.02)
    assert table.loc["fall in loss", "median"] == pytest.approx(4.87, abs=0.01)


def test_doubling_times_at_the_papers_coefficients_are_its_point_estimates(replication) -> None:
    table = replication.table
    assert table.loc["T_N", "median"] == pytest.approx(11.966, abs=0.01)
    assert table.loc["T_D", "median"] == pytest.approx(0.77034, abs=1e-3)
    assert table.loc["T_C", "median"] == pytest.approx(8.685, abs=0.01)
    assert table.loc["T_C, numerical definition", "median"] == pytest.approx(8.716, abs=0.01)
    assert table.loc["effective compute, 2014 to 2023", "published"] == pytest.approx(21_618.8, abs=0.1)


def test_columns_and_parts(replication) -> None:
    assert tuple(replication.table.columns) == COLUMNS
    assert list(parts(replication)) == ["doubling times", "what progress was worth", "the transformer", "attribution"]
    assert not replication.unconverged


def test_the_page_has_a_line_and_a_remark_for_every_quantity(replication) -> None:
    page = replication_page(replication)
    for name in replication.table.index:
        assert f"| {name} |" in page
    assert page.count("the published point lies") == len(replication.table)
    assert "converged (R-hat at most" in page


@pytest.mark.whole
def test_fits_are_kept_as_they_end_and_not_made_again(ho2024, tmp_path, monkeypatch) -> None:
    made, told = [], []

    def here(function, tasks, *, on_done, **options):
        for name, task in tasks.items():
            on_done(name, function(task))

    def fit(specification, table, *, seed, **options):
        if len(made) == 1:
            raise KeyboardInterrupt
        made.append(specification.name)
        points = {MODEL: MODEL_7, GAIN_MODEL: WITH_FACTOR}
        name = next(name for name in points if specification.name.startswith(name))
        return replace(
            fit_around(name, points[name], table), fingerprint=fit_fingerprint(specification, table, DEFAULT, seed)
        )

    monkeypatch.setattr(study, "run_tasks", here)
    monkeypatch.setattr(run, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        run.replicate(ho2024, directory=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ho2024-07@delta=0.0025.nc"]
    monkeypatch.setattr(run, "fit", lambda *asked, **options: (made.clear(), fit(*asked, **options))[1])
    first = run.replicate(ho2024, directory=tmp_path)
    assert made == [name for name in first.fits if name.startswith(GAIN_MODEL)]
    monkeypatch.setattr(run, "fit", lambda *asked, **options: pytest.fail("fitted again"))
    again = run.replicate(ho2024, directory=tmp_path, on_done=lambda *ended: told.append(ended))
    pd.testing.assert_frame_equal(again.table, first.table)
    assert told == [(name, True) for name in first.fits]
    for fit in first.fits.values():  # as a comparison leaves them
        fit.save(tmp_path / "sweep" / "fits" / f"any-{fit.fingerprint[:16]}.nc")
    beside = run.replicate(ho2024, directory=tmp_path / "beside")
    pd.testing.assert_frame_equal(beside.table, first.table)
    assert {path.name for path in (tmp_path / "beside").iterdir()} == {kept_file("", name).name for name in first.fits}


def test_a_replication_read_back_is_the_one_that_was_written(replication, ho2024, tmp_path) -> None:
    for fit, one in zip(replication.fits.values(), replicated_specifications(), strict=True):
        fit.save(kept_file(tmp_path, one.name))
    loaded = bs.load_replication(tmp_path)
    assert list(loaded.fits) == [one.name for one in replicated_specifications()]
    pd.testing.assert_frame_equal(loaded.table, replication.table)
    kept_file(tmp_path, GAIN_MODEL + "@delta=0.0025").unlink()
    with pytest.raises(bs.BayesScalingError, match=r"robustness-transformer-factor@delta=0\.0025\.nc"):
        bs.load_replication(tmp_path)


def test_the_report_has_the_tables_of_the_page(replication) -> None:
    document = document_of(replication)
    assert document.answer == list(sentences(replication))[-1] and not document.banners
    (fits,) = document.folded
    assert fits.blocks == (Bullets(tuple(sentences(replication)[:-1])),)
    page = replication_page(replication)
    shown = [table for section in document.sections for table in section.blocks if isinstance(table, Table)]
    assert [row[0] for table in shown for row in table.rows] == list(replication.table.index)
    assert all(f"| {' | '.join(row)} |" in page for table in shown for row in table.rows)
    render_html(document)


def test_a_fit_that_has_not_converged_is_in_the_banner(replication) -> None:
    lost = replace(replication, fits=replication.fits | {"m": replace(replication.fits["m"], diagnostics=BAD)})
    (banner,) = document_of(lost).banners
    assert banner.title == "NOT CONVERGED" and banner.text.startswith("m: ")


def test_both_specifications_have_the_papers_penalty() -> None:
    assert [one.delta for one in replicated_specifications()] == [classical.PUBLISHED_DELTA] * 2


@pytest.mark.parametrize(
    ("value", "text"), [(21618.8, "21,619"), (0.4862, "0.486"), (np.inf, "no bound"), (np.nan, "not defined")]
)
def test_numbers_in_words(value, text) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("beside", "sentence"),
    [
        (
            AgainstPublished.of(1.0, (None, None), (0.5, 2.0), signed=False),
            "the published point lies inside the interval found",
        ),
        (
            AgainstPublished.of(3.0, (-1.0, 4.0), (0.5, 2.0), signed=False),
            "the published point lies outside the interval found",
        ),
        (
            AgainstPublished.of(1.0, (0.5, 1.5), (0.5, np.inf), signed=False),
            "the published point lies inside the interval found, which has no upper bound",
        ),
        (
            AgainstPublished.of(1.0, (-0.5, 1.5), (0.5, 1.5), signed=True),
            "the published point lies inside the interval found, which is 0.5 times as wide as the published one",
        ),
    ],
)
def test_how_published_and_found_differ_in_words(beside, sentence) -> None:
    assert beside.sentence == sentence


def beside_times(point: float, published: tuple, found: tuple[float, float]) -> AgainstPublished:
    upper, lower = (float(signed_months_to_double(end)) for end in found)
    return rates_against_published(PublishedDoubling("", point, *published, ""), (lower, upper))


@given(st.floats(0.1, 100), st.floats(1.1, 5), st.floats(1.1, 5), st.floats(0.1, 10))
def test_doubling_times_are_compared_as_rates(lower, published, found, pace) -> None:
    one = beside_times(lower, (lower, published * lower), (lower, found * lower))
    assert one.inside
    assert one.width_ratio == pytest.approx((1 - 1 / found) / (1 - 1 / published))
    slower = beside_times(lower, (pace * lower, pace * published * lower), (pace * lower, pace * found * lower))
    assert slower.width_ratio == pytest.approx(one.width_ratio)


@pytest.mark.parametrize("published", [(None, None), (np.nan, np.nan), (-77.5, 29.5)])
def test_times_without_an_interval_of_rates_have_no_width(published) -> None:
    assert np.isnan(beside_times(1.0, published, (0.5, 2.0)).width_ratio)
