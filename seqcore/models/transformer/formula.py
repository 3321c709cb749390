"""How one number of a Transformer comes about: the factors of its formula, taken from the model and the sentence.

What `explained` tells, as arrays, of the value `formula.name` at `formula.cell` (3,), its head, row and column:

    formula.kind                         what the rest means, one of the kinds below
    formula.value ()                     the number itself
    formula.left, .right, .at (n,)       factors of the terms and their places in the sum, the largest terms first
    formula.rest (), .others ()          what all further terms give together, and how many they are
    formula.bias ()                      what is added to the sum
    formula.parts (m,)                   what else stands in the formula
    formula.names (3,)                   what the left and the right factors and the bias are called

    terms        sum of left * right + bias
    sum          sum of left
    relu         max(0, sum of left * right + bias)
    softmax      right[0] / (sum of right + rest): left are the scores, right their e^(score - parts[0]), the
                 explained one first
    norm         left * right + bias, with right (x - mean) / sqrt(variance + eps), and these four the parts
    quotient     left / right
    sin, cos     of left * right, a place and a frequency
    same         left, moved here from elsewhere
    hidden       no place that may be looked at
    off          a head that is switched off

Of "tokens" and "ids" there is `formula.ids` (n,) alone, of "position" also `formula.places` (P, D), its table.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from seqcore.data.text.flow import Box, flow
from seqcore.models.transformer.inside import attentions
from seqcore.models.transformer.model import Transformer, TransformerDecoder, TransformerEncoder
from seqcore.models.transformer.position import BASE, Embedding

MOST = 8
"""Terms that are told one by one."""

PLACES = 50
"""Rows of the table of places that are told."""

Read = Callable[[Iterable[str]], dict[str, np.ndarray]]
Told = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """The number that is explained, and the values it is made of; `ids` are those of its tower's tokens."""

    model: nn.Module
    box: Box
    values: dict[str, np.ndarray]
    ids: np.ndarray
    head: int
    row: int
    column: int

    def given(self, k: int = 0) -> np.ndarray:
        """What the box reads, the `k`-th."""
        return self.values[self.box.reads[k]]

    @property
    def tower(self) -> nn.Module:
        return _tower(self.model, self.box.name)

    @property
    def layer(self) -> nn.Module:
        return self.tower.layers[int(self.box.name.split(".")[1][1:])]

    @property
    def attention(self) -> nn.Module:
        return attentions(self.model)[self.box.name.rpartition(".")[0]]


def described(model: nn.Module) -> dict[str, Box]:
    """The `flow` of a model as it reads now."""
    kinds = {Transformer: "transformer", TransformerEncoder: "encoder", TransformerDecoder: "decoder"}
    tower = _tower(model, "logits")
    position = tower.embedding.position if tower.embedding.placed else "none"
    norm_first = tower.layers[0].around_feed.norm_first
    return flow(kinds[type(model)], len(tower.layers), norm_first, position)


def explained(model: nn.Module, read: Read, cell: tuple[str, int, int, int]) -> dict[str, np.ndarray]:
    """How the value of `cell` (name, head, row, column) comes about; one outside is brought inside.

    `read` gives the values of some names for the sentence at hand, by one pass of the model. A name that this model
    does not compute gives nothing.
    """
    name, *place = cell
    box = described(model).get(name)
    if box is None or box.value == "loss":
        return {}
    wanted = [one for one in (name, *box.reads) if one.rpartition(".")[2] not in ("tokens", "ids")]
    with _heard(_tower(model, name).embedding) as ids:
        values = read(wanted if box.value not in ("tokens", "ids") else [f"{name.split('.')[0]}.embedding"])
    if box.value in ("tokens", "ids"):
        return {"formula.name": np.array(name), "formula.ids": ids[-1]}
    told = {}
    array = values[name]
    if box.value == "position":
        array = told["places"] = _numbers(_tower(model, name).embedding.places)[:PLACES]
    shape = (1, *array.shape) if array.ndim == 2 else array.shape
    head, row, column = (min(max(at, 0), size - 1) for at, size in zip(place, shape, strict=True))
    about = Cell(model, box, values, ids[-1] if ids else np.empty(0), head, row, column)
    told |= {"name": name, "cell": (head, row, column), "value": array.reshape(shape)[head, row, column]}
    told |= {"rest": 0.0, "others": 0, "bias": 0.0, "parts": (), **RULES[_rule(box)](about)}
    return {f"formula.{key}": np.array(value) for key, value in told.items()}


@contextmanager
def _heard(embedding: Embedding) -> Iterator[list[np.ndarray]]:
    """The ids (n,) that an embedding reads inside the `with` block, the last ones last."""
    ids: list[np.ndarray] = []
    hook = embedding.table.register_forward_hook(lambda _, given, out: ids.append(given[0][0].cpu().numpy()))
    try:
        yield ids
    finally:
        hook.remove()


def _tower(model: nn.Module, name: str) -> nn.Module:
    """The one that a value belongs to; logits and probabilities come of the last one."""
    sides = [side for side in ("encoder", "decoder") if hasattr(model, side)]
    side = name.split(".")[0]
    return getattr(model, side if side in sides else sides[-1])


def _numbers(values: torch.Tensor) -> np.ndarray:
    return values.detach().cpu().numpy()


def _name(model: nn.Module, owner: nn.Module, value: str) -> str:
    """What a weight is called in the model's state."""
    return next(f"{path}.{value}" for path, module in model.named_modules() if module is owner)


def _largest(left: np.ndarray, right: np.ndarray) -> Told:
    """The terms of a sum of products, and what is left of them."""
    products = np.asarray(left, float) * right
    order = np.argsort(-np.abs(products), kind="stable")
    kept, rest = order[:MOST], order[MOST:]
    return {"left": left[kept], "right": right[kept], "at": kept, "rest": products[rest].sum(), "others": len(rest)}


def _linear(cell: Cell, linear: nn.Linear, at: int, kind: str = "terms") -> Told:
    """A linear map's number `at`."""
    weight, bias = (_name(cell.model, linear, value) for value in ("weight", "bias"))
    return {
        "kind": kind, **_largest(cell.given()[cell.row], _numbers(linear.weight[at])),
        "bias": _numbers(linear.bias)[at],
        "names": (f"{cell.box.reads[0]}[{cell.row}, k]", f"{weight}[{at}, k]", f"{bias}[{at}]"),
    }  # fmt: skip


def _same(cell: Cell, value: float, name: str) -> Told:
    return {"kind": "same", "left": [value], "right": [1.0], "at": [0], "names": (name, "", "")}


def embedding(cell: Cell) -> Told:
    table, token = cell.tower.embedding.table, cell.ids[cell.row]
    name = f"{_name(cell.model, table, 'weight')}[{token}, {cell.column}]"
    entry = _numbers(table.weight)[token, cell.column]
    return {"kind": "terms", "left": [cell.tower.embedding.scale], "right": [entry], "at": [token],
            "names": ("sqrt(d_model)", name, "")}  # fmt: skip


def position(cell: Cell) -> Told:
    source = cell.tower.embedding
    if source.position == "learned":
        name = _name(cell.model, source, "places")
        return _same(cell, _numbers(source.places)[cell.row, cell.column], f"{name}[{cell.row}, {cell.column}]")
    odd = cell.column % 2
    frequency = BASE ** (-(cell.column - odd) / source.places.shape[1])
    return {"kind": "cos" if odd else "sin", "left": [cell.row], "right": [frequency], "at": [0],
            "names": ("", "", "")}  # fmt: skip


def total(cell: Cell) -> Told:
    """A sum of what the box reads, one or two."""
    values = [cell.given(k)[cell.row, cell.column] for k in range(len(cell.box.reads))]
    names = [f"{name}[{cell.row}, {cell.column}]" for name in cell.box.reads]
    return {"kind": "sum", "left": values, "right": np.ones(len(values)), "at": range(len(values)),
            "names": (*names, "", "")[:3]}  # fmt: skip


def mapped(cell: Cell) -> Told:
    """A query, a key or a value; with rotary places the first two are turned by the angle of their row."""
    attention = cell.attention
    linear = {"q": attention.query, "k": attention.key, "v": attention.value}[cell.box.value]
    width = linear.out_features // attention.num_heads
    at = cell.head * width + cell.column
    if not cell.box.odd:
        return _linear(cell, linear, at)
    even = at - cell.column % 2
    with torch.no_grad():
        x = torch.as_tensor(cell.given()[cell.row], device=linear.weight.device)
        pair = _numbers(linear(x)[even : even + 2])
    angle = cell.row * BASE ** (-(cell.column - cell.column % 2) / width)
    turn = (np.sin(angle), np.cos(angle)) if cell.column % 2 else (np.cos(angle), -np.sin(angle))
    weight = _name(cell.model, linear, "weight")
    return {"kind": "terms", "left": pair, "right": turn, "at": (even, even + 1), "parts": (angle,),
            "names": (f"{weight}[k] · {cell.box.reads[0]}[{cell.row}] + {weight[:-6]}bias[k]", "", "")}  # fmt: skip


def scores(cell: Cell) -> Told:
    q, k = (cell.given(side)[cell.head] for side in (0, 1))
    names = (f"{name}[{cell.head}, {at}, k]" for name, at in zip(cell.box.reads, (cell.row, cell.column), strict=True))
    return {"kind": "terms", **_largest(q[cell.row], k[cell.column]), "names": (*names, "")}


def scaled(cell: Cell) -> Told:
    width = cell.attention.out.in_features // cell.attention.num_heads
    return {"kind": "quotient", "left": [cell.given()[cell.head, cell.row, cell.column]], "right": [np.sqrt(width)],
            "at": [0], "names": (_moved(cell), "sqrt(head_dim)", "")}  # fmt: skip


def masked(cell: Cell) -> Told:
    if np.isneginf(cell.values[cell.box.name][cell.head, cell.row, cell.column]):
        return _nowhere()
    return _same(cell, cell.given()[cell.head, cell.row, cell.column], _moved(cell))


def _moved(cell: Cell) -> str:
    return f"{cell.box.reads[0]}[{cell.head}, {cell.row}, {cell.column}]"


def _nowhere(kind: str = "hidden") -> Told:
    return {"kind": kind, "left": (), "right": (), "at": (), "names": ("", "", "")}


def softmax(cell: Cell) -> Told:
    """Of a row of scores; in an attention, of a head's."""
    given = cell.given()
    row = given[cell.head, cell.row] if given.ndim == 3 else given[cell.row]
    if np.isneginf(row[cell.column]):
        return _nowhere()
    exponentials = np.exp(np.asarray(row, float) - row.max())
    order = np.argsort(-exponentials, kind="stable")
    order = order[np.isfinite(row[order]) & (order != cell.column)]  # masked places have no share
    order = np.concatenate([[cell.column], order])
    kept, rest = order[:MOST], order[MOST:]
    place = f"{cell.head}, {cell.row}" if given.ndim == 3 else f"{cell.row}"
    return {"kind": "softmax", "left": row[kept], "right": exponentials[kept], "at": kept, "parts": (row.max(),),
            "rest": exponentials[rest].sum(), "others": len(rest),
            "names": (f"{cell.box.reads[0]}[{place}, k]", "", "")}  # fmt: skip


def context(cell: Cell) -> Told:
    on = cell.attention.heads
    if on is not None and not on[cell.head]:
        return _nowhere("off")
    weights, v = (cell.given(side)[cell.head] for side in (0, 1))
    names = (f"{cell.box.reads[0]}[{cell.head}, {cell.row}, k]", f"{cell.box.reads[1]}[{cell.head}, k, {cell.column}]")
    return {"kind": "terms", **_largest(weights[cell.row], v[:, cell.column]), "names": (*names, "")}


def joined(cell: Cell) -> Told:
    given = cell.given()
    head, column = divmod(cell.column, given.shape[2])
    return _same(cell, given[head, cell.row, column], f"{cell.box.reads[0]}[{head}, {cell.row}, {column}]")


def projected(cell: Cell) -> Told:
    return _linear(cell, cell.attention.out, cell.column)


def hidden(cell: Cell) -> Told:
    return _linear(cell, cell.layer.feed.up, cell.column, "relu")


def fed(cell: Cell) -> Told:
    return _linear(cell, cell.layer.feed.down, cell.column)


def norm(cell: Cell) -> Told:
    part = {"self": "attention"}.get(cell.box.part, cell.box.part)
    return _normed(cell, getattr(cell.layer, f"around_{part}").norm)


def _normed(cell: Cell, layer: nn.LayerNorm) -> Told:
    x = np.asarray(cell.given()[cell.row], float)
    parts = x[cell.column], x.mean(), x.var(), layer.eps
    names = (_name(cell.model, layer, value) for value in ("weight", "bias"))
    gain, bias = (f"{name}[{cell.column}]" for name in names)
    return {"kind": "norm", "left": [_numbers(layer.weight)[cell.column]], "at": [0], "parts": parts,
            "right": [(parts[0] - parts[1]) / np.sqrt(parts[2] + parts[3])], "bias": _numbers(layer.bias)[cell.column],
            "names": (gain, f"{cell.box.reads[0]}[{cell.row}, {cell.column}]", bias)}  # fmt: skip


def states(cell: Cell) -> Told:
    """What the last layer gave, normed once more where the norm comes first."""
    if isinstance(cell.tower.norm, nn.LayerNorm):
        return _normed(cell, cell.tower.norm)
    name = f"{cell.box.reads[0]}[{cell.row}, {cell.column}]"
    return _same(cell, cell.given()[cell.row, cell.column], name)


def logits(cell: Cell) -> Told:
    owner = cell.tower if hasattr(cell.tower, "output") else cell.model
    told = _linear(cell, owner.output, cell.column)
    table = cell.tower.embedding.table
    if owner.output.weight is table.weight:  # the one name both have in the model
        left, _, bias = told["names"]
        told["names"] = left, f"{_name(cell.model, table, 'weight')}[{cell.column}, k]", bias
    return told


def _rule(box: Box) -> str:
    """Which of `RULES` a box follows."""
    return "fed" if box.part == "feed" and box.value == "out" else box.value


RULES: dict[str, Callable[[Cell], Told]] = {
    "embedding": embedding, "position": position, "input": total, "q": mapped, "k": mapped, "v": mapped,
    "scores": scores, "scaled": scaled, "masked": masked, "weights": softmax, "context": context, "joined": joined,
    "out": projected, "sum": total, "norm": norm, "hidden": hidden, "fed": fed, "states": states, "logits": logits,
    "probabilities": softmax,
}  # fmt: skip
"""By the last part of a value's name, how it comes about."""
