"""The page of backtests: its words from its tables, its counts from dates, its forecasts from fresh ones."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pandas as pd
import pytest
from fresh import SEED, batch_errors, batches
from quoted import MOST_ERRORS, agrees_value, page, size, span, table_rows

import bayes_scaling as bs
from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.inference.settings import SEED as PAGES_SEED
from bayes_scaling.reports.backtest_document import WELL_KNOWN, backtest_page
from bayes_scaling.studies.backtest import backtest as backtest_module
from bayes_scaling.studies.backtest.forecasts import PROBABILITIES, Record, posterior_forecast, scored
from bayes_scaling.studies.backtest.result import Backtest
from bayes_scaling.studies.backtest.splits import FIRST, HORIZONS, LAST, cut_at, forecasters
from bayes_scaling.tables import decimal_year

PAGE = "notebooks/backtest.md"
CUTS = tuple(range(FIRST, LAST + 1))
FORECASTERS = {each.name: each for each in forecasters()}
POSTERIORS = [name for name, each in FORECASTERS.items() if each.method == "posterior"]
PUBLISHED = [name for name in FORECASTERS if name not in POSTERIORS]
HEADING = "## {}, predicted: {}"
WELL_KNOWN_WORDS = f"later ones on benchmarks with at least {WELL_KNOWN} fitted"
AVERAGES = {
    **{(horizon, 1): words for horizon, words in HORIZONS.items()},
    ("later", WELL_KNOWN): WELL_KNOWN_WORDS,
}
INSIDE = {f"inside {p:.0%}": f"covered_{100 * p:.0f}" for p in PROBABILITIES}
UNCONVERGED = "**not converged**"
ROUNDING = 0.00051
"""Of a third place, with what binary numbers add."""


def printed_years(horizon: str) -> pd.DataFrame:
    """Printed forecasts by forecaster and cut, as text."""
    table = pd.DataFrame(table_rows(page(PAGE), HEADING.format("By cut year", HORIZONS[horizon])))
    return table.astype({"cut": int}).set_index(["forecaster", "cut"])


def printed_averages(words: str) -> pd.DataFrame:
    return pd.DataFrame(table_rows(page(PAGE), HEADING.format("Averages over cut years", words))).set_index(
        "forecaster"
    )


def split_error(cells: "pd.Series[str]", name: str) -> pd.DataFrame:
    """Cells ``value ± error`` as two columns of numbers; empty ones are NaN."""
    both = cells.str.split(" ± ", expand=True).reindex(columns=[0, 1]).replace({"": None}).astype(float)
    return both.set_axis([name, f"{name}_se"], axis=1)


def numbers(cells: "pd.Series[str]") -> "pd.Series[float]":
    return cells.str.replace(",", "").astype(float)


@cache
def years_as_numbers(horizon: str) -> pd.DataFrame:
    """What the page's writer needs of each forecast: printed scores, and counts from the table's dates."""
    table, found = printed_years(horizon), bs.load_evaluations()
    counts = {}
    for cut in CUTS:
        split = cut_at(found, cut)
        later = split.later[(decimal_year(split.later["published"]) < cut + 1) | (horizon == "later")]
        counts[cut] = {
            "evaluations": len(later),
            "papers": later["paper"].nunique(),
            "before": len(split.before),
            "unseen": split.unseen,
        }
    scores = {column: numbers(table[name].str.split(" ± ").str[0]) for name, column in INSIDE.items()}
    return (
        pd.DataFrame(scores)
        .assign(covered_90_se=split_error(table["inside 90%"], "x")["x_se"], crps=numbers(table["CRPS"]))
        .join(split_error(table["log score"], "log_score"))
        .assign(error=numbers(table["mean error"]), width_90=numbers(table["median width of 90%"]))
        .assign(
            converged=~table["remarks"].str.startswith(UNCONVERGED),
            note=table["remarks"].str.removeprefix(f"{UNCONVERGED}: "),
        )
        .join(pd.DataFrame.from_dict(counts, orient="index").rename_axis("cut"), on="cut")
    )


@cache
def averages_as_numbers(words: str) -> pd.DataFrame:
    """What the page's writer needs of averages, as printed."""
    table = printed_averages(words)
    cuts = table["cuts"].str.split().str[0].astype(int)
    left_out = table["cuts"].str.extract(r"\((\d+) not converged\)")[0].fillna("0").astype(int)
    return (
        cuts.to_frame()
        .assign(
            not_converged=left_out,
            **{column: numbers(table[name].str.split(" ± ").str[0]) for name, column in INSIDE.items()},
        )
        .assign(covered_90_se=split_error(table["inside 90%"], "x")["x_se"], log_score=numbers(table["log score"]))
        .join(split_error(table["first ahead by"], "log_score_diff"))
        .join(split_error(table["by papers"], "log_score_joint_diff"))
        .assign(crps=numbers(table["CRPS"]), compared_cuts=cuts)
    )


@dataclass(frozen=True)
class AsPrinted:
    """A backtest as far as its page tells of it."""

    names: tuple[str, ...] = tuple(FORECASTERS)

    @property
    def cuts(self) -> list[int]:
        return list(CUTS)

    @property
    def horizons(self) -> dict[str, str]:
        return HORIZONS

    @property
    def evaluations(self) -> bs.inference.result.EvaluationsSummary:
        return summary_of(bs.load_evaluations())

    @property
    def forecasts(self) -> pd.DataFrame:
        return self.by_cut("later")[["converged", "note"]]

    @property
    def skipped(self) -> dict[str, str]:
        return {}

    def by_cut(self, horizon: str = "later") -> pd.DataFrame:
        return years_as_numbers(horizon)

    def summary(self, horizon: str = "later", *, least_known: int = 1) -> pd.DataFrame:
        years = years_as_numbers(horizon)
        scores = (
            years["log_score"].where(years["converged"]).reset_index().pivot_table("log_score", "forecaster", "cut")
        )
        ahead = (scores.loc[self.names[0]] > scores).sum(axis=1)
        return averages_as_numbers(AVERAGES[horizon, least_known]).assign(cuts_ahead=ahead)


def without_sentences(text: str) -> list[str]:
    """Lines but for the sentences at the top, whose numbers are rounded from more places than the tables have."""
    head, _, rest = text.partition("![")
    return [*head.splitlines()[:3], *rest.splitlines()]


def test_the_page_is_what_its_writer_makes_of_its_figures() -> None:
    assert without_sentences(page(PAGE)) == without_sentences(backtest_page(AsPrinted(), "images/backtest.png"))


def test_forecasters_and_cuts_are_those_of_code() -> None:
    for horizon in HORIZONS:
        assert set(printed_years(horizon).index) == {(name, cut) for name in FORECASTERS for cut in CUTS}
    for words in AVERAGES.values():
        assert list(printed_averages(words).index) == list(FORECASTERS)
        assert set(printed_averages(words)["cuts"].str.split().str[0]) <= {
            str(each) for each in range(1, len(CUTS) + 1)
        }


def test_its_sentences_follow_from_its_table() -> None:
    text, rows = page(PAGE), averages_as_numbers(HORIZONS["later"])
    assert (
        f"- {len(CUTS)} cut years ({FIRST} to {LAST}) on ho2024 ({size()[0]} evaluations from {size()[1]} papers)"
        in text
    )
    first = next(iter(rows.index))
    held = re.search(
        rf"- {first}: 90% predictive intervals hold ([\d.]+)% .*? over {len(CUTS)} cut years .*?error ([\d.]+)%.*?50% "
        r"intervals hold ([\d.]+)%, 95% intervals ([\d.]+)%",
        text,
    ).groups()
    shares = rows.loc[first, ["covered_90", "covered_90_se", "covered_50", "covered_95"]]
    assert held == tuple(f"{100 * each:.1f}" for each in shares)
    ahead = AsPrinted().summary()["cuts_ahead"]
    for name in rows.index[1:]:
        pattern = rf"- {first} beside {re.escape(name)}: mean log score (\w+) by (\S+) nats .*"
        way, *said = re.search(rf"{pattern}error (\S+), papers .* at (\d) of \d cut years\.", text).groups()
        difference = {"higher": 1, "lower": -1}[way] * float(said[0])
        assert abs(difference - rows.loc[name, "log_score_diff"]) <= 0.005 + ROUNDING
        assert abs(float(said[1]) - rows.loc[name, "log_score_diff_se"]) <= 0.005 + ROUNDING
        assert int(said[2]) == ahead[name]


@pytest.mark.parametrize("horizon", list(HORIZONS))
def test_averages_are_those_of_the_years(horizon) -> None:
    averages, years = averages_as_numbers(HORIZONS[horizon]), years_as_numbers(horizon)
    years = years[years["converged"].astype(bool)]
    means = years[[*INSIDE.values(), "log_score"]].groupby("forecaster").mean().loc[averages.index]
    scores = years["log_score"].reset_index().pivot_table("log_score", "forecaster", "cut").loc[averages.index]
    means["log_score_diff"] = (scores.iloc[0] - scores).mean(axis=1)  # over years in which both converged
    apart = (means - averages[list(means)]).iloc[:, :-1].abs().max()
    assert (apart <= 2 * ROUNDING).all(), apart
    differences = (means["log_score_diff"] - averages["log_score_diff"]).iloc[1:].abs()
    assert (differences <= 3 * ROUNDING).all(), differences
    crps = years["crps"].groupby("forecaster").mean().loc[averages.index]
    assert (crps / averages["crps"] - 1).abs().max() <= 0.006, crps  # three digits where it is enormous


# ------------------------------------------------------------------------------------------------------- forecasts anew


@dataclass(frozen=True, eq=False)
class Anew:
    """A forecast made again, and as it had come out of parts of its draws."""

    record: Record
    parts: tuple[Record, ...]

    @property
    def pit_errors(self) -> "pd.Series[float]":
        return batch_errors(pd.DataFrame([part.scores["pit"] for part in self.parts]))


@cache
def posterior(name: str, cut: int) -> Anew:
    """A posterior forecast with another seed than the page's."""
    plan = backtest_module.planned(cuts=[cut], seed=SEED)
    (task,) = (each for each in plan.tasks.values() if each.forecaster.name == name)
    fits = []

    def seen(fit, split):
        fits.append(fit)
        return posterior_forecast(fit, split)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtest_module, "posterior_forecast", seen)
        record = Record.from_bytes(backtest_module.work(task))
    tables = (scored(posterior_forecast(part, task.split), task.split) for part in batches(fits[-1]))
    return Anew(record, tuple(with_scores(record, table) for table in tables))


@cache
def published(name: str, cut: int) -> Anew:
    """A forecast of the paper's: the same point and, with the page's seed, the same resamples."""
    plan = backtest_module.planned(cuts=[cut], seed=PAGES_SEED)
    (task,) = (each for each in plan.tasks.values() if each.forecaster.name == name)
    record = Record.from_bytes(backtest_module.work(task))
    return Anew(record, (record, record))


def with_scores(record: Record, scores: pd.DataFrame) -> Record:
    return Record(**vars(record) | {"scores": scores})


def together(records: list[Record]) -> Backtest:
    return Backtest.of(
        records, skipped={}, evaluations=summary_of(bs.load_evaluations()), settings=backtest_module.SETTINGS, seed=SEED
    )


def inside(anew: Anew, probability: float, rows: "pd.Series[bool]") -> tuple[float, float]:
    """Shares of evaluations that are surely, and that may be, within the central interval, whatever the draws."""
    scores, name = anew.record.scores[rows], f"{100 * probability:.0f}"
    covered = scores["loss"].between(scores[f"lower_{name}"], scores[f"upper_{name}"])
    slack = MOST_ERRORS * math.sqrt(2) * anew.pit_errors[rows]
    unsure = ((scores["pit"] - 0.5).abs() - probability / 2).abs() < slack
    return float((covered & ~unsure).mean()), float((covered | unsure).mean())


def check_share(text: str, low: float, high: float) -> None:
    least, most = span(text)
    assert least - 1e-9 <= high and low <= most + 1e-9, (text, low, high)


def enormous(crps: "pd.Series[float]") -> bool:
    """Whether a few draws decide a score, which then has no finite mean to agree with; the page says so."""
    return bool(crps.std() > crps.mean())


def check_forecast(name: str, cut: int, made: Callable[[str, int], Anew]) -> None:
    """Both of the page's lines on a forecast against one made again."""
    anew = made(name, cut)
    assert anew.record.converged, anew.record.note
    for horizon in HORIZONS:
        line = printed_years(horizon).loc[name, cut]
        scores = anew.record.scores
        rows = (scores["year"] < cut + 1) | (horizon == "later")
        row = together([anew.record]).by_cut(horizon).iloc[0]
        tables = pd.concat([together([part]).by_cut(horizon) for part in anew.parts])
        errors = batch_errors(tables.select_dtypes("number"))
        for p in PROBABILITIES:
            low, high = inside(anew, p, rows)
            check_share(line[f"inside {p:.0%}"].split(" ± ")[0], low, high)
            if p == 0.9:  # each evaluation that may be in or out moves its standard error by at most 2 / n
                text, unsure = line["inside 90%"].split(" ± ")[1], 2 * (high - low)
                check_share(text, row["covered_90_se"] - unsure, row["covered_90_se"] + unsure)
        score, score_error = line["log score"].split(" ± ")
        quoted = {
            "log_score": score,
            "log_score_se": score_error,
            "error": line["mean error"],
            "width_90": line["median width of 90%"],
        }
        if not enormous(tables["crps"]):
            quoted["crps"] = line["CRPS"]
        apart = {
            column: (text, row[column], errors[column])
            for column, text in quoted.items()
            if not agrees_value(text, row[column], errors[column])
        }
        assert apart == {}, horizon


@pytest.mark.slow
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", POSTERIORS)
def test_a_posterior_forecast_agrees_with_a_fresh_one(name, cut) -> None:
    check_forecast(name, cut, posterior)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", [name for name in PUBLISHED if FORECASTERS[name].method == "estimate"])
def test_the_papers_estimate_forecasts_what_is_printed(name, cut) -> None:
    check_forecast(name, cut, published)


@pytest.mark.slow
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", [name for name in PUBLISHED if FORECASTERS[name].method == "bootstrap"])
def test_the_papers_bootstrap_forecasts_what_is_printed(name, cut) -> None:
    check_forecast(name, cut, published)


@pytest.mark.slow
@pytest.mark.parametrize(("horizon", "least"), list(AVERAGES))
def test_averages_agree_with_those_of_fresh_forecasts(horizon, least) -> None:
    made = {
        (name, cut): (posterior if name in POSTERIORS else published)(name, cut) for name in FORECASTERS for cut in CUTS
    }
    printed = printed_averages(AVERAGES[horizon, least])
    found = together([anew.record for anew in made.values()]).summary(horizon, least_known=least)
    count = min(len(made[name, cut].parts) for name in POSTERIORS for cut in CUTS)
    summaries = [
        together([anew.parts[place % len(anew.parts)] for anew in made.values()]).summary(horizon, least_known=least)
        for place in range(count)
    ]
    apart = {}
    for name, line in printed.iterrows():
        errors = batch_errors(pd.DataFrame([each.loc[name] for each in summaries]).astype(float))
        quoted = {"log_score": line["log score"]}
        if name != next(iter(FORECASTERS)):
            for column, heading in (("log_score_diff", "first ahead by"), ("log_score_joint_diff", "by papers")):
                quoted |= dict(zip((column, f"{column}_se"), line[heading].split(" ± "), strict=True))
        if not enormous(pd.Series([each.loc[name, "crps"] for each in summaries])):
            quoted["crps"] = line["CRPS"]
        apart |= {
            (name, column): (text, found.loc[name, column], errors[column])
            for column, text in quoted.items()
            if not agrees_value(text, found.loc[name, column], errors[column])
        }
        for p in PROBABILITIES:
            ends = []
            for cut in CUTS:
                scores = made[name, cut].record.scores
                rows = ((scores["year"] < cut + 1) | (horizon == "later")) & (scores["known"] >= least)
                ends.append(inside(made[name, cut], p, rows)) if rows.any() else None
            low, high = (sum(end) / len(ends) for end in zip(*ends, strict=True))
            check_share(line[f"inside {p:.0%}"].split(" ± ")[0], low, high)
    assert apart == {}
