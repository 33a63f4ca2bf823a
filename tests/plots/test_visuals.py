"""Every public picture takes visuals and a backend, and does with them what its documentation says."""

import ast
import inspect
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_fits import made_fit
from matplotlib import pyplot as plt
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure
from plots.drawn import texts
from quantities.identification.conftest import made, model_7_draws
from studies.backtest.made_backtest import made_backtest
from studies.backtest.made_predictions import fit_at_truth, made_table
from studies.comparison.made_scores import CONVERGED, STUCK, made_record, made_score
from studies.robustness.made_robustness import made_run

import bayes_scaling as bs
from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.plots import visuals as machinery
from bayes_scaling.plots.style import WARNING
from bayes_scaling.studies.calibration.experiment import Simulation
from bayes_scaling.studies.comparison.result import Comparison, comparison_table

PLOTS = Path(machinery.__file__).parent
NAMES = sorted(name for name in bs.__all__ if name.startswith("plot_"))
OF_ARVIZ = "plot_comparison"
"""What arviz.plot_compare draws: it changes visuals by itself."""
OURS = [name for name in NAMES if name != OF_ARVIZ]


MODELS = ("ho2024/07", "ho2024/12", "ho2024/16", "ho2024/03")
"""The third assumes no progress, and the last has not converged."""


def made_comparison() -> Comparison:
    rng = np.random.default_rng(0)
    terms, found = rng.normal(0, 0.4, 30), np.full(30, 0.2)
    found[0] = 0.9
    records, fits = {}, {}
    for place, model in enumerate(MODELS):
        name = f"{model} | stated priors"
        near = terms + rng.normal(0, 0.03, 30)
        score = made_score(near, pareto_k_found=found, how=("moment_matching", *["psis"] * 29))
        record = made_record(model, score, STUCK if place == 3 else CONVERGED)
        rates = 0.9 + 0.2 * rng.standard_normal(200)
        if place == 2:
            rates = np.zeros(200)
            none = {"median": np.inf, "lower": np.inf, "upper": np.inf, "probability_of_progress": np.nan}
            record = replace(record, doubling=none)
        records[name] = record
        if place < 3:
            fits[name] = made_fit(model, g_N=rates / 2, g_D=rates / 2, g_C=rates)
    return Comparison(
        table=comparison_table(records),
        unit="evaluation",
        evaluations=EvaluationsSummary("made", 30, 30, ()),
        scores={name: record.elpd for name, record in records.items()},
        fits=fits,
    )


@pytest.fixture(scope="module")
def drawings(runs_fit, ho2024):
    """Name of each public picture to a function that draws it, given visuals and backend."""
    rng = np.random.default_rng(0)
    ridge = made("ho2024/07", ho2024, model_7_draws(rng))
    rows = bs.on_benchmarks(ho2024, "ptb")
    chosen = bs.load_specification("ho2024/07")
    check = bs.predictive_check(fit_at_truth(chosen, made_table(chosen, rows, 0)))
    comparison, robust, backtest = made_comparison(), made_run(), made_backtest()
    ranks = [Simulation({"g_C": int(rank)}, True, 1.0, 400.0, 0, 0, 1.0) for rank in rng.integers(0, 101, 20)]
    calibration = bs.Calibration("reference", "made", tuple(ranks), 0, "")
    drawn = {
        "plot_allocation": (runs_fit, 1e23),
        "plot_best_split": (runs_fit, 1e23),
        "plot_attribution": (ridge,),
        "plot_averaged_doubling_times": (comparison,),
        "plot_backtest": (backtest,),
        "plot_calibration": (calibration,),
        "plot_comparison": (comparison,),
        "plot_criteria": (comparison,),
        "plot_differences_by_model": (comparison,),
        "plot_doubling_times": (ridge,),
        "plot_doubling_times_by_model": (comparison,),
        "plot_doubling_times_by_variant": (comparison,),
        "plot_estimates": ({"reference": (6.2, 3.0, np.inf)},),
        "plot_effective_compute": (ridge, 2014, 2023),
        "plot_identification": (ridge,),
        "plot_isoflop": (runs_fit,),
        "plot_laws": (runs_fit,),
        "plot_pareto_k": (comparison,),
        "plot_predictive": (check,),
        "plot_prior_predictive": (bs.prior_predictive(chosen, rows, draws=100),),
        "plot_residuals": (runs_fit,),
        "plot_ridge": (ridge,),
        "plot_robustness": (robust,),
        "plot_tokens_per_parameter": (runs_fit,),
    }
    return {
        name: lambda name=name, args=args, **keywords: getattr(bs, name)(*args, **keywords)
        for name, args in drawn.items()
    }


@pytest.fixture(scope="module")
def plain(drawings):
    """Each picture as it is."""
    return {name: drawings[name](backend="matplotlib") for name in NAMES}


def documented(name: str) -> list[str]:
    """Visuals that a function's documentation names."""
    found = re.search(r"^visuals, backend\n(.*?)^$", inspect.getdoc(getattr(bs, name)), re.MULTILINE | re.DOTALL)
    return re.findall(r"``(\w+)``", found[1])


def named_artists(figure: Figure) -> list:
    return figure.findobj(lambda artist: machinery._NAME in vars(artist))


def names_in(figure: Figure) -> set[str]:
    return {vars(artist)[machinery._NAME] for artist in named_artists(figure)}


def test_every_public_picture_is_tried_here(drawings) -> None:
    assert sorted(drawings) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_visuals_and_backend_are_keywords(name) -> None:
    parameters = inspect.signature(getattr(bs, name)).parameters
    for each in ("visuals", "backend"):
        assert parameters[each].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[each].default is None


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_returned_and_not_shown(name, plain) -> None:
    assert isinstance(plain[name].get_viz("figure") if name == OF_ARVIZ else plain[name], Figure)
    assert plt.get_fignums() == []


UNITS = re.compile(r"months|nats|FLOP|parameters|tokens|year|no unit|in σ|times|standardised residual|elpd")
SHARES_AND_COUNTS = re.compile(r"share|rank|LOO-PIT|ECDF|quantiles|Pareto k|in the order of the table")
"""What has no unit, by its nature."""


@pytest.mark.parametrize("name", NAMES)
def test_axes_are_labelled_with_units(name, plain) -> None:
    """All that have numbers at their ticks."""
    figure = plain[name].get_viz("figure") if name == OF_ARVIZ else plain[name]
    for axes in figure.axes:
        below = axes.get_shared_x_axes().get_siblings(axes)
        across = [each.get_xlabel() for each in below] + [figure.get_supxlabel()]
        up = [axes.get_ylabel(), figure.get_supylabel()]
        for axis, labels in ((axes.xaxis, across), (axes.yaxis, up)):
            ticks = [tick.get_text() for tick in axis.get_ticklabels() if tick.get_visible()]
            if axes.get_visible() and axes.axison and any(re.search(r"\d", tick) for tick in ticks):
                if re.search(r"(?<![\\a-z])[a-z]{2}", " ".join(ticks)):
                    continue  # names of models, cases or rows
                said = " ".join(labels)
                assert UNITS.search(said) or SHARES_AND_COUNTS.search(said), (said, ticks)


@pytest.mark.parametrize("name", OURS)
def test_every_documented_visual_is_drawn_and_no_other(name, plain) -> None:
    assert names_in(plain[name]) == set(documented(name))
    assert len(documented(name)) == len(set(documented(name)))


@pytest.mark.parametrize("name", OURS)
def test_false_leaves_a_visual_out(name, drawings) -> None:
    bare = drawings[name](visuals=dict.fromkeys(documented(name), False))
    assert not named_artists(bare)
    assert not bare.legends and all(axes.get_legend() is None for axes in bare.axes)
    bare.draw_without_rendering()


@pytest.mark.parametrize("name", ["plot_isoflop", "plot_ridge", "plot_pareto_k", "plot_robustness"])
def test_false_leaves_nothing_else_out(name, drawings) -> None:
    first, *others = documented(name)
    assert names_in(drawings[name](visuals={first: False})) == set(others)


@pytest.mark.parametrize("name", OURS)
def test_properties_change_every_artist_of_a_visual(name, drawings, plain) -> None:
    changed = named_artists(drawings[name](visuals={each: {"alpha": 0.125} for each in documented(name)}))
    assert len(changed) == len(named_artists(plain[name]))
    assert {artist.get_alpha() for artist in changed} == {0.125}
    assert 0.125 not in {artist.get_alpha() for artist in named_artists(plain[name])}


def test_properties_go_to_the_artists_that_have_them(drawings) -> None:
    """Of a point with its bars, only the point has a size."""
    figure = drawings["plot_isoflop"](visuals={"optimum": {"markersize": 11, "color": "red"}})
    optima = machinery._drawn(figure, "optimum")
    assert {each.get_markersize() for each in optima if hasattr(each, "get_markersize")} == {11}
    assert len({type(each) for each in optima}) == 2


def test_legends_follow_their_visuals(drawings, plain) -> None:
    entry = "95% equal-tailed interval"
    assert entry in texts(plain["plot_laws"])
    assert entry not in texts(drawings["plot_laws"](visuals={"interval": False}))
    figure = drawings["plot_laws"](visuals={"posterior": {"color": "red", "linewidth": 4}})
    listed = {handle.get_label(): handle for handle in figure.legends[0].legend_handles}
    assert listed["posterior density and median"].get_color() == "red"
    assert listed["prior (alpha, beta)"].get_color() != "red"
    assert "median 9" not in texts(drawings["plot_doubling_times"](visuals={"median": False}))
    assert not drawings["plot_laws"](visuals={"legend": False}).legends


def test_a_title_can_be_replaced(drawings) -> None:
    assert "of mine" in texts(drawings["plot_isoflop"](visuals={"title": {"text": "of mine"}}))


@pytest.mark.parametrize("picture", [bs.plot_isoflop, bs.plot_laws, bs.plot_allocation, bs.plot_residuals])
def test_what_has_not_converged_stays_marked(picture, runs_fit) -> None:
    failed = replace(runs_fit, diagnostics=STUCK)
    off = dict.fromkeys(documented(picture.__name__), False)
    assert "NOT CONVERGED" in texts(picture(failed, visuals=off))


@pytest.mark.parametrize("name", ["plot_robustness", "plot_doubling_times_by_variant", "plot_doubling_times_by_model"])
def test_a_variant_that_has_not_converged_keeps_its_look(name, drawings) -> None:
    for change in (False, {"color": "green"}):
        axes = drawings[name](visuals={"posterior": change, "interval": change}).axes[0]
        assert [line.get_color() for line in axes.lines if line.get_marker() == "x"] == [WARNING]


@pytest.mark.parametrize("name", NAMES)
def test_unknown_visuals_and_backends_are_refused(name, drawings) -> None:
    names = ", ".join(documented(name))
    with pytest.raises(bs.BayesScalingError, match=rf"no visual 'nonesuch'; valid choices: {names}$"):
        drawings[name](visuals={"nonesuch": False})
    with pytest.raises(bs.BayesScalingError, match="backend must be 'matplotlib' or None, not 'bokeh'"):
        drawings[name](backend="bokeh")
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    "bad, said",
    [
        ([("posterior", False)], "visuals must map names"),
        ({"posterior": True}, r"visuals\['posterior'\] must be False"),
        ({"posterior": {1: 2}}, r"visuals\['posterior'\] must be False"),
        ({"posterior": {"colour": "red"}}, r"'colour' is no property of its artists \(Line2D\)"),
        ({"posterior": {"color": "no colour"}}, "matplotlib refuses color = 'no colour'"),
        ({"legend": {"zest": 1}}, r"'zest' is no property of its artists \(Legend\)"),
    ],
)
def test_bad_changes_are_refused(bad, said, drawings) -> None:
    with pytest.raises(bs.BayesScalingError, match=said):
        drawings["plot_isoflop"](visuals=bad)


def test_arviz_takes_its_own_visuals(drawings, plain) -> None:
    figure = drawings[OF_ARVIZ](visuals={"point_estimate": False, "title": {"text": "mine"}, "ref_band": {}})
    axes, before = (drawn.get_viz("figure").axes[0] for drawn in (figure, plain[OF_ARVIZ]))
    assert len(axes.collections) < len(before.collections) and len(axes.patches) > len(before.patches)
    assert axes.get_title() == "mine"
    with pytest.raises(bs.BayesScalingError, match=r"arviz\.plot_compare refuses visuals"):
        drawings[OF_ARVIZ](visuals={"point_estimate": {"colour": "red"}})
    assert plt.get_fignums() == []


COLOURED = re.compile(r"colou?rs?$|^[mef]?fc$|^m?ec$|^mfc$|^c$|face$|foreground$")


@pytest.mark.parametrize("path", sorted(PLOTS.glob("*.py")), ids=lambda path: path.stem)
def test_colours_come_from_the_style_alone(path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    literal = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    found = {node.value for node in literal if len(node.value) > 1 and is_color_like(node.value)}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for keyword in call.keywords:
            if COLOURED.search(keyword.arg or ""):
                inside = [node for node in ast.walk(keyword.value) if isinstance(node, ast.Constant)]
                found |= {node.value for node in inside if is_color_like(node.value)}
    found -= {"none"}  # no colour, and the word for what a specification does not have
    assert bool(found) == (path.stem == "style"), found


def test_a_notebook_shows_a_figure_by_itself() -> None:
    from bayes_scaling.plots.drawing import Drawing

    drawing = Drawing(figsize=(2, 1), dpi=150)
    drawing.subplots().plot([0, 1])
    content, size = drawing._repr_png_()
    assert content.startswith(b"\x89PNG")
    assert size == {"width": 144, "height": 72}
