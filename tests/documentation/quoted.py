"""How a number in print is read, and when draws of the same quantity agree with it."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import arviz as az
import numpy as np

import bayes_scaling as bs
from bayes_scaling.quantities.rates import INTERVAL_PROBABILITY

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?")
COUNT = re.compile(
    r"\b(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|hundred|"
    r"thousand)\b",
    re.IGNORECASE,
)
"""Counts in words; one and two are hardly ever one."""
UNBOUNDED = "no bound"
MOST_ERRORS = 4.0
"""Standard errors by which a printed number may miss a fresh one: a correct one does once in 16,000."""
TAIL = (1 - INTERVAL_PROBABILITY) / 2
ENDS = (0.5, TAIL, 1 - TAIL)
"""What a printed median and interval are of draws."""
DIMS = ("chain", "draw")


def page(name: str) -> str:
    """Text of a page, by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def size() -> tuple[str, str]:
    """Evaluations and papers of the paper's table, as printed."""
    table = bs.load_evaluations()
    return str(len(table)), str(table["paper"].nunique())


def prose(page: str) -> str:
    """A page in Markdown without code, comments, formulas set as code, and the targets of links."""
    text = re.sub(r"```.*?```|<!--.*?-->|`[^`]*`", " ", page, flags=re.DOTALL)
    text = re.sub(r"(?m)^ {4}.*$", " ", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(r"(?:\s|^> )+", " ", text, flags=re.MULTILINE)


@dataclass(frozen=True)
class Claim:
    """A phrase with numbers in it, and what computes them.

    Parameters
    ----------
    phrase
        Regular expression whose groups are the numbers as printed.
    compute
        Gives the same numbers as text, one a group; None where a slow test or another page checks them.
    """

    phrase: str
    compute: Callable[[], tuple[str, ...]] | None


def check_claim(claim: Claim, text: str, where: str) -> None:
    """A claim's phrase is there, and each time says what code gives."""
    found = re.findall(claim.phrase, text)
    assert found, f"{where} has no such phrase any more: {claim.phrase}"
    assert {(each,) if isinstance(each, str) else each for each in found} == {claim.compute()}


def unclaimed(
    text: str, claims: Mapping[str, Claim], what: re.Pattern[str] = NUMBER, shown: Collection[str] = ()
) -> list[str]:
    """Numbers that no claim covers and that are not shown elsewhere, with the words around them."""
    covered = [match.span() for claim in claims.values() for match in re.finditer(claim.phrase, text)]
    return [
        text[max(0, match.start() - 40) : match.end() + 30]
        for match in what.finditer(text)
        if match[0] not in shown and not any(start <= match.start() and match.end() <= end for start, end in covered)
    ]


def span(printed: str, digits: int | None = None) -> tuple[float, float]:
    """What a printed number may stand for: half a unit of its last place each way.

    ``digits``: significant ones, where printing dropped zeros at the end.
    """
    if printed == UNBOUNDED:
        return math.inf, math.inf
    text = printed.replace(",", "")
    mantissa, _, exponent = text.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    value = float(text)
    if digits is not None and value and abs(value) < 1000:
        unit = min(unit, 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1))
    return value - unit / 2, value + unit / 2


def agrees(printed: str, draws: np.ndarray, probability: float, digits: int | None = None) -> bool:
    """Whether a printed quantile can be that of draws, shape ``(chain, draw)``, within Monte Carlo error.

    Judged by the share of draws below it, whose standard error is ``sqrt(p (1 - p) / ESS)`` for either of the two runs,
    so that draws without bound count as the largest.
    """
    low, high = span(printed, digits)
    quantile = np.quantile(draws, probability, method="inverted_cdf")
    ess = float(az.ess((draws <= quantile).astype(float), method="mean"))
    error = MOST_ERRORS * math.sqrt(2 * probability * (1 - probability) / ess)
    # A rounding of the ends in binary must not decide.
    slack = 0.0 if math.isinf(low) else 1e-9 * max(abs(low), abs(high))
    return bool(np.mean(draws < low - slack) - error <= probability <= np.mean(draws <= high + slack) + error)


def agrees_share(printed: str, inside: np.ndarray) -> bool:
    """The same for a probability: the share of draws, shape ``(chain, draw)``, for which something holds."""
    low, high = span(printed.removeprefix("above ").removeprefix("below "))
    low, high = (0.0 if printed.startswith("below") else low), (1.0 if printed.startswith("above") else high)
    share = float(np.mean(inside))
    if share in (0.0, 1.0):
        return low <= share <= high
    ess = float(az.ess(inside.astype(float), method="mean"))
    error = MOST_ERRORS * math.sqrt(2 * share * (1 - share) / ess)
    return low - error <= share <= high + error


def agrees_value(printed: str, fresh: float, error: float) -> bool:
    """The same for a number whose Monte Carlo standard error is known: that of either of the two runs."""
    low, high = span(printed)
    slack = MOST_ERRORS * math.sqrt(2) * error + 1e-9 * max(abs(low), abs(high))
    return low - slack <= fresh <= high + slack


def table_rows(page: str, heading: str) -> Iterator[dict[str, str]]:
    """Rows of the first table after a heading, by column."""
    lines = iter(page.partition(heading)[2].splitlines())
    header = next(line for line in lines if line.startswith("|"))
    names = cells(header)
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield dict(zip(names, cells(line), strict=True))


def cells(line: str) -> list[str]:
    """Cells of a line of a table."""
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def parts(interval: str) -> tuple[str, str, str]:
    """Median and ends of ``m [l, u]``, as printed."""
    found = re.fullmatch(r"(.+?) \[(no bound|[^,]*(?:,\d{3})*(?:\.\d+)?(?:e[+-]\d+)?), (.+)\]", interval)
    assert found, interval
    return found[1], found[2], found[3]
