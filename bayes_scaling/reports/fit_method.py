"""How a fit was made, so that it can be made again."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.settings import SMC
from bayes_scaling.model.describe import describe
from bayes_scaling.reports.document import Block, Bullets, Code, Equation, Paragraph, Section, Table
from bayes_scaling.reports.mathematics import is_equation, tex
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables.packaged import PACKAGED, load_evaluations


def equations(specification: Specification) -> tuple[Block, ...]:
    """A specification's equations in LaTeX; what is said in words stays in words."""
    lines = describe(specification).equations
    return tuple(Equation(tex(line)) if is_equation(line) else Paragraph(line) for line in lines)


def priors(specification: Specification) -> Table | None:
    """A specification's priors: on what, in which unit, and why; None where it states none."""
    lines = describe(specification).priors
    rows = tuple(
        (f"{line.name} by {line.by}" if line.by else line.name, line.prior, line.unit, line.meaning, line.reason)
        for line in lines
    )
    return Table("priors", "Priors", ("parameter", "prior", "unit", "meaning", "reason"), rows) if lines else None


def model_section(fit: Fit) -> Section:
    """Title and source of the specification, its equations, notes and priors."""
    about = describe(fit.specification)
    title = " ".join(f"{part}." for part in (f"Specification '{fit.specification.name}'", about.title) if part)
    source = f" Source: {about.reference}." if about.reference else ""
    blocks = (*equations(fit.specification), Bullets(about.notes), priors(fit.specification))
    return Section.of("model", "The model", title + source, *blocks)


_CSV, _TOML = ".csv", ".toml"


def method_section(fit: Fit) -> Section:
    """Sampler, settings, seed, versions, fingerprint, and the command that repeats it."""
    if fit.settings.sampler == SMC:
        how = "Sampled by sequential Monte Carlo from the prior to the posterior, in independent runs (PyMC)."
    else:
        how = "Sampled by the No-U-Turn sampler (nutpie) from the PyMC model of the equations above."
    seconds = {f"seconds, {name}": f"{value:.1f}" for name, value in fit.seconds.items()}
    settings = {**asdict(fit.settings), "seed": fit.seed, **seconds}
    return Section.of(
        "method",
        "Method",
        f"{how} Equal fingerprints, equal fits: {fit.fingerprint or 'none recorded'}.",
        Table.pairs("settings", "Settings", ("setting", "value"), settings),
        _versions(fit.versions) if fit.versions else None,
        *command_blocks("To fit it again:", _arguments(fit), fit.evaluations),
    )


def made_with(study: Any, versions: Mapping[str, Any], noun: str) -> Iterator[Block]:
    """Settings, versions and fingerprints of a study's fits, and files that could not be read."""
    if study.settings is not None:
        settings = asdict(study.settings) | {"seed": study.seed}
        yield Table.pairs("settings", "Settings of the first attempt of each fit", ("setting", "value"), settings)
    yield _versions(versions)
    prints = {str(name): study.fingerprints.get(str(name), "") for name in study.table.index}
    if any(prints.values()):
        caption = "Fingerprints: SHA-256 of data, specification, priors, settings, seed and versions"
        yield Table.pairs("fingerprints", caption, (noun, "fingerprint"), prints)
    if study.set_aside:
        yield Bullets(tuple(f"Could not be read, and was made again: {file} ({why})" for file, why in study.set_aside))


def _versions(versions: Mapping[str, Any]) -> Table:
    return Table.pairs("versions", "Versions of software", ("package", "version"), versions)


def _arguments(fit: Fit) -> list[str]:
    specification = fit.specification
    parts = ["fit", specification_name(specification), *table_option(fit.evaluations)]
    if specification.delta is not None:
        parts += ["--delta", f"{specification.delta:g}"]
    if fit.settings.sampler == SMC:
        parts += ["--sampler", SMC]
    for name in ("draws", "tune", "chains"):
        parts += [f"--{name}", str(getattr(fit.settings, name))]
    return [*parts, "--seed", str(fit.seed)]


def specification_name(specification: Specification) -> str:
    """What a command takes for a specification: a name in the catalogue, else that of a file to be put in its place.

    >>> from dataclasses import replace
    >>> reference = load_specification("reference")
    >>> specification_name(reference), specification_name(replace(reference, name="mine"))
    ('reference', 'mine.toml')
    """
    name = specification.name.partition("@delta=")[0]
    # Under the same name but with other priors, the catalogue's would be another fit.
    if name in list_specifications() and (
        specification.delta is not None or load_specification(name).to_dict() == specification.to_dict()
    ):
        return name
    return f"{name}{_TOML}"


def table_option(table: EvaluationsSummary) -> list[str]:
    """The option that names a table: a packaged one by its name, else the name of a file to be put in its place.

    >>> table_option(EvaluationsSummary("ho2024", 231, 58, ()))
    ['--evaluations', 'ho2024']
    >>> table_option(EvaluationsSummary("mine", 10, 2, (), "runs"))
    ['--runs', 'mine.csv']
    """
    if table.kind == "runs":  # of which none comes with a name that the command knows
        return ["--runs", f"{table.name}{_CSV}"]
    return ["--evaluations", table.name if _packaged(table) else f"{table.name}{_CSV}"]


def further_selections(table: EvaluationsSummary) -> tuple[str, ...]:
    """Selections that a command which names the table does not make.

    >>> further_selections(EvaluationsSummary("collected", 297, 80, ("comparable rows", "benchmarks ptb")))
    ('benchmarks ptb',)
    """
    made = load_evaluations(table.name).attrs["selections"] if _packaged(table) else ()
    return tuple(each for each in table.selections if each not in made)


def command_blocks(lead: str, arguments: Sequence[str], table: EvaluationsSummary) -> tuple[Block, ...]:
    """A command to run, and what it can't know: names that stand for files of the reader's, and rows selected."""
    names = {"table": _CSV, "specification": _TOML}
    notes = [
        f"{shlex.quote(word)} stands for the {what}'s file."
        for word in arguments
        for what, ending in names.items()
        if word.endswith(ending)
    ]
    if selections := further_selections(table):
        notes.append(
            f"The results here are of selected rows ({'; '.join(selections)}): the command takes every row of a table, "
            "so give it a file of these rows alone."
        )
    code = Code(shlex.join(["bayes-scaling", *arguments]), language="console")
    return (Paragraph(lead), code, *((Paragraph(" ".join(notes)),) if notes else ()))


def _packaged(table: EvaluationsSummary) -> bool:
    return table.kind == "evaluations" and table.name in PACKAGED
