"""A study as a contributor would write it, in one file: the published estimator without one benchmark at a time."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_scaling.classical import published_estimate
from bayes_scaling.common.files import write_together
from bayes_scaling.inference.fitting import summary_of
from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.studies.directory import StudyDirectory, recorded
from bayes_scaling.studies.study import Study

SETTINGS, TABLE = "jackknife.json", "jackknife.csv"


@dataclass(frozen=True)
class Jackknife:
    """What the estimator finds without each benchmark: ``months``, the doubling time of effective compute."""

    table: pd.DataFrame
    evaluations: EvaluationsSummary
    set_aside: tuple[tuple[str, str], ...] = ()
    title = "Does one benchmark decide the doubling time?"
    settings = seed = None  # nothing is sampled

    @property
    def answer(self) -> str:
        low, high = self.table["months"].min(), self.table["months"].max()
        return f"Without one benchmark, effective compute doubles every {low:.1f} to {high:.1f} months."


@dataclass(frozen=True)
class Task:
    """Evaluations without those of one benchmark."""

    left_out: str
    evaluations: pd.DataFrame

    @property
    def file(self) -> str:
        rows = self.evaluations.to_csv(float_format="%.17g")
        return f"without-{self.left_out}-{hashlib.sha256(rows.encode()).hexdigest()[:16]}.json"


def work(task: Task) -> bytes:
    found = published_estimate("ho2024/07", task.evaluations)
    months = float(found.doubling_times().loc["compute", "all"])
    return json.dumps({"rows": len(task.evaluations), "months": months}).encode()


def jackknife(
    evaluations: pd.DataFrame, directory: Path, on_done: Callable[[str, bool], Any], **engine: Any
) -> Jackknife:
    benchmarks = evaluations["benchmark"].unique()
    tasks = {name: Task(name, evaluations[evaluations["benchmark"] != name]) for name in benchmarks}
    study = Study(directory, "estimates", work, json.loads)
    found = study.run(tasks, on_done=lambda task, reused: on_done(task.left_out, reused), **engine)
    table = pd.DataFrame.from_dict(found, orient="index").rename_axis("left_out")
    result = Jackknife(table, summary_of(evaluations), set_aside=study.set_aside)
    write_together({directory / SETTINGS: recorded(result), directory / TABLE: table.to_csv().encode()})
    return result


def load_jackknife(directory: Path) -> Jackknife:
    files = StudyDirectory(directory, "jackknife", SETTINGS, TABLE)
    return Jackknife(files.csv(TABLE, ("left_out",)).set_index("left_out"), **files.about(Jackknife))
