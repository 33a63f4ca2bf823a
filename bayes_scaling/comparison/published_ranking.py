"""A comparison beside the published ranking of the same structures and penalties."""

import pandas as pd
from scipy.stats import spearmanr

from bayes_scaling.classical.published_table import HO2024_CROSS_VALIDATION, HO2024_DELTAS
from bayes_scaling.comparison.result import Comparison
from bayes_scaling.comparison.variants import STATED

MISCOMPUTED = "ho2024/18"
"""Its published errors come from a bug in its prediction, and are left out of correlations."""


def beside_published(comparison: Comparison) -> pd.DataFrame:
    """Put each variant beside the published mean squared error of the same structure and penalty.

    Returns DataFrame: by variant, best first: ``elpd``, ``loo_mse``, ``published_mse`` and ``rank``, ``mse_rank``,
    ``published_rank`` among the rows shown. ``attrs`` hold Spearman's rank correlations with the published order,
    ``spearman_elpd`` and ``spearman_loo_mse`` (NaN for fewer than three rows), without model 18.

    Parameters
    ----------
    comparison
        With variants of ``ho2024/01`` to ``20``; others are left out. Stated priors stand beside delta = 0.

    Notes
    -----
    Published: Ho et al. 2024 (arXiv 2403.05812), Table 11, on 184 of the 231 evaluations.
    """
    published = {
        (model, STATED if delta == 0 else f"delta={delta:g}"): value
        for model, values in HO2024_CROSS_VALIDATION.items()
        for delta, value in zip(HO2024_DELTAS, values, strict=True)
    }
    table = comparison.table[comparison.table["converged"]]
    keys = list(zip(table["model"], table["variant"], strict=True))
    found = table.assign(published_mse=[published.get(key, float("nan")) for key in keys])
    found = found[found["published_mse"].notna()]
    shown = found[["model", "variant", "elpd", "loo_mse", "published_mse"]].assign(
        rank=found["elpd"].rank(ascending=False),
        mse_rank=found["loo_mse"].rank(),
        published_rank=found["published_mse"].rank(),
    )
    sound = shown[shown["model"] != MISCOMPUTED]
    for name, ours in (("elpd", -sound["elpd"]), ("loo_mse", sound["loo_mse"])):
        enough = len(sound) > 2
        shown.attrs[f"spearman_{name}"] = float(spearmanr(ours, sound["published_mse"])[0]) if enough else float("nan")
    return shown
