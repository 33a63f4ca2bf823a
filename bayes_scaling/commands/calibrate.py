"""`bayes-scaling calibrate`: simulate from a specification, fit, and see whether intervals hold what they say."""

from typing import TYPE_CHECKING, Annotated

import typer

from bayes_scaling.calibration.settings import LEAST, SIMULATIONS
from bayes_scaling.commands.options import (
    Json,
    Quiet,
    Seed,
    TableOptions,
    Workers,
    check_workers,
    output_directory,
    specification_names,
    takes_table,
)
from bayes_scaling.inference.settings import SEED
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.specifications.specification import Specification

if TYPE_CHECKING:
    import pandas as pd

FILES = ("calibration.png", "calibration.csv", "calibration.json")


@takes_table(runs=True)
def calibrate_command(
    options: TableOptions,
    specification: Annotated[
        str,
        typer.Argument(
            help="A name in the catalogue, or the path of a .toml file.", autocompletion=specification_names
        ),
    ],
    simulations: Annotated[int, typer.Option(help=f"At least {LEAST}.")] = SIMULATIONS,
    output: Annotated[
        str | None,
        typer.Option(help="Directory for results; the same command resumes there. Default runs/calibration-..."),
    ] = None,
    workers: Workers = None,
    seed: Seed = SEED,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Check a specification on data simulated from its own priors, by the ranks of true values.

    The design is that of the table; a law for training runs takes the packaged IsoFLOP design unless --runs is given.
    """
    check_workers(workers)
    chosen = load_specification(specification)
    table = _design(chosen, options)
    directory = output_directory(output, f"calibration-{chosen.name}-{table.attrs['name']}")
    from bayes_scaling.calibration.calibrate import calibrate, check_calibration
    from bayes_scaling.report.run_directory import prepare

    check_calibration(chosen, table, simulations, seed)
    prepare(directory)
    from bayes_scaling.plain_json import with_rows
    from bayes_scaling.plots.calibration import plot_calibration
    from bayes_scaling.report.calibration_text import calibration_report
    from bayes_scaling.report.run_directory import picture, write_beside_fits
    from bayes_scaling.report.terminal import SweepProgress, console, say_written

    log = console(stderr=True)
    with SweepProgress(log, simulations, quiet=quiet, noun="simulation", doing="fit") as progress:
        found = calibrate(
            chosen,
            table,
            simulations,
            seed=seed,
            directory=directory / "simulations",
            workers=workers,
            on_done=progress.reach,
        )
    contents = (picture(plot_calibration(found)), found.table.to_csv().encode(), found.to_json())
    files = write_beside_fits(dict(zip(FILES, contents, strict=True)), directory)
    if as_json:
        typer.echo(with_rows(found.to_json(), found.table), nl=False)
    else:
        out = console()
        out.print(calibration_report(found))
        say_written(out, files)


def _design(specification: Specification, options: TableOptions) -> "pd.DataFrame":
    if options.told:
        return options.read()
    from bayes_scaling.calibration.calibrate import design_of

    return design_of(specification)
