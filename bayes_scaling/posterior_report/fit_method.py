"""How a fit was made, so that it can be made again."""

import shlex
from dataclasses import asdict

from bayes_scaling.inference.result import Fit
from bayes_scaling.inference.settings import SMC
from bayes_scaling.posterior_report.document import Block, Code, Paragraph, Section, Table


def method_section(fit: Fit) -> Section:
    """Sampler, settings, seed, versions, fingerprint, and the command that repeats it."""
    if fit.settings.sampler == SMC:
        how = "Sampled by sequential Monte Carlo from the prior to the posterior, in independent runs (PyMC)."
    else:
        how = "Sampled by the No-U-Turn sampler (nutpie) from the PyMC model of the equations above."
    settings = {**asdict(fit.settings), "seed": fit.seed} | {
        f"seconds, {name}": f"{value:.1f}" for name, value in fit.seconds.items()
    }
    blocks: list[Block] = [
        Paragraph(f"{how} Equal fingerprints, equal fits: {fit.fingerprint or 'none recorded'}."),
        Table(
            "settings", "Settings", ("setting", "value"), tuple((name, str(value)) for name, value in settings.items())
        ),
    ]
    if fit.versions:
        rows = tuple((name, str(version)) for name, version in fit.versions.items())
        blocks.append(Table("versions", "Versions of software", ("package", "version"), rows))
    blocks += [Paragraph("To fit it again:"), Code(command(fit), language="console")]
    return Section("method", "Method", tuple(blocks))


def command(fit: Fit) -> str:
    """The command that makes a fit again, as far as names and settings tell."""
    specification = fit.specification
    parts = ["bayes-scaling", "fit", specification.name.partition("@delta=")[0]]
    parts += ["--runs" if fit.evaluations.kind == "runs" else "--evaluations", fit.evaluations.name]
    if specification.delta is not None:
        parts += ["--delta", f"{specification.delta:g}"]
    if fit.settings.sampler == SMC:
        parts += ["--sampler", SMC]
    for name in ("draws", "tune", "chains"):
        parts += [f"--{name}", str(getattr(fit.settings, name))]
    return shlex.join([*parts, "--seed", str(fit.seed)])
