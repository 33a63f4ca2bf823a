"""What is read off a picture."""

import numpy as np
from matplotlib import colors
from matplotlib.text import Text


def texts(figure) -> str:
    """All that is written in a picture."""
    written = [text.get_text() for text in figure.findobj(Text)]
    return " | ".join(" ".join(text.split()) for text in written if text)


def lines(axes, colour, style=None):
    found = [line for line in axes.lines if colors.same_color(line.get_color(), colour)]
    return [line for line in found if style is None or line.get_linestyle() == style]


def data(line):
    return tuple(np.asarray(values, dtype=float) for values in line.get_data())


def band(collection):
    """Horizontal places, lower and upper edges of what fill_between has drawn."""
    x, y = collection.get_paths()[0].vertices.T
    places = np.unique(x)
    return places, *(np.array([pick(y[x == place]) for place in places]) for pick in (np.min, np.max))
