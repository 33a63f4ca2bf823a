"""What tests of several pages share."""

import pandas as pd
import pytest

import bayes_scaling as bs


@pytest.fixture(scope="session")
def digitised(shared) -> pd.DataFrame:
    return bs.load_runs("chinchilla", shared / "data" / "chinchilla_figure4_digitised.csv")
