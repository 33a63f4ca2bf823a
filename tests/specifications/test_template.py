"""Templates: every specification of the catalogue comes back, and every word that a file may hold is in them."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayes_scaling as bs
from bayes_scaling.specifications.priors import Prior
from bayes_scaling.specifications.sections import CHOICES, TEXT_CHOICES, Centre
from bayes_scaling.specifications.template import template

SETTING = re.compile(r"# (\w+ = (?:\"|\{).*)")


def read(name: str, text: str) -> bs.Specification:
    return bs.Specification.from_dict(name, tomllib.loads(text))


@pytest.mark.parametrize("name", bs.list_specifications())
def test_it_reads_back_to_what_it_was_made_of(name) -> None:
    specification = bs.load_specification(name)
    assert read(name, template(specification)) == specification


@pytest.mark.parametrize("name", bs.list_specifications())
def test_what_its_comments_say_holds_without_them_does_so(name) -> None:
    specification = bs.load_specification(name)
    text = template(specification)
    told = "\n".join(SETTING.sub(r"\1", line) if SETTING.fullmatch(line) else line for line in text.splitlines())
    found = read(name, told)
    sampled = [each.name for each in specification.parameters() if not each.name.endswith("_standardised")]
    commented = len(sampled) - len(specification.priors)
    assert told.count("distribution = ") - commented == len(specification.priors)
    for name in sampled:
        assert found.priors[specification.prior_name(name)] == specification.prior_of(name)
    assert {**found.to_dict(), "priors": {}} == {**specification.to_dict(), "priors": {}}


def test_every_word_that_a_setting_may_have_is_there() -> None:
    text = template(bs.load_specification("steps/1-irreducible"))
    choices = {"": TEXT_CHOICES} | dict(CHOICES)
    shown = {}
    section = ""
    for line in text.splitlines():
        heading = re.match(r"\[(\w+)\]", line)
        section = heading[1] if heading else section
        setting = re.fullmatch(r"(?:# )?(\w+) = \"[^\"]*\"  # (.*)", line)
        if setting and not line.startswith(("title", "reference")):
            shown[section, setting[1]] = tuple(setting[2].split(", "))
    wanted = {(section, key): words for section, keys in choices.items() for key, words in keys.items()}
    del wanted["progress", "compute"]  # which does not go with this law
    assert {key: shown[key] for key in wanted} == wanted
    assert all(f"\n{name}" in text or f"\n# {name} is shared" in text for name in ("A", "B", "alpha", "beta", "g_N"))


def test_a_law_of_runs_shows_only_what_goes_with_it() -> None:
    text = template(bs.load_specification("kaplan/joint"))
    headings = re.findall(r"^(?:# )?\[(\w+)\]", text, flags=re.MULTILINE)
    assert {"varies_by", "progress", "data"}.isdisjoint(headings) and "noise" in headings


@given(st.text(max_size=60), st.floats(1e-3, 1e3), st.floats(1e-300, 1e300))
def test_any_text_and_any_number_come_back(title, sigma, parameters) -> None:
    prior = Prior.of("half_normal", sigma=sigma)
    made = bs.Specification(
        "mine", title=title, priors={"sigma": prior}, centre=Centre(parameters=parameters), delta=None
    )
    assert read("mine", template(made)) == made


def test_a_penalty_comes_back() -> None:
    made = bs.load_specification("ho2024/07").with_published_penalty(0.0025)
    assert read(made.name, template(made)) == made
