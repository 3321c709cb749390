"""Encoder and decoder: one GRU folds the window into a state, another unfolds the forecast from it, value by value.

Each step of the decoder reads the forecast of the step before; the first reads the last value of the window. While
training too: there is no teacher forcing, so that what is trained is what is used. Sources: Sutskever et al. 2014,
Sequence to sequence learning; Cho et al. 2014, Learning phrase representations; slide "GRU encoder-decoder".
"""

import torch
from torch import nn

from seqcore.cells import GRU
from seqcore.spec import ModelSpec


class EncoderDecoder(nn.Module):
    """The states that `cell` ends with, one for each of its layers, are those that the layers of `decoder` begin with.

    The decoder is a `GRUCell` for each layer, as its next input is not known before its step is done.
    """

    def __init__(self, spec: ModelSpec, input_size: int, horizon: int):
        super().__init__()
        H = spec.hidden_size
        # torch.nn drops values between layers only, and warns where there is no between
        dropout = spec.dropout if spec.num_layers > 1 else 0.0
        self.cell = GRU(input_size, H, spec.num_layers, batch_first=True, dropout=dropout)
        self.decoder = nn.ModuleList(nn.GRUCell(H if k else input_size, H) for k in range(spec.num_layers))
        self.dropout = nn.Dropout(spec.dropout)
        self.head = nn.Linear(H, input_size)
        self.horizon = horizon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Forecast `x` (B, T, 1) -> (B, K)."""
        _, h_n = self.cell(x)  # (L, B, H)
        y, h = x[:, -1], list(h_n)  # (B, 1), and (B, H) of each layer
        forecasts = []
        for _ in range(self.horizon):
            h = self.step(y, h)
            y = self.head(h[-1])
            forecasts.append(y)
        return torch.cat(forecasts, dim=1)

    def step(self, y: torch.Tensor, h: list[torch.Tensor]) -> list[torch.Tensor]:
        """The decoder's states, (B, H) of each layer, after it has read y (B, 1) in the states `h`."""
        after = []
        for k, cell in enumerate(self.decoder):
            after.append(cell(self.dropout(after[-1]) if k else y, h[k]))
        return after


def build(spec: ModelSpec, input_size: int, seq_length: int, horizon: int) -> nn.Module:
    return EncoderDecoder(spec, input_size, horizon)
