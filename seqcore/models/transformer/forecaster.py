"""The Transformer as a forecaster: every step of the window looks at those before it, and the last one forecasts.

x_0 = W x + b + PE, x_(l+1) = layer_l(x_l), and the forecast is linear in the last step of x_L. Sources: Vaswani et al.
2017, section 3; Xiong et al. 2020, figure 1 (norm first), without the norm after the last layer: that would take away
how far the values are from 0, and with it all that lies beyond those of the training part.
"""

import torch
from torch import nn

from seqcore.cells.tap import Tap
from seqcore.models.transformer.block import EncoderLayer
from seqcore.models.transformer.position import sinusoidal
from seqcore.size import WIDER, heads
from seqcore.spec import ModelSpec


class TransformerForecaster(nn.Module):
    """`num_layers` layers of width `hidden_size`; taps `l<k>.hidden` (B, T, H), and inside a layer `l<k>.self.…`.

    What is inside is for those who ask for it by name: see `seqcore.models.transformer.inside`.
    """

    def __init__(self, spec: ModelSpec, input_size: int, seq_length: int, horizon: int):
        super().__init__()
        H = spec.hidden_size
        self.lift = nn.Linear(input_size, H)
        self.register_buffer("places", sinusoidal(seq_length, H), persistent=False)
        self.register_buffer("mask", torch.ones(seq_length, seq_length).tril().bool(), persistent=False)
        self.layers = nn.ModuleList(
            EncoderLayer(H, heads(H), WIDER * H, spec.dropout, name=f"l{k}") for k in range(spec.num_layers)
        )
        self.taps = nn.ModuleList(Tap(f"l{k}.hidden") for k in range(spec.num_layers))
        self.dropout = nn.Dropout(spec.dropout)
        self.head = nn.Linear(H, horizon)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Forecast `x` (B, T, C) -> (B, K)."""
        h = self.dropout(self.lift(x) + self.places)  # (B, T, H)
        for layer, tap in zip(self.layers, self.taps, strict=True):
            h = tap(layer(h, self.mask)[0])
        return self.head(h[:, -1])


def build(spec: ModelSpec, input_size: int, seq_length: int, horizon: int) -> nn.Module:
    return TransformerForecaster(spec, input_size, seq_length, horizon)
