"""What looks wrong with a fit: findings of its table, and those that only fitting shows."""

from collections.abc import Iterator

import numpy as np

from bayes_scaling.inference.data import rows_of
from bayes_scaling.inference.likelihood import draws_of, expected_losses
from bayes_scaling.inference.result import Fit
from bayes_scaling.tables.faults import Finding, named_rows

FAR = 6.0  # robust standard deviations (of the median absolute residual) beyond which a row is far from the law
MANY = 0.1  # share of far rows that is reported: normal noise has next to none, Student t with 2 degrees of freedom 2%
_DRAWS = 100  # of the posterior, enough for the median of what is expected


def fit_findings(fit: Fit) -> tuple[Finding, ...]:
    """The findings of a fit's table, and far rows, noise without a mean, and chains that were started again."""
    return (*fit.evaluations.warnings, *_of_posterior(fit), *_far_rows(fit))


def _of_posterior(fit: Fit) -> Iterator[Finding]:
    nu = float(fit.posterior["nu"].median()) if "nu" in fit.posterior else np.inf
    if nu < 1:
        yield Finding(
            "nu-below-1",
            "warning",
            f"noise with tails so heavy has no mean (nu {nu:.2g}, below 1): rows of several kinds may be mixed, such "
            "as several sets, scales or learning rates; select one with --where or --best-of",
        )
    if _without_irreducible_loss(fit):
        yield Finding(
            "no-irreducible-loss",
            "warning",
            "the specification has no irreducible loss: E is 0, and exponents take up what no scale removes. "
            'They come out too small where there is one; set irreducible_loss = "shared", as the file that '
            "`bayes-scaling models chinchilla --template` prints has it",
        )
    if fit.diagnostics.restarted:
        yield Finding(
            "chains-restarted",
            "warning",
            f"{fit.diagnostics.restarted} of {fit.settings.chains} chains had settled where next to nothing of the "
            "posterior is, and were thrown away and started again: the posterior has several modes, which mixed or "
            "few rows can cause",
        )


def _without_irreducible_loss(fit: Fit) -> bool:
    """Whether training runs were fitted by a law of two terms without E, which readers expect of such a law."""
    form = fit.specification.form
    two_terms = len(form.terms) == 2 and not form.power and not form.for_runs  # Kaplan's have none by design
    return two_terms and fit.evaluations.kind == "runs" and not fit.specification.has_irreducible


def _far_rows(fit: Fit) -> tuple[Finding, ...]:
    if not {"observed_data", "constant_data"} <= set(fit.data.children) or fit.specification.noise.cluster != "none":
        return ()
    rows = rows_of(fit.data, fit.specification)
    posterior = fit.posterior
    draws = posterior.sizes["draw"]
    some = posterior.isel(draw=np.linspace(0, draws - 1, min(draws, _DRAWS)).astype(int))
    expected = np.median(expected_losses(fit.specification, rows, draws_of(fit.specification, some)), axis=0)
    residual = np.log(rows.response / expected)
    scale = 1.4826 * np.median(np.abs(residual - np.median(residual)))
    far = [name for name, each in zip(rows.ids, residual, strict=True) if abs(each) > FAR * scale]
    if len(far) <= MANY * len(rows.ids):
        return ()
    message = (
        f"{named_rows(far)} of {len(rows.ids):,} lie more than {FAR:g} robust standard deviations ({scale:.2g} in log "
        "loss) from the law: they may be of another kind; look at them, and select with --where or --best-of"
    )
    return (Finding("far-from-law", "warning", message, tuple(far)),)
