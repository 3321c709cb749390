"""One direction of one recurrent layer, forwards and back through time, written out.

Everything is features x batch: at each step a matrix (features, B), so that each gate is one contiguous slab. Source:
Werbos 1990, Backpropagation through time; Appleyard et al. 2016, Optimizing performance of recurrent neural networks
on GPUs (one product for all gates).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from seqcore.cells.arithmetic import multiply


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

    def note(self, name: str, values: torch.Tensor) -> None:
        """Put a copy of `values` (T, H, B) on the tape."""
        self.tape[f"{self.name}.{name}"] = np.array(values.permute(2, 0, 1).numpy(), order="C")


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

    def __init__(self, call: Call, weight: torch.Tensor, stacked, gates, cells):
        self.call = call
        self.weight = weight  # (rows, C + 1 + H)
        self.order = slice(None, None, -1 if call.reverse else 1)
        self.steps, width, self.batch = len(stacked) - 1, stacked.shape[1], stacked.shape[2]
        self.size = gates.shape[1] // self.slabs if self.slabs else len(weight)
        self.inputs = width - 1 - self.size
        # each state lies in one matrix with the input of the step that reads it, whichever the direction
        self.z = self.steps_of(stacked)  # T + 1 of (C + 1 + H, B); the last holds no input
        self.hidden = self.steps_of(stacked[:, self.inputs + 1 :])  # T + 1 of (H, B)

    def steps_of(self, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """`values` (T, ...) step by step, in the order of the sweep."""
        return values.unbind(0)[self.order]

    def arrays_of(self, values: torch.Tensor) -> list[np.ndarray]:
        """The same as NumPy arrays in the same memory."""
        return list(values.numpy())[self.order]

    @staticmethod
    def pack(w_ih, w_hh, b_ih, b_hh) -> torch.Tensor:
        """[W_ih, b_ih + b_hh, W_hh]: (rows, C + 1 + H)."""
        bias = w_ih.new_zeros(len(w_ih)) if b_ih is None else b_ih + b_hh
        return torch.cat([w_ih, bias[:, None], w_hh], 1)

    def forward(self, t: int) -> None:
        """Compute `hidden[t + 1]` from `z[t]`."""
        raise NotImplementedError

    def preactivation(self, t: int) -> torch.Tensor:
        """weight @ z_t (rows, B), without the recurrent part where there is no past."""
        if t or self.call.carried:
            return multiply(self.weight, self.z[t])
        return multiply(self.weight[:, : self.inputs + 1], self.z[0][: self.inputs + 1])

    def begin_backward(self) -> None:
        """Take the memory of the backward pass and start every sum at zero."""
        self.delta = self.call.take(len(self.weight), self.batch)  # gradient of the product, before the squashing
        self.gradient = self.weight.new_zeros(self.weight.shape[::-1])  # (C + 1 + H, rows), of the weight's transpose
        self.to_z = self.weight.t().contiguous()  # (C + 1 + H, rows)

    def backward(self, t: int, dh: torch.Tensor, dc: torch.Tensor | None) -> None:
        """Turn dh (H, B), the gradient of `hidden[t + 1]`, into `delta`; `dc` goes from step t + 1's to step t's."""
        raise NotImplementedError

    def descend(self, t: int, dx: torch.Tensor | None) -> torch.Tensor:
        """From `delta`: add to the weight's gradient, write x_t's to `dx` (C, B), return h_(t-1)'s (H, B)."""
        self.gradient.add_(multiply(self.z[t], self.delta.t()))
        if dx is None:
            return multiply(self.to_z[self.inputs + 1 :], self.delta)
        dz = multiply(self.to_z, self.delta)
        dx.copy_(dz[: self.inputs])
        return dz[self.inputs + 1 :]

    def parameter_gradients(self) -> tuple[torch.Tensor, ...]:
        """Of w_ih, w_hh, b_ih, b_hh."""
        w_ih, bias, w_hh = self.gradient.split([self.inputs, 1, self.size])
        return w_ih.t(), w_hh.t(), bias[0], bias[0].clone()

    def note(self, gates: torch.Tensor, cells: torch.Tensor) -> None:
        """Put the gates (T, slabs * H, B) and cells (T, H, B), in the sequence's order, on the tape."""
