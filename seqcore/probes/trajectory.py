"""The few directions in which states differ most: principal components, to draw a path in two or three dimensions."""

import numpy as np

MOST = 3


def principal(states: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The axes (k, H), mean (H,) and explained shares (k,) of `states` (R, H), all finite; k is 3, or H if less.

    The axes are orthonormal, and of each the component farthest from 0 is positive, so that the same states give the
    same picture. Where nothing varies, or there is no state, the shares are 0.
    """
    units = states.shape[1]
    states = states.astype(float)
    mean = states.sum(axis=0) / max(len(states), 1)
    centred = states - mean
    variances, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
    axes = vectors[:, ::-1][:, :MOST].T
    axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    variances = np.clip(variances[::-1], 0.0, None)
    total = variances.sum()
    explained = variances[:MOST] / total if total > 0 else np.zeros(min(MOST, units))
    return axes, mean, explained


def project(states: np.ndarray, axes: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """`states` (..., H) in the coordinates of `axes` (k, H): (..., k); NaN where a state is not finite."""
    there = np.isfinite(states).all(axis=-1, keepdims=True)
    return np.where(there, (np.where(there, states, 0.0) - mean) @ axes.T, np.nan)
