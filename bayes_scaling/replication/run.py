"""Fit the paper's preferred model, with and without its factor for transformers, and read off its answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bayes_scaling.classical.objective import PUBLISHED_DELTA
from bayes_scaling.evaluations import load_evaluations
from bayes_scaling.inference.fitting import fit
from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import SEED
from bayes_scaling.replication.answers import answers
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.specifications.specification import Specification

MODEL = "ho2024/07"
GAIN_MODEL = "robustness/transformer-factor"
"""Specifications that answer for the paper: its preferred model, and that with a factor for transformers."""


@dataclass(frozen=True, eq=False)
class Replication:
    """The paper's answers beside those of posteriors.

    Parameters
    ----------
    table
        One row a quantity; columns :data:`bayes_scaling.replication.answers.COLUMNS`.
    fits
        By name of the specification: the model, and the model with a factor for transformers.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.replicate()  # doctest: +SKIP
    >>> found.unconverged, found.table  # doctest: +SKIP
    """

    table: pd.DataFrame
    fits: Mapping[str, Fit]

    @property
    def unconverged(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the fits that did not converge, with the reasons."""
        return {name: one.diagnostics.failures for name, one in self.fits.items() if not one.diagnostics.converged}


def replicated_specifications() -> tuple[Specification, Specification]:
    """The model and the model with a factor for transformers, both with the paper's penalty as their prior."""
    model, gain = (load_specification(name).with_published_penalty(PUBLISHED_DELTA) for name in (MODEL, GAIN_MODEL))
    return model, gain


def replicate(
    evaluations: pd.DataFrame | None = None, *, seed: int = SEED, progress: bool = False, cores: int | None = None
) -> Replication:
    """Give each answer of Ho et al. 2024 as a posterior: same model, same rows, the same penalty as a prior.

    Parameters
    ----------
    evaluations
        See :func:`bayes_scaling.load_evaluations`; by default the paper's own rows.
    seed
        Of the fits.
    progress
        Show nutpie's progress bar.
    cores
        Chains sampled at the same time.

    Returns
    -------
    Replication

    Raises
    ------
    BayesScalingError
        If the table lacks something, before anything is sampled.

    Notes
    -----
    What differs from the paper is the estimator alone: its point estimates come from an optimiser that stopped
    early, and its intervals from resampling rows; here all that the same objective and data allow is kept.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.replicate().table[["published", "median", "lower", "upper"]]  # doctest: +SKIP
    """
    table = load_evaluations() if evaluations is None else evaluations
    fits = {one.name: fit(one, table, seed=seed, progress=progress, cores=cores) for one in replicated_specifications()}
    return Replication(answers(*fits.values()), fits)
