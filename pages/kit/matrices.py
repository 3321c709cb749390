"""Matrices with a number in each cell, where every number can be asked where it came from; and a pad to draw on.

One component draws all matrices of a page; the browser keeps them and touches only what changed:

    matrices([Stage("sum", "Sums", [Matrix("ai", "ai_2", values, "l0.2.ai[{r},{c}]")])], picked, key="page.flow",
             on_pick=show)

A click on a cell, or Enter, sends the element's reference to `on_pick`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.kit.live import theme
from pages.kit.text import t
from seqcore.figures.palette import GATES, STATES, palette
from seqcore.text import N_
from seqcore.unrolled import Origin

_STATIC = Path(__file__).parents[2] / "static"
_FILES = ("matrices.js", "matrices.css", "pad.js")
_VERSION = sha256(b"".join((_STATIC / name).read_bytes() for name in _FILES)).hexdigest()[:12]


def _loader(script: str) -> str:
    return f"""
const drawing = import(new URL("app/static/{script}?{_VERSION}", document.baseURI));
export default (component) => {{
  const {{ data, parentElement }} = component;
  const box = parentElement.querySelector("[data-seqlab]");
  drawing.then(({{ update }}) => update(component), () => (box.textContent = data.trouble));
  return () => drawing.then(({{ close }}) => close(parentElement), () => {{}});
}};
"""


def _box(name: str) -> str:
    return f'<div class="{name}" data-seqlab></div>'


_flow = st.components.v2.component(
    "seqlab.matrices", html=_box("seqlab-flow"), js=_loader("matrices.js"), isolate_styles=False
)
_pad = st.components.v2.component("seqlab.pad", html=_box("seqlab-pad"), js=_loader("pad.js"), isolate_styles=False)
TROUBLE = N_("The picture could not be drawn: reload the page.")


@dataclass(frozen=True, eq=False)
class Matrix:
    """A tensor, or a block of its rows: `values` (rows, columns) drawn with the shape in words.

    `ref` is the name of an element, with `{r}` and `{c}` for its row and column; rows count from `first`. `state` says
    whether it is computed ("done"), being computed ("now") or still to come ("next"). A `gate` lies between 0 and 1,
    everything else is coloured around 0. `role` is a colour of the palette.
    """

    name: str
    label: str
    values: np.ndarray
    ref: str
    shape: str = ""
    state: str = "done"
    gate: bool = False
    role: str = ""
    first: int = 0


@dataclass(frozen=True, eq=False)
class Stage:
    """A few matrices under one heading; those of a stage that goes `across` lie side by side over the whole width."""

    name: str
    title: str
    matrices: Sequence[Matrix]
    state: str = "done"
    across: bool = field(default=False, kw_only=True)


def short(value: float) -> str:
    """A number as a cell holds it: at most six characters."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if abs(value) >= 1000:
        mantissa, power = f"{value:.0e}".split("e")
        return f"{mantissa}e{int(power)}".replace("-", "−")
    text = f"{value:.2f}" if abs(value) < 99.995 else f"{value:.0f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def written(value: float) -> str:
    """A number as a formula holds it: four digits."""
    return short(value) if not math.isfinite(value) else f"{value:.4g}".replace("-", "−")


def matrices(
    stages: Sequence[Stage],
    picked: Origin,
    *,
    key: str,
    on_pick: Callable[[str], None],
    heading: str = "",
    lines: int = 1,
) -> None:
    """Draw the stages, and above them a heading, or else where the picked element came from.

    The place is held for an explanation of so many `lines`.
    """
    data = {
        "trouble": t(TROUBLE),
        "origin": None if heading else _told(picked),
        "heading": heading,
        "picked": picked.ref,
        "lines": lines,
        "scales": {"states": STATES[theme()], "gates": GATES[theme()]},
        "stages": [_stage(stage) for stage in stages],
        "key": [("states", "−1", "1", t(N_("states, sums and weights (further out: full colour)"))),
                ("gates", "0", "1", t(N_("gates: closed to open")))] if not heading else [],
    }  # fmt: skip
    _flow(key=key, data=data, on_pick_change=lambda: on_pick(st.session_state[key].pick))


def _told(picked: Origin) -> dict[str, Any]:
    pieces = [
        {"text": piece} if isinstance(piece, str) else
        {"label": piece.label, "number": written(piece.value), "ref": piece.ref}
        for piece in picked.pieces
    ]  # fmt: skip
    note = t(picked.note)
    spoken = " = ".join(filter(None, (picked.label, picked.symbols(), picked.numbers(written), written(picked.value))))
    return {"label": picked.label, "number": written(picked.value), "pieces": pieces, "note": note,
            "spoken": f"{spoken}. {note}".strip()}  # fmt: skip


def _stage(stage: Stage) -> dict[str, Any]:
    drawn = [_matrix(matrix) for matrix in stage.matrices]
    return {"name": stage.name, "title": stage.title, "state": stage.state, "across": stage.across, "matrices": drawn}


def _matrix(matrix: Matrix) -> dict[str, Any]:
    shares = matrix.values if matrix.gate else (matrix.values + 1) / 2
    shares = np.clip(np.nan_to_num(shares, nan=0.5), 0, 1).round(3).tolist()
    cells = [
        [(short(value), share) for value, share in zip(row, line, strict=True)]
        for row, line in zip(matrix.values.tolist(), shares, strict=True)
    ]
    return {
        "name": matrix.name, "label": matrix.label, "shape": matrix.shape, "ref": matrix.ref, "first": matrix.first,
        "state": matrix.state, "scale": "gates" if matrix.gate else "states", "cells": cells,
        "colour": palette(theme())[matrix.role] if matrix.role else "",
    }  # fmt: skip


def pad(values: Sequence[float | None], *, key: str, on_drawn: Callable[[str], None]) -> None:
    """A small curve to draw with the pointer or the arrow keys: a value from -1 to 1 for each step, None where none is.

    `on_drawn` gets the values as text, separated by commas; the empty text after Clear.
    """
    words = {
        "clear": t(N_("Clear")), "step": t(N_("step")),
        "label": t(N_("Draw the input: left and right choose a step, up and down change it")),
    }  # fmt: skip
    data = {"trouble": t(TROUBLE), "values": list(values), "steps": len(values), "words": words}
    _pad(key=key, data=data, on_drawn_change=lambda: on_drawn(st.session_state[key].drawn))
