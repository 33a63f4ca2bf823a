r"""A description's equations as LaTeX, so that a page sets what the terminal prints.

The grammar is that of :func:`bayes_scaling.specifications.describe.describe`: names, numbers, ``+ - / ^``, brackets, a
group in square brackets, a space for a product, and words.
"""

import re

from bayes_scaling.errors import BayesScalingError

_TOKEN = re.compile(
    r"\s*(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)|\s*(?P<name>[A-Za-z][A-Za-z0-9_]*)|\s*(?P<mark>[-+/^()\[\],:;=~])"
)
_GREEK = ("alpha", "beta", "gamma", "sigma", "tau", "nu")
_FUNCTIONS = {"exp": r"\exp", "ln": r"\ln"}
_RELATIONS = {"=": " = ", "~": r" \sim ", ",": r", \quad ", ":": r": \quad ", ";": r"; \quad "}
_ONE_LETTER_WORDS = {"x": r"\times"}

Token = tuple[str, str]


def is_equation(line: str) -> bool:
    """Whether a line of a description states a relation, and not a definition in words.

    Examples
    --------
    >>> is_equation("N_eff = N"), is_equation("era: before or after 2017.444")
    (True, False)
    """
    return "=" in line or "~" in line


def tex(line: str) -> str:
    r"""One line of a description's equations as LaTeX, without dollar signs.

    Returns str: LaTeX of the same names in the same order. Raises BayesScalingError if the line is not of the grammar;
    the message has the line and the place.

    Parameters
    ----------
    line
        Such as ``"L = A[benchmark] / N_eff^alpha + noise"``.

    Examples
    --------
    >>> print(tex("L = A[benchmark] / N_eff^alpha + noise"))
    L = \frac{A_{\text{benchmark}}}{N_{\text{eff}}^{\alpha}} + \text{noise}
    """
    parser = _Parser(line)
    text = parser.relations()
    if parser.peek() is not None:
        raise parser.refusal()
    return text


def symbol(name: str, group: str = "") -> str:
    r"""A coefficient's name as LaTeX.

    Parameters
    ----------
    name
        As in tables: ``"g_N"``, ``"alpha"``, ``"repetition_scale"``.
    group
        What it varies by, if anything.

    Examples
    --------
    >>> print(symbol("g_N", "benchmark"), symbol("Y0"), symbol("repetition_scale"))
    g_{N, \text{benchmark}} Y_{0} \text{repetition scale}
    """
    base, *parts = name.split("_")
    if len(base) == 2 and base[1].isdigit():
        base, parts = base[0], [base[1], *parts]
    if len(base) > 1 and base not in _GREEK:
        base, parts = rf"\text{{{name.replace('_', ' ')}}}", []
    below = [_subscript(part) for part in (*parts, *([group] if group else []))]
    letter = rf"\{base}" if base in _GREEK else base
    return f"{letter}_{{{', '.join(below)}}}" if below else letter


def _subscript(part: str) -> str:
    return part if len(part) == 1 else rf"\text{{{part}}}"


class _Parser:
    """Reads a line from left to right, one level of precedence a method."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.tokens = _tokens(line)
        self.at = 0

    def peek(self, ahead: int = 0) -> Token | None:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def mark(self) -> str:
        token = self.peek()
        return token[1] if token is not None and token[0] == "mark" else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if token is None or (wanted and token[1] != wanted):
            raise self.refusal()
        self.at += 1
        return token[1]

    def refusal(self) -> BayesScalingError:
        rest = " ".join(text for _, text in self.tokens[self.at :]) or "the end"
        return BayesScalingError(f"no equation: {self.line!r} is not understood at {rest!r}")

    def relations(self) -> str:
        text = self.sum()
        while self.mark() in _RELATIONS:
            text += _RELATIONS[self.take()] + self.sum()
        return text

    def sum(self, *, inline: bool = False) -> str:
        text = self.take() if self.mark() == "-" else ""
        text += self.product(inline=inline)
        while self.mark() in ("+", "-"):
            text += f" {self.take()} {self.product(inline=inline)}"
        return text

    def product(self, *, inline: bool) -> str:
        """Factors side by side; what follows a stroke is below it, and so is what follows a second one."""
        done: list[str] = []
        above, below = self.power(), ""
        while True:
            if self.mark() == "/":
                self.take()
                below += (" " if below else "") + self.power()
            elif self.peek() is not None and self.mark() in ("", "("):
                done.append(_fraction(above, below, inline=inline))
                above, below = self.power(), ""
            else:
                return " ".join([*done, _fraction(above, below, inline=inline)])

    def power(self) -> str:
        text = self.atom()
        if self.mark() != "^":
            return text
        self.take()
        if self.mark() == "(":
            self.take()
            exponent = self.sum(inline=True)
            self.take(")")
        else:
            exponent = self.atom()
        return f"{text}^{{{exponent}}}"

    def atom(self) -> str:
        token = self.peek()
        if token is None:
            raise self.refusal()
        kind, text = token
        if kind == "number":
            self.take()
            return _number(text)
        if text == "(":
            return self.bracketed()
        if kind != "name":
            raise self.refusal()
        return self.named()

    def bracketed(self) -> str:
        self.take("(")
        inside = [self.sum()]
        while self.mark() == ",":
            self.take()
            inside.append(self.sum())
        self.take(")")
        return rf"\left({', '.join(inside)}\right)"

    def named(self) -> str:
        name = self.take()
        if name in _FUNCTIONS:
            return _FUNCTIONS[name] + self.bracketed()
        if name in _ONE_LETTER_WORDS:
            return _ONE_LETTER_WORDS[name]
        if name == "sum" and self.peek() == ("name", "of"):
            self.take()
            return r"\sum"
        group = ""
        if self.mark() == "[":
            self.take()
            group = self.take()
            self.take("]")
        elif _is_word(name):
            words = [name]
            while (token := self.peek()) is not None and token[0] == "name" and _is_word(token[1]):
                words.append(self.take())
            if len(words) > 1 or name in _PROSE:
                return rf"\ \text{{{' '.join(words)}}}\ "
        return symbol(name, group)


_PROSE = ("for", "where", "about")
_OPEN, _CLOSE = r"\left(", r"\right)"


def _is_word(name: str) -> bool:
    return len(name) > 1 and name.isalpha() and name not in (*_GREEK, *_FUNCTIONS)


def _fraction(above: str, below: str, *, inline: bool) -> str:
    if not below:
        return above
    return f"{above} / {below}" if inline else rf"\frac{{{_bare(above)}}}{{{_bare(below)}}}"


def _bare(text: str) -> str:
    """Without brackets around the whole, which a fraction's bar replaces."""
    if not (text.startswith(_OPEN) and text.endswith(_CLOSE)):
        return text
    inside = text.removeprefix(_OPEN).removesuffix(_CLOSE)
    depth = 0
    for bracket in re.findall(r"\\left\(|\\right\)", inside):
        depth += 1 if bracket == _OPEN else -1
        if depth < 0:  # the first bracket closes before the end
            return text
    return inside


def _number(text: str) -> str:
    mantissa, exponential, exponent = text.partition("e")
    if not exponential:
        return text
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \times {power}"


def _tokens(line: str) -> list[Token]:
    found, place = [], 0
    text = line.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise BayesScalingError(f"no equation: {line!r} is not understood at {text[place:]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found
