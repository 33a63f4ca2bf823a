"""Predict the large runs of public ladders from the small ones; writes ladders.md.

    python notebooks/ladders.py --data DIRECTORY --directory runs/ladders

Reads tables of public repositories, which are not part of this package, from a directory (see `LADDERS` for their
names), holds out their largest runs, and says how far each forecaster is off and how often its 90% intervals hold
what was observed. The page has these figures and none of the tables. Finished forecasts are kept in the directory.
Takes ten minutes on two cores.
"""

import argparse
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
from steps import table_of

import bayes_scaling as bs
from bayes_scaling.common.files import write_whole
from bayes_scaling.quantities.domain import DOMAINS
from bayes_scaling.studies.backtest.result import Backtest
from bayes_scaling.studies.backtest.splits import RUN_SPECIFICATIONS

HERE = Path(__file__).parent
VALIDATION = "training/eval_data"
C4 = f"{VALIDATION}/c4_val/shard-{{0000000..0000010}}.tar"
VALIDATION_SETS = {
    "C4": C4,
    "OpenLM's": f"{VALIDATION}/val_tok_mult/openlm/shard_00000000.tar",
    "Paloma's C4": f"{VALIDATION}/val_tok_mult/paloma_c4_en/00000001.tar",
    "Paloma's RedPajama": f"{VALIDATION}/val_tok_mult/paloma_redpajama/00000001.tar",
    "Paloma's RefinedWeb": f"{VALIDATION}/val_tok_mult/paloma_falcon-refinedweb/00000001.tar",
    "Paloma's Penn Treebank": f"{VALIDATION}/val_tok_mult/paloma_ptb/00000001.tar",
    "Paloma's 100 programming languages": (
        f"{VALIDATION}/val_tok_mult/paloma_dolma_100_programing_languages/00000001.tar"
    ),
    "German and English": f"{VALIDATION}/val_tok_mult/de-en/val_de-en_100.tar",
}
"""Gadre et al.'s validation sets, and where their table has them."""
THEIR_LAW = "runs/one-exponent"
"""Gadre et al.'s, which has one exponent for both terms."""


def departing() -> bs.Specification:
    """Their law, from which losses depart as they do from Chinchilla's in `runs/discrepancy`."""
    theirs, other = bs.load_specification(THEIR_LAW), bs.load_specification("runs/discrepancy")
    priors = {name: prior for name, prior in other.priors.items() if name not in theirs.tied}
    coefficients = {**other.coefficients, **theirs.coefficients}
    return replace(other, name=f"{THEIR_LAW} with discrepancy", coefficients=coefficients, priors=priors)


DEPARTING = departing()
SPECIFICATIONS = (*RUN_SPECIFICATIONS, THEIR_LAW, DEPARTING)
POSTERIORS = (*RUN_SPECIFICATIONS, THEIR_LAW, DEPARTING.name)
WITHIN = 3.5
"""Percent of the loss."""


@dataclass(frozen=True)
class Ladder:
    """A table of runs, which of its rows are a ladder, and which of these are held out."""

    name: str
    file: str
    columns: Mapping[str, str]
    hold_out: str
    where: str = ""
    best_of: tuple[str, ...] = ()
    further: Mapping[str, object] = field(default_factory=dict)

    def read(self, data: Path) -> pd.DataFrame:
        """The runs."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", bs.RunsWarning)  # of the whole file, of which this is a part
            runs = bs.read_runs(data / self.file, columns=dict(self.columns), **self.further)
        return bs.rows_where(runs, self.where) if self.where else runs


SIZES = {"parameters": "N", "tokens": "D"}


def gadre(validation: str, path: str) -> tuple[Ladder, ...]:
    """Gadre et al.'s three training sets, by the loss on one validation set."""
    return tuple(
        Ladder(
            f"Gadre et al. 2024, trained on {name}, loss on {validation}",
            "gadre_all_validation_sets.csv",
            {"parameters": "params"},
            "parameters > 1e9",
            f"dataset == '{dataset}' and val == '{path}'",
        )
        for name, dataset in (("C4", "c4_original"), ("RedPajama", "rpj"), ("RefinedWeb", "rw_original"))
    )


LADDERS = (
    *gadre("C4", C4),
    *(
        Ladder(
            f"Marin, {dataset}",
            "marin_three_datasets.csv",
            {"parameters": "params", "flop": "budget"},
            "flop > 5e19",
            f"dataset == '{dataset}'",
        )
        for dataset in ("comma", "dclm", "nemotron")
    ),
    *(
        Ladder(
            f"Porian et al. 2024, {name}",
            f"porian_{file}.csv",
            {"parameters": "N", "tokens": "T", "flop": "flops"},
            "flop > 3e18",
            further={"drop_incomplete": True},
        )
        for name, file in (("Kaplan's setting", "kaplan_setting"), ("off centre", "off_centre"))
    ),
    Ladder(
        "Gemstones, ten checkpoints of each run",
        "gemstones_hot.jsonl",
        {"parameters": "params_active_precise", "loss": "final_loss", "series": "run_name"},
        "parameters > 1.5e9",
    ),
    Ladder(
        "(Mis)Fitting, best learning rates",
        "misfitting_last_checkpoint.csv",
        SIZES,
        "tokens * parameters > 3e17",
        best_of=("parameters", "tokens"),
    ),
    Ladder("Chinchilla's toolkit, example", "chinchilla_example.csv", SIZES, "flop > 1e21"),
    Ladder(
        "Hoffmann et al. 2022, Figure 4 digitised",
        "../chinchilla_figure4_digitised.csv",
        {"parameters": "Model Size", "flop": "Training FLOP"},
        "flop > 1e21",
    ),
)
ALL_OF_GADRE = tuple(ladder for each in VALIDATION_SETS.items() for ladder in gadre(*each))
"""By every loss, for a table of their own: the runs are the same, so that averages over ladders count one loss."""


def main() -> None:
    """Hold out, predict, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--directory", type=Path, default=Path("runs/ladders"))
    parser.add_argument("--workers", type=int)
    asked = parser.parse_args()
    found = forecasts(LADDERS, asked.directory, asked)
    by_loss = forecasts(ALL_OF_GADRE, asked.directory / "gadre", asked)
    write_whole(HERE / "ladders.md", page(found, by_loss).encode())


def forecasts(ladders: tuple[Ladder, ...], directory: Path, asked: argparse.Namespace) -> dict[str, Backtest]:
    """Each ladder's large runs, predicted by each specification and the point estimates; kept in the directory."""
    found = {}
    for number, ladder in enumerate(ladders):
        options = {"hold_out": ladder.hold_out, "best_of": ladder.best_of, "workers": asked.workers}
        runs, place = ladder.read(asked.data), directory / f"{number:02d}"
        found[ladder.name] = bs.backtest(list(SPECIFICATIONS), runs, directory=place, **options)
    return found


def page(found: Mapping[str, Backtest], by_loss: Mapping[str, Backtest]) -> str:
    """Markdown: what was done, a line for each ladder, and the runs of Gadre et al. one by one and by every loss."""
    mean = means(found)
    averages = "; ".join(f"`{name}` {mean.loc[name, 'covered_90']:.0%}" for name in POSTERIORS)
    sections = [
        "# Do small runs predict the large ones?",
        "The largest runs of public ladders are held out and predicted from the others: by two laws, Chinchilla's and "
        f"that of Gadre et al., which has one exponent for both terms (`{THEIR_LAW}`), each alone and with losses that "
        "may depart from it smoothly; and by point estimates beside them. `python notebooks/ladders.py` writes this "
        "page from tables of public repositories, which it does not contain. A cell: mean absolute error of the "
        "predictive median in percent of the loss, and the share of runs inside the 90% predictive interval of a new "
        "run.",
        by_ladder(found),
        f"Averaged over ladders, 90% intervals hold so many of the runs held out: {averages}.",
        "## What each can say, and how long it takes",
        what_each_says(found),
        "## By distance",
        by_distance(found),
        "## The 1.4 and 6.9 billion parameter runs of Gadre et al.",
        one_by_one({name: each for name, each in found.items() if name.startswith("Gadre")}),
        "## The runs of Gadre et al. by each of their validation sets",
        "The runs are the same for every loss: the mean is of three training sets, not of "
        f"{len(ALL_OF_GADRE)} ladders.",
        by_ladder(by_loss),
        "Of these, the run of 6.9 billion parameters:",
        largest_runs(by_loss),
        "## Where intervals of the law alone miss, and why",
        WHY,
    ]
    return "\n\n".join(sections) + "\n"


WHY = """\
Where intervals of the law alone miss, errors are not scatter. They are smooth in parameters and tokens, and grow with
distance: the law is wrong by one to some ten percent of the loss, alike for neighbours (possible causes: models that
are mostly embeddings, many tokens per parameter, learning rates that do not suit each size). Independent noise takes
many such residuals for many witnesses, so that constants seem known far better than the law deserves, and nothing is
left for what the law misses beyond the runs. It is not the family of the noise: Student-t and normal miss alike. Point
estimates with a bootstrap miss as often, since resampling takes runs for independent too.

`runs/discrepancy` lets losses depart from the law by a smooth function of both sizes, alike for runs of like size, by
as much as the runs that are fitted show; where these show nothing of it, it can't help either. Its length of one decade
was chosen on Gadre's runs, by the loss on C4 (there two decades were tried, and with their own law two and three;
nothing else)."""


def names_of(found: Mapping[str, Backtest]) -> tuple[str, ...]:
    """Forecasters, the same on every ladder."""
    return next(iter(found.values())).names


def means(found: Mapping[str, Backtest]) -> pd.DataFrame:
    """Error and coverage of each forecaster, every ladder counted the same."""
    summaries = pd.concat({name: each.summary() for name, each in found.items()})
    return summaries.groupby(level="forecaster")[["covered_90", "absolute_error_percent"]].mean()


def by_ladder(found: Mapping[str, Backtest]) -> str:
    """A line for each ladder, and their mean."""
    names, mean = names_of(found), means(found)
    lines = [[name, *_size(each), *(_cell(each.summary().loc[of]) for of in names)] for name, each in found.items()]
    lines.append(["**mean of ladders**", "", "", "", *(_cell(mean.loc[of]) for of in names)])
    return table_of(["ladder", "fitted", "held out", "compute, times the largest fitted", *names], lines)


def _cell(row: "pd.Series[float]") -> str:
    return f"{row['absolute_error_percent']:.1f}%, {row['covered_90']:.0%}"


def _size(result: Backtest) -> list[str]:
    first = result.predictions[result.predictions["forecaster"] == result.names[0]]
    ratio = first["compute_ratio"]
    return [str(result.forecasts["before"].iloc[0]), str(len(first)), f"{ratio.min():.2g} to {ratio.max():.3g}"]


SAYS = {
    "chinchilla": "constants, the best split and predictions with intervals, if the law holds",
    "runs/discrepancy": "the same, and predictions that allow for a law that does not quite hold",
    THEIR_LAW: "as `chinchilla`, with one exponent for both terms",
    DEPARTING.name: "as `runs/discrepancy`, with one exponent for both terms",
    "chinchilla, Huber's estimate": "constants and the best split, without intervals; its scatter stands in for one",
    "chinchilla, Huber's bootstrap": "the same with intervals from resampled runs",
    "power law of compute": "the loss of a budget, nothing of its split",
}


def what_each_says(found: Mapping[str, Backtest]) -> str:
    """Of each forecaster what it is good for, and seconds a ladder as they were taken, two at a time on two cores."""
    seconds = pd.concat([each.forecasts["seconds"] for each in found.values()]).groupby(level="forecaster").median()
    lines = [[name, SAYS[name], f"{seconds[name]:.2g}"] for name in names_of(found)]
    return table_of(["forecaster", "says", "seconds a ladder, median"], lines)


def by_distance(found: Mapping[str, Backtest]) -> str:
    """Every run that is predicted, counted the same, by where it lies."""
    names = names_of(found)
    scores = pd.concat([each.scores for each in found.values()])
    lines = []
    for domain in DOMAINS:
        part = scores[scores["domain"] == domain]
        by = part.groupby(level="forecaster")[["covered_90", "absolute_error_percent"]].mean()
        lines.append([domain, str(len(part.loc[names[0]])), *(_cell(by.loc[of]) for of in names)])
    return table_of(["domain", "runs", *names], lines)


def largest_runs(found: Mapping[str, Backtest]) -> str:
    """Errors of each forecaster for the run of most parameters of each ladder, and how often its interval holds it."""
    scores = pd.concat(
        [each.scores[each.scores["parameters"] == each.scores["parameters"].max()] for each in found.values()]
    )
    lines = []
    for name in names_of(found):
        row = scores.loc[name]
        error = row["absolute_error_percent"]
        within = f"{int((error <= WITHIN).sum())} of {len(row)}"
        lines.append([name, f"{error.median():.1f}%", f"{error.max():.1f}%", within, f"{row['covered_90'].mean():.0%}"])
    header = ["forecaster", "median error", "largest error", f"within {WITHIN}%", "inside the 90% interval"]
    return table_of(header, lines)


def one_by_one(found: Mapping[str, Backtest]) -> str:
    """Error of each run held out, by each posterior, and whether its interval holds the run."""
    lines = []
    for name, result in found.items():
        for (forecaster, _, _), row in result.scores.iterrows():
            if forecaster in POSTERIORS:
                size = f"{row['parameters'] / 1e9:.1f}e9 on {row['tokens'] / 1e9:.3g}e9 tokens"
                inside = "inside" if row["covered_90"] else "**outside**"
                error, domain = f"{row['error_percent']:+.1f}%", f"{row['domain']} ({row['compute_ratio']:.2g} times)"
                lines.append([name, forecaster, size, domain, error, inside])
    return table_of(["ladder", "forecaster", "run", "domain", "error", "90% interval"], lines)


if __name__ == "__main__":
    main()
