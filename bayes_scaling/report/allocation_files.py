"""Allocations of compute as files: every row as CSV, or as strict JSON with the fit that it rests on."""

from pathlib import Path
from typing import Any

from bayes_scaling.errors import BayesScalingError
from bayes_scaling.files import write_whole
from bayes_scaling.plain_json import strict_json
from bayes_scaling.report.allocation_table import Allocations, benchmark_of, label_of, sources, year_of

SUFFIXES = (".csv", ".json")


def check_output(path: Path) -> None:
    """Refuse a file whose name ends otherwise than in a format that can be written.

    Raises
    ------
    BayesScalingError
        Names the formats.

    Examples
    --------
    >>> check_output(Path("splits.csv"))
    """
    if path.suffix not in SUFFIXES:
        raise BayesScalingError(f"--output {path}: the file's name must end in {' or '.join(SUFFIXES)}")
    if path.is_dir():
        raise BayesScalingError(f"--output {path}: is a directory; name a file")


def write_allocations(answer: Allocations, path: Path) -> Path:
    """Write every row, whole or not at all, in the format of the file's name.

    Raises
    ------
    BayesScalingError
        If the name ends otherwise, or the file can't be written.
    """
    check_output(path)
    try:
        write_whole(path, allocation_csv(answer) if path.suffix == ".csv" else allocation_json(answer))
    except OSError as error:
        raise BayesScalingError(f"{path}: can't be written ({error.strerror}); choose another --output") from None
    return path


def allocation_csv(answer: Allocations) -> bytes:
    """One row for each number; the columns are those of :func:`bayes_scaling.report.allocation_table.allocations`."""
    return answer.table.to_csv(index=False).encode()


def allocation_json(answer: Allocations) -> bytes:
    """The same rows, with question, fit and sources; null where there is no finite number."""
    question = answer.question
    document = {
        "compute": list(question.budgets),
        "split": None if question.split is None else dict([question.split]),
        "inference_tokens": question.inference_tokens,
        "interval": answer.table.attrs["interval"],
        "fit": _fit(answer),
        "rows": answer.table.to_dict("records"),
        "sources": sources(),
    }
    return strict_json(document)


def _fit(answer: Allocations) -> dict[str, Any] | None:
    if answer.fit is None:
        return None
    fit, largest = answer.fit, answer.largest_compute
    return {
        "law": label_of(fit),
        "specification": fit.specification.name,
        "table": fit.evaluations.name,
        "converged": fit.diagnostics.converged,
        "failures": list(fit.diagnostics.failures),
        "not_identified": list(answer.not_identified),
        "largest_compute": largest,
        "extrapolation": {f"{budget:g}": budget / largest for budget in answer.question.budgets},
        "year": year_of(answer.question) if fit.specification.progresses else None,
        "benchmark": benchmark_of(answer.question) if fit.evaluations.kind == "evaluations" else None,
        "fingerprint": fit.fingerprint,
    }
