"""One direction of one recurrent layer, forwards and back through time, written out.

Everything is features x batch: at each step a matrix (features, B), so that each gate is one contiguous slab. The
products are NumPy's, into memory taken beforehand; what lies between two products and is no tanh is compiled by Numba
to one loop, so that it crosses memory once. Source: Werbos 1990, Backpropagation through time; Appleyard et al. 2016,
Optimizing performance of recurrent neural networks on GPUs (one product for all gates).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numba import njit


@dataclass(frozen=True)
class Call:
    """How a layer is to be run: which cell, in which direction, with whose memory, and who is looking.

    `take(*shape)` gives memory. `keep` asks for everything the backward pass needs; `carried` says that the initial
    state is not zero. `tape` receives arrays (B, T, H) under names that begin with `name`, or is None.
    """

    kind: type["Sweep"]
    take: Callable[..., torch.Tensor]
    reverse: bool
    keep: bool
    carried: bool
    tape: dict[str, np.ndarray] | None
    name: str

    def note(self, name: str, values: np.ndarray) -> None:
        """Put a copy of `values` (T, H, B) on the tape."""
        self.tape[f"{self.name}.{name}"] = np.array(values.transpose(2, 0, 1), order="C")


class Sweep:
    """The steps of one layer in one direction, over the memory they read and write.

    z_t = [x_t; 1; h_(t-1)] lies in one matrix, so that one product with `weight`, the matrix that `pack` makes of the
    four parameters, gives the input, bias and recurrent part of all gates. Lists are in the order of the sweep, which
    begins at the end of the sequence where it is reverse; step t reads state t and writes state t + 1.

    stacked: (T + 1, C + 1 + H, B).  gates: (T, slabs * H, B).  cells: (T + 1, H, B), for an LSTM.
    """

    slabs = 0
    """How many (H, B) slabs a step keeps for its gates."""

    has_cell = False

    def __init__(self, call: Call, weight: np.ndarray, stacked: np.ndarray, gates: np.ndarray, cells: np.ndarray):
        self.call = call
        self.weight = weight  # (rows, C + 1 + H)
        self.order = slice(None, None, -1 if call.reverse else 1)
        self.steps, width, self.batch = len(stacked) - 1, stacked.shape[1], stacked.shape[2]
        self.size = gates.shape[1] // self.slabs if self.slabs else len(weight)
        self.inputs = width - 1 - self.size
        # each state lies in one matrix with the input of the step that reads it, whichever the direction
        self.z = self.steps_of(stacked)  # T + 1 of (C + 1 + H, B); the last holds no input
        self.hidden = self.steps_of(stacked[:, self.inputs + 1 :])  # T + 1 of (H, B)

    def steps_of(self, values: np.ndarray) -> list[np.ndarray]:
        """`values` (T, ...) step by step, in the order of the sweep."""
        return list(values)[self.order]

    @staticmethod
    def pack(w_ih, w_hh, b_ih, b_hh) -> np.ndarray:
        """[W_ih, b_ih + b_hh, W_hh]: (rows, C + 1 + H)."""
        inputs = w_ih.shape[1]
        weight = np.empty((len(w_ih), inputs + 1 + w_hh.shape[1]), w_ih.dtype)
        weight[:, :inputs] = w_ih
        weight[:, inputs] = 0 if b_ih is None else b_ih + b_hh
        weight[:, inputs + 1 :] = w_hh
        return weight

    def forward(self, t: int) -> None:
        """Compute `hidden[t + 1]` from `z[t]`."""
        raise NotImplementedError

    def multiply(self, weight: np.ndarray, t: int, out: np.ndarray) -> None:
        """out = weight @ z_t (rows, B), without the recurrent part where there is no past."""
        if self.has_past(t):
            np.matmul(weight, self.z[t], out=out)
        else:
            np.matmul(weight[:, : self.inputs + 1], self.z[t][: self.inputs + 1], out=out)

    def has_past(self, t: int) -> bool:
        """Whether the state that step t reads is more than zeros."""
        return t > 0 or self.call.carried

    def begin_backward(self) -> None:
        """Take the memory of the backward pass and start every sum at zero."""
        slabs = len(self.weight) // self.size
        self.delta = self.call.take(slabs, self.size, self.batch).numpy()  # gradient of the product, slab by slab
        self.gradient = np.zeros((slabs, self.size, self.weight.shape[1]), self.weight.dtype)
        self.share = np.empty_like(self.gradient)  # one step's part of it

    def backward(self, t: int, dh: np.ndarray, dc: np.ndarray | None) -> None:
        """Turn dh (H, B), the gradient of `hidden[t + 1]`, into `delta`; `dc` goes from step t + 1's to step t's."""
        raise NotImplementedError

    def descend(self, t: int, dh: np.ndarray, dx: np.ndarray | None) -> None:
        """From `delta`: add to the weight's gradient, write h_(t-1)'s to dh (H, B) and x_t's to dx (C, B)."""
        if self.has_past(t):
            # slab by slab: BLAS is at its best where a product needs no copies of its factors
            self.gradient += np.matmul(self.delta, self.z[t].T, out=self.share)
            pull(self.weight[:, self.inputs + 1 :], self.delta, dh)
        else:
            self.gradient[..., : self.inputs + 1] += np.matmul(self.delta, self.z[t][: self.inputs + 1].T)
        if dx is not None:
            pull(self.weight[:, : self.inputs], self.delta, dx)

    def parameter_gradients(self) -> tuple[np.ndarray, ...]:
        """Of w_ih, w_hh, b_ih, b_hh."""
        gradient = self.gradient.reshape(self.weight.shape)
        bias = gradient[:, self.inputs]
        return gradient[:, : self.inputs], gradient[:, self.inputs + 1 :], bias, bias.copy()

    def note(self, gates: np.ndarray, cells: np.ndarray) -> None:
        """Put the gates (T, slabs * H, B) and cells (T, H, B), in the sequence's order, on the tape."""


def pull(weight: np.ndarray, delta: np.ndarray, out: np.ndarray) -> None:
    """out = weight^T @ delta, for weight (slabs * H, K), delta (slabs, H, B) and out (K, B)."""
    np.matmul(weight.T, delta.reshape(len(weight), -1), out=out)


@njit
def double_slope(s):
    """The derivative of s = σ(2a) by a."""
    return (s - s * s) + (s - s * s)
