"""`bayes-scaling report`: one page for readers, from the directory of a fit or a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayes_scaling.commands.options import COMPUTE, EXIT_UNCONVERGED, Quiet, flops
from bayes_scaling.common.files import ROBUSTNESS_SETTINGS, plain_name
from bayes_scaling.common.formatting import NOT_CONVERGED
from bayes_scaling.errors import BayesScalingError

if TYPE_CHECKING:
    from bayes_scaling.studies.robustness.result import Robustness


def report_command(
    directory: Annotated[
        str, typer.Argument(help="Where fit, or a command that makes a study, wrote; of a fit also its .nc file.")
    ],
    output: Annotated[
        str | None, typer.Option(help="The file; default report.html (.md, .json) in the directory.")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="html, markdown or json; default what --output ends in, or html.")
    ] = None,
    compute: Annotated[
        list[str] | None, typer.Option(help=f"{COMPUTE}: whose best split a fit of runs reports.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write a report: answer, pictures, model, checks and diagnostics. Exits with 1 if a fit has not converged."""
    from bayes_scaling.reports import write
    from bayes_scaling.reports.document import printable
    from bayes_scaling.reports.terminal import console, say_written

    if output == "" or directory == "":
        raise BayesScalingError(f"{'--output' if directory else 'DIR'} is empty; give a name")
    kind = "html" if output is None and format is None else write.format_of(output or "", format)
    budgets = flops(compute or ())
    source = Path(directory)
    where = source if source.is_dir() else source.parent
    path = where / f"report{write.SUFFIXES[kind]}" if output is None else Path(output)
    found = kind_of(source)
    write.check_targets(path, kind)  # before anything is read or drawn
    log = console(stderr=True)
    if not quiet:
        more = "; approach 2 of runs that share budgets up to 60 s more" if budgets else ""
        log.print(f"{source} ({found}): reading, then writing {path} (5 to 30 s{more}) ...", markup=False)
    result = write.read_result(found, source)
    beside = None
    if found == "fit":
        try:
            beside = _robustness_beside(source, result)
        except BayesScalingError as error:  # the fit itself is sound
            typer.echo(f"bayes-scaling: warning: a robustness run beside the fit is left out: {error}", err=True)
    kept = None
    if budgets:
        from bayes_scaling.studies.approaches.beside import kept_with

        kept = kept_with(source)
    document = write.document_of(result, beside, budgets, kept)
    written = write.write_document(document, path, kind)
    files = [written, written.with_suffix(".json")] if kind == "html" else [written]
    out = console()
    out.print(printable(document.answer), markup=False)
    if document.citation is not None:
        out.print(printable(f"\nCite: {document.citation[0]} BibTeX is in the report."), markup=False)
    say_written(out, files)
    if any(banner.title.startswith(NOT_CONVERGED) for banner in document.banners):
        raise typer.Exit(EXIT_UNCONVERGED)


def kind_of(source: Path) -> str:
    """What kind of result a directory holds.

    Raises BayesScalingError if there is no such directory, or nothing in it that a report can be made of.
    """
    from bayes_scaling.reports.write import KINDS

    if source.suffix == ".nc":
        return "fit"  # whether it is one, its reader says
    try:
        there = source.exists()
        found = {file: kind for kind, (file, _) in KINDS.items() if (source / file).is_file()}
    except (OSError, ValueError):  # such as a path with a NUL character
        raise BayesScalingError(f"{str(source)!r} is not a valid path; give the directory of a run") from None
    if not there:
        raise BayesScalingError(
            f"{source}: no such directory; give the one that `bayes-scaling fit` or a study wrote to"
        )
    if not source.is_dir():
        raise BayesScalingError(f"{source}: is a file and no fit (.nc); give the directory of a run")
    if len(found) > 1:
        raise BayesScalingError(
            f"{source}: holds several results ({', '.join(sorted(found))}); move all but one to a directory of its own"
        )
    if not found:
        raise BayesScalingError(
            f"{source}: nothing to report; looked for {', '.join(file for file, _ in KINDS.values())}. "
            f"Make one with `bayes-scaling fit --output {source}`"
        )
    return next(iter(found.values()))


def _robustness_beside(source: Path, fit: Any) -> "Robustness | None":
    """A robustness run on the same table, in the directory beside a fit's where the command writes it.

    Raises BayesScalingError if there is one that can't be read, or is of another table.
    """
    where = source if source.is_dir() else source.parent
    directory = where.resolve().parent / plain_name(f"robustness-{fit.evaluations.name}")
    if not (directory / ROBUSTNESS_SETTINGS).is_file():
        return None
    from bayes_scaling.studies.robustness.run import check_same_table, load_robustness

    result = load_robustness(directory)
    check_same_table(result, fit)
    return result
