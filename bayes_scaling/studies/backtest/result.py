"""A backtest: each evaluation that was predicted, by whom and how well, and what that comes to."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import amount
from bayes_scaling.errors import BayesScalingError, require_choice
from bayes_scaling.inference.result import EvaluationsSummary
from bayes_scaling.inference.settings import Settings
from bayes_scaling.quantities.domain import DOMAIN
from bayes_scaling.studies.backtest.forecasts import PROBABILITIES, Record
from bayes_scaling.studies.backtest.splits import HORIZONS, REACHES

COVERED = tuple(f"covered_{100 * p:.0f}" for p in PROBABILITIES)
_LOG_SCORES = ("log_score", "log_score_joint")
KEYS = ["forecaster", "cut"]
FORECAST = ("converged", "note", "before", "unseen", "seconds")
"""Fields of a record that tables of forecasts show."""
_ERRORS = ("error_percent", "absolute_error_percent")
_MEANS = (*COVERED, *_LOG_SCORES, "crps", "error", *_ERRORS)
PREDICTION = ("forecaster", "cut", "id", "parameters", "tokens", "observed", "median", "lower_90", "upper_90")
"""With the next, columns of :attr:`Backtest.predictions`."""
PREDICTION_SCORES = ("error_percent", "log_score", *DOMAIN)


@dataclass(frozen=True, eq=False)
class Backtest:
    """How well forecasters predicted what was published later, or runs that were held out.

    Parameters
    ----------
    scores
        Indexed by ``forecaster``, ``cut`` and row ``id``: the columns
        of :func:`bayes_scaling.studies.backtest.forecasts.scored`; ``covered_p`` for the central intervals; ``error``,
        observed loss less the predictive median (nats per token); ``error_percent``, how far the median is above what
        is observed, and ``absolute_error_percent``; ``width_90``, of the 90% interval (nats per token).
    forecasts
        Indexed by ``forecaster`` and ``cut``: ``converged``, ``note``, ``before`` (rows fitted), ``unseen`` (later ones
        not predicted), ``seconds``.
    skipped
        Cuts, or forecasters at a cut, that the table does not allow, and why.
    evaluations
        The table.
    settings, seed
        Of the first attempt of each fit.
    set_aside
        Files of the store that could not be read, and why.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> found = bs.backtest()  # doctest: +SKIP
    >>> found.by_cut("year")[["covered_90", "log_score"]]  # doctest: +SKIP
    >>> found.summary()  # doctest: +SKIP
    >>> Backtest.of(records, skipped={}, evaluations=summary, settings=settings, seed=1)  # doctest: +SKIP
    """

    scores: pd.DataFrame
    forecasts: pd.DataFrame
    skipped: Mapping[str, str]
    evaluations: EvaluationsSummary
    settings: Settings
    seed: int
    set_aside: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def of(cls, records: Sequence[Record], **about: object) -> Self:
        """Put records together.

        Parameters
        ----------
        records
            One for each forecaster at each cut.
        **about
            The other fields: ``skipped``, ``evaluations``, ``settings``, ``seed``, ``set_aside``.

        Returns
        -------
        Backtest
        """
        tables = {(one.forecaster, one.cut): _with_outcomes(one) for one in records}
        index = pd.MultiIndex.from_tuples(list(tables), names=KEYS)
        forecasts = pd.DataFrame([[getattr(one, name) for name in FORECAST] for one in records], index, list(FORECAST))
        return cls(pd.concat(tables, names=[*KEYS, "id"]), forecasts, **about)  # type: ignore[arg-type]

    @property
    def names(self) -> tuple[str, ...]:
        """Forecasters in their order; the first is what the others are compared with."""
        return tuple(dict.fromkeys(map(str, self.forecasts.index.get_level_values("forecaster"))))

    @property
    def cuts(self) -> list[int | str]:
        """Cuts in order: years, or of runs as they were asked for."""
        cuts = list(dict.fromkeys(self.forecasts.index.get_level_values("cut")))
        return cuts if self.evaluations.kind == "runs" else sorted(map(int, cuts))

    @property
    def horizons(self) -> Mapping[str, str]:
        """Parts of what is predicted, the whole first, by name in words."""
        words, there = HORIZONS, set(self.scores["reach"])
        if self.evaluations.kind == "runs":
            words = REACHES | {"all": f"{REACHES['all']}, {self.reach}"}
            there = there if len(there) > 1 else set()  # one part is the whole
        return {name: each for place, (name, each) in enumerate(words.items()) if not place or name in there}

    @property
    def reach(self) -> str:
        """How far the runs held out are beyond those fitted, in words."""
        ends = dict.fromkeys(amount(float(f"{end:.2g}")) for end in self.scores["compute_ratio"].agg(["min", "max"]))
        return f"at {' to '.join(ends)} times the largest compute fitted"

    @property
    def predictions(self) -> pd.DataFrame:
        """Every run predicted by every forecaster: observed, median, 90% interval, error, log score, domain."""
        if self.evaluations.kind != "runs":
            raise BayesScalingError("predictions are of runs; evaluations have scores")
        return self.scores.reset_index().rename(columns={"loss": "observed"})[[*PREDICTION, *PREDICTION_SCORES]]

    @property
    def table(self) -> pd.DataFrame:
        """Rows of :meth:`by_cut` for each ``horizon``."""
        return pd.concat({horizon: self.by_cut(horizon) for horizon in self.horizons}, names=["horizon"])

    def by_cut(self, horizon: str | None = None) -> pd.DataFrame:
        """Coverage and scores of each forecaster at each cut.

        Parameters
        ----------
        horizon
            One of :attr:`horizons`. Of evaluations ``"later"``: all published from the cut on; ``"year"``: within the
            year of the cut. Of runs ``"all"``, or those ``"within"`` the largest compute fitted, ``"near"`` it (up to
            ten times) or ``"far"`` from it. By default all.

        Returns
        -------
        DataFrame
            Indexed by ``forecaster`` and ``cut``: ``evaluations`` and ``papers`` predicted; ``covered_50``,
            ``covered_90``, ``covered_95`` with ``covered_90_se``; ``log_score`` with ``log_score_se``, and
            ``log_score_joint`` (nats per evaluation); ``crps``, ``error``, ``width_90`` (nats per token; the width is
            the median one); ``error_percent`` and ``absolute_error_percent``; ``converged``, ``note``, ``before``,
            ``unseen``. Standard errors take papers (of runs, series) as independent, and rows of one as they are.

        Raises
        ------
        BayesScalingError
            If the horizon is unknown.
        """
        rows = {}
        for key, part in self._part(horizon).groupby(level=KEYS, sort=False):
            rows[key] = {
                "evaluations": len(part),
                "papers": part["paper"].nunique(),
                **part[list(_MEANS)].mean().to_dict(),
                "covered_90_se": _error(part, "covered_90") or math.nan,  # where all are inside it is not known
                "log_score_se": _error(part, "log_score"),
                "width_90": part["width_90"].median(),
            }
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index = pd.MultiIndex.from_tuples(list(rows), names=KEYS)
        return table.join(self.forecasts)

    def summary(self, horizon: str | None = None, *, least_known: int = 1) -> pd.DataFrame:
        """Averages over cut years, each cut counted the same.

        Parameters
        ----------
        horizon
            As for :meth:`by_cut`.
        least_known
            Count evaluations only where at least this many on their benchmark were fitted.

        Returns
        -------
        DataFrame
            Indexed by ``forecaster``: ``cuts`` averaged over and ``not_converged``, which are left out;
            ``covered_50``, ``covered_90`` (with ``covered_90_se``), ``covered_95``, ``log_score``,
            ``log_score_joint`` (nats per evaluation), ``crps`` (nats per token), ``error_percent`` and
            ``absolute_error_percent``; ``log_score_diff``, the first
            forecaster's log score less this one's over the ``compared_cuts`` at which both converged, on the same
            evaluations, with ``log_score_diff_se``, and ``cuts_ahead``, at how many of these it is above 0; the same
            difference of the joint scores, ``log_score_joint_diff`` and ``log_score_joint_diff_se``. Standard errors
            take papers as independent and fits as given: they do not say how another past would have been fitted.

        Raises
        ------
        BayesScalingError
            If the horizon is unknown, or no evaluation has so many known ones on its benchmark.
        """
        part = self._part(horizon)
        part = part[part["known"] >= least_known]
        if part.empty:
            raise BayesScalingError(
                f"no evaluation predicted has {least_known} known ones on its benchmark; ask for fewer"
            )
        good, rows = self.forecasts["converged"], {}
        part = part[part.reset_index("id").index.isin(good.index[good])]
        of = part.index.get_level_values("forecaster")
        counted = {name: part[of == name].droplevel("forecaster") for name in self.names}
        first = counted[self.names[0]]
        for name, mine in counted.items():
            ahead: dict[str, float] = {}
            for column in _LOG_SCORES:
                both = mine.join(first[column].rename("first"), how="inner")
                both = both.assign(difference=both["first"] - both[column])
                if column == "log_score":
                    by_cut = both.groupby(level="cut")["difference"].mean()
                    ahead = {"compared_cuts": len(by_cut), "cuts_ahead": int((by_cut > 0).sum())}
                ahead[f"{column}_diff"] = _mean(both, "difference")
                ahead[f"{column}_diff_se"] = _error_over_cuts(both, "difference")
            rows[name] = {
                "cuts": mine.index.get_level_values("cut").nunique(),
                "not_converged": int((~good.loc[[name]]).sum()),
                **{column: _mean(mine, column) for column in (*COVERED, *_LOG_SCORES, "crps", *_ERRORS)},
                "covered_90_se": _error_over_cuts(mine, "covered_90") or math.nan,
                **ahead,
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("forecaster")

    def _part(self, horizon: str | None) -> pd.DataFrame:
        whole = next(iter(self.horizons))
        horizon = whole if horizon is None else horizon
        require_choice("horizon", horizon, self.horizons)
        return pd.DataFrame(self.scores[(self.scores["reach"] == horizon) | (horizon == whole)])


def _with_outcomes(record: Record) -> pd.DataFrame:
    scores = record.scores
    covered = {
        name: scores["loss"].between(scores[name.replace("covered", "lower")], scores[name.replace("covered", "upper")])
        for name in COVERED
    }
    percent = 100 * (scores["median"] / scores["loss"] - 1)
    return scores.assign(
        **{name: each.astype(float) for name, each in covered.items()},
        error=scores["loss"] - scores["median"],
        error_percent=percent,
        absolute_error_percent=percent.abs(),
        width_90=scores["upper_90"] - scores["lower_90"],
    )


def _mean(part: pd.DataFrame, column: str) -> float:
    """Mean over cuts of the mean at each."""
    return float(part.groupby(level="cut")[column].mean().mean()) if len(part) else math.nan


def _error(part: pd.DataFrame, column: str) -> float:
    """Standard error of a mean over evaluations of independent papers."""
    return _clustered((part[column] - part[column].mean()) / len(part), part["paper"])


def _error_over_cuts(part: pd.DataFrame, column: str) -> float:
    """Standard error of :func:`_mean`: a paper that is predicted at several cuts is one paper."""
    by_cut = part.groupby(level="cut")[column]
    cuts = by_cut.ngroups
    return _clustered((part[column] - by_cut.transform("mean")) / (cuts * by_cut.transform("size")), part["paper"])


def _clustered(contributions: pd.Series, paper: pd.Series) -> float:
    """Standard error of a sum, from what each paper adds to it."""
    sums = contributions.groupby(paper.to_numpy()).sum()
    if len(sums) < 2:
        return math.nan
    return float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)))
