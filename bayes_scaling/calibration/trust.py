"""All that says when intervals can be trusted: calibrations of the catalogue, failures repeated, known progress."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bayes_scaling.calibration.calibrate import (
    STATED_FILE,
    calibrate,
    calibrated_specifications,
    design_of,
    evidence_file,
    evidence_for,
    stated_intervals,
)
from bayes_scaling.calibration.result import Calibration
from bayes_scaling.calibration.settings import SIMULATIONS
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.settings import SEED
from bayes_scaling.specifications.specification import Specification

REPEATED_SEED = 1
"""Added to the seed where a calibration with failures is repeated."""


@dataclass(frozen=True, eq=False)
class Trust:
    """What simulations have shown.

    Parameters
    ----------
    calibrations
        One a specification.
    repeated
        By name, of specifications of which a quantity's ranks were not uniform: the same with other random numbers.
    intervals
        See :func:`bayes_scaling.calibration.stated.recover_stated`.
    """

    calibrations: tuple[Calibration, ...]
    repeated: Mapping[str, Calibration]
    intervals: pd.DataFrame

    def files(self) -> dict[str, bytes]:
        """File names to contents, as the package carries them."""
        contents = {evidence_file(one.specification): one.to_json() for one in self.calibrations}
        contents |= {evidence_file(name, repeated=True): one.to_json() for name, one in self.repeated.items()}
        return contents | {STATED_FILE: self.intervals.to_csv(index=False, float_format="%.6g").encode()}


def stored_trust() -> Trust:
    """What comes with the package.

    Raises BayesScalingError if a specification has no calibration, or has changed since it was calibrated.

    Examples
    --------
    >>> len(stored_trust().calibrations)
    22
    """
    specifications = calibrated_specifications()
    found = {one.name: evidence_for(one) for one in specifications}
    lacking = [name for name, one in found.items() if one is None]
    if lacking:
        raise BayesScalingError(
            f"no calibration of today's priors and settings comes with the package for {', '.join(lacking)}; simulate "
            "again: bayes-scaling trust"
        )
    again = [evidence_for(one, repeated=True) for one in specifications]
    return Trust(
        tuple(one for one in found.values() if one is not None),
        {one.specification: one for one in again if one is not None},
        stated_intervals(),
    )


def calibrate_all(
    specifications: Sequence[Specification],
    simulations: int = SIMULATIONS,
    *,
    seed: int = SEED,
    directory: str | Path | None = None,
    workers: int | None = None,
    on_done: Callable[[int], None] = lambda done: None,
) -> tuple[Calibration, ...]:
    """Calibrate one specification after another, each at its own design; see :func:`bayes_scaling.calibrate`.

    ``on_done``: Called with the number of simulations that are done, of all specifications.
    """
    found: list[Calibration] = []
    for number, specification in enumerate(specifications):

        def reach(done: int, before: int = number * simulations) -> None:
            on_done(before + done)

        one = calibrate(
            specification,
            design_of(specification),
            simulations,
            seed=seed,
            directory=directory,
            workers=workers,
            on_done=reach,
        )
        found.append(one)
    return tuple(found)
