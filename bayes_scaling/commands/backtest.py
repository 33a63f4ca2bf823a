"""`bayes-scaling backtest`: are evaluations predicted that were published later? Resumable and parallel."""

from typing import Annotated, Any

import typer

from bayes_scaling.commands.options import TableOptions, specification_names, takes_table
from bayes_scaling.commands.study import StudyOptions


@takes_table(runs=False, study="backtest")
def backtest_command(
    options: TableOptions,
    study: StudyOptions,
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
) -> None:
    """Fit what was published before a year, predict what came later, and count how often that was right."""
    table = options.read()
    # PyMC takes seconds to import: only once the table is known to be good.
    from bayes_scaling.reports.backtest_document import backtest_json, backtest_report, write_backtest
    from bayes_scaling.studies.backtest.backtest import backtest, planned
    from bayes_scaling.studies.backtest.splits import SPECIFICATIONS

    names = specifications or list(SPECIFICATIONS)
    asked: dict[str, Any] = {"specifications": names, "evaluations": table, "cuts": range(first, last + 1)}
    total = planned(**asked, seed=study.seed).count
    directory = study.directory(f"{'-'.join(names)[:60]}-{table.attrs['name']}")
    result = study.run(backtest, total, directory, noun="forecast", doing="make", **asked)
    study.tell(
        write_backtest(result, directory),
        lambda: backtest_json(result),
        lambda: backtest_report(result),
        f"; forecasts in {directory / 'forecasts'}",
        converged=result.forecasts["converged"],
    )
