"""The report of a comparison: figures and tables of its text, what the terminal shows, and its files."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.common.files import COMPARISON_SETTINGS, COMPARISON_TABLE
from bayes_scaling.common.formatting import counted
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.inference.units import noun_of
from bayes_scaling.plots import comparison_by_model as by_model
from bayes_scaling.plots import studies as plots
from bayes_scaling.quantities.rates import interval_attrs
from bayes_scaling.reports import fit_basis as basis
from bayes_scaling.reports.describe import describe, varying
from bayes_scaling.reports.document import Block, Chart, Document, Section
from bayes_scaling.reports.fit_words import variant_in_words
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.run_directory import picture, write_beside_fits
from bayes_scaling.reports.study_document import Prose
from bayes_scaling.reports.terminal import Compact, left_out
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.comparison.elpd import TIMES
from bayes_scaling.studies.comparison.result import METHODS, MISCOMPUTED, TIE_NATS, Comparison, against_published
from bayes_scaling.studies.comparison.variants import STATED
from bayes_scaling.studies.directory import recorded

SHOWN = 25  # rows that the terminal shows; the file has all
FEW_TIED = 3  # variants that a tie is told of by name
FEWEST_PUBLISHED = 3  # the paper's variants that a comparison with its ranking needs
RANKING_FILE = "ranking.md"
PICTURES = ("comparison.png", "doubling_times_by_variant.png", "pareto_k.png", "criteria.png")
_PROGRESS = "probability_of_progress"  # NaN of a model that assumes no progress
FEWEST_POINTS = 4  # of a scatter plot; a table shows fewer better


def prose_of(comparison: Comparison) -> Prose:
    """The text of its report."""
    fits, about = comparison.table, comparison.evaluations
    good = fits[fits["converged"]]
    moving, still = good[good[_PROGRESS].notna()], good[good[_PROGRESS].isna()]
    by = {by_model.METHOD_WORDS[kind]: comparison.averaged_doubling_times(kind) for kind in METHODS if len(moving)}
    average, smooth = (table.loc["compute"].to_dict() for table in by.values()) if by else (None, None)
    row, source, unit = (noun_of(each, about.kind) for each in (*UNITS, comparison.unit))
    specifications = specifications_of(comparison)
    return Prose(
        "comparison",
        globals(),
        **{"it": comparison, "fits": fits, "about": about, "good": good, "moving": moving},
        **{"noun": "variant", "variants": counted(len(fits), "variant"), "lost": list(fits.index[~fits["converged"]])},
        **{"row": row, "source": source, "unit": unit, "near": f"{TIE_NATS:g} nats"},
        **{"average": average, "smooth": smooth, "tied": comparison.tied},
        averages=pd.concat(by, names=["weights", "factor"]).reset_index() if by else None,
        subject="training runs" if about.kind == "runs" else "language models",
        first=variant_in_words(str(good.index[0])) if len(good) else "",
        still=None if still.empty or moving.empty else still.iloc[0],
        MISCOMPUTED=MISCOMPUTED,
        DOUBLING_COLUMNS=[*TIMES, _PROGRESS, "elpd_diff", "dse"],
        group=lambda row: "can't be told from the best" if row["name"] in comparison.tied else "predicts worse",
        heaviest=", ".join(
            f"{variant_in_words(str(name))} {weight:.2f}"
            for name, weight in comparison.weights["stacking"].head(3).items()
        ),
        unreliable=good["pareto_k_bad"][good["pareto_k_bad"] > 0],
        published=against_published(comparison),
        specifications=specifications,
        progresses=any(each.progresses for each in specifications.values()),
    )


def comparison_document(comparison: Comparison) -> Document:
    """What a reader should see of a comparison; ``data``: what ``comparison.json`` and ``comparison.csv`` have."""
    record = json.loads(comparison_json(comparison)) | {"versions": dict(versions_of(comparison))}
    return prose_of(comparison).document(record | {"table": comparison.table.to_dict("records")})


def priors(moving: pd.DataFrame, tied: Collection[str]) -> pd.DataFrame:
    """Medians by priors, those with the most variants that can't be told from the best first; of one kind nothing."""
    groups, column = moving.assign(tied=moving.index.isin(tied)).groupby("variant", sort=False), TIMES[0]
    found = groups.agg(
        variants=(column, "size"),
        tied=("tied", "sum"),
        shortest=(column, "min"),
        middle=(column, lambda medians: medians.quantile(interpolation="higher")),
        longest=(column, "max"),
    )
    return found.sort_values("tied", ascending=False, kind="stable") if len(found) > 1 else found.head(0)


def terms_of(comparison: Comparison) -> pd.DataFrame:
    """Of each variant, how the terms of its elpd were found."""
    scores = [comparison.scores[str(name)] for name in comparison.table.index]
    return pd.DataFrame(
        {
            "found": [int((~(score.pareto_k_found <= score.good_k)).sum()) for score in scores],
            "matched": [score.count("moment_matching") for score in scores],
            "refitted": [score.count("refit") for score in scores],
            "left": [score.bad for score in scores],
            "units": [len(score.labels) for score in scores],
            "largest": [float(score.pareto_k_found.max()) for score in scores],
            "converged": [not score.bad for score in scores],
        },
        index=list(map(str, comparison.table.index)),
    )


def specifications_of(comparison: Comparison) -> dict[str, Specification]:
    """One specification a model: as fitted, with its stated priors if these were; else that of the catalogue."""
    models = dict.fromkeys(map(str, comparison.table["model"]))
    found = {model: load_specification(model) for model in models if model in list_specifications()}
    last_counts = comparison.table[::-1].sort_values("variant", key=lambda label: label == STATED, kind="stable")
    for name, row in last_counts.iterrows():
        if str(name) in comparison.fits:
            found[str(row["model"])] = comparison.fits[str(name)].specification
    return {model: found[model] for model in models if model in found}


def models_told(comparison: Comparison, specifications: Mapping[str, Specification]) -> Iterator[Block | str]:
    """Title, what varies by what, priors, and equations of each model, best predicting first."""
    for model, labels in comparison.table.groupby("model", sort=False)["variant"]:
        specification = specifications.get(str(model))
        if specification is None:
            yield f"{model}: its specification was not kept, since no fit of it has converged."
            continue
        title, varies = describe(specification).title, varying(specification)
        text = f"{model}: {title}." if title else f"{model}."
        text += f" Varies: {varies}." if varies else " Nothing varies between groups."
        text += "" if specification.progresses else " No progress."
        yield f"{text} Priors: {', '.join(sorted(labels, key=lambda label: (label != STATED, label)))}."
        *lines, _ = basis.equations(specification)  # the last is of the noise
        yield from lines


def versions_of(comparison: Comparison) -> Mapping[str, str]:
    """Versions of software that made the fits; those at hand where no fit was kept."""
    kept = (fit.versions for fit in comparison.fits.values() if fit.versions)
    return next(kept, None) or package_versions()


def comparison_report(comparison: Comparison) -> RenderableType:
    """The best variants in a table, and what follows in sentences."""
    heads = {
        "variant": "variant",
        "rank": "rank",
        "elpd difference ± its error (nats)": "elpd_diff ± dse",
        "doubling time (months)": "doubling time, months",
        "stacking": "weight",
        "error (squared nats)": "LOO-MSE",
    }
    prose, noun = prose_of(comparison), noun_of(comparison.unit, comparison.evaluations.kind)
    (table,), hidden = prose.part("ranking_table"), len(comparison.table) - SHOWN
    table = replace(table, rows=table.rows[:SHOWN])
    shown = Compact(f"By expected log predictive density, one {noun} left out", table, heads, COMPARISON_TABLE)
    more = [Text(f"... and {hidden} more in {COMPARISON_TABLE}")] if hidden > 0 else []
    said = (*prose.part("sentences"), *prose.part("correlation"))
    return Group(shown, *more, Text(), *map(Text, said), *left_out(comparison))


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
    prose = prose_of(comparison)
    published = next(iter(prose.sections("published")), None)
    if published is None:
        return None
    blocks = (block for block in published.blocks if not isinstance(block, Chart))
    said = Section.of("", "", tuple(prose.part("sentences")), *blocks)
    return render_page("Model ranking beside the published one", said)


def write_comparison(comparison: Comparison, directory: Path) -> tuple[Path, ...]:
    """Write everything about a comparison but its fits, which the sweep has written; returns the files."""
    converged, moving = comparison.table["converged"].sum(), comparison.table[_PROGRESS].notna().sum()
    drawn = (
        plots.plot_comparison(comparison).get_viz("figure") if converged > 1 else None,
        plots.plot_doubling_times_by_variant(comparison) if moving else None,
        plots.plot_pareto_k(comparison),
        plots.plot_criteria(comparison) if converged else None,
    )
    contents = {name: picture(figure) for name, figure in zip(PICTURES, drawn, strict=True) if figure is not None}
    if (page := ranking_page(comparison)) is not None:
        contents[RANKING_FILE] = page.encode()
    contents[COMPARISON_TABLE] = comparison.table.to_csv(index=False).encode()
    contents[COMPARISON_SETTINGS] = comparison_json(comparison)
    return write_beside_fits(contents, directory, stale=(RANKING_FILE, *PICTURES))
