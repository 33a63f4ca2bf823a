"""Training tokens as a specification counts them, from a table's unique tokens and epochs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_scaling.law import effective_epochs
from bayes_scaling.specifications.specification import Specification

Floats = NDArray[np.float64]

HO2024_REPETITION_SCALE = 2.9157
"""R*_D in the code of Ho et al. 2024 (model 20)."""


@dataclass(frozen=True)
class CountedTokens:
    """Fresh tokens of each row, and how often they were repeated beyond what these count already.

    Parameters
    ----------
    fresh
        Tokens, shape ``(n,)``.
    repetitions
        Passes beyond the first whose worth is a parameter of the law, shape ``(n,)``; zeros where it is not.
    """

    fresh: Floats
    repetitions: Floats


def counted_tokens(specification: Specification, evaluations: pd.DataFrame) -> CountedTokens:
    """Count tokens as ``[data] tokens`` says.

    Examples
    --------
    >>> from bayes_scaling.specifications.sections import Data
    >>> from bayes_scaling.specifications.specification import Specification
    >>> table = pd.DataFrame({"benchmark": "ptb", "tokens": 9e5, "epochs": [1.0, 3.0, None]})
    >>> seen = Specification("mine", data=Data(tokens="seen", missing_epochs="median"))
    >>> counted_tokens(seen, table).fresh.tolist()
    [900000.0, 2700000.0, 1800000.0]
    """
    tokens, none = evaluations["tokens"].to_numpy(float), np.zeros(len(evaluations))
    counted = specification.data.tokens
    if counted == "unique":
        return CountedTokens(tokens, none)
    epochs = _epochs(specification, evaluations)
    if counted == "effective_epochs":
        worth = effective_epochs(epochs, HO2024_REPETITION_SCALE, as_published_2024=True)
        return CountedTokens(np.asarray(tokens * worth, dtype=float), none)
    if counted == "seen":
        return CountedTokens(np.asarray(tokens * epochs), none)
    # Less than one pass repeats nothing, and leaves the rest of the corpus unseen.
    return CountedTokens(np.asarray(tokens * np.minimum(epochs, 1.0)), np.asarray(np.maximum(epochs, 1.0) - 1.0))


def _epochs(specification: Specification, evaluations: pd.DataFrame) -> Floats:
    epochs: pd.Series[float] = evaluations["epochs"].astype(float)
    if specification.data.missing_epochs == "median":
        epochs = epochs.fillna(epochs.groupby(evaluations["benchmark"]).transform("median"))
    return np.asarray(epochs.fillna(1.0), dtype=float)
