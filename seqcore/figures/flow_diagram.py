"""A Transformer as towers of boxes; data flows from the bottom up. After Vaswani et al. 2017, figures 1 and 2."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqcore.figures.palette import faint, palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.figures.token_axis import breadth, plain
from seqcore.text import N_

WIDE, LEFT, RIGHT = 24, 1, 3
"""Units that the boxes of a tower are wide together, and what lies to their left and their right."""

ROW, TITLE, GAP, EDGE = 4, 1.8, 1.5, 2.6
"""Units that a row of boxes is high, a block's title, what parts two blocks, and the words below and above a tower."""

ROLES = {"token": "input", "attention": "free", "add": "mark", "feed": "hidden", "exit": "i"}
"""The palette's colour of each kind of box."""

LETTERS = 30
"""Letters of the words below and above a tower that are shown: more do not fit on a phone."""


@dataclass(frozen=True)
class Chip:
    """A box: `name` is told of a click, `label` and `shape` are written in it, `role` is one of `ROLES`."""

    name: str
    label: str
    shape: str
    role: str


@dataclass(frozen=True)
class Block:
    """Rows of boxes from the bottom up, in a frame if they have a `title`; what comes in goes around it, too, and is
    added in the box `added`, if any."""

    rows: tuple[tuple[Chip, ...], ...]
    title: str = ""
    added: str = ""


@dataclass(frozen=True)
class Tower:
    """Blocks from the bottom up; `below` says what goes in, `above` what comes out."""

    blocks: tuple[Block, ...]
    below: str = ""
    above: str = ""


Edges = tuple[float, float, float, float]
"""Left, right, bottom and top."""


def flow_diagram(
    t: Callable[[str], str], theme: str, title: str, towers: Sequence[Tower], *, opened: str = "",
    across: tuple[str, str] | None = None,
) -> Picture:  # fmt: skip
    """The `towers` side by side; the box named `opened` is filled.

    `across` names a box of one tower and the leftmost one of a row that reads it. A click tells x and y, and `place`
    what lies there. The plot should be 450 pixels high.
    """
    chips, frames, (wide, high) = _laid_out(towers)
    colours = palette(theme)
    shapes = [_rounded(edges, colours["grid"], None) for edges, block in frames if block.title]
    shapes += [_rounded(edges, *_paint(theme, chip, chip.name == opened)) for chip, edges in chips.values()]
    notes = [*_titles(theme, frames), *_ends(towers, high), *_arrows(theme, towers, chips, frames)]
    lines, heads = _ways(theme, chips, frames, across)
    hidden = {"visible": False}
    layout = base_layout(
        theme, "", "", hovermode="closest", margin={"l": 2, "r": 2, "t": 2, "b": 2},
        shapes=[*shapes, *lines], xaxis={**hidden, "range": [0, wide]}, yaxis={**hidden, "range": [0, high]},
    )  # fmt: skip
    layout["annotations"] = [*notes, *heads]
    nothing = Trace({"type": "heatmap", "hoverinfo": "skip", "showscale": False}, {"z": np.full((1, 1), np.nan)})
    return Picture(
        "flow",
        title,
        (nothing, *_written(theme, chips, opened)),
        layout,
        _alt(t, title, towers, opened),
        clickable=True,
    )


def place(towers: Sequence[Tower], x: float, y: float) -> str | None:
    """The name of the box that lies at (x, y) of the picture of `towers`; None where there is none."""
    for name, (_, (left, right, bottom, top)) in _laid_out(towers)[0].items():
        if left <= x <= right and bottom <= y <= top:
            return name
    return None


Chips = dict[str, tuple[Chip, Edges]]


def _laid_out(towers: Sequence[Tower]) -> tuple[Chips, list[tuple[Edges, Block]], tuple[float, float]]:
    """The boxes by name and the blocks, each with its edges, and the size of all."""
    chips: Chips = {}
    frames, tops = [], []
    for k, tower in enumerate(towers):
        start, y = k * (LEFT + WIDE + RIGHT) + LEFT, EDGE
        for block in tower.blocks:
            bottom = y
            for row in block.rows:
                share = WIDE / len(row)
                for place, chip in enumerate(row):
                    left = start + place * share
                    chips[chip.name] = chip, (left + 0.3, left + share - 0.3, y + 0.25, y + ROW - 0.25)
                y += ROW
            y += TITLE * bool(block.title)
            frames.append(((start - 0.3, start + WIDE + 0.3, bottom - 0.2, y), block))
            y += GAP
        tops.append(y - GAP + EDGE)
    return chips, frames, (len(towers) * (LEFT + WIDE + RIGHT), max(tops))


def _paint(theme: str, chip: Chip, opened: bool) -> tuple[str, str | None]:
    """A box's edge and its filling."""
    colour = palette(theme)[ROLES[chip.role]]
    return colour, colour if opened else faint(colour, 0.16)


def _rounded(edges: Edges, line: str, fill: str | None) -> dict[str, Any]:
    """A rectangle with round corners."""
    left, right, bottom, top = edges
    x, y = min(0.7, (right - left) / 3), 0.7
    path = (
        f"M{left + x},{bottom} L{right - x},{bottom} Q{right},{bottom} {right},{bottom + y} L{right},{top - y} "
        f"Q{right},{top} {right - x},{top} L{left + x},{top} Q{left},{top} {left},{top - y} L{left},{bottom + y} "
        f"Q{left},{bottom} {left + x},{bottom} Z"
    )
    return {"type": "path", "path": path, "layer": "below", "line": {"color": line, "width": 1.2},
            "fillcolor": fill or "rgba(0,0,0,0)"}  # fmt: skip


def _written(theme: str, chips: Chips, opened: str) -> Iterator[Trace]:
    """The label and below it the shape of each box: two texts, as a line break would take too much room."""
    inverse = "#FFFFFF" if theme == "light" else "#101418"
    ink = [inverse if name == opened else palette(theme)["text"] for name in chips]
    x = np.array([(left + right) / 2 for _, (left, right, _, _) in chips.values()], np.float32)
    y = np.array([(bottom + top) / 2 for _, (_, _, bottom, top) in chips.values()], np.float32)
    labels = [f"<b>{plain(chip.label)}</b>" if name == opened else plain(chip.label)
              for name, (chip, _) in chips.items()]  # fmt: skip
    shapes = [plain(chip.shape) for chip, _ in chips.values()]
    for size, words, up in ((11.5, labels, 0.72), (8.5, shapes, -0.95)):
        style = {"type": "scatter", "mode": "text", "hoverinfo": "skip", "textfont": {"size": size, "color": ink}}
        yield Trace(style, {"x": x, "y": y + np.float32(up), "text": np.array(words, dtype=str)})


def _titles(theme: str, frames: Sequence[tuple[Edges, Block]]) -> Iterator[dict[str, Any]]:
    for (left, _, _, top), block in frames:
        if block.title:
            yield {"x": left + 0.6, "y": top - TITLE / 2, "xanchor": "left", "yanchor": "middle", "showarrow": False,
                   "text": plain(block.title), "font": {"size": 10, "color": palette(theme)["input"]}}  # fmt: skip


def _ends(towers: Sequence[Tower], high: float) -> Iterator[dict[str, Any]]:
    """What goes into each tower, and what comes out of it."""
    for k, tower in enumerate(towers):
        middle = k * (LEFT + WIDE + RIGHT) + LEFT + WIDE / 2
        top = EDGE + sum(_height(block) + GAP for block in tower.blocks) - GAP
        for words, y in ((tower.below, EDGE / 2), (tower.above, min(top + EDGE / 2, high - EDGE / 2))):
            if words:
                yield {"x": middle, "y": y, "yanchor": "middle", "showarrow": False, "text": cut(words),
                       "font": {"size": 11}}  # fmt: skip


def cut(words: str) -> str:
    """Words `plain`, in at most `LETTERS` letters."""
    kept = words
    while breadth(kept) > LETTERS - (kept != words):
        kept = kept[:-1]
    return plain(kept if kept == words else kept + "…")


def _height(block: Block) -> float:
    return ROW * len(block.rows) + TITLE * bool(block.title)


def _arrows(
    theme: str, towers: Sequence[Tower], chips: Chips, frames: Sequence[tuple[Edges, Block]]
) -> Iterator[dict[str, Any]]:
    """From each block to the one above."""
    count = 0
    for tower in towers:
        for k in range(len(tower.blocks) - 1):
            (left, right, _, top), _ = frames[count + k]
            middle = (left + right) / 2
            yield _arrow(theme, (middle, top + 0.1), (middle, top + GAP - 0.3))
        count += len(tower.blocks)


def _arrow(theme: str, start: tuple[float, float], end: tuple[float, float]) -> dict[str, Any]:
    return {"x": end[0], "y": end[1], "ax": start[0], "ay": start[1], "axref": "x", "ayref": "y", "text": "",
            "showarrow": True, "arrowhead": 2, "arrowsize": 0.9, "arrowwidth": 1.3,
            "arrowcolor": palette(theme)["input"]}  # fmt: skip


def _ways(
    theme: str, chips: Chips, frames: Sequence[tuple[Edges, Block]], across: tuple[str, str] | None
) -> tuple[list[dict], list[dict]]:
    """The lines of the residuals and of what goes across, and their arrow heads."""
    ways = []
    for (left, right, bottom, top), block in frames:
        if block.added:
            _, (a, b, _, y) = chips[block.added]
            start, side, level = ((left + right) / 2, bottom - GAP / 2), right + 1, top - TITLE / 2
            ways.append([start, (side, start[1]), (side, level), ((a + b) / 2, level), ((a + b) / 2, y + 0.1)])
    if across is not None:
        (_, (a, b, _, top)), (_, (left, _, bottom, above)) = (chips[name] for name in across)
        start, side, level = ((a + b) / 2, top), left - 2, (bottom + above) / 2
        ways.append([start, (start[0], top + 2), (side, top + 2), (side, level), (left, level)])
    line = {"color": palette(theme)["input"], "width": 1.3}
    lines = [{"type": "path", "path": "M" + " L".join(f"{x},{y}" for x, y in way), "line": line, "layer": "below"}
             for way in ways]  # fmt: skip
    return lines, [_arrow(theme, way[-2], way[-1]) for way in ways]


def _alt(t: Callable, title: str, towers: Sequence[Tower], opened: str) -> str:
    """The boxes of each tower in their order, and which one is open."""
    words = [f"{title}."]
    for tower in towers:
        boxes = [chip for block in tower.blocks for row in block.rows for chip in row]
        told = ", ".join(f"{chip.label} {chip.shape}".rstrip() for chip in boxes)
        words.append(f"{tower.below}: {told}." if tower.below else f"{told}.")
        words += [t(N_("Open: {box}.")).format(box=chip.label) for chip in boxes if chip.name == opened]
    return " ".join(words)
