"""What is done to sound tables so that they mean something else, and the codes of findings that must say so."""

import math
import random
from collections.abc import Callable, Mapping

from made_tables import Cells

Change = Callable[[Cells, random.Random], None]


def _times(name: str, factor: float) -> Change:
    def change(cells: Cells, rng: random.Random) -> None:
        for row in cells:
            if row.get(name) is not None:
                row[name] *= factor

    return change


def _made(name: str, of: Callable[[float], float], share: float = 1.0) -> Change:
    def change(cells: Cells, rng: random.Random) -> None:
        for row in cells:
            if row.get(name) is not None and rng.random() < share:
                row[name] = of(row[name])

    return change


def _a_score(name: str) -> Change:
    def change(cells: Cells, rng: random.Random) -> None:
        for row in cells:
            row[name] = (4 * math.log10(row["parameters"]) + rng.gauss(0, 1)) / (10 if name == "loss" else 1)

    return change


def _two_scales(cells: Cells, rng: random.Random) -> None:
    cells += [row | {"loss": min(math.exp(row["loss"]), 49.0)} for row in cells]


def _several_sets(cells: Cells, rng: random.Random) -> None:
    cells[:] = [row | {"set": name, "loss": row["loss"] * by} for row in cells for name, by in (("a", 1), ("b", 1.5))]


def _repeated(cells: Cells, rng: random.Random) -> None:
    epochs = rng.choice((4.0, 9000.0))
    by_tokens = "tokens" in cells[0] and rng.random() < 0.5
    cells[:] = [row | ({"unique_tokens": row["tokens"] / epochs} if by_tokens else {"epochs": epochs}) for row in cells]


def _stands_twice(cells: Cells, rng: random.Random) -> None:
    cells.append(dict(rng.choice(cells)))


def _per_byte(cells: Cells, rng: random.Random) -> None:
    for at, row in enumerate(cells):
        row["tokenization"] = "byte" if at % 3 == 0 else "word"


_SIZES = ("parameters", "tokens")
UNITS: Mapping[str, dict[str, tuple[Change, tuple[str, ...]]]] = {
    "runs": {
        **{f"{name} in units of {by:g}": (_times(name, 1 / by), (f"{name}-not-counts", "tokens-apart"))
           for name in _SIZES for by in (1e6, 1e9, 1e12)},
        **{f"{name} times {by:g}": (_times(name, by), ("not-counts", "tokens-apart", "flop-apart"))
           for name in _SIZES for by in (1e6, 1e9)},
        **{f"flop in units of {by:g}": (_times("flop", 1 / by), ("flop-not-counts", "flop-apart", "tokens-apart"))
           for by in (1e9, 1e12, 1e15, 1e18, 1e21, 8.64e19)},
        **{f"{name} as log10": (_made(name, math.log10), (f"{name}-not-counts",)) for name in (*_SIZES, "flop")},
        **{f"{name} as natural logarithms": (_made(name, math.log), (f"{name}-not-counts",))
           for name in (*_SIZES, "flop")},
        **{f"half of {name} in billions": (_made(name, lambda size: size / 1e9, 0.5), (f"{name}-not-counts",))
           for name in _SIZES},
        "perplexity as loss": (_made("loss", math.exp), ("loss-above-chance",)),
        "some perplexities as loss": (_made("loss", math.exp, 0.3), ("loss-above-chance", "two-loss-scales")),
        "nats per byte": (_made("loss", lambda loss: loss / 4.2), ("loss-low",)),
        "bits per byte": (_made("loss", lambda loss: loss / 4.2 / math.log(2)), ("loss-low",)),
        "log10 of perplexity": (_made("loss", lambda loss: loss / math.log(10)), ("loss-low",)),
        "a score as loss": (_a_score("loss"), ("loss-rises",)),
        "two scales": (_two_scales, ("two-loss-scales", "loss-above-chance")),
        "several sets": (_several_sets, ("several-losses",)),
        "repetition": (_repeated, ("repetition",)),
        "duplicates": (_stands_twice, ("duplicates",)),
    },
    "evaluations": {
        **{f"{name} in units of {by:g}": (_times(name, 1 / by), (f"{name}-not-counts", "tokens-apart"))
           for name in _SIZES for by in (1e6, 1e9)},
        # Tokens of a small corpus times 1e6 are as many as some are trained on.
        **{f"{name} times {by:g}": (_times(name, by), ("tokens-apart",))
           for name, by in (("parameters", 1e6), ("parameters", 1e9), ("tokens", 1e9))},
        "training compute in units of 1e18": (_times("training_compute", 1e-18), ("training-compute-not-counts",)),
        **{f"{name} as log10": (_made(name, math.log10), (f"{name}-not-counts",)) for name in _SIZES},
        "log perplexity as perplexity": (_made("perplexity", math.log), ("log-perplexity",)),
        "bits as perplexity": (_made("perplexity", math.log2), ("log-perplexity",)),
        "some log perplexities as perplexity": (_made("perplexity", math.log, 0.5), ("log-perplexity",)),
        "perplexity as its logarithm": (_made("perplexity", math.exp), ("loss-above-chance",)),
        "a score as perplexity": (_a_score("perplexity"), ("loss-rises", "log-perplexity")),
        "per byte and per word": (_per_byte, ("mixed-tokenization",)),
        "duplicates": (_stands_twice, ("duplicates",)),
    },
}  # fmt: skip
"""By the kind of table: what is done to a sound one, and (parts of) codes of which one must then be found."""
HARMLESS = {"one-budget", "checkpoints"}
"""What may be said of a sound table that is small."""
