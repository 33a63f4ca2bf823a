"""Published trends of hardware, training compute and algorithms, which doubling times are shown beside."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayes_scaling.published import MOORE, PublishedDoubling

_GPU_SURVEY = 'Hobbhahn and Besiroglu 2022, "Trends in GPU price-performance"; 95% interval'

TRENDS: Mapping[str, PublishedDoubling] = {
    "moore": MOORE,
    "gpu_price_performance": PublishedDoubling(
        "FLOP/s per dollar, all GPUs", 12 * 2.46, 12 * 2.24, 12 * 2.72, _GPU_SURVEY
    ),
    "ml_gpu_price_performance": PublishedDoubling(
        "FLOP/s per dollar, GPUs used in machine learning", 12 * 2.07, 12 * 1.54, 12 * 3.13, _GPU_SURVEY
    ),
    "top_gpu_price_performance": PublishedDoubling(
        "FLOP/s per dollar, top GPUs", 12 * 2.95, 12 * 2.54, 12 * 3.52, _GPU_SURVEY
    ),
    "huang": PublishedDoubling(
        "Huang's law",
        12 * 1.08,
        None,
        None,
        'as quoted in Hobbhahn and Besiroglu 2022, "Trends in GPU price-performance"',
    ),
    "training_compute": PublishedDoubling(
        "Training compute", 6.0, None, None, "Sevilla et al. 2022, as used by Ho et al. 2024 (arXiv 2403.05812)"
    ),
    "training_compute_since_2010": PublishedDoubling(
        "Training compute since 2010", 12 * float(np.log(2) / np.log(4.6)), None, None, "epoch.ai: 4.6 times a year"
    ),
    "vision_algorithms": PublishedDoubling(
        "Algorithms for image classification",
        9.0,
        4.0,
        25.0,
        "Erdil and Besiroglu 2022, as quoted by Ho et al. 2024 (arXiv 2403.05812); 95% interval",
    ),
    "alexnet_efficiency": PublishedDoubling(
        "Compute to reach AlexNet's accuracy", 16.0, None, None, "Hernandez and Brown 2020: 44 times in seven years"
    ),
}
"""Published doubling (or halving) times in months, by name. Those given in years are stated here times 12."""

HO2024_ACCELERATION = (2018.0, 2019.0)
"""When training compute grows faster in the figure of Ho et al. 2024, decimal years."""
_USUAL_MONTHS = TRENDS["training_compute"].months
_ACCELERATED_MONTHS = 1.5


def physical_compute_growth(start: Any, end: Any, acceleration: tuple[float, float] = HO2024_ACCELERATION) -> Any:
    r"""By what factor the compute of large training runs grew between two dates, as Ho et al. 2024 draw it.

    .. math:: 2^{12 (t_\mathrm{usual} / 6 + t_\mathrm{fast} / 1.5)}

    with the years :math:`t` inside and outside 2018, when the largest language models caught up with other domains:
    a doubling every 1.5 months in place of 6.

    Returns float or array: Factor, below 1 where the end is before the start.

    Parameters
    ----------
    start, end
        Decimal years: numbers or arrays that broadcast.
    acceleration
        First and last date of the faster growth.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), figure 4, from 2014 to 2023: 24 doublings, 1.678e7. The authors' notebook
    `section3` prints 1.749e7 instead: it steps through 500 dates and switches at the last one before each new year, so
    its year of acceleration is 1.010 years long (2017.986 to 2018.996). The text says "one million".

    Examples
    --------
    >>> float(physical_compute_growth(2014, 2023)) == 2.0**24
    True
    >>> dates = np.linspace(2014, 2023, 500)
    >>> first, last = dates[dates < 2018][-1], dates[dates < 2019][-1]
    >>> f"{physical_compute_growth(2014, 2023, (first, last)):.3e}"
    '1.749e+07'
    """
    start, end = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    fast = np.clip(end, *acceleration) - np.clip(start, *acceleration)
    usual = end - start - fast
    return 2 ** (12 * (usual / _USUAL_MONTHS + fast / _ACCELERATED_MONTHS))
