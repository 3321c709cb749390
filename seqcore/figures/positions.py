"""What a Transformer adds to say where a token stands: the table as a heat map, and some of its columns as waves."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqcore.figures.palette import STATES, Look, palette, stroke
from seqcore.figures.picture import Picture, Trace, base_layout, whole_ticks
from seqcore.figures.states import reach, scale
from seqcore.text import N_


def positions(
    t: Callable[[str], str], theme: str, table: np.ndarray, *, place: int | None = None, dimension: int | None = None
) -> Picture:  # fmt: skip
    """`table` (P, D): a row for each position from the top down, a column for each of the D numbers, both from 0.

    Cross-hairs go through row `place` and column `dimension`, and where they meet the value is told. A click tells a
    cell: x is its dimension, y its place. At most 1000 by 1000.
    """
    count, width = table.shape
    limit = reach(table)
    style = {
        "type": "heatmap", "x0": 0, "dx": 1, "y0": 0, "dy": 1, **scale(STATES[theme], -limit, limit),
        "hovertemplate": "PE[%{y}, %{x}] = %{z:.4f}<extra></extra>",
    }  # fmt: skip
    value = ""
    if place is not None and dimension is not None:
        value = f"PE[{place}, {dimension}] = {table[place, dimension]:.4f}"
    note = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
            "showarrow": False, "text": f"<b>{value}</b>"}  # fmt: skip
    layout = base_layout(
        theme, t(N_("Dimension")), t(N_("Position")), [note] if value else [], hovermode="closest", margin={"r": 46},
        shapes=[*_hairs(theme, "x", dimension), *_hairs(theme, "y", place)],
        xaxis={"showgrid": False, "range": [-0.5, width - 0.5], **whole_ticks(width)},
        yaxis={"showgrid": False, "range": [count - 0.5, -0.5], **whole_ticks(count)},
    )  # fmt: skip
    words = t(N_("Positional encoding: {places} positions by {width} numbers, from {low:.2f} to {high:.2f}.")).format(
        places=count, width=width, low=table.min(), high=table.max()
    )
    alt = f"{words} {value}." if value else words
    data = {"z": np.asarray(table, np.float32)}
    return Picture("positions", t(N_("Positional encoding")), (Trace(style, data),), layout, alt, clickable=True)


def wave(
    t: Callable[[str], str], theme: str, table: np.ndarray, dimensions: Sequence[int], *, place: int | None = None
) -> Picture:  # fmt: skip
    """A few `dimensions` of `table` (P, D) as curves over the position; `place` is marked.

    Even ones, the sines of a sinusoidal table, have one colour, odd ones another.
    """
    at = np.arange(len(table), dtype=np.float32)
    turns = {0: 0, 1: 0}  # how many even and odd ones have been drawn
    traces = []
    for dimension in dimensions:
        odd = dimension % 2
        line = {**stroke(theme, Look("cell" if odd else "hidden", turns[odd])), "width": 2.2}
        turns[odd] += 1
        style = {
            "type": "scatter", "mode": "lines", "name": t(N_("dimension {number}")).format(number=dimension),
            "line": line, "hovertemplate": "%{y:.3f}",
        }  # fmt: skip
        traces.append(Trace(style, {"x": at, "y": np.asarray(table[:, dimension], np.float32)}))
    limit = 1.05 * reach(table)
    layout = base_layout(
        theme, t(N_("Position")), t(N_("Value")), shapes=_hairs(theme, "x", place),
        xaxis={"range": [0, max(len(table) - 1, 1)], **whole_ticks(len(table) - 1),
               "unifiedhovertitle": {"text": t(N_("Position")) + " %{x}"}},
        yaxis={"range": [-limit, limit]},
    )  # fmt: skip
    words = [t(N_("Values of the positional encoding over {places} positions.")).format(places=len(table))]
    told = N_("Dimension {number}: sign changes: {changes}, from {low:.2f} to {high:.2f}.")
    for dimension in dimensions:
        curve = table[:, dimension]
        changes = int(np.count_nonzero(np.diff(np.signbit(curve))))
        words.append(t(told).format(number=dimension, changes=changes, low=curve.min(), high=curve.max()))
    return Picture("wave", t(N_("Dimensions over the position")), tuple(traces), layout, " ".join(words))


def _hairs(theme: str, axis: str, at: int | None) -> list[dict[str, Any]]:
    """A thin line across the picture at `at` of an axis."""
    if at is None:
        return []
    other = "y" if axis == "x" else "x"
    line = {"color": palette(theme)["text"], "width": 1.5, "dash": "dot"}
    return [{"type": "line", f"{axis}0": at, f"{axis}1": at, f"{other}ref": "paper", f"{other}0": 0, f"{other}1": 1,
             "line": line}]  # fmt: skip
