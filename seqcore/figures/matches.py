"""What came in where the same units behaved the same: a small picture for each span, over that of the watched one."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqcore.figures.palette import palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.text import N_

ACROSS = 4
"""Small pictures beside each other."""


def matches(t: Callable[[str], str], theme: str, own: np.ndarray, others: np.ndarray, labels: Sequence[str]) -> Picture:
    """The inputs `others` (M, S) under their `labels`, from the most alike on, each over `own` (S,), on one scale."""
    rows = -(-max(len(others), 1) // ACROSS)
    both = np.concatenate([own, others.ravel()])
    low, high = float(both.min()), float(both.max())
    room = 0.1 * (high - low) or 1.0
    traces, notes = [], []
    axes: dict[str, Any] = {}
    for k, (other, label) in enumerate(zip(others, labels, strict=True)):
        number = str(k + 1) if k else ""
        across, down = _domain(k % ACROSS, ACROSS, 0.03), _domain(rows - 1 - k // ACROSS, rows, 0.24)
        traces += _pair(t, theme, own, other, number, named=k == 0)
        axes[f"xaxis{number}"] = {"domain": across, "range": [0.5, len(own) + 0.5], "anchor": f"y{number}"}
        axes[f"yaxis{number}"] = {"domain": down, "range": [low - room, high + room], "anchor": f"x{number}"}
        notes.append({"text": label, "xref": "paper", "x": across[0], "xanchor": "left", "yref": "paper", "y": down[1],
                      "yanchor": "bottom", "yshift": 1, "showarrow": False, "font": {"size": 11}})  # fmt: skip
    layout, alt = _layout(t, theme, axes, notes), _alt(t, own, others, labels)
    return Picture("matches", t(N_("Similar moments: what came in")), tuple(traces), layout, alt)


def _pair(t: Callable, theme: str, own: np.ndarray, other: np.ndarray, number: str, *, named: bool) -> list[Trace]:
    """The watched span, dotted, and on it another; the first pair names both for the legend."""
    colours = palette(theme)
    shared = {
        "type": "scatter", "mode": "lines" if len(own) > 1 else "markers", "x0": 1, "dx": 1,
        "xaxis": f"x{number}", "yaxis": f"y{number}", "hovertemplate": "%{y:.3f}<extra></extra>",
    }  # fmt: skip
    watched = {**shared, "line": {"color": colours["naive"], "width": 1.6, "dash": "dot"}}
    found = {**shared, "line": {"color": colours["hidden"], "width": 2.4}}
    if named:
        watched["name"], found["name"] = t(N_("the watched span")), t(N_("the other"))
    return [Trace(watched, {"y": own.astype(np.float32)}), Trace(found, {"y": other.astype(np.float32)})]


def _domain(place: int, count: int, gap: float) -> list[float]:
    """The part of the picture that one of `count` gets, with a `gap` (of its own size) before the next."""
    return [place / count, (place + 1 - gap) / count]


def _layout(t: Callable, theme: str, axes: dict[str, Any], notes: list[dict]) -> dict[str, Any]:
    """One title below all; numbers at the first picture of each row only."""
    base = base_layout(theme, "", "", hovermode="closest", margin={"t": 4, "l": 44})
    below = {"text": t(N_("Steps of the span")), "xref": "paper", "x": 0.5, "yref": "paper", "y": 0, "yanchor": "top",
             "yshift": -10, "showarrow": False}  # fmt: skip
    styled = {}
    for name, axis in axes.items():
        upright = name.startswith("y")
        first = upright and axis["anchor"] in ("x", f"x{ACROSS + 1}")
        style = base["yaxis" if upright else "xaxis"]
        styled[name] = {**style, **axis, "showticklabels": first, "showgrid": upright, "nticks": 3}
    return {**base, **styled, "annotations": [below, *notes]}


def _alt(t: Callable, own: np.ndarray, others: np.ndarray, labels: Sequence[str]) -> str:
    if not len(others):
        return t(N_("No other span was found in which these units behave alike."))
    off = np.sqrt(np.square(others - own).mean(axis=1))
    told = [
        t(N_("{name}: off by {off:.2f}")).format(name=label, off=value)
        for label, value in zip(labels, off, strict=True)
    ]
    words = t(N_("The scaled inputs of {count} spans over that of the watched one, root mean square difference."))
    return words.format(count=len(others)) + " " + "; ".join(told) + "."
