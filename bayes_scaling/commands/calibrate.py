"""`bayes-scaling calibrate`: simulate from a specification, fit, and see whether intervals hold what they say."""

from typing import Annotated

import typer

from bayes_scaling.commands.options import TableOptions, specification_names, takes_table
from bayes_scaling.commands.study import StudyOptions
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.studies.calibration.settings import LEAST, SIMULATIONS

FILES = ("calibration.png", "calibration.csv", "calibration.json")


@takes_table(runs=True, study="calibration", here=True)
def calibrate_command(
    options: TableOptions,
    study: StudyOptions,
    specification: Annotated[
        str,
        typer.Argument(
            help="A name in the catalogue, or the path of a .toml file.", autocompletion=specification_names
        ),
    ],
    simulations: Annotated[int, typer.Option(help=f"At least {LEAST}.")] = SIMULATIONS,
) -> None:
    """Check a specification on data simulated from its own priors, by the ranks of true values.

    The design is that of the table; a law for training runs takes the packaged IsoFLOP design unless --runs is given.
    """
    chosen = load_specification(specification)
    table = options.read(chosen.used_columns) if options.told else None
    from bayes_scaling.studies.calibration.calibrate import calibrate, check_calibration, design_of

    table = design_of(chosen) if table is None else table
    check_calibration(chosen, table, simulations, study.seed)
    directory = study.directory(f"{chosen.name}-{table.attrs['name']}")
    from bayes_scaling.common.strict_json import with_rows
    from bayes_scaling.plots.predictive import plot_calibration
    from bayes_scaling.reports.calibration_document import calibration_report
    from bayes_scaling.reports.run_directory import picture, write_beside_fits

    found = study.run(
        calibrate,
        simulations,
        directory / "simulations",
        noun="simulation",
        doing="fit",
        counting=True,
        specification=chosen,
        evaluations=table,
        simulations=simulations,
    )
    contents = (picture(plot_calibration(found)), found.table.to_csv().encode(), found.to_json())
    study.tell(
        write_beside_fits(dict(zip(FILES, contents, strict=True)), directory),
        lambda: with_rows(found.to_json(), found.table),
        lambda: calibration_report(found),
    )
