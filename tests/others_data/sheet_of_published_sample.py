"""The published sample as a sheet: in wide form, with rows that the paper's rules drop again."""

import csv
import itertools
from pathlib import Path

import pandas as pd

from bayes_scaling.tables.ho2024_rules import NAMED
from bayes_scaling.tables.ho2024_sheet import PERPLEXITIES, REQUIRED

_SYSTEM = ["system", "paper", "published", "parameters", "tokens", "architecture", "epochs", "perplexity"]
_DROPPED_BY_RULES = 20
_BEYOND_THREE = 30


def write_sheet(path: Path, sample: pd.DataFrame) -> Path:
    """Systems evaluated on several benchmarks make one row, others one each."""
    rows = []
    for _, group in sample.groupby(_SYSTEM, sort=False, dropna=False):
        for place in range(group.groupby("benchmark").cumcount().max() + 1):
            of_system = group[group.groupby("benchmark").cumcount() == place]
            rows.append(
                _row(of_system.iloc[0], dict(zip(of_system["benchmark"], of_system["perplexity"], strict=True)))
            )
    good = rows[0] | dict.fromkeys(PERPLEXITIES.values(), "")
    uncertain = [good | {"System": f"U{each}", "uncertain": "1", "Perplexity (WT2)": "50"} for each in range(12)]
    undated = [good | {"System": f"D{each}", "Publication date": "", "Perplexity (PTB)": "50"} for each in range(4)]
    named = [good | {"System": name, "Perplexity (WT103)": "4"} for name in NAMED]
    assert len(uncertain + undated + named) == _DROPPED_BY_RULES
    papers = sample["paper"].value_counts()
    full = itertools.cycle(papers.index[papers == 3])
    worse = [
        good | {"System": f"W{number}", "Reference": next(full), "Perplexity (PTB)": "9999"}
        for number in range(_BEYOND_THREE)
    ]
    never = [{"Include?": "0"}, {"Outlier?": "1"}, {"Parameters": "unknown"}, {"Dataset Size": ""}]
    others = [good | {"System": "N", "Perplexity (WT103)": "50"} | change for change in never]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*REQUIRED, "Epoch", "Comments"])
        writer.writeheader()
        # Before the others, so that order alone does not drop them.
        writer.writerows([*worse, *others, *uncertain, *rows, *undated, *named])
    return path


def _row(evaluation: pd.Series, perplexities: dict[str, float]) -> dict[str, str]:
    return {
        "System": evaluation["system"],
        "Publication date": f"{evaluation['published']:%Y/%m/%d}",
        "Reference": evaluation["paper"],
        "Parameters": repr(float(evaluation["parameters"])),
        "Dataset Size": repr(float(evaluation["tokens"])),
        "Include?": "1",
        "Outlier?": "",
        "uncertain": "0",
        "Architecture": "Transformer" if evaluation["architecture"] == "transformer" else "Something else",
        "Epoch": "" if pd.isna(evaluation["epochs"]) else str(evaluation["epochs"]),
        "Comments": "",
    } | {name: repr(perplexities[key]) if key in perplexities else "" for key, name in PERPLEXITIES.items()}
