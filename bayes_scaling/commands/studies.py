"""The commands that run a study: `compare`, `robustness`, `backtest`, `calibrate`, `replicate` and `trust`.

They resume what was begun. PyMC takes seconds to import, so it is only once the input is known to be good.
"""

from dataclasses import replace
from typing import Annotated, Any

import typer

from bayes_scaling.commands.options import (
    Quiet,
    Seed,
    StudyOptions,
    TableOptions,
    Workers,
    check_workers,
    output_directory,
    say,
    specification_names,
    takes_table,
)
from bayes_scaling.common.files import FITS, REPLICATION_TABLE
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.settings import SEED, checked_seed
from bayes_scaling.specifications.catalogue import DEFAULT_SPECIFICATION, load_specification
from bayes_scaling.studies.calibration.settings import LEAST, SIMULATIONS

FAMILY = "ho2024"  # named alone, it stands for the paper's whole grid: 20 structures and 6 penalties


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
    from bayes_scaling.common.strict_json import with_rows
    from bayes_scaling.reports.comparison_document import comparison_report, write_comparison
    from bayes_scaling.studies.comparison.compare import compare, comparison_json

    asked: dict[str, Any] = {"unit": unit, "deltas": deltas, "rate_scales": scales, "refits": refits}
    comparison = study.run(compare, len(variants), directory, specifications=names, evaluations=table, **asked)
    study.tell(
        (*write_comparison(comparison, directory), directory / FITS),
        lambda: with_rows(comparison_json(comparison), comparison.table),
        lambda: comparison_report(comparison),
        converged=comparison.table["converged"],
    )


@takes_table(runs=False, study="robustness")
def robustness_command(
    options: TableOptions,
    study: StudyOptions,
    case: Annotated[
        list[str] | None, typer.Option(help="A case to run beside the baseline; repeat as needed. Default: all.")
    ] = None,
) -> None:
    """Fit the paper's robustness cases, and compare their doubling times with the published ones."""
    from bayes_scaling.studies.robustness.cases import chosen

    names = case or None
    table = options.read()
    chosen(names, table)  # refuses unknown cases
    from bayes_scaling.common.strict_json import with_rows
    from bayes_scaling.reports.robustness_document import robustness_report, write_robustness
    from bayes_scaling.studies.robustness.run import planned, robustness, robustness_json

    total = planned(table, names, seed=study.seed).count
    directory = study.directory(table.attrs["name"])
    result = study.run(robustness, total, directory, evaluations=table, cases=names)
    study.tell(
        (*write_robustness(result, directory), directory / FITS),
        lambda: with_rows(robustness_json(result), result.table),
        lambda: robustness_report(result),
        converged=result.table["converged"],
    )


@takes_table(runs=True, study="backtest")
def backtest_command(
    options: TableOptions,
    study: StudyOptions,
    specifications: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names in the catalogue, .toml files, or families; the first is also fitted without progress. "
            "Default: reference and ho2024/07; of runs chinchilla and runs/discrepancy.",
            autocompletion=specification_names,
        ),
    ] = None,
    first: Annotated[
        int | None, typer.Option("--from", help="First cut year, default 2016; what came before is fitted.")
    ] = None,
    last: Annotated[int | None, typer.Option("--to", help="Last cut year, default 2021.")] = None,
    hold_out: Annotated[
        str | None,
        typer.Option(
            help='Of --runs, which are predicted from the others: "flop > 1e20", "parameters > 1e9" and such; largest '
            "(budget); largest:5 (runs); each (budget in turn); growing (all above a budget from the rest, for up to "
            "six)."
        ),
    ] = None,
) -> None:
    """Fit what was published before a year, or small runs; predict the rest, and count how often that was right."""
    if (options.runs is None) != (hold_out is None):
        raise BayesScalingError(
            "--runs and --hold-out go together: which runs are predicted from the others, such as --hold-out "
            '"flop > 1e20" or --hold-out largest; without both, evaluations are cut by date (--from, --to)'
        )
    if hold_out is not None and (first, last) != (None, None):
        raise BayesScalingError("--from and --to cut evaluations by date; leave them out with --hold-out")
    # On each side of a split by itself: else losses that are held out would choose the runs that are fitted.
    best_of = [] if options.best_of is None or hold_out is None else options.best_of.split(",")
    table = (replace(options, best_of=None) if best_of else options).read()
    from bayes_scaling.reports.backtest_document import backtest_report, write_backtest
    from bayes_scaling.studies.backtest.backtest import FORECASTS, backtest, backtest_json, in_words, planned
    from bayes_scaling.studies.backtest.splits import FIRST, LAST, RUN_SPECIFICATIONS, SPECIFICATIONS

    names = specifications or list(SPECIFICATIONS if hold_out is None else RUN_SPECIFICATIONS)
    cuts = range(FIRST if first is None else first, (LAST if last is None else last) + 1)
    asked: dict[str, Any] = {"specifications": names, "evaluations": table, "cuts": cuts}
    asked |= {"hold_out": hold_out, "best_of": best_of}
    plan = planned(**asked, seed=study.seed)
    directory = study.directory(f"{'-'.join(names)[:60]}-{table.attrs['name']}")
    if not study.quiet:
        say(in_words(plan))
    result = study.run(backtest, plan.count, directory, noun="forecast", doing="make", **asked)
    study.tell(
        (*write_backtest(result, directory), directory / FORECASTS),
        lambda: backtest_json(result),
        lambda: backtest_report(result),
        converged=result.forecasts["converged"],
    )


CALIBRATION_FILES = ("calibration.png", "calibration.csv", "calibration.json")


@takes_table(runs=True, study="calibration", without=["scheduler"])
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
    from bayes_scaling.inference.simulation import design_of
    from bayes_scaling.studies.calibration.calibrate import calibrate, check_calibration

    table = design_of(chosen) if table is None else table
    check_calibration(chosen, table, simulations, study.seed)
    directory = study.directory(f"{chosen.name}-{table.attrs['name']}")
    from bayes_scaling.common.strict_json import with_rows
    from bayes_scaling.plots.predictive import plot_calibration
    from bayes_scaling.reports.calibration_document import calibration_report
    from bayes_scaling.reports.run_directory import picture, write_beside_fits

    asked: dict[str, Any] = {"specification": chosen, "evaluations": table, "simulations": simulations}
    shown: dict[str, Any] = {"noun": "simulation", "doing": "fit", "counting": True}
    found = study.run(calibrate, simulations, directory / "simulations", **shown, **asked)
    contents = (picture(plot_calibration(found)), found.table.to_csv().encode(), found.to_json())
    study.tell(
        write_beside_fits(dict(zip(CALIBRATION_FILES, contents, strict=True)), directory),
        lambda: with_rows(found.to_json(), found.table),
        lambda: calibration_report(found),
    )


REPLICATION_PAGE = "replication.md"


@takes_table(runs=False, study="replication")
def replicate_command(options: TableOptions, study: StudyOptions) -> None:
    """Compare the paper's answers (doubling times, gains, attribution) with a posterior's."""
    checked_seed(study.seed)
    table = options.read()
    directory = study.directory(table.attrs["name"])
    from bayes_scaling.common.strict_json import records, strict_json
    from bayes_scaling.reports.replication_document import replication_page, replication_report
    from bayes_scaling.reports.run_directory import write_results
    from bayes_scaling.studies.replication import kept_file, replicate, replicated_specifications

    total = len(replicated_specifications())
    result = study.run(replicate, total, directory, noun="fit", doing="make", evaluations=table)
    page, csv = replication_page(result).encode(), result.table.to_csv().encode()
    files = write_results({directory / REPLICATION_PAGE: page, directory / REPLICATION_TABLE: csv}, directory)
    study.tell(
        (*files, *(kept_file(directory, name) for name in result.fits)),
        lambda: strict_json({"table": records(result.table), "unconverged": list(result.unconverged)}),
        lambda: replication_report(result),
        converged=(one.diagnostics.converged for one in result.fits.values()),
    )


TRUST_PAGE = "trust.md"


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
    """What can be trusted when: calibrate every specification, recover known progress, write trust.md.

    Simulates some 8,000 tables and fits each: hours on two cores. Finished simulations are kept.
    """
    check_workers(workers)
    directory = output_directory(output, "trust")
    if simulations < LEAST and not stored:
        raise BayesScalingError(f"--simulations must be at least {LEAST}, not {simulations}")
    from bayes_scaling.inference.simulation import design_of
    from bayes_scaling.reports.calibration_document import trust_page
    from bayes_scaling.reports.run_directory import prepare, write_beside_fits
    from bayes_scaling.reports.terminal import SweepProgress, console, say_written
    from bayes_scaling.studies.calibration import calibrate
    from bayes_scaling.studies.calibration.stated import planned, recover_stated
    from bayes_scaling.tables import load_evaluations

    prepare(directory)
    if stored:
        page = trust_page(calibrate.stored_trust()).encode()
        say_written(console(), write_beside_fits({TRUST_PAGE: page}, directory))
        return

    def counting(count: int) -> SweepProgress:
        return SweepProgress(console(stderr=True), count, quiet=quiet, noun="simulation", doing="fit")

    run: dict[str, Any] = {"directory": directory / "simulations", "workers": workers}
    designs = [(one, design_of(one)) for one in calibrate.calibrated_specifications()]
    with counting(simulations * len(designs)) as bar:
        first = calibrate.calibrate_all(designs, simulations, seed=seed, on_done=bar.reach, **run)
    failed = [design for design, found in zip(designs, first, strict=True) if found.outside]
    with counting(simulations * len(failed)) as bar:
        again = calibrate.calibrate_all(
            failed, simulations, seed=seed + calibrate.REPEATED_SEED, on_done=bar.reach, **run
        )
    with counting(planned(simulations)) as bar:
        intervals = recover_stated(load_evaluations(), simulations, seed=seed, on_done=bar.reach, **run)
    found = calibrate.Trust(first, {one.specification: one for one in again}, intervals)
    contents = found.files() | {TRUST_PAGE: trust_page(found).encode()}
    say_written(console(), write_beside_fits(contents, directory))
