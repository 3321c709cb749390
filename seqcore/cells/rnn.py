"""The vanilla recurrent network: h' = tanh(W z) or relu(W z), with z = [x; 1; h].

Source: Elman 1990, as in `torch.nn.RNN`.
"""

import numpy as np
from numba import njit
from torch import nn

from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Sweep


class TanhSweep(Sweep):
    def forward(self, t):
        h = self.hidden[t + 1]
        self.multiply(self.weight, t, out=h)
        np.tanh(h, out=h)

    def backward(self, t, dh, dc):
        through_tanh(dh, self.hidden[t + 1], self.delta[0])


class ReluSweep(Sweep):
    def forward(self, t):
        h = self.hidden[t + 1]
        self.multiply(self.weight, t, out=h)
        np.maximum(h, 0, out=h)

    def backward(self, t, dh, dc):
        slope = np.sign(self.hidden[t + 1], out=self.delta[0])
        np.multiply(dh, slope, out=self.delta[0])


@njit
def through_tanh(dh, h, delta):
    """delta = dh * (1 - h^2), each (H, B)."""
    size, batch = h.shape
    for k in range(size):
        for b in range(batch):
            delta[k, b] = dh[k, b] - dh[k, b] * h[k, b] * h[k, b]


class RNN(Recurrent, nn.RNN):
    """`torch.nn.RNN` with the kernel above where it is faster; `Recurrent` says when."""

    least_batch = 8
    least_state = 512

    @property
    def sweep(self) -> type[Sweep]:
        return TanhSweep if self.nonlinearity == "tanh" else ReluSweep
