"""The GRU: one state, a gate z that keeps it and a gate r that forgets inside the candidate.

r = σ(W_r [x; 1; h]), z = σ(W_z [x; 1; h]), m = W_m [1; h], n = tanh(W_n [x; 1] + r * m);  h' = (1 - z) * n + z * h.
Source: Cho et al. 2014, with r after the product as in `torch.nn.GRU`.
"""

import numpy as np
from numba import njit
from torch import nn

from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Sweep, double_slope, pull


class GRUSweep(Sweep):
    """Slabs in the order n, r, z, m: what x reaches (n, r, z) and what h reaches (r, z, m) are contiguous.

    Weights of r and z are halved: σ(a) = (1 + tanh(a / 2)) / 2.
    """

    slabs = 4

    def __init__(self, call, weight, stacked, gates, cells):
        super().__init__(call, weight, stacked, gates, cells)
        h, c = self.size, self.inputs
        self.gates = self.steps_of(gates.reshape(self.steps, 4, h, self.batch))
        self.n, self.rz, self.rzm = (self.steps_of(g) for g in (gates[:, :h], gates[:, h : 3 * h], gates[:, h:]))
        self.x_1, self.one_h = self.steps_of(stacked[:, : c + 1]), self.steps_of(stacked[:, c:])
        self.w_n, self.w_rzm = weight[:h, : c + 1], weight[h:]

    @staticmethod
    def pack(w_ih, w_hh, b_ih, b_hh):
        size = w_hh.shape[1]
        joint = Sweep.pack(w_ih, w_hh, b_ih, b_hh)  # rows r, z, n
        inputs = w_ih.shape[1]
        weight = np.zeros((4 * size, joint.shape[1]), joint.dtype)
        weight[:size, :inputs], weight[3 * size :, inputs + 1 :] = w_ih[2 * size :], w_hh[2 * size :]
        if b_ih is not None:
            weight[:size, inputs], weight[3 * size :, inputs] = b_ih[2 * size :], b_hh[2 * size :]
        np.multiply(joint[: 2 * size], 0.5, out=weight[size : 3 * size])
        return weight

    def forward(self, t):
        n, rz = self.n[t], self.rz[t]
        self.multiply(self.w_rzm, t, out=self.rzm[t])
        np.tanh(rz, out=rz)
        np.matmul(self.w_n, self.x_1[t], out=n)
        reset(self.gates[t])
        np.tanh(n, out=n)
        update(self.gates[t], self.hidden[t], self.hidden[t + 1])

    def begin_backward(self):
        h, c, kind = self.size, self.inputs, self.weight.dtype
        self.delta = self.call.take(4, h, self.batch).numpy()
        self.past = self.call.take(h, self.batch).numpy()  # what of dh' passes by the gates: dh' * z
        self.x_gradient, self.x_share = np.zeros((2, 3, h, c + 1), kind)
        self.h_gradient, self.h_share = np.zeros((2, 3, h, 1 + h), kind)

    def backward(self, t, dh, dc):
        through_gates(dh, self.gates[t], self.hidden[t], self.delta, self.past)

    def descend(self, t, dh, dx):
        h, c = self.size, self.inputs
        of_nrz, of_rzm = self.delta[:3], self.delta[1:]
        self.x_gradient += np.matmul(of_nrz, self.x_1[t].T, out=self.x_share)
        if self.has_past(t):
            self.h_gradient += np.matmul(of_rzm, self.one_h[t].T, out=self.h_share)
            pull(self.weight[h:, c + 1 :], of_rzm, dh)
            np.add(dh, self.past, out=dh)
        else:
            self.h_gradient[..., 0] += of_rzm.sum(2)
        if dx is not None:
            pull(self.weight[: 3 * h, :c], of_nrz, dx)

    def parameter_gradients(self):
        h, c = self.size, self.inputs
        self.x_gradient[1:] *= 0.5
        self.h_gradient[:2] *= 0.5
        x_part = np.roll(self.x_gradient, -1, axis=0).reshape(3 * h, c + 1)  # n, r, z -> r, z, n
        h_part = self.h_gradient.reshape(3 * h, 1 + h)
        return x_part[:, :c], h_part[:, 1:], x_part[:, c], h_part[:, 0]

    def note(self, gates, cells):
        for letter, slab in zip("nrz", np.split(gates, 4, axis=1), strict=False):
            self.call.note(letter, slab)


@njit
def reset(gates):
    """Finish r and z in `gates` (4, H, B), from their tanh, and add r * m to what the candidate n is the tanh of."""
    half = gates.dtype.type(0.5)
    _, size, batch = gates.shape
    for k in range(size):
        for b in range(batch):
            r = half + half * gates[1, k, b]
            gates[0, k, b] += r * gates[3, k, b]
            gates[1, k, b], gates[2, k, b] = r, half + half * gates[2, k, b]


@njit
def update(gates, h, after):
    """after = n + z * (h - n), each (H, B)."""
    size, batch = h.shape
    for k in range(size):
        for b in range(batch):
            n = gates[0, k, b]
            after[k, b] = n + gates[2, k, b] * (h[k, b] - n)


@njit
def through_gates(dh, gates, h, delta, past):
    """delta (4, H, B) and past (H, B) from dh (H, B), the gradient of h'."""
    size, batch = dh.shape
    for k in range(size):
        for b in range(batch):
            n, r, z, m = gates[0, k, b], gates[1, k, b], gates[2, k, b], gates[3, k, b]
            kept = dh[k, b] * z
            dn = dh[k, b] - kept
            dn -= dn * n * n
            past[k, b] = kept
            delta[0, k, b] = dn
            delta[1, k, b] = dn * m * double_slope(r)
            delta[2, k, b] = dh[k, b] * (h[k, b] - n) * double_slope(z)
            delta[3, k, b] = dn * r


class GRU(Recurrent, nn.GRU):
    """`torch.nn.GRU` with the kernel above where it is faster; `Recurrent` says when."""

    sweep = GRUSweep
    least_batch = 8
    least_state = 0
