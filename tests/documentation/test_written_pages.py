"""Pages of the site that people wrote: numbers, file names, keys and columns that they state are those of code."""

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import documented_sizes as sizes
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from documentation.test_quoted_numbers import CLAIMS as OF_README
from documentation.test_quoted_numbers import GUIDES
from made_fits import made_fit_of_runs
from penalised_fits import fit_around
from published_points import MODEL_7
from quoted import COUNT, ROOT, Claim, check_claim, page, prose, size, table_rows, unclaimed
from reports.drawn_fits import drawn_fit
from studies.backtest.made_backtest import made_backtest
from studies.comparison.made_scores import made_record, made_score
from studies.robustness.made_robustness import made_run

import bayes_scaling as bs
from bayes_scaling.commands import app, studies
from bayes_scaling.common.files import BACKTEST_TABLE, COMPARISON_SETTINGS, COMPARISON_TABLE, FIT_FILE
from bayes_scaling.inference.diagnostics import ESS_MIN, RHAT_MAX
from bayes_scaling.inference.fitting import KEPT_DRAWS, fit_fingerprint, summary_of
from bayes_scaling.inference.settings import Settings
from bayes_scaling.law.formula import training_compute
from bayes_scaling.model.gaussian_process import GaussianProcess
from bayes_scaling.quantities.coefficients import MOST_LEVELS
from bayes_scaling.quantities.domain import EDGE_COMPUTE
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY, summarise_rate
from bayes_scaling.reports import allocation, backtest_document, comparison_document, robustness_document, run_directory
from bayes_scaling.reports.comparison_document import FEWEST_PUBLISHED
from bayes_scaling.reports.document import Document
from bayes_scaling.reports.fit_quantities import summarise
from bayes_scaling.reports.write import SUFFIXES, as_plain
from bayes_scaling.studies.approaches import beside
from bayes_scaling.studies.backtest.backtest import FORECASTS
from bayes_scaling.studies.backtest.forecasts import PROBABILITIES
from bayes_scaling.studies.backtest.splits import HORIZONS
from bayes_scaling.studies.comparison.compare import comparison_json
from bayes_scaling.studies.comparison.result import COLUMNS as COMPARISON_COLUMNS
from bayes_scaling.studies.comparison.result import comparison_table
from bayes_scaling.studies.comparison.sweep import FITS, SCORES
from bayes_scaling.studies.replication import MODEL
from bayes_scaling.studies.robustness.result import COLUMNS as ROBUSTNESS_COLUMNS
from bayes_scaling.studies.robustness.run import robustness_json

SITE, FORMATS, TABLES = "notebooks/site", "notebooks/site/file-formats.md", "bayes_scaling/data/README.md"
PAGES = (*(f"{SITE}/{path.name}" for path in sorted((ROOT / SITE).glob("*.md"))), TABLES)
INTERVAL = f"{100 * INTERVAL_PROBABILITY:.0f}"
LEAST_RANKED = {3: "three"}[FEWEST_PUBLISHED]
"""Variants of the paper from which on a ranking is written."""
HDF5 = b"\x89HDF"
DEFINITION = None
"""In place of what computes a number: it defines a name or a unit."""


def evaluations() -> pd.DataFrame:
    return bs.load_evaluations()


def every_collected() -> pd.DataFrame:
    return bs.load_evaluations("collected", comparable_only=False)


def excluded() -> pd.DataFrame:
    table = every_collected()
    return table.drop(bs.load_evaluations("collected").index)


def years(table: pd.DataFrame) -> tuple[str, str]:
    return tuple(str(year) for year in table["published"].dt.year.agg(["min", "max"]))


def counts(table: pd.DataFrame, column: str, *values: str) -> tuple[str, ...]:
    return tuple(str((table[column] == value).sum()) for value in values)


def copied_perplexities() -> tuple[str, ...]:
    """Rows on other benchmarks with their own system's perplexity on WikiText-103."""
    table = evaluations().astype({"system": str, "paper": str})
    first = table["benchmark"] == "wt103"
    copied = table[~first].merge(table[first], on=["system", "paper", "perplexity"])
    return ({4: "four"}.get(len(copied), str(len(copied))),)


def least_with_progress() -> float:
    """The rate up to which draws are no progress, among some that stand on both sides."""
    rates = np.array([-1.0, 0.0, 1.0, 1.0])
    share = summarise_rate(rates, INTERVAL_PROBABILITY)["probability_of_progress"]
    return float(np.quantile(rates, 1 - share, method="inverted_cdf"))


def known(column: str) -> str:
    return str(int(evaluations()[column].notna().sum()))


def longest() -> float:
    """The perplexity whose digits are quoted, which must be one of the table's."""
    (quoted,) = re.findall(r"figures such as ([\d.]+\d)", page(TABLES))
    return next(value for value in evaluations()["perplexity"] if repr(value) == quoted)


def correlation_a_length_apart() -> tuple[str, ...]:
    """Between values of a smooth term at two points."""
    columns = GaussianProcess()([0.0, 3.0], length=3)
    return (f"{columns[0] @ columns[1]:.2f}",)


CLAIMS: dict[str, dict[str, Claim]] = {
    f"{SITE}/planning-a-training-run.md": {
        "edge": Claim(r"at most (\w+) times the largest compute", lambda: ({3.0: "three"}[EDGE_COMPUTE],)),
    },
    FORMATS: {
        "intervals": Claim(r"Intervals are (\d+)% equal-tailed", lambda: (INTERVAL,)),
        "format": Claim(
            r"NetCDF (4)\b", lambda: ("4",) if evaluations_fit().to_bytes().startswith(HDF5) else ("another",)
        ),
        "fingerprint": Claim(
            r"SHA-(\d+)\b",
            lambda: (str(4 * len(fit_fingerprint(bs.load_specification(), evaluations(), Settings(), 0))),),
        ),
        "levels": Claim(r"unless it has more than (\d+) levels", lambda: (str(MOST_LEVELS),)),
        "rank": Claim(r"(\d) is the best", lambda: (f"{made_comparison().table['rank'].min():g}",)),
        "progress": Claim(
            r"probability that its rate is above (\d)",
            lambda: (f"{least_with_progress():g}",),
        ),
        "width": Claim(r"width of the (\d+)% interval", lambda: (f"{100 * PROBABILITIES[1]:.0f}",)),
        "file size": Claim(
            r"With at most (\d+) kB and (\d)% beside.*?\$\$(\d) .*?\((\d) .*?\((\d+) \+ .*?multiple of (\d)",
            lambda: tuple(
                f"{each:g}"
                for each in (sizes.HEADER / 1e3, 100 * sizes.HEAPS, *2 * [sizes.NUMBER], sizes.TEXT, sizes.ROUND)
            ),
        ),
        "draws kept": Claim(r"at most ([\d,]+), unless", lambda: (f"{KEPT_DRAWS:,}",)),
        "memory": Claim(
            r"\$\$([\d.]+) \\text\{ GB\} \+ ([\d.]+) \\text\{ kB\}.*?at most ([\d.]+) GB more",
            lambda: tuple(f"{each:g}" for each in (sizes.PROGRAM / 1e9, sizes.ROW / 1e3, sizes.CHECKS / 1e9)),
        ),
        "published variants": Claim(r"with at least (three) variants of the paper", lambda: (LEAST_RANKED,)),
    },
    f"{SITE}/first-five-minutes.md": {
        "title": Claim(r"# First five minutes", DEFINITION),
    },
    f"{SITE}/formulas.md": {
        "correlation": Claim(r"a length apart have a correlation of (0\.\d+)", correlation_a_length_apart),
    },
    f"{SITE}/glossary.md": {
        "interval": Claim(r"(\d+)% equal-tailed", lambda: (INTERVAL,)),
        "criteria": Claim(r"R-hat at most ([\d.]+), (\d+) effective draws", lambda: (f"{RHAT_MAX:g}", f"{ESS_MIN:g}")),
        "equal-tailed": Claim(
            r"with probability (\d+)%, with ([\d.]+)% below it and ([\d.]+)% above it",
            lambda: (INTERVAL, *2 * [f"{50 * (1 - INTERVAL_PROBABILITY):.1f}"]),
        ),
        "for each token": Claim(r"about (\d) for each parameter", lambda: (f"{float(training_compute(1.0, 1.0)):g}",)),
        "by Hoffmann et al.": Claim(r"Approach 2 : Of Hoffmann et al. 2022", DEFINITION),
        "Pareto k, by Vehtari et al.": Claim(r"above 0\.7 its leave-one-out", DEFINITION),
        "R-hat": Claim(r"above ([\d.]+) chains disagree", lambda: (f"{RHAT_MAX:g}",)),
        "doubling": Claim(r"a rate of ([\d.]+) a year is a doubling", lambda: (f"{np.log(2):.2f}",)),
        "compute": Claim(r"C = (\d) N D", lambda: (f"{float(training_compute(1.0, 1.0)):g}",)),
        "shares of compute": Claim(
            r"b = (1) - a",
            lambda: (f"{sum(bs.allocation_exponents(bs.BESIROGLU)[name].item() for name in 'ab'):.6g}",),
        ),
        "where a symbol is defined": Claim(
            r"at a size of 1|alone is 1 nat|at a loss of 1|T = \\ln 2 / g|Y_0", DEFINITION
        ),
    },
    f"{SITE}/notebooks.md": {
        "how many": Claim(r"(\w+) short ones", lambda: ({6: "Six"}[len(list((ROOT / "notebooks").glob("*.ipynb")))],)),
    },
    TABLES: {
        "size": Claim(
            r"(\d+) evaluations of (\d+) papers, (\d{4}) to (\d{4})", lambda: (*size(), *years(evaluations()))
        ),
        "benchmarks": Claim(
            r": (\d+) on WikiText-103, (\d+) on Penn Treebank, (\d+) on WikiText-2",
            lambda: counts(evaluations(), "benchmark", "wt103", "ptb", "wt2"),
        ),
        "copied perplexities": Claim(r"included: (\w+) rows on", copied_perplexities),
        "architectures": Claim(
            r"\((\d+) transformers, (\d+) others\)",
            lambda: counts(evaluations(), "architecture", "transformer", "other"),
        ),
        "collected": Claim(
            r"(\d+) evaluations, (\d{4}) to (\d{4}), each with its source",
            lambda: (str(len(every_collected())), *years(every_collected())),
        ),
        "comparable": Claim(
            r"(\d+) of them, from (\d+) papers, are",
            lambda: (str(len(table := bs.load_evaluations("collected"))), str(table["paper"].nunique())),
        ),
        "others": Claim(r"The other (\d+) are kept", lambda: (str(len(excluded())),)),
        "what others lack": Claim(
            r"(\d+) of them lack and (\d+) others",
            lambda: (
                str(int(excluded()["parameters"].isna().sum())),
                str(int((excluded()["parameters"].notna() & excluded()["tokens"].isna()).sum())),
            ),
        ),
        "secondary": Claim(
            r"The (\d+) rows come from the values plotted",
            lambda: counts(every_collected(), "evidence", "secondary"),
        ),
        "compute is known": Claim(
            r"floating-point operations \| ho2024, (\d+) rows", lambda: (known("training_compute"),)
        ),
        "adapted": Claim(r"\((\d+) rows\) is ours", lambda: (str(int(evaluations()["test_time_adaptation"].sum())),)),
        "doubts": Claim(r"is \| ho2024, (\d+) rows", lambda: (known("doubt"),)),
        "a row's name": Claim(
            r"\"row (\d+)\" is", lambda: (str(int(re.search(r"`(ho2024-(\d+))`", page(TABLES))[2])),)
        ),
        "digits": Claim(r"figures such as ([\d.]+\d)", lambda: (repr(longest()),)),
        "last year": Claim(r"- (\d+) is thinly covered", lambda: years(every_collected())[1:]),
        "flags": Claim(r"\| (1): |\| (1), or (0) and|; (1) and missing", DEFINITION),
        "names": Claim(r"WikiText-\d+|Ho et al\. \(2024\)|models\" \(2024\)|UTF-8", DEFINITION),
        # Counted by tests/evaluations/test_public_files.py, where the sheet is at hand.
        "the authors' sheet": Claim(
            r"counts (281), (261) and (231)\s+evaluations, and its (231) rows|in (40) rows, and|is (0\.5) in (19) rows",
            DEFINITION,
        ),
        # Fitted by slow tests in tests/others_data/test_ho2024_sheet.py; rows counted by test_public_files.py.
        "answers on the authors' sheet": Claim(
            r"Using the sheet instead.*?\(Medians and 95% intervals\.\)", DEFINITION
        ),
        "stated by who collected": Claim(
            r"About 60 rows on Penn Treebank|above 75 are not confirmed|to 16 digits", DEFINITION
        ),
    },
}


def text_of(name: str) -> str:
    """A page's prose, with formulas, without the numbers of its lists."""
    text = prose(re.sub(r"(?m)^\d+\. ", "", page(name)))
    return re.sub(r"\s+", " ", text)


CHECKED = [(name, key) for name, claims in CLAIMS.items() for key, claim in claims.items() if claim.compute]


@pytest.mark.parametrize(("name", "key"), CHECKED, ids=[f"{Path(name).stem}-{key}" for name, key in CHECKED])
def test_a_number_is_what_code_gives(name, key) -> None:
    check_claim(CLAIMS[name][key], text_of(name), name)


@pytest.mark.parametrize("name", PAGES)
def test_every_number_is_claimed(name) -> None:
    shared = OF_README if Path(name).stem in GUIDES else {}
    text, claims = text_of(name), shared | CLAIMS.get(name, {})
    assert unclaimed(text, claims) == []
    assert unclaimed(text, claims, COUNT) == []


# -------------------------------------------------------------------------------------------------------- file formats


def part(heading: str) -> str:
    """What stands under a heading of the page on files, its tables among it."""
    _, found, rest = page(FORMATS).partition(f"\n## {heading}\n")
    assert found, f"no part on {heading}"
    return rest.partition("\n## ")[0]


def first_column(heading: str) -> list[str]:
    cells = [line.split("|")[1] for line in part(heading).splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def check_names(heading: str, written: Iterable[str]) -> None:
    named = first_column(heading)
    assert len(named) == len(set(named))
    assert set(named) == set(written)


@cache
def evaluations_fit() -> bs.Fit:
    return fit_around(MODEL, MODEL_7, evaluations())


@cache
def drawn(name: str) -> bs.Fit:
    return drawn_fit(name, evaluations())


@cache
def runs_fit() -> bs.Fit:
    rng = np.random.default_rng(0)
    shape = (2, 50)
    return made_fit_of_runs(
        bs.load_runs(),
        level=rng.normal(3.0, 0.01, shape),
        irreducible_share=rng.normal(0.6, 0.01, shape),
        share=rng.normal(0.5, 0.01, shape),
        alpha=rng.normal(0.34, 0.01, shape),
        beta=rng.normal(0.36, 0.01, shape),
        sigma=np.full(shape, 0.01),
    )


@cache
def made_comparison() -> bs.Comparison:
    terms = np.linspace(-1.0, 1.0, 20)
    records = {name: made_record(name, made_score(terms - place)) for place, name in enumerate("ab")}
    return bs.Comparison(
        table=comparison_table(records),
        unit="evaluation",
        evaluations=summary_of(evaluations()),
        scores={name: record.elpd for name, record in records.items()},
        fits={},
        fingerprints={},
    )


def test_groups_of_a_fit_file_are_those_written(tmp_path) -> None:
    written: set[str] = set()
    for fit in (evaluations_fit(), runs_fit(), drawn("ho2024/07"), drawn("robustness/papers")):
        found = xr.open_datatree(fit.save(tmp_path / f"{len(written)}.nc"))
        written |= set(found.children)
        assert {"chain", "draw"} <= set(found["posterior"].sizes)
        found.close()
    check_names("`fit.nc`", written)


def test_keys_of_a_summary_are_those_written() -> None:
    check_names("`summary.json`", {*summarise(drawn("ho2024/07")), *summarise(runs_fit())})


def test_columns_of_a_comparison_are_those_written() -> None:
    assert list(made_comparison().table) == list(COMPARISON_COLUMNS)
    check_names("`comparison.csv`", COMPARISON_COLUMNS)


def test_keys_of_a_comparison_are_those_written() -> None:
    check_names("`comparison.json`", json.loads(comparison_json(made_comparison())))


def test_columns_of_a_robustness_run_are_those_written() -> None:
    assert list(made_run().table) == list(ROBUSTNESS_COLUMNS)
    check_names("`robustness.csv`", ROBUSTNESS_COLUMNS)


def test_keys_of_a_robustness_run_are_those_written() -> None:
    check_names("`robustness.json`", json.loads(robustness_json(made_run())))


def test_columns_of_a_backtest_are_those_written(tmp_path) -> None:
    backtest_document.write_backtest(made_backtest(), tmp_path)
    written = pd.read_csv(tmp_path / BACKTEST_TABLE)
    check_names("`backtest.csv`", written)
    assert set(re.findall(r"`(\w+)` \(", part("`backtest.csv`"))) | {"year"} == set(HORIZONS)


def test_keys_of_a_reports_twin_are_those_written() -> None:
    check_names("The `.json` twin of a report", as_plain(Document("A title", "An answer.", None, (), ())))


FILES = {
    "fit": {FIT_FILE, run_directory.SUMMARY_FILE, run_directory.PICTURE_FILE, *run_directory.RUNS_PICTURES},
    "compare": {
        *(COMPARISON_TABLE, COMPARISON_SETTINGS, comparison_document.RANKING_FILE),
        *comparison_document.PICTURES,
    },
    "robustness": {*robustness_document.FILES},
    "backtest": {*backtest_document.FILES},
    "calibrate": {*studies.CALIBRATION_FILES},
    "replicate": {studies.REPLICATION_PAGE, studies.REPLICATION_TABLE, ".nc"},
    "report": {*SUFFIXES.values()},
    "allocate": {"--output", *allocation.SUFFIXES},
    "design": {"--output", *allocation.SUFFIXES},
}
FOLDERS = {
    "compare": {FITS, SCORES},
    "robustness": {FITS, SCORES},
    "backtest": {FORECASTS},
    "calibrate": {"simulations"},
    "allocate": {beside.FOLDER},
}


def test_files_and_folders_of_commands_are_those_written() -> None:
    rows = list(table_rows(page(FORMATS), "# File formats"))
    assert {row["command"].strip("`") for row in rows} == set(FILES) <= {each.name for each in app.registered_commands}
    for row in rows:
        command = row["command"].strip("`")
        assert set(re.findall(r"`([^`]+)`", row["files"])) == FILES[command]
        assert set(re.findall(r"`([^`]+)`", row["folders"])) == FOLDERS.get(command, set())


def test_names_of_files_in_text_are_names_of_files() -> None:
    """Whatever is set as code and ends like a file's name is one that some command writes."""
    known = set().union(*FILES.values()) | {studies.TRUST_PAGE}
    for name in PAGES:
        for found in re.findall(r"`([\w-]+\.(?:csv|json|nc|md|png))`", page(name)):
            assert found in known, (name, found)
