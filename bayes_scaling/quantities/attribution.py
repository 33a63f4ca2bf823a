"""What made the loss fall between two systems: more parameters and data, or better use of them."""

from collections.abc import Iterable
from itertools import product

import numpy as np
import xarray as xr

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.formula import loss
from bayes_scaling.law.published import HO2024_SHAPLEY, PLAYERS, pair_label
from bayes_scaling.law.systems import System
from bayes_scaling.quantities.arguments import resolve_system
from bayes_scaling.quantities.laws import ARCHITECTURE, Laws, Source, laws_of

Pair = tuple[System | str, System | str]  # a start and an end

HO2024_PAIRS: tuple[Pair, ...] = tuple(HO2024_SHAPLEY)
"""The pairs of systems that Ho et al. 2024 attribute."""


def shapley_attribution(
    source: Source,
    pairs: Iterable[Pair] = HO2024_PAIRS,
    *,
    benchmark: str | None = None,
    architecture: str = ARCHITECTURE,
) -> xr.DataArray:
    r"""Shares of the change in expected loss between two systems, by Shapley values.

    .. math:: \phi_k = \frac{1}{4!} \sum_{\text{orders}} \frac{\text{change of } L \text{ when } k \text{ switches}}
        {L_\mathrm{end} - L_\mathrm{start}}

    The four players are ``parameters`` (N), ``data`` (D), and the date in the parameter term
    (``parameter_efficiency``) and in the data term (``data_efficiency``).

    Parameters
    ----------
    source
        A fit, published constants, or draws of a law.
    pairs
        Of (start, end), each a :class:`bayes_scaling.System` or a name in
        :data:`bayes_scaling.HO2024_SYSTEMS`; by default the 14 published pairs.
    benchmark, architecture
        Where the loss is compared, the same for both systems; by default WikiText-103, or the first that was fitted,
        and transformers.

    Returns
    -------
    DataArray
        Dimensions ``chain``, ``draw``, ``pair`` (``"RNN to GPT-3"``), ``player``; shares, which add up to 1. A share is
        negative for what moved the loss the other way, and shares beyond 1 are usual where the loss hardly changed.
        NaN in draws in which it did not change at all: there is nothing to share.

    Raises
    ------
    BayesScalingError
        For an unknown system, benchmark or architecture, what is not a pair, and a law of compute alone, which does
        not tell parameters from data.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), section 3.2 and Table 1
    (:func:`bayes_scaling.law.published.published_shapley`). The loss is a sum of a function of N and the
    first date and one of D and the second, and Shapley values of a sum are sums of Shapley values. So the mean over
    the 24 orders is, exactly, the mean over the two orders within each term.

    Examples
    --------
    >>> from bayes_scaling.classical import HO2024_MODEL_7
    >>> shares = shapley_attribution(HO2024_MODEL_7, [("RNN", "GPT-3")])
    >>> shares.sel(pair="RNN to GPT-3").squeeze().to_series().round(2).to_dict()
    {'parameters': 0.49, 'data': 0.32, 'parameter_efficiency': 0.02, 'data_efficiency': 0.17}
    """
    laws = laws_of(source)
    if laws.specification.form.of_compute:
        raise BayesScalingError(
            f"'{laws.specification.name}' is a law of compute alone, which does not tell parameters from data; "
            'attribution needs a specification with law = "chinchilla"'
        )
    systems = tuple(_resolve_pair(pair) for pair in pairs)
    if not systems:
        raise BayesScalingError('at least one pair of systems is needed, for instance ("RNN", "GPT-3")')
    changes = _changes(laws, systems, benchmark, architecture)
    total = changes.sum(axis=-1, keepdims=True)
    shares = changes / np.where(total == 0, np.nan, total)
    labels = [pair_label(start.name, end.name) for start, end in systems]
    return laws.drawn(shares, "shapley", "share of the change in loss", pair=labels, player=PLAYERS)


def _resolve_pair(pair: Pair) -> tuple[System, System]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise BayesScalingError(f'each pair is (start, end), such as ("RNN", "GPT-3"), not {pair!r}')
    return resolve_system(pair[0]), resolve_system(pair[1])


def _changes(laws: Laws, pairs: tuple[tuple[System, System], ...], benchmark: str | None, architecture: str) -> Floats:
    """Change in loss of each player, nats per token, shape ``(samples, pairs, players)``."""
    ends = list(zip(*pairs, strict=True))
    parameters = [[system.parameters for system in end] for end in ends]
    tokens = [[system.tokens for system in end] for end in ends]
    years = [[system.year for system in end] for end in ends]
    terms = {}
    for size, date in product((0, 1), repeat=2):
        point = parameters[size], tokens[size], years[date]
        _, log_terms = laws.parts(*point, benchmark=benchmark, architecture=architecture)
        terms[size, date] = np.stack([loss(0.0, term) for term in log_terms], axis=-1)
    of_size = (terms[1, 0] - terms[0, 0] + terms[1, 1] - terms[0, 1]) / 2
    of_date = (terms[0, 1] - terms[0, 0] + terms[1, 1] - terms[1, 0]) / 2
    return np.concatenate([of_size, of_date], axis=-1)
