"""Calibrate a specification, or the whole catalogue, by simulation; and the calibrations that the package carries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_scaling.common.files import plain_name
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.settings import SEED, checked_seed, whole_number
from bayes_scaling.inference.simulation import design_of, require_proper_prior
from bayes_scaling.model.rows import make_rows
from bayes_scaling.specifications.catalogue import (
    DEFAULT_SPECIFICATION,
    list_specifications,
    load_specification,
    resolve,
)
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.calibration.experiment import (
    Simulation,
    calibration_fingerprint,
    run_numbered,
    simulate_once,
)
from bayes_scaling.studies.calibration.result import Calibration
from bayes_scaling.studies.calibration.settings import LEAST, SIMULATIONS


def calibrate(
    specification: Specification | str | Path,
    evaluations: pd.DataFrame,
    simulations: int = SIMULATIONS,
    *,
    seed: int = SEED,
    directory: str | Path | None = None,
    workers: int | None = None,
    on_done: Callable[[int], None] = lambda done: None,
) -> Calibration:
    r"""Check a specification's posterior on data simulated from its own prior.

    .. math:: \theta \sim p(\theta), \quad y \sim p(y \mid \theta), \quad
        \mathrm{rank}(\theta \text{ among draws of } p(\theta \mid y)) \sim \mathrm{uniform}

    Parameters
    ----------
    specification
        Any without ``delta``; or a name in the catalogue, or the path of a ``.toml`` file.
    evaluations
        The design: sizes, dates and groups are used, losses are simulated. An evaluations table, or training runs.
    simulations
        At least 20. Each takes a second or so once compiled.
    seed
        Of everything random.
    directory
        Keeps finished batches; the same call with the same directory resumes. By default nothing is kept.
    workers
        Processes; by default one a core. In a script, calls belong under ``if __name__ == "__main__":``.
    on_done
        Called with the number of simulations that are done.

    Returns
    -------
    Calibration
        ``table``: for each parameter, and for ``E``, ``a`` and ``g_C = g_N + g_D`` where there are these, whether its
        ranks are uniform.

    Raises
    ------
    BayesScalingError
        For too few simulations, a specification with ``delta``, or a table that does not go with it.

    Notes
    -----
    Talts et al. 2018 (arXiv 1804.06788); bands: Säilynoja, Bürkner and Vehtari 2022. All simulations count, converged
    or not: leaving out those that were hard would make the rest look calibrated.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = calibrate("chinchilla", bs.load_runs(), 200)  # doctest: +SKIP
    >>> found.outside  # doctest: +SKIP
    ()
    """
    design = resolve(specification), evaluations
    return calibrate_all([design], simulations, seed=seed, directory=directory, workers=workers, on_done=on_done)[0]


def calibrate_all(
    designs: Sequence[tuple[Specification, pd.DataFrame]],
    simulations: int = SIMULATIONS,
    *,
    seed: int = SEED,
    **where: Any,
) -> tuple[Calibration, ...]:
    """Calibrate specifications, each at a design of its own; ``where`` as of :func:`calibrate`."""
    for specification, table in designs:
        check_calibration(specification, table, simulations, seed)
    fingerprints = [calibration_fingerprint(*design) for design in designs]
    keys = [f"{fingerprint[:16]} seed={seed}" for fingerprint in fingerprints]
    asked = {key: partial(simulate_once, *design, seed) for key, design in zip(keys, designs, strict=True)}
    found = run_numbered(Simulation, asked, simulations, **where)
    return tuple(
        Calibration(specification.name, str(table.attrs.get("name", "unnamed")), found[key], seed, fingerprint)
        for (specification, table), key, fingerprint in zip(designs, keys, fingerprints, strict=True)
    )


def check_calibration(specification: Specification, evaluations: pd.DataFrame, simulations: int, seed: int) -> None:
    """Refuse what can't be calibrated, before anything is simulated."""
    checked_seed(seed)
    whole_number("simulations", simulations, LEAST)
    require_proper_prior(specification)
    make_rows(specification, evaluations)  # refuses a table that lacks what the specification needs


FOLDER = "calibration"
STATED_FILE = "stated.csv"
"""Intervals from simulations with known progress: :func:`bayes_scaling.studies.calibration.stated.recover_stated`."""


def evidence_file(specification: str, *, repeated: bool = False) -> str:
    """Name of the file of a specification's calibration, or of that repeated with other random numbers."""
    return f"{plain_name(specification)}{'-repeated' if repeated else ''}.json"


def evidence_for(specification: Specification, *, repeated: bool = False) -> Calibration | None:
    """The packaged calibration of exactly this specification; ``repeated``: the second, with other random numbers."""
    file = files("bayes_scaling") / "data" / FOLDER / evidence_file(specification.name, repeated=repeated)
    if not file.is_file():
        return None
    found = Calibration.from_json(file.read_bytes(), file.name)
    return found if found.fingerprint == calibration_fingerprint(specification, design_of(specification)) else None


def calibrated_specifications() -> tuple[Specification, ...]:
    """What is calibrated: the paper's twenty, the recommended one, and the law of training runs."""
    families = [name for name in list_specifications() if name.startswith("ho2024/")]
    return tuple(map(load_specification, (*families, DEFAULT_SPECIFICATION, "chinchilla")))


def stated_intervals() -> pd.DataFrame:
    """The packaged result of :func:`bayes_scaling.studies.calibration.stated.recover_stated`."""
    with (files("bayes_scaling") / "data" / FOLDER / STATED_FILE).open() as file:
        return pd.read_csv(file)


REPEATED_SEED = 1  # added to the seed where a calibration with failures is repeated


@dataclass(frozen=True, eq=False)
class Trust:
    """All calibrations; ``repeated``, with other random numbers, where a quantity's ranks were not uniform at first."""

    calibrations: tuple[Calibration, ...]
    repeated: Mapping[str, Calibration]
    intervals: pd.DataFrame

    def files(self) -> dict[str, bytes]:
        """File names to contents, as the package carries them."""
        contents = {evidence_file(one.specification): one.to_json() for one in self.calibrations}
        contents |= {evidence_file(name, repeated=True): one.to_json() for name, one in self.repeated.items()}
        return contents | {STATED_FILE: self.intervals.to_csv(index=False, float_format="%.6g").encode()}


def stored_trust() -> Trust:
    """What comes with the package; refused if a specification has changed since it was calibrated."""
    specifications = calibrated_specifications()
    found = {one.name: evidence_for(one) for one in specifications}
    lacking = [name for name, one in found.items() if one is None]
    if lacking:
        raise BayesScalingError(
            f"no calibration of today's priors and settings comes with the package for {', '.join(lacking)}; simulate "
            "again: bayes-scaling trust"
        )
    again = filter(None, (evidence_for(one, repeated=True) for one in specifications))
    return Trust(tuple(filter(None, found.values())), {one.specification: one for one in again}, stated_intervals())
