"""The drawing of a Transformer's data flow: which boxes lie where, and what goes in and comes out."""

from collections.abc import Sequence

import streamlit as st

from pages.kit.flow_open import Arrays, Spec, boxes_of, guessed, opened, sizes, tokens
from pages.kit.live import theme
from pages.kit.text import t, translator
from pages.kit.translation_pictures import BLANK
from seqcore.data.text.flow import SIDES
from seqcore.figures.flow_diagram import Block, Chip, Tower, flow_diagram
from seqcore.figures.picture import Picture
from seqcore.text import N_

PARTS = {"self": N_("Self-attention"), "masked": N_("Masked attention"), "cross": N_("Cross-attention"),
         "feed": N_("Feed-forward")}  # fmt: skip

ROLES = {**dict.fromkeys(("tokens", "ids", "embedding", "position", "input"), "token"),
         **dict.fromkeys(("sum", "norm"), "add"), **dict.fromkeys(("feed.hidden", "feed.out"), "feed"),
         **dict.fromkeys(("states", "logits", "probabilities", "loss"), "exit")}  # fmt: skip
"""What each kind of box looks like; all others belong to an attention."""


def drawing(page: str, spec: Spec, arrays: Arrays) -> tuple[Picture, list[Tower]]:
    """The picture of all boxes of the chosen layer with the open one marked, and what a click on it is looked up in."""
    layer = min(st.session_state[f"{page}.flow_layer"], spec.model.num_layers - 1)
    step = st.session_state[f"{page}.flow_step"]
    towers = [_tower(spec, side, layer, arrays, step) for side in SIDES[spec.model.architecture]]
    across = ("encoder.states", f"decoder.l{layer}.cross.k") if len(towers) > 1 else None
    name = opened(page, spec).box.name
    title = t(N_("The data flow, from the bottom up"))
    if spec.model.num_layers > 1:
        title += " · " + t(N_("layer {layer} of {count}")).format(layer=layer + 1, count=spec.model.num_layers)
    return flow_diagram(translator(), theme(), title, towers, opened=name, across=across), towers


def _tower(spec: Spec, side: str, layer: int, arrays: Arrays, step: int) -> Tower:
    """One side, with one of its layers; the last side ends in what the network says."""
    boxes, told = boxes_of(spec), sizes(spec, arrays, step)

    def chip(name: str) -> Chip:
        box = boxes[name]
        shape = ",".join(str(told.get(letter, letter)) for letter in box.shape)
        role = ROLES.get(box.value, ROLES.get(f"{box.part}.{box.value}", "attention"))
        return Chip(name, t(box.short), shape, role)

    def row(*names: str) -> tuple[Chip, ...]:
        return tuple(chip(name) for name in names if name in boxes)

    entry = (row(f"{side}.tokens", f"{side}.ids"),
             row(f"{side}.embedding", f"{side}.position", f"{side}.input"))  # fmt: skip
    blocks = [Block(entry)]
    for part in ("self", "cross", "feed"):
        name = f"{side}.l{layer}.{part}"
        if f"{name}.out" in boxes:
            rows = tuple(row(*(f"{name}.{value}" for value in values))
                         for values in _rows(part, spec.model.norm_first))  # fmt: skip
            masked = part == "self" and side == "decoder" and spec.model.causal
            blocks.append(Block(rows, t(PARTS["masked" if masked else part]), added=f"{name}.sum"))
    last = side == SIDES[spec.model.architecture][-1]
    states = f"{side}.states"
    blocks.append(Block((row(states, "logits"), row("probabilities", "loss")) if last else (row(states),)))
    letter = "S" if side == "encoder" else "T"
    return Tower(tuple(blocks), _words(arrays, letter, told), _said(arrays, told[letter]) if last and arrays else "")


def _rows(part: str, norm_first: bool) -> Sequence[Sequence[str]]:
    """The values of a part, row by row from the bottom up; keys and values come in from the side where they do."""
    if part == "feed":
        return (("norm", "hidden", "out", "sum"),) if norm_first else (("hidden", "out", "sum", "norm"),)
    first = ("k", "v", "norm", "q") if part == "cross" else ("norm", "q", "k", "v")
    last = ("out", "sum") if norm_first else ("out", "sum", "norm")
    return (first if norm_first else tuple(value for value in first if value != "norm"),
            ("scores", "scaled", "masked"), ("weights", "context", "joined"), last)  # fmt: skip


def _words(arrays: Arrays, letter: str, told: dict[str, int]) -> str:
    """The tokens that go in."""
    return " ".join(token.strip() or BLANK for token in tokens(arrays, letter)[: told[letter]]) if arrays else ""


def _said(arrays: Arrays, count: int) -> str:
    """What the network says in place of the first token it has to guess, or after the one read last, and how surely."""
    gap = guessed(arrays)
    row = count - 1 if gap is None else gap
    token, share = str(arrays["output"][row]), float(arrays["probabilities"][row, 0])
    return f"→ {token.strip() or BLANK} · {share:.2f}"
