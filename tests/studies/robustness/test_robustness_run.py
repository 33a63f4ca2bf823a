"""A robustness run sends each fit its own rows and reads each case off its own fit."""

from dataclasses import replace

import numpy as np
import pytest
from made_fits import made_fit
from studies.comparison.made_scores import CONVERGED, made_score
from xarray import DataArray, DataTree

import bayes_scaling as bs
from bayes_scaling.inference.settings import Settings
from bayes_scaling.studies import study
from bayes_scaling.studies.comparison.elpd import Record
from bayes_scaling.studies.comparison.sweep import Sweep
from bayes_scaling.studies.robustness.run import robustness

QUICK = Settings(draws=300, tune=300, chains=2, target_accept=0.9, attempts=1)
RATES = {"before": 0.5, "after": 1.0}
DOUBLING = {"median": 6.0, "lower": 3.0, "upper": 12.0, "probability_of_progress": 0.999}


def test_each_fit_gets_its_own_rows_longest_first(tmp_path, monkeypatch) -> None:
    class Sent(Exception):
        """Instead of running them."""

    def sent(function, tasks, **options):
        raise Sent([(task.variant.name, len(task.evaluations)) for task in tasks.values()])

    monkeypatch.setattr(study, "run_tasks", sent)
    with pytest.raises(Sent) as tasks:
        robustness(cases=["ptb", "vocabulary-known", "collected"], directory=tmp_path)
    assert tasks.value.args[0] == [
        ("reference | stated priors, collected: comparable rows", 297),
        ("ho2024/07 | stated priors, all rows", 231),
        ("ho2024/19 | stated priors, with known vocabulary", 185),
        ("ho2024/07 | stated priors, on ptb", 80),
    ]


@pytest.fixture
def made_sweep(monkeypatch):
    """Records and fits made of given rates in place of sampled ones; what was sent to be fitted."""
    names = []

    def run(function, tasks, *, on_done, **options):
        for name, task in tasks.items():
            variant, rows = task.variant, list(task.evaluations.index)
            names.append(variant.name)
            score = made_score(np.zeros(len(rows)), labels=rows)
            record = Record(variant.model, variant.label, CONVERGED, DOUBLING, 1.0, score)
            on_done(name, (_fit(variant.model).to_bytes(), record.to_bytes()))

    monkeypatch.setattr(study, "run_tasks", run)
    monkeypatch.setattr(Sweep, "fit", lambda self, task: _fit(task.variant.model))
    return names


def _fit(model: str):
    if model != "robustness/jump-2017":
        return made_fit(model, g_C=np.linspace(-0.5, 1.5, 81))
    fit = made_fit("robustness/jump-2017", g_C=np.zeros(100))
    rates = DataArray(
        np.broadcast_to(list(RATES.values()), (1, 100, 2)),
        dims=("chain", "draw", "era"),
        coords={"era": list(RATES)},
    )
    return replace(fit, data=DataTree.from_dict({"posterior": rates.to_dataset(name="g_C")}))


def test_eras_are_read_off_one_fit_and_all_other_cases_off_their_records(made_sweep) -> None:
    result = robustness(cases=["jump-2017-before", "jump-2017-after"])
    assert sorted(made_sweep) == [
        "ho2024/07 | stated priors, all rows",
        "robustness/jump-2017 | stated priors, all rows",
    ]
    assert result.fingerprints["jump-2017-before"] == result.fingerprints["jump-2017-after"]
    assert result.table["era"].tolist() == ["all dates", "before", "after"]
    median = result.table["compute_doubling_months_median"]
    for era, rate in RATES.items():
        assert median[f"jump-2017-{era}"] == pytest.approx(12 * np.log(2) / rate)
    assert median["baseline"] == 6.0
    ends = result.table[["compute_rate_lower", "compute_rate_upper"]]
    assert ends.loc["baseline"].tolist() == pytest.approx([-0.45, 1.45])
    for era, rate in RATES.items():
        assert ends.loc[f"jump-2017-{era}"].tolist() == pytest.approx([rate, rate])


def test_what_is_finished_is_not_sent_again(made_sweep, tmp_path) -> None:
    robustness(cases=["wt2"], directory=tmp_path)
    kept = {}
    robustness(
        cases=["wt2", "ptb"],
        directory=tmp_path,
        on_done=lambda variant, reused: kept.update({variant.label: reused}),
    )
    assert made_sweep[-1] == "ho2024/07 | stated priors, on ptb" and len(made_sweep) == 3
    assert kept == {"stated priors, all rows": True, "stated priors, on wt2": True, "stated priors, on ptb": False}


def test_settings_and_cases_are_checked_before_anything_runs(tmp_path) -> None:
    for wrong in ({"cases": ["wt104"]}, {"seed": -1}, {"settings": Settings(draws=1)}):
        with pytest.raises(bs.BayesScalingError):
            robustness(directory=tmp_path / "none", **wrong)
    assert not (tmp_path / "none").exists()


def test_the_function_is_not_hidden_by_a_module_of_its_name() -> None:
    assert bs.Robustness.__name__ == "Robustness"
    assert callable(bs.robustness)
