"""Laws made of given draws, for tests of what is read off a law."""

import numpy as np
from made_runs import FURTHER, made_runs, with_all_columns

from bayes_scaling.law.formula import loss
from bayes_scaling.model.coordinates import coefficients_of
from bayes_scaling.model.rows import Anchor, anchor_of, make_rows
from bayes_scaling.model.structure import Coefficient
from bayes_scaling.quantities.laws import Laws
from bayes_scaling.specifications.laws import LAWS
from bayes_scaling.specifications.sections import Pivot, Progress
from bayes_scaling.specifications.specification import Specification

Y0 = 2018.0
TYPICAL = {"E": 1.2, "log_A": 6.0, "alpha": 0.33, "g_N": 0.4, "log_B": 6.5, "beta": 0.29, "g_D": 0.5}
TYPICAL_COMPUTE = {"E": 1.2, "log_A": 5.0, "alpha": 0.1, "g_C": 0.8}
TYPICAL_DRIFT = {"log_A": 1.5, "alpha": 0.08, "alpha_drift": 0.001, "log_B": 1.5, "beta": 0.06, "beta_drift": 0.001}

BOTH = Specification("both", irreducible_loss="shared", progress=Progress("constant_rate", "constant_rate"))
COMPUTE = Specification(
    "compute-alone", law="compute", irreducible_loss="shared", progress=Progress(compute="constant_rate")
)
DRIFT = Specification("drift", progress=Progress(exponents="drift"), pivot=Pivot(parameters=2e6, tokens=8.88e5))


def made_laws(**values) -> Laws:
    """Draws at sizes of 1 and the date Y0; coefficients that are not given are typical ones."""
    return _laws(BOTH, 1.0, TYPICAL | values)


def made_compute_laws(**values) -> Laws:
    """Draws of a law of compute, at 6 FLOP and the date Y0."""
    return _laws(COMPUTE, 1.0, TYPICAL_COMPUTE | values)


def made_drifting_laws(**values) -> Laws:
    """Draws of a law whose exponents move with the date, at 2 million parameters and tokens."""
    return _laws(DRIFT, 2e6, TYPICAL_DRIFT | values)


def prior_laws(specification: Specification, evaluations, draws: int = 100) -> Laws:
    """A specification's law under draws from its prior."""
    of_runs = LAWS[specification.law].for_runs or specification.name in FURTHER
    table = with_all_columns(made_runs()) if of_runs else evaluations
    rows, rng = make_rows(specification, table), np.random.default_rng(0)
    values = {}
    for parameter in specification.parameters():
        group = specification.index_of(parameter.name)
        size = (draws, 1 if group is None else len(rows.levels[group]))
        values[parameter.name] = specification.prior_of(parameter.name).frozen().rvs(size=size, random_state=rng)
    return Laws(
        specification=specification,
        coefficients=coefficients_of(specification, values, rows.levels),
        levels=rows.levels,
        anchor=rows.anchor or anchor_of(specification),
        shape=(1, draws),
        predictors=rows.predictors,
        setting={"recipe": "old"} if "recipe" in specification.columns else {},
        log_vocabulary={"wt103": 12.5} if "log_vocabulary" in rows.covariates else {},
    )


def changes_with_size(laws: Laws) -> bool:
    """Whether a coefficient of the law itself, from which losses may depart, depends on parameters."""
    formulas = laws.specification.formulas.items()
    return any("parameters" in each.steady for name, each in formulas if name != "sigma")


def law_alone(laws: Laws, *point):
    """The loss of the law itself, from which losses may depart."""
    irreducible, terms = laws.powered_parts(*point)
    return loss(irreducible, *terms, power=laws.power)


def _laws(specification: Specification, size: float, values) -> Laws:
    draws = np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, dtype=float)) for value in values.values()))
    return Laws(
        specification=specification,
        coefficients={name: Coefficient(column[:, None]) for name, column in zip(values, draws, strict=True)},
        levels={},
        anchor=Anchor(size, {"wt103": size}, Y0),
        shape=(1, len(draws[0])),
    )
