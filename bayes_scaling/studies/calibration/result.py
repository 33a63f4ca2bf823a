"""Uniformity of ranks, coverage of intervals, and what a calibration found and keeps of one specification."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import stats

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.common.files import CALIBRATION_FILE
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.quantities.uniformity import BAND, SEED_OF_BANDS, Curve, uniform_band, uniform_curve
from bayes_scaling.studies.calibration.experiment import KEPT, Simulation

_ROTATIONS = 500
GROWTH = "g_C"  # of effective compute


def rank_curve(ranks: Sequence[int] | Integers, kept: int = KEPT) -> Curve:
    """Distribution of ranks from 0 to ``kept`` less the uniform one, ties broken at random (Talts et al. 2018)."""
    return uniform_curve(_spread(np.asarray(ranks), kept))


def _spread(ranks: Integers, kept: int = KEPT) -> Floats:
    """Ranks, along the last axis, spread over their cells: uniform from 0 to 1 if all is right."""
    spread: Floats = (ranks + np.random.default_rng(SEED_OF_BANDS).uniform(size=ranks.shape[-1])) / (kept + 1)
    return spread


def chance_outside(ranks: Integers, outside: int, rotations: int = _ROTATIONS) -> float:
    """Probability that at least so many of several dependent curves leave their band if all is right.

    Each simulation's ranks (a column) are rotated by one random amount: uniform ranks stay so, what goes together, too.
    """
    values, rng = _spread(ranks), np.random.default_rng(SEED_OF_BANDS)
    count = values.shape[1]
    points, lower, upper = (each[1:-1] for each in uniform_band(count))
    often = 0
    for _ in range(rotations):
        moved = np.sort((values + rng.uniform(size=count)) % 1, axis=1)
        below = np.array([curve.searchsorted(points, side="right") for curve in moved]) / count
        inside = ((lower <= below) & (below <= upper)).all(axis=1)
        often += int((~inside).sum() >= outside)
    return often / rotations


def uniformity(simulations: Sequence[Simulation]) -> pd.DataFrame:
    """Rank uniformity of each quantity, over all simulations, whether their chains agreed or not."""
    rows = {}
    for name in dict.fromkeys(name for one in simulations for name in one.ranks):
        ranks = np.array([one.ranks[name] for one in simulations if name in one.ranks])
        curve = rank_curve(ranks)
        rows[name] = {
            "inside": curve.inside,
            "largest": curve.largest,
            "covered_50": central_share(ranks, 0.5),
            "covered_90": central_share(ranks, 0.9),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def central_share(ranks: Integers, probability: float, kept: int = KEPT) -> float:
    """Share of ranks in the central part of their range, cells at its ends counted in proportion."""
    cells = np.arange(kept + 1)
    low, high = (1 - probability) / 2 * (kept + 1), (1 + probability) / 2 * (kept + 1)
    share = np.clip(np.minimum(cells + 1, high) - np.maximum(cells, low), 0, 1)
    return float(share[np.asarray(ranks)].mean())


SURE = 0.95  # probability of the interval of a share of intervals (Clopper and Pearson, exact)


def coverage_table(intervals: pd.DataFrame, probability: float) -> pd.DataFrame:
    """Share of intervals that hold the truth, by quantity, with its own 95% interval."""
    rows = {}
    for name, group in intervals.groupby(level=0, sort=False):
        held = int(group["truth"].between(group["lower"], group["upper"], inclusive="neither").sum())
        own = stats.binomtest(held, len(group)).proportion_ci(SURE, method="exact")
        rows[name] = {
            "intervals": len(group),
            "covered": held / len(group),
            "lower": own.low,
            "upper": own.high,
            "expected": probability,
            "unconverged": int((~group["converged"].astype(bool)).sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


_FORMAT = 2
_FACTS = ("specification", "evaluations", "seed", "fingerprint")
_PER_RUN: Mapping[str, Callable[[Any], Any]] = {
    "converged": bool,
    "rhat_max": partial(round, ndigits=4),
    "ess_min": round,
    "restarted": int,
    "redrawn": int,
    "seconds": partial(round, ndigits=2),
}
"""What a file keeps of each simulation besides its ranks, and how it is rounded there."""


@dataclass(frozen=True)
class Calibration:
    """Ranks of true values under one specification, with everything needed to judge and to repeat them.

    Parameters
    ----------
    specification, evaluations
        Names of the specification and of the table whose design was used.
    simulations
        See :class:`bayes_scaling.studies.calibration.experiment.Simulation`.
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
        """One row a quantity; see :func:`bayes_scaling.studies.calibration.result.uniformity`."""
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
            name: [rounded(getattr(one, name)) for one in self.simulations] for name, rounded in _PER_RUN.items()
        }
        ranks = {name: [one.ranks[name] for one in self.simulations] for name in names}
        facts = {name: getattr(self, name) for name in _FACTS}
        return _one_list_a_line({"format": _FORMAT} | facts | columns, ranks).encode()

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
            rows = zip(*(document[column] for column in _PER_RUN), strict=True)
            simulations = tuple(
                Simulation({name: column[i] for name, column in ranks.items()}, *row) for i, row in enumerate(rows)
            )
            facts = {name: document[name] for name in _FACTS}
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise BayesScalingError(
                f"{name}: not a readable calibration ({type(error).__name__}); run `bayes-scaling calibrate` again"
            ) from None
        return cls(simulations=simulations, **facts)


def tally(calibrations: Sequence[Calibration]) -> dict[str, Any]:
    """Rank curves, how many left their band and how probable so many are, and where those of growth did."""
    ranks = [[one.ranks[name] for one in each.simulations] for each in calibrations for name in each.table.index]
    outside = sum(len(each.outside) for each in calibrations)
    grown = {each.specification: rows for each in calibrations if len(rows := growth_rows(each.table))}
    return {
        **{"curves": len(ranks), "outside": outside, "expected": (1 - BAND) * len(ranks)},
        "chance": chance_outside(np.array(ranks), outside) if ranks else 1.0,  # specifications share random numbers
        **{"grown": len(grown), "lost": [name for name, rows in grown.items() if not rows["inside"].all()]},
    }


def growth_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Of a calibration's table, what it says of the growth of effective compute."""
    return table[table.index.str.partition("[").get_level_values(0) == GROWTH]


def without_unconverged(calibration: Calibration, quantity: str) -> bool | None:
    """Whether a quantity is inside without simulations that have not converged; None if none is left."""
    rest = [simulation for simulation in calibration.simulations if simulation.converged]
    return bool(uniformity(rest).loc[quantity, "inside"]) if rest else None


def load_calibration(path: str | Path) -> Calibration:
    """Read a calibration that ``bayes-scaling calibrate --output DIRECTORY`` has finished.

    Parameters
    ----------
    path
        The directory, or the file ``calibration.json`` in it.

    Returns
    -------
    Calibration
        As :func:`bayes_scaling.calibrate` returned it.

    Raises
    ------
    BayesScalingError
        If there is no such file, or it is damaged or not one of ours.

    Examples
    --------
    >>> load_calibration("runs/calibration-reference-ho2024").outside  # doctest: +SKIP
    ()
    """
    path = Path(path)
    path = path / CALIBRATION_FILE if path.is_dir() else path
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BayesScalingError(
            f"{path}: can't be read ({error.strerror}); make it with `bayes-scaling calibrate`"
        ) from None
    return Calibration.from_json(content, str(path))


def _one_list_a_line(document: Mapping[str, Any], ranks: Mapping[str, list[int]]) -> str:
    """JSON that a reader and a diff can follow: each list on a line of its own."""
    columns = ",\n".join(f"    {json.dumps(name)}: {json.dumps(column)}" for name, column in ranks.items())
    others = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in document.items()]
    return "{\n" + ",\n".join([*others, '  "ranks": {\n' + columns + "\n  }"]) + "\n}\n"
