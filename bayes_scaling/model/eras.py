"""Two eras, before and after a cut, each with its own rate of progress: which era a date is in, and its years."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_scaling.specifications.sections import Progress

Floats = NDArray[np.float64]

ERA_LEVELS = ("before", "after")


def era_codes(progress: Progress, year: Any) -> NDArray[np.int64]:
    """Position in :data:`ERA_LEVELS` of each date; the cut itself is still before.

    Examples
    --------
    >>> era_codes(Progress(cut_year=2017.444), [2016.0, 2017.444, 2020.0]).tolist()
    [0, 0, 1]
    """
    return (np.asarray(year, dtype=float) > progress.cut_year).astype(np.int64)


def years_by_era(progress: Progress, start: float, year: Any) -> tuple[Floats, Floats]:
    r"""Years for which each era's rate has counted between a start and a date.

    .. math:: \ln(N_\mathrm{eff} / N) = g_\mathrm{before}\, t_\mathrm{before} + g_\mathrm{after}\, t_\mathrm{after}

    Parameters
    ----------
    progress
        With ``cut_year``, and ``at_cut``: under ``"bend"`` the years of each era between the start and the date, which
        add up to all of them; under ``"jump"`` all years since the start for the date's own era and none for the
        other (as Ho et al. 2024 code it: a dummy times ``Y - Y0``).
    start, year
        Decimal years; years before the start are negative.

    Returns
    -------
    before, after : arrays
        Shape of ``year``.

    Examples
    --------
    >>> bend, jump = (Progress(cut_year=2017.0, at_cut=shape) for shape in ("bend", "jump"))
    >>> [years.tolist() for years in years_by_era(bend, 2012.0, [2015.0, 2020.0])]
    [[3.0, 5.0], [0.0, 3.0]]
    >>> [years.tolist() for years in years_by_era(jump, 2012.0, [2015.0, 2020.0])]
    [[3.0, 0.0], [0.0, 8.0]]
    """
    year = np.asarray(year, dtype=float)
    if progress.at_cut == "jump":
        after = era_codes(progress, year)
        return (year - start) * (1 - after), (year - start) * after
    cut = np.float64(progress.cut_year)
    return np.minimum(year, cut) - np.minimum(start, cut), np.maximum(year, cut) - np.maximum(start, cut)
