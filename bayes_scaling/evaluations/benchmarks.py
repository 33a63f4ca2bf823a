"""The benchmarks that evaluations are made on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """A language-modelling benchmark, scored by perplexity per word on its test set.

    Parameters
    ----------
    name : str
        Short name, as in the column `benchmark`.
    title : str
        Full name.
    tokens : int
        Words in its training set.
    vocabulary : int
        Distinct words in its vocabulary.

    Examples
    --------
    >>> [benchmark.name for benchmark in BENCHMARKS]
    ['wt103', 'wt2', 'ptb']
    """

    name: str
    title: str
    tokens: int
    vocabulary: int


BENCHMARKS = (
    Benchmark("wt103", "WikiText-103", tokens=103_227_021, vocabulary=267_735),
    Benchmark("wt2", "WikiText-2", tokens=2_088_628, vocabulary=33_278),
    Benchmark("ptb", "Penn Treebank", tokens=929_000, vocabulary=10_000),
)
