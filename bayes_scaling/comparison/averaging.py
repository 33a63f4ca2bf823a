"""Any quantity averaged over compared models: draws of each, in proportion to its weight."""

from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import Fit
from bayes_scaling.quantities.intervals import SAMPLE_DIMS


def averaged_draws(
    fits: Mapping[str, Fit],
    weights: Mapping[str, float],
    quantity: Callable[[Fit], xr.DataArray],
    *,
    draws: int,
    seed: int,
) -> xr.DataArray:
    r"""Draws of the mixture :math:`\sum_m w_m\, p_m(q \mid y)`.

    Raises BayesScalingError if a model does not define the quantity; the message names it.

    Parameters
    ----------
    fits
        By name; of those with a weight above 0.
    weights
        By name; they need not add up to 1.
    quantity
        From a fit to draws with dimensions ``chain``, ``draw`` and others that are the same for all models.
    draws
        How many draws of the mixture.
    seed
        Of which draws are taken.
    """
    rng = np.random.default_rng(seed)
    used = {name: weight for name, weight in weights.items() if weight > 0}
    shares = np.array(list(used.values())) / sum(used.values())
    # Systematic: each model's number of draws is never off by a whole draw from its share.
    ends = np.floor(np.cumsum(shares) * draws + rng.random()).astype(int)
    counts = np.diff(np.minimum(ends, draws), prepend=0)
    counts[-1] += draws - counts.sum()
    taken = []
    for (name, _), count in zip(used.items(), counts, strict=True):
        try:
            found = quantity(fits[name])
        except BayesScalingError as error:
            raise BayesScalingError(f"{name}: {error}; leave that model out of the comparison") from None
        flat = found.stack(sample=SAMPLE_DIMS).reset_index("sample", drop=True)
        chosen = rng.choice(flat.sizes["sample"], size=count, replace=count > flat.sizes["sample"])
        taken.append(flat.isel(sample=np.sort(chosen)))
    whole = xr.concat(taken, dim="sample").rename(sample="draw").expand_dims("chain")
    return whole.transpose(*SAMPLE_DIMS, ...).assign_coords(chain=[0], draw=range(draws))
