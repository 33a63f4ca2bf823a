"""What a result rests on: its data, its model, how it was made, and what to cite."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from bayes_scaling.common.formatting import counted
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.inference.result import EvaluationsSummary, Fit
from bayes_scaling.inference.settings import SMC
from bayes_scaling.inference.units import noun_of, plural_of
from bayes_scaling.plots.prior_predictive import plot_prior_predictive
from bayes_scaling.quantities.prior_predictive import prior_predictive_of, prior_predictive_summary
from bayes_scaling.reports.describe import describe, prior_sentences
from bayes_scaling.reports.document import Block, Blocks, Code, Equation, Paragraph, Point, Scatter, Table, section
from bayes_scaling.reports.fit_words import month_of, number
from bayes_scaling.reports.mathematics import is_equation, tex
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.laws import RESPONSE_UNITS
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables.packaged import PACKAGED, load_evaluations

_KNOWN = ("system", "paper", "benchmark", "architecture", "perplexity", "parameters", "tokens", "year", "url", "source")
_RUNS = "runs"
_DATE = "date of publication"


def rows_of_report(fit: Fit) -> pd.DataFrame:
    """What a fit keeps of its rows, indexed by row id, with the response that was fitted."""
    constant = fit.data["constant_data"].to_dataset()
    columns = {name: constant[name].to_numpy() for name in _KNOWN if name in constant}
    for name, column in fit.data["observed_data"].to_dataset().data_vars.items():
        columns[str(name)] = column.to_numpy()
    return pd.DataFrame(columns, index=pd.Index(list(map(str, constant["evaluation"].to_numpy())), name="id"))


@section("data", "Data")
def data_section(fit: Fit) -> Blocks:
    """Counts, selections, and every row as a mark of one picture."""
    rows, about = rows_of_report(fit), fit.evaluations
    if about.kind == _RUNS:
        text = f"{counted(about.rows, 'training run')} of the table '{about.name}'"
        text += "" if about.papers == about.rows else f", in {about.papers} series"
    else:
        text = (
            f"{counted(about.rows, 'evaluation')} of language models from {counted(about.papers, 'paper')}, of the "
            f"table '{about.name}'"
        )
    if "year" in rows:
        text += f", published from {month_of(rows['year'].min())} to {month_of(rows['year'].max())}"
    sizes = [
        f"{name} {rows[name].min():.3g} to {rows[name].max():.3g}"
        for name in ("parameters", "tokens")
        if name in rows and rows[name].notna().any()
    ]
    yield f"{text}{': ' if sizes else ''}{', '.join(sizes)}."
    if about.selections:
        yield f"Rows were selected: {'; '.join(about.selections)}."
    yield _scatter(fit, rows)
    for group in (name for name in ("benchmark", "architecture") if name in rows):
        by, further = rows.groupby(group, sort=True), [name for name in ("system", "paper") if name in rows]
        counts = pd.concat([by.size(), *(by[name].nunique() for name in further)], axis=1)
        columns = (group, plural_of(noun_of(UNITS[0], about.kind)), *(f"{name}s" for name in further))
        body = tuple((str(name), *map(str, numbers)) for name, *numbers in counts.itertuples())
        yield Table(f"rows-by-{group}", f"Rows by {group}", columns, body)


def _scatter(fit: Fit, rows: pd.DataFrame) -> Scatter | None:
    """Date against parameters; of training runs, which have no dates, tokens against parameters."""
    runs = fit.evaluations.kind == _RUNS
    across, up = ("parameters", "tokens") if runs else ("year", "parameters")
    if not {across, up} <= set(rows.columns):
        return None
    shown = rows.dropna(subset=[across, up])
    if shown.empty:
        return None
    points = tuple(
        Point(
            x=float(row[across]),
            y=float(row[up]),
            group=_RUNS if runs else str(row.get("benchmark", _RUNS)),
            label=str(row.get("system", name)),
            details=_details(fit, str(name), row),
            link=_link(row),
        )
        for name, row in ((name, pd.Series(row)) for name, row in shown.to_dict("index").items())
    )
    ends = (shown[across].min(), shown[across].max())
    if runs:
        title, where = "The training runs", "parameters against training tokens, both on logarithmic axes"
        first, last = (f"{end:.3g}" for end in ends)
    else:
        title, where = "The evaluations", "date of publication against parameters (logarithmic axis), by benchmark"
        first, last = map(month_of, ends)
    alternative = (
        f"{counted(len(points), 'mark')}: {where}. {across if runs else _DATE.capitalize()} from {first} to {last}, "
        f"{up} from {shown[up].min():.3g} to {shown[up].max():.3g}."
    )
    labels = {"year": _DATE, "parameters": "parameters (log scale)", "tokens": "training tokens (log scale)"}
    return Scatter("rows", title, alternative, labels[across], labels[up], points, log_x=runs, log_y=True)


def _details(fit: Fit, row_id: str, row: pd.Series) -> tuple[tuple[str, str], ...]:
    response = fit.specification.response
    write: dict[str, Callable[[Any], str]] = {
        **dict.fromkeys(("paper", "benchmark", "architecture"), str),
        "year": month_of,
        **dict.fromkeys(("parameters", "tokens", "perplexity"), lambda value: f"{value:.3g}"),
        response: lambda value: number(float(value)),
        **dict.fromkeys(("source", "url"), str),
    }
    names = {"year": _DATE, response: f"{response.replace('_', ' ')} ({RESPONSE_UNITS[response]})"}
    known = [name for name in write if name in row and pd.notna(row[name]) and str(row[name]) != ""]
    return (("row", row_id), *((names.get(name, name), write[name](row[name])) for name in known))


def _link(row: pd.Series) -> str:
    """The first of a row's addresses that a browser may be sent to."""
    for name in ("url", "source"):
        text = str(row.get(name, "")).strip()
        try:
            parts = urlsplit(text)
        except ValueError:  # such as half an IPv6 address
            continue
        if parts.scheme in ("http", "https") and parts.netloc and text.isprintable() and " " not in text:
            return text
    return ""


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
    if fit.settings.sampler == SMC:
        how = "Sampled by sequential Monte Carlo from the prior to the posterior, in independent runs (PyMC)."
    else:
        how = "Sampled by the No-U-Turn sampler (nutpie) from the PyMC model of the equations above."
    yield f"{how} Equal fingerprints, equal fits: {fit.fingerprint or 'none recorded'}."
    seconds = {f"seconds, {name}": f"{value:.1f}" for name, value in fit.seconds.items()}
    settings = {**asdict(fit.settings), "seed": fit.seed, **seconds}
    yield Table.pairs("settings", "Settings", ("setting", "value"), settings)
    if fit.versions:
        yield _versions(fit.versions)
    specification = fit.specification
    penalty = [] if specification.delta is None else ["--delta", f"{specification.delta:g}"]
    sampler = ["--sampler", SMC] if fit.settings.sampler == SMC else []
    length = [word for name in ("draws", "tune", "chains") for word in (f"--{name}", str(getattr(fit.settings, name)))]
    options = (*penalty, *sampler, *length, "--seed", str(fit.seed))
    command = ("fit", specification_name(specification))
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


@section("citation", "Citation")
def citation_section(data: str, laws: tuple[str, ...], versions: Mapping[str, str], *, progress: bool) -> Blocks:
    """What whoever uses a result should cite: BibTeX of the data, the papers, PyMC, ArviZ and this package."""
    if data == _PACKAGED_DATA:
        yield "The data are those of Ho et al. 2024; the package's data notes say how the table was made."
    else:
        yield f"The data are the table '{data}': cite its own source, row by row where it names one."
    keys = [_HO2024] if progress or data == _PACKAGED_DATA else []
    if not progress:
        keys += [key for law in laws for key in _SOURCES.get(law, ())]
    entries = files(__package__).joinpath("references.bib").read_text(encoding="utf-8").strip().split("\n\n")
    known = {entry.partition("{")[2].partition(",")[0]: entry for entry in entries}
    own = (
        "@software{bayes_scaling,\n"
        "  title   = {bayes-scaling: {Bayesian} scaling laws with algorithmic progress},\n"
        f"  version = {{{versions.get('bayes-scaling') or package_versions()['bayes-scaling']}}}\n"
        "}"
    )
    cited = dict.fromkeys((*keys, "abrilpla2023pymc", "kumar2019arviz"))
    yield Code("\n\n".join([*(known[key] for key in cited), own]), language="bibtex")
