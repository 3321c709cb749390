"""Forecasts that are fed with themselves."""

import numpy as np
import torch
from torch import nn

LONGEST = 1000
"""Steps a free-running forecast goes at most: by then it has long left the data."""


def free_run(model: nn.Module, context: torch.Tensor, steps: int) -> np.ndarray:
    """Forecast `steps` values (at most `LONGEST`) from `context` (T,) alone: (steps,), scaled like the context.

    The first window is the context; from then on every forecast is appended to the input.
    """
    return free_runs(model, context[None, :, None], min(steps, LONGEST))[0].cpu().numpy()


def free_runs(model: nn.Module, x: torch.Tensor, steps: int) -> torch.Tensor:
    """The same from many windows `x` (B, T, 1) at once: (B, steps)."""
    seq_length, values = x.shape[1], x
    model.eval()
    with torch.no_grad():
        while values.shape[1] < seq_length + steps:
            forecast = model(values[:, -seq_length:])  # (B, K)
            values = torch.cat([values, forecast[:, :, None]], dim=1)
    return values[:, seq_length : seq_length + steps, 0]


def rmse_by_lag(forecast: np.ndarray, values: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """RMSE of `forecast` (B, L), begun at rows `origins` (B,) of `values` (N,), by steps ahead: (L,), in their unit."""
    truth = values[origins[:, None] + np.arange(forecast.shape[1])]  # (B, L)
    return np.sqrt(np.square(forecast - truth).mean(axis=0))
