"""A calibration as the command line prints it: ranks of each quantity, and the finding in a sentence."""

import pandas as pd
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bayes_scaling.calibration.result import BAND, Calibration
from bayes_scaling.words import counted


def calibration_report(calibration: Calibration) -> RenderableType:
    """Table and sentences."""
    table = Table("", "ranks", "largest difference", "50% holds", "90% holds", title_justify="left")
    table.title = f"Calibration of {escape(calibration.specification)}"
    for name, row in calibration.table.iterrows():
        state = "uniform" if row["inside"] else "[bold red]not uniform[/]"
        table.add_row(escape(str(name)), state, *calibration_cells(row))
    return Group(table, Text(), *(Text(sentence) for sentence in calibration_sentences(calibration)))


def calibration_cells(row: pd.Series) -> tuple[str, str, str]:
    """A quantity's largest difference from uniform, and how many 50% and 90% intervals hold the true value."""
    return f"{row['largest']:+.3f}", f"{row['covered_50']:.0%}", f"{row['covered_90']:.0%}"


def calibration_sentences(calibration: Calibration) -> tuple[str, ...]:
    """What was found, and what it rests on."""
    quantities = len(calibration.table)
    count = len(calibration.simulations)
    said = [
        f"{count} simulations from the priors of '{calibration.specification}' at the design of "
        f"{calibration.evaluations}: the ranks of {quantities - len(calibration.outside)} of {quantities} quantities "
        f"stay in their simultaneous {BAND:.0%} band."
    ]
    if calibration.outside:
        said.append(
            f"Outside: {', '.join(calibration.outside)}. Of calibrated quantities {1 - BAND:.0%} are expected outside."
        )
    if calibration.unconverged:
        said.append(
            f"In {counted(calibration.unconverged, 'simulation')} chains did not agree well enough to trust the ranks; "
            "these count all the same."
        )
    restarted = sum(one.restarted > 0 for one in calibration.simulations)
    if restarted:
        said.append(f"In {counted(restarted, 'simulation')} chains that had settled elsewhere were started again.")
    said.append(f"{calibration.seconds:.1f} s of sampling a simulation on one core.")
    return tuple(said)
