"""How far a comparison can be trusted and how it was made: what leaving out measures, convergence, models, method."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bayes_scaling.common.formatting import counted
from bayes_scaling.inference.data import UNITS
from bayes_scaling.inference.diagnostics import EBFMI_MIN, ESS_MIN, RHAT_MAX, TOLERATED_FRACTION
from bayes_scaling.inference.fitting import package_versions
from bayes_scaling.inference.units import noun_of, plural_of
from bayes_scaling.reports.describe import describe, varying
from bayes_scaling.reports.document import Block, Equation, Section, Table
from bayes_scaling.reports.fit_basis import equations, made_with
from bayes_scaling.reports.svg import picture_of
from bayes_scaling.specifications.catalogue import list_specifications, load_specification
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.comparison.result import Comparison
from bayes_scaling.studies.comparison.variants import STATED


def leave_one_out_section(comparison: Comparison) -> Section:
    """The measure, its unit, and how each unit's term was found."""
    unit, row, source = (noun_of(each, comparison.evaluations.kind) for each in (comparison.unit, *UNITS))
    stay = (
        f"The other {plural_of(row)} of the same {source} stay, so it measures how well one more result is predicted, "
        f"not a new {source}."
    )
    if unit == source:
        stay = (
            f"All {plural_of(row)} of a {source} are left out together, so it measures how well a new {source} is "
            "predicted."
        )
    counts = [
        {
            "name": name,
            "found": int((~(score.pareto_k_found <= score.good_k)).sum()),
            "matched": score.count("moment_matching"),
            "refitted": score.count("refit"),
            "left": score.bad,
            "largest": float(np.max(score.pareto_k_found)),
            "units": len(score.labels),
        }
        for name in map(str, comparison.table.index)
        for score in [comparison.scores[name]]
    ]
    return Section.of(
        "leave-one-out",
        "What leaving out measures, and where it is reliable",
        f"The expected log predictive density (elpd) is the log density of each {unit}'s loss given all others, "
        f"added up; higher is better. {stay} It says nothing about predicting beyond the range of the data.",
        Equation(r"\text{elpd} = \sum_u \ln p(y_u \mid y_{-u})"),
        "Terms come from importance sampling (PSIS; Vehtari, Gelman and Gabry 2017). Where its Pareto k is above "
        "the threshold, the weights are too uneven: they are mended by moment matching (Paananen et al. 2021), and "
        f"what can't be mended is found by a fit without the {unit}, if refits were allowed.",
        *_pareto_blocks(comparison, counts, unit),
    )


def _pareto_blocks(comparison: Comparison, counts: list[dict[str, Any]], unit: str) -> Iterator[Block | str]:
    from bayes_scaling.plots.comparison import plot_pareto_k

    total = {name: sum(row[name] for row in counts) for name in ("units", "found", "matched", "refitted", "left")}
    yield (
        f"Of {total['units']:,} terms ({counted(len(counts), 'variant')}), {total['found']} were above the threshold "
        f"as found; {total['matched']} were mended by moment matching, {total['refitted']} found by a fit without the "
        f"{unit}, and {total['left']} are left that can't be trusted."
    )
    shown = [row for row in counts if row["found"] or row["refitted"] or row["left"]]
    if shown:
        yield Table.of(
            "pareto-k-table",
            f"Pareto k: {plural_of(unit)} by what was done about them, of variants with any above the threshold; "
            "marked: some are left that can't be trusted",
            shown,
            {
                "variant": "{name}",
                "largest k as found": "{largest:.2f}",
                "above the threshold": "{found}",
                "moment matched": "{matched}",
                "refitted": "{refitted}",
                "left": "{left}",
            },
            marked=lambda row: row["left"],
        )
    worst = max(counts, key=lambda row: row["largest"])
    yield picture_of(
        plot_pareto_k(comparison),
        "pareto-k",
        "Pareto k of every variant",
        f"One column a variant, in the order of the table: range of Pareto k of its {plural_of(unit)} as found by "
        f"importance sampling, and one mark for each above the threshold. The largest is {worst['largest']:.2f} "
        f"({worst['name']}); {total['found']} are above, of which {total['left']} are left unmended.",
    )


def convergence_section(comparison: Comparison) -> Section:
    """The criteria that every member had to meet, and who missed which."""
    table = comparison.table
    lost = table[~table["converged"]]
    rhat, ess, divergences = (table[name] for name in ("rhat_max", "ess_bulk_min", "divergences"))
    apart, few = (~(rhat <= RHAT_MAX)).sum(), (~(ess >= ESS_MIN)).sum()
    diverged, most = lost["reason"].str.contains("diverg").sum(), f"{divergences.max():.0f} ({divergences.idxmax()})"
    tolerated = f"0, or after smaller steps at most {TOLERATED_FRACTION:.1%} of draws"
    rows = (
        ("R-hat, largest", f"at most {RHAT_MAX:g}", f"{rhat.max():.4f} ({rhat.idxmax()})", f"{apart}"),
        ("effective draws (bulk), fewest", f"at least {ESS_MIN:g}", f"{ess.min():,.0f} ({ess.idxmin()})", f"{few}"),
        ("divergent transitions, most", tolerated, most, f"{diverged}"),
        ("all criteria", "none missed", f"{len(table) - len(lost)} of {len(table)} variants", f"{len(lost)}"),
    )
    failures = Table.of(
        "not-converged",
        "Variants that have not converged: out of ranks, weights and averages",
        lost,
        {"variant": "{name}", "what failed": "{reason}"},
        marked=lambda row: True,
    )
    return Section.of(
        "convergence",
        "Convergence of the fits",
        Table(
            "criteria",
            "Criteria that every variant's fit had to meet, the worst found, and how many variants missed each; among "
            f"all criteria are also effective draws in the tails (at least {ESS_MIN:g}), maximum tree depth (as "
            f"divergent transitions) and E-BFMI (at least {EBFMI_MIN:g})",
            ("criterion", "threshold", "worst", "missed by"),
            rows,
            frozenset(place for place, row in enumerate(rows) if row[-1] != "0"),
        ),
        failures if len(lost) else "Every variant has converged.",
    )


def specifications_of(comparison: Comparison) -> dict[str, Specification]:
    """One specification a model: as fitted, with its stated priors if these were; else that of the catalogue."""
    found: dict[str, Specification] = {}
    for name, row in comparison.table.to_dict("index").items():
        fit = comparison.fits.get(str(name))
        if fit is not None and (row["model"] not in found or row["variant"] == STATED):
            found[str(row["model"])] = fit.specification
    models = list(dict.fromkeys(map(str, comparison.table["model"])))
    catalogue = set(list_specifications())
    found |= {model: load_specification(model) for model in models if model not in found and model in catalogue}
    return {model: found[model] for model in models if model in found}


def models_section(comparison: Comparison, specifications: Mapping[str, Specification]) -> Section:
    """Title, equations, and what varies by what, of each model, best predicting first."""
    dated = "" if comparison.evaluations.kind == "runs" else "; Y: date of publication, years"
    blocks: list[Block | str] = [
        f"L: loss, nats per token; N: parameters; D: training tokens{dated}. "
        "`bayes-scaling models NAME` shows the priors of one of the catalogue."
    ]
    for model, labels in comparison.table.groupby("model", sort=False)["variant"]:
        specification = specifications.get(str(model))
        if specification is None:
            blocks.append(f"{model}: its specification was not kept, since no fit of it has converged.")
            continue
        *lines, _ = equations(specification)  # the last is of the noise
        blocks += [_in_words(str(model), specification, list(map(str, labels))), *lines]
    return Section.of("models", "The models", *blocks)


def _in_words(model: str, specification: Specification, labels: list[str]) -> str:
    title, varies = describe(specification).title, varying(specification)
    text = f"{model}: {title}." if title else f"{model}."
    text += f" Varies: {varies}." if varies else " Nothing varies between groups."
    text += "" if specification.progresses else " No progress."
    return f"{text} Priors: {', '.join(sorted(labels, key=lambda label: (label != STATED, label)))}."


def versions_of(comparison: Comparison) -> Mapping[str, str]:
    """Versions of software that made the fits; those at hand where no fit was kept."""
    kept = (fit.versions for fit in comparison.fits.values() if fit.versions)
    return next(kept, None) or package_versions()


def method_section(comparison: Comparison) -> Section:
    """Sampler, settings, seed, versions, and the fingerprint of every fit."""
    hours = float(comparison.table["seconds"].sum()) / 3600
    return Section.of(
        "method",
        "Method",
        "Every variant is sampled by the No-U-Turn sampler (nutpie) from its PyMC model; one that misses a "
        "criterion gets longer and more careful attempts. Equal fingerprints, equal fits.",
        f"Fits and cross-validation took {hours:.2f} hours of one core, all together.",
        *made_with(comparison, versions_of(comparison), "variant"),
    )
