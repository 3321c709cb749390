"""Moving values to where networks learn best, and back."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scaler:
    """scaled = (value - offset) / scale; `scale` turns an error in scaled units into the data's own."""

    offset: float
    scale: float

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Scaled values, float64, of any shape."""
        return (np.asarray(values, np.float64) - self.offset) / self.scale

    def undo(self, scaled: np.ndarray) -> np.ndarray:
        """Values in the data's own units, float64, of any shape."""
        return np.asarray(scaled, np.float64) * self.scale + self.offset


def fit(kind: str, values: np.ndarray) -> Scaler:
    """The scaler of this `kind` (a choice of `DataSpec.scaler`) for finite `values` (N,).

    minmax11 takes them to -1..1, minmax01 to 0..1, standard to mean 0 and standard deviation 1. Where they do not
    vary, `scale` is 0.
    """
    low, high = float(values.min()), float(values.max())
    if kind == "minmax11":
        return Scaler(high / 2 + low / 2, high / 2 - low / 2)
    if kind == "minmax01":
        return Scaler(low, high - low)
    if kind == "standard":
        return Scaler(float(values.mean()), float(values.std()))
    if kind == "none":
        return Scaler(0.0, 1.0)
    raise ValueError(f"there is no scaler named {kind!r}")
