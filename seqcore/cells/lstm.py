"""The LSTM: a cell that carries its memory past the gates.

i = σ(W_i z), f = σ(W_f z), g = tanh(W_g z), o = σ(W_o z), with z = [x; 1; h];  c' = f * c + i * g;  h' = o * tanh(c').
Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000, as in `torch.nn.LSTM`.
"""

import torch
from torch import nn

from seqcore.cells.arithmetic import sigmoid_backward, tanh, tanh_backward
from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Sweep


class LSTMSweep(Sweep):
    slabs = 4
    has_cell = True

    def __init__(self, *args):
        super().__init__(*args)
        self.squashed = self.call.take(self.size, self.batch)  # tanh(c')

    def forward(self, t):
        (i, f, g, o), c = (gate[t] for gate in self.gate), self.cell[t + 1]
        block, size, raw = self.block[t], self.size, self.preactivation(t)
        torch.sigmoid(raw[: 2 * size], out=block[: 2 * size])
        tanh(raw[2 * size : 3 * size], out=g)
        torch.sigmoid(raw[3 * size :], out=o)
        torch.mul(f, self.cell[t], out=c).addcmul_(i, g)  # c' = f * c + i * g
        tanh(c, out=self.squashed)
        torch.mul(o, self.squashed, out=self.hidden[t + 1])  # h' = o * tanh(c')

    def begin_backward(self):
        super().begin_backward()
        self.deltas = self.delta.split(self.size)
        self.product = self.call.take(self.size, self.batch)

    def backward(self, t, dh, dc):
        (i, f, g, o), (di, df, dg, do) = (gate[t] for gate in self.gate), self.deltas
        tanh(self.cell[t + 1], out=self.squashed)
        torch.mul(dh, self.squashed, out=do)
        torch.mul(dh, o, out=self.product)
        tanh_backward(self.product, self.squashed, out=self.product)
        dc.add_(self.product)  # dc' += dh' * o * (1 - tanh(c')^2)
        torch.mul(dc, g, out=di)
        torch.mul(dc, self.cell[t], out=df)
        torch.mul(dc, i, out=dg)
        sigmoid_backward(self.delta[: 2 * self.size], self.block[t][: 2 * self.size], out=self.delta[: 2 * self.size])
        tanh_backward(dg, g, out=dg)
        sigmoid_backward(do, o, out=do)
        dc.mul_(f)  # dc = dc' * f

    def note(self, gates, cells):
        for letter, slab in zip("ifgo", gates.split(self.size, 1), strict=True):
            self.call.note(letter, slab)
        self.call.note("cell", cells)


class LSTM(Recurrent, nn.LSTM):
    """`torch.nn.LSTM` with the kernel above where it is faster; `Recurrent` says when."""

    sweep = LSTMSweep
