"""How often a gate is how far open."""

import numpy as np

BINS = 20
"""Of equal width, from shut (0) to open (1)."""


def openness(gate: np.ndarray) -> np.ndarray:
    """Counts (H, 20) of the values (B, T, H) of a gate in each bin, unit by unit; what is not finite does not count."""
    units = gate.shape[-1]
    values = gate.reshape(-1, units)
    there = np.isfinite(values)
    bins = np.clip(np.where(there, values, 0.0) * BINS, 0, BINS - 1).astype(np.intp)
    places = (bins + BINS * np.arange(units))[there]
    return np.bincount(places, minlength=units * BINS).reshape(units, BINS)
