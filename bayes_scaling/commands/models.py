"""`bayes-scaling models`: the catalogue, and one specification before anything is fitted."""

from typing import Annotated

import typer


def models_command(
    name: Annotated[str | None, typer.Argument(help="A name in the catalogue, or the path of a .toml file.")] = None,
) -> None:
    """List the catalogue, or show one specification: equation, priors and reference."""
    from bayes_scaling.report.terminal import console, specification_list, specification_page
    from bayes_scaling.specifications.catalogue import list_specifications, load_specification
    from bayes_scaling.specifications.describe import describe

    if name is None:
        console().print(specification_list((each, load_specification(each).title) for each in list_specifications()))
    else:
        console().print(specification_page(describe(load_specification(name))))
