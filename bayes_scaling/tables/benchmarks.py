"""What language models are evaluated on: a benchmark is a label, and of some more is known than the label."""

from collections.abc import Iterable
from dataclasses import dataclass

from bayes_scaling.tables.columns import bare_name


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: words in its training set and its vocabulary (None if open), other names, and the source."""

    name: str
    title: str
    tokens: int
    vocabulary: int | None
    aliases: tuple[str, ...] = ()
    source: str = ""


_ZAREMBA = "Marcus et al. 1993, prepared by Mikolov et al. 2010; Zaremba et al. 2014 (arXiv 1409.2329), sec. 4.1"
_MERITY = "Merity et al. 2016 (arXiv 1609.07843), table 1"
BENCHMARKS = (
    Benchmark("wt103", "WikiText-103", 103_227_021, 267_735, ("wiki103",), _MERITY),
    Benchmark("wt2", "WikiText-2", 2_088_628, 33_278, ("wiki2",), _MERITY),
    Benchmark("ptb", "Penn Treebank", 929_000, 10_000, ("penn",), _ZAREMBA),
)
"""The benchmarks of the packaged tables, in the order in which they are shown; priors rest on these three."""

KNOWN = (
    *BENCHMARKS,
    Benchmark(
        *("lm1b", "One Billion Word", 768_648_884, 793_471),
        ("1bw", "1b word", "billion word", "google billion word", "gbw", "one billion word benchmark"),
        # 829,250,940 with the two marks of each of 30,301,028 sentences, as its authors count.
        "Chelba et al. 2013 (arXiv 1312.3005), words without marks of sentences",
    ),
    Benchmark("pg19", "PG-19", 1_973_136_207, None, source="Rae et al. 2020 (arXiv 1911.05507), table 2"),
)
"""Every benchmark of which more is known than a label. Scores per character or byte (enwik8, text8) or per token of a
tokenizer (C4, The Pile) are not comparable with those per word, so these are labels like any other."""


def known(label: str) -> Benchmark | None:
    """What is known of the benchmark that a label stands for; None if nothing."""
    return _BY_ALIAS.get(bare_name(label))


def named(label: str) -> str:
    """The name under which a benchmark is kept: the known one's, and any other as it is written."""
    found = known(label)
    return label.strip() if found is None else found.name


def title(label: str) -> str:
    """Full name of a known benchmark, and any other label as it is."""
    found = known(label)
    return label if found is None else found.title


def without_benchmark(system: str) -> str:
    """A system's name without the benchmark that stands in brackets at its end: one system is one on all of them.

    >>> without_benchmark("Mogrifier RLSTM (PTB)"), without_benchmark("AWD-LSTM-MoS (WT2, 2017)")
    ('Mogrifier RLSTM', 'AWD-LSTM-MoS (2017)')
    """
    bare, _, inside = system.rstrip().removesuffix(")").rpartition("(")
    kept = [part.strip() for part in inside.split(",") if known(part) is None]
    if not bare or not system.rstrip().endswith(")") or len(kept) > inside.count(","):
        return system
    return f"{bare}({', '.join(kept)})" if kept else bare.rstrip()


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Distinct labels, known benchmarks first in the order of :data:`KNOWN`, then others as they appear."""
    present = tuple(dict.fromkeys(labels))
    first = tuple(benchmark.name for benchmark in KNOWN if benchmark.name in present)
    return (*first, *(label for label in present if label not in first))


_BY_ALIAS = {
    bare_name(each): benchmark for benchmark in KNOWN for each in (benchmark.name, benchmark.title, *benchmark.aliases)
}
