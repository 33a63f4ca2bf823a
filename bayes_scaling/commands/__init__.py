"""The commands: thin layers over the public functions, one to a file. They import slow packages only when run."""

import typer

from bayes_scaling.commands.allocate import allocate_command
from bayes_scaling.commands.backtest import backtest_command
from bayes_scaling.commands.calibrate import calibrate_command
from bayes_scaling.commands.check import check_command
from bayes_scaling.commands.compare import compare_command
from bayes_scaling.commands.fit import fit_command
from bayes_scaling.commands.import_table import import_command
from bayes_scaling.commands.models import models_command
from bayes_scaling.commands.replicate import replicate_command
from bayes_scaling.commands.report import report_command
from bayes_scaling.commands.robustness import robustness_command
from bayes_scaling.commands.trust import trust_command

app = typer.Typer(
    help="Bayesian scaling laws with algorithmic progress.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("fit")(fit_command)
app.command("compare")(compare_command)
app.command("report")(report_command)
app.command("replicate")(replicate_command)
app.command("robustness")(robustness_command)
app.command("allocate")(allocate_command)
app.command("backtest")(backtest_command)
app.command("calibrate")(calibrate_command)
app.command("trust")(trust_command)
app.command("import")(import_command)
app.command("check")(check_command)
app.command("models")(models_command)
