"""Looking inside a model while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from seqcore.cells.recurrent import Recurrent
from seqcore.cells.tap import Tap


@dataclass
class Tape:
    """What was recorded: arrays (B, T, H) by name.

    A recurrent cell gives `l0.hidden` and its gates (LSTM: `l0.i l0.f l0.g l0.o` and `l0.cell`; GRU: `l0.r l0.z
    l0.n`); `l0r` is the reverse direction, `l1` the next layer. A tap gives its name. After a backward pass
    `<name>.grad` holds dL/dh_t of every hidden state and dL/dvalue of every tap.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)


@contextmanager
def record(model: nn.Module) -> Iterator[Tape]:
    """Record every recurrent cell and layer's tap of `model` inside the `with` block; the last pass wins.

    No number of the model changes, and nothing stays behind. Of more than one recurrent cell each has what `cells_of`
    says before the layer: `decoder.l0.hidden`.
    """
    tape = Tape()
    cells = cells_of(model)
    hooks = [tap.register_forward_hook(_keep(tape)) for tap in taps_of(model)]
    for prefix, cell in cells.items():
        cell.tape = tape.arrays
        cell.tape_name = prefix
    try:
        yield tape
    finally:
        for hook in hooks:
            hook.remove()
        for cell in cells.values():
            cell.tape = None
            cell.tape_name = ""


def cells_of(model: nn.Module) -> dict[str, Recurrent]:
    """The recurrent cells of `model`, by what stands before the names of their values: the cell's own name and a dot.

    Nothing stands there for the only cell, and for the one named `cell`, which reads a forecaster's window.
    """
    cells = {name: module for name, module in model.named_modules() if isinstance(module, Recurrent)}
    return {"" if len(cells) == 1 or name == "cell" else f"{name}.": cell for name, cell in cells.items()}


def taps_of(model: nn.Module) -> list[Tap]:
    """The taps that show a layer, like `l0.hidden`.

    What lies deeper, like `l0.self.q`, is for those who ask for it by its name: `seqcore.models.transformer.inside`.
    """
    return [module for module in model.modules() if isinstance(module, Tap) and module.name.count(".") < 2]


def _keep(tape: Tape):
    def keep(tap: Tap, _, value: torch.Tensor) -> None:
        tape.arrays[tap.name] = _array(value)
        if value.requires_grad:
            value.register_hook(lambda gradient: tape.arrays.update({f"{tap.name}.grad": _array(gradient)}))

    return keep


def _array(value: torch.Tensor) -> np.ndarray:
    return np.array(value.detach().cpu().numpy())
