"""`bayes-scaling replicate`: every answer of the paper beside a posterior's."""

from bayes_scaling.commands.options import TableOptions, takes_table
from bayes_scaling.commands.study import StudyOptions
from bayes_scaling.common.files import REPLICATION_TABLE
from bayes_scaling.inference.settings import checked_seed

PAGE, TABLE = "replication.md", REPLICATION_TABLE


@takes_table(runs=False, study="replication")
def replicate_command(options: TableOptions, study: StudyOptions) -> None:
    """Put the paper's answers (doubling times, gains, attribution) beside a posterior's."""
    checked_seed(study.seed)
    table = options.read()
    directory = study.directory(table.attrs["name"])
    from bayes_scaling.common.strict_json import records, strict_json
    from bayes_scaling.reports.replication_document import replication_page, replication_report
    from bayes_scaling.reports.run_directory import write_results
    from bayes_scaling.studies.replication import kept_file, replicate, replicated_specifications

    total = len(replicated_specifications())
    result = study.run(replicate, total, directory, noun="fit", doing="make", evaluations=table)
    contents = {directory / PAGE: replication_page(result).encode(), directory / TABLE: result.table.to_csv().encode()}
    study.tell(
        (*write_results(contents, directory), *(kept_file(directory, name) for name in result.fits)),
        lambda: strict_json({"table": records(result.table), "unconverged": list(result.unconverged)}),
        lambda: replication_report(result),
        converged=(one.diagnostics.converged for one in result.fits.values()),
    )
