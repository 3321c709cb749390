"""The stack of recurrent layers, and the choice between the written-out kernel and torch's."""

from functools import partial

import numpy as np
import torch
from torch import nn

from seqcore.cells.layer import Layer
from seqcore.cells.sweep import Call, Sweep
from seqcore.cells.workspace import DTYPES, Workspace


class Recurrent(nn.RNNBase):
    """The side of a cell that chooses a kernel; its other parent, from `torch.nn`, holds the parameters.

    Constructor, parameters, state dict, arguments, results and errors are those of `torch.nn`. While `tape` is a
    dictionary (`seqcore.probes.record` sees to that), every pass leaves there what its steps computed: NumPy arrays
    (B, T, H) named `<tape_name>l<layer>.<value>`, with an `r` after the layer in the reverse direction.
    """

    sweep: type[Sweep]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.workspace = Workspace()
        self.tape: dict[str, np.ndarray] | None = None
        self.tape_name = ""

    def kernel_for(self, input: torch.Tensor) -> str:
        """The kernel that runs on `input`: "fused", written out here, or "torch".

        A function of shape, dtype and device alone, never of a clock, so that equal runs give equal bits.
        """
        fits = (
            isinstance(input, torch.Tensor)
            and input.dim() == 3
            and input.shape[-1] == self.input_size
            and input.numel() > 0
            and input.device.type == "cpu"
            and input.dtype == self.weight_ih_l0.dtype
            and input.dtype in DTYPES
            and self.proj_size == 0
            and not torch.is_autocast_enabled("cpu")
        )
        return "fused" if fits else "torch"

    def forward(self, input, hx=None):
        """(T, B, C), or (B, T, C) with `batch_first` -> output, final state; as in `torch.nn`."""
        if self.kernel_for(input) == "fused":
            return self._fused(input, hx, self._flat_weights, self.workspace)
        if self.tape is None:
            return super().forward(input, hx)
        return self._beside_torch(input, hx)

    def _fused(self, input, hx, weights, workspace):
        """The stack of layers on the CPU; the arrangement inside is (T, features, B)."""
        if hx is not None:
            self.check_forward_args(input if not self.batch_first else input, hx, None)
        directions = 2 if self.bidirectional else 1
        x = input.permute(1, 2, 0) if self.batch_first else input.permute(0, 2, 1)  # (T, C, B)
        take = partial(workspace.take, dtype=x.dtype)
        keep = torch.is_grad_enabled() or self.tape is not None
        h_0, c_0 = hx if isinstance(hx, tuple) else (hx, None)
        per_layer = len(weights) // (self.num_layers * directions)
        finals = []
        for layer in range(self.num_layers):
            if layer:
                x = self._dropout(x)
            ys = []
            for reverse in range(directions):
                k = layer * directions + reverse
                name = f"{self.tape_name}l{layer}{'r' * reverse}"
                call = Call(self.sweep, take, bool(reverse), keep, hx is not None, self.tape, name)
                own = weights[k * per_layer : (k + 1) * per_layer]
                h0, c0 = (s if s is None else s[k] for s in (h_0, c_0))
                y, h_n, c_n = Layer.apply(call, x, h0, c0, *own, *[None] * (4 - per_layer))
                ys.append(y)
                finals.append((h_n, c_n))
            x = torch.cat(ys, 1) if self.bidirectional else ys[0]  # (T, directions * H, B)
        output = x.permute(2, 0, 1) if self.batch_first else x.permute(0, 2, 1)
        h_n, c_n = (None if s[0] is None else torch.stack(s) for s in zip(*finals, strict=True))
        return output, h_n if c_n is None else (h_n, c_n)

    def _dropout(self, x):
        """Dropout between layers, x (T, C, B), with the mask that torch's kernel on the CPU would draw."""
        if not (self.dropout and self.training):
            return x
        steps, inputs, batch = x.shape
        kept = torch.empty(steps, batch, inputs, dtype=x.dtype).bernoulli_(1 - self.dropout)
        return x * kept.div_(1 - self.dropout).transpose(1, 2)
