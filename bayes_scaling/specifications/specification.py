"""A specification: a law, what varies by what, what progresses, the noise and the priors, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import chain
from typing import Any, Self

from bayes_scaling.specifications.consistency import check, require_delta
from bayes_scaling.specifications.formulas import LOSS_FACTORS, Formula, is_smooth, read_formula
from bayes_scaling.specifications.laws import LAWS, Law
from bayes_scaling.specifications.parameters import OVERFITTING, PARAMETERS, Parameter
from bayes_scaling.specifications.priors import Prior
from bayes_scaling.specifications.progress import GROUPS_OF_DATES, RATE_OF, Progress, Shape
from bayes_scaling.specifications.sections import BenchmarkFigures, Centre, Data, Noise, Pivot, plain, read
from bayes_scaling.specifications.tuning import tuned_parameters


@dataclass(frozen=True)
class Specification:
    """A law and what varies by what; everything needed to state a log density on a table of evaluations.

    Parameters
    ----------
    name, title, reference
        The catalogue's name (or a file's stem), a short title, and where it comes from.
    law
        ``"chinchilla"``: ``E + A/N_eff^alpha + B/D_eff^beta``; ``"compute"``: ``E + A/C_eff^alpha``, C = 6 N D. For
        training runs alone, and without progress: ``"parameters"``: ``E + A/N^alpha``; ``"tokens"``: ``E + B/D^beta``;
        ``"steps"``: ``E + A/N^alpha + B/S_min^beta``; ``"kaplan"``:
        ``E + [(A/N^alpha)^(1/beta) + (B/D^beta)^(1/beta)]^beta``, that is ``[(N_c/N)^(alpha/beta) + D_c/D]^beta``;
        ``"critical_batch"``: the critical batch size ``A/L^alpha``.
    irreducible_loss
        ``"none"`` (E = 0), ``"shared"`` or ``"benchmark"``.
    transformer_factor
        ``"none"``, or ``"sigmoid"``: a factor ``sigmoid(gamma_T)`` on the reducible loss of transformers (Ho et al.
        2024, eq. 7). ``level`` is then the loss of other architectures.
    varies_by
        Coefficient to group: ``"benchmark"``, ``"architecture"`` (transformer or other) or any other column of the
        table; for rates also ``"era"``, before and after ``progress.cut_year``. What is not listed is shared by all
        rows.
    coefficients
        Coefficient (``level``, ``share``, ``irreducible_share``, an exponent, a rate, ``sigma``; ``reducible`` and
        ``loss``, factors on the reducible and the whole loss) to a formula over the table's columns, such as
        ``"1 + architecture"`` or ``"1 + (1 | lab)"``. ``"0 + group"`` is what ``varies_by`` says in short. Or to the
        name of another coefficient of its kind, which it then is: ``beta = "alpha"``.
    tuned
        Column to the value that is expected to be the best at the central point: runs at other values lose, and the
        best is a power law of the law's sizes (:mod:`bayes_scaling.specifications.tuning`). What is predicted is a run
        at the best values.
    benchmarks
        Benchmark to its figures, where the package knows none or others.
    progress, noise, data, pivot, centre
        See the classes of these names.
    priors
        Parameter to :class:`bayes_scaling.Prior`: overrides of the defaults in
        :data:`bayes_scaling.specifications.parameters.PARAMETERS`.
    delta
        If given, the paper's own coefficients with its own penalty as a prior: Laplace with scale
        ``2 sigma^2 / (n delta)`` on every one, so that the posterior mode is the paper's penalised estimate.

    Raises
    ------
    SpecificationError
        Unknown or contradictory settings; the message names the valid choices.

    Notes
    -----
    Equal specifications compare equal, but they hold mappings and so can't be hashed: use ``name`` as a key.

    Examples
    --------
    >>> s = Specification(name="mine", varies_by={"A": "benchmark", "B": "benchmark"},
    ...                   progress=Progress(parameters="constant_rate", data="constant_rate"))
    >>> sorted(p.name for p in s.parameters())
    ['alpha', 'beta', 'g_D', 'g_N', 'level', 'share', 'sigma']
    """

    name: str
    title: str = ""
    reference: str = ""
    law: str = "chinchilla"
    irreducible_loss: str = "none"
    transformer_factor: str = "none"
    varies_by: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    noise: Noise = field(default_factory=Noise)
    data: Data = field(default_factory=Data)
    pivot: Pivot | None = None
    centre: Centre | None = None
    priors: Mapping[str, Prior] = field(default_factory=dict)
    delta: float | None = None
    coefficients: Mapping[str, str] = field(default_factory=dict)
    benchmarks: Mapping[str, BenchmarkFigures] = field(default_factory=dict)
    tuned: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check(self)

    # ------------------------------------------------------------------ what follows from the settings

    @property
    def form(self) -> Law:
        """The law's form: its terms, and what it is a law of."""
        return LAWS[self.law]

    @cached_property
    def formulas(self) -> Mapping[str, Formula]:
        """The formula of each coefficient that has one, or varies by a group, which is ``0 + group``."""
        short = {"A": ("level", "share") if len(self.form.terms) > 1 else ("level",), "B": ()}
        found = {
            name: Formula(name, f"0 + {group}", group, columns=() if group in GROUPS_OF_DATES else (group,))
            for key, group in self.varies_by.items()
            for name in short.get(key, (key,))
        }
        if (by := self.irreducible_loss) != "none":
            found["irreducible_share"] = read_formula("irreducible_share", "1" if by == "shared" else f"0 + {by}")
        found |= {name: read_formula(name, text) for name, text in self.coefficients.items() if name not in self.tied}
        return found | {name: found.get(other, Formula(name, "1")) for name, other in self.tied.items()}

    def __getstate__(self) -> dict[str, Any]:
        """Without what was worked out, which workers would have to be sent."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def tied(self) -> Mapping[str, str]:
        """Coefficients that are another one, and which."""
        texts = {name: text for name, text in self.coefficients.items() if isinstance(text, str)}
        return {name: text.strip() for name, text in texts.items() if text.strip() in PARAMETERS}

    @cached_property
    def predicted(self) -> Mapping[str, Formula]:
        """Formulas that are more than one value, or one for each level of a group."""
        return {name: formula for name, formula in self.formulas.items() if not formula.is_plain}

    @property
    def may_be_tied(self) -> Mapping[str, tuple[str, ...]]:
        """Coefficients that may be another one, and which: those of the same unit and support."""
        names = [name for name in self.may_have_formulas if name not in (*LOSS_FACTORS, "sigma")]
        kinds = {name: (PARAMETERS[name].unit, PARAMETERS[name].support) for name in names}
        alike = {name: [other for other in names if other != name and kinds[other] == kinds[name]] for name in names}
        return {name: tuple(others) for name, others in alike.items() if others}

    @property
    def may_have_formulas(self) -> tuple[str, ...]:
        """Coefficients that may stand in ``coefficients``."""
        rates = [RATE_OF[key] for key in self.progress.growing if self.progress.multiplies_sizes]
        exponents = [term.exponent for term in self.form.terms if term.exponent != self.form.power]
        shares = ["share"] if len(self.form.terms) > 1 else []
        return ("level", *shares, "irreducible_share", *exponents, *rates, *LOSS_FACTORS, "sigma")

    @property
    def has_irreducible(self) -> bool:
        """Whether there is an irreducible loss ``E``."""
        return "irreducible_share" in self.formulas

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table that coefficients vary by or depend on."""
        named = [column for formula in self.formulas.values() for column in formula.columns]
        return tuple(dict.fromkeys((*self.groups, *named)))

    @property
    def used_columns(self) -> tuple[str, ...]:
        """Columns by which rows are told apart, by formulas, by how often tokens repeat or as clusters of noise."""
        return (
            *self.columns,
            *self.tuned,
            *(("epochs",) if self.data.tokens == "repeated" else ()),
            *self.noise.clusters,
        )

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Columns of the table of which each row has a level."""
        found = [group for each in self.formulas.values() for group in (each.base, *(p.group for p in each.pooled))]
        found += ["architecture"] if self.transformer_factor != "none" else []
        return tuple(dict.fromkeys(group for group in found if group not in ("", *GROUPS_OF_DATES)))

    @cached_property
    def _sampled(self) -> Mapping[str, tuple[Parameter, str | None]]:
        """Each parameter with the dimension over which it has one value each, or None."""
        found: dict[str, tuple[Parameter, str | None]] = {}
        tuning = {each.name: each for each in self._tuning}
        for name in self.names:
            if name in tuning:
                found[name] = tuning[name], None
            elif name in self.shapes and self.shapes[name].further:
                found |= self.shapes[name].parameters(name)
            elif name in self.predicted:
                found |= {each.name: (each, dimension) for each, dimension in self.predicted[name].parameters()}
            elif name.startswith("tau"):
                cluster = self.noise.clusters[-1] if name == "tau" else name.removeprefix("tau_")
                meaning = f"standard deviation of {cluster} effects"
                found[name] = replace(PARAMETERS["tau"], name=name, meaning=meaning), None
            else:
                found[name] = PARAMETERS[name], self._group_of(name)
        return found

    @property
    def _tuning(self) -> tuple[Parameter, ...]:
        each = (tuned_parameters(column, best, self.form.terms) for column, best in self.tuned.items())
        return tuple(chain.from_iterable(each))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Coefficients and other parameters, in the order of the law."""
        own = ("sigma", *self.noise.kind.extra, *(tau for _, tau in reversed(self.noise.effects)))
        if self.delta is not None:
            return own
        exponents = tuple(term.exponent for term in self.form.terms)
        used = {
            "level": True,
            "irreducible_share": self.has_irreducible,
            "share": len(exponents) > 1,
            **dict.fromkeys((*exponents, *self.progress.sampled), True),
            "gamma": self.data.vocabulary == "log",
            "gamma_T": self.transformer_factor != "none",
            "repetition_scale": self.data.tokens == "repeated",
            "excess_scale": self.data.excess_parameters == "decay",
            **dict.fromkeys(OVERFITTING, self.data.overfitting == "penalty"),
            **{name: name in self.coefficients for name in LOSS_FACTORS},
            **{each.name: True for each in self._tuning},
        }
        return (*(name for name, here in used.items() if here and name not in self.tied), *own)

    @cached_property
    def integrated(self) -> str:
        """Stem of the names of a smooth change of all losses that is integrated out, as normal noise allows; or empty.

        Noise has to be on the logarithm, where that change adds to it, and the same in all rows.
        """
        noise = self.noise
        if noise.family != "normal" or not noise.on_log or noise.clusters or "sigma" in self.coefficients:
            return ""
        formula = self.predicted.get("loss", Formula("loss", ""))
        return next((formula.term_name(term) for term in formula.terms if is_smooth(term)), "")

    @property
    def left_to_integrate(self) -> tuple[str, ...]:
        """Parameters that a model does not sample: given all others, they are drawn in closed form."""
        stem = self.integrated
        return (f"{stem}_standardised", f"{stem}_rest_standardised") if stem else ()

    def _group_of(self, coefficient: str) -> str | None:
        return self.formulas[coefficient].base or None if coefficient in self.formulas else None

    def index_of(self, coefficient: str) -> str | None:
        """Group whose levels a coefficient or parameter has one value each of, or None if it is shared.

        ``level`` and ``share`` go with ``A``; ``irreducible_share`` and ``E`` with ``irreducible_loss``; formulas
        decide before both.

        Parameters
        ----------
        coefficient
            Such as ``"A"``, ``"g_N"``, ``"level"``.

        Returns
        -------
        str or None
            A column of the table, ``"era"``, or the columns of a formula's term.

        Examples
        --------
        >>> Specification(name="mine", varies_by={"A": "benchmark", "B": "benchmark"}).index_of("level")
        'benchmark'
        """
        if coefficient in self._sampled:
            return self._sampled[coefficient][1]
        return self._group_of({"A": "level", "B": "level", "E": "irreducible_share"}.get(coefficient, coefficient))

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """How each of ``g_N``, ``g_D``, ``g_C`` that is not 0 adds up over the years."""
        p = self.progress
        return {RATE_OF[key]: p.shape(key, self.varies_by.get(RATE_OF[key])) for key in p.growing}

    @property
    def rates_by_era(self) -> tuple[str, ...]:
        """Which of ``g_N``, ``g_D``, ``g_C`` differ between dates before and after a cut."""
        return tuple(rate for rate, shape in self.shapes.items() if shape.group)

    @property
    def rates_change(self) -> bool:
        """Whether rates of progress are others at other dates."""
        return any(shape.group or shape.further for shape in self.shapes.values())

    @property
    def response(self) -> str:
        """Name of what is observed: ``"loss"`` (nats per token), or ``"critical_batch"`` (tokens)."""
        return self.form.response

    @property
    def progresses(self) -> bool:
        """Whether anything in the law changes with the date."""
        return self.progress.growing != () or self.progress.drifts

    @property
    def pivots(self) -> tuple[str, ...]:
        """Which of parameters, tokens and year are part of the law as the point where groups or dates agree."""
        if self.progress.drifts:
            return ("parameters", "tokens")
        level = self.index_of("A")
        apart = any(self.index_of(term.exponent) not in (None, level) for term in self.form.terms)
        moving = self.shapes if self.progress.multiplies_sizes else {}
        grouped = any(self.index_of(rate) not in (None, level, shape.group) for rate, shape in moving.items())
        dated = moving and (apart or grouped or any(shape.from_start for shape in moving.values()))
        return (*(("parameters", "tokens") if apart else ()), *(("year",) if dated else ()))

    def parameters(self) -> tuple[Parameter, ...]:
        """Quantities that carry a prior in this specification, in the order of the law.

        Returns
        -------
        tuple of Parameter
            Each with name, meaning, unit, support, default prior and its reason.

        Examples
        --------
        >>> [p.name for p in Specification(name="mine").parameters()]
        ['level', 'share', 'alpha', 'beta', 'sigma']
        """
        return tuple(parameter for parameter, _ in self._sampled.values())

    def prior_of(self, parameter: str) -> Prior:
        """This specification's own prior of a parameter, or the default.

        Parameters
        ----------
        parameter
            A name that :meth:`parameters` gives.

        Returns
        -------
        Prior

        Examples
        --------
        >>> print(Specification(name="mine").prior_of("sigma"))
        HalfNormal(sigma=0.5)
        """
        name = self.tied.get(parameter, parameter)
        return self.priors.get(self.prior_name(name), self._sampled[name][0].prior)

    def prior_name(self, parameter: str) -> str:
        """The name of a parameter in ``priors``: its own, or of the base of a coefficient the coefficient's.

        Parameters
        ----------
        parameter
            A name that :meth:`parameters` gives.

        Returns
        -------
        str

        Examples
        --------
        >>> Specification(name="mine", coefficients={"alpha": "1 + architecture"}).prior_name("alpha_base")
        'alpha'
        """
        coefficient = parameter.removesuffix("_base")
        return coefficient if coefficient in self.predicted or coefficient in self.shapes else parameter

    def with_published_penalty(self, delta: float) -> Self:
        """This structure with the paper's coefficients and its L1 penalty as a Laplace prior.

        Parameters
        ----------
        delta
            The paper's regularisation strength, above 0 (its grid: .001, .0025, .005, .01, .02).

        Returns
        -------
        Specification
            Named ``NAME@delta=DELTA``. A prior of ``sigma`` is kept; the penalty takes the place of all others.

        Raises
        ------
        SpecificationError
            If delta is not above 0 or the structure has settings that the paper's form lacks.

        Notes
        -----
        Source of the penalty: Ho et al. 2024 (arXiv 2403.05812), eq. 8.

        Examples
        --------
        >>> from bayes_scaling import load_specification
        >>> load_specification("ho2024/07").with_published_penalty(0.0025).name
        'ho2024/07@delta=0.0025'
        """
        require_delta(delta)
        kept = {name: prior for name, prior in self.priors.items() if name == "sigma"}
        name = f"{self.name}@delta={float(delta):g}"
        return replace(self, name=name, delta=float(delta), priors=kept, centre=None)

    # ------------------------------------------------------------------ as plain data, and back

    def to_dict(self) -> dict[str, Any]:
        """Plain data that :meth:`from_dict` reads back to an equal specification (JSON and TOML can carry it).

        Returns
        -------
        dict
            Keys as in a specification's file.

        Examples
        --------
        >>> mine = Specification(name="mine")
        >>> Specification.from_dict("mine", mine.to_dict()) == mine
        True
        """
        return plain(vars(self))

    @classmethod
    def from_dict(cls, name: str, document: Mapping[str, Any]) -> Self:
        """Read a specification from plain data, refusing unknown keys and wrong types.

        Parameters
        ----------
        name
            Its name in tables and reports.
        document
            Keys as in a specification's file; those left out have their defaults.

        Returns
        -------
        Specification

        Raises
        ------
        SpecificationError
            Names the key and the valid choices.

        Examples
        --------
        >>> Specification.from_dict("mine", {"law": "compute", "progress": {"compute": "constant_rate"}}).law
        'compute'
        """
        return cls(name=name, **read(document))
