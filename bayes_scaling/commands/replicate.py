"""`bayes-scaling replicate`: every answer of the paper beside a posterior's."""

from typing import Annotated

import typer

from bayes_scaling.commands.options import (
    EXIT_UNCONVERGED,
    Json,
    Quiet,
    Seed,
    TableOptions,
    output_directory,
    takes_table,
)
from bayes_scaling.common.files import REPLICATION_TABLE
from bayes_scaling.inference.settings import SEED, checked_seed

PAGE, TABLE = "replication.md", REPLICATION_TABLE


@takes_table(runs=False)
def replicate_command(
    options: TableOptions,
    output: Annotated[
        str | None,
        typer.Option(help="Directory for results; the same command resumes there. Default runs/replication-..."),
    ] = None,
    seed: Seed = SEED,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Put the paper's answers (doubling times, gains, attribution) beside a posterior's."""
    checked_seed(seed)
    table = options.read()
    directory = output_directory(output, f"replication-{table.attrs['name']}")
    from bayes_scaling.common.strict_json import records, strict_json
    from bayes_scaling.reports.replication_document import replication_page, replication_report
    from bayes_scaling.reports.run_directory import prepare, write_results
    from bayes_scaling.reports.terminal import console, say_written
    from bayes_scaling.studies.replication import kept_file, replicate

    prepare(directory)
    log = console(stderr=True)
    if not quiet:
        log.print(f"two fits of {len(table)} evaluations: half a minute each ...")
    result = replicate(table, seed=seed, progress=log.is_terminal and not quiet, directory=directory)
    contents = {directory / PAGE: replication_page(result).encode(), directory / TABLE: result.table.to_csv().encode()}
    files = (*write_results(contents, directory), *(kept_file(directory, name) for name in result.fits))
    if as_json:
        typer.echo(strict_json({"table": records(result.table), "unconverged": list(result.unconverged)}), nl=False)
    else:
        out = console()
        out.print(replication_report(result))
        say_written(out, files)
    if result.unconverged:
        raise typer.Exit(EXIT_UNCONVERGED)
