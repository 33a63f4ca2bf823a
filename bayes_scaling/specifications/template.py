"""A specification as a TOML file to change: every setting with the words that it may have, every prior at hand."""

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from bayes_scaling.specifications.priors import Prior, choices_for
from bayes_scaling.specifications.progress import RATE_OF
from bayes_scaling.specifications.sections import CENTRE_PARAMETERS, CHOICES, SECTIONS, TEXT_CHOICES, groups_of
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.specifications.values import as_written

_HEAD = """\
# A specification of bayes-scaling, from '{name}'. Change it, then see what it says: bayes-scaling models FILE.toml
# Behind # stand the words that a line may have; a line that begins with # says what holds without it.
# What the words mean: help(bayes_scaling.Specification) in Python.
"""
_SIZES = {
    "pivot": "the point where groups agree: where an exponent or a rate varies by a group that A does not",
    "centre": f"the point where level and share stand, if not the default's (parameters: {CENTRE_PARAMETERS:g})",
}


def template(specification: Specification) -> str:
    """A specification as the text of a TOML file that reads back equal; choices and default priors in comments."""
    parts = [_HEAD.format(name=specification.name), "\n".join(_texts(specification))]
    if not specification.form.for_runs:
        parts.append("\n".join(_varies_by(specification)))
    parts.append("\n".join(_coefficients(specification)))
    for section, kind in SECTIONS.items():
        if section not in ("progress", "data") or not specification.form.for_runs:  # neither dates nor repetition
            parts.append("\n".join(_section(specification, section, kind)))
    if specification.tuned:
        best = [f"{name} = {as_written(each)}" for name, each in specification.tuned.items()]
        parts.append("\n".join(["[tuned]  # columns, and what is expected to be best at the central point", *best]))
    for name, figures in specification.benchmarks.items():
        tokens = "" if figures.tokens is None else f"\ntokens = {as_written(figures.tokens)}  # of its training text"
        parts.append(f"[benchmarks.{_text(name)}]{tokens}")
    parts.append("\n".join(_priors(specification)))
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _texts(s: Specification) -> Iterator[str]:
    for key in ("title", "reference", *TEXT_CHOICES):
        words = f"  # {', '.join(TEXT_CHOICES[key])}" if key in TEXT_CHOICES else ""
        if key != "transformer_factor" or not s.form.for_runs:
            yield f"{key} = {_text(getattr(s, key))}{words}"
    if s.delta is not None:
        yield f"delta = {as_written(s.delta)}  # the paper's penalty of this strength, in place of priors"


def _varies_by(s: Specification) -> Iterator[str]:
    law = s.form
    yield "[varies_by]  # what is not listed is shared by all rows"
    for name in law.may_vary:
        words, group = f"{', '.join(groups_of(name))}, or any column", s.varies_by.get(name)
        if {"A": "level", "B": "level"}.get(name, name) in s.coefficients:
            yield f"# {name}: see [coefficients]"
            continue
        yield f"# {name} is shared; or one of {words}" if group is None else f"{name} = {_text(group)}  # {words}"


def _coefficients(s: Specification) -> Iterator[str]:
    head = "[coefficients]  # formulas over the table's columns, such as 1 + architecture, 0 + lab, 1 + (1 | lab)"
    if not s.coefficients:
        yield f"# {head}"
        yield f"# in place of a line above, or further: {', '.join(s.may_have_formulas)}"
        return
    yield head
    for name in s.may_have_formulas:
        link = s.formulas[name].link if name in s.coefficients else ""
        where = {"identity": "it", "log": "its logarithm", "logit": "its log odds"}.get(link)
        about = "is that one" if name in s.tied else f"terms are added to {where}"
        given = f"{name} = {_text(s.coefficients.get(name, ''))}  # {about}"
        yield given if link else f"# {name} has no formula"


def _section(s: Specification, section: str, kind: type[Any]) -> Iterator[str]:
    settings, choices = getattr(s, section), {**CHOICES.get(section, {}), "cluster": ("none", "paper", "or any column")}
    yield f"[{section}]" if section in CHOICES else f"{'# ' * (settings is None)}[{section}]  # {_SIZES[section]}"
    for field in fields(kind):
        value = getattr(settings, field.name, None)
        if field.name in choices:
            if field.name not in RATE_OF or field.name in s.form.factors:
                left = "# " if value == field.default else ""
                yield f"{left}{field.name} = {_text(value)}  # {', '.join(choices[field.name])}"
        else:
            about = field.metadata.get("about", "a number above 0")
            yield f"# {field.name}: {about}" if value is None else f"{field.name} = {as_written(value)}  # {about}"


def _priors(s: Specification) -> Iterator[str]:
    yield "[priors]"
    for parameter in s.parameters():
        name = s.prior_name(parameter.name)
        if name.endswith("_standardised"):
            continue
        own = s.priors.get(name)
        unit = f", {parameter.unit}" if parameter.unit else ""
        yield f"\n# {name}: {parameter.meaning}{unit}"
        yield f"#   families: {choices_for(parameter.support)}"
        if own is None:
            yield f"#   default: {parameter.reason}"
        key = name if name.isascii() else _text(name)
        yield f"{'# ' if own is None else ''}{key} = {_inline(own or parameter.prior)}"


def _inline(prior: Prior) -> str:
    inside = [
        ("distribution", _text(prior.distribution)),
        *((name, as_written(value)) for name, value in prior.arguments),
    ]
    return f"{{ {', '.join(f'{name} = {value}' for name, value in inside)} }}"


def _text(value: Any) -> str:
    """A text as TOML writes it, which is as JSON does."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
