"""Sections of a specification: their settings, the words that these may have, and reading them from plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from bayes_scaling.errors import SpecificationError
from bayes_scaling.specifications.laws import LAWS
from bayes_scaling.specifications.noise import FAMILIES, Family
from bayes_scaling.specifications.parameters import PARAMETERS
from bayes_scaling.specifications.priors import Prior, choices_for
from bayes_scaling.specifications.progress import GROUPS_OF_DATES, RATE_OF, Progress
from bayes_scaling.specifications.values import choice, is_number, shown

CENTRE_PARAMETERS, CENTRE_YEAR = 3e7, 2018.0
GROUPS = ("benchmark", "architecture")
GROUPS_OF_RATES = (*GROUPS, *GROUPS_OF_DATES)


def groups_of(coefficient: str) -> tuple[str, ...]:
    """What a coefficient varies by in the catalogue; it may vary by any other column of the table too."""
    return GROUPS_OF_RATES if coefficient in RATE_OF.values() else GROUPS


@dataclass(frozen=True)
class Noise:
    """How observations scatter around the law.

    Parameters
    ----------
    family
        ``"normal"``, ``"student_t"`` for each row alone, or ``"multivariate_t"``, by which noise and effects of each
        outermost cluster have a random scale in common: a paper as a whole can be far from the law. Or ``"one_sided"``:
        runs lie above the law by a positive part too, of which ``untuned`` is the mean in units of ``sigma``, as those
        do whose learning rate is not the best.
    cluster
        ``"none"``, or ``"paper"``: evaluations of one paper (runs of one series) share an effect; or another column
        of the table, such as ``"lab"``, whose rows do, and which then is the unit ``paper`` of cross-validation. Or
        several, from the outermost: of ``("lab", "paper")``, rows of a lab share an effect of standard deviation
        ``tau_lab``, and those of a paper within a lab another of ``tau``; the unit is the lab.
    scale
        ``"loss"``: noise is added to the loss, ``sigma`` in nats per token. ``"log_loss"``: noise is added to the
        logarithm of the loss, so that it is in proportion to the loss; ``sigma`` then needs a prior of its own.
    """

    family: str = choice(*FAMILIES)
    cluster: str | tuple[str, ...] = "none"
    scale: str = choice("loss", "log_loss")

    def __post_init__(self) -> None:
        if isinstance(self.cluster, list | tuple):
            names = tuple(self.cluster)
            object.__setattr__(self, "cluster", names[0] if len(names) == 1 else names)

    @property
    def kind(self) -> Family:
        """The family, with all that is asked of it."""
        return FAMILIES[self.family]

    @property
    def clusters(self) -> tuple[str, ...]:
        """Columns whose rows share an effect, the outermost first."""
        if isinstance(self.cluster, str):
            return () if self.cluster == "none" else (self.cluster,)
        return self.cluster

    @property
    def effects(self) -> tuple[tuple[str, str], ...]:
        """Of each cluster, the outermost first: its name among the groups of rows, and that of its deviation."""
        groups = ("paper", *(f"{inner} in {outer}" for outer, inner in pairwise(self.clusters)))
        deviations = (*(f"tau_{name}" for name in self.clusters[:-1]), "tau")
        return tuple((group, tau) for _, group, tau in zip(self.clusters, groups, deviations, strict=False))

    @property
    def samples_effects(self) -> bool:
        """Whether effects that rows share are sampled; where they can be integrated out, they are."""
        return bool(self.clusters) and not self.kind.in_closed_form

    @property
    def on_log(self) -> bool:
        """Whether noise is on the logarithm of the loss."""
        return self.scale == "log_loss"

    def added(self, expected: Any, scatter: Any, xp: Any = np) -> Any:
        """Losses from expected ones and what is added to them on the scale of the noise.

        Heavy tails of a logarithm reach further than a number can: there a loss is as far as one can be told from 0.
        """
        return expected * xp.exp(xp.clip(scatter, -_FURTHEST, _FURTHEST)) if self.on_log else expected + scatter


_FURTHEST = 300.0  # log units; a loss can still be squared


@dataclass(frozen=True)
class Data:
    """How columns of the table enter the law.

    Parameters
    ----------
    tokens
        ``"unique"``: training tokens as they stand. ``"effective_epochs"``: times the worth of their repetition
        as coded by Ho et al. 2024 (model 20), where missing epochs count as one pass. ``"seen"``: times epochs.
        ``"repeated"``: times :func:`bayes_scaling.law.formula.effective_epochs`, with ``repetition_scale`` a parameter;
        of training runs, whose tokens are as seen, over their epochs first.
    vocabulary
        ``"ignored"``, or ``"log"``: a term ``gamma ln(vocabulary)`` (model 19), where a missing
        vocabulary is taken to be the benchmark's median in the same table.
    missing_epochs
        Where tokens are ``"seen"`` or ``"repeated"``, what a missing number of epochs is taken to be: ``"one"`` pass
        or the benchmark's ``"median"`` in the same table.
    excess_parameters
        Where tokens are ``"repeated"``, parameters beyond those for which fresh tokens would be the best number are
        ``"kept"`` as they are, or they ``"decay"``: their worth does as that of repetitions, with ``excess_scale``
        (Muennighoff et al. 2023, eq. 7).
    overfitting
        Where tokens are ``"repeated"``: ``"penalty"`` adds a power law of repetitions and of parameters for each unique
        token to the loss (after Lovelace et al. 2026, arXiv 2605.01640).
    """

    tokens: str = choice("unique", "effective_epochs", "seen", "repeated")
    vocabulary: str = choice("ignored", "log")
    missing_epochs: str = choice("one", "median")
    excess_parameters: str = choice("kept", "decay")
    overfitting: str = choice("none", "penalty")


@dataclass(frozen=True)
class Pivot:
    """Where the lines of groups meet, if an exponent or a rate varies by group; where exponents that drift start from.

    Where an exponent or a rate varies by a group and ``A`` does not vary by the same, the lines of the groups meet
    at one point, and that point is part of the law: the paper's is its sample's minima N0, D0, Y0. So is the year
    from which both eras' rates count where effective size jumps. What is not given here is the central point's.

    Parameters
    ----------
    parameters, tokens
        Used where exponents drift (models 14, 15) or vary by a group that A does not vary by (models 13, 17).
    year
        Decimal year, used where a rate varies by a group that A does not vary by (models 4, 5, 6), or jumps at a cut.
    """

    parameters: float | None = None
    tokens: float | None = None
    year: float | None = None


@dataclass(frozen=True)
class Centre:
    """Sizes of the central point, at which ``level`` and ``share`` stand; what is not given is the default's.

    Parameters
    ----------
    parameters, tokens
        Counts: the middle of the table that a specification is written for, so that a reader can judge the priors. In a
        law of compute the central compute is that of both, 6 N D.
    least_steps
        ``S_min``, in a law of least steps.
    loss
        Nats per token, in a law of the critical batch size.
    """

    parameters: float | None = None
    tokens: float | None = None
    least_steps: float | None = None
    loss: float | None = None


@dataclass(frozen=True)
class BenchmarkFigures:
    """What ``[benchmarks.NAME]`` says of a benchmark: tokens of its training text, at which level and share stand."""

    tokens: float | None = None


SECTIONS: dict[str, type[Any]] = dict(progress=Progress, noise=Noise, data=Data, pivot=Pivot, centre=Centre)
OF_NUMBERS = (Pivot, Centre, BenchmarkFigures)
"""Sections whose settings are numbers above 0, none of which needs to be given."""
CHOICES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    section: {each.name: each.metadata["choices"] for each in fields(kind) if "choices" in each.metadata}
    for section, kind in SECTIONS.items()
    if kind not in OF_NUMBERS
}
TEXT_CHOICES: Mapping[str, tuple[str, ...]] = {
    "law": tuple(LAWS),
    "irreducible_loss": ("none", "shared", "benchmark"),
    "transformer_factor": ("none", "sigmoid"),
}
TEXTS = ("title", "reference", *TEXT_CHOICES)
_LEFT_OUT = {"transformer_factor": "none", "at_cut": "bend", "missing_epochs": "one", "scale": "loss"}
_LEFT_OUT |= {"excess_parameters": "kept", "overfitting": "none"}
"""Settings that plain data leave out at these values, so that what was stored without them keeps its fingerprint."""


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A specification's settings as plain data, which :func:`read` reads back."""
    document = _told({key: settings[key] for key in TEXTS}) | {"varies_by": dict(settings["varies_by"])}
    if settings["coefficients"]:
        document["coefficients"] = dict(settings["coefficients"])
    if settings["tuned"]:
        document["tuned"] = {name: float(best) for name, best in settings["tuned"].items()}
    if settings["benchmarks"]:
        document["benchmarks"] = {name: _told(vars(each)) for name, each in settings["benchmarks"].items()}
    document |= {section: _told(vars(settings[section])) for section in SECTIONS if settings[section] is not None}
    document["priors"] = {
        name: {"distribution": prior.distribution} | dict(prior.arguments) for name, prior in settings["priors"].items()
    }
    return document if settings["delta"] is None else document | {"delta": float(settings["delta"])}


def _told(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without those that are not given or left out at their defaults."""
    kept = {key: value for key, value in settings.items() if value is not None and value != _LEFT_OUT.get(key)}
    return {
        key: float(value) if is_number(value) else list(value) if isinstance(value, tuple) else value
        for key, value in kept.items()
    }


def given(sizes: Any) -> dict[str, float]:
    """Sizes of a section that are set."""
    return {} if sizes is None else {name: value for name, value in vars(sizes).items() if value is not None}


def read(document: Mapping[str, Any]) -> dict[str, Any]:
    """A specification's settings from plain data; SpecificationError for unknown keys and wrong types."""
    valid = (*TEXTS, "varies_by", "coefficients", "tuned", "benchmarks", *SECTIONS, "priors", "delta")
    _refuse_unknown("the specification", document, valid)
    settings = {key: document[key] for key in (*TEXTS, "delta") if key in document}
    for key, value in settings.items():
        if key in TEXTS and not isinstance(value, str):
            choices = f"; choose one of: {', '.join(TEXT_CHOICES[key])}" if key in TEXT_CHOICES else ""
            raise SpecificationError(f"{key} must be text in quotes, not {shown(value)}{choices}")
    for section in ("varies_by", "coefficients", "tuned", "benchmarks", "priors"):
        settings[section] = dict(_table(section, document.get(section, {})))
    for section, kind in SECTIONS.items():
        if section in document:
            settings[section] = _section(section, kind, document[section])
    for name, content in settings["benchmarks"].items():
        settings["benchmarks"][name] = _section(f"benchmarks.{name}", BenchmarkFigures, content)
    for name, content in settings["priors"].items():
        settings["priors"][name] = _prior(name, content)
    return settings


def _refuse_unknown(where: str, content: Mapping[str, Any], valid: tuple[str, ...]) -> None:
    unknown = [key for key in content if key not in valid]
    if unknown:
        raise SpecificationError(
            f"{where} has unknown key{'s' if len(unknown) > 1 else ''} {', '.join(map(repr, unknown))}; "
            f"valid keys: {', '.join(valid)}"
        )


def _table(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SpecificationError(f"{where} must be a table ([{where}] with key = value lines), not {shown(value)}")
    return value


def _section(section: str, kind: type[Any], value: object) -> Any:
    content = _table(section, value)
    _refuse_unknown(f"[{section}]", content, tuple(f.name for f in fields(kind)))
    if kind in OF_NUMBERS:
        for key, number in content.items():
            require_positive(f"[{section}] {key}", number)
        content = {key: float(number) for key, number in content.items()}
    return kind(**content)


def _prior(key: str, value: object) -> Prior:
    content = dict(_table(f"priors.{key}", value))
    distribution = content.pop("distribution", None)
    if not isinstance(distribution, str):
        choices = choices_for(PARAMETERS[key].support if key in PARAMETERS else "real")
        raise SpecificationError(f'[priors.{key}] needs distribution = "..."; valid choices: {choices}')
    try:
        return Prior(distribution, **content)
    except SpecificationError as error:
        raise SpecificationError(f"[priors.{key}] {error}") from None


def require_positive(where: str, value: Any) -> None:
    """Refuse what is no number above 0."""
    if not is_number(value) or value <= 0:
        raise SpecificationError(f"{where} must be a number above 0, not {shown(value)}")
