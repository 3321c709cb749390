"""What each step adds to a shared weight's gradient: the near past makes most of the sum."""

from collections.abc import Callable

import numpy as np

from seqcore.figures.palette import faint, palette
from seqcore.figures.picture import Picture, Trace, base_layout, whole_ticks
from seqcore.text import N_

MOST = 0.9
"""The part of the gradient whose steps are counted."""

TALLEST = 10.0
"""Shares beyond this, of steps that all but cancel, leave the picture."""


def itemised(t: Callable[[str], str], theme: str, weight: str, shares: np.ndarray, total: float) -> Picture:
    """`shares` (T,) of the gradient of `weight`, by step, the oldest first; they sum to 1. `total` is its norm.

    Bars by distance from the end, and their sum from the end on; a step that pulls the other way has a negative one.
    """
    back = np.asarray(shares, float)[::-1]
    summed = back.cumsum()
    colours = palette(theme)
    bars = {
        "type": "bar", "name": t(N_("this step")), "x0": 0, "dx": 1, "marker": {"color": colours["gradient"]},
        "hovertemplate": "%{y:.1f} %",
    }  # fmt: skip
    line = {
        "type": "scatter", "mode": "lines", "name": t(N_("sum of the steps so far")), "x0": 0, "dx": 1,
        "line": {"color": colours["mark"], "width": 2.2, "shape": "hvh"}, "hovertemplate": "%{y:.1f} %",
    }  # fmt: skip
    near = _most(summed)
    note = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
            "showarrow": False, "text": t(N_("norm of the whole: {total:.2g}")).format(total=total)}  # fmt: skip
    whole = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 100, "y1": 100, "layer": "below",
             "line": {"color": colours["naive"], "width": 1.5, "dash": "dash"}}  # fmt: skip
    shade = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": -0.5, "x1": (near or 0) - 0.5, "layer": "below",
             "line": {"width": 0}, "fillcolor": faint(colours["mark"], 0.12)}  # fmt: skip
    layout = base_layout(
        theme, t(N_("Steps back from the end")), t(N_("Share of the gradient (%)")), [note], bargap=0.15,
        shapes=[whole, shade] if near else [whole],
        xaxis={"range": [-0.5, len(back) - 0.5], **whole_ticks(len(back)),
               "unifiedhovertitle": {"text": t(N_("{steps} steps back")).format(steps="%{x}")}},
        yaxis={"range": _range(np.append(back, summed))},
    )  # fmt: skip
    traces = tuple(Trace(style, {"y": (100 * y).astype(np.float32)}) for style, y in ((bars, back), (line, summed)))
    title = t(N_("What each step adds to {weight}")).format(weight=weight)
    return Picture("itemised", title, traces, layout, _alt(t, title, near, len(back), total))


def _most(summed: np.ndarray) -> int | None:
    """The fewest last steps from which on the sum stays at least `MOST`; None where it is never that."""
    if not np.isfinite(summed).all() or not summed[-1] >= MOST:
        return None
    short = np.flatnonzero(summed < MOST)
    return int(short[-1]) + 2 if len(short) else 1


def _range(shares: np.ndarray) -> list[float]:
    """An axis in percent with 0 and 100 on it; it grows by halves of the whole."""
    finite = shares[np.isfinite(shares)].clip(-TALLEST, TALLEST)
    below, above = -finite.min(initial=0.0), finite.max(initial=1.0)
    return [float(-50 * np.ceil(2 * below - 0.15) - 8), float(50 * np.ceil(2 * above - 0.15) + 8)]


def _alt(t: Callable, title: str, near: int | None, steps: int, total: float) -> str:
    if near is None:
        return t(N_("{title}: the shares of {steps} steps do not sum to a whole.")).format(title=title, steps=steps)
    words = N_(
        "{title}: the last {near} of {steps} steps make at least 90 % of the gradient, whose norm is {total:.2g}."
    )
    return t(words).format(title=title, near=near, steps=steps, total=total)
