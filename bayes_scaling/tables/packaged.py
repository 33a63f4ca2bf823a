"""Tables that come with the package, and those that it fetches or makes by name."""

from functools import cache
from importlib.resources import as_file, files
from os import PathLike

import pandas as pd

from bayes_scaling.errors import EvaluationsError, RunsError
from bayes_scaling.law.chinchilla import BESIROGLU
from bayes_scaling.tables.cells import finished_table, typed_values
from bayes_scaling.tables.columns import EVALUATIONS
from bayes_scaling.tables.fetching import FetchingError, located, require_hash
from bayes_scaling.tables.formats import read_text_table
from bayes_scaling.tables.reading import read_runs
from bayes_scaling.tables.selections import comparable_rows
from bayes_scaling.tables.simulated import simulate_isoflop

PACKAGED = ("ho2024", "collected")
NAMED_RUNS = ("simulated", "chinchilla")
CHINCHILLA_URL = (
    "https://raw.githubusercontent.com/epoch-research/analyzing-chinchilla/"
    "92258837425e1b5f2851d624287f0120583a3d0e/data/svg_extracted_data.csv"
)
"""Where the digitised runs are published, at a fixed commit."""
CHINCHILLA_SHA256 = "193478df4e90f040016431996c45682659306840ecdadf83cfb9cd5ca0aa1b30"

SIMULATED_NOISE = 0.01
"""Standard deviation of the example's log losses around the law."""
_SIMULATED_SEED = 2022


def load_evaluations(name: str = "ho2024", *, comparable_only: bool = True) -> pd.DataFrame:
    """Load one of the package's tables of evaluations.

    Parameters
    ----------
    name : {"ho2024", "collected"}
        `ho2024` is the estimation sample of Ho et al. (2024), 231 rows; `collected` our own collection of
        published results. The columns and sources of both: `bayes_scaling/data/README.md`.
    comparable_only : bool
        Of `collected`, keep only the rows that can be compared with each other (297 of 497). `ho2024` has no
        such distinction: all its rows are given.

    Returns
    -------
    DataFrame
        Indexed by `id`; perplexity per token, parameters and tokens as counts.

    Raises
    ------
    EvaluationsError
        No packaged table has this name.

    Examples
    --------
    >>> len(load_evaluations())
    231
    >>> load_evaluations("collected").attrs
    {'name': 'collected', 'selections': ['comparable rows']}
    """
    if name not in PACKAGED:
        raise EvaluationsError(
            f"no packaged table is called {name!r}; choose from {', '.join(PACKAGED)},"
            " or give the path of a CSV file (in Python: read_evaluations)"
        )
    evaluations = _packaged(name).copy()
    return comparable_rows(evaluations) if comparable_only and "comparable" in evaluations else evaluations


@cache
def _packaged(name: str) -> pd.DataFrame:
    # Not validated again at every start: the tests do it, by the rules for users' files.
    with as_file(files("bayes_scaling") / "data" / f"{name}.csv") as path:
        cells = read_text_table(path, EVALUATIONS.noun).cells
    return finished_table(typed_values(cells, EVALUATIONS), EVALUATIONS, name)


def load_runs(
    name: str = "simulated",
    path: str | PathLike[str] | None = None,
    fetch: bool = False,
    *,
    url: str = CHINCHILLA_URL,
) -> pd.DataFrame:
    """Load a table of training runs by its name.

    Parameters
    ----------
    name : {"simulated", "chinchilla"}
        `simulated` is an example: nine IsoFLOP budgets with twelve models each, made from the constants of Besiroglu
        et al. 2024 with normal noise of .01 in log loss and a fixed seed. `chinchilla` are the 245 runs of Hoffmann et
        al. 2022 that Besiroglu et al. 2024 digitised from Figure 4; it does not come with the package.
    path : path, optional
        Where the file of `chinchilla` is or, with `fetch`, is to be kept.
    fetch : bool
        Download `chinchilla` from its public repository, once: to `path` or, without it, to a cache in the user's
        system.
    url : str
        Another place to fetch it from; the content must be the same.

    Returns
    -------
    DataFrame
        Indexed by `id`; parameters and tokens as counts, flop, loss in nats per token; `attrs` as of `read_runs`.

    Raises
    ------
    RunsError
        No table has this name; `chinchilla` is asked for with neither `path` nor `fetch`; the file can't be had or is
        another one.

    Notes
    -----
    Sources: Hoffmann et al. 2022 (arXiv 2203.15556), Figure 4; Besiroglu et al. 2024 (arXiv 2404.10102), whose losses
    are read off a colour scale. They find the tokens by C = 6 N D and drop the five highest losses
    (:func:`drop_highest`).

    Examples
    --------
    >>> runs = load_runs("simulated")
    >>> len(runs), runs["series"].nunique(), runs.attrs["name"]
    (108, 9, 'simulated')
    >>> load_runs("chinchilla")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    RunsError: 'chinchilla' does not come with the package; pass fetch=True to download it ...
    """
    if name not in NAMED_RUNS:
        raise RunsError(
            f"no table of runs is called {name!r}; choose from {', '.join(NAMED_RUNS)}, or read a file with `read_runs`"
        )
    if name == "simulated":
        if path is not None or fetch:
            raise RunsError("'simulated' is made and not read; leave path and fetch out, or ask for 'chinchilla'")
        return simulate_isoflop(BESIROGLU, noise=SIMULATED_NOISE, seed=_SIMULATED_SEED)
    try:
        file, _ = located(f"'{name}'", url, path, fetch, RunsError, sha256=CHINCHILLA_SHA256)
        require_hash(file, CHINCHILLA_SHA256)
    except FetchingError as error:
        raise RunsError(str(error)) from None
    return read_runs(file, {"parameters": "Model Size", "flop": "Training FLOP", "loss": "loss"}, name)
