"""What can be read from the states by a straight line: the value that comes in, its slope, its place in the window.

The probe is a ridge regression, fitted on the training windows and scored on the test windows. Source: Alain and
Bengio 2016, Understanding intermediate layers using linear classifier probes; Hoerl and Kennard 1970.
"""

import numpy as np

RIDGE = 1e-5
"""The penalty of a weight, in units of the states' mean variance: units that hardly move have hardly a say."""

MOST_NUMBERS = 1_000_000
"""Numbers of the training states that a fit reads at most: beyond, evenly spaced rows."""


def quantities(inputs: np.ndarray) -> np.ndarray:
    """Value, slope and position at each step of `inputs` (B, T): (B, T, 3). The first step has no slope: NaN."""
    steps = inputs.shape[1]
    slope = np.diff(inputs, axis=1, prepend=np.nan)
    position = np.broadcast_to(np.arange(steps) / max(steps - 1, 1), inputs.shape)
    return np.stack([inputs, slope, position], axis=2)


def readout(states: np.ndarray, wanted: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores (Q,) of all units together, and (H, Q) of each alone.

    `states` (B, S, H), all finite, and `wanted` (B, S, Q), NaN where there is nothing to read; `train` (B,) tells the
    windows that are fitted on. Together it is R² on the test windows: 1 at best, 0 for the mean, and below for less.
    Alone it is the squared correlation on the test windows, 0 for a unit that does not move. NaN for a quantity that
    has one value only.
    """
    units, count = states.shape[2], wanted.shape[2]
    together, alone = np.full(count, np.nan), np.full((units, count), np.nan)
    for q in range(count):
        (fit_x, fit_y), (test_x, test_y) = (_rows(states[part], wanted[part, :, q]) for part in (train, ~train))
        if len(test_y) and np.ptp(test_y) > 0:
            alone[:, q] = _squared_correlation(test_x, test_y)
            if len(fit_y):
                together[q] = _score(test_y, _ridge(fit_x, fit_y, test_x))
    return together, alone


def _rows(states: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """States (R, H) and what is to be read from them (R,), float64, where there is something to read."""
    there = np.isfinite(wanted)
    states, wanted = states[there], wanted[there]
    every = max(1, -(-states.size // MOST_NUMBERS))
    return states[::every].astype(float), wanted[::every].astype(float)


def _ridge(x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """What w with (XᵀX + λI) w = Xᵀy, X (R, H) and y (R,) about their means, makes of `new` (R', H)."""
    mean, level = x.mean(axis=0), y.mean()
    x = x - mean
    gram = x.T @ x
    penalty = RIDGE * np.trace(gram) / len(gram) or 1.0  # 1 where nothing moves
    weight = np.linalg.solve(gram + penalty * np.eye(len(gram)), x.T @ (y - level))
    return (new - mean) @ weight + level


def _score(truth: np.ndarray, found: np.ndarray) -> float:
    """R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)²."""
    return float(1.0 - np.square(truth - found).sum() / np.square(truth - truth.mean()).sum())


def _squared_correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """r² of each column of x (R, H) with y (R,)."""
    x, y = x - x.mean(axis=0), y - y.mean()
    both = np.square(x).sum(axis=0) * np.square(y).sum()
    return np.divide(np.square(y @ x), both, out=np.zeros(x.shape[1]), where=both > 0)
