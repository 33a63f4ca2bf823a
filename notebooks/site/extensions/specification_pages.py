"""A specification as a page of Markdown (MyST), from its own file: equation, priors with reasons, use, evidence."""

import re
from collections.abc import Iterable, Sequence

from bayes_scaling.reports.describe import describe
from bayes_scaling.reports.mathematics import is_equation, tex
from bayes_scaling.specifications.laws import LAWS
from bayes_scaling.specifications.specification import Specification

NO_EVIDENCE = "No evidence is stored for this specification."
"""What a page says where nothing was calibrated."""
INTERVAL = (0.025, 0.975)
"""Ends of the priors' 95% equal-tailed intervals."""
_PRIOR = re.compile(r"\s*\[priors\.(?P<name>\w+)\]")
_ACTS_ON = {
    "effective_size": "{factors} at a constant rate",
    "loss_term": "each loss term declines at a rate of its own",
    "reducible_loss": "the reducible loss declines at one rate",
    "nearly_reducible_loss": "both loss terms decline at nearly one rate",
}


def specification_page(specification: Specification, source: str, evidence: str = "") -> str:
    """The page of one specification.

    Parameters
    ----------
    specification
        As read from ``source``.
    source
        Text of its TOML file. Comments before ``[priors.NAME]`` are the reasons of these priors.
    evidence
        Markdown: what calibration found. Empty where there is none, and the page says so.

    Returns
    -------
    str
        Markdown with mathematics in MyST's ``{math}`` blocks, ending in a line break.

    Raises
    ------
    BayesScalingError
        If an equation can't be set (see :func:`bayes_scaling.reports.mathematics.tex`).

    Examples
    --------
    >>> from bayes_scaling.specifications.catalogue import catalogue_directory, load_specification
    >>> source = (catalogue_directory() / "reference.toml").read_text(encoding="utf-8")
    >>> page = specification_page(load_specification("reference"), source)
    >>> [line for line in page.splitlines() if line.startswith("## ")]
    ['## The law', '## Priors', '## How to fit it', '## Calibration', '## The file']
    """
    described = describe(specification)
    parts = [
        f"# {specification.name}",
        f"{escaped(described.title)}.",
        f"Reference: {escaped(described.reference)}.",
        "## The law",
        *(_math(line) if is_equation(line) else f"{escaped(line)}." for line in described.equations),
        "\n".join(f"- {escaped(note)}" for note in described.notes),
        "## Priors",
        _priors(specification, prior_reasons(source)),
        "## How to fit it",
        _how(specification),
        "## Calibration",
        evidence.strip() or NO_EVIDENCE,
        "## The file",
        f"Copy it, change it, and give its path in place of the name.\n\n```toml\n{source.strip()}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def catalogue_page(specifications: Iterable[Specification], calibrated: Sequence[str] = ()) -> str:
    """The page that lists the catalogue: what varies, what progresses, and the noise, a row a specification.

    Parameters
    ----------
    specifications
        In the order of the table.
    calibrated
        Names of those whose calibration is stored.

    Returns
    -------
    str
        Markdown; the name of each specification is a link to ``NAME.md``.

    Examples
    --------
    >>> from bayes_scaling.specifications.catalogue import load_specification
    >>> catalogue_page([load_specification("ho2024/07")]).splitlines()[-1].split(" | ")[0]
    '| [ho2024/07](ho2024/07.md)'
    """
    rows = [
        (
            f"[{s.name}]({s.name}.md)",
            escaped(s.title),
            s.law.replace("_", " "),
            _irreducible(s),
            _varying(s),
            _progress(s),
            _noise(s),
            "stored" if s.name in calibrated else "none",
        )
        for s in specifications
    ]
    headers = ("name", "title", "law", "irreducible loss", "what varies", "progress", "noise", "calibration")
    return (
        "# Specifications\n\n"
        "A specification is a small TOML file: a law, what varies by what, what progresses, the noise and the priors. "
        "`bayes-scaling models` lists those of the catalogue; a page here has the equation, each prior with its "
        "reason, and what calibration found.\n\n" + table(headers, rows)
    )


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Markdown's table of texts, which may hold Markdown; a stroke in a cell is escaped.

    Examples
    --------
    >>> print(table(["a", "b"], [["1", "x|y"]]), end="")
    | a | b |
    | --- | --- |
    | 1 | x\|y |
    """
    lines = [headers, ["---"] * len(headers), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


def escaped(text: str) -> str:
    r"""Plain text as Markdown that shows it as it is.

    Examples
    --------
    >>> print(escaped("g_N * <b>"))
    g\_N \* \<b\>
    """
    return re.sub(r"([\\`*_{}\[\]<>$~#])", r"\\\1", " ".join(text.split()))


def prior_reasons(source: str) -> dict[str, str]:
    r"""Reasons that a specification's file gives for its priors: the comment before each, or before its neighbour.

    Parameters
    ----------
    source
        Text of the TOML file.

    Returns
    -------
    dict
        Name of a prior to its reason. A prior without a comment of its own shares that of the prior before it.

    Examples
    --------
    >>> prior_reasons("# Both small.\n[priors.alpha]\n[priors.beta]")
    {'alpha': 'Both small.', 'beta': 'Both small.'}
    """
    reasons: dict[str, str] = {}
    comment: list[str] = []
    last = ""
    for line in source.splitlines():
        found = _PRIOR.match(line)
        if line.startswith("#"):
            comment.append(line.lstrip("# ").strip())
        elif found:
            last = " ".join(comment) or last
            reasons[found["name"]] = last
            comment = []
        elif line.strip():
            comment = []
    return {name: reason for name, reason in reasons.items() if reason}


def _math(line: str) -> str:
    return f"```{{math}}\n{tex(line)}\n```"


def _priors(s: Specification, reasons: dict[str, str]) -> str:
    rows = []
    for line in describe(s).priors:
        low, high = s.prior_of(line.name).frozen().ppf(INTERVAL)
        rows.append(
            (
                f"`{line.name}`" + (f" by {line.by}" if line.by else ""),
                escaped(f"{line.meaning} ({line.unit})" if line.unit else line.meaning),
                f"`{line.prior}`",
                f"{low:.3g} to {high:.3g}",
                escaped(reasons.get(line.name, line.reason)),
            )
        )
    headers = ("parameter", "meaning", "prior", "its 95%", "reason")
    return f"With the 95% equal-tailed interval of each prior.\n\n{table(headers, rows)}"


def _how(s: Specification) -> str:
    if not LAWS[s.law].for_runs and (s.progresses or s.centre is None):
        shell, call, what = f"bayes-scaling fit {s.name}", "bs.load_evaluations()", "doubling_times"
        said = "For a table of evaluations; `--evaluations mine.csv` takes one of yours."
    else:
        shell, call, what = f"bayes-scaling fit {s.name} --runs runs.csv", 'bs.read_runs("runs.csv")', "coefficients"
        said = f"For a table of training runs, with {_columns(s)}."
    python = f'import bayes_scaling as bs\n\nfit = bs.fit(bs.load_specification("{s.name}"), {call})\nbs.{what}(fit)'
    return f"{said}\n\n```bash\n{shell}\n```\n\n```python\n{python}\n```"


def _columns(s: Specification) -> str:
    """Columns of a table of runs that the law needs."""
    law = LAWS[s.law]
    needed = ["parameters", "tokens` or `flop", "loss", *law.sizes, *([law.response] if law.response != "loss" else [])]
    known = [name for name in dict.fromkeys(needed) if name not in ("tokens", "compute")]
    return ", ".join(f"`{name}`" for name in known)


def _irreducible(s: Specification) -> str:
    if "irreducible_share" in s.coefficients:
        return "by formula"
    return {"none": "none", "shared": "one", "benchmark": "by benchmark"}[s.irreducible_loss]


def _varying(s: Specification) -> str:
    """Coefficients by the group that they vary by."""
    groups: dict[str, list[str]] = {}
    for name, group in s.varies_by.items():
        groups.setdefault(group, []).append(f"`{name}`")
    told = [f"{', '.join(names)} by {group}" for group, names in groups.items()]
    told += [f"`{name} = {text}`" for name, text in s.coefficients.items()]
    return "; ".join(told) or "nothing"


def _progress(s: Specification) -> str:
    if not s.progresses:
        return "none"
    words = "; ".join(
        [
            *([_ACTS_ON[s.progress.acts_on]] if s.progress.growing else []),
            *(["exponents drift"] if s.progress.exponents == "drift" else []),
        ]
    )
    return words.format(factors=" and ".join(s.progress.growing))


def _noise(s: Specification) -> str:
    family = "normal" if s.noise.family == "normal" else "Student-t"
    scale = " on the logarithm" if s.noise.scale == "log_loss" else ""
    return family + scale + "".join(f", rows of one {cluster} share an effect" for cluster in s.noise.clusters)
