"""What to cite, as BibTeX: the data, the paper whose law it is, and the software."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

from bayes_scaling.reports.document import Code, Section

_PACKAGED_DATA, _HO2024, _KAPLAN2020 = "ho2024", "ho2024algorithmic", "kaplan2020scaling"
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "chinchilla": ("hoffmann2022training", "besiroglu2024chinchilla"),
    **dict.fromkeys(("kaplan", "parameters", "tokens", "compute", "steps", "critical_batch"), (_KAPLAN2020,)),
}
"""Where the laws of training runs come from: keys of `references.bib`."""


def citation_section(data: str, laws: tuple[str, ...], versions: Mapping[str, str], *, progress: bool) -> Section:
    """What whoever uses a result should cite: BibTeX of the data, the papers, PyMC, ArviZ and this package."""
    if data == _PACKAGED_DATA:
        whose = "The data are those of Ho et al. 2024; the package's data notes say how the table was made."
    else:
        whose = f"The data are the table '{data}': cite its own source, row by row where it names one."
    keys = [_HO2024] if progress or data == _PACKAGED_DATA else []
    if not progress:
        keys += [key for law in laws for key in _SOURCES.get(law, ())]
    keys += ["abrilpla2023pymc", "kumar2019arviz"]
    entries = [_references()[key] for key in dict.fromkeys(keys)]
    return Section.of("citation", "Citation", whose, Code("\n\n".join([*entries, _own(versions)]), language="bibtex"))


@cache
def _references() -> dict[str, str]:
    """Entries of `references.bib` by key."""
    entries = files(__package__).joinpath("references.bib").read_text(encoding="utf-8").strip().split("\n\n")
    return {entry.partition("{")[2].partition(",")[0]: entry for entry in entries}


def _own(versions: Mapping[str, str]) -> str:
    used = versions.get("bayes-scaling") or _installed()
    return (
        "@software{bayes_scaling,\n"
        "  title   = {bayes-scaling: {Bayesian} scaling laws with algorithmic progress},\n"
        f"  version = {{{used}}}\n"
        "}"
    )


def _installed() -> str:
    try:
        return version("bayes-scaling")
    except PackageNotFoundError:
        return "unknown"
