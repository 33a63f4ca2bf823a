"""A comparison beside the published ranking of the same structures and penalties."""

from bayes_scaling.comparison.published_ranking import MISCOMPUTED, beside_published
from bayes_scaling.comparison.result import Comparison
from bayes_scaling.posterior_report.document import Block, Bullets, Paragraph, Point, Scatter, Section, Table

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
