"""The GRU: one state, a gate z that keeps it and a gate r that forgets inside the candidate.

r = σ(W_r [x; 1; h]), z = σ(W_z [x; 1; h]), m = W_m [1; h], n = tanh(W_n [x; 1] + r * m);  h' = (1 - z) * n + z * h.
Source: Cho et al. 2014, with r after the product as in `torch.nn.GRU`.
"""

import torch
from torch import nn

from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Sweep, sigmoid_backward, tanh_, tanh_backward


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
        (n, r, z, m), z_t, h = (gate[t] for gate in self.gate), self.z[t], self.hidden[t]
        r_z = self.block[t][self.size : 3 * self.size]
        torch.mm(self.w_rz, z_t, out=r_z)
        torch.mm(self.w_m, z_t[self.inputs :], out=m)
        torch.mm(self.w_n, z_t[: self.inputs + 1], out=n)
        torch.sigmoid(r_z, out=r_z)
        n.addcmul_(r, m)
        tanh_(n, out=n)
        torch.lerp(n, h, z, out=self.hidden[t + 1])  # h' = n + z * (h - n)

    def begin_backward(self):
        super().begin_backward()
        h, c = self.size, self.inputs
        self.deltas = self.delta.split(h)
        self.from_x = self.weight[: 3 * h, :c].t()  # (C, 3H)
        self.from_h = self.weight[h:, c + 1 :].t()  # (H, 3H)
        self.x_gradient = self.weight.new_zeros(c + 1, 3 * h)
        self.h_gradient = self.weight.new_zeros(1 + h, 3 * h)

    def backward(self, t, dh, dc):
        (n, r, z, m), (dn, dr, dz, dm), h = (gate[t] for gate in self.gate), self.deltas, self.hidden[t]
        torch.sub(h, n, out=dz).mul_(dh)
        torch.mul(dh, z, out=dr)
        torch.sub(dh, dr, out=dn)  # dn = dh' * (1 - z)
        dh.copy_(dr)  # the part of dh that passes by the gates: dh' * z
        tanh_backward(dn, n, out=dn)
        torch.mul(dn, m, out=dr)
        torch.mul(dn, r, out=dm)
        r_z = slice(self.size, 3 * self.size)
        sigmoid_backward(self.delta[r_z], self.block[t][r_z], out=self.delta[r_z])

    def descend(self, t, dh, dx):
        of_x, of_h, z_t = self.delta[: 3 * self.size], self.delta[self.size :], self.z[t]
        torch.addmm(self.x_gradient, z_t[: self.inputs + 1], of_x.t(), out=self.x_gradient)
        torch.addmm(self.h_gradient, z_t[self.inputs :], of_h.t(), out=self.h_gradient)
        torch.addmm(dh, self.from_h, of_h, out=dh)
        if dx is not None:
            torch.mm(self.from_x, of_x, out=dx)

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
