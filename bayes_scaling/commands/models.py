"""`bayes-scaling models`: the catalogue, and one specification before anything is fitted."""

from dataclasses import asdict
from typing import Annotated

import typer

from bayes_scaling.commands.options import Json, specification_names
from bayes_scaling.errors import BayesScalingError


def models_command(
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
    as_json: Json = False,
) -> None:
    """List the catalogue, or show one specification: equation, priors and reference."""
    if template:
        if as_json:
            raise BayesScalingError("--template and --json are both given; leave one out")
        from bayes_scaling.specifications.catalogue import DEFAULT_SPECIFICATION, load_specification
        from bayes_scaling.specifications.template import template as text_of

        typer.echo(text_of(load_specification(DEFAULT_SPECIFICATION if name is None else name)), nl=False)
        return
    from bayes_scaling.common.strict_json import strict_json
    from bayes_scaling.reports.describe import describe
    from bayes_scaling.reports.terminal import console, specification_list, specification_page
    from bayes_scaling.specifications.catalogue import list_specifications, load_specification

    if name is not None:
        found = describe(load_specification(name))
        if as_json:
            typer.echo(strict_json({"name": name} | asdict(found)), nl=False)
        else:
            console().print(specification_page(found))
        return
    listed = [(each, load_specification(each).title) for each in list_specifications()]
    if as_json:
        typer.echo(strict_json([{"name": each, "title": title} for each, title in listed]), nl=False)
    else:
        console().print(specification_list(listed))
