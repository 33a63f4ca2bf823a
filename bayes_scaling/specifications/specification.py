"""A specification: a law, what varies by what, what progresses, the noise and the priors, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

from bayes_scaling.errors import SpecificationError
from bayes_scaling.specifications.checks import is_number, shown
from bayes_scaling.specifications.formulas import REDUCIBLE, Formula, read_formula
from bayes_scaling.specifications.laws import LAWS, SIZES
from bayes_scaling.specifications.parameters import PARAMETERS, Parameter
from bayes_scaling.specifications.priors import Prior, choices_for

CENTRE_PARAMETERS = 3e7
CENTRE_YEAR = 2018.0

CENTRE_LEAST_STEPS = 1e4
CENTRE_LOSS = 3.0
"""Of the central point, unless ``[centre]`` says otherwise: of laws of least steps, and of the loss itself."""

GROUPS = ("benchmark", "architecture")
"""What coefficients of the catalogue vary by; those of other specifications may vary by any column of the table."""
GROUPS_OF_RATES = (*GROUPS, "era")
"""What rates of progress vary by there."""
RATE_OF: Mapping[str, str] = {size.factor: size.rate for size in SIZES.values() if size.rate}
"""What doubles, and the name of its rate in priors, posterior and tables."""


def _choose(where: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SpecificationError(f"{where} = {shown(value)} is not valid; choose one of: {', '.join(choices)}")


@dataclass(frozen=True)
class Progress:
    """What gets better with time, and in which shape.

    Parameters
    ----------
    parameters, data, compute
        ``"none"``, ``"constant_rate"`` or ``"walk"``: growth of effective parameters, data (law ``chinchilla``) or
        compute (law ``compute``). Under ``"walk"`` the rate takes a random step on each 1 January between the first and
        the last date of the table, of one standard deviation; before and after, it stays what it is there.
    acts_on
        ``"effective_size"``: rates ``g_N``, ``g_D`` multiply sizes. ``"loss_term"``: one rate of decline of each
        loss term, shared where exponents are not (Ho et al. 2024, model 13). ``"reducible_loss"``: one common
        rate of decline of the whole reducible loss (model 12, Hicks-neutral). ``"nearly_reducible_loss"``: the same up
        to ``hicks_gap = alpha g_N - beta g_D``, which the prior keeps near 0.
    exponents
        ``"none"`` or ``"drift"``: exponents move with the logarithm of the calendar year (models 14, 15).
    cut_year
        Decimal year between two eras, ``before`` and ``after``, where a rate varies by ``"era"``.
    at_cut
        ``"bend"``: effective size is continuous, and grows at each era's rate in its years. ``"jump"``: each era's
        rate holds from Y0 on, so that effective size jumps at the cut, as coded by Ho et al. 2024.
    """

    parameters: str = "none"
    data: str = "none"
    compute: str = "none"
    acts_on: str = "effective_size"
    exponents: str = "none"
    cut_year: float | None = None
    at_cut: str = "bend"


@dataclass(frozen=True)
class Noise:
    """How observations scatter around the law.

    Parameters
    ----------
    family
        ``"normal"`` or ``"student_t"``.
    cluster
        ``"none"``, or ``"paper"``: evaluations of one paper (runs of one series) share an effect; or another column
        of the table, such as ``"lab"``, whose rows do, and which then is the unit ``paper`` of cross-validation. Or
        several, from the outermost: of ``("lab", "paper")``, rows of a lab share an effect of standard deviation
        ``tau_lab``, and those of a paper within a lab another of ``tau``; the unit is the lab.
    scale
        ``"loss"``: noise is added to the loss, ``sigma`` in nats per token. ``"log_loss"``: noise is added to the
        logarithm of the loss, so that it is in proportion to the loss; ``sigma`` then needs a prior of its own.
    """

    family: str = "normal"
    cluster: str | tuple[str, ...] = "none"
    scale: str = "loss"

    def __post_init__(self) -> None:
        if isinstance(self.cluster, list | tuple):
            names = tuple(self.cluster)
            object.__setattr__(self, "cluster", names[0] if len(names) == 1 else names)

    @property
    def clusters(self) -> tuple[str, ...]:
        """Columns whose rows share an effect, the outermost first."""
        if isinstance(self.cluster, str):
            return () if self.cluster == "none" else (self.cluster,)
        return self.cluster

    @property
    def effects(self) -> tuple[tuple[str, str], ...]:
        """Of each cluster, the outermost first: its name among the groups of rows, and that of its deviation."""
        groups = ("paper", *(f"{inner} in {outer}" for outer, inner in pairwise(self.clusters)))
        deviations = (*(f"tau_{name}" for name in self.clusters[:-1]), "tau")
        return tuple((group, tau) for _, group, tau in zip(self.clusters, groups, deviations, strict=False))


@dataclass(frozen=True)
class Data:
    """How columns of the table enter the law.

    Parameters
    ----------
    tokens
        ``"unique"``: training tokens as they stand. ``"effective_epochs"``: times the worth of their repetition
        as coded by Ho et al. 2024 (model 20), where missing epochs count as one pass. ``"seen"``: times epochs.
        ``"repeated"``: times :func:`bayes_scaling.law.effective_epochs`, whose ``repetition_scale`` is a parameter.
    vocabulary
        ``"ignored"``, or ``"log"``: a term ``gamma ln(vocabulary)`` (model 19), where a missing
        vocabulary is taken to be the benchmark's median in the same table.
    missing_epochs
        Where tokens are ``"seen"`` or ``"repeated"``, what a missing number of epochs is taken to be: ``"one"`` pass
        or the benchmark's ``"median"`` in the same table.
    """

    tokens: str = "unique"
    vocabulary: str = "ignored"
    missing_epochs: str = "one"


@dataclass(frozen=True)
class Pivot:
    """Sizes and date at which the groups of a grouped exponent or rate agree, or drifting exponents act from.

    Where an exponent or a rate varies by a group and ``A`` does not vary by the same, the lines of the groups meet
    at one point, and that point is part of the law: the paper's is its sample's minima N0, D0, Y0. So is the year
    from which both eras' rates count where effective size jumps. What is not given here is the central point's.

    Parameters
    ----------
    parameters, tokens
        Used where exponents drift (models 14, 15) or vary by a group that A does not vary by (models 13, 17).
    year
        Decimal year, used where a rate varies by a group that A does not vary by (models 4, 5, 6), or jumps at a cut.
    """

    parameters: float | None = None
    tokens: float | None = None
    year: float | None = None


@dataclass(frozen=True)
class Centre:
    """Sizes of the central point, at which ``level`` and ``share`` stand; what is not given is the default's.

    Parameters
    ----------
    parameters, tokens
        Counts: the middle of the table that a specification is written for, so that a reader can judge the priors. In a
        law of compute the central compute is that of both, 6 N D.
    least_steps
        ``S_min``, in a law of least steps.
    loss
        Nats per token, in a law of the critical batch size.
    """

    parameters: float | None = None
    tokens: float | None = None
    least_steps: float | None = None
    loss: float | None = None


@dataclass(frozen=True)
class BenchmarkFigures:
    """What ``[benchmarks.NAME]`` says of a benchmark, in place of what the package knows.

    Parameters
    ----------
    tokens
        Of its training text: the central tokens at which its level and share stand.
    """

    tokens: float | None = None


CHOICES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "progress": {
        "parameters": ("none", "constant_rate", "walk"),
        "data": ("none", "constant_rate", "walk"),
        "compute": ("none", "constant_rate", "walk"),
        "acts_on": ("effective_size", "loss_term", "reducible_loss", "nearly_reducible_loss"),
        "exponents": ("none", "drift"),
        "at_cut": ("bend", "jump"),
    },
    "noise": {"family": ("normal", "student_t"), "scale": ("loss", "log_loss")},
    "data": {
        "tokens": ("unique", "effective_epochs", "seen", "repeated"),
        "vocabulary": ("ignored", "log"),
        "missing_epochs": ("one", "median"),
    },
}
_SECTIONS: Mapping[str, type[Any]] = {"progress": Progress, "noise": Noise, "data": Data}
_SIZES: Mapping[str, type[Any]] = {"pivot": Pivot, "centre": Centre}
_TEXT_KEYS = ("title", "reference", "law", "irreducible_loss", "transformer_factor")
TEXT_CHOICES: Mapping[str, tuple[str, ...]] = {
    "law": tuple(LAWS),
    "irreducible_loss": ("none", "shared", "benchmark"),
    "transformer_factor": ("none", "sigmoid"),
}
_LEFT_OUT: Mapping[str, object] = {
    "transformer_factor": "none",
    "cut_year": None,
    "at_cut": "bend",
    "missing_epochs": "one",
    "scale": "loss",
}
"""Settings that plain data leave out at these values, so that what was stored without them keeps its fingerprint."""


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
        Coefficient (``level``, ``share``, ``irreducible_share``, an exponent, a rate, ``sigma``; ``reducible``, a
        factor on the reducible loss) to a formula over the table's columns, such as ``"1 + architecture"`` or
        ``"1 + (1 | lab)"``. ``"0 + group"`` is what ``varies_by`` says in short.
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
    progress: Progress = Progress()
    noise: Noise = Noise()
    data: Data = Data()
    pivot: Pivot | None = None
    centre: Centre | None = None
    priors: Mapping[str, Prior] = field(default_factory=dict)
    delta: float | None = None
    coefficients: Mapping[str, str] = field(default_factory=dict)
    benchmarks: Mapping[str, BenchmarkFigures] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, valid in TEXT_CHOICES.items():
            _choose(key, getattr(self, key), valid)
        for section, choices in CHOICES.items():
            for key, valid in choices.items():
                _choose(f"[{section}] {key}", getattr(getattr(self, section), key), valid)
        _check_for_runs(self)
        _check_varies_by(self)
        _check_coefficients(self)
        _check_progress(self)
        _check_walks(self)
        _check_eras(self)
        _check_factor(self)
        _check_data(self)
        _check_pivot(self)
        _check_centre(self)
        _check_delta(self)
        _check_priors(self)
        _check_scale(self)

    # ------------------------------------------------------------------ what follows from the settings

    @cached_property
    def formulas(self) -> Mapping[str, Formula]:
        """The formula of each coefficient of ``coefficients``."""
        return {name: read_formula(name, text) for name, text in self.coefficients.items()}

    @property
    def predicted(self) -> Mapping[str, Formula]:
        """Formulas that are more than one value, or one for each level of a group."""
        return {name: formula for name, formula in self.formulas.items() if not formula.is_plain}

    @property
    def may_have_formulas(self) -> tuple[str, ...]:
        """Coefficients that may stand in ``coefficients``."""
        law = LAWS[self.law]
        moving = self.progress.acts_on == "effective_size" and self.progress.exponents == "none"
        rates = [RATE_OF[key] for key in self.constant_rates if moving]
        exponents = [term.exponent for term in law.terms if term.exponent != law.power]
        shares = ["share"] if len(law.terms) > 1 else []
        return ("level", *shares, "irreducible_share", *exponents, *rates, REDUCIBLE, "sigma")

    @property
    def has_irreducible(self) -> bool:
        """Whether there is an irreducible loss ``E``."""
        return self.irreducible_loss != "none" or "irreducible_share" in self.coefficients

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table that coefficients vary by or depend on."""
        named = [column for formula in self.formulas.values() for column in formula.columns]
        return tuple(dict.fromkeys((*self.groups, *named)))

    @property
    def groups(self) -> tuple[str, ...]:
        """Columns of the table of which each row has a level."""
        found = [group for group in self.varies_by.values() if group != "era"]
        found += ["benchmark"] if self.irreducible_loss == "benchmark" else []
        found += ["architecture"] if self.transformer_factor != "none" else []
        for formula in self.formulas.values():
            found += [formula.base] if formula.base else []
            found += [each.group for each in formula.pooled]
        return tuple(dict.fromkeys(found))

    @cached_property
    def _sampled(self) -> Mapping[str, tuple[Parameter, str | None]]:
        """Each parameter with the dimension over which it has one value each, or None."""
        found: dict[str, tuple[Parameter, str | None]] = {}
        for name in _parameter_names(self):
            if name in self.walks:
                own = PARAMETERS[name]
                found[f"{name}_base"] = (replace(own, name=f"{name}_base", meaning=f"{own.meaning} in 2018"), None)
                found[f"{name}_walk_sd"] = (replace(PARAMETERS["walk_sd"], name=f"{name}_walk_sd"), None)
                steps = replace(PARAMETERS["walk_standardised"], name=f"{name}_walk_standardised")
                found[steps.name] = (steps, "step")
            elif name in self.predicted:
                found |= {each.name: (each, dimension) for each, dimension in self.predicted[name].parameters()}
            elif name.startswith("tau_"):
                meaning = f"standard deviation of {name.removeprefix('tau_')} effects"
                found[name] = (replace(PARAMETERS["tau"], name=name, meaning=meaning), None)
            else:
                found[name] = (PARAMETERS[name], self._group_of(name))
        return found

    def _group_of(self, coefficient: str) -> str | None:
        if coefficient in self.formulas:
            return self.formulas[coefficient].base or None
        if coefficient in ("irreducible_share", "E"):
            own = self.formulas.get("irreducible_share")
            return (own.base or None) if own else "benchmark" if self.irreducible_loss == "benchmark" else None
        return self.varies_by.get({"level": "A", "share": "A"}.get(coefficient, coefficient))

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
        return self._group_of({"A": "level", "B": "level"}.get(coefficient, coefficient))

    @property
    def rates_by_era(self) -> tuple[str, ...]:
        """Which of ``g_N``, ``g_D``, ``g_C`` differ before and after the cut."""
        return tuple(rate for rate in RATE_OF.values() if self.varies_by.get(rate) == "era")

    @property
    def response(self) -> str:
        """Name of what is observed: ``"loss"`` (nats per token), or ``"critical_batch"`` (tokens)."""
        return LAWS[self.law].response

    @property
    def progresses(self) -> bool:
        """Whether anything in the law changes with the date."""
        p = self.progress
        return self.constant_rates != () or p.exponents == "drift"

    @property
    def constant_rates(self) -> tuple[str, ...]:
        """Which of parameters, data, compute grow at a rate of their own, constant or a walk."""
        return tuple(key for key in RATE_OF if getattr(self.progress, key) != "none")

    @property
    def walks(self) -> tuple[str, ...]:
        """Which of ``g_N``, ``g_D``, ``g_C`` take a random step each year."""
        return tuple(rate for key, rate in RATE_OF.items() if getattr(self.progress, key) == "walk")

    @property
    def pivots(self) -> tuple[str, ...]:
        """Which of parameters, tokens and year are part of the law as the point where groups or dates agree."""
        exponents = [term.exponent for term in LAWS[self.law].terms]
        level = self.index_of("A")
        apart = any(self.index_of(exponent) not in (None, level) for exponent in exponents)
        moving = [RATE_OF[key] for key in self.constant_rates] if self.progress.acts_on == "effective_size" else []
        if self.progress.exponents == "drift":
            return ("parameters", "tokens")
        sizes = ("parameters", "tokens") if apart else ()
        grouped = any(self.index_of(rate) not in (None, level, "era") for rate in moving)
        jumps = self.progress.at_cut == "jump" and self.rates_by_era
        dated = moving and (apart or grouped or jumps)
        return (*sizes, "year") if dated else sizes

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
        return self.priors.get(self.prior_name(parameter), self._sampled[parameter][0].prior)

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
        bases = {formula.base_name: name for name, formula in self.formulas.items()}
        return (bases | {f"{rate}_base": rate for rate in self.walks}).get(parameter, parameter)

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
        _require_delta(delta)
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
        document = _told({key: getattr(self, key) for key in _TEXT_KEYS})
        document["varies_by"] = dict(self.varies_by)
        if self.coefficients:
            document["coefficients"] = dict(self.coefficients)
        if self.benchmarks:
            document["benchmarks"] = {
                name: {key: float(getattr(each, key)) for key in _given(each)} for name, each in self.benchmarks.items()
            }
        for section, kind in _SECTIONS.items():
            document[section] = _told({f.name: getattr(getattr(self, section), f.name) for f in fields(kind)})
        if len(self.noise.clusters) > 1:
            document["noise"]["cluster"] = list(self.noise.clusters)
        if self.progress.cut_year is not None:
            document["progress"]["cut_year"] = float(self.progress.cut_year)
        for name, sizes in (("pivot", self.pivot), ("centre", self.centre)):
            if sizes is not None:
                document[name] = {key: float(getattr(sizes, key)) for key in _given(sizes)}
        document["priors"] = {
            name: {"distribution": prior.distribution} | dict(prior.arguments) for name, prior in self.priors.items()
        }
        if self.delta is not None:
            document["delta"] = float(self.delta)
        return document

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
        valid = (*_TEXT_KEYS, "varies_by", "coefficients", "benchmarks", *_SECTIONS, *_SIZES, "priors", "delta")
        _refuse_unknown("the specification", document, valid)
        settings: dict[str, Any] = {}
        for key in _TEXT_KEYS:
            if key in document:
                if not isinstance(document[key], str):
                    choices = f"; choose one of: {', '.join(TEXT_CHOICES[key])}" if key in TEXT_CHOICES else ""
                    raise SpecificationError(f"{key} must be text in quotes, not {shown(document[key])}{choices}")
                settings[key] = document[key]
        for section in ("varies_by", "coefficients"):
            settings[section] = dict(_table(section, document.get(section, {})))
        for section, kind in _SECTIONS.items():
            content = _table(section, document.get(section, {}))
            _refuse_unknown(f"[{section}]", content, tuple(f.name for f in fields(kind)))
            settings[section] = kind(**content)
        for section, kind in _SIZES.items():
            if section in document:
                settings[section] = _read_sizes(section, kind, _table(section, document[section]))
        settings["benchmarks"] = {
            name: _read_sizes(f"benchmarks.{name}", BenchmarkFigures, _table(f"benchmarks.{name}", content))
            for name, content in _table("benchmarks", document.get("benchmarks", {})).items()
        }
        settings["priors"] = {
            key: _read_prior(key, value) for key, value in _table("priors", document.get("priors", {})).items()
        }
        if "delta" in document:
            settings["delta"] = document["delta"]
        return cls(name=name, **settings)


def _told(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in _LEFT_OUT or value != _LEFT_OUT[key]}


# ---------------------------------------------------------------------- reading


def _refuse_unknown(where: str, content: Mapping[str, Any], valid: tuple[str, ...]) -> None:
    unknown = [key for key in content if key not in valid]
    if unknown:
        raise SpecificationError(
            f"{where} has unknown key{'s' if len(unknown) > 1 else ''} {', '.join(map(repr, unknown))}; "
            f"valid keys: {', '.join(valid)}"
        )


def _table(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SpecificationError(f"{where} must be a table ([{where}] with key = value lines), not {shown(value)}")
    return value


def _given(sizes: Pivot | Centre | BenchmarkFigures) -> tuple[str, ...]:
    """Which keys of a table of sizes are set."""
    return tuple(f.name for f in fields(sizes) if getattr(sizes, f.name) is not None)


def _read_sizes(section: str, kind: type[Any], content: Mapping[str, Any]) -> Any:
    _refuse_unknown(f"[{section}]", content, tuple(f.name for f in fields(kind)))
    for key, value in content.items():
        _require_positive(f"[{section}] {key}", value)
    return kind(**{key: float(value) for key, value in content.items()})


def _require_positive(where: str, value: Any) -> None:
    if not is_number(value) or value <= 0:
        raise SpecificationError(f"{where} must be a number above 0, not {shown(value)}")


def _read_prior(key: str, value: object) -> Prior:
    content = dict(_table(f"priors.{key}", value))
    distribution = content.pop("distribution", None)
    if not isinstance(distribution, str):
        choices = choices_for(PARAMETERS[key].support if key in PARAMETERS else "real")
        raise SpecificationError(f'[priors.{key}] needs distribution = "..."; valid choices: {choices}')
    try:
        return Prior.of(distribution, **content)
    except SpecificationError as error:
        raise SpecificationError(f"[priors.{key}] {error}") from None


# ---------------------------------------------------------------------- consistency


def _check_for_runs(s: Specification) -> None:
    """Refuse what only evaluations have, in a law for training runs."""
    law = LAWS[s.law]
    if not law.for_runs:
        return
    settings: tuple[tuple[str, object, object], ...] = (
        ("[varies_by]", s.varies_by, {}),
        ("[progress]", s.progress, Progress()),
        ("transformer_factor", s.transformer_factor, "none"),
        ("[data]", s.data, Data()),
        ("[pivot]", s.pivot, None),
        ("delta", s.delta, None),
    )
    for where, found, without in settings:
        if found != without:
            raise SpecificationError(
                f"{where} does not go with law '{s.law}', which is for training runs, without dates and groups; "
                f"remove {where}, or choose law 'chinchilla' or 'compute'"
            )
    valid = ("none", "shared") if law.response == "loss" else ("none",)
    if s.irreducible_loss not in valid:
        raise SpecificationError(
            f"irreducible_loss = '{s.irreducible_loss}' does not go with law '{s.law}'; choose one of: "
            f"{', '.join(valid)}"
        )


def _check_varies_by(s: Specification) -> None:
    for coefficient, group in s.varies_by.items():
        if coefficient not in LAWS[s.law].may_vary:
            extra = "; use irreducible_loss for E" if coefficient == "E" else ""
            raise SpecificationError(
                f"[varies_by] {coefficient} is no coefficient of law '{s.law}'; "
                f"valid coefficients: {', '.join(LAWS[s.law].may_vary)}{extra}"
            )
        choices = GROUPS_OF_RATES if coefficient in RATE_OF.values() else GROUPS
        if not isinstance(group, str) or not group.isidentifier() or (group == "era" and group not in choices):
            raise SpecificationError(
                f"[varies_by] {coefficient} = {shown(group)} is not valid; choose one of: {', '.join(choices)}, or "
                "another column of the table (letters, digits and _)"
            )
    levels = [term.coefficient for term in LAWS[s.law].terms]
    if "irreducible_share" in s.coefficients:
        if s.irreducible_loss != "none":
            raise SpecificationError(
                f"irreducible_loss = '{s.irreducible_loss}' and [coefficients] irreducible_share say one thing twice; "
                "remove one of them"
            )
        return
    if s.irreducible_loss == "benchmark" and "level" in s.coefficients:
        raise SpecificationError(
            "irreducible_loss = 'benchmark' does not go with [coefficients] level; remove it, and set [coefficients] "
            'irreducible_share = "0 + benchmark"'
        )
    if s.irreducible_loss == "benchmark" and any(s.varies_by.get(letter) != "benchmark" for letter in levels):
        raise SpecificationError(
            f"irreducible_loss = 'benchmark' needs {' and '.join(levels)} = 'benchmark' in [varies_by]: "
            "E is a share of each benchmark's own level"
        )
    if len(levels) > 1 and s.varies_by.get("A") != s.varies_by.get("B"):
        raise SpecificationError(
            "[varies_by] A and B must vary by the same group (or both be shared): "
            "their priors stand on their sum (level) and their share of it"
        )


def _check_coefficients(s: Specification) -> None:
    clusters = (s.noise.cluster,) if isinstance(s.noise.cluster, str) else s.noise.clusters
    named = isinstance(clusters, tuple) and all(isinstance(each, str) and each.isidentifier() for each in clusters)
    if not named or not clusters or len(set(clusters)) < len(clusters) or (len(clusters) > 1 and "none" in clusters):
        raise SpecificationError(
            f"[noise] cluster = {shown(s.noise.cluster)} is not valid; choose one of: none, paper, or another column "
            'of the table; or several of these, from the outermost, such as ["lab", "paper"]'
        )
    if len(clusters) > 1 and s.noise.family != "normal":
        raise SpecificationError(
            f"[noise] cluster = {shown(list(clusters))} needs family = 'normal', whose effects are integrated out; or "
            "choose one column"
        )
    law, valid = LAWS[s.law], s.may_have_formulas
    for name in s.coefficients:
        if name not in valid:
            raise SpecificationError(
                f"[coefficients] {name} is no coefficient of this specification that can have a formula; valid: "
                f"{', '.join(valid)}"
            )
        short = {"level": ("A", "B"), "share": ("A", "B")}.get(name, (name,))
        if any(each in s.varies_by for each in short):
            raise SpecificationError(
                f"[coefficients] {name} and [varies_by] {short[0]} say one thing twice; remove one of them"
            )
    _ = s.formulas  # which refuses what can't be read
    if clusters[0] not in ("none", "paper") and "paper" in s.groups:
        raise SpecificationError(
            f"[noise] cluster = '{clusters[0]}' is what paper means here, by which a coefficient varies too; set "
            "cluster = 'paper', or rename the column"
        )
    if not s.coefficients:
        return
    apart = len(law.terms) > 1 and ("share" in s.predicted or s.index_of("share") != s.index_of("level"))
    if s.irreducible_loss == "shared" and ("level" in s.predicted or (apart and s.index_of("level"))):
        raise SpecificationError(
            "irreducible_loss = 'shared' is one E, and [coefficients] level and share differ by more than one group; "
            'remove it, and set [coefficients] irreducible_share = "1"'
        )
    if s.delta is not None or s.pivot is not None:
        what = "delta" if s.delta is not None else "[pivot]"
        raise SpecificationError(
            f"[coefficients] do not go with {what}, which is stated for the paper's form: use [varies_by], or remove "
            f"{what}"
        )
    if s.predicted and (law.power or s.progress.acts_on != "effective_size"):
        raise SpecificationError(
            "[coefficients] with more than 1 or 0 + group need a law whose terms add up and progress that acts on "
            "effective_size; choose law 'chinchilla' or 'compute', acts_on = 'effective_size'"
        )


def _check_progress(s: Specification) -> None:
    p = s.progress
    allowed = ", ".join(LAWS[s.law].factors)
    for key in RATE_OF:
        if key not in LAWS[s.law].factors and getattr(p, key) != "none":
            raise SpecificationError(f"[progress] {key} does not go with law '{s.law}'; use: {allowed}")
    if p.acts_on != "effective_size" and s.law != "chinchilla":
        raise SpecificationError(
            f"[progress] acts_on = '{p.acts_on}' needs law 'chinchilla'; or set acts_on = 'effective_size'"
        )
    if p.acts_on != "effective_size" and set(s.constant_rates) != {"parameters", "data"}:
        raise SpecificationError(
            f"[progress] acts_on = '{p.acts_on}' needs parameters and data at 'constant_rate'; "
            "or set acts_on = 'effective_size'"
        )
    if p.exponents == "drift":
        if s.law != "chinchilla" or p.acts_on != "effective_size":
            raise SpecificationError(
                "[progress] exponents = 'drift' needs law 'chinchilla' and acts_on 'effective_size'"
            )
        if set(s.constant_rates) not in (set(), {"parameters", "data"}):
            raise SpecificationError(
                "[progress] with exponents = 'drift', parameters and data must be set alike: "
                "both 'none' or both 'constant_rate'"
            )
        rates = [rate for rate in RATE_OF.values() if rate in s.varies_by]
        if rates:
            raise SpecificationError(
                f"[varies_by] {rates[0]} does not go with [progress] exponents = 'drift', where rates are shared; "
                f"remove {', '.join(rates)} from [varies_by] or set exponents = 'none'"
            )
    for key, rate in RATE_OF.items():
        if rate in s.varies_by and (getattr(p, key) == "none" or p.acts_on != "effective_size"):
            raise SpecificationError(
                f"[varies_by] {rate} = '{s.varies_by[rate]}' contradicts [progress]: {rate} is "
                f"{'fixed at 0' if getattr(p, key) == 'none' else 'not free with acts_on = ' + repr(p.acts_on)}; "
                f"remove it or set [progress] {key} = 'constant_rate', acts_on = 'effective_size'"
            )
    varying = [exponent for exponent in ("alpha", "beta") if exponent in s.varies_by]
    if p.acts_on in ("reducible_loss", "nearly_reducible_loss") and varying:
        raise SpecificationError(
            f"[progress] acts_on = '{p.acts_on}' needs shared alpha and beta: "
            f"remove {', '.join(varying)} from [varies_by] or set acts_on = 'effective_size'"
        )
    if p.acts_on == "loss_term" and s.varies_by.get("alpha") != s.varies_by.get("beta"):
        raise SpecificationError(
            "[progress] acts_on = 'loss_term' needs alpha and beta to vary by the same group: "
            "set both alike in [varies_by] or set acts_on = 'effective_size'"
        )


def _check_walks(s: Specification) -> None:
    for rate in s.walks:
        if s.progress.acts_on != "effective_size" or s.progress.exponents == "drift" or s.delta is not None:
            raise SpecificationError(
                f"[progress] a walk of {rate} needs acts_on = 'effective_size', exponents = 'none' and no delta; "
                "set these, or 'constant_rate' in the place of 'walk'"
            )
        if rate in s.varies_by or rate in s.coefficients:
            raise SpecificationError(
                f"[progress] a walk of {rate} is shared by all rows: remove {rate} from [varies_by] and "
                "[coefficients], or set 'constant_rate' in the place of 'walk'"
            )
        if s.pivot is not None:
            raise SpecificationError(f"[progress] a walk of {rate} does not go with [pivot]; remove one of them")


def _check_eras(s: Specification) -> None:
    p = s.progress
    rates = [rate for rate in LAWS[s.law].may_vary if rate in RATE_OF.values()]
    if p.cut_year is not None and not is_number(p.cut_year):
        raise SpecificationError(
            f"[progress] cut_year must be a decimal year such as 2017.444, not {shown(p.cut_year)}"
        )
    if p.cut_year is None and s.rates_by_era:
        raise SpecificationError(
            f"[varies_by] {s.rates_by_era[0]} = 'era' needs the year between the eras: set [progress] cut_year, such "
            "as 2017.444"
        )
    if p.cut_year is not None and not s.rates_by_era:
        raise SpecificationError(
            "[progress] cut_year has no effect while no rate varies by era; set "
            f"{' or '.join(f'{rate} = {shown("era")}' for rate in rates)} in [varies_by], or remove cut_year"
        )
    if p.cut_year is None and p.at_cut != "bend":
        raise SpecificationError(
            f"[progress] at_cut = '{p.at_cut}' has no effect without a cut; set [progress] cut_year, or remove at_cut"
        )


def _check_factor(s: Specification) -> None:
    if s.transformer_factor != "none" and s.varies_by.get("A") == "architecture":
        raise SpecificationError(
            f"transformer_factor = '{s.transformer_factor}' says what A = 'architecture' in [varies_by] says already; "
            "set transformer_factor = 'none', or let A and B vary by benchmark or not at all"
        )


def _check_data(s: Specification) -> None:
    d = s.data
    if d.missing_epochs != "one" and d.tokens not in ("seen", "repeated"):
        raise SpecificationError(
            f"[data] missing_epochs = '{d.missing_epochs}' needs tokens = 'seen' or 'repeated'; with tokens = "
            f"'{d.tokens}' "
            + ("epochs are not used" if d.tokens == "unique" else "missing epochs count as one pass, as in the paper")
            + ": remove missing_epochs"
        )
    if d.tokens == "repeated" and s.law != "chinchilla":
        raise SpecificationError(
            "[data] tokens = 'repeated' needs law 'chinchilla': repetition makes data worth less, not compute; "
            "or set tokens = 'seen'"
        )


def _check_pivot(s: Specification) -> None:
    drifts = s.progress.exponents == "drift"
    given = set() if s.pivot is None else set(_given(s.pivot))
    for key in sorted(given):
        _require_positive(f"[pivot] {key}", getattr(s.pivot, key))
    if drifts and not {"parameters", "tokens"} <= given:
        lacking = ", ".join(sorted({"parameters", "tokens"} - given))
        raise SpecificationError(
            f"[progress] exponents = 'drift' needs a [pivot] with parameters and tokens (lacks {lacking}): "
            "the sizes at which a change of exponent leaves the loss unchanged"
        )
    if s.pivot is not None and not given:
        raise SpecificationError(f"[pivot] is empty; remove it (keys with an effect: {', '.join(s.pivots) or 'none'})")
    for key in sorted(given):
        if key not in s.pivots:
            raise SpecificationError(
                f"[pivot] {key} has no effect here; remove it (keys with an effect: {', '.join(s.pivots) or 'none'}): "
                "sizes count where exponents drift, or vary by a group that A does not; "
                "the year where a rate varies by a group that A does not, or jumps at a cut"
            )


def _check_centre(s: Specification) -> None:
    if s.centre is None:
        return
    sizes = ("parameters", "tokens") if s.law == "compute" else LAWS[s.law].sizes
    for key in _given(s.centre):
        _require_positive(f"[centre] {key}", getattr(s.centre, key))
        if key not in sizes:
            raise SpecificationError(
                f"[centre] {key} has no effect in law '{s.law}'; remove it (keys with an effect: {', '.join(sizes)})"
            )
    if not _given(s.centre):
        choices = f"{', '.join(sizes)} or both" if len(sizes) > 1 else sizes[0]
        raise SpecificationError(f"[centre] is empty; remove it, or set {choices}")
    if s.delta is not None:
        raise SpecificationError(
            "[centre] has no effect with delta, whose coefficients stand at the sample's minima; remove one of them"
        )


def _check_scale(s: Specification) -> None:
    if s.noise.scale == "loss":
        return
    for _, tau in s.noise.effects:
        if tau not in s.priors:
            raise SpecificationError(
                f"[noise] scale = '{s.noise.scale}' with a cluster needs a prior of {tau}, whose default is in nats "
                f"per token; add [priors.{tau}], such as distribution = 'half_normal', sigma = 0.1 (a tenth of the "
                "loss)"
            )
    if s.data.vocabulary != "ignored":
        raise SpecificationError(
            f"[noise] scale = '{s.noise.scale}' does not go with [data] vocabulary = '{s.data.vocabulary}', a term "
            "that can take the loss below 0, where it has no logarithm; set scale = 'loss' or vocabulary = 'ignored'"
        )
    if "sigma" not in s.priors:
        raise SpecificationError(
            f"[noise] scale = '{s.noise.scale}' needs a prior of sigma, whose default is in nats per token; add "
            "[priors.sigma], such as distribution = 'half_normal', sigma = 0.1 (a tenth of the loss)"
        )


def _check_priors(s: Specification) -> None:
    names = {s.prior_name(name): each.support for name, (each, _) in s._sampled.items()}
    for name, prior in s.priors.items():
        if name not in names or name.endswith("_standardised"):
            known = "is not used by this specification" if name in PARAMETERS else "is unknown"
            valid = ", ".join(each for each in names if not each.endswith("_standardised"))
            raise SpecificationError(f"[priors.{name}] {known}; parameters with a prior here: {valid}")
        if not isinstance(prior, Prior):
            raise SpecificationError(
                f'[priors.{name}] is {shown(prior)}; give a prior, such as bs.Prior("normal", mu=0, sigma=1)'
            )
        support = names[name]
        if not prior.fits(support):
            raise SpecificationError(
                f"[priors.{name}] {prior} reaches values that {name} can't take ({support}); "
                f"valid distributions: {choices_for(support)}"
            )


def _require_delta(delta: Any) -> None:
    if is_number(delta) and delta == 0:
        raise SpecificationError(
            f"delta must be a number above 0, not {shown(delta)}: with delta = 0 the prior is flat and the posterior "
            "improper; use bayes_scaling.classical for the unpenalised estimate"
        )
    if not is_number(delta) or delta < 0:
        raise SpecificationError(
            f"delta must be a number above 0, not {shown(delta)}; the paper's grid: 0.001, 0.0025, 0.005, 0.01, 0.02"
        )


def _check_delta(s: Specification) -> None:
    if s.delta is None:
        return
    _require_delta(s.delta)
    for name in s.priors:
        if name != "sigma":
            raise SpecificationError(
                f"[priors.{name}] contradicts delta, which sets the prior of every coefficient; remove one of them"
            )
    if s.progress.acts_on == "effective_size":
        for exponent, rate in (("alpha", "g_N"), ("beta", "g_D"), ("alpha", "g_C")):
            rated = rate in (RATE_OF[key] for key in s.constant_rates)
            if rated and s.index_of(exponent) not in (None, s.index_of(rate)):
                raise SpecificationError(
                    f"delta needs {rate} to vary by {s.index_of(exponent)} like {exponent}, or "
                    "[progress] acts_on = 'loss_term': the paper's year coefficient is their product"
                )
    if s.progress.acts_on == "nearly_reducible_loss":
        raise SpecificationError(
            "delta does not go with [progress] acts_on = 'nearly_reducible_loss', whose gap needs a prior of its own; "
            "set acts_on = 'effective_size' or 'reducible_loss', or remove delta"
        )
    if s.data.tokens == "repeated":
        raise SpecificationError(
            "delta does not go with [data] tokens = 'repeated': the paper's form has no coefficient for the worth of "
            "repetition; set tokens = 'unique', 'effective_epochs' or 'seen', or remove delta"
        )
    if s.noise != Noise():
        raise SpecificationError(
            "delta needs [noise] family = 'normal', cluster = 'none', scale = 'loss', as in the paper's objective"
        )


def _parameter_names(s: Specification) -> tuple[str, ...]:
    noise = ["sigma"]
    if s.noise.family == "student_t":
        noise.append("nu")
    noise += [tau for _, tau in reversed(s.noise.effects)]
    if s.delta is not None:
        return tuple(noise)
    names = ["level"]
    if s.has_irreducible:
        names.append("irreducible_share")
    exponents = [term.exponent for term in LAWS[s.law].terms]
    names += ["share", *exponents] if len(exponents) > 1 else exponents
    if s.progress.acts_on == "reducible_loss":
        names.append("g_C")
    elif s.progress.acts_on == "nearly_reducible_loss":
        names += ["g_C", "hicks_gap"]
    else:
        kind = "_central" if s.progress.acts_on == "loss_term" else ""
        kind = "_constant" if s.progress.exponents == "drift" else kind
        names += [RATE_OF[key] + kind for key in s.constant_rates]
    if s.progress.exponents == "drift":
        names += ["alpha_drift", "beta_drift"]
    if s.data.vocabulary == "log":
        names.append("gamma")
    if s.transformer_factor != "none":
        names.append("gamma_T")
    if s.data.tokens == "repeated":
        names.append("repetition_scale")
    if REDUCIBLE in s.coefficients:
        names.append(REDUCIBLE)
    return (*names, *noise)
