"""`bayes-scaling trust`: calibrate the whole catalogue and put known progress in. Hours; resumable."""

from typing import Annotated

import typer

from bayes_scaling.calibration.settings import LEAST, SIMULATIONS
from bayes_scaling.commands.options import Quiet, Seed, Workers, check_workers, output_directory
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.files import plain_name
from bayes_scaling.inference.settings import SEED

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
    """What can be trusted when: calibrate every specification, see known progress found again, write trust.md.

    Simulates some 7,000 tables and fits each: hours on two cores. Finished simulations are kept.
    """
    check_workers(workers)
    directory = output_directory(output, "trust")
    if simulations < LEAST and not stored:
        raise BayesScalingError(f"--simulations must be at least {LEAST}, not {simulations}")
    from bayes_scaling.calibration.evidence import (
        STATED_FILE,
        calibrated_specifications,
        design_of,
        evidence_for,
        stated_intervals,
    )
    from bayes_scaling.report.run_directory import prepare, write_beside_fits
    from bayes_scaling.report.terminal import console, say_written
    from bayes_scaling.report.trust_page import trust_page

    prepare(directory)
    specifications = calibrated_specifications()
    if stored:
        found = [one for one in map(evidence_for, specifications) if one is not None]
        page = trust_page(found, stated_intervals())
        say_written(console(), write_beside_fits({PAGE_FILE: page.encode()}, directory))
        return
    from bayes_scaling.calibration.calibrate import calibrate
    from bayes_scaling.calibration.studies import planned, recover_stated
    from bayes_scaling.evaluations import load_evaluations
    from bayes_scaling.report.progress import SweepProgress

    total = simulations * len(specifications) + planned(simulations)
    calibrations, contents, kept = [], {}, directory / "simulations"
    with SweepProgress(console(stderr=True), total, quiet=quiet, noun="simulation", doing="fit") as progress:
        for number, specification in enumerate(specifications):

            def reach(done: int, before: int = number * simulations) -> None:
                progress.reach(before + done)

            one = calibrate(
                specification,
                design_of(specification),
                simulations,
                seed=seed,
                directory=kept,
                workers=workers,
                on_done=reach,
            )
            calibrations.append(one)
            contents[f"{plain_name(specification.name)}.json"] = one.to_json()

        def reach_stated(done: int) -> None:
            progress.reach(simulations * len(specifications) + done)

        intervals = recover_stated(
            load_evaluations(), simulations, seed=seed, directory=kept, workers=workers, on_done=reach_stated
        )
    contents[STATED_FILE] = intervals.to_csv(index=False, float_format="%.6g").encode()
    contents[PAGE_FILE] = trust_page(calibrations, intervals).encode()
    say_written(console(), write_beside_fits(contents, directory))
