"""The command line: a thin layer over the public functions."""

import re
import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.evaluations import PACKAGED, check_evaluations, load_evaluations, read_evaluations
from bayes_scaling.inference.defaults import CHAINS, DRAWS, SEED, TUNE
from bayes_scaling.report.terminal import console, specification_list, specification_page
from bayes_scaling.specifications.catalogue import DEFAULT_SPECIFICATION, list_specifications, load_specification
from bayes_scaling.specifications.describe import describe

EXIT_UNCONVERGED = 1
EXIT_BAD_INPUT = 2

_COLUMN_HELP = "NAME=COLUMN: the file's own name of one of our columns; repeat as needed."

app = typer.Typer(
    help="Bayesian scaling laws with algorithmic progress.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line; bad input ends with one message and exit code 2, never a traceback."""
    try:
        app()
    except BayesScalingError as error:
        sys.stderr.write(f"bayes-scaling: {error}\n")
        sys.exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        sys.stderr.write("bayes-scaling: interrupted; nothing half-written was left\n")
        sys.exit(130)


@app.command("fit")
def fit_command(
    specification: Annotated[
        str, typer.Argument(help="A name in the catalogue, or the path of a .toml file.")
    ] = DEFAULT_SPECIFICATION,
    evaluations: Annotated[
        str, typer.Option(help="A packaged table (ho2024, collected) or the path of a CSV file.")
    ] = "ho2024",
    column: Annotated[list[str] | None, typer.Option(help=_COLUMN_HELP)] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Directory for fit.nc, summary.json and pictures; default runs/SPECIFICATION-TABLE."),
    ] = None,
    delta: Annotated[
        float | None,
        typer.Option(help="The paper's coefficients with its L1 penalty of this strength as a prior."),
    ] = None,
    draws: Annotated[int, typer.Option(help="Kept draws of each chain.")] = DRAWS,
    tune: Annotated[int, typer.Option(help="Adaptation draws of each chain.")] = TUNE,
    chains: Annotated[int, typer.Option(help="Chains.")] = CHAINS,
    seed: Annotated[int, typer.Option(help="Reproduces the fit.")] = SEED,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on standard error.")] = False,
) -> None:
    """Fit a specification to a table; print the doubling times and write the run directory."""
    chosen = load_specification(specification)
    if delta is not None:
        chosen = chosen.with_published_penalty(delta)
    table = _table(evaluations, _mapping(column))
    directory = output or Path("runs") / _file_name(f"{chosen.name}-{table.attrs['name']}")
    # PyMC takes seconds to import: only once the input is known to be good.
    from bayes_scaling.inference.fitting import fit, validate
    from bayes_scaling.report.fit_table import fit_report
    from bayes_scaling.report.run_directory import prepare, write_run

    validate(chosen, table, draws=draws, tune=tune, chains=chains, seed=seed)
    prepare(directory)
    log = console(stderr=True)
    shows = log.is_terminal and not quiet
    if not quiet:
        log.print(f"{chosen.name} on {table.attrs['name']}: {len(table)} evaluations; compiling, then sampling ...")
    result = fit(chosen, table, draws=draws, tune=tune, chains=chains, seed=seed, progress=shows)
    files = write_run(result, directory)
    out = console()
    out.print(fit_report(result))
    out.print(f"\nWritten: {', '.join(str(file) for file in files)}", soft_wrap=True)
    seconds = result.seconds
    out.print(
        f"{seconds['total']:.0f} s, of which {seconds['compile']:.0f} s compiling, {seconds['sample']:.0f} s sampling."
    )
    if not result.diagnostics.converged:
        raise typer.Exit(EXIT_UNCONVERGED)


@app.command("check")
def check_command(
    file: Annotated[Path, typer.Argument(help="A CSV file of evaluations.")],
    column: Annotated[list[str] | None, typer.Option(help=_COLUMN_HELP)] = None,
) -> None:
    """Print every fault of a table: row, column, value and the rule it breaks."""
    columns = _mapping(column)
    faults = check_evaluations(file, columns)
    if faults:
        for fault in faults:
            typer.echo(str(fault))
        raise BayesScalingError(f"{file}: {len(faults)} fault{'s' if len(faults) > 1 else ''}")
    typer.echo(f"{file}: {len(read_evaluations(file, columns))} evaluations, no faults")


@app.command("models")
def models_command(
    name: Annotated[str | None, typer.Argument(help="A name in the catalogue, or the path of a .toml file.")] = None,
) -> None:
    """List the catalogue, or show one specification: equation, priors and reference."""
    if name is None:
        console().print(specification_list((each, load_specification(each).title) for each in list_specifications()))
    else:
        console().print(specification_page(describe(load_specification(name))))


def _table(name: str, columns: dict[str, str]) -> pd.DataFrame:
    if name in PACKAGED or not (Path(name).suffix or Path(name).exists()):
        if columns:
            raise BayesScalingError("--column maps the columns of a file; packaged tables need no mapping")
        return load_evaluations(name)  # refuses an unknown name, naming the packaged tables
    return read_evaluations(name, columns)


def _mapping(pairs: list[str] | None) -> dict[str, str]:
    mapping = {}
    for pair in pairs or []:
        ours, equals, theirs = pair.partition("=")
        if not equals or not ours or not theirs:
            raise BayesScalingError(f"--column {pair!r} must read NAME=COLUMN, such as parameters='Model Size'")
        if ours in mapping:
            raise BayesScalingError(f"--column gives {ours!r} twice")
        mapping[ours] = theirs
    return mapping


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._@=-]+", "-", text)


if __name__ == "__main__":
    main()
