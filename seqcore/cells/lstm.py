"""The LSTM: a cell that carries its memory past the gates.

i = σ(W_i z), f = σ(W_f z), g = tanh(W_g z), o = σ(W_o z), with z = [x; 1; h];  c' = f * c + i * g;  h' = o * tanh(c').
Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000, as in `torch.nn.LSTM`.
"""

import math

import numpy as np
from numba import njit
from torch import nn

from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Sweep, double_slope

HALVES = np.array([0.5, 0.5, 1.0, 0.5])
"""What the weights of i, f, g, o are multiplied by: σ(a) = (1 + tanh(a / 2)) / 2, so that one tanh serves all four."""


class LSTMSweep(Sweep):
    """Slabs and rows in the order i, f, g, o."""

    slabs = 4
    has_cell = True

    def __init__(self, call, weight, stacked, gates, cells):
        super().__init__(call, weight, stacked, gates, cells)
        self.sums = self.steps_of(gates)  # (4H, B), what the product fills
        self.gates = self.steps_of(gates.reshape(self.steps, 4, self.size, self.batch))  # the same memory
        self.cell = self.steps_of(cells)
        self.squashed = call.take(self.size, self.batch).numpy()  # tanh(c')

    @staticmethod
    def pack(w_ih, w_hh, b_ih, b_hh):
        weight = Sweep.pack(w_ih, w_hh, b_ih, b_hh)
        weight *= HALVES.repeat(w_hh.shape[1])[:, None]
        return weight

    def forward(self, t):
        sums, c = self.sums[t], self.cell[t + 1]
        self.multiply(self.weight, t, out=sums)
        np.tanh(sums, out=sums)
        remember(self.gates[t], self.cell[t], c)
        np.tanh(c, out=self.squashed)
        np.multiply(self.gates[t][3], self.squashed, out=self.hidden[t + 1])  # h' = o * tanh(c')

    def backward(self, t, dh, dc):
        np.tanh(self.cell[t + 1], out=self.squashed)
        through_gates(dh, dc, self.gates[t], self.cell[t], self.squashed, self.delta)

    def parameter_gradients(self):
        self.gradient *= HALVES[:, None, None]
        return super().parameter_gradients()

    def note(self, gates, cells):
        for letter, slab in zip("ifgo", np.split(gates, 4, axis=1), strict=True):
            self.call.note(letter, slab)
        self.call.note("cell", cells)


@njit
def remember(gates, c, after):
    """Finish i, f, o in `gates` (4, H, B), from their tanh; after = f * c + i * g, (H, B)."""
    half = gates.dtype.type(0.5)
    size, batch = c.shape
    for k in range(size):
        for b in range(batch):
            i, f = half + half * gates[0, k, b], half + half * gates[1, k, b]
            gates[0, k, b], gates[1, k, b], gates[3, k, b] = i, f, half + half * gates[3, k, b]
            after[k, b] = f * c[k, b] + i * gates[2, k, b]


@njit
def through_gates(dh, dc, gates, c, squashed, delta):
    """delta (4, H, B) from dh and dc (H, B), the gradients of h' and c'; dc becomes that of c. squashed: tanh(c')."""
    size, batch = dh.shape
    for k in range(size):
        for b in range(batch):
            i, f, g, o = gates[0, k, b], gates[1, k, b], gates[2, k, b], gates[3, k, b]
            do, dt = dh[k, b] * squashed[k, b], dh[k, b] * o
            dc_after = dc[k, b] + (dt - dt * squashed[k, b] * squashed[k, b])
            dg = dc_after * i
            delta[0, k, b] = dc_after * g * double_slope(i)
            delta[1, k, b] = dc_after * c[k, b] * double_slope(f)
            delta[2, k, b] = dg - dg * g * g
            delta[3, k, b] = do * double_slope(o)
            dc[k, b] = dc_after * f


class LSTM(Recurrent, nn.LSTM):
    """`torch.nn.LSTM` with the kernel above where it is faster; `Recurrent` says when."""

    sweep = LSTMSweep
    least_batch = 400
    least_state = math.inf  # torch's forward pass alone is oneDNN's own LSTM, and faster
