"""Numbers in the prose of notebooks: an output of the same notebook shows each, or code gives it, or it is a name."""

import re
from functools import cache

import nbformat
import pandas as pd
import pytest
from quoted import COUNT, NUMBER, ROOT, Claim, check_claim, prose, unclaimed

import bayes_scaling as bs
from bayes_scaling.classical import HO2024_CROSS_VALIDATION, HO2024_DELTAS
from bayes_scaling.inference.settings import DEFAULT
from bayes_scaling.law.formula import training_compute
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY
from bayes_scaling.studies.comparison.result import TIE_NATS
from bayes_scaling.studies.replication import MODEL
from bayes_scaling.studies.robustness.cases import CASES

NOTEBOOKS = ROOT / "notebooks"
NAMES = tuple(path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb")))
WORDS = {
    2: "two",
    4: "four",
    8: "eight",
    9: "nine",
    10: "ten",
    30: "thirty",
    60: "sixty",
    100: "hundred",
    1000: "thousand",
}
INTERVAL = Claim(r"(\d+)% (?:equal-tailed|bootstrap)", lambda: (f"{100 * INTERVAL_PROBABILITY:.0f}",))
NAMED = {
    "a paper": Claim(r"et al\. \d{4}|arXiv \d{4}\.\d{5}", None),
    "a part of a paper": Claim(r"Table 11|figure 4|table 1", None),
    "its own number": Claim(r"# [1-6]\. ", None),
    "how long it takes": Claim(r"less than three minutes on two cores; to read it, (?:ten|fifteen)\.", None),
}


@cache
def notebook(name: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def code(name: str) -> str:
    return "\n".join(cell.source for cell in notebook(name).cells if cell.cell_type == "code")


def text_of(name: str) -> str:
    return prose("\n\n".join(cell.source for cell in notebook(name).cells if cell.cell_type == "markdown"))


def shown(name: str) -> set[str]:
    """Numbers that outputs show."""
    outputs = [output for cell in notebook(name).cells for output in cell.get("outputs", [])]
    texts = [str(output.get("text", "")) for output in outputs]
    texts += [str(part) for output in outputs for kind, part in output.get("data", {}).items() if kind[:5] == "text/"]
    return set(NUMBER.findall(re.sub(r"<[^>]*>", " ", " ".join(texts))))


def span_in_years() -> tuple[str, ...]:
    """From first to last year whose effective compute the first notebook compares."""
    phrase = r"bs\.effective_compute\(\w+, (\d{4}), \[.*?(\d{4})\]\)"
    first, last = re.search(phrase, code("01-first-posterior")).groups()
    return (WORDS[int(last) - int(first)],)


def lines_of_specification() -> tuple[str, ...]:
    """A file of at most ten lines: what may be said to be one of ten."""
    (written,) = re.findall(r'write_text\("""\n(.*?)"""', code("03-comparing-models"), re.DOTALL)
    return ("ten",) if len(written.splitlines()) <= 10 else (str(len(written.splitlines())),)


def rows_of_example() -> tuple[str, ...]:
    table = pd.read_csv(NOTEBOOKS / "data" / "my-evaluations.csv")
    assert len(set(table["Dataset"])) == 1
    return (WORDS[len(table)].capitalize(),)


def budgets() -> tuple[str, ...]:
    found = re.search(
        r'\[(\d+) \* runs\["flop"\]\.max\(\), (\d+) \* runs\["flop"\]\.max\(\)\]', code("04-your-own-data")
    )
    return tuple(WORDS[int(each)] for each in found.groups())


def short_run() -> tuple[str, ...]:
    found = re.search(r"draws=(\d+), tune=\d+, chains=(\d+), attempts=1\)", code("05-when-not-to-trust-it")).groups()
    return WORDS[int(found[1])], WORDS[int(found[0])]


def prior_of_rates() -> tuple[str, ...]:
    specification = bs.load_specification()
    (prior,) = {specification.prior_of(name) for name in ("g_N_central", "g_D_central")}
    return tuple(f"{dict(prior.arguments)[name]:g}" for name in ("mu", "sigma"))


CLAIMS: dict[str, dict[str, Claim]] = {
    "01-first-posterior": {
        "chains": Claim(r"runs (\w+) chains of NUTS", lambda: (WORDS[DEFAULT.chains],)),
        "years": Claim(r"a third of the doublings in (\w+) years", span_in_years),
        "an example": Claim(r"a doubling time three times as long", None),
    },
    "02-the-paper-side-by-side": {
        "model": Claim(r"the paper's preferred model (\d)", lambda: (str(int(MODEL.partition("/")[2])),)),
    },
    "03-comparing-models": {
        "lines": Claim(r"a specification in (\w+) lines", lines_of_specification),
        "tie": Claim(r"by less than (\w+) nats", lambda: (WORDS[int(TIE_NATS)],)),
        "grid": Claim(
            r"whole grid, (\d+) structures by (\d) penalties",
            lambda: (str(len(HO2024_CROSS_VALIDATION)), str(len(HO2024_DELTAS))),
        ),
    },
    "04-your-own-data": {
        "rows": Claim(r"(\w+) rows on one benchmark say", rows_of_example),
        "budgets": Claim(r"for (\w+) times and a (\w+) times the compute", budgets),
        "compute": Claim(r"C = (\d) N D", lambda: (f"{float(training_compute(1.0, 1.0)):g}",)),
        "digitised runs": Claim(r"the (\d+) runs of Hoffmann", None),
    },
    "05-when-not-to-trust-it": {
        "short": Claim(r"on purpose: (\w+) chains of a (\w+) draws", short_run),
        "cases": Claim(r"\[(\w+) robustness cases\]", lambda: (WORDS[len(CASES)],)),
        "prior": Claim(r"Normal\((\d), (\d)\), at half", prior_of_rates),
        "ends of a scale": Claim(r"1 is decided by the data, 0 is still the prior", None),
    },
    "06-building-the-reference-model": {
        "a model": Claim(r"ho2024/07|steps/1-irreducible", None),
    },
}
CHECKED = [(name, key) for name, claims in CLAIMS.items() for key, claim in claims.items() if claim.compute]


@pytest.mark.parametrize(("name", "key"), CHECKED, ids=[f"{name}-{key}" for name, key in CHECKED])
def test_a_number_is_what_code_gives(name, key) -> None:
    check_claim(CLAIMS[name][key], text_of(name), name)


@pytest.mark.parametrize("name", NAMES)
def test_intervals_are_of_the_packages_probability(name) -> None:
    assert set(re.findall(INTERVAL.phrase, text_of(name))) <= set(INTERVAL.compute())


@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_shown_or_claimed(name) -> None:
    text, claims = text_of(name), NAMED | {"intervals": INTERVAL} | CLAIMS[name]
    assert unclaimed(text, claims, shown=shown(name)) == []
    assert unclaimed(text, claims, COUNT) == []


def test_the_digitised_runs_are_so_many(digitised) -> None:
    found = re.findall(CLAIMS["04-your-own-data"]["digitised runs"].phrase, text_of("04-your-own-data"))
    assert found == [str(len(digitised))]
