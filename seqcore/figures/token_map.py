"""What an output token owes to each source token: how much attention it pays to it, or what hiding it costs."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from seqcore.figures.palette import ATTENTION, STATES, palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.figures.states import reach, scale
from seqcore.figures.token_axis import plain, short, token_axis
from seqcore.text import N_

Cell = tuple[int, int, Literal["forced", "masked"]]
"""Row and column of a weight that somebody holds."""


FINE = 50
"""Tokens up to which the cells are parted by a gap: it would take up the whole of smaller ones."""


def height(rows: int) -> int:
    """Pixels the plot should be high, so that every output token is named."""
    return max(205, 15 * rows + 110)


def token_map(
    t: Callable[[str], str], theme: str, title: str, values: np.ndarray, source: Sequence[str],
    output: Sequence[str], *, kind: Literal["weights", "effect"], name: str = "attention", cells: Sequence[Cell] = (),
    unknown: Sequence[bool] = (), wrong: Sequence[bool] = (), axes: tuple[str, str] | None = None,
) -> Picture:  # fmt: skip
    """`values` (T, S), a row for each of the `output` tokens from the top down, a column for each of `source`.

    They are "weights" between 0 and 1, or an "effect": how many nats the loss rises when that source token is hidden.
    A forced cell of `cells` is framed, a masked one crossed out. `unknown` (S,) source tokens are underlined, `wrong`
    (T,) output tokens, which differ from the true ones, have a cross before them. `axes` names columns and rows that
    are neither source nor output. At most about 60 by 60; the plot should be `height(T)` pixels high.
    """
    values = np.asarray(values, np.float32)
    unknown, wrong = list(unknown) or [False] * len(source), list(wrong) or [False] * len(output)
    unit = t(N_("weight")) if kind == "weights" else t(N_("nats"))
    limit = reach(values)
    gap = 1 if max(values.shape) <= FINE else 0
    colours = scale(ATTENTION[theme], 0, 1) if kind == "weights" else scale(STATES[theme], -limit, limit)
    style = {
        "type": "heatmap", "x0": 0, "dx": 1, "y0": 0, "dy": 1, "xgap": gap, "ygap": gap, "hoverongaps": False,
        **colours, "hovertemplate": f"%{{text}}<br>%{{z:.3f}} {unit}<extra></extra>",
    }  # fmt: skip
    data = {"z": values, "text": _spoken(t, source, output, unknown, wrong)}
    axes = axes or (t(N_("Source token")), t(N_("Output token")))
    layout = _layout(t, theme, source, output, unit, cells, unknown, wrong, axes)
    alt = _alt(t, title, values, source, output, kind, cells, unknown, wrong)
    return Picture(name, title, (Trace(style, data),), layout, alt)


def _spoken(
    t: Callable, source: Sequence[str], output: Sequence[str], unknown: Sequence[bool], wrong: Sequence[bool]
) -> np.ndarray:
    """The words of each cell (T, S), for who points at it."""
    above = [_with(plain(token), t(N_("unknown")) if mark else "") for token, mark in zip(source, unknown, strict=True)]
    beside = [_with(plain(token), t(N_("wrong")) if mark else "") for token, mark in zip(output, wrong, strict=True)]
    words = t(N_("output: {output}<br>source: {source}"))
    cells = [[words.format(output=to, source=of) for of in above] for to in beside]
    return np.array(cells, dtype=str).reshape(len(output), len(source))


def _with(token: str, remark: str) -> str:
    return f"{token} ({remark})" if remark else token


def _layout(
    t: Callable, theme: str, source: Sequence[str], output: Sequence[str], unit: str, cells: Sequence[Cell],
    unknown: Sequence[bool], wrong: Sequence[bool], axes: tuple[str, str],
) -> dict:  # fmt: skip
    colours = palette(theme)
    below = [f"<u>{short(token)}</u>" if mark else short(token) for token, mark in zip(source, unknown, strict=True)]
    beside = [f"✗ {short(token)}" if mark else short(token) for token, mark in zip(output, wrong, strict=True)]
    edge = {"type": "line", "line": {"color": colours["test"], "width": 4}}
    edges = [{**edge, "xref": "paper", "x0": 0, "x1": 0, "y0": row - 0.45, "y1": row + 0.45}
             for row in np.flatnonzero(wrong).tolist()]  # fmt: skip
    edges += [{**edge, "yref": "paper", "y0": 0, "y1": 0, "x0": column - 0.45, "x1": column + 0.45}
              for column in np.flatnonzero(unknown).tolist()]  # fmt: skip
    marks = ["<u>" + t(N_("unknown")) + "</u>"] * any(unknown) + ["✗ " + t(N_("wrong"))] * any(wrong)
    above = {"xref": "paper", "x": 1, "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4, "showarrow": False}
    notes = [{**above, "xanchor": "left", "text": unit}]
    if marks:
        notes.append({**above, "xanchor": "right", "xshift": -24, "text": " · ".join(marks)})
    rows = token_axis(beside)
    return base_layout(
        theme, *axes, notes, hovermode="closest",
        margin={"r": 50}, shapes=[*edges, *(shape for cell in cells for shape in _held(colours["text"], *cell))],
        xaxis=token_axis(below), yaxis={**rows, "range": rows["range"][::-1]},
    )  # fmt: skip


def _held(colour: str, row: int, column: int, how: str) -> list[dict]:
    """A frame around a forced cell, the two diagonals of a masked one."""
    around = {"x0": column - 0.46, "x1": column + 0.46, "y0": row - 0.44, "y1": row + 0.44}
    if how == "forced":
        return [{"type": "rect", **around, "line": {"color": colour, "width": 3}}]
    falling = {"type": "line", **around, "line": {"color": colour, "width": 2}}
    return [falling, {**falling, "y0": around["y1"], "y1": around["y0"]}]


def _alt(
    t: Callable, title: str, values: np.ndarray, source: Sequence[str], output: Sequence[str], kind: str,
    cells: Sequence[Cell], unknown: Sequence[bool], wrong: Sequence[bool],
) -> str:  # fmt: skip
    """The largest value of each row in words, and every mark."""
    words = [t(N_("{title}: {output} output tokens by {source} source tokens.")).format(
        title=title, output=len(output), source=len(source))]  # fmt: skip
    if values.size:
        largest = np.where(np.isnan(values), -np.inf, values).argmax(axis=1).tolist()
        told = [f"{output[row]} ← {source[column]} {values[row, column]:.2f}" for row, column in enumerate(largest)]
        weights, effect = N_("The largest weight of each: {cells}."), N_("Hidden, it costs most, in nats: {cells}.")
        words.append(t(weights if kind == "weights" else effect).format(cells="; ".join(told)))
    for how, sentence in (("forced", N_("Forced: {cells}.")), ("masked", N_("Masked: {cells}."))):
        if held := [f"{output[row]} ← {source[column]}" for row, column, kind_of in cells if kind_of == how]:
            words.append(t(sentence).format(cells="; ".join(held)))
    if any(unknown):
        words.append(t(N_("Unknown source tokens: {tokens}.")).format(tokens=_listed(source, unknown)))
    if any(wrong):
        words.append(t(N_("Output tokens that differ from the true ones: {tokens}.")).format(
            tokens=_listed(output, wrong)))  # fmt: skip
    return " ".join(words)


def _listed(tokens: Sequence[str], marks: Sequence[bool]) -> str:
    return ", ".join(token for token, mark in zip(tokens, marks, strict=True) if mark)
