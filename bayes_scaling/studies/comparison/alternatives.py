"""What other specifications say of a packaged table, and the recommended one of the table with figures corrected.

Both come with the package: `notebooks/steps.py` and `notebooks/audit.py` make the files, from comparisons by papers.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from bayes_scaling.inference.result import Fit
from bayes_scaling.specifications.catalogue import load_specification
from bayes_scaling.specifications.specification import Specification
from bayes_scaling.studies.comparison.elpd import DOUBLING, TIMES
from bayes_scaling.studies.comparison.result import Comparison
from bayes_scaling.tables.packaged import PACKAGED

FOLDER = "alternatives"
"""Of the package's data: one JSON file for each table, and one for its corrections."""
CORRECTED = "-corrected"
_COLUMNS = ("elpd_diff", "dse", "weight", *DOUBLING.values(), "converged")


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Doubling times of effective compute on one table under many specifications.

    Parameters
    ----------
    unit
        Of cross-validation: ``"evaluation"`` or ``"paper"``.
    table
        Indexed by specification, best first: ``elpd_diff`` with its standard error ``dse`` (nats), ``weight`` by
        stacking, and the doubling time as in a comparison's table.
    average
        Over all that converged, by these weights: ``median``, ``lower``, ``upper`` (months, 95% equal-tailed) and
        ``probability_of_progress``.
    """

    unit: str
    table: pd.DataFrame
    average: dict[str, float]

    @property
    def specifications(self) -> int:
        """How many the average is over."""
        return int(self.table["converged"].sum())

    @property
    def how(self) -> str:
        """By what the average weighs specifications, in words."""
        return f"by how well each predicts a {self.unit} left out"


def document_of(comparison: Comparison, evaluations: pd.DataFrame) -> dict[str, Any]:
    """A comparison of specifications of the catalogue on a table, as the plain data of a packaged file."""
    table = comparison.table.set_index("model")[list(_COLUMNS)]
    average = comparison.averaged_doubling_times().loc["compute"]
    rows = evaluations.index, np.log(evaluations["perplexity"])
    return {
        "unit": comparison.unit,
        "average": average[["median", "lower", "upper", "probability_of_progress"]].to_dict(),
        "specifications": [
            {"name": name, "of": _key(load_specification(str(name)), *rows)} | row
            for name, row in table.to_dict("index").items()
        ],
    }


def corrections_document(name: str, compared: Mapping[str, Comparison], evaluations: pd.DataFrame) -> dict[str, Any]:
    """What one specification says of corrected versions of a table, as the plain data of a packaged file.

    ``of`` is what is fitted to the table as it is, as in `document_of`.
    """
    rows = [
        {"table": what, "rows": comparison.evaluations.rows}
        | comparison.table.set_index("model").loc[name, [*DOUBLING.values(), "converged"]].to_dict()
        for what, comparison in compared.items()
    ]
    key = _key(load_specification(name), evaluations.index, np.log(evaluations["perplexity"]))
    return {"of": key, "tables": rows}


def corrections_to(fit: Fit) -> pd.DataFrame | None:
    """Doubling times of effective compute on a packaged table with its doubtful figures corrected, by what was done.

    Indexed by ``table``, with ``rows`` and the doubling time as in a comparison's table; None for any other fit.
    """
    document = _document(fit.evaluations.name, CORRECTED)
    if document is None or document["of"] != _key_of(fit):
        return None
    return pd.DataFrame(document["tables"]).set_index("table").fillna(_NO_BOUND)


def alternatives_to(fit: Fit) -> Alternatives | None:
    """What the packaged comparison says of the table of a fit, if this very specification is among those compared."""
    document = _document(fit.evaluations.name)
    if document is None:
        return None
    if _key_of(fit) not in [each["of"] for each in document["specifications"]]:
        return None
    table = pd.DataFrame(document["specifications"]).set_index("name").drop(columns="of")
    average = {name: math.inf if value is None else value for name, value in document["average"].items()}
    return Alternatives(document["unit"], table.fillna(_NO_BOUND), average)


_NO_BOUND = {name: math.inf for name in TIMES}
"""What null stands for in a packaged file."""


@cache
def _document(name: str, of: str = "") -> dict[str, Any] | None:
    file = files("bayes_scaling") / "data" / FOLDER / f"{name}{of}.json"
    return json.loads(file.read_text(encoding="utf-8")) if name in PACKAGED and file.is_file() else None


def _key_of(fit: Fit) -> str:
    (losses,) = fit.data["observed_data"].to_dataset().data_vars.values()
    return _key(fit.specification, losses["evaluation"].to_numpy(), losses.to_numpy())


def _key(specification: Specification, ids: Any, losses: Any) -> str:
    """Of what is fitted to what: a specification without the words about it, and the losses of all rows."""
    told = ("title", "reference")
    settings = {name: value for name, value in specification.to_dict().items() if name not in told}
    text = json.dumps([settings, [*map(str, ids)], np.round(losses, 9).tolist()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
