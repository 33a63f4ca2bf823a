"""Training curves, cut at compute values into IsoFLOP profiles, and their lower envelope (classical approach 1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayes_scaling.common.arrays import Floats
from bayes_scaling.errors import RunsError
from bayes_scaling.model.requirements import require_above
from bayes_scaling.quantities.arguments import budgets_of
from bayes_scaling.studies.approaches.rows import COLUMNS, CURVE, LEAST_BUDGETS, LEAST_MODELS

SPACING = 4.0
"""Factor of compute from one slice to the next: with 2, 90% intervals held the exponent of 20 of 25 simulated tables of
curves whose noise wanders; with 4, of 22 of 25."""
LEAST_CURVES = 4  # curves that a slice needs: a parabola and one to contradict it
SAME_SIZE = 1e-6  # relative difference of sizes below which points are of one model


@dataclass(frozen=True, eq=False)
class Curve:
    """One training curve: logarithms of FLOP spent, tokens seen and loss in nats per token, along compute."""

    name: str
    parameters: float
    log_flop: Floats
    log_tokens: Floats
    log_loss: Floats


def curves_of(table: pd.DataFrame) -> tuple[Curve, ...]:
    """Training curves of a table (``series``; ``flop``, ``tokens`` so far), each checked, by size of the model."""
    missing = [name for name in ("series", *COLUMNS) if name not in table]
    if missing:
        raise RunsError(
            f"training curves need a column {missing[0]}; series names the curve of each row, and `read_runs` fills in "
            "tokens or flop"
        )
    for column in COLUMNS:
        require_above(table[column], 0.0)
    named = table[table["series"].notna()]
    curves = [_curve(str(name), points) for name, points in named.groupby("series", sort=False)]
    if len(curves) < LEAST_MODELS:
        raise RunsError(
            f"training curves of at least {LEAST_MODELS} models are needed, and this table has {len(curves)}; "
            "the column series must name each run's curve"
        )
    return tuple(sorted(curves, key=lambda curve: curve.parameters))


def _curve(name: str, points: pd.DataFrame) -> Curve:
    points = points.sort_values("flop")
    sizes, log_flop = points["parameters"].to_numpy(float), np.log(points["flop"].to_numpy(float))
    if sizes.max() / sizes.min() - 1 > SAME_SIZE:
        raise RunsError(
            f"series {name!r} has models of {sizes.min():g} to {sizes.max():g} parameters, and a training curve is of "
            "one; if series are budgets, use `isoflop_profiles`"
        )
    if len(points) < 2:
        raise RunsError(f"series {name!r} has one point, and a training curve needs two; drop it")
    if (np.diff(log_flop) <= 0).any():
        twice = points["flop"].to_numpy(float)[1:][np.diff(log_flop) <= 0][0]
        raise RunsError(f"series {name!r} has two points at {twice:g} FLOP; keep one of them")
    log_tokens, log_loss = (np.log(points[column].to_numpy(float)) for column in ("tokens", "loss"))
    return Curve(name, float(sizes[0]), log_flop, log_tokens, log_loss)


def curve_slices(
    table: pd.DataFrame,
    *,
    spacing: float = SPACING,
    compute: Sequence[float] | None = None,
    least_curves: int = LEAST_CURVES,
) -> pd.DataFrame:
    """Cut training curves at a few compute values (FLOP): the runs of IsoFLOP profiles, a ``series`` each slice.

    Log loss and log tokens are interpolated on log compute. What wanders along a curve counts as independent from slice
    to slice: slices closer than noise keeps its sign make intervals too narrow, so compare a wider ``spacing``.
    """
    if isinstance(spacing, bool) or not isinstance(spacing, (int, float)) or not 1 < spacing < np.inf:
        raise RunsError(f"spacing must be a factor above 1, not {spacing!r}")
    if isinstance(least_curves, bool) or not isinstance(least_curves, int) or least_curves < LEAST_MODELS:
        raise RunsError(f"least_curves must be a whole number of at least {LEAST_MODELS}, not {least_curves!r}")
    curves = curves_of(table)
    if compute is None:
        where = _grid(curves, float(np.log(spacing)), least_curves)
    else:
        where = np.unique(np.log(np.atleast_1d(budgets_of(compute))))
    losses, tokens = _interpolated(curves, where)
    crossed = np.isfinite(losses)
    enough = crossed.sum(axis=1) >= least_curves
    count = int(enough.sum())
    if count < LEAST_BUDGETS:
        raise RunsError(
            f"only {count} of {len(where)} compute values are crossed by {least_curves} curves or more, and "
            f"{LEAST_BUDGETS} are needed; choose a smaller spacing or other values of compute"
        )
    at, of = np.nonzero(crossed & enough[:, None])
    slices = pd.DataFrame(
        {
            "series": [f"{np.exp(log_flop):.4g}" for log_flop in where[at]],
            CURVE: [curves[each].name for each in of],
            "parameters": [curves[each].parameters for each in of],
            "tokens": np.exp(tokens[at, of]),
            "flop": np.exp(where[at]),
            "loss": np.exp(losses[at, of]),
        }
    )
    slices.index = pd.Index(slices[CURVE] + " at " + slices["series"], name="id")
    said = f"training curves cut at {count} values of compute"
    slices.attrs = {**table.attrs, "selections": [*table.attrs.get("selections", []), said]}
    return slices


def _interpolated(curves: tuple[Curve, ...], log_flop: Floats) -> tuple[Floats, Floats]:
    """Log losses and log tokens, ``(points, curves)``, linear in log compute; NaN outside a curve's own range."""
    losses, tokens = (
        np.stack([np.interp(log_flop, one.log_flop, getattr(one, what), np.nan, np.nan) for one in curves], axis=1)
        for what in ("log_loss", "log_tokens")
    )
    return losses, tokens


def _grid(curves: tuple[Curve, ...], step: float, least: int) -> Floats:
    """Log-spaced compute values, symmetric within the range that enough curves cross."""
    starts = np.sort([curve.log_flop[0] for curve in curves])
    ends = np.sort([curve.log_flop[-1] for curve in curves])
    if len(curves) < least:
        return np.empty(0)
    low, high = starts[least - 1], ends[-least]
    count = int(np.floor((high - low) / step + 1e-9)) + 1
    grid: Floats = low + (high - low - (count - 1) * step) / 2 + step * np.arange(max(count, 0))
    return grid


POINTS = 1500  # values of compute in Hoffmann et al. 2022


@dataclass(frozen=True, eq=False)
class Envelope:
    """Lowest curve at each compute; slopes a, b of its log size and log tokens on log compute."""

    a: float
    b: float
    table: pd.DataFrame


def envelope(table: pd.DataFrame, *, points: int = POINTS) -> Envelope:
    """Take the lowest curve at log-spaced compute values, where it is neither the smallest nor the largest model's.

    Source: Hoffmann et al. 2022 (arXiv 2203.15556), section 3.1, who do not say what they do at the ends, where the
    best size is one that was not trained. The points are not independent, and a step of the envelope is as long as the
    models are apart: an interval by their scatter would be of no use. :func:`bayes_scaling.training_curves` has one.
    """
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise RunsError(f"points must be a whole number of at least 2, not {points!r}")
    curves = curves_of(table)
    low, high = min(curve.log_flop[0] for curve in curves), max(curve.log_flop[-1] for curve in curves)
    where = np.linspace(low, high, points)
    losses, tokens = _interpolated(curves, where)  # by size, ascending
    there = np.isfinite(losses)
    best = np.argmin(np.where(there, losses, np.inf), axis=1)
    smallest, largest = np.argmax(there, axis=1), len(curves) - 1 - np.argmax(there[:, ::-1], axis=1)
    inner = there.any(axis=1) & (best > smallest) & (best < largest)
    if len(np.unique(best[inner])) < 2:
        raise RunsError(
            "the lowest curve is that of the smallest or the largest model nearly everywhere, so these curves have no "
            "envelope; add models of other sizes, or longer curves"
        )
    at, of = np.flatnonzero(inner), best[inner]
    found = pd.DataFrame(
        {
            "compute": np.exp(where[inner]),
            "parameters": [curves[each].parameters for each in of],
            "tokens": np.exp(tokens[at, of]),
            "loss": np.exp(losses[at, of]),
            "series": [curves[each].name for each in of],
        }
    )
    a, b = (float(np.polyfit(where[inner], np.log(found[size]), 1)[0]) for size in ("parameters", "tokens"))
    return Envelope(a, b, found)
