r"""Formulas for coefficients: which columns of a table a coefficient depends on, read by formulae (Bambi's parser).

.. math:: \mathrm{link}(c_i) = \mathrm{link}(c_\mathrm{base}) + x_i^\top b + \sum_j s_j z_{j, g_j(i)}

The base is the intercept, or one value for each level of a group; it keeps the coefficient's own prior, on its natural
scale. Further terms are added on the link. Nothing of a formula is run but the functions of :data:`FUNCTIONS`.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bayes_scaling.errors import SpecificationError
from bayes_scaling.specifications.parameters import PARAMETERS, Parameter
from bayes_scaling.specifications.priors import Prior
from bayes_scaling.specifications.values import is_number, shown

FUNCTIONS = ("log", "log2", "log10", "log1p", "sqrt", "exp", "bs", "cr", "poly", "center", "scale", "gp")
"""What a formula may call: NumPy's functions of these names, formulae's splines, polynomials and scalings, and ``gp``,
a smooth function of numbers (:mod:`bayes_scaling.model.gaussian_process`), which may call the others."""
_OF_ONE_NUMBER = FUNCTIONS[: FUNCTIONS.index("bs")]
LINKS: Mapping[str, str] = {"real": "identity", "positive": "log", "unit": "logit"}
"""From what a coefficient's values are constrained to, to the link on which terms are added."""
RESERVED = ("chain", "draw", "era", "evaluation", "sample", "step")
"""Names that no group may have, since a posterior has dimensions of these names."""
LOSS_FACTORS: Mapping[str, str] = {
    "reducible": "the factor on the reducible loss",
    "loss": "the factor on the whole loss",
}
"""Coefficients of factors, on their logarithms; they have no base, since the level says that."""
_STANDARD_PRIOR, _SPREAD_PRIOR = Prior("normal", mu=0, sigma=1), Prior("half_normal", sigma=0.5)
_SPREAD_REASON = "95% below one unit of the link: on the log scale, nearly all within a factor 7 of the middle"
_LONGEST, _LARGEST_NUMBER, _MOST_PRODUCTS = 200, 20, 3
_PARTS = {"Binary": ("left", "right"), "Unary": ("right",), "Grouping": ("expression",), "Assign": ("value",)}
"""Of an expression of formulae's, beside calls, names and numbers."""
_OPERATORS = ("+", "-", ":", "*", "|", "/")
_GROUP = re.compile(r"0 \+ ([^\W\d]\w*)")


@dataclass(frozen=True)
class Pooled:
    """Effects of the levels of a group, of one standard deviation: ``(1 | group)``; or of a column, ``(x | group)``."""

    group: str
    column: str = ""

    @property
    def name(self) -> str:
        """Stem of its names, after the coefficient's."""
        return f"{_slug(self.column)}_by_{_slug(self.group)}" if self.column else _slug(self.group)


@dataclass(frozen=True)
class Formula:
    """What a coefficient depends on: a ``base`` of one value, or one for each level of a group, and what adds to it.

    ``terms`` are as formulae writes them, and ``columns`` those of the table that any of it needs.
    """

    coefficient: str
    text: str
    base: str = ""
    terms: tuple[str, ...] = ()
    pooled: tuple[Pooled, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is ``1`` or ``0 + group``, which is sampled as it is."""
        return not self.terms and not self.pooled and self.coefficient not in LOSS_FACTORS

    @property
    def base_name(self) -> str:
        """Name of the base among the sampled parameters: the coefficient's own, unless further terms move it."""
        return f"{self.coefficient}_base" if self.terms else self.coefficient

    @property
    def fixed(self) -> str:
        """The part that formulae makes a matrix of."""
        return " + ".join((f"0 + {self.base}" if self.base else "1", *self.terms))

    def term_name(self, term: str) -> str:
        """Name of a further term's coefficients among the sampled parameters."""
        return f"{self.coefficient}_{_slug(term)}"

    def columns_of(self, *terms: str) -> tuple[str, ...]:
        """Columns that some terms need."""
        named = set(re.findall(r"\w+", " ".join(terms)))
        return tuple(name for name in self.columns if name in named)

    def departs(self, term: str) -> bool:
        """Whether a term is by how much losses smoothly depart from the law over sizes, which has no say in a split."""
        sizes = {"parameters", "tokens"}.intersection(self.columns_of(term))
        return is_smooth(term) and self.coefficient in LOSS_FACTORS and bool(sizes)

    @property
    def steady(self) -> tuple[str, ...]:
        """Columns that are needed by more than departures from the law."""
        effects = (f"{each.column} {each.group}" for each in self.pooled)
        return self.columns_of(self.base, *(term for term in self.terms if not self.departs(term)), *effects)

    def stem(self, each: Pooled) -> str:
        """Stem of the names of a group's effects among the sampled parameters."""
        return f"{self.coefficient}_{each.name}"

    @property
    def said(self) -> Iterator[str]:
        """What its terms and effects add, in equations."""
        for term in self.terms:
            stem = self.term_name(term)
            smooth = f"{stem}_sd gp[{', '.join(self.columns_of(term))}]"
            yield smooth if is_smooth(term) else f"{stem} X[{_slug(term)}]"
        for each in self.pooled:
            stem, times = self.stem(each), f" X[{each.column}]" if each.column else ""
            yield f"{stem}_sd {stem}_standardised[{each.group}]{times}"

    @property
    def link(self) -> str:
        """On which further terms are added: ``"identity"``, ``"log"`` or ``"logit"``."""
        return "log" if self.coefficient in LOSS_FACTORS else LINKS[PARAMETERS[self.coefficient].support]

    def parameters(self) -> Iterator[tuple[Parameter, str | None]]:
        """What is sampled, and the dimension of each: a group, the columns of a term, or none."""
        if self.coefficient not in LOSS_FACTORS:
            own = PARAMETERS[self.coefficient]
            where = ", at the first level of text and the mean of numbers in its formula" if self.terms else ""
            yield (
                Parameter(self.base_name, own.meaning + where, own.unit, own.support, own.prior, own.reason),
                self.base or None,
            )
        meaning = LOSS_FACTORS.get(self.coefficient, self.coefficient)
        scale = {"identity": "", "log": ", on the log scale", "logit": ", on the scale of log odds"}[self.link]
        reason = "95% within two units of the link either way: on the log scale, a factor of 7"
        for term in self.terms:
            name = self.term_name(term)
            if is_smooth(term):
                spread = f"standard deviation of the smooth change of {meaning} with {term}{scale}"
                yield Parameter(f"{name}_sd", spread, "", "positive", _SPREAD_PRIOR, _SPREAD_REASON), None
                standard = f"coefficients of the smooth change of {meaning}, in standard deviations"
                fixed = "standard normal, so that the standard deviation is that of the change"
                for part in (name, f"{name}_rest"):  # what rows know well, and what they hardly know
                    coefficients = Parameter(f"{part}_standardised", standard, "", "real", _STANDARD_PRIOR, fixed)
                    yield coefficients, f"{part}_level"
                continue
            what = f"change of {meaning} with {term}{scale}; of a number, for one standard deviation of it"
            yield Parameter(name, what, "", "real", _STANDARD_PRIOR, reason), f"{name}_level"
        for each in self.pooled:
            name = self.stem(each)
            of = f"the change of {meaning} with {each.column}" if each.column else meaning
            spread = f"standard deviation of {of} over {each.group}{scale}"
            yield Parameter(f"{name}_sd", spread, "", "positive", _SPREAD_PRIOR, _SPREAD_REASON), None
            standard = f"effects of {each.group} on {of}, in standard deviations"
            fixed = "standard normal, so that the standard deviation is that of the effects"
            yield Parameter(f"{name}_standardised", standard, "", "real", _STANDARD_PRIOR, fixed), each.group


def read_formula(coefficient: str, text: Any) -> Formula:
    """Read a formula, and refuse all that could run something else than :data:`FUNCTIONS`."""
    where = f"[coefficients] {coefficient} = {shown(text)}"
    if not isinstance(text, str):
        raise SpecificationError(f'{where} must be a formula in quotes, such as "1 + architecture" or "0 + benchmark"')
    if len(text) > _LONGEST or not text.strip() or not text.isprintable():
        raise SpecificationError(f"{where} must be a printable formula of 1 to {_LONGEST} characters")
    group = _GROUP.fullmatch(text.strip())
    if coefficient not in LOSS_FACTORS and (group or text.strip() == "1"):  # formulae takes a second to import
        base = group[1] if group else ""
        _check_group(base, where)
        return Formula(coefficient, text.strip(), base, columns=(base,) if base else ())
    from formulae import model_description
    from formulae.parser import ParseError, Parser
    from formulae.scanner import Scanner

    try:
        parser = Parser(Scanner(text).scan())
        tree = parser.parse()
        if not parser.at_end():  # formulae would take what stands before, and leave out the rest
            raise ParseError(f"not understood from {parser.peek().lexeme} on")
        _check(tree, where, [0])
        described = model_description(text.strip())
    except SpecificationError:
        raise
    except Exception as error:  # formulae raises all kinds
        raise SpecificationError(f"{where} is no formula ({first_line(error)}); such as: 1 + architecture") from None
    return _formula_of(described, coefficient, text.strip(), where)


def _check(node: Any, where: str, products: list[int], *, inside: str = "") -> None:
    """Refuse operators and functions that are not in the short lists, whatever they would do."""
    kind, called = type(node).__name__, ""
    if kind == "Binary":
        operator = node.operator.lexeme
        products[0] += operator in ("*", "/")
        if operator not in _OPERATORS or products[0] > _MOST_PRODUCTS:
            raise SpecificationError(
                f"{where}: operator {operator} is not taken here; use {' '.join(_OPERATORS)}, products at "
                f"most {_MOST_PRODUCTS} times"
            )
    elif kind == "Call":
        callee = getattr(node.callee, "name", None)
        called = getattr(callee, "lexeme", str(callee))
        nested = inside not in ("", "gp") or (inside == "gp" and called not in _OF_ONE_NUMBER)
        if called not in FUNCTIONS or nested:
            raise SpecificationError(
                f"{where}: {called}() can't be called{f' within {inside}()' if inside else ''}; "
                f"functions that can: {', '.join(FUNCTIONS)}"
            )
    elif kind == "Literal":
        if not is_number(node.value) or abs(node.value) > _LARGEST_NUMBER or not (inside or node.value in (0, 1)):
            valid = f"numbers up to {_LARGEST_NUMBER} in a call, and 0 or 1 outside, are"
            raise SpecificationError(f"{where}: {shown(node.value)} is not taken here; {valid}")
    elif kind == "Variable":
        name = getattr(node.name, "lexeme", str(node.name))
        if not name.isidentifier() or getattr(node, "level", None) is not None:
            raise SpecificationError(f"{where}: {name} is no name of a column (letters, digits and _)")
    elif kind not in _PARTS:
        raise SpecificationError(f"{where}: {kind} is not taken here; name columns with letters, digits and _")
    for part in getattr(node, "args", None) or [getattr(node, each) for each in _PARTS.get(kind, ())]:
        _check(part, where, products, inside=called if kind == "Call" else inside)


def _formula_of(described: Any, coefficient: str, text: str, where: str) -> Formula:
    if described.response is not None:
        raise SpecificationError(f"{where} must name no response: leave out what is left of ~")
    common = [str(term.name) for term in described.common_terms]
    intercept = "Intercept" in common
    terms = [name for name in common if name != "Intercept"]
    pooled = []
    for each in described.group_terms:
        column, group = each.expr.name, each.factor.name
        column = "" if column in ("Intercept", "1") else column
        if not group.isidentifier() or (column and not column.isidentifier()):
            wrong = group if column.isidentifier() or not column else column
            raise SpecificationError(
                f"{where}: effects are of one column, pooled over another: (1 | lab) or (year | lab), not {wrong}"
            )
        _check_group(group, where)
        pooled.append(Pooled(group, column))
    base = ""
    if coefficient not in LOSS_FACTORS and not intercept:
        if not terms or not terms[0].isidentifier():
            raise SpecificationError(
                f"{where} has no base: begin with 1 (one value), or with 0 + group (one value for each level)"
            )
        base = terms.pop(0)
        _check_group(base, where)
    parts = [*terms, *(f"({each.column or 1} | {each.group})" for each in pooled)]
    if coefficient in LOSS_FACTORS and (intercept or not parts):
        write = " + ".join(("0", *(parts or ["column"])))
        raise SpecificationError(f"{where} must begin with 0 +, since the level itself is its intercept: write {write}")
    columns = sorted(described.var_names - {""})
    found = Formula(coefficient, text, base, tuple(terms), tuple(pooled), tuple(columns))
    names = [parameter.name for parameter, _ in found.parameters()]
    if len(set(names)) < len(names) or any(name in PARAMETERS for name in names if name != found.coefficient):
        raise SpecificationError(f"{where} gives two parameters one name ({', '.join(names)}); rename a column")
    return found


def _check_group(group: str, where: str) -> None:
    if group in RESERVED:
        raise SpecificationError(
            f"{where}: no group can be called {group}, which means something else here; rename the column"
        )


def is_smooth(term: str) -> bool:
    """Whether a term is a Gaussian process."""
    return term.startswith("gp(")


def _slug(term: str) -> str:
    if is_smooth(term):
        return "gp"
    return re.sub(r"\W+", "_", term).strip("_")


def first_line(error: Exception) -> str:
    """What an error of a library says, in one line."""
    return textwrap.shorten((str(error).strip().splitlines() or [type(error).__name__])[0], 80, placeholder=" ...")
