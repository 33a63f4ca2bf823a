"""Did the chains find the same posterior? Checked here, because nutpie's path skips PyMC's own checks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.stats import poisson
from xarray import DataArray, Dataset, DataTree

from bayes_scaling.inference.settings import NUTS, SMC
from bayes_scaling.model.reported import RATES

RHAT_MAX = 1.01
RHAT_APART = 1.05
ESS_MIN = 400
EBFMI_MIN = 0.3
TOLERATED_FRACTION = 0.001
DOUBT, NO_DOUBT = 0.05, 1e-6
"""A run is given up where so many divergences, if they were tolerable in the long run, are less probable than this; the
second is for a last attempt that has only begun."""
CHAIN_SHIFT_MAX = 0.5
WEIGHT_SHARE_MIN = 0.1
MAIN = ("E", "alpha", "beta", *RATES)  # quantities that people quote: these get more effective draws
EVIDENCE_SPREAD_MAX = 0.5
"""Nats, standard deviation between runs: weights of their evidence would then leave exp(-0.25), 78%, of the runs."""


@dataclass(frozen=True)
class Diagnostics:
    """Convergence of a fit over every free parameter and every reported quantity.

    ``rhat_max`` is the largest rank-normalised split R-hat, of ``worst`` (at most 1.01); ``ess_bulk_min`` and
    ``ess_tail_min`` are the fewest effective draws (at least 400), ``ess_main_min`` those of :data:`MAIN`, if it has
    any. ``divergences`` and ``maxdepth`` (draws at maximum tree depth) are 0, or at most 0.1% of the ``draws`` of all
    chains once an attempt was ``escalated``; ``ebfmi_min`` is at least 0.3. ``failures`` are sentences, none if
    converged. ``weight_share`` is the share of draws that reweighting leaves effective (Kish); ``restarted`` counts
    chains, ``gradients`` evaluations of the log density in all attempts, adaptation included. Of SMC, R-hat compares
    independent runs, draws are particles, E-BFMI is 1, and ``evidence_spread`` is the standard deviation of log
    evidence between runs (nats, at most 0.5).
    """

    rhat_max: float
    ess_bulk_min: float
    ess_tail_min: float
    divergences: int
    maxdepth: int
    ebfmi_min: float
    draws: int
    escalated: bool
    worst: str
    failures: tuple[str, ...]
    weight_share: float = 1.0
    restarted: int = 0
    sampler: str = NUTS
    evidence_spread: float | None = None
    ess_main_min: float | None = None
    gradients: int = 0

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read back from JSON."""
        return cls(**{**plain, "failures": tuple(plain["failures"])})

    @property
    def converged(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    @property
    def facts(self) -> str:
        """What was measured, in words."""
        agreement = (
            f"R-hat at most {self.rhat_max:.4f} ({self.worst}), effective draws at least {self.ess_bulk_min:,.0f} bulk "
            f"and {self.ess_tail_min:,.0f} tail"
        )
        if self.sampler == SMC:
            return (
                f"{agreement}, of {self.draws:,} particles of independent SMC runs, whose log evidence differs by "
                f"{self.evidence_spread:.2f} nats (standard deviation)."
            )
        said = (
            f"{agreement}, {self.divergences} divergences in {self.draws:,} draws, {self.maxdepth} at maximum tree "
            f"depth, E-BFMI at least {self.ebfmi_min:.2f}."
        )
        if self.restarted:
            said += f" Chains started again, having settled where next to nothing is: {self.restarted}."
        return said

    @property
    def shortfall(self) -> float:
        """Effective draws wanted over the fewest found, at least 4/3 where chains disagree."""
        found = min(self.ess_bulk_min, self.ess_tail_min)
        missing = ESS_MIN / found if found > 0 else float("inf")
        return missing if self.rhat_max <= RHAT_MAX else max(4 / 3, missing)

    def growth(self, effective_draws: int) -> float:
        """How much longer a run has to be for the effective draws wanted; at most 1 if it need not be."""
        found = self.ess_main_min
        missing = 0.0 if found is None else effective_draws / found if found > 0 else float("inf")
        return max(missing, self.shortfall if not self.converged else 0.0)

    @property
    def efficiency(self) -> float:
        """Effective draws of the slowest quantity for each draw, at most 1."""
        return min(1.0, self.ess_bulk_min / self.draws)

    @property
    def unsteady(self) -> bool:
        """Whether transitions diverged or trees reached their maximum depth."""
        return self.divergences > 0 or self.maxdepth > 0

    def too_unsteady(self, doubt: float = DOUBT) -> bool:
        """Whether so many transitions diverged or were cut off that a longer run would hardly make up for them."""
        count = max(self.divergences, self.maxdepth)
        return bool(poisson.sf(count - 1, self.tolerated) < doubt)

    @property
    def tolerated(self) -> float:
        """How many transitions may diverge, and how many may be cut off."""
        return TOLERATED_FRACTION * self.draws if self.escalated else 0.0

    @property
    def apart(self) -> bool:
        """Whether chains lie far apart, or hardly move."""
        return not self.rhat_max <= RHAT_APART

    @property
    def clean(self) -> bool:
        """Whether nothing failed and nothing had to be tolerated."""
        return self.converged and self.divergences == 0 and self.maxdepth == 0


def diagnose(
    data: DataTree, stats: Dataset | None = None, *, escalated: bool = False, restarted: int = 0, gradients: int = 0
) -> Diagnostics:
    """Judge the chains of a posterior; ``stats`` are of all draws where it holds only some of them."""
    import arviz as az  # which takes a second

    stats = data["sample_stats"].to_dataset() if stats is None else stats
    return _judged(
        data,
        divergences=int(stats["diverging"].sum()),
        maxdepth=int(stats["maxdepth_reached"].sum()),
        ebfmi_min=float(np.min(np.asarray(az.bfmi(DataTree.from_dict({"sample_stats": stats}))["energy"]))),
        draws=int(stats["diverging"].size),
        escalated=escalated,
        weight_share=_weight_share(stats),
        restarted=restarted,
        gradients=gradients,
    )


def diagnose_runs(data: DataTree, stats: Dataset, *, escalated: bool = False) -> Diagnostics:
    """Judge independent SMC runs, each a chain, by R-hat, effective draws and the spread of their ``log_evidence``.

    Particles of one run share ancestors, which no effective sample size within runs sees; R-hat between runs does: at
    1.01 each half of a run is worth some 50 independent draws. A mode that every run has lost is seen by neither.
    """
    sizes, spread = data["posterior"].sizes, float(stats["log_evidence"].std(ddof=1))
    none: dict[str, Any] = {"divergences": 0, "maxdepth": 0, "ebfmi_min": 1.0}  # no transitions, trees, energies
    draws = sizes["chain"] * sizes["draw"]
    return _judged(data, draws=draws, escalated=escalated, sampler=SMC, evidence_spread=spread, **none)


def _judged(data: DataTree, **measured: Any) -> Diagnostics:
    table = convergence_table(data)
    main = table[table.index.str.partition("[").get_level_values(0).isin(MAIN)]
    if len(main) and measured.get("sampler") != SMC:
        measured["ess_main_min"] = float(main[["ess_bulk", "ess_tail"]].to_numpy().min())
    found = Diagnostics(
        rhat_max=float(table["rhat"].max()),
        ess_bulk_min=float(table["ess_bulk"].min()),
        ess_tail_min=float(table["ess_tail"].min()),
        worst=str(table["rhat"].idxmax()),
        failures=(),
        **measured,
    )
    return replace(found, failures=_failures(found, table, data))


def _weight_share(stats: Dataset) -> float:
    if "log_weight" not in stats:
        return 1.0
    weight = np.exp(stats["log_weight"] - stats["log_weight"].max())
    return float(weight.sum() ** 2 / (weight**2).sum() / weight.size)


def convergence_table(data: DataTree) -> pd.DataFrame:
    """Columns ``rhat``, ``ess_bulk``, ``ess_tail`` of every element, such as ``"level[ptb]"``, of the posterior."""
    import arviz as az

    named = dict(elements(data["posterior"].to_dataset()))
    draws = DataArray(np.stack([*map(np.asarray, named.values())]), dims=("element", "chain", "draw"))
    with np.errstate(divide="ignore", invalid="ignore"):  # what does not move in some chain has no finite R-hat
        measures = {"rhat": az.rhat(draws)} | {f"ess_{kind}": az.ess(draws, method=kind) for kind in ("bulk", "tail")}
    return pd.DataFrame({name: np.asarray(measure) for name, measure in measures.items()}, index=list(named))


def elements(values: Dataset) -> Iterator[tuple[str, DataArray]]:
    """Each element of each variable, over chains and draws if it has them, by a name such as ``"level[ptb]"``."""
    for name, array in values.data_vars.items():
        labelled = [dim for dim in array.dims if dim not in ("chain", "draw")]
        for at in np.ndindex(*(array.sizes[dim] for dim in labelled)):
            element = array.isel(dict(zip(labelled, at, strict=True)))
            labels = [str(element[dim].to_numpy()) for dim in labelled]
            yield f"{name}[{', '.join(labels)}]" if labels else str(name), element


def _failures(found: Diagnostics, table: pd.DataFrame, data: DataTree) -> tuple[str, ...]:
    failures = []
    broken = table.index[~np.isfinite(table).all(axis=1)]
    if len(broken):
        failures.append(f"{', '.join(broken[:3])} did not move or is not finite in some chain")
    if found.rhat_max > RHAT_MAX:
        count = int((table["rhat"] > RHAT_MAX).sum())
        quantities = "1 quantity" if count == 1 else f"{count} quantities"
        failures.append(
            f"R-hat up to {found.rhat_max:.3f} ({found.worst}; {quantities} above {RHAT_MAX})"
            + _who_disagrees(data, found.worst)
        )
    for kind in ("bulk", "tail"):
        column = table[f"ess_{kind}"]
        if column.min() < ESS_MIN:
            failures.append(f"{kind} effective sample size {column.min():.0f} ({column.idxmin()}), below {ESS_MIN}")
    unsteady = {"divergent transitions": found.divergences, "draws at maximum tree depth": found.maxdepth}
    for name, count in unsteady.items():
        if count > found.tolerated:
            failures.append(f"{count} {name} in {found.draws} draws ({count / found.draws:.2%})")
    if found.ebfmi_min < EBFMI_MIN:
        failures.append(f"E-BFMI {found.ebfmi_min:.2f}, below {EBFMI_MIN}")
    if found.evidence_spread is not None and not found.evidence_spread <= EVIDENCE_SPREAD_MAX:
        failures.append(
            f"log evidence of the SMC runs differs by {found.evidence_spread:.2f} nats (standard deviation), above "
            f"{EVIDENCE_SPREAD_MAX}: too few particles, or modes that some runs have lost"
        )
    return tuple(failures)


def chain_shifts(draws: Mapping[int, np.ndarray]) -> dict[int, float]:
    """How far each chain's median lies from the others', in interquartile ranges of the other chains' draws."""
    shifts = {}
    for chain, own in draws.items():
        rest = np.concatenate([other for key, other in draws.items() if key != chain] or [own])
        spread = np.subtract(*np.quantile(rest, [0.75, 0.25])) or 1.0
        shifts[chain] = float((np.median(own) - np.median(rest)) / spread)
    return shifts


def _who_disagrees(data: DataTree, quantity: str) -> str:
    """Name chains that lie elsewhere (in another mode), which R-hat does not tell."""
    draws = dict(enumerate(np.asarray(dict(elements(data["posterior"].to_dataset()))[quantity])))
    apart = {chain: draws[chain] for chain, shift in chain_shifts(draws).items() if abs(shift) > CHAIN_SHIFT_MAX}
    if not apart:
        return ""
    medians = ", ".join(f"chain {chain}: {np.median(row):.3g}" for chain, row in apart.items())
    everyone = np.median(np.concatenate(list(draws.values())))
    return f"; chains disagree, perhaps on modes (median of all {everyone:.3g}; {medians})"
