"""The compared models in mathematics, in short: equations without noise, and what varies by what."""

from collections.abc import Mapping

from bayes_scaling.comparison.result import Comparison
from bayes_scaling.comparison.variants import STATED
from bayes_scaling.posterior_report.document import Block, Equation, Paragraph, Section
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.describe import describe
from bayes_scaling.specifications.mathematics import is_equation, tex
from bayes_scaling.specifications.specification import Specification


def specifications_of(comparison: Comparison) -> dict[str, Specification]:
    """One specification a model: as fitted, with its stated priors if these were; else that of the catalogue."""
    found: dict[str, Specification] = {}
    for name, row in comparison.table.to_dict("index").items():
        fit = comparison.fits.get(str(name))
        if fit is not None and (row["model"] not in found or row["variant"] == STATED):
            found[str(row["model"])] = fit.specification
    catalogue = set(list_specifications())
    models = list(dict.fromkeys(map(str, comparison.table["model"])))
    missing = [model for model in models if model not in found and model in catalogue]
    found |= {model: load_specification(model) for model in missing}
    return {model: found[model] for model in models if model in found}


def models_section(comparison: Comparison, specifications: Mapping[str, Specification]) -> Section:
    """Title, equations, and what varies by what, of each model, best predicting first."""
    dated = "" if comparison.evaluations.kind == "runs" else "; Y: date of publication, years"
    blocks: list[Block] = [
        Paragraph(
            f"L: loss, nats per token; N: parameters; D: training tokens{dated}. "
            "`bayes-scaling models NAME` shows the priors of one of the catalogue."
        )
    ]
    for model in dict.fromkeys(map(str, comparison.table["model"])):
        labels = list(map(str, comparison.table.loc[comparison.table["model"] == model, "variant"]))
        specification = specifications.get(model)
        if specification is None:
            blocks.append(Paragraph(f"{model}: its specification was not kept, since no fit of it has converged."))
            continue
        blocks.append(Paragraph(_in_words(model, specification, labels)))
        *lines, _ = describe(specification).equations  # the last is of the noise
        blocks += [Equation(tex(line)) if is_equation(line) else Paragraph(line) for line in lines]
    return Section("models", "The models", tuple(blocks))


def _in_words(model: str, specification: Specification, labels: list[str]) -> str:
    told = describe(specification)
    by_group: dict[str, list[str]] = {}
    for name, group in specification.varies_by.items():
        by_group.setdefault(group, []).append(name)
    varies = "; ".join(f"{', '.join(names)} by {group}" for group, names in by_group.items())
    text = f"{model}: {told.title}." if told.title else f"{model}."
    text += f" Varies: {varies}." if varies else " Nothing varies between groups."
    text += "" if specification.progresses else " No progress."
    return f"{text} Priors: {', '.join(sorted(labels, key=lambda label: (label != STATED, label)))}."
