"""What a result rests on: its data, its model, how it was made, and what to cite."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from importlib.resources import files
from string import Template
from typing import Any

import pandas as pd

from bayes_scaling.common.formatting import amount, counted, month_of
from bayes_scaling.inference.data import UNITS, named_rows
from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.settings import SMC
from bayes_scaling.inference.units import noun_of, plural_of
from bayes_scaling.plots.prior_predictive import plot_prior_predictive
from bayes_scaling.quantities.prior_predictive import prior_predictive_of, prior_predictive_summary
from bayes_scaling.reports.describe import describe, prior_sentences
from bayes_scaling.reports.document import Block, Blocks, Code, Equation, Paragraph, Table, section
from bayes_scaling.reports.fit_charts import loss_chart
from bayes_scaling.reports.fit_words import as_read
from bayes_scaling.reports.mathematics import is_equation, tex
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables.packaged import PACKAGED, load_evaluations


@section("data", "Data and fit")
def data_section(fit: Fit, *, fitted: bool = True) -> Blocks:
    """Counts, selections, and every row as a mark of one chart."""
    rows, about = named_rows(fit.data), fit.evaluations
    text = f"{counted(about.rows, 'evaluation')} of language models from {counted(about.papers, 'paper')}"
    if about.kind == "runs":
        series = "" if about.papers == about.rows else f" in {about.papers} series"
        text = f"{counted(about.rows, 'training run')}{series}"
    if "year" in rows:
        text += f", published from {month_of(rows['year'].min())} to {month_of(rows['year'].max())}"
    for name, words in (("parameters", "parameters"), ("tokens", "training tokens")):
        if name in rows and rows[name].notna().any():
            text += f"; {amount(rows[name].min())} to {amount(rows[name].max())} {words}"
    yield f"{text} (table '{about.name}')."
    if about.selections:
        yield as_read(about)
    yield loss_chart(fit, fitted=fitted)


@section("rows", "Rows by group")
def rows_section(fit: Fit) -> Blocks:
    """How many rows each benchmark and each architecture has."""
    rows = named_rows(fit.data)
    for group in (name for name in ("benchmark", "architecture") if name in rows):
        by, further = rows.groupby(group), [name for name in ("system", "paper") if name in rows]
        counts = {plural_of(noun_of(UNITS[0], fit.evaluations.kind)): by.size()}
        counts |= {f"{name}s": by[name].nunique() for name in further}
        yield Table.plain(f"rows-by-{group}", f"Rows by {group}", pd.DataFrame(counts).reset_index())


def equations(specification: Specification) -> tuple[Block, ...]:
    """A specification's equations in LaTeX; what is said in words stays in words."""
    lines = describe(specification).equations
    return tuple(Equation(tex(line)) if is_equation(line) else Paragraph(line) for line in lines)


@section("model", "The model")
def model_section(fit: Fit) -> Blocks:
    """Title and source of the specification, its equations, notes and priors."""
    about = describe(fit.specification)
    title = " ".join(f"{part}." for part in (f"Specification '{fit.specification.name}'", about.title) if part)
    yield title + (f" Source: {about.reference}." if about.reference else "")
    yield from equations(fit.specification)
    yield about.notes
    # On what, in which unit, and why.
    rows = tuple(
        (f"{line.name} by {line.by}" if line.by else line.name, line.prior, line.unit, line.meaning, line.reason)
        for line in about.priors
    )
    if rows:
        yield Table("priors", "Priors", ("parameter", "prior", "unit", "meaning", "reason"), rows)
    if fit.specification.delta is None:
        prior = prior_predictive_of(fit)
        said = " ".join(prior_sentences(prior_predictive_summary(prior)))
        yield said
        title = "What the priors expect, and what was observed"
        yield picture_of(plot_prior_predictive(prior), "prior-predictive", title, said)


_CSV, _TOML = ".csv", ".toml"


@section("method", "Method")
def method_section(fit: Fit) -> Blocks:
    """Sampler, settings, seed, versions, fingerprint, and the command that repeats it."""
    how = "Sampled by the No-U-Turn sampler (nutpie) from the PyMC model of the equations above."
    if fit.settings.sampler == SMC:
        how = "Sampled by sequential Monte Carlo from the prior to the posterior, in independent runs (PyMC)."
    yield f"{how} Equal fingerprints, equal fits: {fit.fingerprint or 'none recorded'}."
    seconds = {f"seconds, {name}": f"{value:.1f}" for name, value in fit.seconds.items()}
    settings = {**asdict(fit.settings), "seed": fit.seed, **seconds}
    yield Table.pairs("settings", "Settings", ("setting", "value"), settings)
    if fit.versions:
        yield _versions(fit.versions)
    delta, smc = fit.specification.delta, fit.settings.sampler == SMC
    asked: dict[str, Any] = {"delta": None if delta is None else f"{delta:g}", "sampler": SMC if smc else None}
    asked |= {name: getattr(fit.settings, name) for name in ("draws", "tune", "chains")} | {"seed": fit.seed}
    options = [word for name, value in asked.items() if value is not None for word in (f"--{name}", str(value))]
    command = ("fit", specification_name(fit.specification))
    yield from command_blocks("To fit it again:", command, fit.evaluations, options)


def made_with(study: Any, versions: Mapping[str, Any], noun: str) -> Blocks:
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
        yield tuple(f"Could not be read, and was made again: {file} ({why})" for file, why in study.set_aside)


def _versions(versions: Mapping[str, Any]) -> Table:
    return Table.pairs("versions", "Versions of software", ("package", "version"), versions)


def specification_name(specification: Specification) -> str:
    """What a command takes for a specification: a name in the catalogue, else that of a file to be put in its place."""
    name = specification.name.partition("@delta=")[0]
    # Under the same name but with other priors, the catalogue's would be another fit.
    if name in list_specifications() and (
        specification.delta is not None or load_specification(name).to_dict() == specification.to_dict()
    ):
        return name
    return f"{name}{_TOML}"


def table_option(table: EvaluationsSummary) -> list[str]:
    """The option that names a table: a packaged one by its name, else the name of a file to be put in its place."""
    if table.kind == "runs":  # of which none comes with a name that the command knows
        return ["--runs", f"{table.name}{_CSV}"]
    return ["--evaluations", table.name if _packaged(table) else f"{table.name}{_CSV}"]


def further_selections(table: EvaluationsSummary) -> tuple[str, ...]:
    """Selections that a command which names the table does not make."""
    made = load_evaluations(table.name).attrs["selections"] if _packaged(table) else ()
    return tuple(each for each in table.selections if each not in made)


def command_blocks(
    lead: str, command: Sequence[str], table: EvaluationsSummary, options: Sequence[str] = (), *, told: bool = True
) -> Iterator[Block]:
    """A command to run (``told`` of its table), and what it can't know: the reader's names of files, rows selected."""
    arguments = [*command, *(table_option(table) if told else ()), *options]
    names = {"table": (_CSV, ", with the options by which it was read"), "specification": (_TOML, "")}
    notes = [
        f"{shlex.quote(word)} stands for the {what}'s file{options}."
        for word in arguments
        for what, (ending, options) in names.items()
        if word.endswith(ending)
    ]
    if selections := further_selections(table):
        notes.append(
            f"The results here are of selected rows ({'; '.join(selections)}): the command takes every row of a table, "
            "so give it a file of these rows alone."
        )
    yield Paragraph(lead)
    yield Code(shlex.join(["bayes-scaling", *arguments]), language="console")
    if notes:
        yield Paragraph(" ".join(notes))


def _packaged(table: EvaluationsSummary) -> bool:
    return table.kind == "evaluations" and table.name in PACKAGED


_PACKAGED_DATA, _HO2024, _KAPLAN2020 = "ho2024", "ho2024algorithmic", "kaplan2020scaling"
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "chinchilla": ("hoffmann2022training", "besiroglu2024chinchilla"),
    **dict.fromkeys(("kaplan", "parameters", "tokens", "compute", "steps", "critical_batch"), (_KAPLAN2020,)),
}
"""Where the laws of training runs come from: keys of `references.bib`."""


def citation_of(fit: Fit, question: str) -> tuple[str, str]:
    """How an answer is cited: as a sentence, and as BibTeX; date and fingerprint say which fit it was."""
    of, year = f"{fit.specification.name} on {fit.evaluations.name}", fit.date[:4] or str(date.today().year)
    short = fit.fingerprint[:_PRINT] or year
    which = f"bayes-scaling {_version(fit.versions)}{f', fit {short}' if fit.fingerprint else ''}"
    which += f", {fit.date}" if fit.date else ""
    said = f"{_AUTHORS} ({year}). {question} Posterior of {of}. {which}."
    fingerprint = fit.fingerprint or "none recorded"
    inert = re.sub(r"([#$%&_{}~^\\])", r"{\\char`\\\1}", of)  # names of users, in which nothing acts in BibTeX
    dated = f"\n  date    = {{{fit.date}}}," if fit.date else ""
    answer = {"question": question, "of": inert, "print": short, "fingerprint": fingerprint}
    known = _references(fit.versions, **answer, year=year, dated=dated)
    return said, known[f"bayes_scaling_{short}"]


@section("citation", "Citation")
def citation_section(
    result: Any, laws: tuple[str, ...], versions: Mapping[str, str], *, progress: bool = True, own: str = ""
) -> Blocks:
    """What whoever uses a result should cite: BibTeX of the answer, data, papers, PyMC, ArviZ and this package."""
    data = result.evaluations.name
    if data == _PACKAGED_DATA:
        yield "The data are those of Ho et al. 2024; the package's data notes say how the table was made."
    else:
        yield f"The data are the table '{data}': cite its own source, row by row where it names one."
    keys = [_HO2024] if progress or data == _PACKAGED_DATA else []
    keys += [] if progress else [key for law in laws for key in _SOURCES.get(law, ())]
    known = _references(versions)
    cited = dict.fromkeys((*keys, "abrilpla2023pymc", "kumar2019arviz", "bayes_scaling"))
    yield Code("\n\n".join([*filter(None, [own]), *(known[key] for key in cited)]), language="bibtex")


_AUTHORS, _PRINT = "bayes-scaling contributors", 12  # characters of a fingerprint that are enough to tell fits apart


def _references(versions: Mapping[str, str], **answer: str) -> dict[str, str]:
    """Entries of `references.bib` by their keys, with what is of today and of an answer."""
    given = {"authors": _AUTHORS, "year": str(date.today().year), "version": _version(versions)} | answer
    text = files(__package__).joinpath("references.bib").read_text(encoding="utf-8").strip()
    entries = [Template(entry).safe_substitute(given) for entry in text.split("\n\n")]
    return {entry.partition("{")[2].partition(",")[0]: entry for entry in entries}


def _version(versions: Mapping[str, str]) -> str:
    return str(versions.get("bayes-scaling") or package_versions()["bayes-scaling"])
