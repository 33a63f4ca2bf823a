"""Rank curves of a calibration, each in its simultaneous band."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_scaling.common.formatting import counted
from bayes_scaling.plots.drawing import Drawing, shortened
from bayes_scaling.plots.style import INK, POSTERIOR, PRIOR, WARNING
from bayes_scaling.plots.visuals import Visuals, look_of, named
from bayes_scaling.quantities.uniformity import BAND
from bayes_scaling.studies.calibration.result import Calibration, rank_curve

_VISUALS = ("ranks", "band", "reference", "title")
_COLUMNS = 4


def plot_calibration(calibration: Calibration, *, visuals: Visuals | None = None, backend: str | None = None) -> Figure:
    """Draw for each quantity how far the ranks of true values are from uniform.

    Parameters
    ----------
    calibration
        See :func:`bayes_scaling.calibrate`.
    visuals, backend
        Visuals to leave out or to draw otherwise, see :mod:`bayes_scaling.plots.visuals`: ``ranks``, ``band``,
        ``reference``, ``title``.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a quantity: the empirical distribution of ranks less the uniform one, and the band that a calibrated
        quantity's whole curve stays in with 95% probability. Curves that leave it are red. Above 0 in the left half,
        posteriors lie too high; an S that first rises and then falls belongs to intervals that are too narrow.

    Raises
    ------
    BayesScalingError
        If visuals or backend is none of the valid ones.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.load_calibration("runs/calibration-reference-ho2024")  # doctest: +SKIP
    >>> bs.plot_calibration(found).savefig("ranks.png")  # doctest: +SKIP
    """
    look = look_of(visuals, backend, _VISUALS)
    names = list(calibration.table.index)
    rows = math.ceil(len(names) / _COLUMNS)
    figure = Drawing(figsize=(10, 0.9 + 1.9 * rows), layout="constrained", dpi=100)
    axes = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True, sharey=True)
    for panel, name in zip(axes.flat, names, strict=False):
        _draw(panel, str(name), [one.ranks[name] for one in calibration.simulations if name in one.ranks])
    for panel in list(axes.flat)[len(names) :]:
        panel.set_visible(False)
    figure.supxlabel("rank of the true value among posterior draws, as a share", fontsize=9)
    figure.supylabel("distribution of ranks less uniform", fontsize=9)
    count = counted(len(calibration.simulations), "simulation")
    where = f"{calibration.specification} at the design of {calibration.evaluations}"
    named(figure.suptitle(f"{where}: {count}, {BAND:.0%} simultaneous bands", fontsize=11), "title")
    return look.finish(figure)


def _draw(axes: Axes, name: str, ranks: list[int]) -> None:
    curve = rank_curve(ranks)
    named(axes.fill_between(curve.points, curve.lower, curve.upper, color=PRIOR, alpha=0.3, lw=0), "band")
    named(axes.axhline(0, color=PRIOR, lw=0.8), "reference")
    name = shortened(name)
    colour, words, ink = (POSTERIOR, name, INK) if curve.inside else (WARNING, f"{name}: outside", WARNING)
    named(axes.step(curve.points, curve.difference, where="post", color=colour, lw=1.5), "ranks")
    axes.set_title(words, fontsize=9, color=ink, parse_math=False)
    axes.tick_params(labelsize=8)
