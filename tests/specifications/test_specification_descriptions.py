"""What a specification says of itself before anything is fitted."""

import re

import pytest
from made_runs import FURTHER, OF_LOSS_AND_SIZES

from bayes_scaling.model.coordinates import published_names
from bayes_scaling.reports.describe import describe
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.laws import LAWS
from bayes_scaling.specifications.priors import Prior
from bayes_scaling.specifications.sections import Noise, Progress
from bayes_scaling.specifications.specification import Specification

NAMES = list_specifications()
SHORT = [name for name in NAMES if not load_specification(name).coefficients]
"""Without formulas, whose descriptions tests/formulas reads."""
FOR_RUNS = (*OF_LOSS_AND_SIZES, *FURTHER, "kaplan/compute")
OF_RUNS_ALONE = tuple(name for name in NAMES if LAWS[load_specification(name).law].for_runs)
RATES = {"parameters": "g_N", "data": "g_D", "compute": "g_C"}


def words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]\w*", text))


@pytest.mark.parametrize("name", NAMES)
def test_title_and_reference_stand_on_top(name: str) -> None:
    specification = load_specification(name)
    description = describe(specification)
    assert (description.title, description.reference) == (specification.title, specification.reference)


@pytest.mark.parametrize("name", SHORT)
def test_the_equation_names_its_coefficients(name: str) -> None:
    specification = load_specification(name)
    equations = describe(specification).equations
    assert equations[0].startswith("L = " if specification.response == "loss" else "B_crit = ")
    found = words(" ".join(equations))
    coefficients = {name for term in LAWS[specification.law].terms for name in (term.coefficient, term.exponent)}
    assert coefficients <= words(equations[0])
    assert ("E" in words(equations[0])) == (specification.irreducible_loss != "none")
    assert ("gamma" in found) == (specification.data.vocabulary == "log")
    rates = {RATES[key] for key in specification.progress.growing}
    rates = {f"{rate}_constant" for rate in rates} if specification.progress.exponents == "drift" else rates
    assert rates <= found
    assert {word for word in found if word.startswith(("g_N", "g_D"))} == rates - {"g_C"}
    assert ("alpha_drift" in found) == (specification.progress.exponents == "drift")


@pytest.mark.parametrize("name", SHORT)
def test_the_equation_says_what_varies_by_what(name: str) -> None:
    specification = load_specification(name)
    text = " ".join(describe(specification).equations)
    for coefficient, group in specification.varies_by.items():
        assert f"{coefficient}[{group}]" in text
    for shared in {"A", "B", "alpha", "beta", "g_N", "g_D", "g_C"} - set(specification.varies_by):
        allowed = specification.progress.acts_on == "loss_term" and shared.startswith("g_")
        assert allowed or f"{shared}[" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_line_for_every_prior(name: str) -> None:
    specification = load_specification(name)
    lines = describe(specification).priors
    assert [line.name for line in lines] == [p.name for p in specification.parameters()]
    for line, parameter in zip(lines, specification.parameters(), strict=True):
        own, logarithmic = (
            specification.priors.get(specification.prior_name(parameter.name)),
            specification.noise.scale == "log_loss",
        )
        assert line.prior == str(own or parameter.prior)
        assert (line.by or None) == specification.index_of(parameter.name) or name not in SHORT
        assert line.meaning == parameter.meaning or name in OF_RUNS_ALONE
        assert line.reason == ("set by this specification" if own else parameter.reason)
        if name != "kaplan/critical-batch":
            assert line.unit == ("log units of loss" if parameter.name == "sigma" and logarithmic else parameter.unit)


@pytest.mark.parametrize("name", NAMES)
def test_notes_say_the_units_and_the_central_point(name: str) -> None:
    notes = "\n".join(describe(load_specification(name)).notes)
    assert "nats per token" in notes
    if name in OF_RUNS_ALONE:
        assert "central point: " in notes
        return
    if name in FOR_RUNS:
        assert "central point: 1,000,000,000 parameters, tokens 20,000,000,000\n" in notes
        return
    assert "central point: 30,000,000 parameters, year 2018, tokens " in notes
    start = "2012.488" if name in ("ho2024/04", "ho2024/05", "ho2024/06", "robustness/jump-2017") else "2018"
    assert f"; Y0 = {start}\n" in f"{notes}\n"


@pytest.mark.parametrize(
    ("name", "equations"),
    [
        (
            "chinchilla",
            (
                "L = (E + A / N_eff^alpha + B / D_eff^beta) exp(noise)",
                "N_eff = N",
                "D_eff = D",
                "noise ~ StudentT(nu, 0, sigma)",
            ),
        ),
        (
            "ho2024/07",
            (
                "L = A[benchmark] / N_eff^alpha + B[benchmark] / D_eff^beta + noise",
                "N_eff = N exp(g_N (Y - Y0))",
                "D_eff = D exp(g_D (Y - Y0))",
                "noise ~ Normal(0, sigma)",
            ),
        ),
        (
            "ho2024/12",
            (
                "L = (A[benchmark] / N^alpha + B[benchmark] / D^beta) exp(-d (Y - Y0)) + noise",
                "d = alpha g_N = beta g_D, g_N + g_D = g_C",
                "noise ~ Normal(0, sigma)",
            ),
        ),
        (
            "ho2024/18",
            ("L = A[benchmark] / C_eff^alpha + noise", "C_eff = 6 N D exp(g_C (Y - Y0))", "noise ~ Normal(0, sigma)"),
        ),
        (
            "steps/1-irreducible",
            (
                "L = E[benchmark] + A[benchmark] / N_eff^alpha + B[benchmark] / D_eff^beta + u[paper] + noise",
                "N_eff = N exp(g_N (Y - Y0))",
                "D_eff = D exp(g_D (Y - Y0))",
                "noise ~ Normal(0, sigma), u[paper] ~ Normal(0, tau)",
            ),
        ),
        (
            "reference",
            (
                "L = E[benchmark] + R[test_time_adaptation] (A[benchmark] / N^alpha[architecture] exp(-d_A (Y - Y0)) + "
                "B[benchmark] / D^beta exp(-d_B (Y - Y0))) + u[paper] + u[system] + noise",
                "d_A = alpha_base g_N_central = alpha[architecture] g_N[architecture], d_B = beta g_D",
                "ln(alpha[architecture]) = ln(alpha_base) + alpha_architecture X[architecture]",
                "ln(R[test_time_adaptation]) = reducible_test_time_adaptation X[test_time_adaptation]",
                "noise ~ s[paper] Normal(0, sigma), u[paper] ~ s[paper] Normal(0, tau_paper), "
                "u[system] ~ s[paper] Normal(0, tau), s[paper]^2 ~ nu / ChiSquared(nu)",
            ),
        ),
        (
            "robustness/transformer-factor",
            (
                "L = F (A[benchmark] / N_eff^alpha + B[benchmark] / D_eff^beta) + noise",
                "N_eff = N exp(g_N (Y - Y0))",
                "D_eff = D exp(g_D (Y - Y0))",
                "F = 1 / (1 + exp(-gamma_T)) for transformers, 1 for others",
                "noise ~ Normal(0, sigma)",
            ),
        ),
        (
            "robustness/bend-2017",
            (
                "L = A[benchmark] / N_eff^alpha + B[benchmark] / D_eff^beta + noise",
                "N_eff = N exp(sum of g_N[era] years[era])",
                "D_eff = D exp(sum of g_D[era] years[era])",
                "years[era]: years of each era between Y0 and Y; era: before or after 2017.444",
                "noise ~ Normal(0, sigma)",
            ),
        ),
        (
            "robustness/jump-2017",
            (
                "L = A[benchmark] / N_eff^alpha + B[benchmark] / D_eff^beta + noise",
                "N_eff = N exp(g_N[era] (Y - Y0))",
                "D_eff = D exp(g_D[era] (Y - Y0))",
                "era: before or after 2017.444, that of Y; its rate counts from Y0 on, so effective size jumps at the "
                "cut",
                "noise ~ Normal(0, sigma)",
            ),
        ),
        (
            "robustness/nearly-neutral",
            (
                "L = A[benchmark] / N_eff^alpha + B[benchmark] / D_eff^beta + noise",
                "N_eff = N exp(g_N (Y - Y0))",
                "D_eff = D exp(g_D (Y - Y0))",
                "alpha g_N - beta g_D = hicks_gap, g_N + g_D = g_C",
                "noise ~ Normal(0, sigma)",
            ),
        ),
        (
            "robustness/repetition",
            (
                "L = A[benchmark] / N_eff^alpha + B[benchmark] / D_eff^beta + noise",
                "N_eff = N exp(g_N (Y - Y0))",
                "D_eff = D W exp(g_D (Y - Y0))",
                "W = 1 + repetition_scale (1 - exp(-(epochs - 1) / repetition_scale))",
                "noise ~ Normal(0, sigma)",
            ),
        ),
    ],
)
def test_whole_equations(name: str, equations: tuple[str, ...]) -> None:
    assert describe(load_specification(name)).equations == equations


@pytest.mark.parametrize("name", ["ho2024/14", "ho2024/15"])
def test_drifting_exponents_name_their_pivot(name: str) -> None:
    text = " ".join(describe(load_specification(name)).equations)
    for part in ("N / 2e+06", "D / 888000", "alpha_drift", "beta_drift", "2018 ln(Y / 2018)"):
        assert part in text


def test_heavy_tails_are_in_the_equation() -> None:
    assert "noise ~ StudentT(nu, 0, sigma)" in describe(Specification("t", noise=Noise("student_t"))).equations


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("ho2024/16", "no progress: doubling times are infinite by assumption"),
        ("chinchilla", "noise on the logarithm of the loss: sigma is a share of the loss"),
        ("ho2024/19", "a missing vocabulary is taken to be its benchmark's median"),
        ("ho2024/20", "missing epochs count as one pass"),
        ("ho2024/14", "reported at the central point"),
        ("reference", "paper and system effects u are integrated out in closed form"),
        ("robustness/tokens-seen", "missing epochs count as one pass"),
        ("robustness/repetition", "missing epochs are its benchmark's median in the table"),
        ("robustness/transformer-factor", "level, share, A and B are those of architectures other than transformers"),
    ],
)
def test_what_is_peculiar_is_noted(name: str, note: str) -> None:
    assert note in "\n".join(describe(load_specification(name)).notes)


def test_own_priors_are_marked() -> None:
    own = {"g_N": Prior.of("normal", mu=0, sigma=0.1)}
    specification = Specification("mine", progress=Progress(parameters="constant_rate"), priors=own)
    lines = {line.name: line for line in describe(specification).priors}
    assert lines["g_N"].prior == "Normal(mu=0, sigma=0.1)"
    assert lines["g_N"].reason == "set by this specification"
    assert lines["alpha"].reason != "set by this specification"


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("ho2024/")])
def test_a_penalised_model_names_the_papers_coefficients(name: str) -> None:
    specification = load_specification(name).with_published_penalty(0.0025)
    description = describe(specification)
    notes = "\n".join(description.notes)
    assert all(coefficient in words(notes) for coefficient in published_names(specification))
    assert "Laplace(0, 2 sigma^2 / (n 0.0025))" in notes
    assert ("C0, Y0" if specification.law == "compute" else "N0, D0, Y0") + ": the sample's minima" in notes
    assert [line.name for line in description.priors] == ["sigma"]


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        (
            "ho2024/07",
            "alpha_const = ln A; alpha_year = alpha g_N; alpha_param = alpha; "
            "beta_const = ln B; beta_year = beta g_D; beta_data = beta; "
            "_ptb, _wt2: what the benchmark adds to WikiText-103's value",
        ),
        ("ho2024/02", "alpha_const = ln A; alpha_param = alpha; beta_const = ln B; beta_year = beta g_D"),
        ("ho2024/12", "alpha_const = ln A; alpha_year = d; alpha_param = alpha; beta_const = ln B; beta_data = beta"),
        ("ho2024/13", "alpha_year = d_A; alpha_param = alpha; beta_const = ln B; beta_year = d_B"),
        ("ho2024/13", "_t: the transformers' own value"),
        ("ho2024/14", "alpha_const = ln A; alpha_param + alpha_rate ln(Y) = alpha + alpha_drift h(Y)"),
        ("ho2024/15", "beta_year = beta g_D_constant; beta_data + beta_rate ln(Y) = beta + beta_drift h(Y)"),
        ("ho2024/18", "alpha_const = ln A; alpha_year = alpha g_C; alpha_C = alpha"),
        ("robustness/jump-2017", "alpha_const = ln A; alpha_year = alpha g_N; alpha_param = alpha"),
        ("robustness/jump-2017", "_before, _after: the value of each era"),
        ("robustness/transformer-factor", "gamma_T: log odds of the factor F on transformers' reducible loss"),
    ],
)
def test_the_papers_coefficients_are_related_to_the_equations_symbols(name: str, meaning: str) -> None:
    assert meaning in "\n".join(describe(load_specification(name).with_published_penalty(0.0025)).notes)


@pytest.mark.parametrize(
    ("name", "equation"),
    [
        ("ho2024/07", "L = A[benchmark] / (N_eff / N0)^alpha + B[benchmark] / (D_eff / D0)^beta + noise"),
        ("ho2024/12", "L = (A[benchmark] / (N / N0)^alpha + B[benchmark] / (D / D0)^beta) exp(-d (Y - Y0)) + noise"),
        (
            "ho2024/17",
            "L = A[benchmark] / (N_eff / N0)^alpha[architecture] + "
            "B[benchmark] / (D_eff / D0)^beta[architecture] + noise",
        ),
        ("ho2024/18", "L = A[benchmark] / (C_eff / C0)^alpha + noise"),
    ],
)
def test_a_penalised_model_stands_on_the_samples_minima(name: str, equation: str) -> None:
    assert describe(load_specification(name).with_published_penalty(0.0025)).equations[0] == equation


@pytest.mark.parametrize("name", ["ho2024/13", "ho2024/17"])
def test_exponents_by_architecture_name_their_pivot(name: str) -> None:
    description = describe(load_specification(name))
    assert "/ 2e+06)^alpha[architecture]" in description.equations[0]
    assert "/ 888000)^beta[architecture]" in description.equations[0]
    assert "level and share are those of the groups' middle at the central point" in description.notes


def test_the_central_point_is_that_of_the_benchmarks_of_a_table(ho2024) -> None:
    specification = load_specification("ho2024/07")
    (shown,) = [note for note in describe(specification).notes if note.startswith("central point")]
    assert "wt2 2,088,628" in shown
    table = ho2024.assign(benchmark=ho2024["benchmark"].replace("wt2", "newswire"))
    middle = table.loc[table["benchmark"] == "newswire", "tokens"].median()
    (own,) = [note for note in describe(specification, table).notes if note.startswith("central point")]
    assert f"newswire {middle:,.0f}" in own
    assert "wt2" not in own
