"""What a fit rests on: who, when, how big; every row with its figures and a link to its source."""

from urllib.parse import urlsplit

import pandas as pd

from bayes_scaling.common.formatting import counted
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.result import Fit
from bayes_scaling.reports.document import Point, Scatter, Section, Table
from bayes_scaling.reports.fit_tables import month_of, number
from bayes_scaling.reports.units import noun_of, plural_of
from bayes_scaling.specifications.laws import RESPONSE_UNITS

_KNOWN = ("system", "paper", "benchmark", "architecture", "perplexity", "parameters", "tokens", "year", "url", "source")
_RUNS = "runs"
_DATE = "date of publication"


def rows_of_report(fit: Fit) -> pd.DataFrame:
    """What a fit keeps of its rows, indexed by row id, with the response that was fitted."""
    constant = fit.data["constant_data"].to_dataset()
    columns = {name: constant[name].to_numpy() for name in _KNOWN if name in constant}
    for name, column in fit.data["observed_data"].to_dataset().data_vars.items():
        columns[str(name)] = column.to_numpy()
    return pd.DataFrame(columns, index=pd.Index(list(map(str, constant["evaluation"].to_numpy())), name="id"))


def data_section(fit: Fit) -> Section:
    """Counts, selections, and every row as a mark of one picture."""
    rows, about = rows_of_report(fit), fit.evaluations
    return Section.of(
        "data",
        "Data",
        _who_when_how_big(fit, rows),
        f"Rows were selected: {'; '.join(about.selections)}." if about.selections else None,
        _scatter(fit, rows),
        *(_counts(rows, name, noun_of(UNITS[0], about.kind)) for name in ("benchmark", "architecture") if name in rows),
    )


def _who_when_how_big(fit: Fit, rows: pd.DataFrame) -> str:
    about = fit.evaluations
    if about.kind == _RUNS:
        text = f"{counted(about.rows, 'training run')} of the table '{about.name}'"
        text += "" if about.papers == about.rows else f", in {about.papers} series"
    else:
        text = (
            f"{counted(about.rows, 'evaluation')} of language models from {counted(about.papers, 'paper')}, of the "
            f"table '{about.name}'"
        )
    if "year" in rows:
        text += f", published from {month_of(rows['year'].min())} to {month_of(rows['year'].max())}"
    sizes = [
        f"{name} {rows[name].min():.3g} to {rows[name].max():.3g}"
        for name in ("parameters", "tokens")
        if name in rows and rows[name].notna().any()
    ]
    return f"{text}{': ' if sizes else ''}{', '.join(sizes)}."


def _scatter(fit: Fit, rows: pd.DataFrame) -> Scatter | None:
    """Date against parameters; of training runs, which have no dates, tokens against parameters."""
    runs = fit.evaluations.kind == _RUNS
    across, up = ("parameters", "tokens") if runs else ("year", "parameters")
    if not {across, up} <= set(rows.columns):
        return None
    shown = rows.dropna(subset=[across, up])
    if shown.empty:
        return None
    points = tuple(
        Point(
            x=float(row[across]),
            y=float(row[up]),
            group=_RUNS if runs else str(row.get("benchmark", _RUNS)),
            label=str(row.get("system", name)),
            details=_details(fit, str(name), row),
            link=_link(row),
        )
        for name, row in ((name, pd.Series(row)) for name, row in shown.to_dict("index").items())
    )
    ends = (shown[across].min(), shown[across].max())
    if runs:
        title, where = "The training runs", "parameters against training tokens, both on logarithmic axes"
        first, last = (f"{end:.3g}" for end in ends)
    else:
        title, where = "The evaluations", "date of publication against parameters (logarithmic axis), by benchmark"
        first, last = map(month_of, ends)
    alternative = (
        f"{counted(len(points), 'mark')}: {where}. {across if runs else _DATE.capitalize()} from {first} to {last}, "
        f"{up} from {shown[up].min():.3g} to {shown[up].max():.3g}."
    )
    labels = {"year": _DATE, "parameters": "parameters (log scale)", "tokens": "training tokens (log scale)"}
    return Scatter("rows", title, alternative, labels[across], labels[up], points, log_x=runs, log_y=True)


def _details(fit: Fit, row_id: str, row: pd.Series) -> tuple[tuple[str, str], ...]:
    response = fit.specification.response
    told = [("row", row_id)]
    told += [(name, str(row[name])) for name in ("paper", "benchmark", "architecture") if _told(row, name)]
    if "year" in row:
        told.append((_DATE, month_of(row["year"])))
    told += [(name, f"{row[name]:.3g}") for name in ("parameters", "tokens") if _told(row, name)]
    if _told(row, "perplexity"):
        told.append(("perplexity", f"{row['perplexity']:.3g}"))
    told.append((f"{response.replace('_', ' ')} ({RESPONSE_UNITS[response]})", number(float(row[response]))))
    told += [(name, str(row[name])) for name in ("source", "url") if _told(row, name)]
    return tuple(told)


def _told(row: pd.Series, name: str) -> bool:
    return name in row and pd.notna(row[name]) and str(row[name]) != ""


def _link(row: pd.Series) -> str:
    """The first of a row's addresses that a browser may be sent to."""
    for name in ("url", "source"):
        text = str(row.get(name, "")).strip()
        try:
            parts = urlsplit(text)
        except ValueError:  # such as half an IPv6 address
            continue
        if parts.scheme in ("http", "https") and parts.netloc and text.isprintable() and " " not in text:
            return text
    return ""


def _counts(rows: pd.DataFrame, group: str, noun: str) -> Table:
    by = rows.groupby(group, sort=True)
    further = [name for name in ("system", "paper") if name in rows]
    counts = pd.concat([by.size(), *(by[name].nunique() for name in further)], axis=1)
    columns = (group, plural_of(noun), *(f"{name}s" for name in further))
    body = tuple((str(name), *map(str, numbers)) for name, *numbers in counts.itertuples())
    return Table(f"rows-by-{group}", f"Rows by {group}", columns, body)
