"""What is said of chains, from draws that are made."""

import numpy as np
import pytest
from xarray import Dataset, DataTree

from bayes_scaling.inference.diagnostics import convergence_table, diagnose, elements


@pytest.mark.parametrize("label", ["ptb", "architecture[transformer]", "wt103, transformer", "[a], [b]"])
def test_chains_that_lie_apart_are_named_whatever_levels_are_called(label: str) -> None:
    rng = np.random.default_rng(0)
    draws = rng.standard_normal((4, 500, 2))
    draws[3, :, 1] += 9
    posterior = Dataset(
        {"alpha": (("chain", "draw"), draws[..., 0] * 0.1), "slope": (("chain", "draw", "level"), draws)},
        coords={"level": ["other", label]},
    )
    stats = Dataset(
        {name: (("chain", "draw"), np.zeros((4, 500), bool)) for name in ("diverging", "maxdepth_reached")}
        | {"energy": (("chain", "draw"), rng.standard_normal((4, 500)))}
    )
    data = DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    found = diagnose(data)
    assert found.worst == f"slope[{label}]"
    assert "chains disagree" in found.failures[0]
    assert "chain 3: 9" in found.failures[0]
    assert list(convergence_table(data).index) == [name for name, _ in elements(posterior)]
