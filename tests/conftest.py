"""What several kinds of tests share: tables, and fits made of prior draws that need no sampling."""

import logging
import os
import shutil
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

import bayes_scaling as bs

if "PYTEST_XDIST_WORKER" not in os.environ:
    # Compiled programs of this session alone, empty at its start; workers and commands inherit the variable.
    os.environ["BAYES_SCALING_CACHE"] = tempfile.mkdtemp(prefix="bayes-scaling-tests-")


def pytest_unconfigure() -> None:
    """The session that made the directory of compiled programs removes it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["BAYES_SCALING_CACHE"], ignore_errors=True)


settings.register_profile("untimed", deadline=None)  # how long a thing takes is for benchmarks
settings.load_profile("untimed")

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(autouse=True)
def quiet_pymc() -> None:
    """PyMC logs which variables it draws."""
    logging.getLogger("pymc").setLevel(logging.ERROR)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with original tables, which users do not have."""
    if not SHARED.is_dir():
        reason = "../shared, with the original tables, is not here"
        if os.environ.get("BAYES_SCALING_REQUIRE_SHARED"):
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED


@pytest.fixture(scope="session")
def ho2024() -> pd.DataFrame:
    return bs.load_evaluations("ho2024")


@pytest.fixture(scope="session")
def collected() -> pd.DataFrame:
    return bs.load_evaluations("collected")
