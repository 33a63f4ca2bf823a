"""How the reference model was built, step by step; writes steps.md, its picture, and what the package carries of it.

    python notebooks/steps.py --directory runs/steps

Compares the files of models/steps on both packaged tables by papers left out, backtests those on the way to the
reference, checks predictions, and moves what is known badly. Finished fits are kept in the directory, so that a stop
loses little. Takes an hour on two cores.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

import bayes_scaling as bs
from bayes_scaling.common.files import write_whole
from bayes_scaling.common.strict_json import strict_json
from bayes_scaling.quantities.rates import INTERVAL, summarise_rate
from bayes_scaling.reports.fit_words import in_brackets, in_months
from bayes_scaling.studies.comparison.alternatives import FOLDER, document_of
from bayes_scaling.studies.comparison.result import METHODS, by_arviz

HERE = Path(__file__).parent
PACKAGED = HERE.parent / "bayes_scaling" / "data" / FOLDER
TABLES = ("collected", "ho2024")
FIRST = "ho2024/07"
LAST_NORMAL = "steps/6-priors"
"""The last step whose noise is normal."""
LEAST_ERRORS = 2.0
"""Standard errors of the elpd difference from which a step is better, and below minus which it is worse."""


@dataclass(frozen=True)
class Step:
    """A specification on the way, or beside it; ``after``: what it is compared with."""

    name: str
    what: str
    after: str = "reference"
    why: str = ""


WAY = (
    Step("robustness/papers", "results of one paper share an effect", FIRST),
    Step(
        "steps/1-irreducible", "an irreducible loss for each benchmark", "robustness/papers",
        "no worse, and factors on what scale can remove need it told apart",
    ),
    Step("steps/2-adaptation", "test-time adaptation, a factor on the reducible loss", "steps/1-irreducible"),
    Step(
        "steps/3-exponents", "an exponent of parameters for transformers, another for others", "steps/2-adaptation",
        "beside the effects of systems one exponent for all is clearly worse on `collected` (below)",
    ),
    Step(
        "steps/4-decline", "each term declines alike, whatever its exponent", "steps/3-exponents",
        "no worse, and what data know of a rate is its product with the exponent: chains move more freely",
    ),
    Step("steps/5-systems", "results of one system share an effect, within papers", "steps/4-decline"),
    Step(
        "steps/6-priors", "priors under which losses stay between .5 and 12 nats", "steps/5-systems",
        "its prior predictive is plausible (below), at the cost of few nats, if any",
    ),
    Step(
        "reference", "noise and effects of each paper are jointly Student-t", LAST_NORMAL,
        "predicts papers of both tables together far better ([audit](audit.md)), and describes each as well or better "
        "(below)",
    ),
)  # fmt: skip
BESIDE = (
    Step("steps/whole-loss", "test-time adaptation as a factor on the whole loss"),
    Step("steps/without-adaptation", "test-time adaptation not told apart", why="another estimand"),
    Step("steps/zero-shot", "zero-shot results have a factor of their own"),
    Step("steps/architecture-factor", "transformers differ by a factor, not an exponent"),
    Step("steps/one-exponent", "one exponent of parameters for all"),
    Step("steps/exponent-of-data", "the exponent of data by architecture too"),
    Step("steps/effective-size", "rates of effective size, whatever the exponent"),
    Step("steps/rates-by-architecture", "rates of effective size by architecture"),
    Step("steps/rates-by-size", "rates of effective size that change with parameters"),
    Step("steps/bend", "other rates once transformers were published"),
    Step("steps/walk", "rates that change from year to year"),
    Step("steps/noise-by-benchmark", "noise by benchmark"),
    Step("steps/noise-by-size", "noise that changes with parameters"),
    Step("steps/papers-alone", "no effects of systems"),
    Step("steps/student-t", "noise alone Student-t, row by row, no effects of systems"),
    Step("steps/log-noise", "noise and effects in proportion to the loss"),
    Step("steps/smooth-years", "losses depart from the law smoothly over years"),
    Step("steps/repetition", "repeated tokens worth less, R* uncertain, missing epochs the median"),
)
BACKTESTED = (
    "reference", FIRST, "steps/1-irreducible", "steps/3-exponents", "steps/5-systems", LAST_NORMAL, "steps/whole-loss",
    "steps/without-adaptation", "steps/walk", "steps/smooth-years",
)  # fmt: skip
CHECKED = (FIRST, "steps/1-irreducible", LAST_NORMAL, "reference", "steps/zero-shot", "steps/bend", "steps/walk")


def main() -> None:
    """Compare, backtest, check, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, default=Path("runs/steps"))
    parser.add_argument("--workers", type=int)
    asked = parser.parse_args()
    names = [FIRST, *(step.name for step in (*WAY, *BESIDE))]
    compared = {}
    for table in TABLES:
        where = asked.directory / table
        compared[table] = bs.compare(
            names, bs.load_evaluations(table), unit="paper", directory=where, workers=asked.workers
        )
        write_whole(PACKAGED / f"{table}.json", strict_json(document_of(compared[table], bs.load_evaluations(table))))
    tested = bs.backtest(list(BACKTESTED), directory=asked.directory / "backtest", workers=asked.workers)
    figure = bs.plot_doubling_times_by_variant(compared["collected"])
    figure.savefig(HERE / "images" / "steps.png", dpi=90, bbox_inches="tight")
    sections = [
        "# How the reference model was built",
        introduction(compared),
        "## The way to it",
        *(way(table, compared[table]) for table in TABLES),
        "## What was tried beside it",
        "Each changes one thing of `reference`.",
        *(beside(table, compared[table]) for table in TABLES),
        "![Doubling times of effective compute on `collected` under each specification](images/steps.png)",
        "## Does it predict what comes later?",
        backtests(tested),
        "## Does it describe what it was fitted to?",
        checks(),
        "## What is known badly",
        sensitivities(),
        "## What was not tried",
        NOT_TRIED,
    ]
    write_whole(HERE / "steps.md", ("\n\n".join(sections) + "\n").encode())


NOT_TRIED = (
    'Labs above papers: neither table says which lab a system is from. `cluster = ["lab", "paper", "system"]` fits '
    "a table that does."
)


def introduction(compared: dict[str, bs.Comparison]) -> str:
    """What the page is, and the rule by which steps are kept."""
    said = [
        "Each step is a file under `models/` that changes one thing; `python notebooks/steps.py` writes this page. "
        "Specifications are scored by the expected log predictive density (elpd, nats) of whole papers left out, by "
        "importance sampling, with refits where it can't be trusted. A difference counts where it is more than "
        f"{LEAST_ERRORS:g} standard errors (± is one); what makes none is kept only for the reason that stands beside "
        f"it. T_C: doubling time of effective compute in months, median and {INTERVAL}."
    ]
    for table, comparison in compared.items():
        difference, error = against(comparison, "reference", FIRST)
        row = rows(comparison).loc["reference"]
        said.append(
            f"- On `{table}`, `reference` predicts papers left out {difference:.1f} ± {error:.1f} nats better than "
            f"`{FIRST}`; T_C is {in_brackets(row)} months, and over all specifications, by stacking, "
            f"{in_months(comparison.averaged_doubling_times().loc['compute'])}."
        )
    return "\n".join([said[0], "", *said[1:]])


def rows(comparison: bs.Comparison) -> pd.DataFrame:
    """The table of a comparison by specification."""
    return comparison.table.set_index("model")


def against(comparison: bs.Comparison, name: str, other: str) -> tuple[float, float]:
    """Difference in elpd of two specifications, with its standard error over units, as in every comparison."""
    scores = {label.partition(" | ")[0]: score for label, score in comparison.scores.items()}
    row = by_arviz({each: scores[each] for each in (name, other)}, METHODS["stacking"], other).loc[name]
    return float(row["elpd_diff"]), float(row["dse"])


def verdict(difference: float, error: float, step: Step) -> str:
    """Whether a step is better, in words; with the reason where one is given."""
    clear = abs(difference) > LEAST_ERRORS * error
    found = ("better" if difference > 0 else "worse") if clear else "alike"
    return f"{found}: {step.why}" if step.why else found


def table_of(header: list[str], lines: list[list[str]]) -> str:
    """A table in Markdown."""
    rule = ["---"] * len(header)
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *lines))


def told(step: Step, comparison: bs.Comparison) -> list[str]:
    """A line of a table on one step."""
    row, (difference, error) = rows(comparison).loc[step.name], against(comparison, step.name, step.after)
    state = f"{row['rhat_max']:.3f}, {row['divergences']:.0f}" + ("" if row["converged"] else ", not converged")
    good = f"{difference:.1f} ± {error:.1f}"
    return [f"`{step.name}`", step.what, good, verdict(difference, error, step), in_brackets(row), state]


HEADER = ["what changes", "elpd less that of {}", "", "T_C, months", "R-hat, divergences"]


def way(table: str, comparison: bs.Comparison) -> str:
    """The steps that were kept, on one table."""
    start = rows(comparison).loc[FIRST]
    begin = [f"`{FIRST}`", "the paper's preferred model, stated priors", "", "", in_brackets(start), ""]
    header = ["specification", *(each.format("the line above") for each in HEADER)]
    lines = table_of(header, [begin, *(told(step, comparison) for step in WAY)])
    return f"On `{table}` ({len(comparison.scores)} specifications, {_papers(table)} papers):\n\n{lines}"


def beside(table: str, comparison: bs.Comparison) -> str:
    """What was tried and is not in the reference, on one table."""
    header = ["specification", *(each.format("`reference`") for each in HEADER)]
    return f"On `{table}`:\n\n{table_of(header, [told(step, comparison) for step in BESIDE])}"


def _papers(table: str) -> int:
    return int(bs.load_evaluations(table)["paper"].nunique())


def backtests(tested: bs.Backtest) -> str:
    """Averages over cut years."""
    found = tested.summary()
    lines = [
        [
            f"`{name}`" if "," not in str(name) else str(name),
            f"{row['cuts']:.0f}",
            f"{row['log_score']:.3f}",
            f"{row['covered_90']:.3f}",
            "" if name == "reference" else f"{row['log_score_diff']:+.2f} ± {row['log_score_diff_se']:.2f}",
        ]
        for name, row in found.iterrows()
    ]
    header = ["forecaster", "years in which it converged", "log score, nats an evaluation", "inside the 90% interval"]
    header += ["`reference` ahead by, in these years"]
    ahead = found.index[found["log_score_diff"] < -LEAST_ERRORS * found["log_score_diff_se"]]
    said = ", ".join(f"`{name}`" for name in ahead) or "none"
    return (
        "Fitted on `ho2024` before each of six years, 2016 to 2021, all later papers predicted; averages over "
        f"years. Ahead of `reference` by more than {LEAST_ERRORS:g} standard errors: {said}; how these predict papers "
        "left out of both tables is above.\n\n" + table_of(header, lines)
    )


def checks() -> str:
    """Predictive checks and prior predictives of steps on the way, and of what was tried beside it."""
    lines = []
    for table in TABLES:
        for name in CHECKED:
            check = bs.predictive_check(bs.fit(name, bs.load_evaluations(table)))
            prior = bs.prior_predictive_summary(bs.prior_predictive(name, bs.load_evaluations(table)))
            flagged = ", ".join(f"{by} {group}" for by, group in check.flagged.index) or "none"
            curve = check.curve
            beyond = np.maximum(curve.lower - curve.difference, curve.difference - curve.upper).max()
            band = "inside" if curve.inside else f"outside, by {beyond * len(check.pit):.0f} of {len(check.pit)} rows"
            lines.append([f"`{name}`", table, band, flagged, f"{prior.plausible:.1%}"])
    header = [
        "specification", "table", "LOO-PIT and its 95% band", "groups that it does not describe",
        "prior predictive losses in .5 to 12 nats",
    ]  # fmt: skip
    return table_of(header, lines)


# ---------------------------------------------------------------------- what is known badly


def sensitivities() -> str:
    """T_C of the reference where rows, sizes or what is unseen are others."""
    collected = bs.load_evaluations("collected")
    kinds = changed("kinds", alpha="1 + (1 | kind)")
    subword = changed("subword", loss="0 + subword")
    everything = bs.load_evaluations("collected", comparable_only=False)
    usable = everything[everything["comparable"] | (everything["reason"] == "per subword token")]
    usable = usable[usable["parameters"].notna() & usable["tokens"].notna()]
    usable.attrs["allowed"] = ["mixed-tokenization"]
    asked = {
        "as it is": ("reference", collected),
        "all seven architectures, exponents pooled": (kinds, collected.assign(kind=collected["architecture"])),
        f"with {int((~usable['comparable']).sum())} results per subword token, a factor on their loss": (
            subword,
            usable.assign(subword=(usable["tokenization"] == "subword").astype(float), comparable=True),
        ),
        "without the 12 rows on the authors' figures": ("reference", collected[collected["evidence"] != "secondary"]),
    }
    for deviation in (0.2, 0.4):
        asked[f"sizes with a further error of {deviation:.0%}"] = ("reference", with_errors(collected, deviation))
    fits = {what: bs.fit(*each) for what, each in asked.items()}
    lines = [[what, str(fit.evaluations.rows), _months(fit)] for what, fit in fits.items()]
    first = fits["as it is"]
    for correlation in (-0.3, 0.0, 0.3):
        what = f"at the middle exponent, unseen efficiency correlated {correlation:+.1f} with ln N"
        lines.append([what, str(first.evaluations.rows), selected(first, correlation)])
    return table_of(["on `collected`", "rows", "T_C, months"], lines) + (
        "\n\nSizes with a further error show which way errors of the sizes given have moved the answer already. The "
        "last lines work out what the exponent of parameters would be if papers of larger models were better, or "
        "worse, in what no column shows (Whitfill 2025, arXiv 2508.11033): effects of papers and systems are then in "
        "part those of size."
    )


def changed(name: str, **coefficients: str) -> bs.Specification:
    """The reference with other formulas, under another name."""
    reference = bs.load_specification("reference")
    mine = {**reference.coefficients, **coefficients}
    gone = {"alpha_architecture"} if "alpha" in coefficients else set()
    kept = {key: prior for key, prior in reference.priors.items() if key not in gone}
    return replace(reference, name=name, coefficients=mine, priors=kept)


def with_errors(table: pd.DataFrame, deviation: float, seed: int = 0) -> pd.DataFrame:
    """Parameters times lognormal errors, the same for all results of a system."""
    rng, systems = np.random.default_rng(seed), table.groupby(["paper", "system"]).ngroup().to_numpy()
    errors = np.exp(deviation * rng.standard_normal(systems.max() + 1))
    return table.assign(parameters=table["parameters"] * errors[systems])


def selected(fit: bs.Fit, correlation: float) -> str:
    r"""T_C if what makes papers and systems better than others had this correlation with ln N.

    Their loss then falls by more with parameters than the law says: the exponent that is seen is alpha + rho tau /
    (s L_N), with s the deviation of ln N over the rows and L_N the parameter term at the central point.
    """
    posterior, rows = fit.posterior, fit.data["constant_data"].to_dataset()
    spread = float(np.log(rows["parameters"]).std())
    term = (posterior["level"] * (1 - posterior["irreducible_share"]) * posterior["share"]).mean("benchmark")
    tau = np.sqrt(posterior["tau"] ** 2 + posterior["tau_paper"] ** 2)
    seen = np.exp(np.log(posterior["alpha"]).mean("architecture"))
    true = seen - correlation * tau / (spread * term)
    rate = posterior["g_N_central"] * seen / true.where(true > 0) + posterior["g_D_central"]
    return in_months(summarise_rate(rate.to_numpy().ravel()))


def _months(fit: bs.Fit) -> str:
    row = bs.doubling_times(fit).loc["compute"].to_dict()
    return in_months(row) + ("" if fit.diagnostics.converged else " (NOT CONVERGED)")


if __name__ == "__main__":
    main()
