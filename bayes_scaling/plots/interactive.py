"""Interactive charts by Vega-Altair: views of tables that were computed before, as Vega-Lite specifications.

Whatever is text or axis has the colour of the page around it (`currentColor`), so that a chart follows a dark page and
print without being drawn again; one that is saved alone is black on white.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bayes_scaling.plots.style import LAW_COLOURS, POSTERIOR, PRIOR, PUBLISHED, REFERENCE

type View = dict[str, Any]
"""A Vega-Lite specification as plain data, its tables under ``datasets``."""

_INK = "currentColor"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"
_GROUPS = [POSTERIOR, PUBLISHED, REFERENCE, *LAW_COLOURS[1:4]]
_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
_SMALL = 12  # pixels, of all text
_BOLD: dict[str, Any] = {"fontSize": _SMALL, "fontWeight": 600}
_TALL, _LINE = 380, 46  # pixels: of a chart, of a line of a forest
_YEARS = alt.Axis(format="d", grid=False, tickMinStep=1)
_MONTHS = (1.0, 120.0)
_MONTH_TICKS = [1, 2, 3, 6, 12, 24, 48, 96]
_SUPERSCRIPTS = "['⁰','¹','²','³','⁴','⁵','⁶','⁷','⁸','⁹']"
_POWER = "round(log(datum.value) / LN10)"
_LABELS = {
    "compute": f"'10' + ({_POWER} > 9 ? {_SUPERSCRIPTS}[floor({_POWER} / 10)] : '') + {_SUPERSCRIPTS}[{_POWER} % 10]",
    "size": "replace(replace(format(datum.value, '~s'), 'G', 'B'), 'k', ',000')",
}
AXIS_TITLES = {
    "compute": "training compute (FLOP)",
    "year": "date of publication",
    "parameters": "parameters",
    "tokens": "training tokens",
}


def loss_views(points: pd.DataFrame, curves: pd.DataFrame, loss: str) -> dict[str, View]:
    """Loss against each axis on which there are points, with the fitted curves and their bands.

    ``points``: ``name``, ``link``, ``loss``, columns of `AXIS_TITLES`, perhaps ``benchmark`` and ``architecture``, and
    what else a reader sees on hover; ``curves``: as :func:`bayes_scaling.quantities.curves.loss_curves`; ``loss``: the
    title of the axis.
    """
    groups = groups_of(points)
    return {
        AXIS_TITLES[axis]: _loss_view(points, curves, axis, groups, loss)
        for axis in AXIS_TITLES
        if axis in points and points[axis].notna().any()
    }


def groups_of(points: pd.DataFrame) -> list[str]:
    """What points can be coloured and filtered by: columns that tell them apart."""
    return [name for name in ("architecture", "benchmark") if name in points and len(set(points[name])) > 1]


def _loss_view(points: pd.DataFrame, curves: pd.DataFrame, axis: str, groups: Sequence[str], loss: str) -> View:
    shown = points[points[axis].notna()]
    params: list[Any] = []
    where = "true"
    if "benchmark" in groups:
        names = list(shown["benchmark"].value_counts().index)
        params.append(_choice("which", "Benchmark", [*names, "all"], names[0]))
        where = "which == 'all' || datum.benchmark == which"
    if groups:
        params.append(_choice("colour", "Colour by", groups, groups[0]))
    x = _x(axis, shown[axis])
    y = alt.Y("loss:Q", title=loss, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(**_LEVEL))
    hover = shown.drop(columns=["link", *AXIS_TITLES], errors="ignore")
    numbers = set(hover.select_dtypes("number"))
    tips = [alt.Tooltip(f"{name}:Q", format=".3~f") if name in numbers else alt.Tooltip(f"{name}:N") for name in hover]
    marks = alt.Chart(shown).transform_filter(where)
    picked = alt.selection_point(name="picked", fields=["group"], bind="legend")
    encoding: dict[str, Any] = {"x": x, "y": y, "href": "link:N", "tooltip": tips}
    if groups:
        marks = marks.transform_calculate(group="datum[colour]").add_params(picked)
        encoding |= _grouped() | {"opacity": alt.condition(picked, alt.value(0.8), alt.value(0.04))}
    else:
        encoding["color"] = alt.value(POSTERIOR)
    layers: list[Any] = [marks.mark_point(filled=True, size=42).encode(**encoding)]
    of_axis = curves[curves["axis"] == axis] if len(curves) else curves
    if len(of_axis):
        lines = alt.Chart(of_axis).transform_filter(where).encode(x=alt.X("x:Q"), detail=["curve:N", "benchmark:N"])
        labels = alt.Chart(_ends(of_axis)).transform_filter(where).encode(x="x:Q", y="median:Q", text="curve:N")
        layers = [
            lines.mark_area(opacity=0.13, color=_INK).encode(y=alt.Y("lower:Q"), y2="upper:Q"),
            *layers,
            lines.mark_line(strokeWidth=1.8, color=_INK).encode(y="median:Q"),
            labels.mark_text(align=alt.expr("datum.side"), dx=2, dy=-9, color=_INK, **_BOLD),
        ]
    return _finished(alt.layer(*layers).add_params(*params))


def reach_view(grid: pd.DataFrame, loss: str, start: Mapping[Any, Any]) -> View:
    """What a budget reaches, as sliders choose: against the year, or of laws without progress against compute.

    ``grid``: as :func:`bayes_scaling.quantities.curves.reach_grid`, with ``said``, lines of text for each row;
    ``start``: the row that sliders begin with.
    """
    dated = bool(grid["year"].notna().any())
    ends = [float(grid["log_compute"].min()), float(grid["log_compute"].max())]
    params = [_slider("budget", "Training compute, FLOP: 10 to the power of", ends, 0.5, start["log_compute"])]
    table = grid[grid["median"].notna()].assign(compute=10 ** grid["log_compute"])
    data, at = alt.Chart(table), "datum.log_compute == budget"
    x: Any = _x("compute", table["compute"])
    if dated:
        years = [float(grid["year"].min()), float(grid["year"].max())]
        params.append(_slider("year", "Year", years, 1.0, start["year"]))
        data, at = data.transform_filter(at), f"{at} && datum.year == year"
        x = alt.X("year:Q", title=None, scale=alt.Scale(nice=False), axis=_YEARS)
    low, high = float(table["lower"].min()), float(table["median"].quantile(0.98))
    scale = alt.Scale(domain=[low - 0.03 * (high - low), high + 0.35 * (high - low)], clamp=True)
    y = alt.Y("median:Q", title=loss, scale=scale, axis=alt.Axis(**_LEVEL))
    chosen = data.transform_filter(at)
    text: dict[str, Any] = {"align": "left", "baseline": "top", "fontSize": 13, "fontWeight": 600, "lineHeight": 18}
    return _finished(
        alt.layer(
            _band(data, x, scale, color=POSTERIOR),
            data.mark_line(color=POSTERIOR, strokeWidth=2.5).encode(x=x, y=y),
            chosen.mark_rule(color=_INK, strokeDash=[3, 3]).encode(x=x),
            chosen.mark_point(filled=True, size=110, color=POSTERIOR, stroke=_INK).encode(x=x, y=y),
            chosen.mark_text(color=_INK, **text).encode(x=alt.value(8), y=alt.value(4), text="said:N"),
        ).add_params(*params)
    )


def growth_view(table: pd.DataFrame, references: pd.DataFrame, title: str, said: str) -> View:
    """Growth over years on a logarithmic axis: ``year``, ``median``, ``lower``, ``upper``; lines of others.

    ``references``: ``year``, ``growth``, ``label``; ``said``: of the last year.
    """
    top = float(min(table["upper"].max(), 1e12))
    x = alt.X("year:Q", title=None, scale=alt.Scale(nice=False), axis=_YEARS)
    scale = alt.Scale(type="log", domain=[1, top], nice=False, clamp=True)
    times = alt.Axis(labelExpr=f"{_LABELS['size']} + '×'", values=_powers(1, top), **_LEVEL)
    y = alt.Y("median:Q", title=title, scale=scale, axis=times)
    data, others = alt.Chart(table), alt.Chart(references)
    tip = [alt.Tooltip("year:Q", format="d"), *(alt.Tooltip(f"{name}:Q", format=",.3~r") for name in _PARTS)]
    last = alt.Chart(table.tail(1).assign(said=said))
    ends = references.groupby("label", sort=False).tail(1)
    near = np.abs(np.log(ends["growth"] / table["median"].iloc[-1])) < 1  # whose text would lie on that of one's own
    colours = alt.Color("label:N", legend=None, scale=alt.Scale(range=[PUBLISHED, REFERENCE]))
    return _finished(
        alt.layer(
            _band(data, x, scale, color=POSTERIOR),
            others.mark_line(strokeWidth=1.6, strokeDash=[5, 3]).encode(x=x, y="growth:Q", color=colours),
            data.mark_line(color=POSTERIOR, strokeWidth=2.5, point=True).encode(x=x, y=y, tooltip=tip),
            last.mark_text(align="right", dx=-4, dy=-12, color=POSTERIOR, **_BOLD).encode(x=x, y=y, text="said:N"),
            *(
                alt.Chart(ends[some])
                .mark_text(align="right", dx=-4, dy=height, **_BOLD)
                .encode(x=x, y="growth:Q", text="label:N", color=colours)
                for height, some in ((-12, ~near), (-26, near))
                if some.any()  # Vega warns of a layer without rows
            ),
        )
    )


_PARTS = ("median", "lower", "upper")


def estimates_view(table: pd.DataFrame) -> View:
    """A forest of doubling times in months: ``label``, ``what``, ``group``, ``median``, ``lower``, ``upper``.

    The first group's are one's own. What has no bound, or lies beyond the axis, ends in an arrow.
    """
    low, high = _MONTHS
    shown = table.assign(
        place=range(len(table)),
        start=table["lower"].fillna(table["median"]).clip(low, high),
        end=table["upper"].fillna(table["median"]).clip(low, high),
        point=table["median"].where(table["median"].between(low, high)),
        arrow=np.where(table["upper"] > high, "▶", ""),
    )
    names = list(dict.fromkeys(table["group"]))
    colour = alt.Color("group:N", scale=alt.Scale(domain=names, range=_GROUPS), legend=alt.Legend(title=None))
    data = alt.Chart(shown).encode(
        y=alt.Y("place:O", axis=None), tooltip=["label:N", "what:N", "months:N"], description="label:N"
    )
    months = alt.Axis(values=_MONTH_TICKS, orient="top", grid=True, format="d", domain=False)
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    x = alt.X("point:Q", title="doubling time (months)", axis=months, scale=scale)
    ends = {"x": alt.X("start:Q"), "x2": "end:Q"}
    words: dict[str, Any] = {"align": "left", "color": _INK, "limit": alt.expr("width")}
    return _finished(
        alt.layer(
            data.mark_rule(strokeWidth=2.5, yOffset=14).encode(color=colour, **ends),
            data.mark_point(filled=True, size=75, yOffset=14, opacity=1).encode(x=x, color=colour),
            data.mark_text(align="right", yOffset=14, fontSize=10).encode(
                x=alt.value("width"), text="arrow:N", color=colour
            ),
            data.mark_text(yOffset=-14, **_BOLD, **words).encode(x=alt.value(0), text="label:N"),
            data.mark_text(yOffset=0, fontSize=11, opacity=0.8, **words).encode(x=alt.value(0), text="what:N"),
        ),
        _LINE * len(shown),
    )


def density_view(
    density: pd.DataFrame, months: Sequence[float], said: str, others: Sequence[tuple[str, Sequence[float]]]
) -> View:
    """How plausible each doubling time is: ``months``, ``posterior`` and perhaps ``prior`` density, with others' marks.

    ``months``: median and interval, ``said`` as words; ``others``: label, median and interval of what is published.
    """
    top = float(density["posterior"].max())
    low, high = float(density["months"].min()), float(density["months"].max())
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    x = alt.X("months:Q", title="months to halve the compute needed", scale=scale,
              axis=alt.Axis(values=_MONTH_TICKS, format="d", grid=False))  # fmt: skip
    y = alt.Y("posterior:Q", axis=None, scale=alt.Scale(domain=[0, 1.75 * top]))
    data = alt.Chart(density[density["posterior"] > 1e-4 * top])
    inside = data.transform_filter(f"datum.months >= {months[1]} && datum.months <= {min(months[2], high)}")
    layers: list[Any] = [
        inside.mark_area(opacity=0.25, color=POSTERIOR).encode(x=x, y=y),
        data.mark_line(color=POSTERIOR, strokeWidth=2.5).encode(x=x, y=y),
    ]
    if "prior" in density:
        line = alt.Chart(density).mark_line(color=PRIOR, strokeDash=[5, 3], strokeWidth=1.6)
        right = density[density["months"] <= 60].tail(1).assign(said="before the data")
        words = alt.Chart(right).mark_text(dy=-10, color=PRIOR, fontSize=_SMALL)
        layers += [line.encode(x=x, y="prior:Q"), words.encode(x=x, y="prior:Q", text="said:N")]
    marks = [(said, months, POSTERIOR, 1.13), *((*each, colour, height) for each, colour, height in
             zip(others, (PUBLISHED, REFERENCE), (1.42, 1.7), strict=False))]  # fmt: skip
    rows = pd.DataFrame(
        {"months": middle, "start": max(ends[0], low), "end": min(ends[1], high), "height": height * top,
         "colour": colour, "said": words}
        for words, (middle, *ends), colour, height in marks if math.isfinite(middle)
    )  # fmt: skip
    own = alt.Color("colour:N", scale=None)
    forest = alt.Chart(rows).encode(y="height:Q", color=own)
    small = alt.expr("width < 420 ? 10.5 : 12")
    layers += [
        forest.mark_rule(strokeWidth=2.5).encode(x=alt.X("start:Q"), x2="end:Q"),
        forest.mark_point(filled=True, size=70, opacity=1).encode(x=x),
        forest.mark_text(dy=-12, fontSize=small, fontWeight=600).encode(x=x, text="said:N"),
    ]
    return _finished(alt.layer(*layers), 235)


def split_view(table: pd.DataFrame, largest: float, asked: pd.DataFrame) -> View:
    """Best parameters and tokens over budgets: ``compute``, ``size``, ``median``, ``lower``, ``upper``.

    What lies beyond the ``largest`` budget is shaded; ``asked``: rows that are marked, with what is ``said`` of them.
    """
    x = _x("compute", table["compute"])
    scale = alt.Scale(type="log", nice=False)
    sizes = alt.Axis(labelExpr=_LABELS["size"], values=_powers(table["lower"].min(), table["upper"].max()), **_LEVEL)
    y = alt.Y("median:Q", title="best number", scale=scale, axis=sizes)
    colours = alt.Color("size:N", legend=None, scale=alt.Scale(range=[POSTERIOR, PUBLISHED]))
    data, marked = alt.Chart(table), alt.Chart(asked).encode(x=x, y=y, color=colours)
    beyond = pd.DataFrame({"start": [largest], "end": [table["compute"].max()], "said": ["beyond the runs"]})
    shade = alt.Chart(beyond).encode(x=alt.X("start:Q"))
    tip = [alt.Tooltip("compute:Q", format=".1e"), "size:N", *(alt.Tooltip(f"{p}:Q", format=".3s") for p in _PARTS)]
    return _finished(
        alt.layer(
            shade.mark_rect(opacity=0.08, color=_INK).encode(x2="end:Q"),
            shade.mark_text(align="left", dx=4, color=_INK, fontSize=_SMALL).encode(y=alt.value(10), text="said:N"),
            _band(data, x, scale).encode(color=colours),
            data.mark_line(strokeWidth=2.5, point=True).encode(x=x, y=y, color=colours, tooltip=tip),
            marked.mark_point(filled=True, size=110, opacity=1, stroke=_INK),
            marked.mark_text(align="right", dy=-16, dx=-4, **_BOLD).encode(text="said:N"),
        )
    )


def scatter_view(points: pd.DataFrame, x: str, y: str, *, log_x: bool = False) -> View:
    """Points of groups; ``points``: ``name``, ``group``, and columns named as the axes are titled."""
    scale = alt.Scale(type="log") if log_x else alt.Scale(zero=False)
    names = {name: f"v{place}" for place, name in enumerate(points.columns)}  # their own may hold dots and brackets
    marks = alt.Chart(points.rename(columns=names)).mark_point(filled=True, size=55)
    picked = alt.selection_point(name="picked", fields=[names["group"]], bind="legend")
    return _finished(
        marks.encode(
            x=alt.X(f"{names[x]}:Q", title=x, scale=scale),
            y=alt.Y(f"{names[y]}:Q", title=y, scale=alt.Scale(zero=False), axis=alt.Axis(**_LEVEL)),
            tooltip=[alt.Tooltip(f"{own}:N", title=name) for name, own in names.items()],
            opacity=alt.condition(picked, alt.value(0.85), alt.value(0.05)),
            **_grouped(names["group"]),
        ).add_params(picked)
    )


_LEVEL: Mapping[str, Any] = {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleX": -36, "titleY": -14}
"""Of an axis whose title stands above it, to be read without turning one's head."""


def _band(data: Any, x: Any, scale: alt.Scale, **look: Any) -> Any:
    """The interval around a line."""
    return data.mark_area(opacity=0.2, **look).encode(x=x, y=alt.Y("lower:Q", scale=scale), y2="upper:Q")


def _x(axis: str, values: pd.Series) -> alt.X:
    if axis == "year":
        return alt.X("year:Q", title=AXIS_TITLES[axis], scale=alt.Scale(zero=False), axis=alt.Axis(format="d"))
    words = _LABELS["compute" if axis == "compute" else "size"]
    ticks = alt.Axis(labelExpr=words, values=_powers(values.min(), values.max()), grid=False, labelOverlap=True)
    return alt.X(f"{axis}:Q", title=AXIS_TITLES[axis], scale=alt.Scale(type="log", nice=False, padding=8), axis=ticks)


def _powers(low: float, high: float) -> list[float]:
    """Powers of ten in a range; a range without two gets ones, twos and fives."""
    if not (0 < low <= high < math.inf):
        return []
    whole = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [10.0**power for power in whole if low <= 10.0**power <= high * 1.0001]
    return found if len(found) > 1 else [k * 10.0**p for p in whole for k in (1, 2, 5) if low <= k * 10.0**p <= high]


def _ends(curves: pd.DataFrame) -> pd.DataFrame:
    """Of each curve the end where those of its benchmark are further apart, and to which side its text is aligned."""
    found = []
    for _, own in curves.groupby("benchmark", sort=False):
        first, last = (getattr(own.groupby("curve", sort=False), end)(1) for end in ("head", "tail"))
        left = np.ptp(np.log(first["median"])) > np.ptp(np.log(last["median"]))
        found.append(first.assign(side="left") if left else last.assign(side="right"))
    together: pd.DataFrame = pd.concat(found)
    return together


def _grouped(field: str = "group") -> dict[str, Any]:
    legend = alt.Legend(title=None)
    return {
        "color": alt.Color(f"{field}:N", scale=alt.Scale(range=_GROUPS), legend=legend),
        "shape": alt.Shape(f"{field}:N", scale=alt.Scale(range=_SHAPES), legend=legend),
    }


def _choice(name: str, words: str, options: Sequence[str], first: str) -> alt.Parameter:
    return alt.param(name=name, value=first, bind=alt.binding_select(options=list(options), name=f"{words} "))


def _slider(name: str, words: str, ends: Sequence[float], step: float, value: float) -> alt.Parameter:
    bind = alt.binding_range(min=ends[0], max=ends[1], step=step, name=f"{words} ")
    return alt.param(name=name, value=min(max(value, ends[0]), ends[1]), bind=bind)


def _finished(chart: Any, height: float = _TALL) -> View:
    """As wide as where it stands, in one look."""
    text: dict[str, Any] = dict.fromkeys(("labelColor", "titleColor"), _INK)
    text |= dict.fromkeys(("labelFontSize", "titleFontSize"), _SMALL)
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart = (
        chart.properties(width="container", height=height, autosize=size)
        .configure(font=_FONT, background="transparent", padding={"left": 2, "right": 8, "top": 6, "bottom": 2})
        .configure_view(stroke=None)
        .configure_axis(domainColor=_INK, tickColor=_INK, gridColor=_INK, gridOpacity=0.12, domainOpacity=0.5,
                        tickOpacity=0.5, titleFontWeight="normal", **text)
        .configure_legend(orient="top", direction="horizontal", columns=2, labelLimit=130, symbolOpacity=1,
                          symbolSize=80, offset=26, **text)
    )  # fmt: skip
    with alt.data_transformers.enable(max_rows=None, consolidate_datasets=True):
        view: View = chart.to_dict()
    view.pop("$schema", None)
    return view
