"""A linear function of the last values, by least squares: what a network without its bends could do."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from seqcore.text import N_, UserError


@dataclass(frozen=True, eq=False)
class Linear:
    """y = x W + b, from `coefficients` W (T, K) and `intercepts` b (K,)."""

    coefficients: np.ndarray
    intercepts: np.ndarray

    @property
    def weights(self) -> int:
        return self.coefficients.size + self.intercepts.size

    def describe(self) -> str:
        return f"AR({len(self.coefficients)})"

    @np.errstate(over="ignore", invalid="ignore")  # fed with itself for long, an unstable one grows without bound
    def forecast(self, values: np.ndarray, at: np.ndarray, horizon: int) -> np.ndarray:
        """Beyond the horizon of the fit it is fed with its own forecasts, as the networks are."""
        lookback = len(self.coefficients)
        x = values[at[:, None] + np.arange(-lookback, 0)]  # (B, T)
        while x.shape[1] < lookback + horizon:
            x = np.append(x, x[:, -lookback:] @ self.coefficients + self.intercepts, axis=1)  # (B, T + K)
        return x[:, lookback : lookback + horizon]


def fit(train: np.ndarray, *, lookback: int, horizon: int, season: int) -> Iterator[tuple[float, Linear]]:
    """Least squares over the windows of the training part; where they are too few to decide, the least W."""
    if len(train) < lookback + horizon:
        raise UserError(
            N_(
                "The training part has {rows} rows; one window of the linear autoregression needs seq_length + horizon "
                "= {need}. Choose a shorter one."
            ),
            rows=len(train), need=lookback + horizon,
        )  # fmt: skip
    windows = sliding_window_view(train, lookback + horizon)  # (B, T + K)
    mean = windows.mean(axis=0)
    centred = windows - mean
    coefficients = np.linalg.lstsq(centred[:, :lookback], centred[:, lookback:])[0]  # (T, K)
    yield 1.0, Linear(coefficients, mean[lookback:] - mean[:lookback] @ coefficients)
