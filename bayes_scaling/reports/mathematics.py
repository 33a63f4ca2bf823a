r"""Equations of :func:`bayes_scaling.reports.describe.describe` as LaTeX, so that a page sets what the terminal prints.

Their grammar: names, numbers, ``+ - / ^``, brackets, a group in square brackets, a space for a product, and words.
"""

import ast
import re

from bayes_scaling.errors import BayesScalingError

_GREEK = ("alpha", "beta", "gamma", "sigma", "tau", "nu")
_FUNCTIONS = {"exp(": r"\exp", "ln(": r"\ln", "logit(": r"\text{logit}"}
_SIGNS = {"sum of": r"\sum", "x": r"\times"}
_RELATIONS = {"=": " = ", "~": r" \sim ", ":": r": \quad ", ";": r"; \quad "}
_PROSE = ("for", "where", "about")
_WORD = rf"(?!(?:{'|'.join((*_GREEK, *(each[:-1] for each in _FUNCTIONS)))})\b)[^\W\d_]{{2,}}\b(?!\[)"
_ATOM = re.compile(
    rf"(?P<sign>\bsum of\b|\bx\b)|\b(?P<function>exp|ln|logit)\((?!\))|(?P<words>{_WORD}(?: +{_WORD})*)|"
    r"(?P<name>[^\W\d]\w*)(?:\[(?P<group>[^][]+)\])?|(?P<number>\d+(?:\.\d+)?)(?:e(?P<power>[+-]?\d+))?"
)
_REST = re.compile(r"[\w\s+\-/^(),=~:;]*")
"""What a line may hold beside what has a place of its own."""


def is_equation(line: str) -> bool:
    """Whether a line of a description states a relation, and not a definition in words."""
    return "=" in line or "~" in line


def tex(line: str) -> str:
    r"""One line of a description's equations as LaTeX, without dollar signs: the same names in the same order.

    Raises BayesScalingError, which has the line, if it is not of the grammar.

    >>> print(tex("L = A[benchmark] / N_eff^alpha + noise"))
    L = \frac{A_{\text{benchmark}}}{N_{\text{eff}}^{\alpha}} + \text{noise}
    """
    # What is left once each name and number has a place is arithmetic as Python reads it.
    atoms: list[str] = []
    text = _ATOM.sub(lambda found: _placed(found, atoms), line)
    if not _REST.fullmatch(text):
        raise BayesScalingError(f"no equation: {line!r} has marks that are not understood")
    text = re.sub(r"(?<=\w)\s+(?=[\w(])|(?<=\))\s*(?=[\w(])", "*", text.strip())
    text = re.sub(r"(?<!\w)\(", "b(", text).replace("^", "**")
    first, *others = re.split(f"([{''.join(_RELATIONS)}])", text)
    try:
        return "".join(_RELATIONS[each] if each in _RELATIONS else _side(each, atoms) for each in (first, *others))
    except SyntaxError:
        raise BayesScalingError(f"no equation: {line!r} is not understood") from None


def _placed(found: re.Match[str], atoms: list[str]) -> str:
    """The place of a name, a number, words or a function, whose LaTeX is kept."""
    if found["function"]:
        atoms.append(_FUNCTIONS[found[0]])
        return f" a{len(atoms) - 1}("
    if found["words"] and (" " in found["words"] or found["words"] in _PROSE):
        atoms.append(rf"\ \text{{{' '.join(found['words'].split())}}}\ ")
    elif found["number"]:
        power = "" if found["power"] is None else f"10^{{{int(found['power'])}}}"
        number = "" if power and found["number"] == "1" else found["number"]
        atoms.append(r" \times ".join(filter(None, (number, power))))
    else:
        atoms.append(_SIGNS.get(found["sign"] or "") or symbol(found["words"] or found["name"], found["group"] or ""))
    return f" a{len(atoms) - 1} "


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


def _side(text: str, atoms: list[str]) -> str:
    """One side of a relation, or several with commas."""

    def whole(node: ast.expr, *, inline: bool = False) -> str:
        match node:
            case ast.Name(name) if name != "b":
                return atoms[int(name[1:])]
            case ast.UnaryOp(ast.USub(), operand):
                return f"-{whole(operand, inline=inline)}"
            case ast.BinOp(left, ast.Pow(), right):
                return f"{whole(left)}^{{{whole(bare(right), inline=True)}}}"
            case ast.BinOp(ast.UnaryOp(ast.USub(), above), ast.Div() | ast.Mult() as sign, right):
                return f"-{whole(ast.BinOp(above, sign, right), inline=inline)}"
            case ast.BinOp(ast.BinOp(above, ast.Div(), below), ast.Div(), further) if not inline:
                return rf"\frac{{{whole(bare(above))}}}{{{whole(below)} {whole(further)}}}"
            case ast.BinOp(above, ast.Div(), below) if not inline:
                return rf"\frac{{{whole(bare(above))}}}{{{whole(bare(below))}}}"
            case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as sign, right):
                mark = {ast.Add: " + ", ast.Sub: " - ", ast.Mult: " ", ast.Div: " / "}[type(sign)]
                return mark.join((whole(left, inline=inline), whole(right, inline=inline)))
            case ast.Call(ast.Name(name), [_, *_] as inside):
                brackets = rf"\left({', '.join(map(whole, inside))}\right)"
                return brackets if name == "b" else atoms[int(name[1:])] + brackets
        raise SyntaxError

    def bare(node: ast.expr) -> ast.expr:
        """What is in brackets, which a fraction's bar or a power replaces."""
        return node.args[0] if isinstance(node, ast.Call) and ast.unparse(node.func) == "b" else node

    found = ast.parse(text.strip(), mode="eval").body
    return r", \quad ".join(map(whole, found.elts if isinstance(found, ast.Tuple) else [found]))
