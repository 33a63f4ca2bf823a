"""What a specification may estimate: every coefficient's meaning, unit, support and default prior with its reason.

Default priors stand on quantities that a reader can judge: the loss of a mid-sized model at a central point, how
that loss splits into its terms, exponents, and rates of progress. A central point is a model of 30 million
parameters trained once on the benchmark's own training text in 2018.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bayes_scaling.specifications.priors import Prior, Support


@dataclass(frozen=True)
class Parameter:
    """One quantity that carries a prior.

    ``name`` is the field's, the same in specification, posterior, table and report; ``support``, where its values may
    lie; ``reason``, why the default prior is what it is.
    """

    name: str
    meaning: str
    unit: str
    support: Support
    prior: Prior
    reason: str


_AT_THE_MIDDLE = "at the geometric mean of the exponents, before what a formula adds to them"
_BESIDE_DRIFT = "the part that does not come from drifting exponents"
_NATS, A_YEAR = "nats per token", "log units per year"
_Rest = tuple[str, Support, Prior, str]
_EXPONENT: _Rest = ("", "positive", Prior("lognormal", mu=-1.897, sigma=1.0),
    "95% in 0.02 to 1.07: published exponents run from 0.04 (Ho) and 0.08 (Kaplan) to 0.37 (Chinchilla)",
)  # fmt: skip
_RATE: _Rest = (A_YEAR, "real", Prior("normal", mu=0, sigma=1),
    "95% within a factor 7 a year either way; centred on no progress",
)  # fmt: skip
_DRIFT: _Rest = ("per year", "real", Prior("normal", mu=0, sigma=0.01),
    "95% within 0.02 a year either way, a tenth of a typical exponent",
)  # fmt: skip

_ALL = (
    Parameter("level", "loss at the central point", _NATS, "positive", Prior("lognormal", mu=1.386, sigma=0.3),
        "95% in 2.2 to 7.2 nats, perplexity 9 to 1,350, for a model of 30 million parameters in 2018"),
    Parameter("irreducible_share", "share of the level that no scale removes (E / level)", "", "unit",
        Prior("beta", alpha=1, beta=2),
        "95% in 0.01 to 0.84; both the paper's E = 0 and entropy estimates of 1 to 2.5 nats per word are in reach"),
    Parameter("share", "share of the reducible loss at the central point that is the parameter term's", "", "unit",
        Prior("beta", alpha=2, beta=2), "symmetric between parameters and data; 95% in 0.09 to 0.91"),
    Parameter("alpha", "exponent of effective parameters (of effective compute in a compute law)", *_EXPONENT),
    Parameter("beta", "exponent of effective data", *_EXPONENT),
    Parameter("g_N", "progress rate of parameters", *_RATE),
    Parameter("g_D", "progress rate of data", *_RATE),
    Parameter("g_C", "progress rate of effective compute", A_YEAR, "real", Prior("normal", mu=0, sigma=1.414),
        "the prior that two independent rates g_N and g_D of scale 1 give to their sum"),
    Parameter("hicks_gap",
        "decline of the parameter term less decline of the data term (alpha g_N - beta g_D), 0 if progress is neutral",
        "per year", "real", Prior("normal", mu=0, sigma=0.01),
        "95% within 0.02 a year either way: as much as both terms decline when effective compute doubles once a year "
        "(0.017 at the paper's exponents); the paper's estimate, with the gap free, is -0.032"),
    Parameter("g_N_central", f"progress rate of parameters, {_AT_THE_MIDDLE}", *_RATE),
    Parameter("g_D_central", f"progress rate of data, {_AT_THE_MIDDLE}", *_RATE),
    Parameter("g_N_constant", f"progress rate of parameters, {_BESIDE_DRIFT}", *_RATE),
    Parameter("g_D_constant", f"progress rate of data, {_BESIDE_DRIFT}", *_RATE),
    Parameter("alpha_drift", "change of alpha", *_DRIFT),
    Parameter("beta_drift", "change of beta", *_DRIFT),
    Parameter("gamma", "loss per log unit of vocabulary, on top of the level", f"{_NATS} per log unit", "real",
        Prior("normal", mu=0, sigma=0.05), "95% within 1.2 nats for the largest vocabularies (ln 268,000 = 12.5)"),
    Parameter("gamma_T", "log odds of the factor on the reducible loss of transformers", "", "real",
        Prior("normal", mu=3, sigma=1.5),
        "the factor is then 0.95 in the median and, with 95%, between 0.51 and 0.997: transformers lose at most half "
        "of the reducible loss; the paper's estimate is 0.951"),
    Parameter("repetition_scale", "passes beyond the first after which repeated tokens are worth no more (R*)",
        "passes", "positive", Prior("lognormal", mu=2.734, sigma=1.0),
        "median 15.4, the joint fit of Muennighoff et al. 2023; 95% in 2.2 to 109: from below their 2.9, where only "
        "data decays, to corpora whose hundredth pass still teaches something"),
    Parameter("excess_scale", "times of the best parameters beyond which further parameters are worth no more (R*_N)",
        "times", "positive", Prior("lognormal", mu=1.67, sigma=1.0),
        "median 5.3, the joint fit of Muennighoff et al. 2023; 95% in 0.75 to 38"),
    Parameter("overfitting", "loss added by a second pass, where there is a parameter for each unique token", _NATS,
        "positive", Prior("lognormal", mu=-4.605, sigma=2.0),
        "median 0.01, 95% in 0.0002 to 0.5: repeating once costs little, and less of smaller models"),
    Parameter("overfitting_by_repetitions", "exponent of repetitions in the loss that overfitting adds", "", "positive",
        Prior("lognormal", mu=0, sigma=0.5), "around in proportion, 95% in 0.38 to 2.7"),
    Parameter("overfitting_by_size", "exponent of parameters for each unique token in the loss that overfitting adds",
        "", "positive", Prior("lognormal", mu=0, sigma=0.5), "around in proportion, 95% in 0.38 to 2.7"),
    Parameter("sigma", "standard deviation (scale) of an evaluation around the law", _NATS, "positive",
        Prior("half_normal", sigma=0.5), "95% below 1 nat; published residuals are near 0.2"),
    Parameter("tau", "standard deviation of paper effects", _NATS, "positive", Prior("half_normal", sigma=0.3),
        "95% below 0.6 nats; the paper's correlation of 0.45 implies 0.14"),
    Parameter("nu", "degrees of freedom of Student-t noise", "", "positive", Prior("gamma", alpha=2, beta=0.1),
        "from heavy tails to nearly normal (Juarez and Steel 2010)"),
    Parameter("untuned", "mean of the part by which runs lie above the law, over sigma, of one-sided noise", "",
        "positive", Prior("lognormal", mu=0.693, sigma=1.0),
        "median 2, 95% in 0.28 to 14: from noise that is nearly symmetric to runs that are all but untuned"),
)  # fmt: skip

PARAMETERS: Mapping[str, Parameter] = {parameter.name: parameter for parameter in _ALL}
"""Every quantity that may carry a prior, by name."""
OVERFITTING = tuple(name for name in PARAMETERS if name.startswith("overfitting"))  # of its penalty
