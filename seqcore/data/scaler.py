"""Moving values to where networks learn best, and back."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scaler:
    """scaled = (value - offset) / scale; `scale` turns an error in scaled units into the data's own."""

    offset: float
    scale: float

    def apply(self, values: np.ndarray) -> np.ndarray:
        return (values - self.offset) / self.scale

    def undo(self, scaled: np.ndarray) -> np.ndarray:
        return np.asarray(scaled, float) * self.scale + self.offset


def fit(kind: str, values: np.ndarray) -> Scaler:
    low, high = float(values.min()), float(values.max())
    if kind == "minmax11":
        return Scaler((low + high) / 2, (high - low) / 2)
    if kind == "minmax01":
        return Scaler(low, high - low)
    if kind == "standard":
        return Scaler(float(values.mean()), float(values.std()))
    return Scaler(0.0, 1.0)
