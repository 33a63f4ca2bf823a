"""`bayes-scaling models`: the catalogue, and one specification before anything is fitted."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_scaling.commands.options import Json, TableOptions, say, specification_names, takes_table
from bayes_scaling.errors import BayesScalingError

if TYPE_CHECKING:
    from xarray import DataTree

    from bayes_scaling.specifications.specification import Specification

_PICTURES = (".svg", ".png", ".pdf")


@takes_table(runs=True)
def models_command(
    options: TableOptions,
    name: Annotated[
        str | None,
        typer.Argument(
            help="A name in the catalogue, or the path of a .toml file.", autocompletion=specification_names
        ),
    ] = None,
    template: Annotated[
        bool,
        typer.Option(
            "--template",
            help="A specification (default reference) as a TOML file to change, with the words that each line may "
            "have: bayes-scaling models --template > mine.toml",
        ),
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(help="A .svg, .png or .pdf file: what the priors expect of each row, behind what was observed."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the catalogue, or show one specification: equation, priors, reference, and what the priors expect.

    Priors are tried on a table: by default ho2024, or the packaged runs for laws of training runs.
    """
    if picture is not None and picture.suffix not in _PICTURES:
        raise BayesScalingError(f"--picture {picture}: the file's name must end in {', '.join(_PICTURES)}")
    if (options.told or picture is not None) and (name is None or template):
        raise BayesScalingError(
            "a table and --picture are for the priors of one specification: bayes-scaling models reference --picture "
            "prior.svg"
        )
    if template:
        if as_json:
            raise BayesScalingError("--template and --json are both given; leave one out")
        from bayes_scaling.specifications.catalogue import DEFAULT_SPECIFICATION, load_specification
        from bayes_scaling.specifications.template import template as text_of

        typer.echo(text_of(load_specification(DEFAULT_SPECIFICATION if name is None else name)), nl=False)
        return
    from bayes_scaling.common.strict_json import strict_json
    from bayes_scaling.specifications.catalogue import list_specifications, load_specification

    if name is not None:
        _show(name, options, picture, as_json=as_json)
        return
    listed = [load_specification(each) for each in list_specifications()]
    if as_json:
        typer.echo(strict_json([{"name": each.name, "title": each.title} for each in listed]), nl=False)
    else:
        _list(listed)


_FAMILIES = {
    "": ("for a start", ""),
    "ho2024": ("the models of Ho et al. 2024", ""),
    "robustness": ("model 7 of Ho et al. 2024, otherwise", "Model 7 "),
    "steps": ("how the reference was built, and the reference otherwise", "Reference, but "),
    "kaplan": ("Kaplan's laws of training runs", "Kaplan's "),
    "runs": ("Chinchilla's law on training runs, otherwise", "Chinchilla's law on training runs"),
}
"""What names before a slash have in common, and how their titles then begin."""


def _list(listed: "list[Specification]") -> None:
    """A line each, by family; the end of a long title is left out, and no name."""
    from rich.cells import set_cell_size
    from rich.text import Text

    from bayes_scaling.reports.terminal import console

    out = console()
    families: dict[tuple[bool, str], list[Specification]] = {}
    for each in sorted(listed, key=lambda each: (not each.progresses, "/" in each.name)):
        families.setdefault((each.progresses, each.name.rpartition("/")[0]), []).append(each)
    for (progresses, family), own in families.items():
        kind, opening = _FAMILIES.get(family, (family, ""))
        out.print(Text(f"{'With' if progresses else 'Without'} progress: {kind}", style="bold"))
        names = max(len(each.name) for each in own) + 4
        for each in own:
            title, room = each.title.removeprefix(opening).lstrip(", "), out.width - names
            shown = title if len(title) <= room else f"{set_cell_size(title, room - 1).rstrip()}…"
            out.print(Text(f"  {each.name}".ljust(names) + shown), no_wrap=True)
    out.print(Text("Laws with progress are for evaluations. One in full: bayes-scaling models NAME"))


def _show(name: str, options: TableOptions, picture: Path | None, *, as_json: bool) -> None:
    from rich.text import Text

    from bayes_scaling.common.strict_json import strict_json
    from bayes_scaling.inference.simulation import design_of
    from bayes_scaling.quantities.prior_predictive import prior_predictive, prior_predictive_summary
    from bayes_scaling.reports.describe import describe, prior_sentences
    from bayes_scaling.reports.terminal import console, say_written, specification_page
    from bayes_scaling.specifications.catalogue import load_specification

    specification, table, prior, refusal = load_specification(name), None, None, ""
    try:  # on the table that was told, or else the one at which the catalogue is calibrated
        table = options.read(specification.used_columns) if options.told else None
        prior = prior_predictive(specification, design_of(specification) if table is None else table)
    except BayesScalingError as error:
        if options.told or picture is not None:
            raise
        more = "--runs FILE" if not specification.progresses else "--evaluations FILE"
        refusal = f"what the priors expect can't be shown: {error}; to see it on a table of yours, add {more}"
    found, summary = describe(specification, table), None if prior is None else prior_predictive_summary(prior)
    written = [] if prior is None or picture is None else [_drawn(prior, picture)]
    if as_json:
        said = {"name": name} | asdict(found) | {"prior_predictive": summary and asdict(summary)}
        typer.echo(strict_json(said), nl=False)
    else:
        out = console()
        out.print(specification_page(found))
        if summary is not None:
            out.print(Text("\n".join(["", *prior_sentences(summary)])))
    if refusal:
        say(refusal)
    if written:
        say_written(console(stderr=as_json), written)


def _drawn(prior: "DataTree", file: Path) -> Path:
    """The picture, in the format of the file's name."""
    from bayes_scaling.plots.prior_predictive import plot_prior_predictive
    from bayes_scaling.reports.run_directory import picture, write_results

    content = picture(plot_prior_predictive(prior), file.suffix[1:])
    (written,) = write_results({file: content}, file, failure="can't be written ({}); choose another --picture")
    return written
