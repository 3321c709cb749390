"""Which box of a Transformer's data flow is open, and which of its numbers is picked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import streamlit as st

from seqcore.data.text.flow import Box, flow
from seqcore.data.text.spec import LanguageSpec, TransformerSpec
from seqcore.figures.flow_diagram import Tower

PLACES = 50
"""As in `seqcore.models.transformer.formula`, which loads torch; a test compares them."""

Spec = TransformerSpec | LanguageSpec
Arrays = Mapping[str, np.ndarray]


class Drawn(NamedTuple):
    """What the reader sees: the drawing's towers, the first row and column of the tensor's part, of each row of the
    network's answer the column of its maximum, and of an encoder the row of the first token it has to guess."""

    towers: Sequence[Tower] = ()
    top: int = 0
    left: int = 0
    largest: Sequence[int] = ()
    guessed: int | None = None


@dataclass(frozen=True)
class Open:
    """The open box, and the picked number in it: `head` is 0 where there are none."""

    box: Box
    head: int
    row: int
    column: int

    @property
    def rows(self) -> str:
        """The glossary's letter of its rows: S or T."""
        return self.box.shape[-2] if len(self.box.shape) > 1 else self.box.shape[0]

    @property
    def columns(self) -> str:
        """That of its columns; none where each token has one number."""
        return self.box.shape[-1] if len(self.box.shape) > 1 else ""


@cache
def boxes_of(spec: Spec) -> dict[str, Box]:
    """All boxes of the network that a spec describes, in the order they are computed."""
    model = spec.model
    return flow(model.architecture, model.num_layers, model.norm_first, model.position)


def in_any_layer(name: str) -> str:
    """A box's name without its layer: `decoder.l3.cross.q` is `decoder.cross.q`, as a link has it."""
    return re.sub(r"\.l\d\.", ".", name)


def find(boxes: Mapping[str, Box], wanted: str, layer: int) -> Box:
    """The box that is `wanted` in any layer, in this one; of a network without it one of the same kind."""
    here = [box for box in boxes.values() if not box.part or f".l{layer}." in box.name]
    value = wanted.rpartition(".")[2]
    for fits in (lambda box: in_any_layer(box.name) == wanted, lambda box: box.value == value):
        if found := next(filter(fits, here), None):
            return found
    return next(box for box in here if box.value == "weights")


def opened(page: str, spec: Spec) -> Open:
    """What the page's fields say, as far as this network has it."""
    state, model = st.session_state, spec.model
    layer = min(state[f"{page}.flow_layer"], model.num_layers - 1)
    box = find(boxes_of(spec), state[f"{page}.flow_box"], layer)
    head = min(state[f"{page}.flow_head"], model.num_heads - 1) if "N" in box.shape else 0
    now = Open(box, head, state[f"{page}.flow_row"], state[f"{page}.flow_column"])
    if steps(spec) and box.value != "position":  # of the decoder's tokens those that are there
        last = state[f"{page}.flow_step"] - 1
        row = min(now.row, last) if now.rows == "T" else now.row
        column = min(now.column, last) if now.columns == "T" else now.column
        now = Open(box, head, row, column)
    return now


def steps(spec: Spec) -> bool:
    """Whether the network goes token by token: what it computed for one stays as it is when the next one comes."""
    return spec.model.architecture != "encoder" and spec.model.causal


def tokens(arrays: Arrays, letter: str) -> list[str]:
    """The tokens that S or T stands for."""
    return [str(token) for token in arrays["read" if letter == "S" else "input"]]


def sizes(spec: Spec, arrays: Arrays, step: int) -> dict[str, int]:
    """What the letters of the glossary stand for, as far as the decoder has come: it has read `step` tokens.

    Those of a sentence are there only if it has been looked at.
    """
    model = spec.model
    told = {"N": model.num_heads, "D": model.d_model, "head_dim": model.d_model // model.num_heads,
            "d_ff": model.d_ff}  # fmt: skip
    if "rows" in arrays:
        told |= {letter: len(tokens(arrays, letter)) for letter in "ST"}
        told["T"] = min(told["T"], step) if steps(spec) else told["T"]
    if "words" in arrays:
        told["V"] = len(arrays["words"])
    return told


def extent(now: Open, spec: Spec, arrays: Arrays, step: int) -> tuple[int, int]:
    """Rows and columns of the open box, as far as the decoder has come; 1 of what is not known yet."""
    told = sizes(spec, arrays, step)
    return PLACES if now.box.value == "position" else told.get(now.rows, 1), told.get(now.columns, 1)


def explanation(now: Open, arrays: Arrays) -> dict[str, np.ndarray]:
    """What `seqcore.models.transformer.formula` tells of the open box, by bare names; nothing of another one."""
    told = {name.removeprefix("formula."): value for name, value in arrays.items() if name.startswith("formula.")}
    return told if str(told.get("name", "")) == now.box.name else {}


def columns_of(arrays: Arrays) -> dict[str, int]:
    """The column of each token of the vocabulary; nothing where it is not told."""
    words = arrays["words"].tolist() if "words" in arrays else []
    return {token: number for number, token in enumerate(words)}


def largest(arrays: Arrays) -> list[int]:
    """The column of the maximum in each row of what the network says, as far as they are known."""
    columns = columns_of(arrays)
    return [columns[token] for token in arrays["output"].tolist()] if columns else []


def guessed(arrays: Arrays) -> int | None:
    """The row of the first token that had to be guessed; None where all are foretold, or none."""
    return int(arrays["asked"].argmax()) if "asked" in arrays and arrays["asked"].any() else None
