"""The stack of recurrent layers, and the choice between the written-out kernel and torch's."""

from functools import partial

import numpy as np
import torch
from torch import nn

from seqcore.cells.layer import Layer
from seqcore.cells.sweep import Call, Sweep
from seqcore.cells.workspace import DTYPES, Workspace


class Recurrent(nn.RNNBase):
    """The side of a cell that chooses a kernel; its other parent, of `torch.nn`, holds the parameters.

    Constructor, parameters, state dict, arguments, results and errors are those of `torch.nn`.
    `tape`, set by `seqcore.probes.record` for a while, receives what the steps compute.
    """

    sweep: type[Sweep]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.workspace = Workspace()
        self.tape: dict[str, np.ndarray] | None = None

    def kernel_for(self, input: torch.Tensor) -> str:
        """The kernel that runs on `input`: "fused", written out here, or "torch".

        A function of shapes, kinds and device alone, never of a clock, so that equal runs give equal bits.
        """
        known = (
            isinstance(input, torch.Tensor)
            and input.dim() == 3
            and input.device.type == "cpu"
            and input.dtype in DTYPES
            and input.dtype == self.weight_ih_l0.dtype
            and input.shape[-1] == self.input_size
            and input.numel() > 0
            and not getattr(self, "proj_size", 0)
            and not torch.is_autocast_enabled("cpu")
        )
        return "fused" if known else "torch"

    def forward(self, input, hx=None):
        """(T, B, C) or, with `batch_first`, (B, T, C) -> output, final state; as in `torch.nn`."""
        if self.kernel_for(input) == "fused":
            return self.fused(input, hx)
        return super().forward(input, hx)

    def fused(self, input, hx=None):
        states = hx if isinstance(hx, tuple) else (hx, None) 
        directions = 2 if self.bidirectional else 1
        x = input.permute(1, 2, 0) if self.batch_first else input.permute(0, 2, 1)  # (T, C, B)
        weights = [getattr(self, n) for n in self._flat_weights_names]
        per = 4 if self.bias else 2
        keep = torch.is_grad_enabled() or self.tape is not None
        finals = []
        for layer in range(self.num_layers):
            ys = []
            for reverse in range(directions):
                k = layer * directions + reverse
                h0, c0 = (None if s is None else s[k] for s in states)
                p = weights[k * per:(k + 1) * per] + [None] * (4 - per)
                call = Call(self.sweep, partial(self.workspace.take, dtype=x.dtype), bool(reverse), keep, h0 is not None, self.tape, f"l{layer}{'r' * reverse}")
                y, *final = Layer.apply(call, x, h0, c0, *p)
                ys.append(y); finals.append(final)
            x = torch.cat(ys, 1) if directions == 2 else ys[0]
            if self.dropout and self.training and layer < self.num_layers - 1:
                kept = torch.empty(x.shape[0], x.shape[2], x.shape[1], dtype=x.dtype).bernoulli_(1 - self.dropout)
                x = x * kept.div_(1 - self.dropout).transpose(1, 2)
        output = x.permute(2, 0, 1) if self.batch_first else x.permute(0, 2, 1)
        h_n = torch.stack([f[0] for f in finals])
        if self.mode == "LSTM":
            return output, (h_n, torch.stack([f[1] for f in finals]))
        return output, h_n
