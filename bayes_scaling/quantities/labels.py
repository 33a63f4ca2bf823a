"""Names for the axes of draws."""

import xarray as xr

from bayes_scaling.quantities.laws import Floats, Laws


def labelled(laws: Laws, values: Floats, name: str, unit: str, **axes: Floats) -> xr.DataArray:
    """Draws over axes of numbers, without those axes that are one number.

    Returns DataArray: Dimensions ``chain``, ``draw``, and each of ``axes`` that is an array.

    Parameters
    ----------
    laws
        Whose draws they are.
    values
        Shape ``(samples, ...)``, one further axis for each of ``axes``, in their order.
    name, unit
        Of the values.
    **axes
        Each a number or an array of shape ``(points,)``.

    Examples
    --------
    >>> import numpy as np
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> laws = HO2024_MODEL_7.as_laws()
    >>> labelled(laws, np.ones((1, 2, 1)), "loss", "nats", compute=np.array([1e21, 1e22]), year=np.array(2023.0)).dims
    ('chain', 'draw', 'compute')
    """
    several = {label: axis for label, axis in axes.items() if axis.ndim}
    shape = (len(values), *(axis.size for axis in several.values()))
    return laws.drawn(values.reshape(shape), name, unit, **several)
