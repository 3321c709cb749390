"""A multi-layer perceptron: the whole window at once, without a notion of order.

h_1 = relu(W_1 x + b_1), h_l = relu(W_l h_(l-1) + b_l), y = W h_L + b, with x the window laid flat.
"""

from itertools import pairwise

import torch
from torch import nn

from seqcore.cells.tap import Tap
from seqcore.spec import ModelSpec


class MLP(nn.Module):
    """`num_layers` hidden layers of `hidden_size`; taps `l<k>.hidden` (B, 1, H)."""

    def __init__(self, spec: ModelSpec, inputs: int, horizon: int):
        super().__init__()
        widths = [inputs] + [spec.hidden_size] * spec.num_layers
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.taps = nn.ModuleList(Tap(f"l{k}.hidden") for k in range(spec.num_layers))
        self.dropout = nn.Dropout(spec.dropout)
        self.head = nn.Linear(spec.hidden_size, horizon)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Forecast `x` (B, T, C) -> (B, K)."""
        h = x.flatten(1)  # (B, T * C)
        for layer, tap in zip(self.layers, self.taps, strict=True):
            h = torch.relu(layer(h))  # (B, H)
            h = tap(h[:, None])[:, 0]
            h = self.dropout(h)
        return self.head(h)


def build(spec: ModelSpec, input_size: int, seq_length: int, horizon: int) -> nn.Module:
    return MLP(spec, seq_length * input_size, horizon)
