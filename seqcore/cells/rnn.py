"""The vanilla recurrent network: h' = tanh(W z) or relu(W z), with z = [x; 1; h].

Source: Elman 1990, as in `torch.nn.RNN`.
"""

import torch
from torch import nn

from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Sweep, relu_backward, tanh_, tanh_backward


class TanhSweep(Sweep):
    def forward(self, t):
        h = self.hidden[t + 1]
        self.multiply(t, out=h)
        tanh_(h, out=h)

    def backward(self, t, dh, dc):
        tanh_backward(dh, self.hidden[t + 1], out=self.delta)


class ReluSweep(Sweep):
    def forward(self, t):
        h = self.hidden[t + 1]
        self.multiply(t, out=h)
        torch.clamp_min(h, 0, out=h)

    def backward(self, t, dh, dc):
        relu_backward(dh, self.hidden[t + 1], out=self.delta)


class RNN(Recurrent, nn.RNN):
    """`torch.nn.RNN` with the kernel above where it is faster; `Recurrent` says when."""

    @property
    def sweep(self) -> type[Sweep]:
        return TanhSweep if self.nonlinearity == "tanh" else ReluSweep
