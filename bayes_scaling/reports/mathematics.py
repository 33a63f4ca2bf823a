r"""Equations of :func:`bayes_scaling.reports.describe.describe` as LaTeX, so that a page sets what the terminal prints.

Their grammar: names, numbers, ``+ - / ^``, brackets, a group in square brackets, a space for a product, and words.
"""

import re
from collections.abc import Callable

from bayes_scaling.errors import BayesScalingError

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?(?:e[+-]?\d+)?|[^\W\d]\w*|[-+/^()\[\],:;=~])|(\S.*))")
"""A number, a name or a mark; or all that follows, where it is none of these."""
_GREEK = ("alpha", "beta", "gamma", "sigma", "tau", "nu")
_FUNCTIONS = {"exp": r"\exp", "ln": r"\ln", "logit": r"\text{logit}"}
_RELATIONS = {"=": " = ", "~": r" \sim ", ",": r", \quad ", ":": r": \quad ", ";": r"; \quad "}
_PROSE = ("for", "where", "about")
_OPEN, _CLOSE = r"\left(", r"\right)"


def is_equation(line: str) -> bool:
    """Whether a line of a description states a relation, and not a definition in words."""
    return "=" in line or "~" in line


def tex(line: str) -> str:
    r"""One line of a description's equations as LaTeX, without dollar signs: the same names in the same order.

    Raises BayesScalingError if the line is not of the grammar; the message has the line and the place.

    >>> print(tex("L = A[benchmark] / N_eff^alpha + noise"))
    L = \frac{A_{\text{benchmark}}}{N_{\text{eff}}^{\alpha}} + \text{noise}
    """
    parser = _Parser(line)
    text = parser.relations()
    if parser.next:
        raise parser.refusal()
    return text


def symbol(name: str, group: str = "") -> str:
    """A coefficient's name, as in tables, as LaTeX; with what it varies by, if anything, several with commas."""
    base, *parts = name.split("_")
    if len(base) == 2 and base[1].isdigit():
        base, parts = base[0], [base[1], *parts]
    if len(base) > 1 and base not in _GREEK:
        base, parts = rf"\text{{{name.replace('_', ' ')}}}", []
    below = (*parts, *(group.split(", ") if group else []))
    words = ", ".join(part if len(part) == 1 else rf"\text{{{part.replace('_', ' ')}}}" for part in below)
    letter = rf"\{base}" if base in _GREEK else base
    return f"{letter}_{{{words}}}" if below else letter


class _Parser:
    """Reads a line from left to right, one level of precedence a method."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.tokens: list[str] = []
        for token, other in _TOKEN.findall(line):
            self.tokens.append(token or other)
            if other:
                self.tokens = self.tokens[-1:]
                raise self.refusal()

    @property
    def next(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, wanted: str = "") -> str:
        if not self.tokens or wanted not in ("", self.next):
            raise self.refusal()
        return self.tokens.pop(0)

    def taken(self, mark: str) -> bool:
        """Whether a mark is next, which is then taken."""
        return self.next == mark and bool(self.take())

    def refusal(self) -> BayesScalingError:
        rest = " ".join(self.tokens) or "the end"
        return BayesScalingError(f"no equation: {self.line!r} is not understood at {rest!r}")

    def relations(self) -> str:
        text = self.sum()
        while self.next in _RELATIONS:
            text += _RELATIONS[self.take()] + self.sum()
        return text

    def sum(self, *, inline: bool = False) -> str:
        text = "-" if self.taken("-") else ""
        text += self.product(inline=inline)
        while self.next in ("+", "-"):
            text += f" {self.take()} {self.product(inline=inline)}"
        return text

    def product(self, *, inline: bool) -> str:
        """Factors side by side; what follows a stroke is below it, and so is what follows a second one."""
        done: list[str] = []
        while not done or self.next == "(" or self.next[:1].isalnum():
            above, below = self.power(), []
            while self.taken("/"):
                below.append(self.power())
            done.append(_fraction(above, below, inline=inline))
        return " ".join(done)

    def power(self) -> str:
        text = self.atom()
        if not self.taken("^"):
            return text
        if not self.taken("("):
            return f"{text}^{{{self.atom()}}}"
        exponent = self.sum(inline=True)
        self.take(")")
        return f"{text}^{{{exponent}}}"

    def listed(self, read: Callable[[], str]) -> str:
        inside = [read()]
        while self.taken(","):
            inside.append(read())
        return ", ".join(inside)

    def bracketed(self) -> str:
        self.take("(")
        inside = self.listed(self.sum)
        self.take(")")
        return rf"\left({inside}\right)"

    def atom(self) -> str:
        if self.next == "(":
            return self.bracketed()
        if not self.next[:1].isalnum():
            raise self.refusal()
        name = self.take()
        if name[0].isdigit():
            return _number(name)
        if name in _FUNCTIONS:
            return _FUNCTIONS[name] + self.bracketed()
        if name == "x":
            return r"\times"
        if name == "sum" and self.taken("of"):
            return r"\sum"
        group = ""
        if self.taken("["):
            group = self.listed(self.take)
            self.take("]")
        elif _is_word(name):
            words = [name]
            while _is_word(self.next):
                words.append(self.take())
            if len(words) > 1 or name in _PROSE:
                return rf"\ \text{{{' '.join(words)}}}\ "
        return symbol(name, group)


def _is_word(name: str) -> bool:
    return len(name) > 1 and name.isalpha() and name not in (*_GREEK, *_FUNCTIONS)


def _fraction(above: str, below: list[str], *, inline: bool) -> str:
    if not below:
        return above
    if inline:
        return f"{above} / {' '.join(below)}"
    under = _bare(below[0]) if len(below) == 1 else " ".join(below)
    return rf"\frac{{{_bare(above)}}}{{{under}}}"


def _bare(factor: str) -> str:
    """One factor without brackets around it, which a fraction's bar replaces."""
    whole = factor.startswith(_OPEN) and factor.endswith(_CLOSE)
    return factor[len(_OPEN) : -len(_CLOSE)] if whole else factor


def _number(text: str) -> str:
    mantissa, exponential, exponent = text.partition("e")
    if not exponential:
        return text
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \times {power}"
