"""Reports for tests of the page: one with every kind of block, one made to break it."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bayes_scaling.plots.interactive import scatter_view
from bayes_scaling.reports.document import (
    Banner,
    Bullets,
    Chart,
    Code,
    Document,
    Equation,
    Paragraph,
    Picture,
    Section,
    Table,
)
from bayes_scaling.reports.svg import picture_of

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://x","y")'
RIGHT_TO_LEFT = "نموذج לשון \u202etxet"
LONG = "Name" * 75
END_OF_STYLE = "</style></svg></title></script><h1>out</h1>"
HOSTILE = (SCRIPT, FORMULA, RIGHT_TO_LEFT, LONG, END_OF_STYLE, "<img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "a & b")
LINK = "javascript:alert(1)"


def figure(title: str) -> Figure:
    """A drawing with a clipped line, a filled band and text."""
    made = Figure(figsize=(7, 4))
    axes = made.subplots()
    years = np.linspace(2012, 2024, 50)
    axes.fill_between(years, years - 2010, years - 2005, alpha=0.3)
    axes.plot(years, years - 2008, linestyle="--", label="posterior")
    axes.set(title=title, xlabel="year", ylabel="months")
    axes.legend()
    return made


def picture(name: str, title: str = "Doubling time", alternative: str = "The median is 8 months.") -> Picture:
    return picture_of(figure(title), name, title, alternative)


X, Y = "training compute (FLOP)", "loss (nats per token)"


def points(number: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    flop = 10 ** rng.uniform(17, 25, number)
    return pd.DataFrame(
        {
            "name": [f"System {k}" for k in range(number)],
            "group": [("wt103", "ptb", "wt2")[k % 3] for k in range(number)],
            "paper": [f"Paper {k}" for k in range(number)],
            X: flop,
            Y: 4 - 0.1 * np.log(flop / 1e17) + rng.normal(0, 0.1, number),
            "link": [f"https://example.org/{k}" if k % 2 else "" for k in range(number)],
        }
    )


def chart(some: pd.DataFrame, name: str = "evaluations", title: str = "Loss falls as compute grows") -> Chart:
    view = scatter_view(some, X, Y, log_x=True)
    flat = scatter_view(some, X, Y)
    return Chart(name, title, {"log": view, "linear": flat}, "Thirty evaluations.", some, "Source: made up.")


def wide_table(rows: int = 20, name: str = "variants") -> Table:
    columns = ("variant", "rank", "elpd difference", "dse", "weight", "doubling time", "P(progress)", "R-hat", "ESS")
    rest = ("8.4 [5.1, 14.2]", "above 0.999", "1.001", "2,040")
    cells = tuple(
        (f"ho2024/{k:02d} | stated priors", f"{k + 1}", f"-{k * 1.7:.1f}", f"{k * 0.4:.1f}", "0.025", *rest)
        for k in range(rows)
    )
    return Table(name, "Variants by elpd (nats); doubling time in months, median and 95% interval.", columns, cells,
                 frozenset({2}))  # fmt: skip


def everything() -> Document:
    """Every kind of block, two warnings."""
    return Document(
        title="Doubling time of effective compute: ho2024/07 on ho2024 (231 evaluations)",
        answer="Effective compute from algorithms doubled every 8.4 months (95% equal-tailed interval 5.1 to 14.2).",
        lead=picture("doubling-times"),
        banners=(
            Banner("this fit has not converged", "Its largest R-hat is 1.12: draw longer before quoting any number."),
            Banner("the split is not identified", "Data and prior can't be told apart for alpha and beta."),
        ),
        sections=(
            Section("data", "Data", (Paragraph("Evaluations of language models. " * 9), chart(points()))),
            Section(
                "model",
                "Model",
                (
                    Equation(r"\log \hat L = \gamma + \frac{A}{N^{\alpha} e^{\alpha' t}} + \frac{B}{D^{\beta}}"),
                    Equation(r"\begin{aligned} \alpha &\sim \mathrm{Normal}(0, 1) \\ \beta &< 1 \end{aligned}"),
                    Bullets(("alpha: how loss falls with parameters.", "beta: how it falls with tokens.")),
                ),
            ),
            Section("comparison", "Comparison of variants", (wide_table(),)),
            Section("ridge", "The ridge", (picture("ridge", "Alpha beside beta", "They trade off."),)),
            Section(
                "method",
                "Method",
                (
                    Table(
                        "settings", "Settings.", ("setting", "value"),
                        (("seed", "0"), ("version", "0.1.0"), ("sampler", "NUTS")),
                    ),
                    Code("@article{ho2024,\n  title = {Algorithmic progress in language models}\n}", "bibtex"),
                    Paragraph("This is the last line of the report."),
                ),
            ),
        ),
    )  # fmt: skip


def hostile() -> Document:
    """Every text of the report is one that tries to be markup, or is far too long."""
    marks = pd.DataFrame({"name": HOSTILE, "group": HOSTILE, X: np.arange(1.0, 9.0), Y: 1.0, "link": LINK})
    blocks = (
        *(Paragraph(name) for name in HOSTILE),
        Bullets(HOSTILE),
        *(Equation(rf"\text{{{name}}}") for name in HOSTILE),
        Equation(r"\href{javascript:alert(1)}{x}"),
        *(Code(name, name) for name in HOSTILE),
        Table("hostile-table", SCRIPT, HOSTILE, tuple((name,) * len(HOSTILE) for name in HOSTILE), frozenset({0})),
        picture("hostile-picture", END_OF_STYLE, SCRIPT),
        replace(chart(marks, "hostile-chart", SCRIPT), alternative=LONG, note=END_OF_STYLE),
    )
    return Document(
        SCRIPT,
        " ".join(HOSTILE),
        picture("hostile-lead", LONG, END_OF_STYLE),
        tuple(Banner(name, name) for name in HOSTILE),
        (Section("first", LONG, blocks), Section("second", END_OF_STYLE, ())),
    )
