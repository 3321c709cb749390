"""A tensor's numbers as a heat map with a name for each row, and if there are few the numbers themselves."""

from collections.abc import Callable, Sequence

import numpy as np

from seqcore.figures.palette import ATTENTION, STATES, palette
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range
from seqcore.figures.states import scale
from seqcore.figures.token_axis import plain, short, token_axis
from seqcore.text import N_

PRINTED = 12
"""Columns up to which each cell holds its number."""

ROOMY = 18
"""Rows up to which it does."""

Place = tuple[int, int]
"""Row and column."""


def tensor(
    t: Callable[[str], str], theme: str, title: str, values: np.ndarray, rows: Sequence[str], columns: Sequence[str],
    *, axes: tuple[str, str], shares: bool = False, picked: Place | None = None, largest: Sequence[Place] = (),
    true: Sequence[Place] = (), written: np.ndarray | None = None,
) -> Picture:  # fmt: skip
    """`values` (R, C), row 0 at the top, with the names of `rows` and `columns`; `axes` are the titles of x and y.

    They are `shares`, between 0 and 1, or coloured around 0; minus infinity, where nothing may be looked at, and NaN
    have no colour. The `picked` cell has a frame, the `largest` ones and the `true` ones each their own. `written`
    (R, C) are texts that stand in the cells instead of numbers. A click tells column and row from 0 on. At most about
    40 by 64.
    """
    values = np.asarray(values, np.float32)
    count, width = values.shape
    limit = nice_range(np.abs(values), log=False)[1]
    style = {
        "type": "heatmap", "x0": 0, "dx": 1, "y0": 0, "dy": 1, "xgap": 1 if width <= 40 else 0,
        "ygap": 1 if count <= 40 else 0, "hoverongaps": False,
        **(scale(ATTENTION[theme], 0, 1) if shares else scale(STATES[theme], -limit, limit)),
        "hovertemplate": "%{hovertext}<extra></extra>",
    }  # fmt: skip
    if written is not None:
        style["showscale"] = False
    if width <= PRINTED and count <= ROOMY:
        style |= {"texttemplate": "%{text}", "textfont": {"size": 11 if width > 8 else 12}}
    if written is None:
        written = np.array([[_number(value) for value in line] for line in values.tolist()], dtype=str)
        written = written.reshape(values.shape)
    data = {"z": np.where(np.isfinite(values), values, np.nan), "hovertext": _spoken(written, rows, columns)}
    if "texttemplate" in style:
        data["text"] = np.array([[plain(text) for text in line] for line in written.tolist()], dtype=str)
    down = token_axis([short(name) for name in rows])
    marks = [("largest", largest, {"width": 2.5}), ("true", true, {"width": 2.5, "dash": "dot"})]
    layout = base_layout(
        theme, *axes, _key(t, [name for name, cells, _ in marks if cells]), hovermode="closest", margin={"r": 46},
        shapes=[*(_frame(palette(theme)["text"], cell, 0.42, line) for _, cells, line in marks for cell in cells),
                *([_frame(palette(theme)["mark"], picked, 0.5, {"width": 3.5})] if picked else [])],
        xaxis=token_axis([short(name) for name in columns]), yaxis={**down, "range": down["range"][::-1]},
    )  # fmt: skip
    alt = _alt(t, title, values, rows, columns, picked)
    return Picture("tensor", title, (Trace(style, data),), layout, alt, clickable=True)


def _number(value: float) -> str:
    if np.isneginf(value):
        return "−∞"
    return "" if np.isnan(value) else f"{value:.2f}".replace("-", "−")


def _spoken(written: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> np.ndarray:
    """The words of each cell, for who points at it."""
    cells = [[f"{plain(row)} · {plain(column)}<br>{number}" for column, number in zip(columns, line, strict=True)]
             for row, line in zip(rows, written, strict=True)]  # fmt: skip
    return np.array(cells, dtype=str).reshape(written.shape)


def _frame(colour: str, cell: Place, reach: float, line: dict) -> dict:
    row, column = cell
    return {"type": "rect", "x0": column - reach, "x1": column + reach, "y0": row - reach, "y1": row + reach,
            "line": {"color": colour, **line}}  # fmt: skip


def _key(t: Callable, marks: Sequence[str]) -> list[dict]:
    """What the frames mean."""
    words = {"largest": "▢ " + t(N_("the largest")), "true": "┄ " + t(N_("the true token"))}
    if not marks:
        return []
    return [{"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
             "showarrow": False, "text": " · ".join(words[mark] for mark in marks)}]  # fmt: skip


def _alt(
    t: Callable, title: str, values: np.ndarray, rows: Sequence[str], columns: Sequence[str], picked: Place | None
) -> str:
    finite = values[np.isfinite(values)]
    words = t(N_("{title}: {rows} rows, {columns} columns, from {low:.3f} to {high:.3f}.")).format(
        title=title,
        rows=len(rows),
        columns=len(columns),
        low=finite.min(initial=np.inf),
        high=finite.max(initial=-np.inf),
    )
    if picked:
        row, column = picked
        words += " " + t(N_("Picked: {row}, {column}: {value:.4f}.")).format(
            row=rows[row], column=columns[column], value=values[row, column])  # fmt: skip
    return words
