"""The published law and its gain of transformers, as constants that need no table of evaluations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import log_expit

from bayes_scaling.classical import progress
from bayes_scaling.law.formula import log_term, loss
from bayes_scaling.law.published import HO2024_TRANSFORMER_GAINS as HO2024_TRANSFORMER_GAINS
from bayes_scaling.law.published import HO2024_TRANSFORMER_LOSS_REDUCTION as HO2024_TRANSFORMER_LOSS_REDUCTION
from bayes_scaling.law.published import constants
from bayes_scaling.law.systems import HO2024_SYSTEMS as HO2024_SYSTEMS
from bayes_scaling.law.systems import System as System
from bayes_scaling.model.predictors import ARCHITECTURE_LEVELS
from bayes_scaling.model.rows import Anchor
from bayes_scaling.model.structure import Coefficient
from bayes_scaling.quantities.laws import BENCHMARK, Laws
from bayes_scaling.specifications.progress import Progress
from bayes_scaling.specifications.specification import Specification

_COEFFICIENTS = ("log_A", "alpha", "alpha_year", "log_B", "beta", "beta_year")


@dataclass(frozen=True)
class PublishedLaw:
    """Published coefficients on one benchmark, at sizes of 1 and the date ``base_year``.

    Parameters
    ----------
    log_A, log_B
        Constants of the parameter and the data term, log nats per token.
    alpha, beta
        Exponents, no unit.
    alpha_year, beta_year
        What a year takes off each term's logarithm, per year.
    base_year
        Decimal year where year terms are 0.
    source
        Where the numbers come from.

    Notes
    -----
    Source of the form: Ho et al. 2024 (arXiv 2403.05812), eq. 8.

    Examples
    --------
    >>> round(HO2024_MODEL_7.rates["g_C"]["all"], 2), HO2024_MODEL_7.base_year
    (0.96, 2012.0)
    """

    log_A: float
    alpha: float
    alpha_year: float
    log_B: float
    beta: float
    beta_year: float
    base_year: float
    source: str

    def as_laws(self) -> Laws:
        """This law as the one draw that functions of a posterior take (benchmark ``wt103``).

        Returns
        -------
        Laws

        Examples
        --------
        >>> HO2024_MODEL_7.as_laws().loss(parameters=1e9, tokens=1e10, year=2020).round(2).item()
        2.73
        """
        return Laws(
            specification=Specification(
                name=self.source, progress=Progress(parameters="constant_rate", data="constant_rate")
            ),
            coefficients={name: Coefficient(np.array([[getattr(self, name)]])) for name in _COEFFICIENTS},
            levels={},
            anchor=Anchor(1.0, {BENCHMARK: 1.0}, self.base_year),
        )

    @property
    def rates(self) -> Mapping[str, Mapping[str, float]]:
        """``g_N``, ``g_D``, ``g_C``, log units per year, at the level ``"all"``."""
        return progress.rate_table({name: Coefficient(getattr(self, name)) for name in _COEFFICIENTS}, {})

    doubling_times = progress.doubling_times


HO2024_MODEL_7 = PublishedLaw(**constants("ho2024", "model_7"))
"""Model 7 of Ho et al. 2024 on WikiText-103, at sizes of 1."""


def published_loss(parameters: Any, tokens: Any, year: Any, point: PublishedLaw = HO2024_MODEL_7) -> Any:
    r"""Loss that a published law expects, nats per token.

    .. math:: L = e^{a - \alpha_\mathrm{year}(Y - Y_1) - \alpha \ln N}
        + e^{b - \beta_\mathrm{year}(Y - Y_1) - \beta \ln D}

    Parameters
    ----------
    parameters, tokens
        Counts.
    year
        Decimal year of publication.
    point
        The law's constants.

    Returns
    -------
    array
        Broadcast of the arguments.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), eq. 8.

    Examples
    --------
    >>> from bayes_scaling.law.systems import HO2024_SYSTEMS
    >>> gpt3 = HO2024_SYSTEMS["GPT-3"]
    >>> round(float(published_loss(gpt3.parameters, gpt3.tokens, gpt3.year)), 3)
    2.08
    """
    years = np.asarray(year) - point.base_year
    return loss(
        0.0,
        log_term(point.log_A, point.alpha, np.log(parameters), point.alpha_year * years),
        log_term(point.log_B, point.beta, np.log(tokens), point.beta_year * years),
    )


@dataclass(frozen=True)
class PublishedTransformerLaw:
    r"""A published law whose terms are all multiplied by one factor for transformers.

    .. math:: L = [1 - x_T (1 - \sigma(\gamma_T))] \, L_0(N, D, Y)

    with :math:`x_T` 1 for transformers and 0 for other architectures, :math:`\sigma` the logistic function and
    :math:`L_0` a law without irreducible loss.

    Parameters
    ----------
    law
        Of other architectures.
    gamma_T
        Log odds of the factor, no unit.

    Notes
    -----
    Source: Ho et al. 2024 (arXiv 2403.05812), eq. 7.

    Examples
    --------
    >>> laws = HO2024_TRANSFORMER_GAIN.as_laws()
    >>> point = {"parameters": 1e9, "tokens": 1e10, "year": 2023}
    >>> transformer, other = (laws.loss(**point, architecture=name) for name in ("transformer", "other"))
    >>> (transformer / other).round(6).item()
    0.951292
    """

    law: PublishedLaw
    gamma_T: float

    @property
    def source(self) -> str:
        """Where the numbers come from."""
        return self.law.source

    def as_laws(self) -> Laws:
        """This law as the one draw that functions of a posterior take (benchmark ``wt103``).

        Returns
        -------
        Laws
        """
        laws = self.law.as_laws()
        log_factors = {"other": 0.0, "transformer": float(log_expit(self.gamma_T))}
        factor = Coefficient(np.array([[log_factors[level] for level in ARCHITECTURE_LEVELS]]), "architecture")
        return replace(
            laws,
            coefficients=dict(laws.coefficients) | {"log_factor": factor},
            levels={"architecture": ARCHITECTURE_LEVELS},
        )


def _transformer_gain() -> PublishedTransformerLaw:
    """Restated at sizes of 1: printed at the sample's minima (:func:`bayes_scaling.model.rows.sample_minima`)."""
    found = constants("ho2024", "transformer")
    gamma_T, parameters, tokens = (found.pop(name) for name in ("gamma_T", "parameters", "tokens"))
    found["log_A"] += found["alpha"] * float(np.log(parameters))
    found["log_B"] += found["beta"] * float(np.log(tokens))
    return PublishedTransformerLaw(PublishedLaw(**found), gamma_T)


HO2024_TRANSFORMER_GAIN = _transformer_gain()
"""The law with which Ho et al. 2024 found what the transformer was worth, on WikiText-103."""
