"""Walk the data flow of a Transformer: the fields that say what is open, and what they mean for a look.

Every box of the drawing opens to its tensor; `pages.kit.flow_pictures` draws both, `pages.kit.flow_words` explains.
"""

from typing import Any

import streamlit as st

from pages.kit.flow_open import Drawn, Open, Spec, boxes_of, extent, in_any_layer, opened, steps
from pages.kit.rows import one_of
from pages.kit.sentence_field import number
from pages.kit.text import t
from seqcore.data.text.flow import WORDS, flow
from seqcore.figures.flow_diagram import place
from seqcore.text import N_
from seqcore.training.events import Snapshot

PARTS = {"self": N_("self-attention"), "cross": N_("cross-attention"), "feed": N_("feed-forward")}
SIDES = {"encoder": N_("encoder"), "decoder": N_("decoder")}

NAMES = tuple(dict.fromkeys(in_any_layer(name) for kind in ("transformer", "encoder") for name in flow(kind)))
"""All boxes that can be open, in any layer."""

MOST = {"layer": 5, "head": 15, "row": 999, "column": 9999, "step": 999}
"""The largest number of each field; what a network does not have is brought inside."""

FIRST: dict[str, Any] = {"flow_box": "decoder.cross.weights", "flow_layer": 0, "flow_head": 0, "flow_row": 2,
                         "flow_column": 0, "flow_step": 3}  # fmt: skip


READERS = {
    "flow_box": one_of("flow_box", NAMES),
    **{f"flow_{name}": number(f"flow_{name}", int(name == "step"), most) for name, most in MOST.items()},
}


def flow_fields(page: str, spec: Spec, shot: Snapshot | None) -> None:
    """Draw which box is open, of which layer and head, which of its cells is picked, and how far the decoder has come.

    `shot` is the newest look at the sentence, if there is any.
    """
    now = opened(page, spec)
    arrays = shot.arrays if shot is not None else {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key=f"{page}-flow"):
        _box_fields(page, spec, now)
        if spec.model.num_layers > 1:
            _choice(page, "layer", N_("Layer"), spec.model.num_layers, disabled=not now.box.part)
        if spec.model.num_heads > 1:
            _choice(page, "head", N_("Head"), spec.model.num_heads, disabled="N" not in now.box.shape)
        if steps(spec):
            _step_fields(page, spec, len(arrays.get("input", ())))
        with st.popover(t(N_("Pick")), icon=":material/grid_on:"):
            _cell_fields(page, spec, now, arrays)


def _box_fields(page: str, spec: Spec, now: Open) -> None:
    boxes = list(boxes_of(spec))
    at = boxes.index(now.box.name)
    st.session_state[f"{page}.flow_box"] = in_any_layer(now.box.name)
    for name, icon, label, shortcut, goal in (
        ("back", ":material/chevron_left:", N_("Back"), "Left", at - 1),
        ("next", ":material/chevron_right:", N_("Next"), "Right", at + 1),
    ):
        there = 0 <= goal < len(boxes)
        st.button(t(label), key=f"{page}.bar.flow_{name}", icon=icon, shortcut=shortcut, disabled=not there,
                  on_click=show, args=(page, boxes[goal] if there else now.box.name))  # fmt: skip
    options = dict.fromkeys(map(in_any_layer, boxes))
    names = {in_any_layer(name): _label(boxes_of(spec)[name]) for name in boxes}
    st.selectbox(t(N_("Open box")), list(options), format_func=names.get, key=f"{page}.flow_box", width="stretch",
                 persist_state="session", on_change=_stand, args=(page,))  # fmt: skip


def _label(box) -> str:
    """What a box is and where."""
    side = SIDES.get(box.name.split(".")[0], N_("output"))
    return " · ".join(t(words) for words in (box.short, PARTS.get(box.part, ""), side) if words)


def _choice(page: str, name: str, label: str, count: int, disabled: bool) -> None:
    """Draw the choice of one of a few, which the reader counts from 1 on."""
    key = f"{page}.flow_{name}"
    st.session_state[key] = min(st.session_state[key], count - 1)
    st.selectbox(t(label), range(count), format_func=lambda k: str(k + 1), key=key, width=76, disabled=disabled,
                 persist_state="session")  # fmt: skip


def _step_fields(page: str, spec: Spec, count: int) -> None:
    """Draw how many of the decoder's `count` tokens have been read."""
    key, most = f"{page}.flow_step", max(2, count)
    st.session_state[key] = min(st.session_state[key], most)
    st.slider(t(N_("Tokens read")), 1, most, key=key, width=150, persist_state="session",
              on_change=_stand, args=(page,))  # fmt: skip
    ends = st.session_state[key] >= count
    st.button(t(N_("From BOS on")) if ends else t(N_("Next token")), key=f"{page}.bar.flow_token",
              icon=":material/replay:" if ends else ":material/add:", on_click=_step_to,
              args=(page, 1 if ends else st.session_state[key] + 1))  # fmt: skip


def _step_to(page: str, step: int) -> None:
    st.session_state[f"{page}.flow_step"] = step
    _stand(page)


def _stand(page: str) -> None:
    """Pick the row of the token that was read last, or is to be guessed, and of the vocabulary the largest number."""
    state, drawn = st.session_state, st.session_state.get(f"{page}.bar.flow", Drawn())
    answers = state[f"{page}.flow_box"] in ("logits", "probabilities", "loss")
    if answers and drawn.guessed is not None:
        state[f"{page}.flow_row"] = drawn.guessed
    elif not state[f"{page}.flow_box"].startswith("encoder."):
        state[f"{page}.flow_row"] = state[f"{page}.flow_step"] - 1
    if answers and state[f"{page}.flow_row"] < len(drawn.largest):
        state[f"{page}.flow_column"] = drawn.largest[state[f"{page}.flow_row"]]


def _cell_fields(page: str, spec: Spec, now: Open, arrays) -> None:
    """Draw row and column of the picked number: for whoever does not click, and a walk through the positions."""
    counts = extent(now, spec, arrays, st.session_state[f"{page}.flow_step"])
    labels = (N_("Position"), N_("Dimension d")) if now.box.value == "position" else (N_("Row"), N_("Column"))
    for name, label, count, at in zip(("row", "column"), labels, counts, (now.row, now.column), strict=True):
        if count > 1:
            st.session_state[f"{page}.flow_{name}"] = min(at, count - 1)
            st.slider(t(label), 0, count - 1, key=f"{page}.flow_{name}", persist_state="session")


def flow_sentence(page: str, spec: Spec) -> dict[str, Any]:
    """The fields of a `Sentence` that show what is open."""
    now = opened(page, spec)
    inside = () if now.box.value in WORDS else (now.box.name,)
    cell = None if now.box.value == "loss" else (now.box.name, now.head, now.row, now.column)
    return {"inside": inside, "cell": cell}


def flow_picked(page: str, name: str, column: float, row: float) -> None:
    """A click: on a box of the drawing it opens, on a number it is picked."""
    drawn = st.session_state.get(f"{page}.bar.flow", Drawn())
    if name == "flow":
        if box := place(drawn.towers, column, row):
            show(page, box)
    elif name in ("tensor", "positions"):
        st.session_state[f"{page}.flow_row"] = min(int(row) + drawn.top, MOST["row"])
        st.session_state[f"{page}.flow_column"] = min(int(column) + drawn.left, MOST["column"])


def show(page: str, name: str) -> None:
    """Open a box, and its layer."""
    st.session_state[f"{page}.flow_box"] = in_any_layer(name)
    if in_any_layer(name) != name:
        st.session_state[f"{page}.flow_layer"] = int(name.split(".")[1][1:])
    _stand(page)


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    return {name: str(value) for name in FIRST if (value := st.session_state[f"{page}.{name}"]) != FIRST[name]}
