"""Which training runs or evaluations to do next: those that leave the least of a quantity's variance, for a budget."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from os import PathLike

import numpy as np
import pandas as pd
import xarray as xr

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.diagnostics import elements
from bayes_scaling.inference.result import AnyFit, Fit, require_fit
from bayes_scaling.inference.settings import SEED, whole_number
from bayes_scaling.inference.threads import one_thread
from bayes_scaling.quantities.allocation import YEAR, optimal_allocation
from bayes_scaling.quantities.arguments import check_years, positive
from bayes_scaling.quantities.candidates import grid_of_runs, outcomes_of, read_candidates
from bayes_scaling.quantities.intervals import SAMPLE_DIMS, credible_intervals
from bayes_scaling.quantities.laws import laws_of
from bayes_scaling.quantities.outcomes import Outcomes, chosen, simulated

COUNT = 4
"""Runs or evaluations that are chosen at most, unless another number is given."""
LOSS, SPLIT = "loss@PARAMETERS,TOKENS", "optimal_parameters@FLOP"
"""Quantities of the law at sizes that the user names."""


@dataclass(frozen=True, eq=False)
class Design:
    """Which candidates to run or evaluate next, what each would tell of a quantity, and what the chosen ones would.

    Parameters
    ----------
    fit
        The posterior so far; read ``converged`` first.
    quantity
        One row, named after the quantity: ``median``, ``lower``, ``upper`` as of now, their Monte Carlo errors, and
        ``sd``, the standard deviation; ``attrs`` name unit and interval.
    chosen
        In order, the most telling first: the columns of ``candidates``, where what is left and gained counts all rows
        down to this one; and the same by simulation: ``simulated_ratio``, ``mcse_simulated_ratio``,
        ``simulated_gain``, ``mcse_simulated_gain``, and ``effective_draws``, on how many draws these rest.
    candidates
        Sizes and all that was given; ``cost``; ``variance_ratio``, the expected variance of the quantity after this
        outcome alone over that of now, with its Monte Carlo error ``mcse_variance_ratio``; ``gain``, the expected
        information gain in nats.
    budget
        What the cost of those chosen may add up to; infinite if none was given.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.design(bs.load_fit("runs/mine"), "alpha", budget=1e20)  # doctest: +SKIP
    >>> found.chosen[["parameters", "tokens", "variance_ratio"]]  # doctest: +SKIP
    """

    fit: Fit
    quantity: pd.DataFrame
    chosen: pd.DataFrame
    candidates: pd.DataFrame
    budget: float

    @property
    def converged(self) -> bool:
        """Whether the chains of the fit agree; if not, nothing here is to be relied on."""
        return self.fit.diagnostics.converged


def design(
    fit: AnyFit,
    quantity: str | xr.DataArray,
    *,
    budget: float | None = None,
    count: int = COUNT,
    candidates: pd.DataFrame | str | PathLike[str] | None = None,
    seed: int = SEED,
) -> Design:
    r"""Which training runs or evaluations would shrink the uncertainty of a quantity most.

    .. math:: \frac{\operatorname{E} \operatorname{Var}(q \mid y_S)}{\operatorname{Var} q} \approx
        1 - \frac{c_S^\top (K_{SS} + R_S)^{-1} c_S}{\operatorname{Var} q}, \qquad
        c_j = \operatorname{Cov}(q, \mu_j), \; K_{ij} = \operatorname{Cov}(\mu_i, \mu_j)

    Parameters
    ----------
    fit
        A posterior of training runs or of evaluations.
    quantity
        The name of a quantity of the posterior (``"alpha"``, ``"g_C"``, ``"level[ptb]"``);
        ``"loss@PARAMETERS,TOKENS"``, the logarithm of the loss that the law expects of such a model, and
        ``"optimal_parameters@FLOP"``, that of the best number of parameters, both in 2023 and on the first benchmark;
        or draws with dimensions ``chain`` and ``draw``, as every quantity of this package gives them.
    budget
        What those chosen may cost together: FLOP, or the unit of ``cost``. May be left out where candidates are given.
    count
        How many are chosen at most.
    candidates
        A table or the path of a file: ``parameters``, ``tokens`` (or ``flop``); of evaluations ``published``,
        ``benchmark``, ``architecture`` too; columns that formulas need, and ``cost``, by default 6 N D of a run and 1
        of an evaluation. Evaluations share an effect where they have the same ``paper`` (or another cluster) and
        else have one each. A row is chosen once: give it twice where a repeat is an option. Without candidates, of
        runs: the budget, its half, and so on down to the smallest run that was fitted, each with 1 to 400 tokens per
        parameter.
    seed
        Of simulated outcomes.

    Returns
    -------
    Design
        The choice, and all candidates.

    Raises
    ------
    BayesScalingError
        For a quantity that the posterior lacks, or that does not vary or is not finite in some draws; candidates that
        the law can't predict, that lack a column or cost more than the budget; a cluster that was fitted; without a
        budget or candidates where these are needed.

    Notes
    -----
    The choice, ``variance_ratio`` and ``gain`` take quantity and outcomes as jointly normal (of outcomes, the
    logarithm of the loss where noise is on it), and noise as known: its variance is the posterior mean of that of
    normal noise which tells as much. With normal noise the ratio is then an upper bound, that of the best linear
    estimate, whatever the joint distribution. What an outcome tells of the noise does not count. Several are chosen
    greedily, by what they tell and by what they tell for their cost, and exchanged until nothing is better.

    ``simulated_ratio`` assumes neither: outcomes are drawn from the posterior and weigh its draws. Its error grows
    with the number of outcomes, since ever fewer draws count, so that it checks the choice and does not make it.
    ``simulated_gain`` is half the expected logarithm of the ratio: of quantities whose posteriors are about normal.

    Both trust the law wherever a candidate is: leave candidates out at sizes at which it may not hold. Sources:
    Lindley 1956; Chaloner and Verdinelli 1995; Krause and Guestrin 2005; Huan and Marzouk 2013 (arXiv 1108.4146).

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> fit = bs.load_fit("runs/mine")  # doctest: +SKIP
    >>> bs.design(fit, "loss@7e10,1.4e12", budget=1e21, count=6).chosen  # doctest: +SKIP
    """
    fit = require_fit(fit)
    count = whole_number("count", count, 1)
    most = np.inf if budget is None else float(positive(budget, "budget"))
    draws = draws_of_quantity(fit, quantity)
    table = grid_of_runs(fit, most) if candidates is None else read_candidates(fit, candidates)
    outcomes, costs = outcomes_of(fit, draws, table), table["cost"].to_numpy(float)
    if costs.min() > most:
        raise BayesScalingError(
            f"no candidate is within the budget of {most:g}: the cheapest costs {costs.min():g}; give a larger budget"
        )
    with one_thread():
        table = table.assign(**_told(outcomes, lambda some: some.after([])[1]))
        at = chosen(outcomes, costs, most, count)
        steps = [at[: each + 1] for each in range(len(at))]
        checks = pd.DataFrame([asdict(simulated(outcomes, each, seed)) for each in steps], index=table.index[at])
        picked = table.iloc[at].assign(**_told(outcomes, lambda some: np.array([some.left(each) for each in steps])))
    picked = picked.join(checks)
    now = credible_intervals(draws)
    now["sd"] = float(draws.std(ddof=1))
    return Design(fit, now, picked, table, most)


def _told(outcomes: Outcomes, of: Callable[[Outcomes], Floats]) -> dict[str, Floats]:
    """Shares of the variance that are left, their Monte Carlo errors, and gains."""
    left = of(outcomes)
    return {"variance_ratio": left, "mcse_variance_ratio": outcomes.error(of), "gain": -0.5 * np.log(left)}


def draws_of_quantity(fit: Fit, quantity: str | xr.DataArray) -> xr.DataArray:
    """Draws of a quantity, named after it; refused unless each is finite and they differ."""
    draws = _named(fit, quantity) if isinstance(quantity, str) else quantity
    shape = {dim: fit.posterior.sizes[dim] for dim in SAMPLE_DIMS}
    if not isinstance(draws, xr.DataArray) or dict(draws.sizes) != shape:
        of = f"one of sizes {dict(draws.sizes)}" if isinstance(draws, xr.DataArray) else f"a {type(draws).__name__}"
        raise BayesScalingError(
            "quantity must be a name such as 'alpha', or one number for each draw of the fit, which is a DataArray of "
            f"sizes {shape}, not {of}"
        )
    draws = draws.transpose(*SAMPLE_DIMS).rename(draws.name or "quantity").astype(float)
    defined = float(np.isfinite(draws).mean())
    if defined < 1 or not draws.std() > 0:
        why = "does not vary" if defined == 1 else f"is not finite in {1 - defined:.1%} of the draws"
        raise BayesScalingError(f"{draws.name} {why}, so that it has no variance to shrink; choose another quantity")
    return draws


def _named(fit: Fit, name: str) -> xr.DataArray:
    """Draws by name: of what the posterior has, or of a logarithm of what the law says at some sizes."""
    known = dict(elements(fit.posterior))
    if name in known:
        return known[name].reset_coords(drop=True).rename(name)
    kind, _, where = name.partition("@")
    form = {each.partition("@")[0]: each for each in (LOSS, SPLIT)}.get(kind)
    if form is None:
        raise BayesScalingError(
            f"quantity {name!r} is none of this posterior; choose from {', '.join((*known, LOSS, SPLIT))}"
        )
    try:
        sizes = [float(each) for each in where.split(",")]
    except ValueError:
        sizes = []
    if len(sizes) != form.count(",") + 1:
        raise BayesScalingError(f"quantity {name!r} is not {form}; write such as loss@7e10,1.4e12")
    positive(sizes, name)
    laws = laws_of(fit)
    if form == SPLIT:
        found, unit = optimal_allocation(laws, sizes[0])["parameters"], "log parameters"
    else:
        check_years(laws, YEAR)
        losses = laws.loss(sizes[0], sizes[1], YEAR)[:, 0]
        found, unit = laws.drawn(losses, name, "nats per token"), "log nats per token"
    logs = found.copy(data=np.log(found.to_numpy())).assign_coords(fit.posterior.coords)
    return logs.rename(f"log {name}").assign_attrs(unit=unit)
