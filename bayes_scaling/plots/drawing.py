"""A matplotlib figure that a notebook shows by itself."""

import io

from matplotlib.figure import Figure

_PIXELS_PER_INCH = 72
"""Of the screen: a figure of 11 inches is as wide as a notebook's column."""


class Drawing(Figure):
    """A figure made without pyplot, which shows as a picture where a notebook's cell ends with it.

    IPython knows how to show figures only once pyplot is loaded; where it is, that takes precedence.

    Examples
    --------
    >>> drawing = Drawing(figsize=(2, 1))
    >>> picture, size = drawing._repr_png_()
    >>> picture[1:4], size
    (b'PNG', {'width': 144, 'height': 72})
    """

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        file = io.BytesIO()
        self.savefig(file, format="png")
        width, height = (round(inches * _PIXELS_PER_INCH) for inches in self.get_size_inches())
        return file.getvalue(), {"width": width, "height": height}
