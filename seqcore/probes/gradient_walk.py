"""A recurrent cell walked step by step under autograd, every step with weights of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from seqcore.cells.clamped import STEPS, Held
from seqcore.cells.recurrent import Recurrent
from seqcore.cells.sweep import Call
from seqcore.text import N_, UserError

PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@dataclass(frozen=True, eq=False)
class Walk:
    """One direction of one layer: lists of T tensors in the sequence's order, all in autograd's graph.

    `values` are the states and gates (B, H) by their names. `out` are the hidden states once more, as the layer above,
    the head or the caller reads them: their gradients leave out what comes back through the recurrence. `weights` are
    the parameters by torch's names, each step's a variable of its own in the memory they share.
    """

    inputs: list[torch.Tensor]
    values: dict[str, list[torch.Tensor]]
    out: list[torch.Tensor]
    weights: dict[str, list[torch.Tensor]]
    reverse: bool


def recurrent_cell(model: nn.Module) -> Recurrent:
    """The one recurrent cell of `model`; a `UserError` if it has none or several, a `ValueError` if values are held."""
    cells = [module for module in model.modules() if isinstance(module, Recurrent)]
    if len(cells) != 1:
        raise UserError(
            N_("Gradients by time step need a network with one recurrent cell, and this one has {count}."),
            count=len(cells),
        )
    if cells[0].clamps:
        raise ValueError(f"{len(cells[0].clamps)} values are held: release them before asking for gradients")
    return cells[0]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """`model` in evaluation mode inside the `with` block; afterwards each of its modules in its own mode again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def walking(model: nn.Module) -> Iterator[dict[str, Walk]]:
    """Inside the `with` block `model` is in evaluation mode and every pass is walked; the last one's `Walk`s by layer.

    `l0` is the first layer, `l0r` its reverse direction. Afterwards nothing of the model has changed.
    """
    cell = recurrent_cell(model)
    walks: dict[str, Walk] = {}

    def forward(input, hx=None):
        states = () if hx is None else tuple(hx) if cell.mode == "LSTM" else (hx,)
        return cell._stack(input, states, cell._flat_weights, partial(_walk, cell, walks))

    cell.forward = forward
    try:
        with evaluating(model):
            yield walks
    finally:
        del cell.forward


def _walk(cell: Recurrent, walks: dict[str, Walk], call: Call, x, h0, c0, *parameters):
    """What follows `call`, and what comes back, are those of `seqcore.cells.layer.Layer`."""
    steps, _, batch = x.shape
    zeros = x.new_zeros(batch, cell.hidden_size)
    h, c = (zeros if state is None else state for state in (h0, c0))
    held = Held((), call.name, zeros[0], cell.between)  # holds nothing, and lists what passes
    parts = dict(zip(PARAMETERS, parameters, strict=True))
    weights = {part: [p.detach().requires_grad_() for _ in range(steps)] for part, p in parts.items() if p is not None}
    order = range(steps)[:: -1 if call.reverse else 1]
    out = [None] * steps
    for t in order:
        h, c = STEPS[cell.mode](
            held, x[t].T, held.read(h), c, *(weights[part][t] if part in weights else None for part in parts)
        )
        out[t] = h.view_as(h)
    suffix = call.name.replace("r", "_reverse")
    walks[call.name] = Walk(
        inputs=[step.T for step in x],
        values={name: seen[:: order.step] for name, seen in held.seen.items()},
        out=out,
        weights={f"{part}_{suffix}": own for part, own in weights.items()},
        reverse=call.reverse,
    )
    return torch.stack(out).transpose(1, 2), out[order[-1]], c
