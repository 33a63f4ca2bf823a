from functools import cache

import pytest

import bayes_scaling as bs

CATALOGUE = tuple(f"ho2024/{number:02d}" for number in range(1, 21))


@pytest.fixture(scope="session")
def ho2024():
    return bs.load_evaluations("ho2024")


@pytest.fixture(scope="session")
def model_7():
    return bs.load_specification("ho2024/07")


@pytest.fixture(scope="session")
def published(model_7, ho2024):
    return bs.classical.published_estimate(model_7, ho2024)


@pytest.fixture(scope="session")
def converged(model_7, ho2024):
    return bs.classical.converged_estimate(model_7, ho2024)


@pytest.fixture(scope="session")
def unpenalised(model_7, ho2024):
    return bs.classical.unpenalised_estimate(model_7, ho2024)


@pytest.fixture(scope="session")
def estimate_of(ho2024):
    return cache(lambda name: bs.classical.published_estimate(bs.load_specification(name), ho2024))


@pytest.fixture(params=CATALOGUE)
def catalogue_name(request):
    return request.param
