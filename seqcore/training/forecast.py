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
    seq_length, steps = len(context), min(steps, LONGEST)
    values = context[None, :, None]  # (1, T, 1)
    model.eval()
    with torch.no_grad():
        while values.shape[1] < seq_length + steps:
            forecast = model(values[:, -seq_length:])  # (1, K)
            values = torch.cat([values, forecast[:, :, None]], dim=1)
    return values[0, seq_length : seq_length + steps, 0].cpu().numpy()
