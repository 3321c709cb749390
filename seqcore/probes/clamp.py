"""Holding values inside a model: a gate kept open, a state kept at a number, and everything that follows from it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from seqcore.cells.clamped import held_units
from seqcore.cells.recurrent import Recurrent
from seqcore.cells.tap import Tap
from seqcore.look import GATES, INSIDE, Clamp
from seqcore.probes.record import cells_of, taps_of
from seqcore.text import N_, UserError


def hold(model: nn.Module, clamps: Sequence[Clamp]) -> Callable[[], None]:
    """Hold values of `model` from now on, on top of what is held already; call the result to take these away.

    Raises `UserError`, and holds nothing, where the model has no such tap or unit. Of more than one recurrent cell it
    is the one whose values have no name before theirs (see `cells_of`), or all of them if there is none.
    """
    clamps = tuple(clamps)
    check(model, clamps)
    named = cells_of(model)
    cells = [named[""]] if "" in named else list(named.values())
    before = [cell.clamps for cell in cells]
    for cell in cells:
        cell.clamps = (*cell.clamps, *clamps)
    wanted = {clamp.tap for clamp in clamps}
    taps = [tap for tap in taps_of(model) if tap.name in wanted]
    hooks = [tap.register_forward_pre_hook(_held(clamps, tap.name)) for tap in taps]  # before the recorder looks

    def release() -> None:
        for cell, own in zip(cells, before, strict=True):
            cell.clamps = own
        for hook in hooks:
            hook.remove()

    return release


@contextmanager
def clamped(model: nn.Module, clamps: Sequence[Clamp]) -> Iterator[None]:
    """Hold values of `model` inside the `with` block; afterwards it is as it was, to the last bit."""
    release = hold(model, clamps)
    try:
        yield
    finally:
        release()


def check(model: nn.Module, clamps: Sequence[Clamp]) -> None:
    """Raise a `UserError` that says the numbers if `model` has no such tap or unit."""
    units = units_of(model)
    for clamp in clamps:
        kind = clamp.tap.rpartition(".")[2]
        if clamp.tap not in units and kind in GATES and not any(tap.rpartition(".")[2] in GATES for tap in units):
            raise UserError(
                N_("This {network} has no gates, and so no {tap}: choose one of {choices}."),
                network=type(getattr(model, "cell", model)).__name__, tap=clamp.tap, choices=", ".join(units),
            )  # fmt: skip
        if clamp.tap not in units:
            raise UserError(
                N_("This network has no {tap}: choose one of {choices}."), tap=clamp.tap, choices=", ".join(units)
            )
        if clamp.unit is not None and not 0 <= clamp.unit < units[clamp.tap]:
            raise UserError(
                N_("{tap} has the units 0 to {last}, and no unit {unit}."),
                tap=clamp.tap, last=units[clamp.tap] - 1, unit=clamp.unit,
            )  # fmt: skip


def units_of(model: nn.Module) -> dict[str, int]:
    """How many units each value that can be held has, by the name of its tap."""
    units = {}
    for module in model.modules():
        if isinstance(module, Recurrent):
            kinds = INSIDE[module.mode.partition("_")[0].lower()]
            layers = [f"l{k}{d}" for k in range(module.num_layers) for d in ("", "r")[: 1 + module.bidirectional]]
            units |= {f"{layer}.{kind}": module.hidden_size for layer in layers for kind in kinds}
    # every layer is as wide as the last, which the head reads
    return units | {tap.name: model.head.in_features for tap in taps_of(model)}


def _held(clamps: Sequence[Clamp], name: str) -> Callable:
    def held(tap: Tap, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        (value,) = inputs  # (B, T, H)
        return (torch.where(*held_units(clamps, name, value.new_empty(value.shape[-1])), value),)

    return held
