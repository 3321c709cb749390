"""The GRU: one state, a gate z that keeps it and a gate r that forgets inside the candidate.

r = σ(W_r [x; 1; h]), z = σ(W_z [x; 1; h]), m = W_m [1; h], n = tanh(W_n [x; 1] + r * m);  h' = (1 - z) * n + z * h.
Source: Cho et al. 2014, with r after the product as in `torch.nn.GRU`.
"""

import numpy as np
import torch
from torch import nn

from seqcore.cells.arithmetic import multiply, sigmoid_backward, tanh_backward
from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Sweep


class GRUSweep(Sweep):
    """Slabs and rows in the order n, r, z, m: what x reaches (n, r, z) and what h reaches (r, z, m) are contiguous."""

    slabs = 4

    def __init__(self, call, weight, stacked, gates, cells):
        super().__init__(call, weight, stacked, gates, cells)
        h, c = self.size, self.inputs
        n, r, z, m = gates.split(h, 1)
        # the gate z is called `keep` here, for `z` are the stacked inputs
        self.n, self.r, self.keep, self.m = (self.steps_of(gate) for gate in (n, r, z, m))
        self.rz = self.steps_of(gates[:, h : 3 * h])
        self.n_array = self.arrays_of(n)
        self.x_1, self.one_h = self.steps_of(stacked[:, : c + 1]), self.steps_of(stacked[:, c:])
        self.w_n, self.w_rzm = weight[:h, : c + 1], weight[h:]

    @staticmethod
    def pack(w_ih, w_hh, b_ih, b_hh):
        size = w_hh.shape[1]
        if b_ih is None:
            b_ih = b_hh = w_ih.new_zeros(3 * size)
        x_part = torch.cat([w_ih, b_ih[:, None]], 1)  # (3H, C + 1)
        h_part = torch.cat([b_hh[:, None], w_hh], 1)  # (3H, 1 + H)
        weight = w_ih.new_zeros(4 * size, w_ih.shape[1] + 1 + size)
        weight[:size, : x_part.shape[1]] = x_part[2 * size :]
        weight[size : 3 * size, : x_part.shape[1]] = x_part[: 2 * size]
        weight[size:, w_ih.shape[1] :] += h_part
        return weight

    def forward(self, t):
        raw, m, n = multiply(self.w_rzm, self.z[t]), self.m[t], self.n[t]
        torch.sigmoid(raw[: 2 * self.size], out=self.rz[t])
        m.copy_(raw[2 * self.size :])
        candidate = multiply(self.w_n, self.x_1[t]).addcmul_(self.r[t], m)
        np.tanh(candidate.numpy(), out=self.n_array[t])
        torch.lerp(n, self.hidden[t], self.keep[t], out=self.hidden[t + 1])  # h' = n + z * (h - n)

    def begin_backward(self):
        h, c = self.size, self.inputs
        self.delta = self.call.take(4 * h, self.batch)
        self.of_n, self.of_r, self.of_z, self.of_m = self.delta.split(h)
        self.of_nrz, self.of_rz, self.of_rzm = self.delta[: 3 * h], self.delta[h : 3 * h], self.delta[h:]
        self.past = self.call.take(h, self.batch)  # what of dh' passes by the gates: dh' * z
        self.to_x = self.weight[: 3 * h, :c].t().contiguous()  # (C, 3H)
        self.to_h = self.weight[h:, c + 1 :].t().contiguous()  # (H, 3H)
        self.x_gradient = self.weight.new_zeros(c + 1, 3 * h)
        self.h_gradient = self.weight.new_zeros(1 + h, 3 * h)

    def backward(self, t, dh, dc):
        n = self.n[t]
        torch.sub(self.hidden[t], n, out=self.of_z).mul_(dh)
        torch.mul(dh, self.keep[t], out=self.past)
        torch.sub(dh, self.past, out=self.of_n)  # dn = dh' * (1 - z)
        tanh_backward(self.of_n, n, out=self.of_n)
        torch.mul(self.of_n, self.m[t], out=self.of_r)
        torch.mul(self.of_n, self.r[t], out=self.of_m)
        sigmoid_backward(self.of_rz, self.rz[t], out=self.of_rz)

    def descend(self, t, dx):
        self.x_gradient.add_(multiply(self.x_1[t], self.of_nrz.t()))
        self.h_gradient.add_(multiply(self.one_h[t], self.of_rzm.t()))
        if dx is not None:
            dx.copy_(multiply(self.to_x, self.of_nrz))
        return multiply(self.to_h, self.of_rzm).add_(self.past)

    def parameter_gradients(self):
        h, c = self.size, self.inputs
        x_part = self.x_gradient.roll(-h, 1)  # columns n, r, z -> r, z, n
        return x_part[:c].t(), self.h_gradient[1:].t(), x_part[c], self.h_gradient[0]

    def note(self, gates, cells):
        for letter, slab in zip("nrz", gates.split(self.size, 1), strict=False):
            self.call.note(letter, slab)


class GRU(Recurrent, nn.GRU):
    """`torch.nn.GRU` with the kernel above where it is faster; `Recurrent` says when."""

    sweep = GRUSweep
    least_batch = 16
    least_state = 4000
