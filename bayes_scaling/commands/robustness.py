"""`bayes-scaling robustness`: does the doubling time depend on what was chosen? Resumable and parallel."""

from typing import Annotated

import typer

from bayes_scaling.commands.options import TableOptions, takes_table
from bayes_scaling.commands.study import StudyOptions


@takes_table(runs=False, study="robustness")
def robustness_command(
    options: TableOptions,
    study: StudyOptions,
    case: Annotated[
        list[str] | None, typer.Option(help="A case to run beside the baseline; repeat as needed. Default: all.")
    ] = None,
) -> None:
    """Fit the paper's robustness cases, and put their doubling times beside the published ones."""
    from bayes_scaling.studies.robustness.cases import chosen

    names = case or None
    table = options.read()
    chosen(names, table)  # refuses unknown cases
    # PyMC takes seconds to import: only once the input is known to be good.
    from bayes_scaling.common.strict_json import with_rows
    from bayes_scaling.reports.robustness_document import (
        robustness_json,
        robustness_report,
        write_robustness,
    )
    from bayes_scaling.studies.robustness.run import planned, robustness

    total = planned(table, names, seed=study.seed).count
    directory = study.directory(table.attrs["name"])
    result = study.run(robustness, total, directory, evaluations=table, cases=names)
    study.tell(
        write_robustness(result, directory),
        lambda: with_rows(robustness_json(result), result.table),
        lambda: robustness_report(result),
        f"; fits in {directory / 'fits'}",
        converged=result.table["converged"],
    )
