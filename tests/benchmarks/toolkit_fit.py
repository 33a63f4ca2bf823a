"""A fit by the toolkit `chinchilla` of PyPI, which is all that this needs; prints JSON.

    python toolkit_fit.py FOLDER LOSS STARTS

FOLDER has the toolkit's table, `df.csv`; LOSS is a pair in JSON, a name of the toolkit's losses (empty: its default)
and that loss's options; STARTS is how many values of each constant the searches start from.
"""

import functools
import json
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

README_STARTS = 5
"""Values of each of five constants in the example of the toolkit's README."""


def fitted(folder: str, starts: int = README_STARTS, loss: str = "", options: Mapping[str, Any] | None = None) -> Any:
    """The toolkit's own object after its fit."""
    import numpy as np
    from chinchilla import Chinchilla, _metrics

    # The ranges of the toolkit's README; it has no default.
    ranges = {"E": (1, 2), "a": (1, 10), "b": (1, 10), "alpha": (0.1, 0.7), "beta": (0.1, 0.7)}
    grid = {key: np.linspace(*ends, starts) for key, ends in ranges.items()}
    chosen = {"loss_fn": functools.partial(getattr(_metrics, loss), **(options or {}))} if loss else {}
    found = Chinchilla(folder, param_grid=grid, log_level=50, **chosen)
    found.fit()
    return found


def main() -> None:
    name, options = json.loads(sys.argv[2])
    found = fitted(sys.argv[1], int(sys.argv[3]), name, options)
    size, _ = found.allocate_compute(1e24)
    values = {key: [float(value)] for key, value in found.params.items()}
    versions = {package: version(package) for package in ("chinchilla", "numpy", "scipy")}
    print(json.dumps({"values": values, "best": [float(size)], "versions": versions}))


if __name__ == "__main__":
    main()
