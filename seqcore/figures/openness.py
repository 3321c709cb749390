"""How open gates are over the whole test part: latches that are shut or open, and what lies between."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from seqcore.figures.palette import ERRORS, palette
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range
from seqcore.text import N_

SHUT, OPEN = 0.1, 0.9
"""Below the one a gate lets next to nothing through, above the other next to all."""

MOST_NAMES = 8
"""Units named along an axis."""


def openness(t: Callable[[str], str], theme: str, gates: Mapping[str, np.ndarray], kinds: Sequence[str]) -> Picture:
    """A line for each of `gates`, counts (H, bins) of all its values by label, in the colour of its kind (i, f ...).

    The columns at the sides say how often each is shut (below 0.1) and open (above 0.9).
    """
    shares = [_shares(counts.sum(axis=0)) for counts in gates.values()]
    traces, notes, told = [], [_head(t(N_("shut")), 0), _head(t(N_("open")), 1)], []
    for k, (label, share, kind) in enumerate(zip(gates, shares, kinds, strict=True)):
        style = {
            "type": "scatter", "mode": "lines", "name": label, "x0": 0.5 / len(share), "dx": 1 / len(share),
            "line": {"color": palette(theme)[kind], "width": 2.4, "shape": "spline", "smoothing": 0.4},
            "hovertemplate": "%{y:.1f} %",
        }  # fmt: skip
        traces.append(Trace(style, {"y": (100 * share).astype(np.float32)}))
        shut, open_ = _ends(share)
        notes += [_end(theme, kind, k, shut, 0), _end(theme, kind, k, open_, 1)]
        words = t(N_("{name}: {shut:.0f} % shut, {open:.0f} % open"))
        told.append(words.format(name=label, shut=100 * shut, open=100 * open_))
    highest = np.array([100 * share.max() for share in shares])
    layout = base_layout(
        theme, t(N_("Openness of the gate")), t(N_("Share of all units and steps of the test part (%)")), notes,
        shapes=_bands(theme), xaxis={**OPENNESS, "range": [-0.28, 1.28]},
        yaxis={"range": [0, min(nice_range(highest, log=False)[1], 102)], "rangemode": "tozero"},
    )  # fmt: skip
    alt = t(N_("How open the gates are over the test part.")) + " " + "; ".join(told) + "."
    return Picture("openness", t(N_("How open the gates are")), tuple(traces), layout, alt)


def openness_units(
    t: Callable[[str], str], theme: str, title: str, counts: np.ndarray, order: np.ndarray | None = None
) -> Picture:
    """`counts` (H, bins) of one gate as a heat map: each row how often that unit is how far open.

    With `order` (H,), a permutation, the unit it names first is drawn at the top.
    """
    units, bins = counts.shape
    order = np.arange(units) if order is None else order
    shares = np.array([_shares(row) for row in counts])[order]
    top = min(nice_range(shares, log=False)[1], 1.0)
    style = {
        "type": "heatmap", "x0": 0.5 / bins, "dx": 1 / bins, "y0": 0, "dy": 1, "zmin": 0.0, "zmax": 100 * top,
        "colorscale": ERRORS[theme],
        "colorbar": {"thickness": 10, "outlinewidth": 0, "len": 1.0, "tickfont": {"size": 13}, "x": 1.01,
                     "tickvals": [0, 100 * top], "ticktext": ["0 %", f"{100 * top:.3g} %"]},
        "hovertemplate": t(N_("unit")) + " %{customdata}, %{x:.2f}: %{z:.1f} %<extra></extra>",
    }  # fmt: skip
    layout = base_layout(
        theme, t(N_("Openness of the gate")), t(N_("Unit")), hovermode="closest", margin={"r": 62},
        xaxis={**OPENNESS, "range": [0, 1], "showgrid": False},
        yaxis={"showgrid": False, "range": [units - 0.5, -0.5], **unit_ticks(order)},
    )  # fmt: skip
    ends = np.array([_ends(row) for row in shares])  # (H, 2)
    alt = t(
        N_("{title}: how open each of {units} units is. Shut more than half the time: {shut}; open as often: {open}.")
    ).format(title=title, units=units, shut=(ends[:, 0] > 0.5).sum(), open=(ends[:, 1] > 0.5).sum())
    data = {"z": (100 * shares).astype(np.float32), "customdata": np.repeat(order[:, None] + 1, bins, axis=1)}
    return Picture("openness_units", title, (Trace(style, data),), layout, alt)


OPENNESS = {"tickvals": [0, SHUT, 0.5, OPEN, 1], "ticktext": ["0", "0.1", "0.5", "0.9", "1"]}


def unit_ticks(order: np.ndarray) -> dict[str, Any]:
    """The numbers (from 1) of the units that lie at 0, 1, 2 ... along an axis, as many as there is room for."""
    places = np.arange(0, len(order), -(-len(order) // MOST_NAMES))
    return {"tickvals": places.tolist(), "ticktext": [str(order[place] + 1) for place in places]}


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / max(counts.sum(), 1)


def _ends(share: np.ndarray) -> tuple[float, float]:
    """The shares below `SHUT` and above `OPEN` of a distribution (bins,)."""
    edge = round(SHUT * len(share))
    return float(share[:edge].sum()), float(share[-edge:].sum())


def _bands(theme: str) -> list[dict[str, Any]]:
    across = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": {"width": 0},
              "fillcolor": palette(theme)["grid"]}  # fmt: skip
    return [{**across, "x0": 0, "x1": SHUT}, {**across, "x0": OPEN, "x1": 1}]


def _head(text: str, side: int) -> dict[str, Any]:
    """What stands in the column left (0) or right (1) of the picture, at its top."""
    return {"text": text, "xref": "paper", "x": side, "xanchor": ("left", "right")[side], "xshift": (6, -6)[side],
            "yref": "paper", "y": 1, "yanchor": "top", "showarrow": False}  # fmt: skip


def _end(theme: str, kind: str, row: int, share: float, side: int) -> dict[str, Any]:
    text = f"<b>{kind}</b> {100 * share:.0f} %"
    return {**_head(text, side), "yshift": -19 * (row + 1), "font": {"color": palette(theme)[kind]}}
