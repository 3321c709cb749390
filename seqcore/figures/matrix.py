"""A weight matrix as a heat map: blue below 0, orange above."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqcore.figures.palette import STATES, palette
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range, whole_ticks
from seqcore.text import N_


def matrix(
    t: Callable[[str], str], theme: str, title: str, values: np.ndarray, *, rows: str = "", columns: str = "",
    blocks: Sequence[str] = (),
) -> Picture:  # fmt: skip
    """`values` (R, C), row 0 at the top, as PyTorch counts; `rows` and `columns` say what they are.

    With `blocks` the rows fall into so many parts of equal size, named by the gates (`i f g o`, `r z n`) and divided
    by lines. The colours reach as far to both sides of 0, in steps.
    """
    count, width = values.shape
    reach = nice_range(np.abs(values), log=False)[1]
    style = {
        "type": "heatmap", "x0": 0, "dx": 1, "y0": 0, "dy": 1, "zmin": -reach, "zmax": reach,
        "colorscale": STATES[theme],
        "colorbar": {"thickness": 10, "outlinewidth": 0, "len": 1.0, "tickfont": {"size": 13}, "x": 1.01,
                     "tickvals": [-reach, 0, reach], "tickformat": ".3~g"},
        "hovertemplate": "[%{y}, %{x}]: %{z:.4f}<extra></extra>",
    }  # fmt: skip
    layout = base_layout(
        theme, columns or t(N_("Column of the matrix")), rows or t(N_("Row of the matrix")), hovermode="closest",
        margin={"r": 56}, shapes=_lines(theme, count, len(blocks)),
        xaxis={"showgrid": False, "range": [-0.5, width - 0.5], **whole_ticks(width)},
        yaxis={"showgrid": False, "range": [count - 0.5, -0.5], **_names(count, blocks)},
    )  # fmt: skip
    finite = values[np.isfinite(values)] if np.isfinite(values).any() else np.full(1, np.nan)
    words = N_("{title}: {rows} rows, {columns} columns, from {low:.3f} to {high:.3f}, {size:.3f} in size on average.")
    alt = t(words).format(
        title=title, rows=count, columns=width, low=finite.min(), high=finite.max(), size=np.abs(finite).mean()
    )
    return Picture("matrix", title, (Trace(style, {"z": np.asarray(values, np.float32)}),), layout, alt)


def _lines(theme: str, count: int, blocks: int) -> list[dict[str, Any]]:
    """Between two blocks of rows."""
    ink = {"color": palette(theme)["text"], "width": 1.5}
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "line": ink}
    return [{**across, "y0": y, "y1": y} for y in (k * count / blocks - 0.5 for k in range(1, blocks))]


def _names(count: int, blocks: Sequence[str]) -> dict[str, Any]:
    """The blocks' names in their middles; without blocks, whole numbers."""
    if not blocks:
        return whole_ticks(count)
    middles = [(k + 0.5) * count / len(blocks) - 0.5 for k in range(len(blocks))]
    return {"tickvals": middles, "ticktext": list(blocks)}
