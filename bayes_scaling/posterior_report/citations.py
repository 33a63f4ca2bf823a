"""What to cite, as BibTeX: the data, the paper whose law it is, and the software."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from bayes_scaling.posterior_report.document import Code, Paragraph, Section

HO2024 = """@article{ho2024algorithmic,
  title  = {Algorithmic progress in language models},
  author = {Ho, Anson and Besiroglu, Tamay and Erdil, Ege and Owen, David and Rahman, Robi and
            Guo, Zifan Carl and Atkinson, David and Thompson, Neil and Sevilla, Jaime},
  year   = {2024},
  eprint = {2403.05812},
  archivePrefix = {arXiv},
  url    = {https://arxiv.org/abs/2403.05812}
}"""
HOFFMANN2022 = """@article{hoffmann2022training,
  title  = {Training Compute-Optimal Large Language Models},
  author = {Hoffmann, Jordan and Borgeaud, Sebastian and Mensch, Arthur and others},
  year   = {2022},
  eprint = {2203.15556},
  archivePrefix = {arXiv},
  url    = {https://arxiv.org/abs/2203.15556}
}"""
BESIROGLU2024 = """@article{besiroglu2024chinchilla,
  title  = {Chinchilla Scaling: A replication attempt},
  author = {Besiroglu, Tamay and Erdil, Ege and Barnett, Matthew and You, Josh},
  year   = {2024},
  eprint = {2404.10102},
  archivePrefix = {arXiv},
  url    = {https://arxiv.org/abs/2404.10102}
}"""
KAPLAN2020 = """@article{kaplan2020scaling,
  title  = {Scaling Laws for Neural Language Models},
  author = {Kaplan, Jared and McCandlish, Sam and Henighan, Tom and Brown, Tom B. and Chess, Benjamin and
            Child, Rewon and Gray, Scott and Radford, Alec and Wu, Jeffrey and Amodei, Dario},
  year   = {2020},
  eprint = {2001.08361},
  archivePrefix = {arXiv},
  url    = {https://arxiv.org/abs/2001.08361}
}"""
_PYMC = """@article{abrilpla2023pymc,
  title   = {{PyMC}: a modern, and comprehensive probabilistic programming framework in {Python}},
  author  = {Abril-Pla, Oriol and Andreani, Virgile and Carroll, Colin and others},
  journal = {PeerJ Computer Science},
  volume  = {9},
  pages   = {e1516},
  year    = {2023},
  doi     = {10.7717/peerj-cs.1516}
}"""
_ARVIZ = """@article{kumar2019arviz,
  title   = {{ArviZ} a unified library for exploratory analysis of {Bayesian} models in {Python}},
  author  = {Kumar, Ravin and Carroll, Colin and Hartikainen, Ari and Martin, Osvaldo},
  journal = {Journal of Open Source Software},
  volume  = {4},
  number  = {33},
  pages   = {1143},
  year    = {2019},
  doi     = {10.21105/joss.01143}
}"""
_OF_PACKAGED_DATA = "ho2024"
_OF_LAWS: Mapping[str, tuple[str, ...]] = {
    "chinchilla": (HOFFMANN2022, BESIROGLU2024),
    "kaplan": (KAPLAN2020,),
    "parameters": (KAPLAN2020,),
    "tokens": (KAPLAN2020,),
    "compute": (KAPLAN2020,),
    "steps": (KAPLAN2020,),
    "critical_batch": (KAPLAN2020,),
}
"""Where the laws of training runs come from."""


def citation_section(data: str, laws: tuple[str, ...], versions: Mapping[str, str], *, progress: bool) -> Section:
    """What whoever uses a result should cite.

    Returns Section: BibTeX of the data, the papers, PyMC, ArviZ and this package.

    Parameters
    ----------
    data
        Name of the table that was fitted.
    laws
        Names of the laws, such as ``"chinchilla"``.
    versions
        Package to version, as a fit keeps them.
    progress
        Whether the laws have progress, which is the paper's structure.
    """
    if data == _OF_PACKAGED_DATA:
        whose = "The data are those of Ho et al. 2024; the package's data notes say how the table was made."
    else:
        whose = f"The data are the table '{data}': cite its own source, row by row where it names one."
    entries = [HO2024] if progress or data == _OF_PACKAGED_DATA else []
    if not progress:
        entries += [entry for law in laws for entry in _OF_LAWS.get(law, ())]
    entries += [_PYMC, _ARVIZ, _own(versions)]
    return Section(
        "citation", "Citation", (Paragraph(whose), Code("\n\n".join(dict.fromkeys(entries)), language="bibtex"))
    )


def _own(versions: Mapping[str, str]) -> str:
    used = versions.get("bayes-scaling") or versions.get("bayes_scaling") or _installed()
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
