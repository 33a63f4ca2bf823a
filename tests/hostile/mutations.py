"""Ways to spoil an input: bytes, cells of tables, settings of specifications, words of a command line."""

import random
import string
from collections.abc import Sequence
from typing import Any

HOSTILE_CELLS = (
    "", " ", "0", "-1", "1", "nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e400", "1e-400", "1e308", "5e-324",
    "1,000", "1,000,000", "7B", "125m", "1.5 T", "2e3k", "3  b", "2021-09", "2021",
    "1.000,5", "1_000", "0x10", "1e", ".", ".5", "5.", "+3", "--3", "1e9 ", "١٢٣", "１２", "²", "½", "1e+",
    "true", "TRUE", "yes", "2", "None", "null", "NA", "N/A", "#REF!", "-", "—",
    "2019-02-30", "2019-2-1", "1949-12-31", "1950-01-01", "2999-01-01", "0000-00-00", "2020-02-29", "2021-02-29",
    "01/02/2020", "2020-01-01T00:00:00", "２０２０-01-01", "9999-12-31", "10000-01-01",
    "wt103", "WT103", "wt2", "ptb", "wikitext", "transformer", "Transformer", "rnn", "word", "char",
    "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://x\")", "@SUM(1)", "+1+1", "<script>alert(1)</script>", "<b>",
    "[red]x[/]",
    "[/]", "[/nope]", "$(reboot)", "`id`", "; rm -rf x", "../../x", "..", "/dev/null", "C:\\x", "%s%n", "{0}",
    "{x.__class__}",
    "\u202eevil", "\u200b", "\ufeff", "\u00a0", "\u2028", "\x1b[31m", "\x07", "\x00", "\ud800", "é", "İ", "ß", "👾",
    "'", '"', '""', '"a', "a,b", "a\nb", "a\r\nb", "\r", "\t", "a;b", "\\", "\\n", "x" * 300, "9" * 400,
    "1" + "0" * 310,
)  # fmt: skip
"""What people and machines write where a number, a date, a name or a path belongs."""


def text_bytes(text: str) -> bytes:
    """UTF-8, with lone surrogates kept as the three bytes that no decoder takes."""
    return text.encode("utf-8", "surrogatepass")


def spoiled_bytes(content: bytes, rng: random.Random, most: int = 4) -> bytes:
    """The content after a few changes that know nothing of its meaning."""
    spoiled = bytearray(content)
    for _ in range(rng.randint(1, most)):
        place = rng.randrange(len(spoiled) + 1)
        length = rng.choice((1, 1, 2, 8, 64, 512))
        way = rng.randrange(9)
        if way == 0:
            spoiled[place : place + 1] = bytes([rng.randrange(256)])
        elif way == 1 and spoiled:
            spoiled[place % len(spoiled)] ^= 1 << rng.randrange(8)
        elif way == 2:
            del spoiled[place : place + length]
        elif way == 3:
            spoiled[place:place] = spoiled[place : place + length]
        elif way == 4:
            spoiled[place:place] = bytes(rng.randrange(256) for _ in range(min(length, 16)))
        elif way == 5:
            del spoiled[place:]
        elif way == 6:
            spoiled[place:place] = text_bytes(rng.choice(HOSTILE_CELLS))
        elif way == 7:
            spoiled[place : place + length] = bytes(len(spoiled[place : place + length]))
        else:
            other = rng.randrange(len(spoiled) + 1)
            spoiled[place:place] = spoiled[other : other + length]
    return bytes(spoiled)


def _quoted(cell: str, rng: random.Random) -> str:
    if any(mark in cell for mark in ',"\n\r') and rng.random() < 0.9:
        return '"' + cell.replace('"', '""') + '"'
    return f'"{cell}"' if rng.random() < 0.05 and '"' not in cell else cell


def spoiled_table(rows: Sequence[Sequence[str]], rng: random.Random) -> bytes:
    """A CSV file of rows (the header first) with a few cells, rows or columns changed."""
    table = [list(row) for row in rows]
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(table))
        row = table[place]
        way = rng.randrange(14)
        if way <= 5 and row:
            row[rng.randrange(len(row))] = rng.choice(HOSTILE_CELLS)
        elif way == 6 and row:
            column = rng.randrange(len(row))
            cell = list(row[column] or "x")
            cell[rng.randrange(len(cell))] = rng.choice(string.printable + "é\u202e\x00")
            row[column] = "".join(cell)
        elif way == 7:
            table.insert(rng.randrange(1, len(table) + 1), list(row))
        elif way == 8 and len(table) > 1:
            del table[place]
        elif way == 9 and row:
            del row[rng.randrange(len(row))]
        elif way == 10:
            row.insert(rng.randrange(len(row) + 1), rng.choice(HOSTILE_CELLS))
        elif way == 11:
            width = min(map(len, table))
            if width:
                one, other = rng.randrange(width), rng.randrange(width)
                for each in table:
                    each[one], each[other] = each[other], each[one]
        elif way == 12:
            width = min(map(len, table))
            if width:
                column = rng.randrange(width)
                for each in table:
                    del each[column]
        elif way == 13:
            name = rng.choice((*HOSTILE_CELLS, "comparable", "epochs", "log_perplexity", "zero_shot", "id", "steps"))
            cell = rng.choice((*HOSTILE_CELLS, "0", "1", "1e6"))
            for number, each in enumerate(table):
                each.append(name if number == 0 else cell)
    newline = rng.choice(("\n", "\n", "\n", "\r\n", "\r"))
    text = newline.join(",".join(_quoted(cell, rng) for cell in row) for row in table) + rng.choice(("", newline))
    content = text_bytes(text)
    encoding = rng.randrange(40)
    if encoding == 0:
        return text.encode("utf-16", "replace")
    if encoding == 1:
        return text.encode("latin-1", "replace")
    return b"\xef\xbb\xbf" + content if encoding == 2 else content


HOSTILE_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 10**400, -(10**30), 0.0, -0.0, 1e-400, 5e-324, 1e308, float("nan"), float("inf"),
    float("-inf"), "", "none", "constant_rate", "benchmark", "architecture", "era", "shared", "drift", "paper",
    "normal",
    "student_t", "lognormal", "beta", "log", "log_loss", "seen", "repeated", "jump", "loss_term", "reducible_loss",
    "nearly_reducible_loss", "sigmoid", "median", "kaplan", "compute", "chinchilla", "critical_batch", "../../x",
    "\x00",
    "<script>", "[/]", "x" * 400, [], [1], {}, {"x": 1}, [[]], {"distribution": "normal", "mu": 0, "sigma": 1},
    {"distribution": "beta", "alpha": 1, "beta": 1}, {"distribution": "normal", "mu": 0, "sigma": -1},
    {"distribution": "normal", "mu": float("nan"), "sigma": 1}, {"distribution": "lognormal", "mu": 900, "sigma": 1},
    {"distribution": "cls", "self": 1}, {"distribution": ["normal"]},
)  # fmt: skip
HOSTILE_KEYS = (
    "", "x", "name", "cls", "self", "law", "title", "E", "A", "B", "alpha", "beta", "g_N", "g_D", "g_C", "level",
    "share",
    "sigma", "nu", "tau", "irreducible_share", "theta", "__class__", "__init__", "delta", "pivot", "centre", "priors",
    "cut_year", "at_cut", "missing_epochs", "scale", "cluster", "parameters", "tokens", "year", "loss", "least_steps",
    "distribution", "mu", "\x00", "[/]", "../x",
)  # fmt: skip


HOSTILE_FORMULAS = (
    "1", "0", "1 + architecture", "0 + benchmark", "1 + (1 | lab)", "1 + (year | lab)", "1 + bs(year, df=4)",
    "1 + log(year) * architecture", "0 + lab + year", "1 + open('x')", "1 + __import__('os')", "1 + x.y", "y ~ x",
    "1 + {x}", "1 + `x`", "1 + x ** 2", "1 + x)", "1 + drift", "0 + era", "1 + (1 | chain)", "1 + I(x)", "lambda",
    "1 + exp(exp(x))", "1 + 1e9", "1 + 99999", "(" * 150, "-" * 150 + "1", "1 + x[0]", "1 + 'a'", "é", "1 + é",
)  # fmt: skip
FORMULA_MARKS = (
    *"+-:*/|()[]{}~=.,'\"`_^&%$#@!?;\\ 019xé²\x00\n", "**", "log(", "1 + ", "0 + ", "(1 | ", "open(", "lab", "**",
)  # fmt: skip


def spoiled_formula(formula: str, rng: random.Random) -> str:
    """A formula with a few marks put in or taken out, or another."""
    if rng.random() < 0.3:
        return rng.choice(HOSTILE_FORMULAS)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(formula) + 1)
        formula = formula[:at] + rng.choice(("", rng.choice(FORMULA_MARKS))) + formula[at + rng.randint(0, 2) :]
    return formula


def spoiled_document(document: Any, rng: random.Random, values: Sequence[Any] = HOSTILE_VALUES) -> Any:
    """Plain data with a few values or keys changed, at any depth."""
    document = _copied(document)
    for _ in range(rng.randint(1, 3)):
        places = list(_containers(document))
        if not places:
            return rng.choice(values)
        inside = rng.choice(places)
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        way = rng.randrange(5)
        if way <= 2 and keys:
            key = rng.choice(keys)
            is_formula = isinstance(document, dict) and inside is document.get("coefficients")
            if is_formula and isinstance(inside[key], str) and rng.random() < 0.7:
                inside[key] = spoiled_formula(inside[key], rng)
            else:
                inside[key] = _copied(rng.choice(values))
        elif way == 3 and keys:
            key = rng.choice(keys)
            value = inside.pop(key)
            if isinstance(inside, dict) and rng.random() < 0.5:
                inside[rng.choice(HOSTILE_KEYS)] = value
        elif isinstance(inside, dict):
            inside[rng.choice(HOSTILE_KEYS)] = _copied(rng.choice(values))
        else:
            inside.append(_copied(rng.choice(values)))
    return document


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list | tuple) else value


def _containers(value: Any):
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _containers(each)
    elif isinstance(value, list):
        yield value
        for each in value:
            yield from _containers(each)
