"""One forecaster at one cut year: what it predicted, and whether its chains agreed."""

import json
from dataclasses import dataclass
from typing import Self

import pandas as pd


@dataclass(frozen=True, eq=False)
class Record:
    """What a backtest keeps of one forecast.

    Parameters
    ----------
    forecaster, cut
        Which.
    scores
        One row for each evaluation predicted (:func:`bayes_scaling.predictive.forecasts.scored`).
    converged
        Whether the chains agreed; True for point estimates, which have none.
    note
        Why not, or what else a reader has to know; empty if nothing.
    before, unseen
        Evaluations fitted, and later ones that could not be predicted.
    seconds
        What fit and prediction took.
    """

    forecaster: str
    cut: int
    scores: pd.DataFrame
    converged: bool
    note: str
    before: int
    unseen: int
    seconds: float

    def to_bytes(self) -> bytes:
        """JSON (with Python's words for infinity and NaN) that :meth:`from_bytes` reads back to equal numbers."""
        return json.dumps(vars(self) | {"scores": self.scores.to_dict("split")}).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a record back.

        Raises ValueError, KeyError, TypeError if it is not one.
        """
        plain = json.loads(content)
        scores = pd.DataFrame(**plain.pop("scores")).rename_axis("id")
        record = cls(scores=scores, **plain)
        if not {"paper", "loss", "log_score", "pit"} <= set(scores) or not isinstance(record.converged, bool):
            raise ValueError("not a record of a backtest")
        return record
