"""Terms that reports explain have the same words in the glossary."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_glossary_says_what_reports_say() -> None:
    terms = tomllib.loads((ROOT / "bayes_scaling" / "data" / "terms.toml").read_text(encoding="utf-8"))
    glossary = (ROOT / "notebooks" / "site" / "glossary.md").read_text(encoding="utf-8")
    assert {"R-hat", "LOO-PIT", "Pareto k"} <= set(terms)
    assert not [term for term, meaning in terms.items() if f"\n{term}\n: {meaning}\n" not in glossary]
