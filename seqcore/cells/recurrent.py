"""The stack of recurrent layers, and the choice between the written-out kernel, torch's and the one that holds."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import nn

from seqcore.cells.clamped import Between, held_layer
from seqcore.cells.layer import Layer
from seqcore.cells.sweep import Call, Sweep
from seqcore.cells.workspace import DTYPES, Workspace
from seqcore.look import Clamp

LEAST_STEPS = 8
"""Shorter sequences go to torch's kernel: preparing a sweep costs as much as some steps of it."""


class Recurrent(nn.RNNBase):
    """The side of a cell that chooses a kernel; its other parent, from `torch.nn`, holds the parameters.

    Constructor, parameters, state dict, arguments, results and errors are those of `torch.nn`. While `tape` is a
    dictionary (`seqcore.probes.record` sees to that), every pass leaves there what its steps computed: NumPy arrays
    (B, T, H) named `<tape_name>l<layer>.<value>`, with an `r` after the layer in the reverse direction. While there are
    `clamps` (`seqcore.probes.clamp` sees to that), values of those names are held in every pass. A `Between` for each
    layer in `between` changes the states on their way from step to step.
    """

    sweep: type[Sweep]

    least_batch: int
    """The batch from which the written-out kernel trains faster than torch's; below, calls outweigh arithmetic."""

    least_state: float
    """The numbers in a state (batch x hidden) from which its forward pass alone, without gradient, is faster too."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.workspace = Workspace()
        self.tape: dict[str, np.ndarray] | None = None
        self.tape_name = ""
        self.clamps: tuple[Clamp, ...] = ()
        self.between: Sequence[Between] = ()

    def kernel_for(self, input: torch.Tensor) -> str:
        """The kernel that runs on `input`: "fused", written out here, or "torch"; "stepwise" where a hand is between.

        A function of shape, dtype and device and of whether gradients are wanted, never of a clock, so that equal
        runs give equal bits.
        """
        if self.clamps or len(self.between):
            return "stepwise"
        fits = (
            isinstance(input, torch.Tensor)
            and input.dim() == 3
            and input.shape[2] == self.input_size
            and input.device.type == "cpu"
            and input.dtype == self.weight_ih_l0.dtype
            and input.dtype in DTYPES
            and input.numel() > 0
            and self.proj_size == 0
            and self._is_worth(*(input.shape[:2] if self.batch_first else input.shape[1::-1]))
            and not torch.is_autocast_enabled("cpu")
        )
        return "fused" if fits else "torch"

    def _is_worth(self, batch: int, steps: int) -> bool:
        large = torch.is_grad_enabled() or batch * self.hidden_size >= self.least_state
        return large and batch >= self.least_batch and steps >= LEAST_STEPS

    def forward(self, input, hx=None):
        """(T, B, C), or (B, T, C) with `batch_first` -> output, final state; as in `torch.nn`."""
        states = () if hx is None else tuple(hx) if self.mode == "LSTM" else (hx,)
        kernel = self.kernel_for(input)
        if kernel == "stepwise":
            self._check_batch(input)
            return self._stack(
                input, states, self._flat_weights, partial(held_layer, self.mode, self.clamps, self.between)
            )
        if kernel == "fused" and all(s.dim() == 3 and s.dtype == input.dtype for s in states):
            return self._stack(input, states, self._flat_weights)
        if self.tape is None:
            return super().forward(input, hx)
        return self._beside_torch(input, hx, states)

    def _stack(self, input, states, weights, run=Layer.apply):
        """The stack of layers, (T, features, B) inside, each of which `run` goes through."""
        if states:
            self.check_forward_args(input, states if self.mode == "LSTM" else states[0], None)
        directions = 2 if self.bidirectional else 1
        x = input.permute(1, 2, 0) if self.batch_first else input.permute(0, 2, 1)  # (T, C, B)
        take = partial(self.workspace.take, dtype=x.dtype)
        keep = torch.is_grad_enabled() or self.tape is not None
        each = 4 if self.bias else 2
        finals = []
        for layer in range(self.num_layers):
            x = self._dropout(x) if layer else x
            ys = []
            for reverse in range(directions):
                name = f"{self.tape_name}l{layer}{'r' * reverse}"
                call = Call(self.sweep, take, bool(reverse), keep, bool(states), self.tape, name)
                k = layer * directions + reverse
                initial, own = [s[k] for s in states], weights[k * each : (k + 1) * each]
                y, *final = run(call, x, *_padded(initial, 2), *_padded(own, 4))
                ys.append(y)
                finals.append(final)
            x = torch.cat(ys, 1) if self.bidirectional else ys[0]  # (T, directions * H, B)
        output = x.permute(2, 0, 1) if self.batch_first else x.permute(0, 2, 1)
        h_n, c_n = zip(*finals, strict=True)
        return output, (torch.stack(h_n), torch.stack(c_n)) if self.mode == "LSTM" else torch.stack(h_n)

    def _check_batch(self, input):
        if not isinstance(input, torch.Tensor) or input.dim() != 3 or self.proj_size:
            shape = tuple(input.shape) if isinstance(input, torch.Tensor) else type(input).__name__
            raise ValueError(f"looking inside needs a batch of sequences and no projection, not {shape}")

    def _dropout(self, x):
        """Dropout between layers, x (T, C, B), with the mask that torch's kernel would draw on the CPU."""
        if not (self.dropout and self.training):
            return x
        steps, inputs, batch = x.shape
        kept = x.new_empty(steps, batch, inputs).bernoulli_(1 - self.dropout)
        return x * kept.div_(1 - self.dropout).transpose(1, 2)

    def _beside_torch(self, input, hx, states):
        """Torch's kernel for the numbers, and the written-out one beside it, on copies, for the tape.

        Dropout masks are drawn again from the same generator state; a GPU draws others, so that there a model with
        dropout is recorded in evaluation mode only.
        """
        self._check_batch(input)
        if input.device.type != "cpu" and self.dropout and self.training and self.num_layers > 1:
            raise ValueError(f"dropout ({self.dropout}) on {input.device} cannot be recorded: call eval() first")
        before = torch.get_rng_state()
        output, final = super().forward(input, hx)
        after = torch.get_rng_state()
        torch.set_rng_state(before)
        watched = [t.detach().cpu().requires_grad_() for t in (input, *self._flat_weights)]
        copies = tuple(s.detach().cpu() for s in states)
        own_output, own_final = self._stack(watched[0], copies, watched[1:])
        torch.set_rng_state(after)
        if not output.requires_grad:
            return output, final
        lstm = self.mode == "LSTM"
        own = (own_output, *(own_final if lstm else (own_final,)))
        output, *final = _Beside.apply(own, output, *(final if lstm else (final,)))
        return output, tuple(final) if lstm else final[0]


class _Beside(torch.autograd.Function):
    """Hands values on unchanged, and their gradients both back and into a second graph."""

    @staticmethod
    def forward(ctx, own, *values):
        ctx.own = own
        ctx.set_materialize_grads(False)
        return tuple(v.view_as(v) for v in values)

    @staticmethod
    def backward(ctx, *gradients):
        reached = [(o, g.cpu()) for o, g in zip(ctx.own, gradients, strict=True) if g is not None]
        torch.autograd.backward(*zip(*reached, strict=True))
        return None, *gradients


def _padded(values, count):
    return (*values, *[None] * (count - len(values)))
