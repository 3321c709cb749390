"""How far back the output still hears, as the training goes on: the memory horizon beside the gradient's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from seqcore.figures.palette import Look, faint, palette, stroke
from seqcore.figures.picture import Picture, Trace, base_layout, epoch_axis
from seqcore.figures.telescope import SLIDE
from seqcore.text import N_

NONE = -1
"""The horizon of a network that does not even hear the last step."""

TICKS = (1, 2, 5, 10, 20, 50, 100)
"""How many steps lie from one tick to the next."""


def horizons(
    t: Callable[[str], str], theme: str, curves: Mapping[str, tuple[np.ndarray, np.ndarray]], roles: Sequence[str], *,
    lag: int, gradient: Mapping[str, float], epochs: int,
) -> Picture:  # fmt: skip
    """`curves`: epochs (E,), rising, and memory horizons (E,) after them, by name; `roles` are their colours' ("rnn").

    `lag` is how far back the task reaches, `gradient` the gradient horizons at the end, by name, NaN where there is
    none yet; of all horizons -1 says that there is no step. `epochs` are planned and set the x axis.
    """
    lines = {name: {**stroke(theme, Look(role, roles[:k].count(role))), "width": 2.4}
             for k, (name, role) in enumerate(zip(curves, roles, strict=True))}  # fmt: skip
    ends = {name: value for name, value in gradient.items() if np.isfinite(value)}
    shown = np.concatenate([[lag, SLIDE[1], *ends.values()], *(lags for _, lags in curves.values())])
    traces = [_line(name, *curve, lines[name]) for name, curve in curves.items()]
    traces.append(_marks(t, ends, lines, epochs))
    notes, shapes = _goal(t, theme, lag)
    if ends:
        notes.append({"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom",
                      "yshift": 4, "showarrow": False, "text": t(N_("◂ gradient horizon"))})  # fmt: skip
    title, axis = epoch_axis(t, epochs)
    layout = base_layout(
        theme, title, t(N_("Steps back from the end")), notes, shapes=shapes, margin={"r": 66}, xaxis=axis,
        yaxis=_axis(t, float(shown[np.isfinite(shown)].max())),
    )  # fmt: skip
    return Picture("horizons", t(N_("Memory horizon")), tuple(traces), layout, _alt(t, curves, lag, ends))


def _line(name: str, at: np.ndarray, lags: np.ndarray, line: Mapping) -> Trace:
    """A point for each epoch at which it was measured."""
    style = {"type": "scatter", "mode": "lines+markers", "name": name, "line": line, "marker": {"size": 5},
             "hovertemplate": "%{y}"}  # fmt: skip
    return Trace(style, {"x": np.asarray(at, np.float32), "y": np.asarray(lags, np.float32)}, grows=True)


def _marks(t: Callable, ends: Mapping[str, float], lines: Mapping, epochs: int) -> Trace:
    """On the right edge, one within the other where they are equal."""
    size = [17 - 4 * k for k in range(len(ends))]
    style = {
        "type": "scatter", "mode": "markers", "cliponaxis": False,
        "hovertemplate": t(N_("gradient horizon: {steps}")).format(steps="%{y}") + "<extra></extra>",
        "marker": {"symbol": "triangle-left-open", "size": size, "color": [lines[name]["color"] for name in ends],
                   "line": {"width": 2.5}},
    }  # fmt: skip
    y = np.array([*ends.values()], np.float32)
    return Trace(style, {"x": np.full(len(ends), epochs, np.float32), "y": y})


def _goal(t: Callable, theme: str, lag: int) -> tuple[list[dict], list[dict]]:
    """The task's lag as a line, and the slide's steps as a band; their names stand beside the picture, off the curves.

    Where they would lie on each other, each gives way.
    """
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": lag, "y1": lag, "layer": "below",
            "line": {"color": palette(theme)["truth"], "width": 1.5, "dash": "dash"}}  # fmt: skip
    band = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": SLIDE[0], "y1": SLIDE[1], "layer": "below",
            "line": {"width": 0}, "fillcolor": faint(palette(theme)["input"], 0.18)}  # fmt: skip
    name = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 12, "align": "left", "showarrow": False}
    middle = sum(SLIDE) / 2
    above, below = ("bottom", "top") if lag > middle else ("top", "bottom")
    near = abs(lag - middle) < 0.25 * max(lag, SLIDE[1])
    return [
        {**name, "y": lag, "yanchor": above if near else "middle", "text": t(N_("lag {lag}")).format(lag=lag)},
        {**name, "y": middle, "yanchor": below if near else "middle", "text": t(N_("slide:<br>8 or 10"))},
    ], [band, line]


def _axis(t: Callable, highest: float) -> dict[str, Any]:
    """From no step at all to a little above the highest, in steps of whole ticks."""
    step = next(step for step in TICKS if highest / step <= 5)
    top = step * (int(highest // step) + 1)
    ticks = range(step, top + 1, step)
    return {"range": [NONE - 0.04 * top, 1.04 * top], "tickvals": [NONE, *ticks],
            "ticktext": [t(N_("none")), *map(str, ticks)]}  # fmt: skip


def _alt(t: Callable, curves: Mapping, lag: int, ends: Mapping[str, float]) -> str:
    whole = N_("How many steps back a change of the input still moves the output, by epoch; the task's lag is {lag}.")
    words = [t(whole).format(lag=lag)]
    for name, (at, lags) in curves.items():
        if not len(at):
            words.append(t(N_("{name}: no epoch is done yet.")).format(name=name))
            continue
        told = t(N_("{name}: {steps} after epoch {epoch}."))
        words.append(told.format(name=name, steps=_told(t, lags[-1]), epoch=int(at[-1])))
        if name in ends:
            words.append(t(N_("Its gradient horizon: {steps}.")).format(steps=_told(t, ends[name])))
    return " ".join(words)


def _told(t: Callable, steps: float) -> str:
    return t(N_("none")) if not steps > NONE else f"{steps:.0f}"
