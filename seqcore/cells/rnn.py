"""The vanilla recurrent network: h' = tanh(W z) or relu(W z), with z = [x; 1; h].

Source: Elman 1990, as in `torch.nn.RNN`.
"""

import numpy as np
import torch
from torch import nn

from seqcore.cells.arithmetic import relu_backward, tanh_backward
from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Sweep


class TanhSweep(Sweep):
    def __init__(self, call, weight, stacked, gates, cells):
        super().__init__(call, weight, stacked, gates, cells)
        self.hidden_array = self.arrays_of(stacked[:, self.inputs + 1 :])

    def forward(self, t):
        np.tanh(self.preactivation(t).numpy(), out=self.hidden_array[t + 1])

    def backward(self, t, dh, dc):
        tanh_backward(dh, self.hidden[t + 1], out=self.delta)


class ReluSweep(Sweep):
    def forward(self, t):
        torch.clamp_min(self.preactivation(t), 0, out=self.hidden[t + 1])

    def backward(self, t, dh, dc):
        relu_backward(dh, self.hidden[t + 1], out=self.delta)


class RNN(Recurrent, nn.RNN):
    """`torch.nn.RNN` with the kernel above where it is faster; `Recurrent` says when."""

    least_batch = 32
    least_state = 1000

    @property
    def sweep(self) -> type[Sweep]:
        return TanhSweep if self.nonlinearity == "tanh" else ReluSweep
