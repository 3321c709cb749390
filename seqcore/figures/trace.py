"""One unit over the steps of a window, on top of what came in."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from seqcore.figures.palette import palette
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range, whole_ticks
from seqcore.figures.states import OPEN_OR_CLOSED
from seqcore.text import N_

FEW = 40
"""Steps that are still told apart by a marker each."""


def trace(
    t: Callable[[str], str], theme: str, title: str, values: np.ndarray, input: np.ndarray, *, kind: str,
    span: tuple[int, int] | None = None,
) -> Picture:  # fmt: skip
    """`values` (T,) of a unit of `kind` (hidden, cell, i, f ...), and thin, on its own axis, `input` (T,).

    `span` (first and last step, from 0) is shaded.
    """
    colours = palette(theme)
    dots = "+markers" if len(values) <= FEW else ""
    shared = {"type": "scatter", "mode": f"lines{dots}", "x0": 1, "dx": 1}
    came_in = {
        **shared, "name": t(N_("input, scaled")), "yaxis": "y2", "marker": {"size": 3},
        "line": {"color": colours["input"], "width": 1.2, "dash": "dot"}, "hovertemplate": "%{y:.3f}",
    }  # fmt: skip
    drawn = {
        **shared, "name": t(N_("this unit")), "marker": {"size": 6}, "line": {"color": colours[kind], "width": 2.6},
        "hovertemplate": "%{y:.3f}",
    }  # fmt: skip
    note = {"text": t(N_("Input, scaled")), "xref": "paper", "x": 1, "xanchor": "right", "xshift": 44, "yref": "paper",
            "y": 1, "yanchor": "bottom", "yshift": 4, "showarrow": False,
            "font": {"color": colours["input"]}}  # fmt: skip
    layout = base_layout(
        theme, t(N_("Step of the window")), t(N_("Value of the unit")), [note], margin={"r": 46},
        shapes=[] if span is None else [_shade(theme, *span)],
        xaxis={"range": [0.5, len(values) + 0.5], **whole_ticks(len(values)),
               "unifiedhovertitle": {"text": t(N_("Step")) + " %{x}"}},
        yaxis=_scale(theme, values, kind), yaxis2=_own_scale(theme, input),
    )  # fmt: skip
    traces = (Trace(came_in, {"y": np.asarray(input, np.float32)}), Trace(drawn, {"y": np.asarray(values, np.float32)}))
    return Picture("trace", title, traces, layout, _alt(t, title, values, input, span))


def _shade(theme: str, first: int, last: int) -> dict[str, Any]:
    return {"type": "rect", "x0": first + 0.5, "x1": last + 1.5, "yref": "paper", "y0": 0, "y1": 1, "layer": "below",
            "fillcolor": palette(theme)["shade"], "line": {"width": 0}}  # fmt: skip


def _scale(theme: str, values: np.ndarray, kind: str) -> Mapping[str, Any]:
    """0 to 1 for a gate; otherwise as far to both sides of 0, in steps: 1 holds all that a tanh gives."""
    if kind in OPEN_OR_CLOSED:
        return {"range": [-0.04, 1.04], "tickvals": [0, 0.5, 1]}
    sizes = np.abs(values[np.isfinite(values)])
    reach = nice_range(sizes, log=False)[1]
    reach = min(reach, 1.0) if sizes.max(initial=0.0) <= 1 else reach
    return {"range": [-1.04 * reach, 1.04 * reach], "nticks": 5, "zeroline": True,
            "zerolinecolor": palette(theme)["naive"], "zerolinewidth": 1}  # fmt: skip


def _own_scale(theme: str, input: np.ndarray) -> Mapping[str, Any]:
    axis = base_layout(theme, "", "")["yaxis"]
    low, high = float(input.min()), float(input.max())
    room = 0.15 * (high - low) or 1.0
    return {
        **axis, "overlaying": "y", "side": "right", "showgrid": False, "range": [low - room, high + room],
        "tickmode": "auto", "nticks": 4,
        "tickfont": {"size": 13, "color": palette(theme)["input"]},
    }  # fmt: skip


def _alt(t: Callable, title: str, values: np.ndarray, input: np.ndarray, span: tuple[int, int] | None) -> str:
    there = np.isfinite(values)
    if not there.any():
        return t(N_("{title}: no finite value.")).format(title=title)
    known, came_in = values[there].astype(float), input[there].astype(float)
    words = t(N_("{title} over {steps} steps, from {low:.2f} to {high:.2f}, on top of the input.")).format(
        title=title, steps=len(values), low=known.min(), high=known.max()
    )
    if np.ptp(known) > 0 and np.ptp(came_in) > 0:
        r = np.corrcoef(known, came_in)[0, 1]
        words += " " + t(N_("Its correlation with the input is {r:.2f}.")).format(r=r)
    if span is not None:
        told = t(N_("Steps {first} to {last} are marked."))
        words += " " + told.format(first=span[0] + 1, last=span[1] + 1)
    return words
