"""What a comparison keeps of each variant: a small record beside the fit itself."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from bayes_scaling.comparison.elpd import Elpd
from bayes_scaling.inference.diagnostics import Diagnostics
from bayes_scaling.inference.result import Fit
from bayes_scaling.quantities.doubling import doubling_times


@dataclass(frozen=True)
class Record:
    """A variant's fit in short, and how well it predicts.

    Parameters
    ----------
    model, label
        Of the variant.
    diagnostics
        Of its fit.
    doubling
        Doubling time of effective compute: ``median``, ``lower``, ``upper`` (months), ``probability_of_progress``.
    seconds
        What fit and cross-validation took, compilation included.
    elpd
        By the comparison's unit of cross-validation.
    """

    model: str
    label: str
    diagnostics: Diagnostics
    doubling: Mapping[str, float]
    seconds: float
    elpd: Elpd

    @classmethod
    def of(cls, model: str, label: str, fit: Fit, elpd: Elpd, seconds: float) -> Self:
        """Put a record together."""
        doubling = {str(name): float(value) for name, value in doubling_times(fit).loc["compute"].to_dict().items()}
        return cls(model, label, fit.diagnostics, doubling, seconds, elpd)

    def to_bytes(self) -> bytes:
        """JSON (with Python's words for infinity and NaN) that :meth:`from_bytes` reads back."""
        plain = {
            "model": self.model,
            "label": self.label,
            "diagnostics": asdict(self.diagnostics),
            "doubling": dict(self.doubling),
            "seconds": self.seconds,
            "elpd": self.elpd.to_dict(),
        }
        return json.dumps(plain).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a record back.

        Raises ValueError, KeyError, TypeError if it is not one.
        """
        plain = json.loads(content)
        return cls(
            model=str(plain["model"]),
            label=str(plain["label"]),
            diagnostics=Diagnostics.from_dict(plain["diagnostics"]),
            doubling={name: float(value) for name, value in plain["doubling"].items()},
            seconds=float(plain["seconds"]),
            elpd=Elpd.from_dict(plain["elpd"]),
        )
