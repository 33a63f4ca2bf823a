"""What may be accepted, said a second time and in another way than the package says it."""

import codecs
import csv
import io
import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

Row = dict[str, str]

BENCHMARKS = {"wikitext103": "wt103", "wikitext2": "wt2", "penntreebank": "ptb"}
"""Other names of those in the table whose rows are mutated, as far as mutations reach."""
ARCHITECTURES = {"transformer", "recurrent", "convolutional", "feedforward", "state-space", "ngram", "other"}
TOKENIZATIONS = {"word", "subword", "byte"}
FLAGS = {"zero_shot", "test_time_adaptation", "extra_data", "ensemble", "comparable"}
NEEDED = {"system", "paper", "published", "benchmark", "parameters", "tokens", "architecture"}
RUN_NUMBERS = ("parameters", "tokens", "flop", "loss", "steps", "least_steps", "critical_batch")


class Ended(Exception):
    """How an input ended, other than by being refused."""

    def __init__(self, how: str, why: str) -> None:
        super().__init__(why)
        self.how = how


class Broken(Exception):
    """A rule is broken; the message says which."""


def _require(condition: bool, rule: str) -> None:
    if not condition:
        raise Broken(rule)


def rows_of(content: bytes, columns: Mapping[str, str]) -> list[Row]:
    """Rows of a file under canonical names, blank ones left out."""
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    _require(marked or b"\0" not in content, "NUL bytes")
    try:
        text = content.decode("utf-16" if marked else "utf-8")
    except UnicodeDecodeError:
        raise Broken("not UTF-8") from None
    _require(not any(unicodedata.category(letter) == "Cc" and letter not in "\t\n\r" for letter in text), "control")
    try:
        records = list(
            csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), skipinitialspace=True, strict=True)
        )
    except csv.Error as error:
        raise Broken(str(error)) from None
    records = [[cell.strip() for cell in record] for record in records]
    _require(len(records) > 0, "empty")
    header, body = records[0], [record for record in records[1:] if any(record)]
    if header and not header[0] and all(record[0].isdigit() for record in body):
        header, body = header[1:], [record[1:] for record in body]
    _require(all(header) and len(set(header)) == len(header) > 1, "names of columns")
    _require(bool(body), "no rows")
    _require(all(len(record) == len(header) for record in body), "ragged")
    back = {theirs: ours for ours, theirs in columns.items()}
    _require(set(back) <= set(header), "mapping")
    kept = [(at, back.get(name, name)) for at, name in enumerate(header) if name in back or name not in columns]
    return [{name: record[at] for at, name in kept} for record in body]


def number(cell: str, rule: str) -> float:
    """A finite number, written plainly."""
    _require(cell.isascii() and "_" not in cell and not any(letter.isspace() for letter in cell), rule)
    try:
        exact = Decimal(cell)
    except InvalidOperation:
        raise Broken(rule) from None
    _require(exact.is_finite(), rule)
    value = float(cell)
    _require(math.isfinite(value), rule)
    return value


def positive(cell: str, rule: str) -> float:
    value = number(cell, rule)
    _require(value > 0, rule)
    return value


POWERS = {"k": 3, "thousand": 3, "m": 6, "million": 6, "b": 9, "billion": 9, "t": 12, "trillion": 12}
POWERS |= {"mn": 6, "mio": 6, "bn": 9, "mrd": 9, "tn": 12}
WORDS = {"transformer": "transformer", "rnn": "recurrent"}
"""Common words of architectures, as far as mutations reach."""


def count(row: Row, name: str, least: float = 0.0) -> None:
    """A number above a bound that may be written 7B, ~1.5 T or 1,000,000; the row then has it plainly."""
    cell = row[name]
    if cell[:1] == "~":
        cell = cell[1:].lstrip()
    for mark in ",_' ":
        head, *groups = cell.split(mark)
        last, point, decimals = groups[-1].partition(".") if groups else ("", "", "")
        whole = [*groups[:-1], last]
        grouped = (
            groups and re.fullmatch(r"[+-]?[1-9][0-9]{0,2}", head) and all(re.fullmatch("[0-9]{3}", x) for x in whole)
        )
        if grouped and (not point or re.fullmatch("[0-9]+", decimals)):
            cell = cell.replace(mark, "")
    worded = cell.removesuffix(".")
    number_part = worded.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = worded[len(number_part) :].lower()
    if unit in POWERS and not number_part.endswith("  "):
        plain = number_part.removesuffix(" ")
        if plain and set(plain) <= set("+-.0123456789"):
            cell = f"{plain}e{POWERS[unit]}"
    _require(number(cell, name) > least or (least > 0 and number(cell, name) == least), name)
    row[name] = cell


def check_evaluations(content: bytes, columns: Mapping[str, str], today: date) -> list[Row]:
    """The rows, if no rule is broken; otherwise :class:`Broken`."""
    rows = rows_of(content, columns)
    names = set(rows[0])
    _require(names >= NEEDED, "a required column is missing")
    _require(len(names & {"perplexity", "log_perplexity"}) == 1, "perplexity or log_perplexity")
    seen_ids = set()
    for row in rows:
        for name in ("id", "system", "paper"):
            _require(name not in row or row[name] != "", f"{name} is empty")
        _require(row["benchmark"] != "", "benchmark is empty")
        plain = re.sub(r"[\W_]", "", row["benchmark"]).casefold()
        row["benchmark"] = BENCHMARKS.get(plain, plain if plain in BENCHMARKS.values() else row["benchmark"])
        _require(architecture_meant(row["architecture"]) in ARCHITECTURES, "architecture")
        _require(row.get("tokenization", "").lower() in TOKENIZATIONS | {""}, "tokenization")
        for name in FLAGS & names:
            _require(row[name].lower() in {"0", "1", "false", "true"}, name)
        check_date(row["published"], today)
        if "perplexity" in row:
            _require(number(row["perplexity"], "perplexity") > 1, "perplexity")
        else:
            _require(1 < math.exp(min(number(row["log_perplexity"], "log_perplexity"), 701)) < math.exp(700), "log")
        set_aside = row.get("comparable", "1").lower() in {"0", "false"}
        for name in ("parameters", "tokens"):
            if not (row[name] == "" and set_aside):
                count(row, name)
        for name in ("epochs", "training_compute"):
            if row.get(name, ""):
                count(row, name)
        if row.get("vocabulary", ""):
            count(row, "vocabulary", 2.0)
        if "id" in row:
            _require(row["id"] not in seen_ids, "an id stands twice")
            seen_ids.add(row["id"])
    return rows


def architecture_meant(cell: str) -> str:
    """The kind that a common word in a cell stands for, by how it begins."""
    cell = cell.lower()
    kinds = {kind for word, kind in WORDS.items() if re.search(rf"\b{word}", cell)}
    return kinds.pop() if cell not in ARCHITECTURES and len(kinds) == 1 else cell


def check_date(cell: str, today: date) -> None:
    """A day, or a year or month that has begun."""
    part = re.fullmatch(r"([0-9]{4})(?:[-/]([0-9]{2}))?", cell, re.ASCII)
    try:
        day = date(int(part[1]), int(part[2] or 1), 1) if part else date.fromisoformat(cell)
    except ValueError:
        raise Broken("published") from None
    _require(bool(part) or cell == day.isoformat(), "published")
    _require(date(1950, 1, 1) <= day <= today, "published")


def day_meant(cell: str, today: date) -> date:
    """The day that a sound cell says; of a year or month its middle, if that has come."""
    if len(cell) > 7:
        return date.fromisoformat(cell)
    middle = date(int(cell[:4]), 7, 2) if len(cell) == 4 else date(int(cell[:4]), int(cell[5:]), 16)
    return min(middle, today)


def check_runs(content: bytes, columns: Mapping[str, str]) -> list[Row]:
    """The rows, if no rule is broken; otherwise :class:`Broken`."""
    rows = rows_of(content, columns)
    names = set(rows[0])
    _require({"parameters", "loss"} <= names and bool({"tokens", "flop"} & names), "a required column is missing")
    seen_ids = set()
    for row in rows:
        count(row, "parameters")
        size = float(row["parameters"])
        _require(positive(row["loss"], "loss") < 50, "loss")
        given = [name for name in ("tokens", "flop") if row.get(name, "")]
        _require(bool(given), "neither tokens nor flop")
        for name in given:
            count(row, name)
            value = float(row[name])
            other = value * 6 * size if name == "tokens" else value / (6 * size) if 6 * size < math.inf else 0
            _require(len(given) == 2 or 0 < other < math.inf, "no size by C = 6 N D")
        for name in ("steps", "least_steps", "critical_batch"):
            if row.get(name, ""):
                count(row, name)
        if row.get("published", ""):
            check_date(row["published"], date.today())
        if "id" in row:
            _require(row["id"] != "" and row["id"] not in seen_ids, "id")
            seen_ids.add(row["id"])
    return rows


TOP = {"title", "reference", "law", "irreducible_loss", "transformer_factor", "varies_by", "coefficients", "benchmarks",
       "progress", "noise", "data", "tuned", "pivot", "centre", "priors", "delta"}  # fmt: skip
CHOICES = {
    ("law",): {"chinchilla", "compute", "parameters", "tokens", "steps", "kaplan", "critical_batch"},
    ("irreducible_loss",): {"none", "shared", "benchmark"},
    ("transformer_factor",): {"none", "sigmoid"},
    ("progress", "parameters"): {"none", "constant_rate", "walk"},
    ("progress", "data"): {"none", "constant_rate", "walk"},
    ("progress", "compute"): {"none", "constant_rate", "walk"},
    ("progress", "acts_on"): {"effective_size", "loss_term", "reducible_loss", "nearly_reducible_loss"},
    ("progress", "exponents"): {"none", "drift"},
    ("progress", "at_cut"): {"bend", "jump"},
    ("progress", "cut_year"): None,
    ("noise", "family"): {"normal", "student_t", "multivariate_t", "one_sided"},
    ("noise", "cluster"): None,
    ("noise", "scale"): {"loss", "log_loss"},
    ("data", "tokens"): {"unique", "effective_epochs", "seen", "repeated"},
    ("data", "vocabulary"): {"ignored", "log"},
    ("data", "overfitting"): {"none", "penalty"},
    ("data", "excess_parameters"): {"kept", "decay"},
    ("data", "missing_epochs"): {"one", "median"},
}
FORMULA = re.compile(r"[\w +\-:*/|(),.=]{1,200}")
CALLED = re.compile(r"([\w.]+) *\(")
CALLS = {"log", "log2", "log10", "log1p", "sqrt", "exp", "bs", "cr", "poly", "center", "scale", "gp"}
SCALES = {"sigma", "b", "nu", "alpha", "beta"}
FAMILIES = {
    "normal": {"mu", "sigma"}, "laplace": {"mu", "b"}, "student_t": {"nu", "mu", "sigma"}, "half_normal": {"sigma"},
    "lognormal": {"mu", "sigma"}, "gamma": {"alpha", "beta"}, "beta": {"alpha", "beta"},
}  # fmt: skip


def check_document(document: object) -> None:
    """What the plain data of a specification must at least be; otherwise :class:`Broken`."""
    _require(isinstance(document, dict), "no table")
    _require(set(document) <= TOP, "unknown key")
    for key, choices in CHOICES.items():
        value = document
        for part in key:
            value = value.get(part) if isinstance(value, dict) else value
        if value is not None and len(key) == 1:
            _require(isinstance(value, str) and value in choices, key[0])
        if value is not None and len(key) == 2 and choices:
            _require(isinstance(value, str) and value in choices, ".".join(key))
    for section in ("progress", "noise", "data"):
        inside = document.get(section, {})
        _require(isinstance(inside, dict), section)
        _require(all((section, key) in CHOICES for key in inside), f"unknown key in {section}")
    _require(isinstance(document.get("varies_by", {}), dict), "varies_by")
    for group in document.get("varies_by", {}).values():
        _require(isinstance(group, str) and group.isidentifier(), "group")
    clusters = document.get("noise", {}).get("cluster", "none")
    for cluster in clusters if isinstance(clusters, list) else [clusters]:
        _require(str(cluster).isidentifier(), "cluster")
    _require(isinstance(document.get("coefficients", {}), dict), "coefficients")
    for formula in document.get("coefficients", {}).values():
        _require(isinstance(formula, str) and FORMULA.fullmatch(formula), "formula")
        _require(set(CALLED.findall(formula)) <= CALLS, "call")
        _require(formula.count("(") == formula.count(")") and "**" not in formula, "formula")
    _require(isinstance(document.get("benchmarks", {}), dict), "benchmarks")
    for figures in document.get("benchmarks", {}).values():
        _require(isinstance(figures, dict) and set(figures) <= {"tokens"}, "benchmarks")
        _require(all(_is_finite(value) and value > 0 for value in figures.values()), "benchmarks")
    for section, keys in (
        ("pivot", {"parameters", "tokens", "year"}),
        ("centre", {"parameters", "tokens", "least_steps", "loss"}),
    ):
        inside = document.get(section, {})
        _require(isinstance(inside, dict) and set(inside) <= keys, section)
        for value in inside.values():
            _require(_is_finite(value) and value > 0, section)
    cut = document.get("progress", {}).get("cut_year")
    _require(cut is None or _is_finite(cut), "cut_year")
    if document.get("delta") is not None:
        _require(_is_finite(document["delta"]) and document["delta"] > 0, "delta")
    _require(isinstance(document.get("priors", {}), dict), "priors")
    for prior in document.get("priors", {}).values():
        _require(isinstance(prior, dict) and prior.get("distribution") in tuple(FAMILIES), "distribution")
        arguments = {key: value for key, value in prior.items() if key != "distribution"}
        _require(set(arguments) == FAMILIES[prior["distribution"]], "arguments")
        for name, value in arguments.items():
            _require(_is_finite(value) and (name not in SCALES or value > 0), f"prior's {name}")


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
