"""`bayes-scaling design`: which training runs or evaluations to do next, for a quantity and a budget."""

from pathlib import Path
from typing import Annotated

import typer

from bayes_scaling.commands.options import EXIT_UNCONVERGED, Json, at_columns
from bayes_scaling.inference.settings import SEED


def design_command(
    fit: Annotated[Path, typer.Option(help="A fit's directory or .nc file.")],
    quantity: Annotated[
        str,
        typer.Option(
            help="What to learn of: a name such as alpha, a or g_C; loss@PARAMETERS,TOKENS; optimal_parameters@FLOP."
        ),
    ],
    budget: Annotated[
        float | None, typer.Option(help="What the choice may cost: FLOP, or the unit of the column cost.")
    ] = None,
    count: Annotated[int, typer.Option(help="Runs or evaluations at most.")] = 4,
    candidates: Annotated[
        Path | None,
        typer.Option(help="A file to choose from; by default runs of all sizes that the budget pays for."),
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option(help="COLUMN=VALUE, for a fit with formulas; repeat as needed.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="A .csv or .json file for every candidate.")] = None,
    seed: Annotated[int, typer.Option(help="Reproduces the simulated outcomes.")] = SEED,
    as_json: Json = False,
) -> None:
    """Choose the runs or evaluations that tell most of a quantity, for a budget."""
    from bayes_scaling.inference.result import load_fit
    from bayes_scaling.quantities.design import design
    from bayes_scaling.reports.allocation import check_output
    from bayes_scaling.reports.design import design_json, design_report, write_design
    from bayes_scaling.reports.terminal import console, say_written

    if output is not None:
        check_output(output)
    posterior = load_fit(fit)
    if at:
        posterior = at_columns(posterior, at)
    found = design(posterior, quantity, budget=budget, count=count, candidates=candidates, seed=seed)
    if as_json:
        typer.echo(design_json(found), nl=False)
    else:
        console().print(design_report(found))
    if output is not None:
        say_written(console(stderr=as_json), [write_design(found, output)])
    if not found.converged:
        raise typer.Exit(EXIT_UNCONVERGED)
