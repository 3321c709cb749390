"""The mean of the last k values, for every step ahead."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MovingAverage:
    k: int
    weights: int = 1

    def describe(self) -> str:
        return f"k = {self.k}"

    def forecast(self, values: np.ndarray, at: np.ndarray, horizon: int) -> np.ndarray:
        return np.repeat(_mean_before(values, at, self.k)[:, None], horizon, axis=1)  # (B, K)


def fit(train: np.ndarray, *, lookback: int, horizon: int, season: int) -> Iterator[tuple[float, MovingAverage]]:
    """Of k = 2..lookback the one with the least RMSE one step ahead over the training part, all on the same rows."""
    at = np.arange(lookback, len(train))

    def squares(k: int) -> float:
        return np.square(_mean_before(train, at, k) - train[at]).sum()

    yield 1.0, MovingAverage(min(range(2, lookback + 1), key=squares))


def _mean_before(values: np.ndarray, at: np.ndarray, k: int) -> np.ndarray:
    """The mean of the `k` values before each row of `at` (B,): (B,)."""
    total = np.append(0.0, np.cumsum(values))
    return (total[at] - total[at - k]) / k
