"""How a comparison was made, so that it can be made again."""

from collections.abc import Mapping
from dataclasses import asdict

from bayes_scaling.comparison.result import Comparison
from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.posterior_report.document import Block, Bullets, Paragraph, Section, Table
from bayes_scaling.words import counted


def versions_of(comparison: Comparison) -> Mapping[str, str]:
    """Versions of software that made the fits; those at hand where no fit was kept."""
    for fit in comparison.fits.values():
        if fit.versions:
            return fit.versions
    return package_versions()


def method_section(comparison: Comparison) -> Section:
    """Sampler, settings, seed, versions, and the fingerprint of every fit."""
    blocks: list[Block] = [
        Paragraph(
            "Every variant is sampled by the No-U-Turn sampler (nutpie) from its PyMC model; one that misses a "
            "criterion gets longer and more careful attempts. Equal fingerprints, equal fits."
        )
    ]
    if comparison.settings is not None:
        rows = [*asdict(comparison.settings).items(), ("seed", comparison.seed)]
        caption = "Settings of the first attempt of each fit"
        blocks.append(
            Table("settings", caption, ("setting", "value"), tuple((name, str(value)) for name, value in rows))
        )
    versions = tuple((name, str(version)) for name, version in versions_of(comparison).items())
    blocks.append(Table("versions", "Versions of software", ("package", "version"), versions))
    hours = float(comparison.table["seconds"].sum()) / 3600
    blocks.append(Paragraph(f"Fits and cross-validation took {hours:.2f} hours of one core, all together."))
    prints = tuple((str(name), comparison.fingerprints.get(str(name), "")) for name in comparison.table.index)
    if any(value for _, value in prints):
        caption = "Fingerprints: SHA-256 of data, specification, priors, settings, seed and versions"
        blocks.append(Table("fingerprints", caption, ("variant", "fingerprint"), prints))
    if comparison.set_aside:
        blocks.append(Paragraph(f"{counted(len(comparison.set_aside), 'file')} could not be read, and was made again:"))
        blocks.append(Bullets(tuple(f"{file}: {reason}" for file, reason in comparison.set_aside)))
    return Section("method", "Method", tuple(blocks))
