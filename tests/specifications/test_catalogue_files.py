"""Every file of the catalogue: it loads, says what it is, and goes to plain data and back."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_scaling as bs
from bayes_scaling.errors import SpecificationError
from bayes_scaling.specifications.catalogue import catalogue_directory, list_specifications, load_specification
from bayes_scaling.specifications.parameters import PARAMETERS
from bayes_scaling.specifications.priors import DISTRIBUTIONS, Prior
from bayes_scaling.specifications.sections import Centre, Data, Noise, Pivot, Progress
from bayes_scaling.specifications.specification import Specification

NAMES = list_specifications()
HO2024 = tuple(f"ho2024/{number:02}" for number in range(1, 21))


def as_toml(document: Mapping[str, Any]) -> str:
    """Plain data as TOML: simple keys first, then tables."""
    simple = {key: value for key, value in document.items() if not isinstance(value, Mapping)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in simple.items()]
    for key, value in document.items():
        if key == "priors":
            for name, prior in value.items():
                lines += [f"[priors.{name}]", as_toml(prior)]
        elif key not in simple:
            lines += [f"[{key}]", as_toml(value)]
    return "\n".join(lines)


# ---------------------------------------------------------------------- the catalogue


def test_the_twenty_models_of_the_paper_and_the_reference_are_there() -> None:
    assert {*HO2024, "reference"} <= set(NAMES)
    assert list(NAMES) == sorted(NAMES)
    assert [name for name in NAMES if name.startswith("ho2024/")] == list(HO2024)


def test_the_catalogue_holds_its_files_and_nothing_else() -> None:
    found = {p.relative_to(catalogue_directory()).as_posix() for p in catalogue_directory().rglob("*") if p.is_file()}
    assert found == {f"{name}.toml" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_under_its_name_with_title_and_reference(name: str) -> None:
    specification = load_specification(name)
    assert specification.name == name
    assert specification.title.strip()
    assert specification.reference.strip()
    assert specification.delta is None


@pytest.mark.parametrize("name", HO2024)
def test_it_cites_its_own_model(name: str) -> None:
    reference = load_specification(name).reference
    number = int(name.removeprefix("ho2024/"))
    assert reference.startswith("Ho et al. 2024 (arXiv 2403.05812)")
    assert reference.partition("model ")[2].partition(";")[0] == str(number)


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_to_plain_data_and_back(name: str) -> None:
    specification = load_specification(name)
    document = specification.to_dict()
    assert Specification.from_dict(name, document) == specification
    assert Specification.from_dict(name, json.loads(json.dumps(document))) == specification
    assert Specification.from_dict(name, tomllib.loads(as_toml(document))) == specification


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_to_a_file_of_ones_own_and_back(name: str, tmp_path: Path) -> None:
    specification = load_specification(name)
    path = tmp_path / "mine.toml"
    path.write_text(as_toml(specification.to_dict()), encoding="utf-8")
    read = load_specification(path)
    assert read.name == "mine"
    assert read.to_dict() == specification.to_dict()
    assert load_specification(str(path)) == read


@pytest.mark.parametrize("name", [*HO2024, "steps/1-irreducible"])
def test_settings_that_came_later_are_left_out_of_plain_data_where_they_say_nothing(name: str) -> None:
    """Fingerprints and names of stored fits are made of plain data."""
    document = load_specification(name).to_dict()
    assert list(document)[:6] == ["title", "reference", "law", "irreducible_loss", "varies_by", "progress"]
    assert list(document["progress"]) == ["parameters", "data", "compute", "acts_on", "exponents"]
    assert list(document["noise"]) == ["family", "cluster"]
    assert list(document["data"]) == ["tokens", "vocabulary"]


@pytest.mark.parametrize("year", [2017, np.int64(2017), np.float32(2017), np.float64(2017)])
def test_a_cut_may_be_any_kind_of_number(year: Any) -> None:
    progress = Progress(compute="constant_rate", cut_year=year)
    specification = Specification("mine", law="compute", varies_by={"g_C": "era"}, progress=progress)
    document = json.loads(json.dumps(specification.to_dict()))
    assert document["progress"]["cut_year"] == 2017.0
    assert Specification.from_dict("mine", document) == specification


def test_plain_data_is_a_copy() -> None:
    specification = load_specification("reference")
    specification.to_dict()["varies_by"]["A"] = "architecture"
    assert specification.index_of("A") == "benchmark"


def test_no_two_are_the_same_model() -> None:
    documents = {name: load_specification(name).to_dict() for name in NAMES}
    titles = {name: document.pop("title") for name, document in documents.items()}
    for document in documents.values():
        del document["reference"]
    pairs = list(combinations(NAMES, 2))
    assert [(one, other) for one, other in pairs if titles[one] == titles[other]] == []
    assert [(one, other) for one, other in pairs if documents[one] == documents[other]] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_documented_and_its_prior_fits(name: str) -> None:
    specification = load_specification(name)
    parameters = specification.parameters()
    assert len({p.name for p in parameters}) == len(parameters)
    assert {"sigma", "sigma_base"} & {p.name for p in parameters}
    for parameter in parameters:
        documented = PARAMETERS.get(parameter.name, parameter)
        if parameter.name == "tau":  # of what rows share innermost
            shared = specification.noise.clusters[-1]
            documented = replace(documented, meaning=f"standard deviation of {shared} effects")
        assert parameter == documented
        assert parameter.meaning and parameter.reason
        assert specification.prior_of(parameter.name).fits(parameter.support)


def test_the_reference_is_the_default() -> None:
    assert bs.load_specification() == load_specification("reference")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("ho2024/01", "level share alpha beta g_N g_D sigma"),
        ("ho2024/02", "level share alpha beta g_D sigma"),
        ("ho2024/03", "level share alpha beta g_N sigma"),
        ("ho2024/07", "level share alpha beta g_N g_D sigma"),
        ("ho2024/12", "level share alpha beta g_C sigma"),
        ("ho2024/13", "level share alpha beta g_N_central g_D_central sigma"),
        ("ho2024/14", "level share alpha beta alpha_drift beta_drift sigma"),
        ("ho2024/15", "level share alpha beta g_N_constant g_D_constant alpha_drift beta_drift sigma"),
        ("ho2024/16", "level share alpha beta sigma"),
        ("ho2024/18", "level alpha g_C sigma"),
        ("ho2024/19", "level share alpha beta g_N g_D gamma sigma"),
        ("steps/1-irreducible", "level irreducible_share share alpha beta g_N g_D sigma tau"),
        (
            "reference",
            "level irreducible_share share alpha_base alpha_architecture beta g_N_central g_D_central "
            "reducible_test_time_adaptation sigma nu tau tau_paper",
        ),
        ("robustness/transformer-factor", "level share alpha beta g_N g_D gamma_T sigma"),
        ("robustness/bend-2017", "level share alpha beta g_N g_D sigma"),
        ("robustness/repetition", "level share alpha beta g_N g_D repetition_scale sigma"),
        ("robustness/nearly-neutral", "level share alpha beta g_C hicks_gap sigma"),
    ],
)
def test_parameters_of_a_model(name: str, parameters: str) -> None:
    assert " ".join(p.name for p in load_specification(name).parameters()) == parameters


@pytest.mark.parametrize(
    ("name", "progresses"), [("ho2024/07", True), ("ho2024/14", True), ("ho2024/16", False), ("ho2024/17", False)]
)
def test_whether_a_model_progresses(name: str, progresses: bool) -> None:
    assert load_specification(name).progresses is progresses


# ---------------------------------------------------------------------- the paper's penalty


@pytest.mark.parametrize("name", HO2024)
def test_the_papers_penalty_replaces_the_priors(name: str) -> None:
    specification = load_specification(name)
    penalised = specification.with_published_penalty(0.0025)
    assert penalised.name == f"{name}@delta=0.0025"
    assert penalised.delta == 0.0025
    assert [p.name for p in penalised.parameters()] == ["sigma"]
    changed = penalised.to_dict() | {"priors": {}}
    assert changed.pop("delta") == 0.0025
    assert changed == specification.to_dict()
    assert Specification.from_dict(penalised.name, penalised.to_dict()) == penalised
    assert specification.delta is None


@pytest.mark.parametrize("delta", [0, -0.001, float("nan"), float("inf")])
def test_a_penalty_must_be_above_zero(delta: float) -> None:
    with pytest.raises(SpecificationError, match="delta must be a number above 0"):
        load_specification("ho2024/07").with_published_penalty(delta)


@pytest.mark.parametrize("delta", ["0.01", None, True, [0.01]])
def test_a_penalty_must_be_a_number(delta: Any) -> None:
    with pytest.raises(SpecificationError, match=r"delta must be a number above 0, not .*; the paper's grid: 0\.001"):
        load_specification("ho2024/07").with_published_penalty(delta)


@pytest.mark.parametrize("delta", [np.float32(0.25), np.float64(0.25), Fraction(1, 4)])
def test_a_penalty_may_be_any_kind_of_number(delta: Any) -> None:
    penalised = load_specification("ho2024/07").with_published_penalty(delta)
    assert (penalised.name, penalised.delta) == ("ho2024/07@delta=0.25", 0.25)
    assert type(penalised.delta) is float
    direct = Specification("mine", delta=delta)
    assert Specification.from_dict("mine", json.loads(json.dumps(direct.to_dict()))) == direct


def test_the_papers_penalty_keeps_ones_own_prior_of_sigma() -> None:
    own = {"sigma": Prior.of("half_normal", sigma=1), "alpha": Prior.of("lognormal", mu=-2, sigma=1)}
    penalised = Specification("mine", priors=own).with_published_penalty(0.01)
    assert penalised.priors == {"sigma": own["sigma"]}
    assert penalised.prior_of("sigma") == own["sigma"]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"alpha": "benchmark"}, "delta needs g_N to vary by benchmark like alpha"),
        ({"alpha": "benchmark", "g_N": "architecture"}, "delta needs g_N to vary by benchmark like alpha"),
        ({"beta": "architecture"}, "delta needs g_D to vary by architecture like beta"),
    ],
)
def test_a_penalty_that_would_be_another_law_is_refused(groups: dict[str, str], message: str) -> None:
    """The paper's year coefficient is alpha g_N: one of it and many alphas are many g_N."""
    both = Progress(parameters="constant_rate", data="constant_rate")
    with pytest.raises(SpecificationError, match=message):
        Specification("mine", varies_by=groups, progress=both).with_published_penalty(0.01)
    with_rates = groups | {
        {"alpha": "g_N", "beta": "g_D"}[name]: group for name, group in groups.items() if name[0] != "g"
    }
    Specification("mine", varies_by=with_rates, progress=both).with_published_penalty(0.01)
    Specification("mine", varies_by={k: v for k, v in groups.items() if k[0] != "g"}).with_published_penalty(0.01)


def test_the_papers_penalty_does_not_go_with_paper_effects() -> None:
    with pytest.raises(SpecificationError, match=r"delta needs \[noise\] family = 'normal', cluster = 'none'"):
        load_specification("steps/1-irreducible").with_published_penalty(0.0025)


# ---------------------------------------------------------------------- the point where groups agree


@pytest.mark.parametrize(
    ("name", "pivots"),
    [
        ("ho2024/01", ()),
        ("ho2024/07", ()),
        ("ho2024/08", ()),
        ("ho2024/11", ()),
        ("ho2024/04", ("year",)),
        ("ho2024/05", ("year",)),
        ("ho2024/06", ("year",)),
        ("ho2024/13", ("parameters", "tokens")),
        ("ho2024/17", ("parameters", "tokens")),
        ("ho2024/14", ("parameters", "tokens")),
        ("ho2024/15", ("parameters", "tokens")),
        ("reference", ()),
        ("robustness/bend-2017", ()),
        ("robustness/jump-2017", ("year",)),
    ],
)
def test_what_of_a_pivot_is_part_of_the_law(name: str, pivots: tuple[str, ...]) -> None:
    specification = load_specification(name)
    assert specification.pivots == pivots
    if not pivots:
        assert specification.pivot is None
        return
    assert specification.pivot is not None
    given = {key for key in ("parameters", "tokens", "year") if getattr(specification.pivot, key) is not None}
    assert given == set(pivots)


def test_a_rate_whose_exponent_is_apart_needs_sizes_and_year() -> None:
    groups = {"alpha": "architecture", "g_N": "architecture"}
    specification = Specification("mine", varies_by=groups, progress=Progress(parameters="constant_rate"))
    assert specification.pivots == ("parameters", "tokens", "year")


@pytest.mark.parametrize("pivot", [Pivot(-1.0, 1e6), Pivot(1e6, float("nan")), Pivot("1e6", 1e6), Pivot(True, 1e6)])
def test_a_pivot_from_python_is_checked_too(pivot: Pivot) -> None:
    with pytest.raises(SpecificationError, match=r"\[pivot\] (parameters|tokens) must be a number above 0, not"):
        Specification("mine", progress=Progress(exponents="drift"), pivot=pivot)


def test_a_pivot_may_be_any_kind_of_number() -> None:
    pivot = Pivot(np.int64(2_000_000), np.float32(1e6))
    specification = Specification("mine", progress=Progress(exponents="drift"), pivot=pivot)
    assert Specification.from_dict("mine", json.loads(json.dumps(specification.to_dict()))) == specification


# ---------------------------------------------------------------------- specifications of one's own


def test_a_specification_can_not_be_hashed_but_its_name_can() -> None:
    specification = load_specification("ho2024/07")
    with pytest.raises(TypeError, match="unhashable"):
        hash(specification)
    assert {specification.name: specification}["ho2024/07"] == specification


def test_a_file_may_say_everything(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        """
        title = "Mine"
        reference = "me"
        law = "chinchilla"
        irreducible_loss = "shared"
        transformer_factor = "sigmoid"
        [varies_by]
        A = "benchmark"
        B = "benchmark"
        [progress]
        parameters = "constant_rate"
        data = "constant_rate"
        exponents = "drift"
        [pivot]
        parameters = 1e7
        tokens = 2_000_000
        [noise]
        family = "student_t"
        cluster = "paper"
        [centre]
        tokens = 3e9
        [data]
        missing_epochs = "median"
        tokens = "repeated"
        vocabulary = "log"
        [priors.alpha]
        distribution = "gamma"
        beta = 10
        alpha = 3
        """,
        encoding="utf-8",
    )
    assert load_specification(path) == Specification(
        name="mine",
        title="Mine",
        reference="me",
        irreducible_loss="shared",
        transformer_factor="sigmoid",
        varies_by={"A": "benchmark", "B": "benchmark"},
        progress=Progress(parameters="constant_rate", data="constant_rate", exponents="drift"),
        pivot=Pivot(parameters=1e7, tokens=2e6),
        centre=Centre(tokens=3e9),
        noise=Noise(family="student_t", cluster="paper"),
        data=Data(tokens="repeated", vocabulary="log", missing_epochs="median"),
        priors={"alpha": Prior.of("gamma", alpha=3, beta=10)},
    )


def test_own_priors_override_defaults_and_leave_the_rest() -> None:
    own = Prior.of("normal", mu=0, sigma=0.1)
    specification = Specification("mine", progress=Progress(parameters="constant_rate"), priors={"g_N": own})
    assert specification.prior_of("g_N") == own
    assert specification.prior_of("alpha") == PARAMETERS["alpha"].prior


def test_the_prior_of_sigma_may_go_with_a_penalty() -> None:
    specification = Specification("mine", delta=0.01, priors={"sigma": Prior.of("half_normal", sigma=1)})
    assert str(specification.prior_of("sigma")) == "HalfNormal(sigma=1)"


def test_a_name_in_the_catalogue_wins_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reference").write_text('title = "not this"', encoding="utf-8")
    assert load_specification("reference").title != "not this"


WORDS = (
    "none constant_rate drift benchmark architecture paper log compute chinchilla shared "
    "loss_term reducible_loss nearly_reducible_loss student_t normal beta era bend jump seen repeated median sigmoid "
    "loss log_loss"
)
ATOMS = st.sampled_from([*WORDS.split(), "", 0, 1, -1, 0.5, 2017.444, True, float("nan"), None])
NAMED = st.sampled_from(["A", "B", "alpha", "g_N", "g_D", "g_C", "E", "parameters", "data", "compute", "exponents"])
SETTINGS = ["family", "cluster", "acts_on", "tokens", "vocabulary", "cut_year", "at_cut", "missing_epochs", "scale"]
SECTIONS = st.dictionaries(NAMED | st.sampled_from(SETTINGS), ATOMS)
PRIORS = st.dictionaries(
    st.sampled_from([*PARAMETERS, "zeta"]),
    st.dictionaries(st.sampled_from(["mu", "sigma", "b", "nu", "alpha", "beta"]), ATOMS, max_size=3).flatmap(
        lambda arguments: (st.sampled_from([*DISTRIBUTIONS, "cauchy"]) | ATOMS).map(
            lambda distribution: {"distribution": distribution} | arguments
        )
    )
    | ATOMS,
    max_size=2,
)


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "title": ATOMS,
            "law": st.sampled_from(["chinchilla", "compute"]) | ATOMS,
            "irreducible_loss": ATOMS,
            "transformer_factor": ATOMS,
            "varies_by": SECTIONS | ATOMS,
            "progress": SECTIONS | ATOMS,
            "noise": SECTIONS | ATOMS,
            "data": SECTIONS | ATOMS,
            "pivot": SECTIONS | ATOMS,
            "centre": SECTIONS | ATOMS,
            "priors": PRIORS | ATOMS,
            "delta": ATOMS,
            "colour": ATOMS,
        },
    )
)
def test_plain_data_is_either_refused_or_kept(document: dict[str, Any]) -> None:
    try:
        specification = Specification.from_dict("any", document)
    except SpecificationError as error:
        assert str(error)
        return
    assert Specification.from_dict("any", specification.to_dict()) == specification


@settings(max_examples=150, deadline=None)
@given(
    law=st.sampled_from(["chinchilla", "compute"]),
    irreducible_loss=st.sampled_from(["none", "shared", "benchmark"]),
    groups=st.dictionaries(
        st.sampled_from(["A", "alpha", "beta", "g_N", "g_D", "g_C"]),
        st.sampled_from(["benchmark", "architecture", "era"]),
    ),
    rates=st.sets(st.sampled_from(["parameters", "data", "compute"])),
    acts_on=st.sampled_from(["effective_size", "loss_term", "reducible_loss", "nearly_reducible_loss"]),
    cut=st.none() | st.tuples(st.floats(2013, 2022), st.sampled_from(["bend", "jump"])),
    factor=st.sampled_from(["none", "sigmoid"]),
    data=st.builds(
        Data,
        st.sampled_from(["unique", "effective_epochs", "seen", "repeated"]),
        st.sampled_from(["ignored", "log"]),
        st.sampled_from(["one", "median"]),
    ),
    drift=st.booleans(),
    pivot=st.none() | st.builds(Pivot, *[st.none() | st.floats(0.1, 1e12)] * 3),
    centre=st.none() | st.builds(Centre, *[st.none() | st.floats(0.1, 1e12)] * 2),
    noise=st.builds(
        Noise,
        st.sampled_from(["normal", "student_t"]),
        st.sampled_from(["none", "paper"]),
        st.sampled_from(["loss", "log_loss"]),
    ),
    delta=st.none() | st.floats(1e-4, 0.1),
)
def test_every_valid_combination_survives_plain_data(
    law: str,
    irreducible_loss: str,
    groups: dict[str, str],
    rates: set[str],
    acts_on: str,
    cut: tuple[float, str] | None,
    factor: str,
    data: Data,
    drift: bool,
    pivot: Pivot | None,
    centre: Centre | None,
    noise: Noise,
    delta: float | None,
) -> None:
    priors = {"sigma": Prior.of("half_normal", sigma=0.1)} if noise.scale == "log_loss" else {}
    if law == "chinchilla" and "A" in groups:
        groups = groups | {"B": groups["A"]}
    try:
        specification = Specification(
            "any",
            law=law,
            irreducible_loss=irreducible_loss,
            varies_by=groups,
            transformer_factor=factor,
            progress=Progress(
                **dict.fromkeys(rates, "constant_rate"),
                acts_on=acts_on,
                exponents="drift" if drift else "none",
                **({} if cut is None else {"cut_year": cut[0], "at_cut": cut[1]}),
            ),
            data=data,
            noise=noise,
            pivot=Pivot(2e6, 8.88e5) if drift else pivot,
            centre=centre,
            priors=priors,
            delta=delta,
        )
    except SpecificationError as error:
        assert str(error)
        return
    document = json.loads(json.dumps(specification.to_dict()))
    assert Specification.from_dict("any", document) == specification
    own = [p for p in specification.parameters() if p.name not in priors]
    assert all(specification.prior_of(p.name) == p.prior for p in own)
