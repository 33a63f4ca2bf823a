r"""Columns of a table of runs that can be tuned, such as the learning rate: what a run loses away from the best value.

.. math:: \ln \frac{L - E}{L^* - E} = \sum_x c_x \left(\ln \frac{x}{x^*}\right)^2,
    \qquad \ln x^* = \ln x_0 + \sum_s k_{x,s} \ln \frac{s}{s_0}

The best value is a power law of the law's sizes, as in Li et al. 2025 (arXiv 2503.04715), and :math:`x_0` that at the
central point.
"""

from collections.abc import Iterator

import numpy as np

from bayes_scaling.specifications.laws import Term
from bayes_scaling.specifications.parameters import Parameter
from bayes_scaling.specifications.priors import Prior

BEST, CURVATURE = "{}_best", "{}_curvature"


def by_size(column: str, size: str) -> str:
    """Name of the exponent of a size in the best value of a column."""
    return f"{column}_by_{size}"


def tuned_parameters(column: str, best: float, terms: tuple[Term, ...]) -> Iterator[Parameter]:
    """What is sampled of a column whose best value at the central point is expected near ``best``."""
    yield Parameter(BEST.format(column), f"best {column} at the central point", "", "positive",
        Prior("lognormal", mu=float(np.log(best)), sigma=1.5),
        f"95% within a factor 19 of {best:g}, which [tuned] says",
    )  # fmt: skip
    yield Parameter(CURVATURE.format(column), f"log of the reducible loss per squared log of {column} over the best",
        "", "positive", Prior("lognormal", mu=-3.5, sigma=1.0),
        "median 0.03, 95% in 0.004 to 0.2: a factor 10 off adds 2% to 200% to the reducible loss",
    )  # fmt: skip
    for term in terms:
        meaning = f"exponent of {term.noun} in the best {column}"
        reason = "95% within 1 either way: at most in proportion; published exponents are between -0.7 and 0.6"
        yield Parameter(by_size(column, term.size), meaning, "", "real", Prior("normal", mu=0, sigma=0.5), reason)
