"""`bayes-scaling fit`: one posterior, printed and written to a run directory."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_scaling.commands.options import (
    EXIT_UNCONVERGED,
    Json,
    Quiet,
    TableOptions,
    output_directory,
    specification_names,
    takes_table,
)
from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.settings import DEFAULT, SEED, SMC, Settings, checked, checked_seed
from bayes_scaling.specifications.catalogue import DEFAULT_OF_RUNS, DEFAULT_SPECIFICATION, load_specification

if TYPE_CHECKING:
    import pandas as pd

    from bayes_scaling.inference.result import Fit
    from bayes_scaling.specifications.specification import Specification


@takes_table(runs=True)
def fit_command(
    options: TableOptions,
    specification: Annotated[
        str,
        typer.Argument(
            help=f"A name in the catalogue, or the path of a .toml file; by default {DEFAULT_SPECIFICATION}, of "
            f"training runs {DEFAULT_OF_RUNS}.",
            autocompletion=specification_names,
            show_default=False,
        ),
    ] = "",
    output: Annotated[
        str | None,
        typer.Option(help="Directory for fit.nc, summary.json and pictures; default runs/SPECIFICATION-TABLE."),
    ] = None,
    delta: Annotated[
        float | None,
        typer.Option(help="The paper's coefficients with its L1 penalty of this strength as a prior."),
    ] = None,
    draws: Annotated[int | None, typer.Option(help="Draws of each chain; by default as many as needed.")] = None,
    effective_draws: Annotated[
        int, typer.Option(help="Effective draws wanted of rates, exponents and E.")
    ] = DEFAULT.effective_draws,
    tune: Annotated[int, typer.Option(help="Adaptation draws of each chain.")] = DEFAULT.tune,
    chains: Annotated[int, typer.Option(help="Chains.")] = DEFAULT.chains,
    seed: Annotated[int, typer.Option(help="Reproduces the fit.")] = SEED,
    sampler: Annotated[
        str,
        typer.Option(help="nuts; or smc: a second opinion by as many tempered runs as chains, draws particles each."),
    ] = DEFAULT.sampler,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Fit a specification to a table; print doubling times or coefficients and write the run directory."""
    settings = checked(Settings(draws, tune, chains, sampler=sampler, effective_draws=effective_draws))
    checked_seed(seed)
    chosen = load_specification(specification or (DEFAULT_OF_RUNS if options.runs else DEFAULT_SPECIFICATION))
    if delta is not None:
        chosen = chosen.with_published_penalty(delta)
    if chosen.centre is not None and not {"runs", "evaluations"} & options.told:
        raise BayesScalingError(
            f"'{chosen.name}' is a law for training runs: give --runs FILE (columns parameters, tokens or flop, and "
            "loss), or --evaluations for a table of evaluations all the same"
        )
    table = options.read(chosen.used_columns)
    directory = output_directory(output, f"{chosen.name}-{table.attrs['name']}")
    if sampler == SMC and chosen.delta is not None:
        raise BayesScalingError("--sampler smc can't sample the paper's penalty; leave out --delta, or --sampler")
    from bayes_scaling.model.rows import make_rows
    from bayes_scaling.reports.run_directory import only_run, prepare

    make_rows(chosen, table)  # refuses a table that lacks what the specification needs
    prepare(directory)
    with only_run(directory):
        result = _run(chosen, table, settings, seed, directory, options, quiet=quiet, as_json=as_json)
    if not result.diagnostics.converged:
        raise typer.Exit(EXIT_UNCONVERGED)


def _run(
    chosen: "Specification",
    table: "pd.DataFrame",
    settings: Settings,
    seed: int,
    directory: Path,
    options: TableOptions,
    *,
    quiet: bool,
    as_json: bool,
) -> "Fit":
    # PyMC takes seconds to import: only once the input is known to be good.
    from bayes_scaling.inference.fitting import fit_fingerprint, fit_with
    from bayes_scaling.inference.result import finished_fit, summary_of
    from bayes_scaling.reports.fit_quantities import fit_report, groups_report, summary_json
    from bayes_scaling.reports.run_directory import earlier_run, write_run
    from bayes_scaling.reports.terminal import console, say_written
    from bayes_scaling.tables.plausibility import findings

    log = console(stderr=True)
    found = finished_fit(fit_fingerprint(chosen, table, settings, seed), directory)
    if not quiet and found is None:
        noun = "evaluation" if options.runs is None else "training run"
        what = f"{chosen.name} on {table.attrs['name']}: {counted(len(table), noun)}"
        log.print(f"{what}; sampling (after compiling, some 10 s, where the model is new) ...", markup=False)
    shows = log.is_terminal and not quiet
    if found is None:
        result = fit_with(chosen, table, settings, seed, progress=shows)
    else:
        looks_wrong = findings(table, chosen.used_columns)
        result = replace(found[0], evaluations=summary_of(table, looks_wrong))  # its name may be another
    replaced, outdated = earlier_run(directory, result.fingerprint)
    files = write_run(result, directory, outdated)
    if as_json:
        typer.echo(summary_json(result), nl=False)
    else:
        out = console(widest=80)
        out.print(fit_report(result))
        groups = None if result.diagnostics.converged else groups_report(result)
        if groups is not None:
            out.print(groups)
        say_written(out, files)
        if replaced:
            out.print(f"In place of {replaced}.", markup=False)
        if outdated:
            removed = ", ".join(path.name for path in outdated if path.parent == directory)
            out.print(f"Removed, since it is of the earlier fit: {removed}", soft_wrap=True, markup=False)
        seconds = {name: f"{value:.0f} s" for name, value in result.seconds.items()}
        if found is not None:
            out.print(f"Not sampled again: {found[2]} has the same data, specification, settings, seed and versions.")
        else:
            out.print(f"{seconds['total']}, of which {seconds['compile']} compiling, {seconds['sample']} sampling.")
    return result
