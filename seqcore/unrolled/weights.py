"""The numbers a forward pass begins with, and the changes made to them by hand."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from seqcore.text import N_, UserError
from seqcore.unrolled.setup import Setup, parameter_shapes

MOST_EDITS = 200

EDIT = re.compile(r"((?:weight|bias)_[ih]h_l\d(?:_reverse)?)\[(\d{1,2}(?:,\d{1,2})?)\]=([-+.e\d]{1,20})")

LARGEST = 1e100
"""A weight set by hand lies within this distance of 0: far enough to overflow, near enough to be a number."""


def draw(setup: Setup) -> dict[str, np.ndarray]:
    """Weights by PyTorch's names, float64: zeros, or even between ±1/√H.

    Random ones are cut to two decimals: what a page shows is the whole number, and a calculator gives the same result.
    """
    shapes = parameter_shapes(setup)
    if setup.start == "zeros":
        return {name: np.zeros(shape) for name, shape in shapes.items()}
    generator = np.random.default_rng(setup.seed)
    bound = setup.hidden_size**-0.5
    return {name: np.trunc(100 * generator.uniform(-bound, bound, shape)) / 100 for name, shape in shapes.items()}


def initial_states(setup: Setup) -> dict[str, np.ndarray]:
    """`h_0` and for an LSTM `c_0`, each (L · directions, B, H): zeros, or even between -1 and 1 with two decimals."""
    names = ("h_0", "c_0") if setup.cell == "lstm" else ("h_0",)
    shape = (setup.num_layers * len(setup.directions), setup.batch, setup.hidden_size)
    if setup.initial == "zeros":
        return {name: np.zeros(shape) for name in names}
    generator = np.random.default_rng([setup.seed, 1])
    return {name: np.trunc(100 * generator.uniform(-1, 1, shape)) / 100 for name in names}


@dataclass(frozen=True)
class Edit:
    """One element of a weight set by hand: `weight_ih_l0[5,1]=0.5`."""

    name: str
    index: tuple[int, ...]
    value: float

    def __str__(self) -> str:
        return f"{self.name}[{','.join(map(str, self.index))}]={self.value:g}"


def edits_as_text(edits: Iterable[Edit]) -> str:
    """As a URL holds them; `read_edits` reads it back."""
    return ";".join(map(str, edits))


def read_edits(text: str) -> tuple[Edit, ...]:
    """The inverse of `edits_as_text`, values to six digits; `UserError` says what is wrong."""
    parts = [part for part in text.split(";") if part]
    if len(parts) > MOST_EDITS:
        raise UserError(
            N_("{count} weights are set by hand, and at most {most} can be."), count=len(parts), most=MOST_EDITS
        )
    edits = {}
    for part in parts:
        found = re.fullmatch(
            r"((?:weight|bias)_[ih]h_l\d(?:_reverse)?)\[(\d{1,2}(?:,\d{1,2})?)\]=([-+.e\d]{1,20})", part
        )
        value = _number(found[3]) if found else None
        if value is None:
            raise UserError(N_("{value!r} sets no weight: write it like weight_ih_l0[5,1]=0.5."), value=part[:60])
        if abs(value) > LARGEST:
            raise UserError(
                N_("{name} ({value}) must be between {low} and {high}."),
                name=found[1], value=value, low=-LARGEST, high=LARGEST,
            )  # fmt: skip
        index = tuple(int(number) for number in found[2].split(","))
        edits[found[1], index] = Edit(found[1], index, value)
    return tuple(edits.values())


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def misfit(edit: Edit, setup: Setup) -> UserError | None:
    """What keeps an edit from this network, in a sentence."""
    shapes = parameter_shapes(setup)
    if edit.name not in shapes:
        return UserError(
            N_("This network has no {tap}: choose one of {choices}."), tap=edit.name, choices=", ".join(shapes)
        )
    shape = shapes[edit.name]
    if len(shape) != len(edit.index) or any(k >= size for k, size in zip(edit.index, shape, strict=True)):
        return UserError(
            N_("{name} has the shape {shape}, so there is no element {index}."),
            name=edit.name, shape=as_shape(shape), index=list(edit.index),
        )  # fmt: skip
    return None


def as_shape(shape: Iterable[int]) -> str:
    """`(2, 6, 3)`, as PyTorch prints it without its name."""
    return str(tuple(shape))


def edited(weights: Mapping[str, np.ndarray], edits: Iterable[Edit]) -> dict[str, np.ndarray]:
    """Copies of `weights` with the edits made; each must fit (`misfit`)."""
    copies = {name: values.copy() for name, values in weights.items()}
    for edit in edits:
        copies[edit.name][edit.index] = edit.value
    return copies
