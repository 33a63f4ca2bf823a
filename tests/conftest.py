"""What several kinds of tests share: tables, and fits made of prior draws that need no sampling."""

import logging
import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

import bayes_scaling as bs

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
