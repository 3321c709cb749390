"""The LSTM: a cell that carries its memory past the gates.

i = σ(W_i z), f = σ(W_f z), g = tanh(W_g z), o = σ(W_o z), with z = [x; 1; h];  c' = f * c + i * g;  h' = o * tanh(c').
Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000, as in `torch.nn.LSTM`.
"""

import math

import numpy as np
import torch
from torch import nn

from seqcore.cells.arithmetic import sigmoid_backward, tanh_backward
from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Sweep


class LSTMSweep(Sweep):
    """Slabs in the order i, f, o, g: the three that a sigmoid squashes are contiguous."""

    slabs = 4
    has_cell = True

    def __init__(self, call, weight, stacked, gates, cells):
        super().__init__(call, weight, stacked, gates, cells)
        i, f, o, g = gates.split(self.size, 1)
        self.i, self.f, self.o, self.g = (self.steps_of(gate) for gate in (i, f, o, g))
        self.ifo = self.steps_of(gates[:, : 3 * self.size])
        self.cell = self.steps_of(cells)
        self.squashed = call.take(self.size, self.batch)  # tanh(c')
        self.g_array, self.cell_array = self.arrays_of(g), self.arrays_of(cells)
        self.squashed_array = self.squashed.numpy()

    @staticmethod
    def pack(w_ih, w_hh, b_ih, b_hh):
        return swap_last(Sweep.pack(w_ih, w_hh, b_ih, b_hh), 0)

    def forward(self, t):
        raw, c = self.preactivation(t), self.cell[t + 1]
        torch.sigmoid(raw[: 3 * self.size], out=self.ifo[t])
        np.tanh(raw.numpy()[3 * self.size :], out=self.g_array[t])
        torch.mul(self.f[t], self.cell[t], out=c).addcmul_(self.i[t], self.g[t])  # c' = f * c + i * g
        np.tanh(self.cell_array[t + 1], out=self.squashed_array)
        torch.mul(self.o[t], self.squashed, out=self.hidden[t + 1])  # h' = o * tanh(c')

    def begin_backward(self):
        super().begin_backward()
        self.of_i, self.of_f, self.of_o, self.of_g = self.delta.split(self.size)
        self.of_ifo = self.delta[: 3 * self.size]

    def backward(self, t, dh, dc):
        np.tanh(self.cell_array[t + 1], out=self.squashed_array)
        torch.mul(dh, self.squashed, out=self.of_o)
        # dc' += dh' * o * (1 - tanh(c')^2), where o * tanh(c') = h'
        dc.addcmul_(dh, self.o[t]).addcmul_(self.of_o, self.hidden[t + 1], value=-1)
        torch.mul(dc, self.g[t], out=self.of_i)
        torch.mul(dc, self.cell[t], out=self.of_f)
        torch.mul(dc, self.i[t], out=self.of_g)
        sigmoid_backward(self.of_ifo, self.ifo[t], out=self.of_ifo)
        tanh_backward(self.of_g, self.g[t], out=self.of_g)
        dc.mul_(self.f[t])  # dc = dc' * f

    def parameter_gradients(self):
        self.gradient = swap_last(self.gradient, 1)
        return super().parameter_gradients()

    def note(self, gates, cells):
        for letter, slab in zip("ifog", gates.split(self.size, 1), strict=True):
            self.call.note(letter, slab)
        self.call.note("cell", cells)


def swap_last(values: torch.Tensor, dim: int) -> torch.Tensor:
    """Exchange the last two of four gates: torch's order i, f, g, o and the order i, f, o, g here."""
    i, f, g, o = values.chunk(4, dim)
    return torch.cat([i, f, o, g], dim)


class LSTM(Recurrent, nn.LSTM):
    """`torch.nn.LSTM` with the kernel above where it is faster; `Recurrent` says when."""

    sweep = LSTMSweep
    least_batch = 600
    least_state = math.inf  # torch's forward pass alone is oneDNN's own LSTM, and faster
