"""What a user changes in a picture: visuals that are left out, or drawn with other properties.

Every ``bs.plot_*`` takes ``visuals`` and ``backend`` as the functions of arviz-plots do. ``visuals`` maps the name of a
visual, as listed in the function's own documentation, to ``False``, which leaves it out together with its entry in the
legend, or to keyword arguments, which are properties of the matplotlib artists that draw it: ``{"color": "black"}``.
Where several kinds of artists draw a visual (a point and the bar of its interval), each takes the properties that it
has. ``backend`` is ``"matplotlib"``, which ``None`` means too. The mark of a fit that has not converged is no visual:
it can't be left out. Where they take a fit they take its path or its DataTree too.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any, Literal

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cbook import is_math_text
from matplotlib.container import Container
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.mathtext import MathTextParser
from matplotlib.patches import Patch
from matplotlib.text import Text

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.inference.result import STAND_INS, require_fit

type Visuals = Mapping[str, Mapping[str, Any] | Literal[False]]
"""Name of a visual to False or to properties of its artists."""

BACKEND = "matplotlib"
_AS_MADE = ("ncols",)  # properties without effect once a legend is made
_NAME, _LEGENDS = "_bayes_scaling_visual", "_bayes_scaling_legends"
"""Attributes that name an artist, and hold a figure's legends until all that they list is final."""
_REFUSALS = (AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What matplotlib raises where it does not take a value."""


def finish(figure: Figure, changes: Visuals) -> Figure:
    """Apply checked changes to what is drawn, and draw the legends of what remains."""
    legends = vars(figure).pop(_LEGENDS, [])
    _read_as_written(figure)
    for name, change in changes.items():
        if change is False:
            _remove(figure, name)
        else:
            _change(_drawn(figure, name), name, change)
    for owner, handles, name, keywords in legends:
        change, shown = changes.get(name, {}), _entries(owner, handles, changes)
        if change is not False and (shown or keywords.get("title")):
            _draw_legend(owner, shown, name, keywords, dict(change))
    return figure


def _read_as_written(figure: Figure) -> None:
    """Leave dollar signs of users' names alone where no mathematics stands between them."""
    for axes in figure.axes:  # which names their ticks
        axes.get_xticklabels(), axes.get_yticklabels()
    for text in figure.findobj(Text):
        if is_math_text(said := text.get_text()):
            try:
                for line in said.splitlines():
                    MathTextParser("path").parse(line)
            except ValueError:
                text.set_parse_math(False)


def _draw_legend(
    owner: Axes | Figure, shown: Sequence[Any], name: str, keywords: Mapping[str, Any], change: dict[str, Any]
) -> None:
    if isinstance(owner, Axes) and (earlier := owner.get_legend()) is not None:
        owner.add_artist(earlier)  # otherwise the next one takes its place
    # A legend is laid out in columns as it is made, and not when they are set.
    options = {**keywords, **{key: change.pop(key) for key in _AS_MADE if key in change}}
    order = options.pop("zorder", None)
    legend = owner.legend(handles=shown, **options)
    if order is not None:
        legend.set_zorder(order)
    _change([named(legend, name)], name, change)


def _entries(owner: Axes | Figure, handles: Sequence[Any] | None, changes: Visuals) -> list[Any]:
    """What a legend lists: handles of its own look like the visuals they stand for."""
    if handles is None:
        places = [owner] if isinstance(owner, Axes) else owner.axes
        return [drawn for axes in places for drawn in axes.get_legend_handles_labels()[0]]
    shown = []
    for handle in handles:
        change = changes.get(vars(handle).get(_NAME, ""), {})
        if change is not False:
            _change([handle], "legend", {key: value for key, value in change.items() if _has(handle, key)})
            shown.append(handle)
    return shown


def checked(visuals: Visuals | None, backend: str | None, names: Sequence[str]) -> Visuals:
    """What a user wants changed among the visuals ``names`` of a picture, refused before anything is computed."""
    if backend not in (None, BACKEND):
        raise BayesScalingError(f"backend must be {BACKEND!r} or None, not {backend!r}: pictures are drawn by it alone")
    if visuals is None:
        return {}
    if not isinstance(visuals, Mapping):
        raise BayesScalingError(
            f"visuals must map names of visuals to properties or False, not be {visuals!r}; such as "
            f"visuals={{{names[0]!r}: False}}; valid names: {', '.join(names)}"
        )
    for name, change in visuals.items():
        if name not in names:
            raise BayesScalingError(f"this picture has no visual {name!r}; valid choices: {', '.join(names)}")
        if change is not False and not (isinstance(change, Mapping) and all(isinstance(key, str) for key in change)):
            raise BayesScalingError(
                f"visuals[{name!r}] must be False, which leaves it out, or properties of matplotlib's artists such as "
                f"{{'color': 'black'}}, not {change!r}"
            )
    return dict(visuals)


def takes_visuals[**P](*names: str) -> Callable[[Callable[P, Figure]], Callable[P, Figure]]:
    """Change the visuals ``names`` of what a function draws as its user asks, and describe them where it names them."""

    def decorate(draw: Callable[P, Figure]) -> Callable[P, Figure]:
        signature = inspect.signature(draw)

        @functools.wraps(draw)
        def drawn(*args: P.args, **keywords: P.kwargs) -> Figure:
            asked: dict[str, Any] = {key: keywords.get(key) for key in ("visuals", "backend")}
            changes = checked(**asked, names=names)
            given = signature.bind(*args, **keywords)
            if isinstance(fit := given.arguments.get("fit"), STAND_INS):
                given.arguments["fit"] = require_fit(fit)
            return finish(draw(*given.args, **given.kwargs), changes)

        head = "\nvisuals, backend\n"
        said = (
            "Visuals to leave out or to draw otherwise, see :mod:`bayes_scaling.plots.visuals`: "
            f"{', '.join(f'``{name}``' for name in names)}. Others are refused (BayesScalingError)."
        )
        said = fill(said, 116, initial_indent=" " * 4, subsequent_indent=" " * 4)
        drawn.__doc__ = inspect.cleandoc(draw.__doc__ or "").replace(head, f"{head}{said}\n", 1)
        return drawn

    return decorate


def named[Drawn](drawn: Drawn, name: str | None) -> Drawn:
    """Name the visual of artists that a method of matplotlib returned; without a name it can't be changed."""
    for part in _parts(drawn) if name else ():
        vars(part)[_NAME] = name
    return drawn


def add_legend(
    owner: Axes | Figure, handles: Sequence[Any] | None = None, *, name: str = "legend", **keywords: Any
) -> None:
    """Have a legend (by default of all with a label) drawn in axes, or outside, once visuals are changed."""
    figure = owner.get_figure(root=True) if isinstance(owner, Axes) else owner
    keywords = {"fontsize": 8, "frameon": False} | keywords
    vars(figure).setdefault(_LEGENDS, []).append((owner, handles, name, keywords))


def entry(name: str | None, label: str, **look: Any) -> Line2D:
    """A line of a legend that stands for a visual."""
    return named(Line2D([], [], label=label, **look), name)


def patch(name: str, label: str, color: str, alpha: float) -> Patch:
    """The same of a filled area."""
    return named(Patch(color=color, alpha=alpha, lw=0, label=label), name)


def _parts(drawn: Any) -> Iterator[Any]:
    if isinstance(drawn, Artist | Container):
        yield drawn
    if isinstance(drawn, Sequence):  # containers are tuples
        for part in drawn:
            yield from _parts(part)


def _drawn(figure: Figure, name: str) -> list[Artist]:
    return figure.findobj(lambda artist: vars(artist).get(_NAME) == name)


def _remove(figure: Figure, name: str) -> None:
    for axes in figure.axes:
        for container in [each for each in axes.containers if vars(each).get(_NAME) == name]:
            container.remove()
    for artist in sorted(_drawn(figure, name), key=lambda drawn: isinstance(drawn, Text)):
        if artist.get_figure() is None:  # contours take their labels away with them
            continue
        artist.set_in_layout(False)  # a title leaves no gap behind
        try:
            artist.remove()
        except NotImplementedError:  # the title of axes
            artist.set(text="")
            del vars(artist)[_NAME]


def _change(artists: Sequence[Artist], name: str, properties: Mapping[str, Any]) -> None:
    for key, value in properties.items():
        takers = [artist for artist in artists if _has(artist, key)]
        if artists and not takers:
            kinds = ", ".join(sorted({type(artist).__name__ for artist in artists}))
            raise BayesScalingError(
                f"visuals[{name!r}]: {key!r} is no property of its artists ({kinds}); see their documentation by "
                f"matplotlib, or choose another such as 'alpha'"
            )
        for artist in takers:
            try:
                artist.set(**{key: value})
            except _REFUSALS as error:
                raise BayesScalingError(
                    f"visuals[{name!r}]: matplotlib refuses {key} = {value!r} ({error}); choose another value"
                ) from error


def _has(artist: Artist, key: str) -> bool:
    return callable(getattr(artist, f"set_{key}", None))
