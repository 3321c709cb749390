"""All attentions of a Transformer at once: a row for each, a column for each head, the weights of all in one heat map.

One trace of many tiles is far cheaper to draw again than many traces.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np

from seqcore.figures.palette import ATTENTION, palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.figures.states import scale
from seqcore.figures.token_axis import breadth, plain
from seqcore.text import N_

Head = tuple[str, int]
"""The name of an attention, and one of its heads, from 0 on."""

GUTTER = 0.09
"""Room between two tiles, by the longest side of one."""


LINE, AROUND = 12, 90
"""Pixels a name needs from top to bottom, and those above and below the tiles."""


def height(maps: Mapping[str, np.ndarray]) -> int:
    """Pixels the plot should be high: more for more attentions, up to 330."""
    return min(max(205, 40 * len(maps) + 70), 330)


def attention_grid(
    t: Callable[[str], str], theme: str, title: str, maps: Mapping[str, np.ndarray], *, name: str = "attention_grid",
    off: Collection[Head] = (), picked: Head | None = None,
) -> Picture:  # fmt: skip
    """`maps` by name, from the top down, the weights (N, T, S) between 0 and 1 of an attention's N heads, one beside
    the other; N, T and S may differ. Heads of these that are `off` are crossed out, the `picked` one is framed.

    A cell is a weight, the first query's at the top of each tile. A click tells a cell's x and y, and `place` says in
    which head it lies. At most 1000 cells either way; the plot should be `height(maps)` pixels high.
    """
    tops, lefts, (high, wide) = _tiling(maps)
    z = np.full((high, wide), np.nan, np.float32)
    for top, weights in zip(tops, maps.values(), strict=True):
        for left, tile in zip(lefts, weights, strict=False):
            z[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    style = {
        "type": "heatmap", "x0": 0, "dx": 1, "y0": 0, "dy": 1, "hoverongaps": False, **scale(ATTENTION[theme], 0, 1),
        "hovertemplate": t(N_("weight")) + " %{z:.3f}<extra></extra>",
    }  # fmt: skip
    layout = _layout(t, theme, maps, off, picked)
    return Picture(name, title, (Trace(style, {"z": z}),), layout, _alt(t, title, maps, off, picked), clickable=True)


def place(maps: Mapping[str, np.ndarray], x: float, y: float) -> Head | None:
    """The head in whose tile the cell (x, y) of the picture of `maps` lies; None between the tiles."""
    tops, lefts, _ = _tiling(maps)
    for top, (name, weights) in zip(tops, maps.items(), strict=True):
        heads, rows, columns = weights.shape
        for head, left in enumerate(lefts[:heads]):
            if top <= y < top + rows and left <= x < left + columns:
                return name, head
    return None


def _tiling(maps: Mapping[str, np.ndarray]) -> tuple[list[int], list[int], tuple[int, int]]:
    """The first row of each attention, the first column of each head, and the rows and columns of all."""
    shapes = [weights.shape for weights in maps.values()] or [(0, 0, 0)]
    heads, rows, columns = np.max(shapes, axis=0).tolist()
    down, across = (max(1, round(GUTTER * side)) for side in (rows, columns))
    ends = np.cumsum([0, *(shape[1] + down for shape in shapes)]).tolist()
    lefts = [head * (columns + across) for head in range(heads)]
    return ends[: len(maps)], lefts, (max(ends[-1] - down, 0), max(heads * (columns + across) - across, 0))


def _layout(
    t: Callable, theme: str, maps: Mapping[str, np.ndarray], off: Collection[Head], picked: Head | None
) -> dict[str, Any]:
    """The gutters are grey, so that a tile is seen where all its weights are 0."""
    colours = palette(theme)
    tops, lefts, (high, wide) = _tiling(maps)
    widest = max((weights.shape[2] for weights in maps.values()), default=0)
    middles = [top + (weights.shape[1] - 1) / 2 for top, weights in zip(tops, maps.values(), strict=True)]
    shapes = [line for head in off for line in _crossed(colours["text"], _tile(maps, head))]
    if picked is not None:
        shapes.append({"type": "rect", **_tile(maps, picked), "line": {"color": colours["mark"], "width": 3}})
    unit = {"xref": "paper", "x": 1, "xanchor": "left", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
            "showarrow": False, "text": t(N_("weight"))}  # fmt: skip
    return base_layout(
        theme, t(N_("Head")), t(N_("Attention")), [unit], hovermode="closest", shapes=shapes,
        plot_bgcolor=colours["grid"],
        margin={"l": left_margin(maps), "r": 50},
        xaxis={"showgrid": False, "range": [-0.5, max(wide, 1) - 0.5],
               "tickvals": [left + (widest - 1) / 2 for left in lefts],
               "ticktext": [str(head + 1) for head in range(len(lefts))]},
        yaxis={"showgrid": False, "range": [max(high, 1) - 0.5, -0.5], "tickvals": middles,
               "ticktext": _legible(middles, list(maps), high * LINE / (height(maps) - AROUND)),
               "tickfont": {"size": 11}},
    )  # fmt: skip


def _legible(middles: list[float], names: list[str], apart: float) -> list[str]:
    """The names, but for those that would stand nearer than `apart` rows below the last one."""
    shown, last = [], -apart
    for middle, name in zip(middles, names, strict=True):
        near = middle - last < apart
        shown.append("" if near else plain(name))
        last = last if near else middle
    return shown


def left_margin(names: Iterable[str]) -> int:
    """Pixels that names in letters of 11 pixels need beside a picture."""
    return max(50, 10 + round(5.6 * max(map(breadth, names), default=0)))


def _tile(maps: Mapping[str, np.ndarray], head: Head) -> dict[str, float]:
    """The edges of a head's tile."""
    tops, lefts, _ = _tiling(maps)
    name, number = head
    _, rows, columns = maps[name].shape
    left, top = lefts[number] - 0.5, tops[list(maps).index(name)] - 0.5
    return {"x0": left, "x1": left + columns, "y0": top, "y1": top + rows}


def _crossed(colour: str, edges: dict[str, float]) -> list[dict]:
    """The two diagonals of a tile."""
    falling = {"type": "line", **edges, "line": {"color": colour, "width": 1.5}}
    return [falling, {**falling, "y0": edges["y1"], "y1": edges["y0"]}]


def _alt(
    t: Callable, title: str, maps: Mapping[str, np.ndarray], off: Collection[Head], picked: Head | None
) -> str:  # fmt: skip
    """Of each attention the head that looks most sharply, and every mark."""
    words = [t(N_("{title}: attentions: {count}, heads in all: {heads}.")).format(
        title=title, count=len(maps), heads=sum(map(len, maps.values())))]  # fmt: skip
    sharpest = N_("{attention}: head {head} looks most sharply, its largest weights are {weight:.2f} on average.")
    for name, weights in maps.items():
        if weights.size:
            sharp = weights.max(axis=2).mean(axis=1)  # (N,)
            head = int(sharp.argmax())
            words.append(t(sharpest).format(attention=name, head=head + 1, weight=sharp[head]))
    told = t(N_("{attention}, head {head}"))
    for heads, sentence in ((off, N_("Off: {heads}.")), ([picked] if picked else [], N_("Picked: {heads}."))):
        if heads:
            names = [told.format(attention=name, head=head + 1) for name, head in heads]
            words.append(t(sentence).format(heads="; ".join(names)))
    return " ".join(words)
