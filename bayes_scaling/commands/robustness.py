"""`bayes-scaling robustness`: does the doubling time depend on what was chosen? Resumable and parallel."""

from typing import Annotated

import typer

from bayes_scaling.commands.options import (
    EXIT_UNCONVERGED,
    Json,
    Quiet,
    Scheduler,
    Seed,
    TableOptions,
    Workers,
    check_workers,
    output_directory,
    takes_table,
)
from bayes_scaling.inference.settings import SEED


@takes_table(runs=False)
def robustness_command(
    options: TableOptions,
    output: Annotated[
        str | None,
        typer.Option(help="Directory for results; the same command resumes there. Default runs/robustness-..."),
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option(help="A case to run beside the baseline; repeat as needed. Default: all.")
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    seed: Seed = SEED,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Fit the paper's robustness cases, and put their doubling times beside the published ones."""
    check_workers(workers)
    from bayes_scaling.report.run_directory import prepare
    from bayes_scaling.robustness_cases.cases import chosen

    names = case or None
    table = options.read()
    chosen(names, table)  # refuses unknown cases
    # PyMC takes seconds to import: only once the input is known to be good.
    from bayes_scaling.plain_json import with_rows
    from bayes_scaling.posterior_report.robustness_document import (
        robustness_json,
        robustness_report,
        write_robustness,
    )
    from bayes_scaling.report.terminal import SweepProgress, console, say_written
    from bayes_scaling.robustness_cases.result import planned
    from bayes_scaling.robustness_cases.run import robustness

    total = len(planned(table, names).fitted)
    directory = output_directory(output, f"robustness-{table.attrs['name']}")
    prepare(directory)
    with SweepProgress(console(stderr=True), total, quiet=quiet) as progress:
        result = robustness(
            table,
            cases=names,
            directory=directory,
            seed=seed,
            workers=workers,
            scheduler=scheduler,
            on_done=lambda variant, reused: progress.advance(variant.name, reused=reused),
        )
    files = write_robustness(result, directory)
    if as_json:
        typer.echo(with_rows(robustness_json(result), result.table), nl=False)
    else:
        out = console()
        out.print(robustness_report(result))
        say_written(out, files, f"; fits in {directory / 'fits'}")
    if not result.table["converged"].all():
        raise typer.Exit(EXIT_UNCONVERGED)
