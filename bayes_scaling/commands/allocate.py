"""`bayes-scaling allocate`: how a budget of compute is best split between parameters and tokens."""

from pathlib import Path
from typing import Annotated

import typer

from bayes_scaling.commands.options import COMPUTE, EXIT_UNCONVERGED, at_columns, flops
from bayes_scaling.errors import BayesScalingError


def allocate_command(
    compute: Annotated[list[str], typer.Option(help=f"{COMPUTE}.")],
    fit: Annotated[
        Path | None, typer.Option(help="A fit's directory or .nc file; without it published laws answer alone.")
    ] = None,
    inference_tokens: Annotated[
        float | None, typer.Option(help="Tokens of use: what is best for training and use together.")
    ] = None,
    tokens_per_parameter: Annotated[float | None, typer.Option(help="A split of your own: what it costs.")] = None,
    parameters: Annotated[float | None, typer.Option(help="The same, by the number of parameters.")] = None,
    year: Annotated[
        float | None, typer.Option(help="Date of the algorithms, for a fit with progress; default 2023.")
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option(help="Where the loss is reached, for a fit to evaluations; default wt103 or the first."),
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option(help="COLUMN=VALUE, for a fit with formulas; repeat as needed.")
    ] = None,
    approach_2: Annotated[
        bool,
        typer.Option(
            "--approach-2/--no-approach-2",
            help="Beside a fit of runs that share budgets: their IsoFLOP profiles, sampled in 10 to 60 s and kept "
            "with the fit.",
        ),
    ] = True,
    output: Annotated[Path | None, typer.Option(help="A .csv or .json file for every number.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON on standard output, in place of tables.")] = False,
) -> None:
    """Split compute between parameters and tokens: a fit's posterior beside published laws.

    Which small runs to do next: bayes-scaling design.
    """
    from bayes_scaling.quantities.allocation_table import Question, allocations
    from bayes_scaling.reports.allocation import allocation_json, allocation_report, check_output, write_allocations
    from bayes_scaling.reports.terminal import console, say_written

    if output is not None:
        check_output(output)
    if tokens_per_parameter is not None and parameters is not None:
        raise BayesScalingError(
            "--tokens-per-parameter and --parameters are both given; either one sets the split, so leave one out"
        )
    split = None
    if tokens_per_parameter is not None:
        split = ("tokens_per_parameter", tokens_per_parameter)
    elif parameters is not None:
        split = ("parameters", parameters)
    question = Question(flops(compute), split, inference_tokens, year, benchmark)
    posterior = None
    if fit is not None:
        from bayes_scaling.inference.result import load_fit

        posterior = load_fit(fit)
    if at:
        posterior = at_columns(posterior, at)
    beside = None
    if posterior is not None and approach_2:
        from bayes_scaling.studies.approaches.beside import has_budgets, kept_with, profiles_beside

        def sampling() -> None:
            console(stderr=True).print("Approach 2: sampling IsoFLOP profiles of the fit's runs (10 to 60 s) ...")

        if has_budgets(posterior):
            assert fit is not None  # has been read
            beside = profiles_beside(posterior, question.budgets, kept_with(fit), sampling)
    answer = allocations(question, posterior, beside)
    if json:
        typer.echo(allocation_json(answer), nl=False)
    else:
        console().print(allocation_report(answer))
    if output is not None:
        say_written(console(stderr=json), [write_allocations(answer, output)])
    if not answer.converged:
        raise typer.Exit(EXIT_UNCONVERGED)
