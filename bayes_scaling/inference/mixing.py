"""Chains that do not mix: which belong together, how much posterior mass is around each, where to start again."""

import math
from collections.abc import Collection
from itertools import combinations

import arviz as az
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.special import logsumexp
from xarray import Dataset

from bayes_scaling.common.arrays import Booleans, Floats
from bayes_scaling.inference.diagnostics import RHAT_APART, RHAT_MAX

Groups = tuple[tuple[int, ...], ...]

_UNRELATED = 1e3  # stands for an R-hat that is not finite: a chain that never moved has none


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


def chain_groups(posterior: Dataset) -> Groups:
    """Chains in groups that mix, the largest first: one group where chains mix, or only mix slowly.

    The nearest groups are joined as long as the mean R-hat between their chains is at most :data:`RHAT_APART`.
    """
    chains = posterior.sizes["chain"]
    if chains < 2:
        return (tuple(range(chains)),)
    distance = pairwise_rhat(posterior) - 1
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(np.maximum(distance, 0.0)), method="average")
    labels = fcluster(tree, RHAT_APART - 1, criterion="distance")
    groups = [tuple(map(int, np.flatnonzero(labels == label))) for label in np.unique(labels)]
    return tuple(sorted(groups, key=lambda group: (-len(group), group)))


def group_shares(log_masses: Floats, groups: Groups, *, runs: bool = False) -> Floats:
    """Share of the posterior mass around each group.

    In proportion to the mean of its chains' masses; or to the sum of its SMC ``runs``' evidence, since each run is an
    estimate of the whole.
    """
    logs = np.array([logsumexp(log_masses[list(group)]) - (0 if runs else np.log(len(group))) for group in groups])
    return np.asarray(np.exp(logs - logsumexp(logs)))


def groups_in_words(groups: Groups, shares: Floats | None) -> str:
    """Name groups that do not mix, with their shares of the mass."""
    of_mass = [""] * len(groups) if shares is None else [f" ({share:.1%} of the mass)" for share in shares]
    said = [
        f"chain{'s' if len(group) > 1 else ''} {', '.join(map(str, group))}{share}"
        for group, share in zip(groups, of_mass, strict=True)
    ]
    return f"chains fall into {len(groups)} groups that do not mix: {'; '.join(said)}"


_NAMED = 3


def mix_worst(posterior: Dataset, names: Collection[str]) -> list[str]:
    """Parameters of these names on which chains agree least, the worst first; none where they agree on all."""
    with np.errstate(divide="ignore", invalid="ignore"):
        table = az.rhat(posterior[[name for name in names if name in posterior]])
    found = {str(name): float(each.fillna(_UNRELATED).max()) for name, each in table.data_vars.items()}
    return sorted((name for name, rhat in found.items() if rhat > RHAT_MAX), key=lambda name: -found[name])[:_NAMED]


NEGLIGIBLE = 12.0  # nats below the largest mass from which a chain's is negligible: a share of six millionths


def log_masses(stats: Dataset) -> Floats:
    r"""Estimate the log posterior mass around each chain from its ``logp`` and ``unconstrained_draw``.

    .. math:: \ln Z_k = \mathrm{E}_k[\ln p] + H_k
        \approx \overline{\ln p}_k + \tfrac{1}{2} \ln \det(2 \pi e\, \Sigma_k)

    The entropy is that of a normal distribution of the same covariance: the largest possible, exact for a normal mode.
    Only the second half of a chain counts, when it has arrived.
    """
    logp, draws = stats["logp"].to_numpy(), stats["unconstrained_draw"].to_numpy()
    late = slice(logp.shape[1] // 2, None)
    covariances = np.array([np.atleast_2d(np.cov(chain[late].T)) for chain in draws])
    with np.errstate(divide="ignore"):  # a chain that never moved has no volume
        entropies = np.linalg.slogdet(2 * math.pi * math.e * covariances).logabsdet / 2
    return np.asarray(logp[:, late].mean(axis=1) + entropies)


def negligible(masses: Floats) -> Booleans:
    """Chains with next to none of the posterior mass around them."""
    return np.asarray(~(masses >= np.nanmax(masses) - NEGLIGIBLE))


def starts_elsewhere(stats: Dataset, left: Booleans) -> Floats:
    """Points to start from again: the later draws of the other chains, shape ``(points, dimensions)``."""
    draws = stats["unconstrained_draw"].to_numpy()[~left]
    return np.asarray(draws[:, draws.shape[1] // 2 :].reshape(-1, draws.shape[-1]))
