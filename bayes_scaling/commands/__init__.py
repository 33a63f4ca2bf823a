"""The commands: thin layers over the public functions. They import slow packages only when run."""

from typing import Annotated

import typer

from bayes_scaling import __version__
from bayes_scaling.commands import studies
from bayes_scaling.commands.allocate import allocate_command
from bayes_scaling.commands.design import design_command
from bayes_scaling.commands.fit import fit_command
from bayes_scaling.commands.models import models_command
from bayes_scaling.commands.report import report_command
from bayes_scaling.commands.tables import check_command, import_command

app = typer.Typer(
    help="Bayesian scaling laws with algorithmic progress.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"bayes-scaling {__version__}")
        raise typer.Exit


@app.callback()
def whole(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Bayesian scaling laws with algorithmic progress."""


for command in (
    *(
        fit_command,
        studies.compare_command,
        report_command,
        studies.replicate_command,
        studies.robustness_command,
        allocate_command,
    ),
    *(
        design_command,
        studies.backtest_command,
        studies.calibrate_command,
        studies.trust_command,
        import_command,
        check_command,
        models_command,
    ),
):
    app.command(command.__name__.removesuffix("_command"))(command)
