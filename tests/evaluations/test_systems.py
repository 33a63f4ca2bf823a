"""One system on several benchmarks is one cluster, also where a table writes the benchmark behind its name."""

import pytest

from bayes_scaling.model.requirements import clusters_of
from bayes_scaling.specifications.sections import Noise
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.tables.benchmarks import without_benchmark


@pytest.mark.parametrize(
    ("written", "bare"),
    {
        "AWD-FWM (PTB)": "AWD-FWM",
        "AWD-LSTM-MoS (WT2, 2017)": "AWD-LSTM-MoS (2017)",
        "LSTM (large) (Penn Treebank) ": "LSTM (large)",
        "RNN (SGD+CLR)": "RNN (SGD+CLR)",
        "GPT-Neo-2.7B (finetuned on PTB)": "GPT-Neo-2.7B (finetuned on PTB)",
        "WT2": "WT2",
        "PTB)": "PTB)",
        "(PTB)": "(PTB)",
        "": "",
    }.items(),
)
def test_a_benchmark_in_brackets_is_no_part_of_a_name(written, bare) -> None:
    assert without_benchmark(written) == bare


def test_systems_are_clusters_within_papers(ho2024) -> None:
    nested = Specification(name="mine", noise=Noise(cluster=("paper", "system")))
    system = clusters_of(nested, ho2024)["system in paper"]
    assert system[["ho2024-034", "ho2024-035"]].nunique() == 1  # AWD-LSTM-MoS + dynamic evaluation, on two benchmarks
    plain = ho2024["system"].astype(str)
    assert system.nunique() < plain.nunique()
