"""The GRU: one state, a gate z that keeps it and a gate r that forgets inside the candidate.

r = σ(W_r [x; 1; h]), z = σ(W_z [x; 1; h]), m = W_m [1; h], n = tanh(W_n [x; 1] + r * m);  h' = (1 - z) * n + z * h.
Source: Cho et al. 2014, with r after the product as in `torch.nn.GRU`.
"""

import torch
from torch import nn

from seqcore.cells.arithmetic import multiply, sigmoid_backward, tanh, tanh_backward
from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Sweep


class GRUSweep(Sweep):
    """Slabs and rows in the order n, r, z, m: what x reaches (n, r, z) and what h reaches (r, z, m) are contiguous."""

    slabs = 4

    def __init__(self, *args):
        super().__init__(*args)
        h, c = self.size, self.inputs
        self.w_n, self.w_rz, self.w_m = self.weight[:h, : c + 1], self.weight[h : 3 * h], self.weight[3 * h :, c:]

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
        (n, r, z, m), z_t, size = (gate[t] for gate in self.gate), self.z[t], self.size
        raw = multiply(self.weight[size:], z_t)
        torch.sigmoid(raw[: 2 * size], out=self.block[t][size : 3 * size])
        m.copy_(raw[2 * size :])
        candidate = multiply(self.w_n, z_t[: self.inputs + 1])
        tanh(candidate.addcmul_(r, m), out=n)
        torch.lerp(n, self.hidden[t], z, out=self.hidden[t + 1])  # h' = n + z * (h - n)

    def begin_backward(self):
        super().begin_backward()
        h, c = self.size, self.inputs
        self.deltas = self.delta.split(h)
        self.past = self.call.take(h, self.batch)
        self.from_x = self.weight[: 3 * h, :c].t().contiguous()  # (C, 3H)
        self.from_h = self.weight[h:, c + 1 :].t().contiguous()  # (H, 3H)
        self.x_gradient = self.weight.new_zeros(c + 1, 3 * h)
        self.h_gradient = self.weight.new_zeros(1 + h, 3 * h)

    def backward(self, t, dh, dc):
        (n, r, z, m), (dn, dr, dz, dm), h = (gate[t] for gate in self.gate), self.deltas, self.hidden[t]
        torch.sub(h, n, out=dz).mul_(dh)
        torch.mul(dh, z, out=self.past)  # what of dh' passes by the gates: dh' * z
        torch.sub(dh, self.past, out=dn)  # dn = dh' * (1 - z)
        tanh_backward(dn, n, out=dn)
        torch.mul(dn, m, out=dr)
        torch.mul(dn, r, out=dm)
        r_z = slice(self.size, 3 * self.size)
        sigmoid_backward(self.delta[r_z], self.block[t][r_z], out=self.delta[r_z])

    def descend(self, t, dx):
        of_x, of_h, z_t = self.delta[: 3 * self.size], self.delta[self.size :], self.z[t]
        self.x_gradient.add_(multiply(z_t[: self.inputs + 1], of_x.t()))
        self.h_gradient.add_(multiply(z_t[self.inputs :], of_h.t()))
        if dx is not None:
            dx.copy_(multiply(self.from_x, of_x))
        return multiply(self.from_h, of_h).add_(self.past)

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
