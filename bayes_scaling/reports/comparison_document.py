"""The report of a comparison: its first screen, its parts put together, what the terminal shows, and its files."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from bayes_scaling.common.files import COMPARISON_SETTINGS, COMPARISON_TABLE
from bayes_scaling.common.formatting import NOT_CONVERGED, counted, months, probability
from bayes_scaling.inference.units import noun_of, size_of
from bayes_scaling.plots import studies as plots
from bayes_scaling.plots.comparison_by_model import plot_averaged_doubling_times
from bayes_scaling.quantities.rates import INTERVAL, interval_attrs
from bayes_scaling.reports.comparison_sections import (
    PROGRESS,
    averaged,
    change_section,
    differences_picture,
    named,
    published_section,
    ranking_section,
    sentences,
    times_section,
)
from bayes_scaling.reports.comparison_trust import (
    convergence_section,
    leave_one_out_section,
    method_section,
    models_section,
    specifications_of,
    versions_of,
)
from bayes_scaling.reports.document import Banner, Document, Picture, Section, those_made
from bayes_scaling.reports.fit_basis import citation_section, data_section
from bayes_scaling.reports.fit_words import in_brackets, in_months, no_upper_bound, variant_in_words
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.run_directory import picture, write_beside_fits
from bayes_scaling.reports.svg import lead_of
from bayes_scaling.reports.terminal import left_out, rich_table
from bayes_scaling.studies.comparison.result import METHODS, TIE_NATS, Comparison, against_published
from bayes_scaling.studies.directory import recorded

SHOWN = 25  # rows that the terminal shows; the file has all
RANKING_FILE = "ranking.md"
PICTURES = ("comparison.png", "doubling_times_by_variant.png", "pareto_k.png", "criteria.png")


def comparison_document(comparison: Comparison) -> Document:
    """What a reader should see of a comparison; ``data``: what ``comparison.json`` and ``comparison.csv`` have."""
    about, versions = comparison.evaluations, versions_of(comparison)
    specifications = specifications_of(comparison)
    laws = tuple(dict.fromkeys(each.law for each in specifications.values()))
    progress = any(each.progresses for each in specifications.values())
    record = json.loads(comparison_json(comparison))
    return Document(
        title=title_of(comparison),
        subtitle=f"{counted(len(comparison.table), 'variant')} compared on the table '{about.name}' ({size_of(about)})",
        answer=answer_of(comparison),
        lead=lead_picture(comparison),
        banners=tuple(_banners(comparison)),
        sections=those_made(
            *(ranking_section(comparison), times_section(comparison), change_section(comparison)),
            *(published_section(comparison), leave_one_out_section(comparison), convergence_section(comparison)),
            *(models_section(comparison, specifications), _data_section(comparison), method_section(comparison)),
            citation_section(comparison, laws, versions, progress=progress),
        ),
        data=record | {"versions": dict(versions), "table": comparison.table.to_dict("records")},
    )


def title_of(comparison: Comparison) -> str:
    """The question that a comparison answers; one model alone is no best."""
    models = comparison.table.loc[comparison.table["converged"], "model"].nunique()
    subject = "training runs" if comparison.evaluations.kind == "runs" else "language models"
    return f"Which law predicts {subject} best?" if models > 1 else f"How well does one law predict {subject}?"


def answer_of(comparison: Comparison) -> str:
    """In one sentence: which models can't be told apart, by leaving out what, and the averaged doubling time."""
    table = comparison.table
    good, variants = table[table["converged"]], counted(len(table), "variant")
    if good.empty:
        return f"Nothing can be ranked: none of the {variants} has converged."
    unit = noun_of(comparison.unit, comparison.evaluations.kind)
    tied, best = len(comparison.tied), variant_in_words(str(good.index[0]))
    if len(table) == 1:
        first = f"{best} is the only variant, so there is no other to rank it with"
    elif len(good) == 1:
        first = f"Only {best}, of {variants}, has converged, so there is no other to rank it with"
    elif tied > 1:
        first = (
            f"These data can't tell {tied} of {variants} apart by how well they predict one {unit} that is left out "
            f"(best: {best})"
        )
    else:
        first = (
            f"Of {variants}, {best} predicts one {unit} that is left out best, by more than 2 standard errors and "
            f"{TIE_NATS:g} nats"
        )
    average = averaged(comparison)
    if average is None:
        return f"{first}."
    still = _without_progress(comparison)
    first = first if still is None else f"{still}; {first[0].lower()}{first[1:]}"
    first += "; averaged over all models that converged, by stacking weight, "
    if math.isinf(average["median"]):
        return f"{first}no doubling time is found: the probability of progress is {probability(average[PROGRESS])}."
    median, lower, upper = (months(average[part]) for part in ("median", "lower", "upper"))
    return f"{first}effective compute doubles every {median} months ({INTERVAL} {lower} to {upper})."


def _without_progress(comparison: Comparison) -> str | None:
    """How much worse the best variant without progress predicts than the best; None where there is nothing to say."""
    good = comparison.table[comparison.table["converged"]]
    still = good[good[PROGRESS].isna()]
    if still.empty or len(still) == len(good):
        return None
    name, row = str(still.index[0]), still.iloc[0]
    law = f"A law without progress ({variant_in_words(name)})"
    if name == str(good.index[0]):
        return f"{law} predicts best, so these data don't need progress"
    if name in comparison.tied:
        return f"{law} can't be told from the best, so these data don't settle that there is any"
    return f"{law} predicts worse than the best by {-row['elpd_diff']:.1f} nats (standard error {row['dse']:.1f})"


def _banners(comparison: Comparison) -> Iterator[Banner]:
    table = comparison.table
    good, lost = table[table["converged"]], table[~table["converged"]]
    again = "Run the same command again with another --seed, or give these models priors that say more."
    if good.empty:
        yield Banner(
            NOT_CONVERGED,
            f"None of the {counted(len(table), 'variant')} has converged, so there are no ranks, no weights and no "
            f"average. Do not use any figure of this report. {again}",
        )
        return
    if len(lost):
        yield Banner(
            f"{NOT_CONVERGED}: {len(lost)} OF {len(table)}",
            f"{named(lost.index)} {'has' if len(lost) == 1 else 'have'} not converged. Out of ranks, weights and "
            f"averages; marked and last in every table. {again}",
        )
    bad = good[good["pareto_k_bad"] > 0]
    if len(bad):
        yield Banner(
            "UNRELIABLE TERMS",
            f"{counted(int(bad['pareto_k_bad'].sum()), 'term')} of elpd could not be found reliably, in "
            f"{named(bad.index)}: ranks and weights rest in part on them.",
        )
    average = averaged(comparison)
    if average is not None:
        yield from no_upper_bound("the averaged doubling time of effective compute", average)


def lead_picture(comparison: Comparison) -> Picture | None:
    """Averaged doubling times above the models that weigh most; without progress, differences; else None."""
    average, other = averaged(comparison), averaged(comparison, "pseudo_bma")
    if average is None or other is None:
        return differences_picture(comparison)
    heaviest = comparison.weights["stacking"].head(3)
    weights = ", ".join(f"{variant_in_words(str(name))} {weight:.2f}" for name, weight in heaviest.items())
    figure = plot_averaged_doubling_times(comparison, visuals={"figures": False})
    return lead_of(
        figure,
        1.6 + 0.24 * len(figure.axes[0].get_yticks()),
        "averaged-doubling-time",
        "Doubling time of effective compute, averaged over models",
        f"Doubling times in months on a logarithmic axis, median and {INTERVAL}: of all models that converged, by "
        f"stacking weight {in_months(average)}, by pseudo-BMA+ {in_months(other)}; below them the models that weigh "
        f"most (largest stacking weights: {weights}). The published 95% bootstrap interval is shaded.",
    )


def _data_section(comparison: Comparison) -> Section | None:
    """All variants are fitted to one table, and any fit has its rows."""
    for fit in comparison.fits.values():
        return data_section(fit, fitted=False)
    about = comparison.evaluations
    selected = f"; selected: {'; '.join(about.selections)}" if about.selections else ""
    return Section.of("data", "Data", f"{size_of(about)}, of the table '{about.name}'{selected}.")


def comparison_report(comparison: Comparison) -> RenderableType:
    """The best variants in a table, and what follows in sentences."""
    noun = noun_of(comparison.unit, comparison.evaluations.kind)
    heads = ("elpd_diff ± dse", "weight", "LOO-MSE", "doubling time, months")
    plain = (Column(name, no_wrap=True) for name in ("model", "priors"))
    columns = (*plain, *(Column(name, justify="right") for name in heads))
    rows = []
    for row in comparison.table.head(SHOWN).to_dict("records"):
        times = "no progress assumed" if math.isnan(row[PROGRESS]) else in_brackets(row)
        cells = (f"{row['elpd_diff']:.1f} ± {row['dse']:.1f}", f"{row['weight']:.2f}", f"{row['loo_mse']:.4f}", times)
        rows.append((row["model"], row["variant"], *(cells if row["converged"] else (NOT_CONVERGED, "", "", ""))))
    shown = rich_table(f"By expected log predictive density, one {noun} left out", columns, rows)
    hidden, published = len(comparison.table) - SHOWN, against_published(comparison)
    more = [Text(f"... and {hidden} more in comparison.csv")] if hidden > 0 else []
    said = [Text(), *map(Text, sentences(comparison)), *left_out(comparison)]
    if len(published) > 2:
        by_elpd, by_mse = (published.attrs[f"spearman_{name}"] for name in ("elpd", "loo_mse"))
        said.append(
            Text(
                f"Rank correlation with the published leave-one-out table ({len(published)} variants, model 18 left "
                f"out): {by_elpd:.2f} by elpd, {by_mse:.2f} by LOO-MSE."
            )
        )
    return Group(shown, *more, *said)


def comparison_json(comparison: Comparison) -> bytes:
    """`comparison.json`: settings, unit of cross-validation, weights, averages, fingerprints and versions."""
    return recorded(
        comparison,
        unit=comparison.unit,
        interval=interval_attrs(),
        variants=len(comparison.table),
        converged=int(comparison.table["converged"].sum()),
        tied_with_the_best=list(comparison.tied),
        weights=comparison.weights.to_dict(),
        averaged_doubling_time_months={
            kind: comparison.averaged_doubling_times(kind).to_dict("index") for kind in METHODS if comparison.fits
        },
        fingerprints=dict(comparison.fingerprints),
    )


def ranking_page(comparison: Comparison) -> str | None:
    """Markdown: what the comparison says, and its ranking compared with Table 11 of Ho et al. 2024, if it can be."""
    published = published_section(comparison, tuple(sentences(comparison)))
    if published is None:
        return None
    blocks = tuple(block for block in published.blocks if getattr(block, "name", "") != "published-errors")
    return render_page("Model ranking beside the published one", Section("ranking", "", blocks))


def write_comparison(comparison: Comparison, directory: Path) -> tuple[Path, ...]:
    """Write everything about a comparison but its fits, which the sweep has written; returns the files."""
    converged = int(comparison.table["converged"].sum())
    figures = {}
    if converged > 1:
        figures[PICTURES[0]] = plots.plot_comparison(comparison).get_viz("figure")
    if comparison.table[PROGRESS].notna().any():
        figures[PICTURES[1]] = plots.plot_doubling_times_by_variant(comparison)
    figures[PICTURES[2]] = plots.plot_pareto_k(comparison)
    if converged:
        figures[PICTURES[3]] = plots.plot_criteria(comparison)
    contents = {name: picture(figure) for name, figure in figures.items()}
    page = ranking_page(comparison)
    if page is not None:
        contents[RANKING_FILE] = page.encode()
    contents[COMPARISON_TABLE] = comparison.table.to_csv(index=False).encode()
    contents[COMPARISON_SETTINGS] = comparison_json(comparison)
    return write_beside_fits(contents, directory, stale=(RANKING_FILE, *PICTURES))
