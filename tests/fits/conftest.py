"""Fits that several tests look at; sampled once."""

import pytest

import bayes_scaling as bs


@pytest.fixture(scope="session")
def reference_fit(ho2024) -> bs.Fit:
    return bs.fit(bs.load_specification("reference"), ho2024)


@pytest.fixture(scope="session")
def model_7_fit(ho2024) -> bs.Fit:
    return bs.fit(bs.load_specification("ho2024/07"), ho2024)
