"""`bayes-scaling backtest`: are evaluations predicted that were published later? Resumable and parallel."""

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
    specification_names,
    takes_table,
)
from bayes_scaling.inference.settings import SEED


@takes_table(runs=False)
def backtest_command(
    options: TableOptions,
    specifications: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names in the catalogue, .toml files, or families; the first is also fitted without progress. "
            "Default: reference and ho2024/07.",
            autocompletion=specification_names,
        ),
    ] = None,
    first: Annotated[int, typer.Option("--from", help="First cut year; what came before is fitted.")] = 2016,
    last: Annotated[int, typer.Option("--to", help="Last cut year.")] = 2021,
    output: Annotated[
        str | None,
        typer.Option(help="Directory for results; the same command resumes there. Default runs/backtest-..."),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    seed: Seed = SEED,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Fit what was published before a year, predict what came later, and count how often that was right."""
    check_workers(workers)
    table = options.read()
    # PyMC takes seconds to import: only once the table is known to be good.
    from bayes_scaling.predictive.backtest import backtest, planned
    from bayes_scaling.predictive.splits import SPECIFICATIONS
    from bayes_scaling.report.backtest import backtest_json, backtest_report, write_backtest
    from bayes_scaling.report.run_directory import prepare
    from bayes_scaling.report.terminal import SweepProgress, console, say_written

    names = specifications or list(SPECIFICATIONS)
    cuts = range(first, last + 1)
    total = len(planned(names, table, cuts=cuts, seed=seed).tasks)
    directory = output_directory(output, f"backtest-{'-'.join(names)[:60]}-{table.attrs['name']}")
    prepare(directory)
    with SweepProgress(console(stderr=True), total, quiet=quiet, noun="forecast", doing="make") as progress:
        result = backtest(
            names,
            table,
            cuts=cuts,
            directory=directory,
            seed=seed,
            workers=workers,
            scheduler=scheduler,
            on_done=lambda name, reused: progress.advance(name, reused=reused),
        )
    files = write_backtest(result, directory)
    if as_json:
        typer.echo(backtest_json(result), nl=False)
    else:
        out = console()
        out.print(backtest_report(result))
        kept = directory / "forecasts"
        say_written(out, files, f"; forecasts in {kept}")
    if not result.forecasts["converged"].all():
        raise typer.Exit(EXIT_UNCONVERGED)
