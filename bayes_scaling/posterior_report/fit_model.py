"""The model in mathematics, with every prior and its reason."""

from bayes_scaling.inference.result import Fit
from bayes_scaling.posterior_report.document import Block, Bullets, Equation, Paragraph, Section, Table
from bayes_scaling.specifications.describe import describe
from bayes_scaling.specifications.mathematics import is_equation, tex
from bayes_scaling.specifications.specification import Specification


def equations(specification: Specification) -> tuple[Block, ...]:
    """A specification's equations in LaTeX; what is said in words stays in words."""
    lines = describe(specification).equations
    return tuple(Equation(tex(line)) if is_equation(line) else Paragraph(line) for line in lines)


def priors(specification: Specification) -> Table:
    """A specification's priors: on what, in which unit, and why."""
    rows = tuple(
        (f"{line.name} by {line.by}" if line.by else line.name, line.prior, line.unit, line.meaning, line.reason)
        for line in describe(specification).priors
    )
    return Table("priors", "Priors", ("parameter", "prior", "unit", "meaning", "reason"), rows)


def model_section(fit: Fit) -> Section:
    """Title and source of the specification, its equations, notes and priors."""
    told = describe(fit.specification)
    name = f"Specification '{fit.specification.name}'"
    title = f"{name}. {told.title}." if told.title else f"{name}."
    source = f" Source: {told.reference}." if told.reference else ""
    blocks: list[Block] = [Paragraph(title + source), *equations(fit.specification), Bullets(told.notes)]
    if told.priors:
        blocks.append(priors(fit.specification))
    return Section("model", "The model", tuple(blocks))
