"""Throw spoiled inputs at whatever reads one, and count what should never happen.

``python tests/hostile/fuzz.py --inputs 10000 --seed 0`` prints inputs by kind and how each ended; exit code 1 if one
ended with a traceback, in a hang or by silent acceptance. An input is made of the seed, its kind and its number alone,
so that ``--kind KIND --only NUMBER`` repeats it. ``--kind tables`` is 10,000 tables, of every kind of those.

Inputs are judged in a process of its own: one that hangs or takes the process with it is counted, and the next process
goes on behind it.
"""

# ruff: noqa: T201
import argparse
import contextlib
import io
import json
import os
import random
import re
import selectors
import subprocess
import sys
import tempfile
import tomllib
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import fuzzed_tables
import made_tables
import mutations
import oracles
from oracles import Ended

TABLES = {"evaluations": 0.2, "runs": 0.2, "readings": 0.25, "units": 0.15, "selections": 0.12, "checks": 0.08}
"""Of all tables, by what is done to them."""
SHARES = {
    **{kind: 0.52 * share for kind, share in TABLES.items()},
    "specification data": 0.18,
    "specification files": 0.12,
    "fit files": 0.05,
    "fit headers": 0.05,
    "command lines": 0.08,
}
"""Of all inputs, by kind."""
FAILURES = ("traceback", "hang", "silent")
_START = 120.0  # seconds for a process to import everything
LIMITS = {"checks": _START}
"""Seconds after which an input counts as hanging, by kind; some checks are processes of their own."""
LIMIT = 10.0
"""The same of every other kind."""


Judge = Callable[[random.Random, Path], str]
"""Makes an input, has it read in a directory, and says ``accepted`` or ``refused``; or raises :class:`Ended`."""


def generator(seed: int, kind: str, number: int) -> random.Random:
    return random.Random(f"{seed} {kind} {number}")


def judged(kind: str, number: int, seed: int, directory: Path) -> tuple[str, str]:
    """How one input ended, and why."""
    from bayes_scaling.errors import BayesScalingError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return JUDGES[kind](generator(seed, kind, number), directory), ""
    except Ended as ended:
        return ended.how, str(ended)
    except BayesScalingError as error:
        message = str(error)
        return (
            ("refused", "") if message.strip() and len(message) < 20_000 else ("traceback", f"message {message!r:.80}")
        )
    except (Exception, SystemExit):
        return "traceback", traceback.format_exc(limit=-3)


# ---------------------------------------------------------------------- specifications


@cache
def _specifications() -> dict[str, str]:
    from bayes_scaling.specifications.catalogue import catalogue_directory, list_specifications

    return {
        name: (catalogue_directory() / f"{name}.toml").read_text(encoding="utf-8") for name in list_specifications()
    }


FORMULAS = """
law = "chinchilla"
[coefficients]
level = "0 + benchmark"
share = "1"
alpha = "1 + architecture + (1 | lab)"
beta = "1 + log(year) + (year | lab)"
g_N = "0 + lab + bs(year, df=4)"
sigma = "0 + benchmark"
reducible = "0 + test_time_adaptation"
[benchmarks.lm1b]
tokens = 8e8
[progress]
parameters = "constant_rate"
data = "walk"
[noise]
cluster = "lab"
[priors]
alpha_lab_sd = { distribution = "half_normal", sigma = 0.2 }
"""


def _specification_text(rng: random.Random) -> str:
    """One of the catalogue, or one with formulas."""
    return FORMULAS if rng.random() < 0.3 else _specifications()[rng.choice(list(_specifications()))]


def _check_specification(specification, document: object) -> str:
    from bayes_scaling.reports.describe import describe
    from bayes_scaling.reports.mathematics import is_equation, tex
    from bayes_scaling.specifications.specification import Specification
    from bayes_scaling.specifications.template import template

    try:
        oracles.check_document(document)
    except oracles.Broken as broken:
        raise Ended("silent", str(broken)) from None
    told = json.loads(json.dumps(specification.to_dict(), allow_nan=False))
    if Specification.from_dict(specification.name, told) != specification:
        raise Ended("silent", "does not survive being written and read")
    for line in filter(is_equation, describe(specification).equations):
        tex(line)
    if Specification.from_dict(specification.name, tomllib.loads(template(specification))) != specification:
        raise Ended("silent", "does not survive being written as a template and read")
    return "accepted"


def _judge_specification_data(rng: random.Random, directory: Path) -> str:
    from bayes_scaling.specifications.specification import Specification

    document = mutations.spoiled_document(tomllib.loads(_specification_text(rng)), rng)
    if not isinstance(document, dict):
        document = {"law": document}
    return _check_specification(Specification.from_dict("mine", document), document)


def _judge_specification_file(rng: random.Random, directory: Path) -> str:
    from bayes_scaling.specifications.catalogue import load_specification

    text = _specification_text(rng)
    if rng.random() < 0.5:
        content = mutations.spoiled_bytes(text.encode(), rng)
    else:
        lines = text.splitlines()
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(lines))
            key, equals, _ = lines[at].partition("=")
            value = rng.choice(mutations.HOSTILE_VALUES)
            written = json.dumps(value) if not isinstance(value, dict) else "{ x = 1 }"
            lines[at] = rng.choice(
                (f"{key}{equals} {written}", lines[at] * 2, "", f"{rng.choice(lines)}", "[[priors]]")
            )
        content = mutations.text_bytes("\n".join(lines))
    path = directory / "mine.toml"
    path.write_bytes(content)
    specification = load_specification(path)
    return _check_specification(specification, tomllib.loads(content.decode("utf-8-sig")))


# ---------------------------------------------------------------------- fit files


@cache
def _fit():
    from made_fit_files import small_fit

    return small_fit()


@cache
def _fit_bytes() -> bytes:
    return _fit().to_bytes()


def _same(one, other) -> bool:
    return one._header() == other._header() and all(
        one.data[name].to_dataset().identical(other.data[name].to_dataset()) for name in ("posterior", "observed_data")
    )


def _judge_fit_file(rng: random.Random, directory: Path) -> str:
    from bayes_scaling.inference.result import read_fit

    content = mutations.spoiled_bytes(_fit_bytes(), rng)
    if not _same(read_fit(content, "fit.nc"), _fit()):
        raise Ended("silent", "another fit than was written")
    return "accepted"


def _judge_fit_header(rng: random.Random, directory: Path) -> str:
    """The header of a file that is otherwise in order."""
    from dataclasses import replace
    from unittest.mock import patch

    from bayes_scaling.inference.result import Fit, read_fit
    from bayes_scaling.reports.fit_quantities import summary_json
    from bayes_scaling.reports.fit_words import sentence

    header = mutations.spoiled_document(json.loads(json.dumps(_fit()._header())), rng, JSON_VALUES)
    with patch.object(Fit, "_header", lambda self: header):
        content = _fit().to_bytes()
    fit = read_fit(content, "fit.nc")
    replace(fit)
    for value in (fit.seed, fit.settings.draws, fit.settings.chains, fit.evaluations.rows, fit.diagnostics.divergences):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise Ended("silent", f"{value!r} where a count belongs")
    summary_json(fit), sentence(fit)
    return "accepted"


JSON_VALUES = (None, True, 0, -1, 1.5, 10**30, "", "x", "../../x", "<script>", [], {}, [[1]], {"x": None}, "1", 2)


# ---------------------------------------------------------------------- command lines

_WORDS = (
    "fit", "compare", "replicate", "robustness", "allocate", "check", "models", "calibrate",
    "backtest", "report", "design", "--columns", "--template", "--format", "--specification", "names.toml",
    "--evaluations", "--runs", "--column", "--output", "--delta", "--draws", "--tune", "--chains", "--seed", "--quiet",
    "--unit", "--refits", "--workers", "--rate-scale", "--compute", "--fit", "--inference-tokens", "--year", "--case",
    "--tokens-per-parameter", "--parameters", "--benchmark", "--json", "--help", "--", "-", "--nosuch", "-x",
    "--no-quiet", "--quantity", "--budget", "--count", "--candidates", "alpha", "loss@1e9,2e10", "loss@", "g_C",
    "ho2024", "ho2024/07", "ho2024/99", "reference", "chinchilla", "kaplan/joint", "collected", "mine.csv", "mine.toml",
    "fit.nc", "sub", "sub/fit.nc", "nosuch.csv", "runs.csv", "evaluation", "paper", "bad", "all", "none", "wt103",
    "a=b",
    "parameters=Model Size", "=", "a=", "=b", "0", "-1", "1", "2", "100", "1e24", "1e400", "nan", "inf", "-inf",
    "1e-400",
    "2023", "99999999999999999999", "0.01", "", " ", "x" * 300, "\udcff", "../x", "sub/../x", "é", "\u202e", "[/]",
    "[/].csv",
    "\x1b[31m", "<script>", "=cmd|' /C calc'!A0", "$(id)", "%s", "{0}", ".", "..", "sub/x", "mine.csv/x",
    "out.json", "out.csv",
)  # fmt: skip
_GOOD = (
    ("fit", "ho2024/07", "--evaluations", "mine.csv", "--output", "out"),
    ("fit", "chinchilla", "--runs", "runs.csv", "--draws", "200"),
    ("fit", "mine.toml", "--seed", "3", "--chains", "2"),
    ("check", "mine.csv", "--column", "parameters=parameters"),
    ("check", "mine.csv", "--columns", "names.toml"),
    ("fit", "--evaluations", "mine.csv", "--columns", "names.toml", "--column", "tokens=tokens"),
    ("models", "ho2024/13", "--template"),
    ("backtest", "--evaluations", "mine.csv", "--from", "2018", "--to", "2019"),
    ("report", "sub", "--format", "json"),
    ("models", "ho2024/13"),
    ("models",),
    ("allocate", "--compute", "1e24", "--compute", "1e25", "--json"),
    ("allocate", "--compute", "1e24", "--fit", "fit.nc", "--output", "out.csv"),
    ("design", "--fit", "fit.nc", "--quantity", "g_C", "--candidates", "mine.csv", "--budget", "2", "--json"),
    ("compare", "ho2024/07", "reference", "--unit", "paper", "--delta", "0.01", "--workers", "1"),
    ("robustness", "--evaluations", "ho2024", "--output", "out"),
    ("replicate", "--seed", "1", "--quiet"),
)


def _command_line(rng: random.Random) -> list[str]:
    words = list(rng.choice(_GOOD))
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(words) + 1)
        way = rng.randrange(5)
        if way <= 1:
            words[at : at + 1] = [rng.choice(_WORDS)]
        elif way == 2:
            words.insert(at, rng.choice(_WORDS))
        elif way == 3:
            del words[at : at + 1]
        elif words:
            at %= len(words)
            letters = list(words[at] or "x")
            letters[rng.randrange(len(letters))] = rng.choice("abc019=-_[]é,;' \u202e\x1b\udcff")
            words[at] = "".join(letters)
    return words


def _judge_command_line(rng: random.Random, directory: Path) -> str:
    """In this process, as far as the directory of the results is made: what comes then takes minutes."""
    from unittest.mock import patch

    from bayes_scaling import cli
    from bayes_scaling.reports import run_directory

    place = Path(tempfile.mkdtemp(dir=directory)) / "a" / "b" / "c"
    (place / "sub").mkdir(parents=True)
    header, *body = made_tables.packaged_rows()
    (place / "mine.csv").write_bytes(made_tables.delimited(header, body[:8]))
    rows = "".join(f"{10**7 * 3**i},{10**9 * 2**i},{4 - 0.2 * i}\n" for i in range(9))
    (place / "runs.csv").write_text(f"parameters,tokens,loss\n{rows}", encoding="utf-8")
    (place / "mine.toml").write_text(_specifications()["ho2024/07"], encoding="utf-8")
    (place / "names.toml").write_text('[columns]\nparameters = "parameters"\n', encoding="utf-8")
    (place / "fit.nc").write_bytes(_fit_bytes())
    (place / "sub" / "fit.nc").write_bytes(_fit_bytes()[:-100])
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    words = _command_line(rng)
    prepare = run_directory.prepare

    def prepared(path: Path) -> None:
        prepare(path)
        raise SystemExit(0)

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=how) for how in ("strict", "backslashreplace"))
    here = Path.cwd()
    code: object = None
    try:
        os.chdir(place)
        with (
            patch.object(run_directory, "prepare", prepared),
            patch.object(sys, "argv", ["bayes-scaling", *words]),
            patch.object(sys, "stdout", out),
            patch.object(sys, "stderr", err),
        ):
            try:
                cli.main()
            except SystemExit as ended:
                code = ended.code or 0
    finally:
        os.chdir(here)
    for stream in (out, err):
        stream.flush()
    said, told = (stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err))
    lost = [path.name for path, content in before.items() if not path.is_file() or path.read_bytes() != content]
    if lost:
        raise Ended("silent", f"{words}: {lost} changed")
    if code not in (0, 1, 2):
        raise Ended("traceback", f"{words}: exit code {code!r}")
    if "Traceback" in told or re.search(r"\b[A-Z]\w*Error: ", told):
        raise Ended("traceback", f"{words}: {told[-500:]}")
    if code == 2 and not told.strip():
        raise Ended("traceback", f"{words}: refused without a word")
    if len(told) > 20_000 or "\x1b" in told + said:
        raise Ended("traceback", f"{words}: {len(told)} characters, control characters {chr(27) in told + said}")
    return "refused" if code == 2 else "accepted"


JUDGES: dict[str, Judge] = {
    **fuzzed_tables.JUDGES,
    "specification data": _judge_specification_data,
    "specification files": _judge_specification_file,
    "fit files": _judge_fit_file,
    "fit headers": _judge_fit_header,
    "command lines": _judge_command_line,
}


# ---------------------------------------------------------------------- many inputs


def plan(inputs: int, shares: Mapping[str, float] = SHARES) -> dict[str, int]:
    """Inputs of each kind."""
    counts = {kind: round(inputs * share) for kind, share in shares.items()}
    counts[next(iter(counts))] += inputs - sum(counts.values())
    return counts


def _work(kind: str, start: int, stop: int, seed: int) -> None:
    """In a process of its own: a line of JSON for each input."""
    with tempfile.TemporaryDirectory() as directory:
        os.environ["HOME"] = directory
        line = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        judged(kind, 0, seed, Path(directory))  # imports whatever is slow to import
        for number in range(start, stop):
            print(json.dumps(["begin", number, ""]), file=line, flush=True)
            how, why = judged(kind, number, seed, Path(directory))
            print(json.dumps([how, number, why]), file=line, flush=True)


def _lines(process: subprocess.Popen, most: float) -> Iterator[list]:
    """What a process says, until it ends or hangs; a hang is a line as well."""
    waiting, buffer, limit, number = selectors.DefaultSelector(), b"", _START, -1
    waiting.register(process.stdout, selectors.EVENT_READ)
    while True:
        if not waiting.select(limit):
            yield ["hang", number, f"more than {limit:g} s"]
            return
        read = os.read(process.stdout.fileno(), 65536)
        if not read:
            if process.wait() != 0:
                yield ["traceback", number, f"the process ended with {process.returncode}"]
            return
        *lines, buffer = (buffer + read).split(b"\n")
        for each in lines:
            said = json.loads(each)
            number, limit = said[1], most if said[0] == "begin" else _START
            if said[0] != "begin":
                yield said


def outcomes(kind: str, count: int, seed: int, start: int = 0) -> Iterator[tuple[int, str, str]]:
    """Number, how it ended and why, of each input of a kind."""
    stop = start + count
    while start < stop:
        arguments = [sys.executable, __file__, "--work", kind, str(start), str(stop), "--seed", str(seed)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            for how, number, why in _lines(process, LIMITS.get(kind, LIMIT)):
                if number < 0:
                    raise RuntimeError(f"{kind}: the process did not start: {why}")
                yield number, how, why
                start = number + 1
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Throw spoiled inputs at whatever reads one.")
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="Kinds judged at a time, in a process each.")
    parser.add_argument("--kind", choices=("tables", *sorted(JUDGES)), help="One kind, or all that are tables.")
    parser.add_argument("--only", type=int, help="The number of one input of a kind, judged in this process.")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        kind, start, stop = asked.work
        _work(kind, int(start), int(stop), asked.seed)
        return 0
    if asked.only is not None:
        with tempfile.TemporaryDirectory() as directory:
            print(*judged(asked.kind, asked.only, asked.seed, Path(directory)), sep="\n")
            for path in sorted(Path(directory).glob("mine.*")):
                print(path.read_bytes()[:2000])
        return 0
    shares = {"tables": TABLES, None: SHARES}.get(asked.kind, {asked.kind: 1.0})
    counts = plan(asked.inputs, shares)

    def ended(kind: str) -> Counter[str]:
        ways: Counter[str] = Counter()
        for number, how, why in outcomes(kind, counts[kind], asked.seed):
            ways[how] += 1
            if how in (*FAILURES, "strict"):
                print(f"{kind} {number}: {how}: {why}", flush=True)
        print(f"{kind}: {ways.total()} inputs, {dict(ways)}", flush=True)
        return ways

    with ThreadPoolExecutor(asked.workers) as pool:  # each waits for a process
        total = sum(pool.map(ended, counts), Counter())
    print(f"all: {sum(total.values())} inputs; " + ", ".join(f"{how} {total[how]}" for how in (*FAILURES, "strict")))
    return int(any(total[how] for how in FAILURES))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
