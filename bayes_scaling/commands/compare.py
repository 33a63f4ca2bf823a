"""`bayes-scaling compare`: many specifications by leave-one-out cross-validation, resumable and parallel."""

from typing import Annotated

import typer

from bayes_scaling.commands.options import TableOptions, specification_names, takes_table
from bayes_scaling.commands.study import StudyOptions
from bayes_scaling.specifications.catalogue import DEFAULT_SPECIFICATION

FAMILY = "ho2024"
"""Named alone, it stands for the paper's whole grid: 20 structures and 6 penalties."""


@takes_table(runs=True, study="compare")
def compare_command(
    options: TableOptions,
    study: StudyOptions,
    specifications: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names in the catalogue, .toml files, or families. `ho2024` alone: the paper's 20 structures x 6 "
            "penalties. Nothing: the recommended specification and the 20, with their stated priors.",
            autocompletion=specification_names,
        ),
    ] = None,
    unit: Annotated[str, typer.Option(help="What is left out at a time: evaluation or paper.")] = "evaluation",
    delta: Annotated[
        list[float] | None,
        typer.Option(help="A penalty of the paper as a prior; 0: the stated priors. Repeat as needed."),
    ] = None,
    rate_scale: Annotated[
        list[float] | None,
        typer.Option(help="A factor on the widths of the stated priors of progress rates. Repeat as needed."),
    ] = None,
    refits: Annotated[
        str, typer.Option(help="Units left out by a fit without them: bad (importance weights), all, or none.")
    ] = "bad",
) -> None:
    """Compare specifications by how well they predict evaluations, or papers, left out."""
    names = specifications or [DEFAULT_SPECIFICATION, FAMILY]
    from bayes_scaling.law.published import HO2024_DELTAS
    from bayes_scaling.studies.comparison.variants import expand, used_by_all

    deltas = delta or (HO2024_DELTAS if names == [FAMILY] else (0.0,))
    scales = rate_scale or (1.0,)
    variants = expand(names, deltas, scales)
    table = options.read(used_by_all(variants))
    from bayes_scaling.inference.data import check_unit

    check_unit(unit)
    directory = study.directory(f"{'-'.join(names)[:60]}-{table.attrs['name']}")
    # PyMC takes seconds to import: only once the input is known to be good.
    from bayes_scaling.common.strict_json import with_rows
    from bayes_scaling.reports.comparison_document import (
        comparison_json,
        comparison_report,
        write_comparison,
    )
    from bayes_scaling.studies.comparison.compare import compare

    comparison = study.run(
        compare,
        len(variants),
        directory,
        specifications=names,
        evaluations=table,
        unit=unit,
        deltas=deltas,
        rate_scales=scales,
        refits=refits,
    )
    study.tell(
        write_comparison(comparison, directory),
        lambda: with_rows(comparison_json(comparison), comparison.table),
        lambda: comparison_report(comparison),
        f"; fits in {directory / 'fits'}",
        converged=comparison.table["converged"],
    )
