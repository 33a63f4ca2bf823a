"""Sections of a comparison's report: the models, their ranking and times, what is published, and the method."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import asdict
from typing import Any

from bayes_scaling.comparison.result import METHODS, MISCOMPUTED, TIE_NATS, Comparison, beside_published
from bayes_scaling.comparison.variants import STATED
from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.plots.comparison_by_model import METHOD_WORDS
from bayes_scaling.plots.marks import NOT_CONVERGED
from bayes_scaling.posterior_report.comparison_answer import averaged, differences_picture
from bayes_scaling.posterior_report.document import (
    Block,
    Bullets,
    Equation,
    Paragraph,
    Picture,
    Point,
    Scatter,
    Section,
    Table,
)
from bayes_scaling.posterior_report.fit_tables import INTERVAL, in_months, number
from bayes_scaling.posterior_report.svg import picture_of
from bayes_scaling.report.comparison import sentences
from bayes_scaling.report.units import noun_of
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.describe import describe, varying
from bayes_scaling.specifications.mathematics import is_equation, tex
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.words import counted, months, probability


def specifications_of(comparison: Comparison) -> dict[str, Specification]:
    """One specification a model: as fitted, with its stated priors if these were; else that of the catalogue."""
    found: dict[str, Specification] = {}
    for name, row in comparison.table.to_dict("index").items():
        fit = comparison.fits.get(str(name))
        if fit is not None and (row["model"] not in found or row["variant"] == STATED):
            found[str(row["model"])] = fit.specification
    catalogue = set(list_specifications())
    models = list(dict.fromkeys(map(str, comparison.table["model"])))
    missing = [model for model in models if model not in found and model in catalogue]
    found |= {model: load_specification(model) for model in missing}
    return {model: found[model] for model in models if model in found}


def models_section(comparison: Comparison, specifications: Mapping[str, Specification]) -> Section:
    """Title, equations, and what varies by what, of each model, best predicting first."""
    dated = "" if comparison.evaluations.kind == "runs" else "; Y: date of publication, years"
    blocks: list[Block] = [
        Paragraph(
            f"L: loss, nats per token; N: parameters; D: training tokens{dated}. "
            "`bayes-scaling models NAME` shows the priors of one of the catalogue."
        )
    ]
    for model in dict.fromkeys(map(str, comparison.table["model"])):
        labels = list(map(str, comparison.table.loc[comparison.table["model"] == model, "variant"]))
        specification = specifications.get(model)
        if specification is None:
            blocks.append(Paragraph(f"{model}: its specification was not kept, since no fit of it has converged."))
            continue
        blocks.append(Paragraph(_in_words(model, specification, labels)))
        *lines, _ = describe(specification).equations  # the last is of the noise
        blocks += [Equation(tex(line)) if is_equation(line) else Paragraph(line) for line in lines]
    return Section("models", "The models", tuple(blocks))


def _in_words(model: str, specification: Specification, labels: list[str]) -> str:
    told = describe(specification)
    varies = varying(specification)
    text = f"{model}: {told.title}." if told.title else f"{model}."
    text += f" Varies: {varies}." if varies else " Nothing varies between groups."
    text += "" if specification.progresses else " No progress."
    return f"{text} Priors: {', '.join(sorted(labels, key=lambda label: (label != STATED, label)))}."


_TIMES = "compute_doubling_months_"


def ranking_section(comparison: Comparison) -> Section:
    """What the comparison says, the picture of differences, and all variants in a table."""
    several = int(comparison.table["converged"].sum()) > 1
    told = tuple(each for each in sentences(comparison) if several or not each.startswith("Best: "))
    blocks: list[Block] = [Bullets(told)]
    if averaged(comparison) is not None:  # otherwise it is the lead
        picture = differences_picture(comparison)
        blocks += [picture] if picture is not None else []
    blocks += [
        Paragraph(
            "Differences are of the expected log predictive density (elpd), this variant less the best, in nats, with "
            f"their standard error. A variant is tied with the best within 2 standard errors, or {TIE_NATS:g} nats. "
            "Stacking weights make the best mixture of predictions: of near-ties one gets all the weight, so 0 beside "
            "a tie is no verdict. Pseudo-BMA+ weights fall smoothly with the difference."
        ),
        ranking_table(comparison),
    ]
    return Section("ranking", "Which models predict best" if several else "How well the model predicts", tuple(blocks))


def ranking_table(comparison: Comparison) -> Table:
    """One row a variant, best first, those that have not converged last and marked."""
    tied = set(comparison.tied)
    rows, marked = [], set()
    for place, (name, row) in enumerate(comparison.table.to_dict("index").items()):
        if not row["converged"]:
            marked.add(place)
        rows.append((str(name), *_cells(row, tied=str(name) in tied)))
    columns = (
        "variant",
        "rank",
        "elpd difference ± its error (nats)",
        "tied",
        "stacking",
        "pseudo-BMA+",
        "error (squared nats)",
        "doubling time (months)",
        "probability of progress",
    )
    noun = noun_of(comparison.unit, comparison.evaluations.kind)
    caption = (
        f"Every variant, one {noun} left out at a time; tied: can't be told from the best; weights by "
        "stacking and by pseudo-BMA+; error: mean squared error of what is left out; doubling times of effective "
        f"compute in months, median and {INTERVAL}"
    )
    return Table("ranking-table", caption, columns, tuple(rows), frozenset(marked))


def _cells(row: Mapping[Hashable, Any], *, tied: bool) -> tuple[str, ...]:
    if not row["converged"]:
        return (NOT_CONVERGED, *[""] * 7)
    progress = float(row["probability_of_progress"])
    times = {part: float(row[f"{_TIMES}{part}"]) for part in ("median", "lower", "upper")}
    return (
        str(int(row["rank"]) + 1),
        f"{row['elpd_diff']:.1f} ± {row['dse']:.1f}",
        "yes" if tied else "no",
        f"{row['weight']:.3f}",
        f"{row['weight_pseudo_bma']:.3f}",
        f"{row['loo_mse']:.5f}",
        "no progress assumed" if math.isnan(progress) else in_months(times),
        "" if math.isnan(progress) else probability(progress),
    )


def times_section(comparison: Comparison) -> Section | None:
    """Averages by both kinds of weights, and one picture of all variants; None without progress."""
    if averaged(comparison) is None:
        return None
    return Section(
        "doubling-times",
        "Doubling times",
        (
            Paragraph(
                "Averaged over all models that converged, each with its weight. Rates are averaged, not doubling "
                "times; a model without progress counts as a rate of 0. T in months; g in log units a year."
            ),
            Equation(r"p(g) = \sum_m w_m\, p_m(g \mid y), \qquad T = \frac{12 \ln 2}{g}"),
            _averages(comparison),
            _by_model(comparison),
        ),
    )


def _averages(comparison: Comparison) -> Table:
    rows = []
    for kind in METHODS:
        for factor, row in comparison.averaged_doubling_times(kind).to_dict("index").items():
            defined = row["weight_defined"] > 0
            rows.append(
                (
                    f"{factor}, by {METHOD_WORDS[kind]}",
                    in_months(row) if defined else "not defined",
                    probability(row["probability_of_progress"]) if defined else "",
                    number(row["weight_defined"]),
                )
            )
    columns = (
        "effective",
        f"doubling time in months ({INTERVAL})",
        "probability of progress",
        "weight that defines it",
    )
    caption = (
        "Doubling times averaged over models; a law of compute alone has no rate of parameters or data, and the last "
        "column is the weight of the models that have"
    )
    return Table("averaged-doubling-times", caption, columns, tuple(rows))


def _by_model(comparison: Comparison) -> Picture:
    from bayes_scaling.plots.comparison_by_model import plot_doubling_times_by_model

    table = comparison.table[comparison.table["converged"] & comparison.table["probability_of_progress"].notna()]
    medians = table["compute_doubling_months_median"]
    lost = int((~comparison.table["converged"]).sum())
    text = (
        f"Doubling time of effective compute of every variant, months on a logarithmic axis, median and {INTERVAL}, "
        f"one band for each model, best predicting first, in it one line for each of its priors. Medians run from "
        f"{months(float(medians.min()))} ({medians.idxmin()}) to {months(float(medians.max()))} ({medians.idxmax()})."
    )
    if lost:
        text += f" {counted(lost, 'variant')} that did not converge: red crosses."
    return picture_of(
        plot_doubling_times_by_model(comparison), "doubling-times-by-model", "Doubling time of every variant", text
    )


_FEWEST = 3


def published_section(comparison: Comparison) -> Section | None:
    """None for fewer than three of the published variants."""
    beside = beside_published(comparison)
    if len(beside) < _FEWEST:
        return None
    said = (
        f"Spearman's rank correlation with the published order ({MISCOMPUTED} left out): "
        f"{beside.attrs['spearman_elpd']:.2f} by elpd, {beside.attrs['spearman_loo_mse']:.2f} by mean squared error.",
        f"{MISCOMPUTED} is left out because its published error comes from a slip in its prediction.",
    )
    about = Paragraph(
        "Published: leave-one-out mean squared errors of point estimates on 184 of the 231 evaluations (Ho et al. "
        "2024, arXiv 2403.05812, Table 11). Here: of posterior means, on the table of this comparison. Stated priors "
        "stand where the published grid has delta = 0."
    )
    rows = tuple(
        (
            str(name),
            *(f"{row[rank]:.0f}" for rank in ("rank", "mse_rank", "published_rank")),
            f"{row['loo_mse']:.5f}",
            f"{row['published_mse']:.5f}",
        )
        for name, row in beside.iterrows()
    )
    columns = ("variant", "rank by elpd", "rank by error", "published rank", "error", "published error")
    caption = "Ranks and leave-one-out mean squared errors (squared nats) beside the published ones"
    blocks: tuple[Block, ...] = (
        about,
        Bullets(said),
        *_scatter(comparison),
        Table("published-ranks", caption, columns, rows),
    )
    return Section("published", "Beside the published ranking", blocks)


def _scatter(comparison: Comparison) -> tuple[Scatter, ...]:
    beside = beside_published(comparison)
    sound = beside[beside["model"] != MISCOMPUTED]
    tied = set(comparison.tied)
    points = tuple(
        Point(
            x=float(row["published_mse"]),
            y=float(row["loo_mse"]),
            group="can't be told from the best" if str(name) in tied else "predicts worse",
            label=str(name),
            details=(
                ("published error (squared nats)", f"{row['published_mse']:.5f}"),
                ("error (squared nats)", f"{row['loo_mse']:.5f}"),
                ("published rank", f"{row['published_rank']:.0f}"),
                ("rank by elpd", f"{row['rank']:.0f}"),
            ),
        )
        for name, row in sound.iterrows()
    )
    if len(points) < _FEWEST:
        return ()
    return (
        Scatter(
            "published-errors",
            "Left-out errors, published and here",
            f"{len(points)} variants: published leave-one-out mean squared error, {sound['published_mse'].min():.4f} "
            f"to {sound['published_mse'].max():.4f}, against that of posterior means, {sound['loo_mse'].min():.4f} to "
            f"{sound['loo_mse'].max():.4f} (squared nats).",
            "published mean squared error (squared nats)",
            "mean squared error (squared nats)",
            points,
        ),
    )


def versions_of(comparison: Comparison) -> Mapping[str, str]:
    """Versions of software that made the fits; those at hand where no fit was kept."""
    for fit in comparison.fits.values():
        if fit.versions:
            return fit.versions
    return package_versions()


def method_section(comparison: Comparison) -> Section:
    """Sampler, settings, seed, versions, and the fingerprint of every fit."""
    blocks: list[Block] = [
        Paragraph(
            "Every variant is sampled by the No-U-Turn sampler (nutpie) from its PyMC model; one that misses a "
            "criterion gets longer and more careful attempts. Equal fingerprints, equal fits."
        )
    ]
    if comparison.settings is not None:
        rows = [*asdict(comparison.settings).items(), ("seed", comparison.seed)]
        caption = "Settings of the first attempt of each fit"
        blocks.append(
            Table("settings", caption, ("setting", "value"), tuple((name, str(value)) for name, value in rows))
        )
    versions = tuple((name, str(version)) for name, version in versions_of(comparison).items())
    blocks.append(Table("versions", "Versions of software", ("package", "version"), versions))
    hours = float(comparison.table["seconds"].sum()) / 3600
    blocks.append(Paragraph(f"Fits and cross-validation took {hours:.2f} hours of one core, all together."))
    prints = tuple((str(name), comparison.fingerprints.get(str(name), "")) for name in comparison.table.index)
    if any(value for _, value in prints):
        caption = "Fingerprints: SHA-256 of data, specification, priors, settings, seed and versions"
        blocks.append(Table("fingerprints", caption, ("variant", "fingerprint"), prints))
    if comparison.set_aside:
        blocks.append(Paragraph(f"{counted(len(comparison.set_aside), 'file')} could not be read, and was made again:"))
        blocks.append(Bullets(tuple(f"{file}: {reason}" for file, reason in comparison.set_aside)))
    return Section("method", "Method", tuple(blocks))
