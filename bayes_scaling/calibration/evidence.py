"""Calibrations that come with the package: for each specification of the catalogue, ranks from 200 simulations."""

from importlib.resources import files

import pandas as pd

from bayes_scaling.calibration.calibrate import calibration_fingerprint
from bayes_scaling.calibration.result import Calibration
from bayes_scaling.files import plain_name
from bayes_scaling.specifications.catalogue import DEFAULT_SPECIFICATION, list_specifications, load_specification
from bayes_scaling.specifications.specification import Specification

FOLDER = "calibration"
STATED_FILE = "stated.csv"
"""Intervals from simulations with known progress; see :func:`bayes_scaling.calibration.studies.recover_stated`."""


def evidence_file(specification: str, *, repeated: bool = False) -> str:
    """Name of the file of a specification's calibration, or of that repeated with other random numbers."""
    return f"{plain_name(specification)}{'-repeated' if repeated else ''}.json"


def evidence_for(specification: Specification, *, repeated: bool = False) -> Calibration | None:
    """The calibration that comes with the package, if it is of exactly this specification.

    Returns Calibration or None: of the design that :func:`design_of` gives.

    Parameters
    ----------
    specification
        Its law, priors and noise must be those that were calibrated: under the same name with another prior it has no
        evidence.
    repeated
        The second one, with other random numbers, which there is where a quantity failed in the first.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = evidence_for(bs.load_specification("chinchilla"))
    >>> len(found.simulations)
    200
    """
    file = files("bayes_scaling") / "data" / FOLDER / evidence_file(specification.name, repeated=repeated)
    if not file.is_file():
        return None
    found = Calibration.from_json(file.read_bytes(), file.name)
    return found if found.fingerprint == calibration_fingerprint(specification, design_of(specification)) else None


def calibrated_specifications() -> tuple[Specification, ...]:
    """What is calibrated: the paper's twenty, the recommended one, and the law of training runs.

    Examples
    --------
    >>> len(calibrated_specifications())
    22
    """
    families = [name for name in list_specifications() if name.startswith("ho2024/")]
    return tuple(map(load_specification, (*families, DEFAULT_SPECIFICATION, "chinchilla")))


def design_of(specification: Specification) -> pd.DataFrame:
    """The design at which the catalogue is calibrated: the paper's evaluations, or the packaged IsoFLOP runs."""
    if specification.centre is not None:  # sizes of training runs
        from bayes_scaling.tables import load_runs

        return load_runs()
    from bayes_scaling.tables import load_evaluations

    return load_evaluations()


def stated_intervals() -> pd.DataFrame:
    """Intervals from simulations with known progress, as :func:`bayes_scaling.calibration.studies.recover_stated` gave.

    Examples
    --------
    >>> list(stated_intervals())[:4]
    ['question', 'simulated', 'fitted', 'months']
    """
    with (files("bayes_scaling") / "data" / FOLDER / STATED_FILE).open() as file:
        return pd.read_csv(file)
