"""Encoder and decoder with attention: each step of the forecast looks back at all the window, not at its end alone.

Of the decoder's state h_t and the encoder's s_j: weights a_tj = softmax_j((W_q h_t)^T s_j), c_t = sum_j a_tj s_j,
h~_t = tanh(W_c [c_t; h_t]), and the forecast is linear in h~_t. Source: Luong et al. 2015, Effective approaches to
attention, section 3.1, "general", without input feeding.
"""

import torch
from torch import nn

from seqcore.cells.tap import Tap
from seqcore.models.encoder_decoder import EncoderDecoder
from seqcore.spec import ModelSpec


class EncoderDecoderAttention(EncoderDecoder):
    """`EncoderDecoder` that looks back; the tap `attention` has the weights (B, K, T), of which each row sums to 1."""

    def __init__(self, spec: ModelSpec, input_size: int, horizon: int):
        super().__init__(spec, input_size, horizon)
        H = spec.hidden_size
        self.query = nn.Linear(H, H, bias=False)
        self.combine = nn.Linear(2 * H, H, bias=False)
        self.attention = Tap("attention")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Forecast `x` (B, T, 1) -> (B, K)."""
        states, h_n = self.cell(x)  # (B, T, H), (L, B, H)
        states = states.contiguous()  # read again at every step
        y, h = x[:, -1], list(h_n)  # (B, 1), and (B, H) of each layer
        forecasts, looked = [], []
        for _ in range(self.horizon):
            h = self.step(y, h)
            weights = (self.query(h[-1])[:, None] @ states.mT).softmax(dim=2)  # (B, 1, T)
            context = (weights @ states)[:, 0]  # (B, H)
            y = self.head(torch.tanh(self.combine(torch.cat([context, h[-1]], dim=1))))
            forecasts.append(y)
            looked.append(weights)
        self.attention(torch.cat(looked, dim=1))
        return torch.cat(forecasts, dim=1)


def build(spec: ModelSpec, input_size: int, seq_length: int, horizon: int) -> nn.Module:
    return EncoderDecoderAttention(spec, input_size, horizon)
