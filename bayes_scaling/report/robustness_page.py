"""A page that answers whether the doubling time depends on what was chosen."""

from bayes_scaling.quantities.rates import INTERVAL_KIND, INTERVAL_PROBABILITY
from bayes_scaling.report.robustness_text import difference, found, published, published_sentence, records, sentences
from bayes_scaling.robustness_cases.result import Robustness
from bayes_scaling.words import probability

WIDTHS = (
    "How wide two intervals are is compared as rates, g_C = 12 ln 2 / T_C (log units per year): an interval in months "
    "is the longer the slower progress is, and has no length where it has no bound. A published interval is turned "
    "into rates end by end; one with a negative end, of a doubling time whose sign changes, is not compared."
)
"""What every sentence on widths rests on."""


def robustness_page(result: Robustness) -> str:
    """Markdown: the answer, one line a case, how published figures differ, sources, and what was skipped."""
    rows = records(result)
    beside = {name: row for name, row in rows.items() if published(row)}
    lines = [
        "# Does the doubling time depend on what was chosen?",
        "",
        *(f"- {sentence}" for sentence in sentences(result)),
        "",
        f"Doubling time of effective compute in months: median and {INTERVAL_PROBABILITY:.0%} {INTERVAL_KIND} credible "
        "interval, mapped from those of the rate. P: probability of progress. elpd_diff: expected log predictive "
        "density, one evaluation left out at a time, less the baseline's, with its standard error, in nats; given for "
        "cases on exactly the baseline's rows. Published figures are of the paper's own rows, by bootstraps of point "
        "estimates.",
        "",
        "| case | question | model, priors | rows | papers | found | P | elpd_diff ± dse | published |",
        "|---|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for name, row in rows.items():
        model = f"{row['model']}, {row['priors']}" + ("" if row["era"] == "all dates" else f", {row['era']} the cut")
        mark = "" if row["converged"] else f" **not converged**: {row['reason']}"
        kept = f"{row['rows']}" if row["selection"] == "all rows" else f"{row['rows']}: {row['selection']}"
        cells = (
            name,
            row["question"],
            model,
            kept,
            row["papers"],
            found(row) + mark,
            probability(row["probability_of_progress"]),
            difference(name, row),
            published(row),
        )
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    if beside:
        lines += ["", "## Beside what is published", "", WIDTHS, ""]
        lines += [f"- {published_sentence(name, row)}" for name, row in beside.items()]
        lines += ["", "## Sources", ""]
        lines += [f"- {name}: {row['published_source']}." for name, row in beside.items()]
    if result.skipped:
        lines += ["", "## Skipped", ""]
        lines += [f"- {name}: {reason}." for name, reason in result.skipped.items()]
    return "\n".join(lines) + "\n"
