"""Settings out of range are refused before anything is sampled, by a message that names the setting and the value."""

from dataclasses import replace

import numpy as np
import pytest

import bayes_scaling as bs
from bayes_scaling.inference import fitting
from bayes_scaling.inference.attempts import Attempted
from bayes_scaling.inference.settings import DEFAULT, SEED, Settings, checked


@pytest.fixture
def asked(monkeypatch) -> list:
    """What a fit would sample with: settings, seed and cores. Nothing is sampled."""

    class Asked(Exception):
        """Instead of sampling."""

    def attempt(specification, rows, settings, seed, *, progress, cores) -> Attempted:
        raise Asked(settings, seed, cores)

    monkeypatch.setattr(fitting, "attempt", attempt)

    def run(table, **settings):
        with pytest.raises(Asked) as found:
            bs.fit(bs.load_specification("ho2024/07"), table, **settings)
        return found.value.args

    return run


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"draws": 10}, "draws must be a whole number of at least 100, not 10"),
        ({"draws": True}, "draws must be a whole number of at least 100, not True"),
        ({"draws": "x"}, "draws must be a whole number of at least 100, not 'x'"),
        ({"draws": np.int64(3)}, "draws must be a whole number of at least 100, not 3"),
        ({"draws": 2.5}, "draws must be a whole number of at least 100, not 2.5"),
        ({"tune": 0}, "tune must be a whole number of at least 100, not 0"),
        ({"tune": None}, "tune must be a whole number of at least 100, not None"),
        ({"chains": 1}, "chains must be a whole number of at least 2, not 1"),
        ({"chains": np.int64(1)}, "chains must be a whole number of at least 2, not 1"),
        ({"chains": 2.5}, "chains must be a whole number of at least 2, not 2.5"),
        ({"attempts": 0}, "attempts must be a whole number of at least 1, not 0"),
        ({"effective_draws": 99}, "effective_draws must be a whole number of at least 100, not 99"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4294967295, not -1"),
        ({"seed": np.int64(-3)}, "seed must be a whole number from 0 to 4294967295, not -3"),
        ({"seed": 2**32}, "seed must be a whole number from 0 to 4294967295, not 4294967296"),
        ({"seed": 1.0}, "seed must be a whole number from 0 to 4294967295, not 1.0"),
        ({"cores": 0}, "cores must be a whole number of at least 1, not 0"),
        ({"cores": -1}, "cores must be a whole number of at least 1, not -1"),
        ({"cores": True}, "cores must be a whole number of at least 1, not True"),
        ({"cores": np.int64(0)}, "cores must be a whole number of at least 1, not 0"),
        ({"target_accept": 1.0}, "target_accept must be a number from 0.5 to below 1, not 1.0"),
        ({"target_accept": True}, "target_accept must be a number from 0.5 to below 1, not True"),
        ({"draws": 10_000_000}, "chains x (draws + tune) must be at most 10,000,000"),
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused_before_sampling(ho2024, setting, message, monkeypatch) -> None:
    monkeypatch.setattr(fitting, "attempt", lambda *_, **__: pytest.fail("sampled"))
    with pytest.raises(bs.BayesScalingError) as refused:
        bs.fit(bs.load_specification("ho2024/07"), ho2024, **setting)
    assert str(refused.value).startswith(message)


def test_numpys_integers_are_taken_as_plain_ones(ho2024, asked) -> None:
    settings, seed, cores = asked(
        ho2024, draws=np.int32(200), tune=np.int16(300), chains=np.int64(4), seed=np.int64(3), cores=np.uint8(1)
    )
    assert (settings.draws, settings.tune, settings.chains, seed, cores) == (200, 300, 4, 3, 1)
    assert {type(number) for number in (settings.draws, settings.tune, settings.chains, seed, cores)} == {int}


def test_numpys_integers_give_the_fingerprint_of_plain_ones(ho2024) -> None:
    specification = bs.load_specification("ho2024/07")
    plain, numpys = (
        fitting.fit_fingerprint(specification, ho2024, checked(replace(DEFAULT, chains=chains)), 3)
        for chains in (4, np.int64(4))
    )
    assert plain == numpys


def test_without_settings_a_fit_has_the_default_ones(ho2024, asked) -> None:
    assert asked(ho2024) == (DEFAULT, SEED, None)


def test_by_default_a_run_is_as_long_as_needed() -> None:
    assert DEFAULT.draws is None
    assert 0 < DEFAULT.first_look < DEFAULT.most_draws
    given = Settings(draws=123)
    assert given.first_look == given.most_draws == 123
