"""Series made by formula. Each function bears the name of its entry in the catalogue and returns its values, (N,)."""

import numpy as np

LENGTH = 1000


def sine() -> np.ndarray:
    """sin(2πt / 25), without noise: 25 values that repeat."""
    steps = np.arange(LENGTH)
    return np.sin(2 * np.pi * steps / 25)


def sine_noise() -> np.ndarray:
    """sin(2πt / 20) + sin(2πt / 50) / 2 + normal noise of standard deviation 0.1: no forecast can err by less."""
    steps = np.arange(LENGTH)
    noise = np.random.default_rng(0).normal(0, 0.1, LENGTH)
    return np.sin(2 * np.pi * steps / 20) + np.sin(2 * np.pi * steps / 50) / 2 + noise
