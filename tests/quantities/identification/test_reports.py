"""Identification in a fit's summary, on the terminal and as a picture."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_fits import made_fit
from plots.drawn import lines, texts
from quantities.identification.conftest import made

import bayes_scaling as bs
from bayes_scaling.model.rows import make_rows
from bayes_scaling.plots.identification import plot_identification
from bayes_scaling.plots.style import POSTERIOR, PRIOR
from bayes_scaling.quantities.identification import identification
from bayes_scaling.reports.fit_quantities import fit_report, summarise, summary_json
from bayes_scaling.reports.fit_results import ridge_section
from bayes_scaling.reports.terminal import console


def refuse_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def test_the_summary_says_who_decided_each_quantity(ridge_fit) -> None:
    found = json.loads(summary_json(ridge_fit), parse_constant=refuse_constant)["identification"]
    table = identification(ridge_fit).table
    assert list(found) == ["quantities", "ridge", "rule", "sentences"]
    assert {name: row["verdict"] for name, row in found["quantities"].items()} == table["verdict"].to_dict()
    assert found["ridge"]["rates"]["weight"] == identification(ridge_fit).ridge.rates.weight
    assert found["rule"].startswith("by the data: ")


def test_a_fit_without_densities_has_no_such_part() -> None:
    bare = made_fit(g_N=np.linspace(0.1, 1, 50), g_D=np.linspace(0.1, 1, 50), g_C=np.linspace(0.2, 2, 50))
    assert "identification" not in summarise(bare)


def test_the_terminal_has_the_sentences_but_the_one_on_their_split(ridge_fit) -> None:
    out = console()
    with out.capture() as captured:
        out.print(fit_report(ridge_fit))
    printed = " ".join(captured.get().split())
    *shown, split = identification(ridge_fit).sentences
    assert len(shown) == 2 and all(said in printed for said in shown)
    assert split not in printed and any(split in getattr(each, "items", ()) for each in ridge_section(ridge_fit).blocks)


def test_the_picture_has_each_quantity_and_the_ridge(ridge_fit) -> None:
    figure = plot_identification(ridge_fit)
    left, right = figure.axes
    table = identification(ridge_fit).table
    assert [label.get_text() for label in left.get_yticklabels()] == list(table.index)
    assert len(lines(left, PRIOR)) == len(table)
    spans = [line.get_xdata() for line in lines(left, POSTERIOR) if len(line.get_xdata()) == 2]
    widths = np.array([high - low for low, high in spans])
    np.testing.assert_allclose(1 - widths, table["contraction"], atol=1e-9)
    assert "0.60 $g_N$ + 0.40 $g_D$ = 0.40 a year" in texts(figure)
    assert right.get_title(loc="right") == "correlation -1.00"
    assert "NOT CONVERGED" not in texts(figure)


def test_a_picture_of_an_unconverged_fit_is_marked(ridge_fit) -> None:
    failed = replace(ridge_fit, diagnostics=replace(ridge_fit.diagnostics, failures=("R-hat 1.5",)))
    assert "NOT CONVERGED" in texts(plot_identification(failed))


def from_prior(name, table, **rates) -> bs.Fit:
    """Draws of all that is sampled, and rates as given."""
    specification = bs.load_specification(name)
    rng, drawn = np.random.default_rng(2), {}
    for parameter in specification.parameters():
        group = specification.index_of(parameter.name)
        dims, size = ((), ()) if group is None else ((group,), (len(make_rows(specification, table).levels[group]),))
        prior = specification.prior_of(parameter.name).frozen()
        drawn[parameter.name] = (
            dims,
            np.median(prior.rvs(999, random_state=rng)) * rng.uniform(0.9, 1.1, (2, 500, *size)),
        )
    return made(name, table, drawn | {key: ((), rng.normal(value, 0.05, (2, 500))) for key, value in rates.items()})


def test_a_law_of_compute_has_no_ridge_and_says_so_with_no_word(ho2024) -> None:
    fit = from_prior("ho2024/18", ho2024, g_C=0.6)
    found = identification(fit)
    assert found.ridge is None
    assert len(found.sentences) == 1
    assert len(plot_identification(fit).axes) == 1
    assert json.loads(summary_json(fit))["identification"]["ridge"] is None


def test_rates_without_a_prior_of_their_own_have_no_contraction(ho2024) -> None:
    """Exponents drift: the rates at the central point follow from the drift."""
    fit = from_prior("ho2024/14", ho2024, g_N=0.4, g_D=0.3, g_C=0.7)
    found = identification(fit)
    assert found.table.loc[["g_N", "g_D", "g_C"], "contraction"].isna().all()
    assert found.table.loc[["alpha", "beta"], "contraction"].notna().all()
    assert found.ridge.declines is None
    quantities = json.loads(summary_json(fit), parse_constant=refuse_constant)["identification"]["quantities"]
    assert quantities["g_C"]["contraction"] is None
    assert "no width" in texts(plot_identification(fit))


@pytest.mark.slow
def test_known_facts_of_the_papers_rows(ho2024) -> None:
    """Sampled: the ridge, the mix that theory expects, and doubling times along it."""
    fit = bs.fit(bs.load_specification("ho2024/07"), ho2024)
    assert fit.diagnostics.converged
    found = identification(fit)
    declines, rates = found.ridge.declines, found.ridge.rates
    assert declines.correlation == pytest.approx(-0.85, abs=0.03)
    assert rates.correlation == pytest.approx(-0.91, abs=0.02)
    # The best-known mix of declines has the weights that the terms have in the loss.
    assert declines.weight == pytest.approx(found.ridge.parameter_share.median, abs=0.05)
    assert found.ridge.direction == pytest.approx((0.46, -0.89), abs=0.04)
    assert 6 < found.ridge.months[0] < 8.5
    assert 8.5 < found.ridge.months[1] < 14
    assert 19 < found.ridge.months[2] < 29
    assert found.table["verdict"]["g_C"] == "shared"
    assert found.table["verdict"][["level[wt103]", "level[wt2]", "level[ptb]"]].eq("by the data").all()
