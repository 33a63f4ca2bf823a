"""Chains that do not mix: which belong together, and how much of the posterior each group holds."""

from itertools import combinations

import arviz as az
import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.special import logsumexp
from xarray import Dataset

from bayes_scaling.inference.diagnostics import RHAT_APART

Floats = NDArray[np.float64]
Groups = tuple[tuple[int, ...], ...]

_UNRELATED = 1e3
"""Stands for an R-hat that is not finite: a chain that never moved has none."""


def pairwise_rhat(posterior: Dataset) -> Floats:
    """Largest R-hat over all quantities of each pair of chains, shape ``(chains, chains)``; 1 with itself."""
    chains = posterior.sizes["chain"]
    found = np.ones((chains, chains))
    for one, other in combinations(range(chains), 2):
        with np.errstate(divide="ignore", invalid="ignore"):
            table = az.rhat(posterior.isel(chain=[one, other]))
        values = np.concatenate([np.ravel(array) for array in table.data_vars.values()])
        found[one, other] = found[other, one] = values.max()  # NaN where any is
    return np.nan_to_num(found, nan=_UNRELATED, posinf=_UNRELATED)


def chain_groups(posterior: Dataset, rhat_max: float = RHAT_APART) -> Groups:
    """Chains that mix with each other, put together.

    Groups are joined, the nearest first, as long as the mean R-hat between their chains is at most ``rhat_max``. The
    largest group comes first; there is one where chains mix, or only mix slowly.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> draws = rng.normal(size=(4, 500)) + np.array([0, 9, 0, 0])[:, None]
    >>> chain_groups(Dataset({"g_C": (("chain", "draw"), draws)}))
    ((0, 2, 3), (1,))
    """
    chains = posterior.sizes["chain"]
    if chains < 2:
        return (tuple(range(chains)),)
    distance = pairwise_rhat(posterior) - 1
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(np.maximum(distance, 0.0)), method="average")
    labels = fcluster(tree, rhat_max - 1, criterion="distance")
    groups = [tuple(map(int, np.flatnonzero(labels == label))) for label in np.unique(labels)]
    return tuple(sorted(groups, key=lambda group: (-len(group), group)))


def group_shares(log_masses: Floats, groups: Groups, *, runs: bool = False) -> Floats:
    r"""How much of the posterior mass lies around each group.

    ``log_masses`` are of chains (:func:`bayes_scaling.inference.modes.log_masses`), each of which estimates the mass of
    one and the same mode, so that a group has their mean; or log evidence of SMC runs, each of which is an estimate of
    the whole, so that a group has the sum.

    Examples
    --------
    >>> group_shares(np.log([3.0, 3.0, 1.0]), ((0, 1), (2,))).round(3).tolist()
    [0.75, 0.25]
    """
    logs = np.array([logsumexp(log_masses[list(group)]) - (0 if runs else np.log(len(group))) for group in groups])
    return np.asarray(np.exp(logs - logsumexp(logs)))


def groups_in_words(groups: Groups, shares: Floats | None) -> str:
    """Groups of chains that don't mix, with their shares of the mass, as a diagnostic says it.

    Examples
    --------
    >>> print(groups_in_words(((0, 2), (1,)), np.array([0.97, 0.03])))
    chains fall into 2 groups that do not mix: chains 0, 2 (97.0% of the mass); chain 1 (3.0% of the mass)
    """
    said = []
    for position, group in enumerate(groups):
        share = "" if shares is None else f" ({shares[position]:.1%} of the mass)"
        said.append(f"chain{'s' if len(group) > 1 else ''} {', '.join(map(str, group))}{share}")
    return f"chains fall into {len(groups)} groups that do not mix: {'; '.join(said)}"
