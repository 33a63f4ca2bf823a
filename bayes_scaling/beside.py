"""A published figure beside a posterior's: is the point inside, and how do the widths compare."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Beside:
    """Where a published point lies, and how wide its interval is, against an interval found.

    Parameters
    ----------
    inside
        Whether the published point lies inside the interval found.
    width_ratio
        Length of the interval found over that of the published one; NaN where nothing is published that has a length
        (no interval, or one of a quantity whose sign changes, which starts below 0), infinite where the interval
        found has no end.
    """

    inside: bool
    width_ratio: float

    @classmethod
    def of(
        cls, point: float, published: tuple[float | None, float | None], found: tuple[float, float], *, signed: bool
    ) -> "Beside":
        """Compare a published point and interval with an interval found.

        Parameters
        ----------
        point
            Published.
        published
            Its ends, None or NaN where there are none.
        found
            Ends of the interval found.
        signed
            Whether the quantity can be negative, so that an interval that starts below 0 has a length.

        Examples
        --------
        >>> Beside.of(8.4, (4.5, 14.5), (4.0, 24.0), signed=False)
        Beside(inside=True, width_ratio=2.0)
        """
        lower, upper = (math.nan if end is None else end for end in published)
        length = upper - lower if signed or lower > 0 else math.nan
        return cls(found[0] <= point <= found[1], (found[1] - found[0]) / length)

    @property
    def sentence(self) -> str:
        """What of it a reader should know.

        Examples
        --------
        >>> print(Beside.of(8.4, (4.5, 14.3), (4.2, 24.5), signed=False).sentence)
        the published point lies inside the interval found, which is 2.1 times as wide as the published one
        """
        text = f"the published point lies {'inside' if self.inside else 'outside'} the interval found"
        if math.isinf(self.width_ratio):
            return f"{text}, which has no upper bound"
        if math.isnan(self.width_ratio):
            return text
        return f"{text}, which is {self.width_ratio:.1f} times as wide as the published one"
