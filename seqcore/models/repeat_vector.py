"""RepeatVector, as Keras tutorials write seq2seq: one LSTM folds the window, another reads the folded state K times.

LSTM(H), RepeatVector(K), LSTM(H, return_sequences=True), TimeDistributed(Dense(1)). The second LSTM begins at zero
and never reads its own forecast: its steps differ by their number alone. Source: keras.io, layers/reshaping_layers;
the weights begin as torch's do, not as Keras's.
"""

import torch
from torch import nn

from seqcore.cells import LSTM
from seqcore.spec import ModelSpec


class RepeatVector(nn.Module):
    """`head` of each state of `decoder`, whose input at all K steps is the last state of `cell`'s top layer."""

    def __init__(self, spec: ModelSpec, input_size: int, horizon: int):
        super().__init__()
        H, L = spec.hidden_size, spec.num_layers
        dropout = spec.dropout if L > 1 else 0.0  # torch.nn warns where there is no between
        self.cell = LSTM(input_size, H, L, batch_first=True, dropout=dropout)
        self.decoder = LSTM(H, H, L, batch_first=True, dropout=dropout)
        self.head = nn.Linear(H, 1)
        self.horizon = horizon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Forecast `x` (B, T, 1) -> (B, K)."""
        _, (h_n, _) = self.cell(x)  # (L, B, H)
        repeated = h_n[-1][:, None].expand(-1, self.horizon, -1)  # (B, K, H)
        states, _ = self.decoder(repeated)  # (B, K, H)
        return self.head(states)[:, :, 0]


def build(spec: ModelSpec, input_size: int, seq_length: int, horizon: int) -> nn.Module:
    return RepeatVector(spec, input_size, horizon)
