"""A causal 1-D convolutional network: each layer looks twice as far back as the one below.

h_l[t] = relu(b + sum_j W_j h_(l-1)[t - j * 2^(l-1)]), j = 0..2, with zeros before the window; the forecast reads
the last step. Source: van den Oord et al. 2016, WaveNet, section 2.1 (dilated causal convolutions), without gates
and residuals.
"""

from itertools import pairwise

import torch
from torch import nn

from seqcore.cells.tap import Tap
from seqcore.spec import ModelSpec

KERNEL = 3


class CNN(nn.Module):
    """`num_layers` dilated convolutions of `hidden_size` channels; taps `l<k>.hidden` (B, T, H)."""

    def __init__(self, spec: ModelSpec, input_size: int, horizon: int):
        super().__init__()
        widths = [input_size] + [spec.hidden_size] * spec.num_layers
        self.layers = nn.ModuleList(nn.Conv1d(a, b, KERNEL, dilation=2**k) for k, (a, b) in enumerate(pairwise(widths)))
        self.taps = nn.ModuleList(Tap(f"l{k}.hidden") for k in range(spec.num_layers))
        self.dropout = nn.Dropout(spec.dropout)
        self.head = nn.Linear(spec.hidden_size, horizon)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Forecast `x` (B, T, C) -> (B, K)."""
        h = x.transpose(1, 2)  # (B, C, T)
        for layer, tap in zip(self.layers, self.taps, strict=True):
            past = (KERNEL - 1) * layer.dilation[0]
            h = torch.relu(layer(nn.functional.pad(h, (past, 0))))  # (B, H, T)
            h = tap(h.transpose(1, 2)).transpose(1, 2)
            h = self.dropout(h)
        return self.head(h[:, :, -1])


def build(spec: ModelSpec, input_size: int, seq_length: int, horizon: int) -> nn.Module:
    return CNN(spec, input_size, horizon)
