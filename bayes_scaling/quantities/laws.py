"""Draws of a law: what a posterior, or published constants, say of the loss of any system."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd
import xarray as xr
from xarray import DataTree

from bayes_scaling.common.arrays import Floats as Floats
from bayes_scaling.common.arrays import Integers
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.chinchilla import ChinchillaLaw
from bayes_scaling.law.formula import loss
from bayes_scaling.law.gundlach import ComputeLaw
from bayes_scaling.law.kaplan import KaplanJointLaw
from bayes_scaling.model.predictors import Predictors, architecture_levels, label_of
from bayes_scaling.model.rows import Anchor, covariates_at, minima, noise_names
from bayes_scaling.model.structure import Coefficient, Coefficients, coefficient_at, loss_parts
from bayes_scaling.specifications.laws import SIZES
from bayes_scaling.specifications.sections import CENTRE_YEAR
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.specifications.values import is_number
from bayes_scaling.tables.benchmarks import KNOWN, in_order, named
from bayes_scaling.tables.cells import architecture_of
from bayes_scaling.tables.columns import ARCHITECTURES

if TYPE_CHECKING:
    from bayes_scaling.inference.result import Fit

BENCHMARK = "wt103"
"""Benchmark of published constants, and of a hypothetical system where it was fitted and none is named."""
ARCHITECTURE = "transformer"  # architecture of a hypothetical system unless one is named


@dataclass(frozen=True)
class Laws:
    """Draws of one specification's law, as functions of parameters, tokens and date."""

    specification: Specification
    coefficients: Coefficients  # of shape ``(samples, 1)`` or ``(samples, levels)``, samples being chains times draws
    levels: Mapping[str, tuple[str, ...]]
    anchor: Anchor
    shape: tuple[int, int] = (1, 1)  # chains, draws
    systems: pd.DataFrame = field(default_factory=pd.DataFrame)  # those fitted; of published constants none
    log_vocabulary: Mapping[str, float] = field(default_factory=dict)  # of a hypothetical system, by benchmark
    predictors: Predictors | None = None
    setting: Mapping[str, Any] = field(default_factory=dict)  # what columns are set to
    noise: Mapping[str, Floats] = field(default_factory=dict)  # of published constants none

    def at(self, **columns: Any) -> Self:
        """The same law where some columns of its formulas and groups have given values; see :func:`at`."""
        known = () if self.predictors is None else self.specification.columns
        for name, value in columns.items():
            if name not in known or name in ("benchmark", "architecture"):
                valid = [each for each in known if each not in ("benchmark", "architecture")]
                raise BayesScalingError(
                    f"'{self.specification.name}' depends on no column {name!r} that can be set here; "
                    f"valid choices: {', '.join(valid) or 'none'} (benchmark and architecture are arguments)"
                )
            assert self.predictors is not None
            first = next(iter(self.predictors.choices(name).values()))
            numbers = not isinstance(first, str)
            if not (isinstance(value, bool | np.bool) or is_number(value) if numbers else isinstance(value, str)):
                such = f"{first:.3g}" if numbers else repr(first)
                raise BayesScalingError(
                    f"column {name} of '{self.specification.name}' holds {'numbers' if numbers else 'text'}, and "
                    f"{value!r} is none; type for instance bs.at(fit, {name}={such})"
                )
        return replace(self, setting={**self.setting, **columns})

    def parts(self, parameters: Any, tokens: Any, year: Any, **setting: Any) -> tuple[Floats, tuple[Floats, ...]]:
        """Irreducible loss and log terms that add up to the rest, ``(samples, points)``; not of Kaplan's law.

        Of the law itself, from which losses may smoothly depart over sizes, by ``gp()``.
        """
        if self.power is not None:
            raise BayesScalingError(
                f"'{self.specification.name}' is Kaplan's joint law, whose terms are joined by a power and do not add "
                "up to the loss, which this quantity needs; choose a law where they do, such as 'chinchilla'"
            )
        return self.powered_parts(parameters, tokens, year, **setting)

    @property
    def columns(self) -> set[str | None]:
        """Columns and groups that the expected loss depends on."""
        return self._columns_of("columns")

    def _columns_of(self, which: str) -> set[str | None]:
        formulas = (getattr(each, which) for name, each in self.specification.formulas.items() if name != "sigma")
        return {each.group for each in self.coefficients.values()}.union(*formulas)

    def require_power_laws(self) -> None:
        """Refuse a law whose coefficients change with size, or whose irreducible loss may change with the date."""
        if "excess_scale" in self.coefficients:
            raise BayesScalingError(
                f"parameters in excess decay in '{self.specification.name}', so that its terms are no power laws away "
                'from the best split; ask for that (split="optimal"), or use bs.predicted_loss'
            )
        for name, each in self.specification.formulas.items():
            sizes = () if name == "sigma" else {"parameters", "tokens"} & {*each.steady}
            if sizes or (name in ("level", "irreducible_share") and "year" in each.columns):
                what = "parameters or tokens" if sizes else "year"
                why = "terms are no power laws of them" if sizes else "the irreducible loss may change with the date"
                raise BayesScalingError(
                    f"{name} of '{self.specification.name}' depends on {what} by its formula, so that {why}, which "
                    f"this quantity can't follow; take {what} out of [coefficients] {name}, or use bs.predicted_loss"
                )

    @property
    def power(self) -> Floats | None:
        """``p`` of :func:`bayes_scaling.law.formula.loss`, shape ``(samples, 1)``; None for 1, where terms add up."""
        return self.coefficients["power"].value if "power" in self.coefficients else None

    def powered_parts(
        self,
        parameters: Any,
        tokens: Any,
        year: Any,
        *,
        benchmark: str | None = None,
        architecture: str = ARCHITECTURE,
        further: Mapping[str, Any] | None = None,
        departing: bool = False,
    ) -> tuple[Floats, tuple[Floats, ...]]:
        """As :meth:`parts`, of any law: terms are joined by :attr:`power`; ``further``: other sizes by name.

        ``departing``: with what losses depart from the law.
        """
        needed = set(self.specification.form.sizes) - {"parameters", "tokens", "compute", *(further or {})}
        if needed:
            size = needed.pop()
            raise BayesScalingError(
                f"'{self.specification.name}' is a law of {self.specification.form.of}, and no {SIZES[size].noun} "
                f"are given: pass further={{'{size}': ...}}, or choose a law of parameters and tokens"
            )
        benchmark = self.benchmark_of(benchmark)
        points = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, dtype=float)) for x in (parameters, tokens, year)))
        specification, anchor_tokens = self.specification, self.anchor.tokens[benchmark]
        given = dict(zip(("parameters", "tokens", "year"), points, strict=True))
        covariates = covariates_at(specification, self.anchor, **given, anchor_tokens=anchor_tokens, further=further)
        asked = self._columns_of("columns" if departing else "steady")
        columns, index = self._columns(benchmark, architecture, given, asked)
        covariates |= columns
        if self.log_vocabulary:
            covariates["log_vocabulary"] = np.array([self.log_vocabulary[benchmark]])
        coefficients = self.coefficients if departing else {k: _lawful(each) for k, each in self.coefficients.items()}
        irreducible, terms = loss_parts(coefficients, covariates, index)
        shape = np.broadcast_shapes((self.shape[0] * self.shape[1], 1), points[0].shape)
        return np.broadcast_to(irreducible, shape), tuple(np.broadcast_to(term, shape) for term in terms)

    def loss(self, parameters: Any, tokens: Any, year: Any, **setting: Any) -> Floats:
        """Expected loss for each draw and point, nats per token; of a law of critical batch size that, tokens."""
        irreducible, terms = self.powered_parts(parameters, tokens, year, departing=True, **setting)
        return np.asarray(loss(irreducible, *terms, power=self.power))

    def sigma(self, points: Mapping[str, Any], *, benchmark: str, architecture: str) -> Floats:
        """Scale of the noise for each draw and point, or for each draw; nats per token, or of the log loss."""
        if "sigma" not in self.coefficients:
            return self.noise["sigma"]
        own = self.specification.formulas["sigma"].columns
        given = {name: np.asarray(each, dtype=float) for name, each in points.items()}
        columns, index = self._columns(benchmark, architecture, given, own)
        return np.asarray(coefficient_at(self.coefficients["sigma"], columns, index))

    def systems_at(self) -> pd.DataFrame:
        """Fitted systems of the levels that columns are set to; all, where a level is new or a number is no group."""
        inside = np.full(len(self.systems), True)
        for name, value in self.setting.items():
            assert self.predictors is not None  # of a fit
            mine = np.array(self.predictors.labels(name)) == label_of(value)
            inside &= mine | ~mine.any()
        return self.systems[inside] if inside.any() else self.systems

    def take(self, samples: Integers) -> Self:
        """Some of the draws, repeats allowed, as one chain."""
        count = self.shape[0] * self.shape[1]

        def some(value: Any) -> Any:
            return np.broadcast_to(value, (count, np.shape(value)[-1]))[samples] if np.ndim(value) else value

        def some_of(each: Any) -> Any:
            return replace(each, value=some(each.value))

        coefficients = {
            name: replace(some_of(each), added=tuple(map(some_of, each.added)))
            for name, each in self.coefficients.items()
        }
        noise = {name: each[samples] for name, each in self.noise.items()}
        return replace(self, coefficients=coefficients, shape=(1, len(samples)), noise=noise)

    def drawn(self, values: Floats, name: str, unit: str, **axes: Any) -> xr.DataArray:
        """Label draws ``(samples, ...)``: dimensions ``chain``, ``draw`` and those ``axes`` that are not one number."""
        coords = {dim: list(labels) for dim, labels in axes.items() if np.ndim(labels)}
        array = np.asarray(values, dtype=float).reshape(*self.shape, *map(len, coords.values()))
        return xr.DataArray(array, coords, ("chain", "draw", *coords), name, {"unit": unit})

    def drawn_all(self, drawn: Mapping[str, tuple[Floats, str]], **axes: Any) -> xr.Dataset:
        """Several quantities, each with its unit, as :meth:`drawn`."""
        return xr.Dataset({name: self.drawn(values, name, unit, **axes) for name, (values, unit) in drawn.items()})

    def benchmark_of(self, label: str | None = None) -> str:
        """The benchmark that a label names; without one WikiText-103, or the first that was fitted."""
        choices = in_order(self.log_vocabulary or self.anchor.tokens)
        if label is None:
            return in_order(self.levels.get("benchmark", choices))[0]
        name = label if label in choices else named(str(label))
        if name not in choices:
            raise BayesScalingError(f"benchmark {label!r} is unknown; valid choices: {', '.join(choices)}")
        return name

    def _columns(
        self, benchmark: str, architecture: str, points: Mapping[str, Floats], needed: Container[str | None]
    ) -> tuple[dict[str, Floats], dict[str, Integers]]:
        """Covariates and group codes of points; columns that are not set have their usual values."""
        named = {"benchmark": benchmark, "architecture": level_of(architecture)}
        if self.predictors is None:
            used = {coefficient.group for coefficient in self.coefficients.values()}
            return {}, {each: np.array([self.levels[each].index(named[each])]) for each in named if each in used}
        columns = self.specification.columns
        own = {name: each for name, each in points.items() if name in columns and name in needed}
        for name, each in own.items():
            if each.ndim > 1:
                if (each != each[0]).any():
                    raise BayesScalingError(
                        f"'{self.specification.name}' has a formula of {name}, which here differs between draws; "
                        "choose a quantity at given sizes and dates, such as bs.predicted_loss"
                    )
                own[name] = each[0]
        count = max((len(each) for each in own.values()), default=1)
        setting = {**own, **self.setting, **named}
        values = {name: setting[name] if name in setting else self.predictors.usual(name) for name in columns}
        return self.predictors.arrays(pd.DataFrame(values, index=range(count)))

    def at_best_split(self) -> Self:
        """The law where no parameters are in excess, as none are at the best split."""
        return replace(self, coefficients={k: each for k, each in self.coefficients.items() if k != "excess_scale"})


def level_of(architecture: str) -> str:
    """What an architecture counts as, by any word that tables take for it."""
    meant = architecture_of(str(architecture))
    if meant not in ARCHITECTURES:
        raise BayesScalingError(
            f"architecture {architecture!r} is unknown; valid choices: {', '.join(ARCHITECTURES)}, or a usual word for "
            "one of these, such as LSTM"
        )
    return str(architecture_levels(pd.Series([meant]))[0])


def _lawful(each: Coefficient) -> Coefficient:
    """A coefficient without that by which losses depart from the law."""
    return replace(each, added=tuple(added for added in each.added if not added.departs)) if each.added else each


def at(source: "Source", **columns: Any) -> "Fit | Laws":
    """A fit or law where columns that its coefficients depend on have given values.

    Parameters
    ----------
    source
        As every quantity takes it.
    **columns
        Column of the fitted table to a value: a level of a group, a number, or a flag. A level of a pooled group that
        was not fitted is predicted as another one of the group; so is one that is not named. Numbers that are not named
        are at their mean, flags at 0.

    Returns
    -------
    Fit or Laws
        Which every quantity and picture takes in place of the source. Of training runs, pictures draw those that have
        the levels that are named.

    Raises
    ------
    BayesScalingError
        If the specification depends on no such column; a level that was not fitted is refused where it is used.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> law = bs.at(bs.load_fit("runs/three-corpora"), dataset="comma")  # doctest: +SKIP
    >>> bs.optimal_allocation(law, 1e24)  # doctest: +SKIP
    """
    source = with_fit(source)
    laws = laws_of(source).at(**columns)
    from bayes_scaling.inference.result import Fit

    return replace(source, setting={**source.setting, **columns}) if isinstance(source, Fit) else laws


def at_most_common(fit: "Fit") -> "Fit":
    """A fit at the most common level of each column that is neither set nor has a usual value, for reports."""
    names = [name for name in fit.specification.columns if name not in ("benchmark", "architecture")]
    predictors, found = laws_of(fit).predictors if names else None, {}
    for name in names:
        assert predictors is not None  # of a fit
        try:
            predictors.usual(name)
        except BayesScalingError:
            found[name] = predictors.most_common(name)
    return replace(fit, setting={**found, **fit.setting})


def setting_of(fit: "Fit") -> str:
    """What a fit's columns are set to, in words; empty if to nothing."""
    return ", ".join(f"{name} {label_of(value)}" for name, value in fit.setting.items())


@runtime_checkable
class HasLaws(Protocol):
    """Anything that can be stated as draws of a law, such as published constants."""

    def as_laws(self) -> Laws:
        """Draws of the law."""
        ...


type Source = Fit | DataTree | str | Path | Laws | HasLaws | ChinchillaLaw | ComputeLaw | KaplanJointLaw
"""What functions of this folder take: a fit (or its DataTree, or its path), published constants, or draws of a law."""


def with_fit(source: Source) -> Source:
    """A source with the fit itself in place of where it was written, or of its DataTree."""
    if not isinstance(source, (str, Path, DataTree)):
        return source
    from bayes_scaling.inference.result import require_fit

    return require_fit(source)


def laws_of(source: Source) -> Laws:
    """Draws of the law of a fit, or of published constants; draws as they are."""
    if isinstance(source, Laws):
        return source
    if isinstance(source, (ChinchillaLaw, ComputeLaw, KaplanJointLaw)):
        return _static_laws(source)
    if isinstance(source, HasLaws):
        return source.as_laws()
    # They import the sampler, for which published laws should not wait.
    from bayes_scaling.inference.data import rows_of
    from bayes_scaling.inference.likelihood import draws_of
    from bayes_scaling.inference.result import require_fit
    from bayes_scaling.model.coordinates import coefficients_of

    source = require_fit(source, " or published constants (bs.classical)")
    specification, data = source.specification, source.data
    rows = rows_of(data, specification)
    constant = data["constant_data"].to_dataset()
    columns = ("parameters", "tokens", "year", "benchmark", "architecture")
    known = {name: constant[name].to_numpy() for name in columns if name in constant}
    systems = pd.DataFrame(known, index=list(rows.ids)).reindex(columns=list(columns))
    values = draws_of(specification, data)
    vocabulary: dict[Any, float] = {}
    if "log_vocabulary" in rows.covariates:
        column = pd.Series(rows.covariates["log_vocabulary"], index=systems.index)
        vocabulary = column.groupby(systems["benchmark"]).median().to_dict()
    return Laws(
        specification=specification,
        coefficients=coefficients_of(specification, values, rows.levels),
        levels=rows.levels,
        anchor=rows.anchor or minima(*(systems[name].to_numpy(float) for name in ("parameters", "tokens", "year"))),
        shape=(data["posterior"].sizes["chain"], data["posterior"].sizes["draw"]),
        systems=systems,
        log_vocabulary=vocabulary,
        predictors=rows.predictors,
        noise={name: values[name] for name in noise_names(specification)},
        setting=source.setting,
    )


def _static_laws(law: ChinchillaLaw | ComputeLaw | KaplanJointLaw) -> Laws:
    """A law without progress as one draw, the same at each date, benchmark and architecture."""
    if isinstance(law, ComputeLaw):
        kind, name = "compute", law.name
        values = {"E": law.E, "log_A": np.log(law.k), "alpha": law.gamma}
    elif isinstance(law, KaplanJointLaw):
        kind, name = "kaplan", "Kaplan et al. 2020"
        values = {"alpha": law.alpha_N, "beta": law.alpha_D, "power": law.alpha_D}
        values |= {"log_A": law.alpha_N * np.log(law.N_c), "log_B": law.alpha_D * np.log(law.D_c)}
    else:
        kind, name = "chinchilla", law.name
        values = {"E": law.E, "log_A": np.log(law.A), "alpha": law.alpha, "log_B": np.log(law.B), "beta": law.beta}
    irreducible = "shared" if "E" in values else "none"
    return Laws(
        specification=Specification(name=name, reference=law.source, law=kind, irreducible_loss=irreducible),
        coefficients={name: Coefficient(np.array([[value]])) for name, value in values.items()},
        levels={},
        anchor=Anchor(1.0, {benchmark.name: 1.0 for benchmark in KNOWN}, CENTRE_YEAR, compute=1.0),
    )
