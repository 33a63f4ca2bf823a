"""`bayes-scaling trust`: calibrate the whole catalogue and put known progress in. Hours; resumable."""

from typing import Annotated, Any

import typer

from bayes_scaling.commands.options import Quiet, Seed, Workers, check_workers, output_directory
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.settings import SEED
from bayes_scaling.studies.calibration.settings import LEAST, SIMULATIONS

PAGE_FILE = "trust.md"


def trust_command(
    simulations: Annotated[
        int, typer.Option(help=f"Of each specification, and of each known truth; at least {LEAST}.")
    ] = SIMULATIONS,
    stored: Annotated[
        bool, typer.Option("--stored", help="Simulate nothing: write the page from what comes with the package.")
    ] = False,
    output: Annotated[
        str | None, typer.Option(help="Directory for results; the same command resumes there. Default runs/trust.")
    ] = None,
    workers: Workers = None,
    seed: Seed = SEED,
    quiet: Quiet = False,
) -> None:
    """What can be trusted when: calibrate every specification, put known progress in, write trust.md.

    Simulates some 8,000 tables and fits each: hours on two cores. Finished simulations are kept.
    """
    check_workers(workers)
    directory = output_directory(output, "trust")
    if simulations < LEAST and not stored:
        raise BayesScalingError(f"--simulations must be at least {LEAST}, not {simulations}")
    from bayes_scaling.reports.run_directory import prepare, write_beside_fits
    from bayes_scaling.reports.terminal import SweepProgress, console, say_written
    from bayes_scaling.reports.trust_page import trust_page
    from bayes_scaling.studies.calibration.calibrate import (
        REPEATED_SEED,
        Trust,
        calibrate_all,
        calibrated_specifications,
        design_of,
        stored_trust,
    )
    from bayes_scaling.studies.calibration.stated import planned, recover_stated
    from bayes_scaling.tables import load_evaluations

    prepare(directory)
    if stored:
        page = trust_page(stored_trust()).encode()
        say_written(console(), write_beside_fits({PAGE_FILE: page}, directory))
        return

    def counting(count: int) -> SweepProgress:
        return SweepProgress(console(stderr=True), count, quiet=quiet, noun="simulation", doing="fit")

    run: dict[str, Any] = {"directory": directory / "simulations", "workers": workers}
    designs = [(one, design_of(one)) for one in calibrated_specifications()]
    with counting(simulations * len(designs)) as bar:
        first = calibrate_all(designs, simulations, seed=seed, on_done=bar.reach, **run)
    failed = [design for design, found in zip(designs, first, strict=True) if found.outside]
    with counting(simulations * len(failed)) as bar:
        again = calibrate_all(failed, simulations, seed=seed + REPEATED_SEED, on_done=bar.reach, **run)
    with counting(planned(simulations)) as bar:
        intervals = recover_stated(load_evaluations(), simulations, seed=seed, on_done=bar.reach, **run)
    found = Trust(first, {one.specification: one for one in again}, intervals)
    contents = found.files() | {PAGE_FILE: trust_page(found).encode()}
    say_written(console(), write_beside_fits(contents, directory))
