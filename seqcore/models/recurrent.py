"""A recurrent forecaster: the window is read step by step, and the last state is mapped to the forecast."""

import torch
from torch import nn

from seqcore.spec import ModelSpec


class RecurrentForecaster(nn.Module):
    """`head(last state of the top layer)`, for any cell with the interface of `torch.nn.RNN`.

    Bidirectional networks give the last state of both directions: the forward one has read the window to its end,
    the backward one to its beginning. Source: the homework's notebook form, `fc(out[:, -1, :])`, which is the same
    for one direction.
    """

    def __init__(self, cell: type[nn.RNNBase], spec: ModelSpec, input_size: int, horizon: int):
        super().__init__()
        self.directions = 2 if spec.bidirectional else 1
        self.cell = cell(
            input_size,
            spec.hidden_size,
            spec.num_layers,
            batch_first=True,
            # torch.nn drops values between layers only, and warns where there is no between
            dropout=spec.dropout if spec.num_layers > 1 else 0.0,
            bidirectional=spec.bidirectional,
        )
        self.head = nn.Linear(self.directions * spec.hidden_size, horizon)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Forecast `x` (B, T, C) -> (B, K)."""
        _, state = self.cell(x)
        h_n = state[0] if isinstance(state, tuple) else state  # (L * directions, B, H)
        top = torch.cat(tuple(h_n[-self.directions :]), dim=-1)  # (B, directions * H)
        return self.head(top)
