"""What simulation-based calibration found of one specification, and how it is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pandas as pd

from bayes_scaling.calibration.experiment import KEPT, Simulation
from bayes_scaling.calibration.uniformity import uniformity
from bayes_scaling.errors import BayesScalingError

_FORMAT = 2


@dataclass(frozen=True)
class Calibration:
    """Ranks of true values under one specification, with everything needed to judge and to repeat them.

    Parameters
    ----------
    specification, evaluations
        Names of the specification and of the table whose design was used.
    simulations
        See :class:`bayes_scaling.calibration.experiment.Simulation`.
    seed
        Of everything random.
    fingerprint
        SHA-256 of specification, priors, design and settings: other ones, another calibration.

    Notes
    -----
    Source of the method: Talts et al. 2018.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.calibrate(bs.load_specification("reference"), bs.load_evaluations())  # doctest: +SKIP
    >>> found.table, found.outside, found.unconverged  # doctest: +SKIP
    >>> Calibration.from_json(found.to_json(), "reference").table.equals(found.table)  # doctest: +SKIP
    """

    specification: str
    evaluations: str
    simulations: tuple[Simulation, ...]
    seed: int
    fingerprint: str

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a quantity; see :func:`bayes_scaling.calibration.uniformity.uniformity`."""
        return uniformity(self.simulations)

    @property
    def outside(self) -> tuple[str, ...]:
        """Quantities whose ranks are not uniform: their curve leaves its simultaneous 95% band."""
        return tuple(str(name) for name in self.table.index[~self.table["inside"].astype(bool)])

    @property
    def unconverged(self) -> int:
        """Simulations whose chains did not agree well enough; their ranks count all the same."""
        return sum(not one.converged for one in self.simulations)

    @property
    def seconds(self) -> float:
        """Mean seconds of sampling of a simulation, on one core."""
        return sum(one.seconds for one in self.simulations) / len(self.simulations)

    def to_json(self) -> bytes:
        """The content of a file that :meth:`from_json` reads back: one list a quantity.

        Returns
        -------
        bytes
            JSON in UTF-8.
        """
        names = list(dict.fromkeys(name for one in self.simulations for name in one.ranks))
        columns = {
            "converged": [one.converged for one in self.simulations],
            "rhat_max": [round(one.rhat_max, 4) for one in self.simulations],
            "ess_min": [round(one.ess_min) for one in self.simulations],
            "restarted": [one.restarted for one in self.simulations],
            "redrawn": [one.redrawn for one in self.simulations],
            "seconds": [round(one.seconds, 2) for one in self.simulations],
        }
        document = {
            "format": _FORMAT,
            "specification": self.specification,
            "evaluations": self.evaluations,
            "seed": self.seed,
            "fingerprint": self.fingerprint,
            "ranks": {name: [one.ranks[name] for one in self.simulations] for name in names},
        } | columns
        return _one_list_a_line(document).encode()

    @classmethod
    def from_json(cls, content: bytes, name: str) -> Self:
        """Read back what :meth:`to_json` made.

        Parameters
        ----------
        content
            Of the file.
        name
            Of the file, for messages.

        Returns
        -------
        Calibration

        Raises
        ------
        BayesScalingError
            If it is damaged or not one of ours.
        """
        try:
            document = json.loads(content)
            if document["format"] != _FORMAT:
                raise BayesScalingError(
                    f"{name}: a calibration of another version (format {document['format']}); "
                    "run `bayes-scaling calibrate` again"
                )
            ranks: Mapping[str, list[int]] = document["ranks"]
            if not all(type(rank) is int and 0 <= rank <= KEPT for column in ranks.values() for rank in column):
                raise ValueError("a rank that can't be")
            per_run = ("converged", "rhat_max", "ess_min", "restarted", "redrawn", "seconds")
            rows = zip(*(document[column] for column in per_run), strict=True)
            simulations = tuple(
                Simulation({name: column[i] for name, column in ranks.items()}, *row) for i, row in enumerate(rows)
            )
            facts = {key: document[key] for key in ("specification", "evaluations", "seed", "fingerprint")}
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise BayesScalingError(
                f"{name}: not a readable calibration ({type(error).__name__}); run `bayes-scaling calibrate` again"
            ) from None
        return cls(simulations=simulations, **facts)


def read_calibration(path: str | Path) -> Calibration:
    """Read a calibration from its file.

    Raises BayesScalingError if there is no such file, or it is damaged or not one of ours.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise BayesScalingError(
            f"{path}: can't be read ({error.strerror}); make it with `bayes-scaling calibrate`"
        ) from None
    return Calibration.from_json(content, str(path))


def _one_list_a_line(document: Mapping[str, Any]) -> str:
    """JSON that a reader and a diff can follow: each list on a line of its own."""
    ranks = ",\n".join(f"    {json.dumps(name)}: {json.dumps(column)}" for name, column in document["ranks"].items())
    others = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in document.items() if key != "ranks"]
    return "{\n" + ",\n".join([*others, '  "ranks": {\n' + ranks + "\n  }"]) + "\n}\n"
