r"""A smooth function of numbers in a formula: ``gp(log10(parameters), log10(tokens), length=1)``.

.. math:: f \sim \mathrm{GP}\left(0, s^2 e^{-\lVert x - x' \rVert^2 / 2 \ell^2}\right), \qquad
    f(x) = s \left( l(x)^\top z + \sqrt{1 - \lVert l(x) \rVert^2} \, z_0 \right)

with standard normal coefficients, where ``l(x)`` is a row of the pivoted Cholesky factor of the kernel, which ends when
the rows that are fitted have all but a thousandth of their variance (Harbrecht, Peters and Schneider 2012, On the
low-rank approximation by the pivoted Cholesky decomposition). Elsewhere :math:`z_0`, of which data know nothing,
makes up the variance: near the rows little, and far from them all of it.
"""

from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from bayes_scaling.common.arrays import Floats

_LEFT = 1e-3  # of the variance, in rows that were fitted
_WELL = 1e-2  # of the variance, which data know so well that a chain had better move in it alone
_MOST = 100


class GaussianProcess:
    """Columns of ``l(x)`` and the root of what it leaves, as formulae calls it: first with the rows that are fitted."""

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.knots: Floats | None = None
        self.factor: Floats = np.empty((0, 0))

    def __call__(self, *columns: Any, length: float = 1.0) -> Floats:
        """Of the rows of some columns: an array of one row each; ValueError for a length that can't be one."""
        if not length > 0:
            raise ValueError(f"gp() needs a length above 0, not {length}")
        points = np.column_stack([np.asarray(column, dtype=float) for column in columns]) / length
        if self.knots is None:
            self.knots, self.factor = _pivoted(points[np.isfinite(points).all(axis=1)])
        found = solve_triangular(self.factor, _kernel(self.knots, points), lower=True, check_finite=False).T
        left = 1 - (found**2).sum(axis=1) + 0 * points.sum(axis=1)  # no number where a point is none
        return np.column_stack([found, np.sqrt(np.where(left > _LEFT, left, 0 * left))])


def well_known(columns: Floats) -> int:
    """How many of the first columns of fitted rows carry a good part of the variance each."""
    return int((np.square(columns).mean(axis=0) >= _WELL).cumprod().sum())


def orthogonal(columns: Floats) -> tuple[Floats, Floats]:
    """Columns turned until they are orthogonal, and the turn, which takes their coefficients back."""
    _, turn = np.linalg.eigh(columns.T @ columns)
    return columns @ turn, turn


def _pivoted(points: Floats) -> tuple[Floats, Floats]:
    """Points that stand for all, and the Cholesky factor of their kernel."""
    chosen: list[int] = []
    found, left = np.empty((len(points), 0)), np.ones(len(points))
    while left.max(initial=0) > _LEFT:
        if len(chosen) == _MOST:
            raise ValueError(f"gp() would need more than {_MOST} coefficients; choose a greater length")
        at = int(left.round(9).argmax())  # of equals the first, whatever the machine's last digit
        column = _kernel(points, points[[at]])[:, 0] - found @ found[at]
        chosen.append(at)
        found = np.column_stack([found, column / np.sqrt(left[at])])
        left = 1 - (found**2).sum(axis=1)
    return points[chosen], found[chosen]


def _kernel(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * ((one[:, None] - other) ** 2).sum(axis=-1)))
