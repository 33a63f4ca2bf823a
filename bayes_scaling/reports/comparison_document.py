"""The report of a comparison: figures and tables of its text, what the terminal shows, and its files."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from bayes_scaling.common.files import COMPARISON_SETTINGS, COMPARISON_TABLE
from bayes_scaling.common.formatting import counted
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.units import noun_of
from bayes_scaling.plots import comparison_by_model as by_model
from bayes_scaling.plots import studies as plots
from bayes_scaling.reports.describe import varying
from bayes_scaling.reports.document import Chart, Document, Section
from bayes_scaling.reports.fit_words import variant_in_words
from bayes_scaling.reports.markdown import render_page
from bayes_scaling.reports.prose import Prose
from bayes_scaling.reports.run_directory import picture, write_beside_fits
from bayes_scaling.reports.study_document import STUDY_WORDS, versions_of
from bayes_scaling.reports.terminal import Compact, left_out
from bayes_scaling.studies.comparison.compare import comparison_json
from bayes_scaling.studies.comparison.elpd import TIMES
from bayes_scaling.studies.comparison.result import (
    MISCOMPUTED,
    TIE_NATS,
    Comparison,
    against_published,
    by_priors,
    specifications_of,
    terms_of,
)
from bayes_scaling.studies.comparison.variants import STATED

SHOWN = 25  # rows that the terminal shows; the file has all
FEWEST_PUBLISHED = 3  # the paper's variants that a comparison with its ranking needs
RANKING_FILE = "ranking.md"
PICTURES = ("comparison.png", "doubling_times_by_variant.png", "pareto_k.png", "criteria.png")
_PROGRESS = "probability_of_progress"  # NaN of a model that assumes no progress


def prose_of(comparison: Comparison) -> Prose:
    """The text of its report."""
    fits, about = comparison.table, comparison.evaluations
    good = fits[fits["converged"]]
    moving, still = good[good[_PROGRESS].notna()], good[good[_PROGRESS].isna()]
    methods = by_model.METHOD_WORDS.items() if len(moving) else ()
    by = {words: comparison.averaged_doubling_times(kind) for kind, words in methods}
    average, smooth = (table.loc["compute"].to_dict() for table in by.values()) if by else (None, None)
    row, source, unit = (noun_of(each, about.kind) for each in (*UNITS, comparison.unit))
    return Prose(
        "comparison",
        **{**STUDY_WORDS, "plots": plots, "by_model": by_model, "by_priors": by_priors, "terms_of": terms_of},
        **{"COMPARISON_TABLE": COMPARISON_TABLE, "FEWEST_PUBLISHED": FEWEST_PUBLISHED, "MISCOMPUTED": MISCOMPUTED},
        **{"it": comparison, "fits": fits, "about": about, "good": good, "moving": moving},
        **{"noun": "variant", "variants": counted(len(fits), "variant"), "lost": list(fits.index[~fits["converged"]])},
        **{"varying": varying, "row": row, "source": source, "unit": unit, "near": f"{TIE_NATS:g} nats"},
        **{"average": average, "smooth": smooth, "tied": comparison.tied},
        averages=pd.concat(by, names=["weights", "factor"]).reset_index() if by else None,
        subject="training runs" if about.kind == "runs" else "language models",
        first=variant_in_words(str(good.index[0])) if len(good) else "",
        still=None if still.empty or moving.empty else still.iloc[0],
        ranked=fits[[*TIMES, _PROGRESS, "elpd_diff", "dse"]],
        unreliable=good["pareto_k_bad"][good["pareto_k_bad"] > 0],
        published=against_published(comparison),
        versions=partial(versions_of, comparison.fits.values()),
        specifications=specifications_of(comparison),
        labels=fits.groupby("model", sort=False)["variant"].agg(
            partial(sorted, key=lambda each: (each != STATED, each))
        ),
    )


def comparison_document(comparison: Comparison) -> Document:
    """What a reader should see of a comparison; ``data``: what ``comparison.json`` and ``comparison.csv`` have."""
    record = json.loads(comparison_json(comparison)) | {"versions": dict(versions_of(comparison.fits.values()))}
    return prose_of(comparison).document(record | {"table": comparison.table.to_dict("records")})


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
