"""The change of coordinates of :mod:`bayes_scaling.inference.effects` at one point, with its gradient, for numba.

``places`` and ``numbers`` are what :func:`bayes_scaling.inference.effects.packed` makes. Products are loops, because
BLAS is a library that compiled code of another process would have to find.
"""

from typing import Any

import numba
import numpy as np

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.inference import effects

# Sums may be taken in any order, which lets several numbers be worked on at once.
_compiled = numba.njit(fastmath={"reassoc", "contract"}, error_model="numpy")
_conditional = _compiled(effects.conditional)


@_compiled
def moved(outer: Floats, places: Integers, numbers: Floats) -> tuple[Floats, float]:
    """The model's point at one of the sampler's, and the log of the change of volume."""
    inner, volume = outer.copy(), 0.0
    for number in range(places[0]):
        spread, own, turn, precision, pull, carried = _given(number, outer, places, numbers)
        kept, middle = _conditional(spread, precision, pull)
        standard = _combined(middle + np.sqrt(kept) * outer[own], turn)
        inner[own] += standard - outer[own]
        inner += _combined(spread * standard, carried)
        volume += 0.5 * np.log(kept).sum()
    return inner, volume


@_compiled
def pulled_back(outer: Floats, slope: Floats, places: Integers, numbers: Floats, gradient: Floats) -> None:
    """The gradient at the sampler's point, with that of the volume, from the ``slope`` at the model's."""
    gradient[:] = slope
    for number in range(places[0]):
        spread, own, turn, precision, pull, carried = _given(number, outer, places, numbers)
        kept, middle = _conditional(spread, precision, pull)
        along = spread * _times(carried, slope)
        of_turned = _times(turn, slope[own] + along)
        gradient[own] = np.sqrt(kept) * of_turned
        # By the logarithm of the standard deviation.
        log_kept = -2 * spread**2 * precision * kept
        turned = middle * (1 + log_kept) + 0.5 * log_kept * np.sqrt(kept) * outer[own]
        standard = _combined(middle + np.sqrt(kept) * outer[own], turn)
        gradient[places[1 + 4 * number]] += (standard * along + turned * of_turned + 0.5 * log_kept).sum()


@_compiled
def _given(number: int, outer: Floats, places: Integers, numbers: Floats) -> tuple[Any, ...]:
    spread, begin, end, at = (
        places[1 + 4 * number],
        places[2 + 4 * number],
        places[3 + 4 * number],
        places[4 + 4 * number],
    )
    count, size = end - begin, len(outer)
    turn = numbers[at : at + count**2].reshape(count, count)
    at += count**2
    precision, pull = numbers[at : at + count], numbers[at + count : at + 2 * count]
    carried = numbers[at + 2 * count : at + (2 + size) * count].reshape(count, size)
    return np.exp(outer[spread]), slice(begin, end), turn, precision, pull, carried


@_compiled
def _combined(vector: Floats, matrix: Floats) -> Floats:
    found = np.zeros(matrix.shape[1])
    for row in range(len(vector)):
        found += vector[row] * matrix[row]
    return found


@_compiled
def _times(matrix: Floats, vector: Floats) -> Floats:
    found = np.zeros(len(matrix))
    for row in range(len(matrix)):
        for column in range(len(vector)):
            found[row] += matrix[row, column] * vector[column]
    return found
