"""Two coordinate systems for one law: level and share, and the coefficients of Ho et al. 2024."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest
from models.log_densities import FAST
from numpy.testing import assert_allclose
from published_points import MODEL_7
from scipy import special

from bayes_scaling.law.formula import effective_epochs, training_compute
from bayes_scaling.model.coordinates import from_level_and_share, from_published, penalty_scale, published_names
from bayes_scaling.model.predictors import ARCHITECTURE_LEVELS
from bayes_scaling.model.reported import reported_quantities
from bayes_scaling.model.rows import (
    Anchor,
    Rows,
    anchor_of,
    central_anchor,
    counted_tokens,
    make_rows,
    sample_minima,
)
from bayes_scaling.model.structure import Coefficient, expected_loss
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.specifications.progress import Progress, era_codes, years_by_era
from bayes_scaling.specifications.sections import CENTRE_YEAR, Data, Pivot
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables import decimal_year

Draw = Callable[..., Mapping[str, np.ndarray]]

LEVELS = {"benchmark": ("wt103", "wt2", "ptb"), "architecture": ARCHITECTURE_LEVELS}
COUNTS = (6, 5, 5, 8, 8, 10, 10, 9, 9, 14, 18, 9, 12, 10, 12, 8, 10, 5, 11, 10)


def ho2024(number: int) -> Specification:
    return load_specification(f"ho2024/{number:02}")


# ---------------------------------------------------------------------- level and share at the central point


def at_the_centre(specification: Specification, evaluations: pd.DataFrame) -> Rows:
    """Every benchmark with both kinds of architecture, at the central point; ln(vocabulary) = 0 takes its term away."""
    anchor = central_anchor(specification)
    each = evaluations.drop_duplicates("benchmark")
    table = pd.concat([each.assign(architecture=name) for name in ("recurrent", "transformer")], ignore_index=True)
    table["parameters"] = anchor.parameters
    table["tokens"] = table["benchmark"].map(dict(anchor.tokens))
    table["published"] = pd.Timestamp("2018-01-01")
    # The paper's code counts one epoch 1.85 times and none once.
    once = 0.0 if specification.data.tokens == "effective_epochs" else 1.0
    table = table.assign(vocabulary=1.0, epochs=once)
    # Rates by era need rows of both.
    other = table.assign(published=pd.Timestamp("2013-01-01"))
    later = table.assign(published=pd.Timestamp("2022-01-01"))
    everything = pd.concat([table, other, later], ignore_index=True)
    return make_rows(specification, everything).take(np.arange(len(table)))


def middle(specification: Specification, name: str, value: np.ndarray) -> np.ndarray:
    """The groups' middle of an exponent (geometric) or a rate, where it varies by a group that A does not."""
    if specification.index_of(name) in (None, specification.index_of("A"), "era"):
        return value
    if name in ("alpha", "beta"):
        return np.exp(np.log(value).mean(axis=-1, keepdims=True))
    return value.mean(axis=-1, keepdims=True)


def in_the_middle(specification: Specification, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same values, but the same exponent and rate for all groups that A does not vary by."""
    return {
        name: np.broadcast_to(middle(specification, name, value), value.shape)
        if name in ("alpha", "beta", "g_N", "g_D", "g_C")
        else value
        for name, value in values.items()
    }


def spread(specification: Specification, name: str, value: np.ndarray, rows: Rows) -> np.ndarray:
    group = specification.index_of(name)
    return value if group is None else value[..., rows.index[group]]


def factor(values: Mapping[str, np.ndarray], rows: Rows) -> np.ndarray | float:
    """What the reducible loss of each row is multiplied by."""
    transformer = rows.index["architecture"] == ARCHITECTURE_LEVELS.index("transformer")
    return np.where(transformer, special.expit(values["gamma_T"]), 1.0) if "gamma_T" in values else 1.0


def test_expected_loss_at_the_central_point_is_the_level(
    specification: Specification, evaluations: pd.DataFrame, draw_values: Draw
) -> None:
    rows = at_the_centre(specification, evaluations)
    values = in_the_middle(specification, draw_values(specification, rows))
    coefficients = from_level_and_share(specification, values, rows.levels)
    found = expected_loss(coefficients, rows.covariates, rows.index)
    level = spread(specification, "level", values["level"], rows)
    irreducible = spread(specification, "E", coefficients["E"].value, rows) if "E" in coefficients else 0.0
    level = irreducible + (level - irreducible) * factor(values, rows)
    assert_allclose(found, np.broadcast_to(level, found.shape), rtol=1e-12)


def test_level_is_that_of_the_groups_middle(
    specification: Specification, evaluations: pd.DataFrame, draw_values: Draw
) -> None:
    """Groups apart from A leave its coefficient where their middle puts it."""
    rows = make_rows(specification, evaluations)
    values = draw_values(specification, rows)
    own = from_level_and_share(specification, values, rows.levels)
    alike = from_level_and_share(specification, in_the_middle(specification, values), rows.levels)
    for name in {"log_A", "log_B", "E"} & set(own):
        assert_allclose(own[name].value, alike[name].value, rtol=1e-12)


@pytest.mark.parametrize("name", ["ho2024/04", "ho2024/05", "ho2024/06", "ho2024/13", "ho2024/17"])
def test_groups_agree_at_the_pivot(name: str, evaluations: pd.DataFrame, draw_values: Draw) -> None:
    specification = load_specification(name)
    anchor = anchor_of(specification)
    table = evaluations.copy()
    if "year" in specification.pivots:
        table["published"] = evaluations["published"].min()
    else:
        table["parameters"], table["tokens"] = anchor.parameters, table["benchmark"].map(dict(anchor.tokens))
    rows = make_rows(specification, table)
    values = draw_values(specification, rows)
    apart = in_the_middle(specification, values)
    coefficients = [from_level_and_share(specification, each, rows.levels) for each in (values, apart)]
    found, alike = (expected_loss(each, rows.covariates, rows.index) for each in coefficients)
    assert_allclose(found, alike, rtol=1e-9)
    elsewhere = make_rows(specification, evaluations)
    far, near = (expected_loss(each, elsewhere.covariates, elsewhere.index) for each in coefficients)
    assert np.abs(far - near).max() > 0.01


def test_share_is_the_parameter_terms_part_of_the_reducible_loss(
    specification: Specification, evaluations: pd.DataFrame, draw_values: Draw
) -> None:
    rows = at_the_centre(specification, evaluations)
    values = in_the_middle(specification, draw_values(specification, rows))
    coefficients = from_level_and_share(specification, values, rows.levels)
    if specification.law == "compute":  # one term has no share
        assert not {"log_B", "beta"} & set(coefficients)
        assert "share" not in values
        return
    irreducible = spread(specification, "E", coefficients["E"].value, rows) if "E" in coefficients else 0.0
    whole = expected_loss(coefficients, rows.covariates, rows.index) - irreducible
    first = expected_loss(coefficients | {"log_B": Coefficient(-np.inf)}, rows.covariates, rows.index) - irreducible
    share = spread(specification, "share", values["share"], rows)
    assert_allclose(first / whole, np.broadcast_to(share, whole.shape), rtol=1e-11)


def test_irreducible_loss_is_positive_and_below_every_level(
    specification: Specification, evaluations: pd.DataFrame, draw_values: Draw
) -> None:
    rows = make_rows(specification, evaluations)
    values = draw_values(specification, rows)
    coefficients = from_level_and_share(specification, values, rows.levels)
    assert ("E" in coefficients) == (specification.irreducible_loss != "none")
    if "E" in coefficients:
        assert np.all(coefficients["E"].value > 0)
        assert np.all(coefficients["E"].value < values["level"])
        assert coefficients["E"].group == ("benchmark" if specification.irreducible_loss == "benchmark" else None)


def test_irreducible_share_is_a_share_of_the_level() -> None:
    each = Specification("each", irreducible_loss="benchmark", varies_by={"A": "benchmark", "B": "benchmark"})
    one = Specification("one", irreducible_loss="shared", varies_by={"A": "benchmark", "B": "benchmark"})
    common = {"level": np.array([4.0, 3.0, 5.0]), "share": np.full(3, 0.5), "alpha": np.array([0.1])}
    common |= {"beta": np.array([0.1])}
    by_benchmark = from_level_and_share(each, common | {"irreducible_share": np.array([0.5, 0.2, 0.1])}, LEVELS)
    assert_allclose(by_benchmark["E"].value, [2.0, 0.6, 0.5])
    shared = from_level_and_share(one, common | {"irreducible_share": np.array([0.5])}, LEVELS)
    assert_allclose(shared["E"].value, [1.5])


def test_covariates_of_the_central_point_are_its_distance_from_the_anchor(
    specification: Specification, evaluations: pd.DataFrame
) -> None:
    """All zero, unless a pivot takes the anchor elsewhere."""
    centre, anchor = central_anchor(specification), anchor_of(specification)
    rows = at_the_centre(specification, evaluations)
    benchmarks = [rows.levels["benchmark"][code] for code in rows.index["benchmark"]]
    log_n = np.log(centre.parameters / anchor.parameters)
    log_d = np.log([centre.tokens[name] / anchor.tokens[name] for name in benchmarks])
    expected = {"log_parameters": log_n, "log_tokens": log_d, "log_compute": log_n + log_d}
    expected["years"] = centre.year - anchor.year
    if specification.rates_by_era:  # where there is a pivot, effective size jumps
        after = centre.year > specification.progress.cut_year
        expected |= {"years_before": expected["years"] * (not after), "years_after": expected["years"] * after}
    for name, found in rows.covariates.items():
        assert_allclose(found, expected.get(name, 0.0), atol=1e-12, err_msg=name)
    if specification.pivot is None:
        assert anchor == centre


# ---------------------------------------------------------------------- forms of progress


def test_neutral_progress_keeps_the_mix_of_both_terms() -> None:
    """Model 12: alpha g_N = beta g_D and g_N + g_D = g_C, so both terms decline alike."""
    alpha, beta, g_c, years = 0.07, 0.04, 0.96, 5.0
    values = {"level": np.array([4.0, 3.5, 4.5]), "share": np.array([0.4, 0.5, 0.6])}
    values |= {name: np.array([value]) for name, value in (("alpha", alpha), ("beta", beta), ("g_C", g_c))}
    coefficients = from_level_and_share(ho2024(12), values, LEVELS)
    index = {"benchmark": np.arange(3)}
    covariates = {"log_parameters": np.array([1.0, -2.0, 3.0]), "log_tokens": np.array([2.0, 1.0, -1.0])}
    found = expected_loss(coefficients, covariates | {"years": np.full(3, years)}, index)
    today = expected_loss(coefficients, covariates | {"years": np.zeros(3)}, index)
    g_n, g_d = g_c * beta / (alpha + beta), g_c * alpha / (alpha + beta)
    assert_allclose(found / today, np.exp(-alpha * g_n * years), rtol=1e-12)
    assert_allclose(found / today, np.exp(-beta * g_d * years), rtol=1e-12)
    static = {name: c for name, c in coefficients.items() if not name.endswith("_year")}
    grown = {
        "log_parameters": covariates["log_parameters"] + g_n * years,
        "log_tokens": covariates["log_tokens"] + g_d * years,
    }
    assert_allclose(found, expected_loss(static, grown, index), rtol=1e-12)


def test_decline_of_a_term_is_shared_by_architectures() -> None:
    """Model 13: one alpha_year, the central rate times the geometric mean of the exponents."""
    alpha = np.array([[0.04, 0.09]])
    values = {"level": np.full((1, 3), 4.0), "share": np.full((1, 3), 0.5), "alpha": alpha, "beta": alpha / 2}
    values |= {"g_N_central": np.array([[0.5]]), "g_D_central": np.array([[-0.25]])}
    coefficients = from_level_and_share(ho2024(13), values, LEVELS)
    assert coefficients["alpha_year"] == Coefficient(pytest.approx(np.array([[0.5 * 0.06]])))
    assert coefficients["beta_year"] == Coefficient(pytest.approx(np.array([[-0.25 * 0.03]])))


@pytest.mark.parametrize(
    ("formula", "of_alpha", "middle"),
    [
        ("0 + architecture", {"alpha": np.array([[0.04, 0.09]])}, 0.06),
        ("1 + architecture", {"alpha_base": np.array([[0.04]]), "alpha_architecture": np.log([[2.25]])}, 0.04),
    ],
)
@pytest.mark.parametrize("factor", ["reducible", "loss"])
def test_a_term_declines_alike_whatever_its_exponent(factor: str, formula: str, of_alpha: dict, middle: float) -> None:
    """Of exponents by architecture, beside one exponent of data and a factor on the loss: the law by hand."""
    mine = Specification(
        name="mine",
        coefficients={"alpha": formula, factor: "0 + adapted", "irreducible_share": "1"},
        progress=Progress("constant_rate", "constant_rate", acts_on="loss_term"),
    )
    values = {"level": np.array([[4.0]]), "share": np.array([[0.7]]), "beta": np.array([[0.1]]), **of_alpha}
    values |= {"g_N_central": np.array([[0.5]]), "g_D_central": np.array([[0.25]])}
    values |= {f"{factor}_adapted": np.array([[-0.1]]), "irreducible_share": np.array([[0.25]])}
    levels = {**LEVELS, "alpha_architecture_level": ("transformer",), f"{factor}_adapted_level": ("adapted",)}
    log_n, log_d = np.array([2.0, 2.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0])
    years, transformer, adapted = np.arange(4.0), np.array([0, 1, 0, 1]), np.array([0.0, 0.0, 1.0, 1.0])
    covariates = {"log_parameters": log_n, "log_tokens": log_d, "years": years}
    covariates |= {"alpha_architecture_0": transformer.astype(float), f"{factor}_adapted_0": adapted}
    found = expected_loss(from_level_and_share(mine, values, levels), covariates, {"architecture": transformer})
    alpha = np.array([0.04, 0.09])[transformer]
    of_n, of_d = 2.1 * np.exp(-alpha * log_n - 0.5 * middle * years), 0.9 * np.exp(-0.1 * log_d - 0.025 * years)
    irreducible = 1.0 * (np.exp(-0.1 * adapted) if factor == "loss" else 1.0)
    assert_allclose(found, (irreducible + np.exp(-0.1 * adapted) * (of_n + of_d))[None], rtol=1e-12)


# ---------------------------------------------------------------------- the paper's coefficients


@pytest.mark.parametrize(("number", "count"), list(enumerate(COUNTS, start=1)))
def test_number_of_published_coefficients(number: int, count: int) -> None:
    names = published_names(ho2024(number))
    assert len(names) == count
    assert len(set(names)) == count


@pytest.mark.parametrize("number", range(1, 21))
def test_published_coefficients_are_all_used_and_enough(number: int, evaluations: pd.DataFrame) -> None:
    """The loss of some row moves with each coefficient, and no other name is looked up."""
    specification = ho2024(number).with_published_penalty(0.0025)
    rows = make_rows(specification, evaluations)
    names = published_names(specification)

    def losses(values: Mapping[str, float]) -> np.ndarray:
        return expected_loss(from_published(specification, values, rows.levels), rows.covariates, rows.index)

    start = dict.fromkeys(names, 0.01)
    here = losses(start)
    for name in names:
        assert np.abs(losses(start | {name: 0.02}) - here).max() > 1e-6, name


def test_names_of_model_7() -> None:
    assert published_names(ho2024(7)) == tuple(MODEL_7)


def test_benchmark_coefficients_add_to_the_base(evaluations: pd.DataFrame) -> None:
    specification = ho2024(7)
    rows = make_rows(specification, evaluations)
    log_a = from_published(specification, MODEL_7, rows.levels)["log_A"]
    by_name = dict(zip(rows.levels["benchmark"], log_a.value, strict=True))
    assert by_name["wt103"] == pytest.approx(0.9127013235)
    assert by_name["ptb"] == pytest.approx(0.9127013235 + 0.0003787505)
    assert by_name["wt2"] == pytest.approx(0.9127013235 + 0.0554124020)


def test_architecture_coefficients_stand_alone(evaluations: pd.DataFrame) -> None:
    specification = ho2024(13)
    values = dict.fromkeys(published_names(specification), 0.0) | {"alpha_param": 0.05, "alpha_param_t": 0.08}
    alpha = from_published(specification, values, make_rows(specification, evaluations).levels)["alpha"]
    assert dict(zip(ARCHITECTURE_LEVELS, alpha.value, strict=True)) == {"other": 0.05, "transformer": 0.08}


def test_neutral_model_has_one_year_coefficient_in_both_terms(evaluations: pd.DataFrame) -> None:
    specification = ho2024(12)
    values = dict.fromkeys(published_names(specification), 0.0) | {"alpha_year": 0.02}
    coefficients = from_published(specification, values, make_rows(specification, evaluations).levels)
    assert coefficients["alpha_year"] == coefficients["beta_year"] == Coefficient(0.02)


def test_model_7_reproduces_losses_printed_by_the_paper() -> None:
    """The four slopes and WikiText-103 intercepts on N0, D0, Y0 give the paper's predicted losses."""
    specification = ho2024(7)
    coefficients = from_published(specification, MODEL_7, {"benchmark": ("wt103",)})
    systems = {4.434: (6e6, 9.29e5, 15675), 2.080: (1.75e11, 4.99e11, 18410), 2.046: (7e10, 1.4e12, 19080)}
    for published, (parameters, tokens, days) in systems.items():
        covariates = {
            "log_parameters": np.log(np.array([parameters]) / 2.0e6),
            "log_tokens": np.log(np.array([tokens]) / 888_000),
            "years": np.array([1970 + days / 365.242199 - 2012.4876712]),
        }
        assert_allclose(expected_loss(coefficients, covariates, {"benchmark": np.array([0])}), published, atol=1e-3)


def test_drift_is_linear_in_the_log_of_the_calendar_year(evaluations: pd.DataFrame) -> None:
    """Model 15: exponents alpha + alpha_rate ln(Y) on sizes in units of the sample's least."""
    specification = ho2024(15).with_published_penalty(0.0025)
    rng = np.random.default_rng(0)
    values = {name: rng.uniform(-0.02, 0.08) for name in published_names(specification)}
    values |= {"alpha_rate": 0.004, "beta_rate": -0.003}
    rows = make_rows(specification, evaluations)
    found = expected_loss(from_published(specification, values, rows.levels), rows.covariates, rows.index)

    minima = sample_minima(evaluations)
    years = rows.covariates["years"]
    log_year = np.log(years + minima.year)
    base = {name: sum(values[f"{name}{x}"] * (evaluations["benchmark"] == b) for b, x in _dummies()) for name in _CONST}
    log_n = np.log(evaluations["parameters"] / evaluations["parameters"].min())
    log_d = np.log(evaluations["tokens"] / evaluations["tokens"].min())
    alpha = values["alpha_param"] + values["alpha_rate"] * log_year
    beta = values["beta_data"] + values["beta_rate"] * log_year
    expected = np.exp(
        values["alpha_const"] + base["alpha_const"] - values["alpha_year"] * years - alpha * log_n
    ) + np.exp(values["beta_const"] + base["beta_const"] - values["beta_year"] * years - beta * log_d)
    assert_allclose(found, expected, rtol=1e-12)


_CONST = ("alpha_const", "beta_const")


def _dummies() -> tuple[tuple[str, str], ...]:
    return ("ptb", "_ptb"), ("wt2", "_wt2")


def test_drift_identity() -> None:
    """alpha + rate ln(Y) is the exponent at 2018 plus drift times 2018 ln(Y / 2018)."""
    specification = ho2024(14)
    values = dict.fromkeys(published_names(specification), 0.0)
    values |= {"alpha_param": -0.3, "alpha_rate": 0.05, "beta_data": 0.2, "beta_rate": -0.01}
    coefficients = from_published(specification, values, {"benchmark": ("wt103", "wt2", "ptb")})
    year = np.array([2012.5, 2018.0, 2023.25])
    for term, exponent in (("alpha", "alpha_param"), ("beta", "beta_data")):
        drifting = coefficients[term].value + coefficients[f"{term}_drift"].value * CENTRE_YEAR * np.log(
            year / CENTRE_YEAR
        )
        assert_allclose(drifting, values[exponent] + values[f"{term}_rate"] * np.log(year), rtol=1e-13)


def test_penalty_makes_the_posterior_mode_the_papers_estimate() -> None:
    """2 sigma^2 / n times the negative log posterior is the objective, up to what does not hold coefficients."""
    rng = np.random.default_rng(1)
    residuals, coefficients, sigma, delta = rng.normal(size=(2, 50)), rng.normal(size=(2, 6)), 0.3, 0.0025
    scale = penalty_scale(sigma, 50, delta)
    log_posterior = -0.5 * (residuals**2).sum(axis=1) / sigma**2 - np.abs(coefficients).sum(axis=1) / scale
    objective = (residuals**2).mean(axis=1) + delta * np.abs(coefficients).sum(axis=1)
    assert_allclose(-2 * sigma**2 / 50 * log_posterior, objective, rtol=1e-13)


# ---------------------------------------------------------------------- the two agree


def translated(
    specification: Specification, published: Mapping[str, Coefficient], here: Anchor, benchmarks: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Level and share at the central point, exponents and rates, from published coefficients at the sample's minima."""
    s, there = specification, central_anchor(specification)
    suffix = {"drift": "_constant"}.get(s.progress.exponents, "")
    suffix = "_central" if s.progress.acts_on == "loss_term" else suffix
    log_n = np.full(len(benchmarks), np.log(there.parameters / here.parameters))
    log_d = np.log([there.tokens[name] / here.tokens[name] for name in benchmarks])
    log_c = np.log([training_compute(there.parameters, there.tokens[name]) / here.compute for name in benchmarks])
    terms = [("A", "alpha", "g_N", log_n), ("B", "beta", "g_D", log_d)]
    if s.law == "compute":
        terms = [("A", "alpha", "g_C", log_c)]

    values: dict[str, np.ndarray] = {}
    parts = []
    for letter, exponent, rate, log_size in terms:
        power = values[exponent] = np.atleast_1d(published[exponent].value)
        central = middle(s, exponent, power)
        gain = np.zeros(1)
        if f"{exponent}_year" in published:
            year = np.atleast_1d(published[f"{exponent}_year"].value)
            speed = values[f"{rate}{suffix}"] = year / (central if suffix == "_central" else power)
            gain = central * middle(s, rate, speed) * (there.year - here.year)
            if s.index_of(rate) == "era":
                gain = central * (speed @ np.array(years_by_era(s.progress, here.year, there.year)))
        moved = published[f"log_{letter}"].value - central * log_size - gain
        parts.append(np.exp(moved if s.index_of("A") == "benchmark" else moved[:1]))
    irreducible = published["E"].value if "E" in published else 0.0
    values["level"] = sum(parts) + irreducible
    if s.law == "chinchilla":
        values["share"] = parts[0] / sum(parts)
    if "E" in published:
        values["irreducible_share"] = irreducible / values["level"]
    if s.progress.acts_on == "reducible_loss":
        values["g_C"] = values.pop("g_N") + values.pop("g_D")
    for name in ("alpha_drift", "beta_drift", "gamma"):
        if name in published:
            values[name] = np.atleast_1d(published[name].value)
    if "log_factor" in published:
        values["gamma_T"] = special.logit(np.exp(published["log_factor"].value[1:]))
    return values


SAME_LAW = {f"ho2024/{number:02}": ho2024(number) for number in range(1, 21)}
SAME_LAW["with-E"] = Specification(
    "with-E",
    irreducible_loss="benchmark",
    varies_by={"A": "benchmark", "B": "benchmark", "beta": "benchmark", "g_D": "benchmark"},
    progress=Progress(parameters="constant_rate", data="constant_rate"),
    data=Data(vocabulary="log"),
)
# The sample's minima N0, D0, Y0 and C0 = 6 N D, at which the published lines of all groups meet.
N0, D0, Y0, C0 = 2.0e6, 8.88e5, 2012.4876712328767, 1.1148e13
SAME_LAW["rates-and-exponents-by-architecture"] = Specification(
    "rates-and-exponents-by-architecture",
    irreducible_loss="benchmark",
    varies_by={"A": "benchmark", "B": "benchmark", "alpha": "architecture", "g_N": "architecture"}
    | {"g_D": "architecture"},
    progress=Progress(parameters="constant_rate", data="constant_rate"),
    pivot=Pivot(N0, D0, Y0),
)
SAME_LAW["compute-by-architecture"] = Specification(
    "compute-by-architecture",
    law="compute",
    varies_by={"A": "benchmark", "alpha": "architecture", "g_C": "architecture"},
    progress=Progress(compute="constant_rate"),
    pivot=Pivot(N0, C0 / (6 * N0), Y0),
)


for _name in ("bend-2017", "jump-2017", "transformer-factor", "tokens-seen", "tokens-seen-imputed"):
    SAME_LAW[_name] = load_specification(f"robustness/{_name}")
SAME_LAW["compute-by-era-with-factor"] = Specification(
    "compute-by-era-with-factor",
    law="compute",
    irreducible_loss="benchmark",
    transformer_factor="sigmoid",
    varies_by={"A": "benchmark", "g_C": "era"},
    progress=Progress(compute="constant_rate", cut_year=2019.0),
)


def test_the_samples_minima(evaluations: pd.DataFrame) -> None:
    minima = sample_minima(evaluations)
    assert (minima.parameters, set(minima.tokens.values())) == (N0, {D0})
    assert minima.year == pytest.approx(Y0, abs=1e-12)
    assert minima.compute == pytest.approx(C0, rel=1e-7)


@pytest.mark.parametrize("name", SAME_LAW)
def test_both_coordinate_systems_give_the_same_losses(name: str, evaluations: pd.DataFrame) -> None:
    specification = SAME_LAW[name]
    rng = np.random.default_rng(sorted(SAME_LAW).index(name))
    values = {key: rng.uniform(0.01, 0.04) for key in published_names(specification)}
    values |= {key: rng.uniform(0.5, 1.2) for key in ("alpha_const", "beta_const", "E_const") if key in values}
    values |= {key: value for key, value in MODEL_7.items() if name == "ho2024/07"}
    here = sample_minima(evaluations)
    at_minima = make_rows(specification, evaluations, here)
    published = from_published(specification, values, at_minima.levels)
    expected = expected_loss(published, at_minima.covariates, at_minima.index)

    rows = make_rows(specification, evaluations)
    own = translated(specification, published, here, rows.levels["benchmark"])
    noise = {p.name for p in specification.parameters()} - set(own)
    assert noise == {"sigma"}
    found = expected_loss(from_level_and_share(specification, own, rows.levels), rows.covariates, rows.index)
    assert_allclose(found, expected, rtol=1e-11)


def test_model_7_in_level_and_share(evaluations: pd.DataFrame) -> None:
    """What the published optimum means on the scale of our priors."""
    specification = ho2024(7)
    levels = make_rows(specification, evaluations).levels
    own = translated(
        specification, from_published(specification, MODEL_7, levels), sample_minima(evaluations), LEVELS["benchmark"]
    )
    assert own["g_N"] == pytest.approx(0.0039383381 / 0.0679823702)
    assert own["g_D"] == pytest.approx(0.0356203904 / 0.0395867801)
    months = 12 * np.log(2) / (own["g_N"] + own["g_D"])
    assert months == pytest.approx(8.685, abs=1e-2)
    assert np.all((own["level"] > 2.4) & (own["level"] < 6.5))


# ---------------------------------------------------------------------- what a posterior reports


def test_reported_quantities_are_the_law_in_plain_units(
    specification: Specification, evaluations: pd.DataFrame, draw_values: Draw
) -> None:
    """E + A / (N e^(g_N t))^alpha + B / (D e^(g_D t))^beta, with sizes as they stand and t = Y - 2018."""
    rows = make_rows(specification, evaluations)
    values = {name: value[0] for name, value in draw_values(specification, rows, draws=1).items()}
    coefficients = from_level_and_share(specification, values, rows.levels)
    expected = expected_loss(coefficients, rows.covariates, rows.index)
    reported = reported_quantities(specification, coefficients, rows.levels)
    assert ("g_C" in reported) == specification.progresses
    if specification.progress.exponents == "drift":  # A and B would hold for one date only
        assert set(reported) == {"alpha", "beta", "g_N", "g_D", "g_C"}
        return

    year = decimal_year(evaluations["published"]).to_numpy()
    own_era = era_codes(specification.progress, year) if specification.rates_by_era else np.zeros(len(year), dtype=int)

    def at(name: str, era: np.ndarray = own_era) -> np.ndarray | float:
        if name not in reported:
            return 0.0
        quantity = reported[name]
        value = quantity.value
        value = np.asarray(value.eval(mode=FAST) if hasattr(value, "eval") else value)
        index = rows.index | {"era": era}
        return value[tuple(index[dim] for dim in quantity.dims)] if quantity.dims else value

    def growth(rate: str) -> np.ndarray:
        if rate not in specification.rates_by_era:
            return np.exp(at(rate) * rows.covariates.get("years", 0.0))
        before, after = (at(rate, np.full(len(year), era)) for era in (0, 1))
        return np.exp(before * rows.covariates["years_before"] + after * rows.covariates["years_after"])

    n, d = evaluations["parameters"].to_numpy(), counted_tokens(specification, evaluations).fresh
    if "repetition_scale" in values:
        d = d * effective_epochs(1 + rows.covariates["repetitions"], values["repetition_scale"])
    if specification.law == "compute":
        found = at("A") / (6 * n * d * growth("g_C")) ** at("alpha")
    else:
        found = at("A") / (n * growth("g_N")) ** at("alpha")
        found = found + at("B") / (d * growth("g_D")) ** at("beta")
    found = at("E") + found * factor(values, rows)
    assert ("transformer_factor" in reported) == (specification.transformer_factor != "none")
    if "transformer_factor" in reported:
        assert_allclose(at("transformer_factor"), special.expit(values["gamma_T"][0]), rtol=1e-12)
    if specification.data.vocabulary == "log":
        found = found + values["gamma"] * rows.covariates["log_vocabulary"]
    assert_allclose(found, expected, rtol=1e-10)
    if specification.progresses and specification.law == "chinchilla":
        assert_allclose(at("g_N") + at("g_D"), np.broadcast_to(at("g_C"), np.shape(at("g_N") + at("g_D"))), rtol=1e-12)
    if specification.progress.acts_on.endswith("reducible_loss"):  # what is sampled is what is reported
        assert_allclose(np.ravel(at("g_C")), values["g_C"], rtol=1e-12)
