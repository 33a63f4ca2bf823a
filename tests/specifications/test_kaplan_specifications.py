"""Files of Kaplan's laws, what they refuse, and the columns that they need."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_runs import KAPLANS, OF_LOSS_AND_SIZES, made_runs, with_kaplans_columns

import bayes_scaling as bs
from bayes_scaling.errors import EvaluationsError, SpecificationError
from bayes_scaling.inference.fitting import fit_fingerprint
from bayes_scaling.inference.settings import Settings
from bayes_scaling.model.rows import make_rows
from bayes_scaling.reports.describe import describe
from bayes_scaling.specifications.catalogue import catalogue_directory, list_specifications, load_specification
from bayes_scaling.specifications.laws import LAWS, SIZES
from bayes_scaling.specifications.sections import Centre, Data, Noise, Pivot, Progress
from bayes_scaling.specifications.specification import Specification

OF_RUNS_ALONE = tuple(name for name, law in LAWS.items() if law.for_runs)


def test_the_six_are_in_the_catalogue() -> None:
    assert {name for name in list_specifications() if name.startswith("kaplan/")} == set(KAPLANS)


@pytest.mark.parametrize("name", KAPLANS)
def test_each_is_published_without_an_irreducible_loss(name: str) -> None:
    specification = load_specification(name)
    assert specification.reference.startswith("Kaplan et al. 2020 (arXiv 2001.08361)")
    assert specification.irreducible_loss == "none"
    assert not specification.progresses
    assert specification.noise == Noise("student_t", "none", "log_loss")


@pytest.mark.parametrize("name", KAPLANS)
def test_every_prior_is_given_and_holds_95_percent_where_the_file_says(name: str) -> None:
    text = (catalogue_directory() / f"{name}.toml").read_text(encoding="utf-8")
    specification = load_specification(name)
    assert {p.name for p in specification.parameters()} == set(specification.priors)
    blocks = re.split(r"\n\n+", text)
    told = 0
    for parameter, prior in specification.priors.items():
        (block,) = [block for block in blocks if f"[priors.{parameter}]" in block]
        said = re.search(r"95% in (\S+?) to (\d+(?:\.\d+)?)(?![\d.]*\s+(?:thousand|million))", block)
        if said is None or "thousand" in block:
            continue
        told += 1
        ends = prior.frozen().ppf([0.025, 0.975])
        for end, words in zip(ends, said.groups(), strict=True):
            assert f"{end:.{len(words.partition('.')[2])}f}" == words, parameter
    assert told >= 2


def test_the_prior_of_the_critical_batch_size() -> None:
    low, middle, high = load_specification("kaplan/critical-batch").prior_of("level").frozen().ppf([0.025, 0.5, 0.975])
    assert [f"{low / 1e3:.0f}", f"{middle / 1e6:.1f}", f"{high / 1e6:.0f}"] == ["53", "1.0", "19"]


@pytest.mark.parametrize(
    ("name", "equations"),
    [
        ("kaplan/parameters", ("L = (A / N^alpha) exp(noise)", "A = N_c^alpha")),
        ("kaplan/tokens", ("L = (B / D^beta) exp(noise)", "B = D_c^beta")),
        ("kaplan/compute", ("L = (A / C_eff^alpha) exp(noise)", "C_eff = 6 N D")),
        (
            "kaplan/joint",
            (
                "L = (((A / N^alpha)^(1 / beta) + (B / D^beta)^(1 / beta))^beta) exp(noise)",
                "A = N_c^alpha, B = D_c^beta: L = ((N_c / N)^(alpha / beta) + D_c / D)^beta where E = 0",
            ),
        ),
        ("kaplan/steps", ("L = (A / N^alpha + B / S_min^beta) exp(noise)", "A = N_c^alpha, B = S_c^beta")),
        ("kaplan/critical-batch", ("B_crit = (A / L^alpha) exp(noise)", "A = B_star, alpha = 1 / alpha_B")),
    ],
)
def test_equations(name: str, equations: tuple[str, ...]) -> None:
    found = describe(load_specification(name)).equations
    assert found == (*equations, "noise ~ StudentT(nu, 0, sigma)")


def test_descriptions_say_of_what_an_exponent_is_and_the_unit_of_the_level() -> None:
    lines = {line.name: line for line in describe(load_specification("kaplan/critical-batch")).priors}
    assert (lines["alpha"].meaning, lines["level"].unit) == ("exponent of loss", "tokens")
    assert lines["sigma"].unit == "log units"
    assert lines["level"].meaning == "critical batch size at the central point"
    steps = {line.name: line for line in describe(load_specification("kaplan/steps")).priors}
    assert steps["beta"].meaning == "exponent of least steps"
    notes = describe(load_specification("kaplan/steps")).notes
    assert "central point: N = 1e+08, S_min = 10000" in notes


# ---------------------------------------------------------------------- what a law for runs refuses


@pytest.mark.parametrize("law", OF_RUNS_ALONE)
@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"progress": Progress(parameters="constant_rate")}, "[progress]"),
        ({"varies_by": {"A": "benchmark"}}, "[varies_by]"),
        ({"transformer_factor": "sigmoid"}, "transformer_factor"),
        ({"data": Data(vocabulary="log")}, "[data]"),
        ({"pivot": Pivot(parameters=1e6)}, "[pivot]"),
        ({"delta": 0.01}, "delta"),
    ],
)
def test_what_only_evaluations_have(law: str, settings: dict[str, object], where: str) -> None:
    message = f"{where} does not go with law '{law}', which is for training runs, without dates and groups; remove"
    with pytest.raises(SpecificationError, match=re.escape(message)):
        Specification("mine", law=law, **settings)


@pytest.mark.parametrize("law", OF_RUNS_ALONE)
def test_an_irreducible_loss_is_shared_or_none(law: str) -> None:
    valid = "none" if law == "critical_batch" else "none, shared"
    with pytest.raises(SpecificationError, match=rf"does not go with law '{law}'; choose one of: {valid}$"):
        Specification("mine", law=law, irreducible_loss="benchmark")
    if law == "critical_batch":
        with pytest.raises(SpecificationError, match="irreducible_loss = 'shared' does not go"):
            Specification("mine", law=law, irreducible_loss="shared")


@pytest.mark.parametrize(
    ("law", "centre", "sizes"),
    [
        ("chinchilla", Centre(least_steps=1e4), "parameters, tokens"),
        ("compute", Centre(loss=3.0), "parameters, tokens"),
        ("parameters", Centre(tokens=1e9), "parameters"),
        ("steps", Centre(tokens=1e9), "parameters, least_steps"),
        ("critical_batch", Centre(parameters=1e9), "loss"),
    ],
)
def test_a_centre_of_another_size_has_no_effect(law: str, centre: Centre, sizes: str) -> None:
    with pytest.raises(SpecificationError, match=rf"has no effect in law '{law}'; .*with an effect: {sizes}\)"):
        Specification("mine", law=law, centre=centre)


@pytest.mark.parametrize("law", OF_RUNS_ALONE)
def test_evaluations_are_refused(law: str, ho2024: pd.DataFrame) -> None:
    with pytest.raises(EvaluationsError, match=f"'mine' has law '{law}', which is for tables of training runs"):
        make_rows(Specification("mine", law=law), ho2024)


# ---------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("name", "column", "how"),
    [
        ("kaplan/steps", "least_steps", "KAPLAN_BATCH.least_steps"),
        ("kaplan/critical-batch", "critical_batch", "measured at the row's loss"),
    ],
)
def test_a_column_that_is_needed_is_named_with_how_to_get_it(name: str, column: str, how: str) -> None:
    specification, runs = load_specification(name), with_kaplans_columns(made_runs())
    assert len(make_rows(specification, runs).ids) == len(runs)
    with pytest.raises(EvaluationsError) as caught:
        bs.build_model(specification, runs.drop(columns=column))
    assert str(caught.value).startswith(f"specification '{name}' needs column {column} (")
    assert how in str(caught.value)
    assert "which the table lacks" in str(caught.value)
    gaps = runs.copy()
    gaps.loc[gaps.index[[2, 5]], column] = np.nan
    with pytest.raises(EvaluationsError, match=r"empty in 2 row\(s\), first 'run-002'.*dropna"):
        make_rows(specification, gaps)
    assert len(make_rows(specification, gaps.dropna(subset=[column])).ids) == len(runs) - 2
    runs.loc["run-004", column] = -1.0
    with pytest.raises(EvaluationsError, match=rf"^{column} .* \(row 'run-004'\) must be a finite number above 0$"):
        make_rows(specification, runs)


def test_other_laws_do_not_ask_for_these_columns() -> None:
    for name in (*OF_LOSS_AND_SIZES, "kaplan/parameters", "kaplan/tokens", "kaplan/compute", "kaplan/joint"):
        assert len(make_rows(load_specification(name), made_runs()).ids) == 24


# ---------------------------------------------------------------------- what was stored before


@pytest.mark.parametrize("name", ["reference", "chinchilla", "ho2024/18"])
def test_plain_data_of_other_laws_is_as_it_was(name: str) -> None:
    document = load_specification(name).to_dict()
    assert set(document.get("centre", {})) <= {"parameters", "tokens"}
    assert document["law"] in ("chinchilla", "compute")


def test_centres_go_to_plain_data_and_back() -> None:
    specification = Specification("mine", law="steps", centre=Centre(parameters=1e8, least_steps=2e4))
    assert specification.to_dict()["centre"] == {"parameters": 1e8, "least_steps": 2e4}
    assert Specification.from_dict("mine", specification.to_dict()) == specification


def test_another_law_is_another_fit() -> None:
    runs = with_kaplans_columns(made_runs())
    joint = load_specification("kaplan/joint")
    plain = replace(joint, law="chinchilla")
    assert fit_fingerprint(joint, runs, Settings(), 0) != fit_fingerprint(plain, runs, Settings(), 0)


# ---------------------------------------------------------------------- the table of laws


def test_each_term_has_names_of_its_own() -> None:
    for law in LAWS.values():
        names = [name for term in law.terms for name in (term.coefficient, term.exponent)]
        assert len(set(names)) == len(names) == 2 * len(law.sizes)
        assert [size for size in SIZES if size in law.sizes] == list(law.sizes)
        assert law.power in ("", *names)
