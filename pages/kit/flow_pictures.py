"""The open box of a Transformer's data flow as pictures: its tensor, and what its picked number is made of."""

from dataclasses import replace

import numpy as np
import streamlit as st

from pages.kit.flow_drawing import drawing
from pages.kit.flow_open import (
    Arrays,
    Drawn,
    Open,
    Spec,
    columns_of,
    explanation,
    guessed,
    largest,
    opened,
    steps,
    tokens,
)
from pages.kit.live import theme
from pages.kit.matrices import written
from pages.kit.scene import Scene
from pages.kit.text import t, translator
from pages.kit.translation_pictures import BLANK
from seqcore.figures.likeliest import likeliest
from seqcore.figures.picture import Picture, base_layout, wrap
from seqcore.figures.positions import positions, wave
from seqcore.figures.tensor import tensor
from seqcore.figures.terms import profile, terms
from seqcore.text import N_

ROWS, COLUMNS, NAMED = 40, 64, 24
"""Rows and columns of a tensor that are drawn at once, at most, and columns of the vocabulary."""

AXES = {"S": N_("Source token"), "T": N_("Token read"), "D": N_("Dimension"), "head_dim": N_("Dimension of the head"),
        "d_ff": N_("Hidden unit"), "V": N_("Token of the vocabulary"), "": ""}  # fmt: skip

SHARES = ("weights", "probabilities")
"""Values between 0 and 1, of which each row sums to 1."""


def flow_pictures(page: str, scene: Scene) -> list[Picture]:
    """The drawing with the open box, its tensor, and what the picked number is made of, or stands among."""
    spec, now = scene.spec, opened(page, scene.spec)
    arrays = scene.snapshot.arrays if scene.snapshot is not None and "rows" in scene.snapshot.arrays else {}
    flow, towers = drawing(page, spec, arrays)
    above, corner = _open_box(now, spec, arrays, st.session_state[f"{page}.flow_step"])
    below = _made_of(now, spec, arrays, st.session_state[f"{page}.flow_step"])
    st.session_state[f"{page}.bar.flow"] = Drawn(towers, *corner, largest(arrays), guessed(arrays))
    return [replace(flow, tall=True), above, below]


def _open_box(now: Open, spec: Spec, arrays: Arrays, step: int) -> tuple[Picture, tuple[int, int]]:
    """The tensor of the open box, and the row and the column at which the part of it that is drawn begins."""
    if now.box.value == "position" and "formula.places" in arrays:
        row, column, table = now.row, now.column, arrays["formula.places"]
        row, column = min(row, len(table) - 1), min(column, table.shape[1] - 1)
        return positions(translator(), theme(), table, place=row, dimension=column), (0, 0)
    values, texts = _values(now, spec, arrays, step)
    if values is None:
        return _place("tensor", t(N_("The numbers come with the next look at the network."))), (0, 0)
    names = zip((now.rows, now.columns), values.shape, strict=True)
    rows, columns = (_names(letter, count, arrays) for letter, count in names)
    row, column = min(now.row, values.shape[0] - 1), min(now.column, values.shape[1] - 1)
    window = _window(row, ROWS, values.shape[0]), _window(column, _wide(now), values.shape[1])
    (top, left), part = (side.start for side in window), values[window]
    most, true = _marked(now, arrays, values, window)
    title = f"{t(now.box.label)} · ({', '.join(map(str, _shape(now, spec, values)))})"
    picture = tensor(
        translator(), theme(), title, part, rows[window[0]], columns[window[1]], shares=now.box.value in SHARES,
        picked=(row - top, column - left), largest=most, true=true,
        written=texts if texts is None else texts[window],
        axes=(_axis(now.columns, values.shape[1], window[1]), _axis(now.rows, values.shape[0], window[0])),
    )  # fmt: skip
    return picture, (top, left)


def _wide(now: Open) -> int:
    return NAMED if now.columns == "V" else COLUMNS


def _window(at: int, most: int, count: int) -> slice:
    """The part of so many that `at` lies in, of `count`."""
    first = at // most * most
    return slice(first, min(first + most, count))


def _values(now: Open, spec: Spec, arrays: Arrays, step: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What the open box holds, of one head (R, C), and texts that stand for it; none where it is not known.

    What the decoder has not come to yet is not there.
    """
    values, texts = arrays.get(f"inside.{now.box.name}"), None
    if now.box.value == "weights" and values is None:  # those are always told
        values = arrays.get(now.box.name)
    elif now.box.value == "loss" and "surprise" in arrays:
        values = np.asarray(arrays["surprise"], float)[:, None]
        values = np.where(arrays["asked"][:, None], values, np.nan) if "asked" in arrays else values
    elif now.box.value in ("tokens", "ids") and "rows" in arrays:
        texts = np.array(tokens(arrays, now.rows), dtype=str)
        if now.box.value == "ids":
            texts = explanation(now, arrays).get("ids", np.full(len(texts), "…")).astype(str)
        values, texts = np.zeros((len(texts), 1)), texts[:, None]
    if values is None:
        return None, None
    values = values[now.head] if values.ndim == 3 else values
    seen = tuple(slice(step if letter == "T" and steps(spec) else None) for letter in (now.rows, now.columns))
    return values[seen], texts if texts is None else texts[seen]


def _shape(now: Open, spec: Spec, values: np.ndarray) -> list[int]:
    """That of the whole tensor, as far as the decoder has come."""
    heads = [spec.model.num_heads] if "N" in now.box.shape else []
    return heads + list(values.shape[: 2 if now.columns else 1])


def _names(letter: str, count: int, arrays: Arrays) -> list[str]:
    """What the rows or columns are called: tokens, or numbers."""
    if letter in ("S", "T"):
        return [token if token != " " else BLANK for token in tokens(arrays, letter)][:count]
    if letter == "V" and "words" in arrays:
        return [token if token != " " else BLANK for token in arrays["words"].tolist()]
    return [str(number) for number in range(count)] if letter else [""]


def _axis(letter: str, count: int, window: slice) -> str:
    """An axis's title; where not all is drawn it says so."""
    title = t(AXES[letter])
    if window.stop - window.start == count:
        return title
    return t(N_("{title} ({first} to {last} of {count})")).format(
        title=title, first=window.start, last=window.stop - 1, count=count
    )


def _marked(now: Open, arrays: Arrays, values: np.ndarray, window: tuple[slice, slice]):
    """The largest share of each row of a vocabulary, and that of the true token: cells of the part that is drawn."""
    if now.box.value != "probabilities":
        return [], []
    (top, bottom), (left, right) = ((part.start, part.stop) for part in window)
    true = [columns_of(arrays).get(token, -1) for token in arrays["rows"].tolist()[: len(values)]]
    return ([(row - top, column - left) for row, column in enumerate(columns)
             if top <= row < bottom and left <= column < right] for columns in (values.argmax(1).tolist(), true)
    )  # fmt: skip


def _made_of(now: Open, spec: Spec, arrays: Arrays, step: int) -> Picture:
    """What stands below the tensor: waves of the places, the likeliest tokens, or the terms of the picked number."""
    if now.box.value == "position" and "formula.places" in arrays:
        table = arrays["formula.places"]
        column = min(now.column, table.shape[1] - 1)
        both = [number for number in sorted({column, column ^ 1}) if number < table.shape[1]]
        return wave(translator(), theme(), table, both, place=min(now.row, len(table) - 1))
    if now.box.value in ("probabilities", "loss") and "top" in arrays:
        row = min(now.row, len(arrays["rows"]) - 1)
        top, true = arrays["top"][row].tolist(), str(arrays["rows"][row])
        chosen = top.index(true) if true in top else None
        names = [token if token != " " else BLANK for token in top]
        bars = likeliest(translator(), theme(), names, arrays["probabilities"][row], chosen=chosen, step=row + 1)
        return bars if now.rows == "T" else replace(bars, title=t(N_("What stands here?")))
    told = explanation(now, arrays)
    if str(told.get("kind")) in ("terms", "sum", "relu", "softmax"):
        return _terms(now, arrays, told)
    values, _ = _values(now, spec, arrays, step)
    if values is None or not now.columns:
        return _place("terms", "…" if now.columns else t(N_("Nothing is computed here yet.")))
    row, column = min(now.row, len(values) - 1), min(now.column, values.shape[1] - 1)
    window = _window(column, _wide(now), values.shape[1])
    names = _names(now.columns, values.shape[1], arrays)[window]
    title = f"{now.box.value}[{row}, :] · {_names(now.rows, len(values), arrays)[row]}"
    return profile(translator(), theme(), title, names, values[row, window], picked=column - window.start,
                   axis=_axis(now.columns, values.shape[1], window))  # fmt: skip


def _terms(now: Open, arrays: Arrays, told: dict) -> Picture:
    """The terms of the picked number as bars, the largest ones first."""
    left, right, at = (told[name].tolist() for name in ("left", "right", "at"))
    if told["kind"] == "softmax":
        every = sum(right) + float(told["rest"])
        values, labels = [share / every for share in right], _looked_at(now, arrays, at)
        rest, axis = float(told["rest"]) / every, t(N_("Share"))
    elif told["kind"] == "sum":
        values, labels = left, [name.partition("[")[0] for name in told["names"].tolist() if name]
        rest, axis = 0.0, t(N_("Term"))
    else:
        values, names = [a * b for a, b in zip(left, right, strict=True)], _looked_at(now, arrays, at)
        labels = [f"{name}: {written(a)} · {written(b)}" for name, a, b in zip(names, left, right, strict=True)]
        rest, axis = float(told["rest"]), t(N_("Term"))
    if told["others"]:
        values, labels = [*values, rest], [*labels, t(N_("others: {count}")).format(count=int(told["others"]))]
    if told["names"][2] and told["kind"] in ("terms", "relu"):
        values, labels = [*values, float(told["bias"])], [*labels, t(N_("bias"))]
    title = f"{now.box.value}[{', '.join(map(str, told['cell'].tolist()[-2:]))}] = {written(float(told['value']))}"
    return terms(translator(), theme(), title, labels, np.array(values), axis=axis, total=float(told["value"]),
                 marked=0 if told["kind"] == "softmax" else None)  # fmt: skip


def _looked_at(now: Open, arrays: Arrays, at: list[int]) -> list[str]:
    """The names of the terms: the tokens that an attention looks at, or numbers."""
    if now.box.value in ("weights", "context"):
        letter = "S" if now.box.part == "cross" else now.rows
        names = _names(letter, len(tokens(arrays, letter)), arrays)
        return [names[k] if k < len(names) else str(k) for k in at]
    return [str(k) for k in at]


def _place(name: str, words: str) -> Picture:
    """Holds the place of a picture."""
    note = {"text": wrap(words, 40), "xref": "paper", "x": 0.5, "yref": "paper", "y": 0.5, "showarrow": False}
    nothing = {"visible": False}
    return Picture(name, "", (), base_layout(theme(), "", "", [note], xaxis=nothing, yaxis=nothing), words)
