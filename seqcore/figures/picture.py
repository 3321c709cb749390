"""A picture, live or still: a skeleton that is sent once, and the arrays that move."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqcore.figures.palette import palette

MOST_POINTS = 600
"""Points a curve is drawn with at most."""


@dataclass(frozen=True, eq=False)
class Trace:
    """One Plotly trace: `style` without data, and its data by attribute ("x", "y", "z"), each an array.

    A trace that `grows` only ever gets longer: what was drawn stays.
    """

    style: Mapping[str, Any]
    data: Mapping[str, np.ndarray]
    grows: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """Traces, layout, and in `alt` what the picture shows, in words, for those who cannot see it."""

    name: str
    title: str
    traces: tuple[Trace, ...]
    layout: Mapping[str, Any]
    alt: str

    def figure(self):
        """The whole as a `plotly.graph_objects.Figure`."""
        import plotly.graph_objects as go  # half a second, and the live view does without

        return go.Figure([{**trace.style, **trace.data} for trace in self.traces], dict(self.layout))


def base_layout(theme: str, x: str, y: str, **more: Any) -> dict[str, Any]:
    """A calm layout: the page's background, thin grid, axis titles `x` and `y` with their units.

    Margins are fixed and the legend is left to the panel around the picture: measuring text is the dearest part of a
    redraw.
    """
    colours = palette(theme)
    axis = {"gridcolor": colours["grid"], "zeroline": False, "linecolor": colours["grid"],
            "tickfont": {"size": 13}, "fixedrange": False}  # fmt: skip
    layout = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": colours["text"], "size": 13, "family": "inherit"},
        "margin": {"l": 56, "r": 12, "t": 8, "b": 38},
        "hovermode": "x unified",
        "hoverlabel": {"font": {"size": 13}},
        "dragmode": False,
        "showlegend": False,
        "xaxis": {**axis, "title": {"text": x, "standoff": 6, "font": {"size": 13}}},
        "yaxis": {**axis, "title": {"text": y, "standoff": 6, "font": {"size": 13}}},
    }  # fmt: skip
    for key, value in more.items():
        layout[key] = {**layout[key], **value} if isinstance(layout.get(key), dict) else value
    return layout


def stride(planned: int) -> int:
    """Every how many-th of `planned` points a curve is drawn with; the same from the first point to the last."""
    return max(1, -(-planned // MOST_POINTS))


def thin(values: np.ndarray) -> tuple[np.ndarray, int]:
    """The positions to draw of a long series, and how many values each stands for (2 drawn per bucket).

    Of every bucket the lowest and the highest value are kept, so that no peak is lost.
    """
    count = len(values)
    if count <= 2 * MOST_POINTS:
        return np.arange(count), 1
    size = -(-count // MOST_POINTS)
    starts = np.arange(0, count, size)
    kept = [start + f(values[start : start + size]) for start in starts for f in (np.argmin, np.argmax)]
    return np.unique(kept), size


def nice_range(values: np.ndarray, log: bool, decades: float = 0.5) -> list[float]:
    """An axis range around `values` that moves in steps, so that a live curve does not make the axis tremble.

    In steps of `decades` powers of ten if `log`; otherwise from 0 to 1, 1.5, 2, 3, 5 or 7 times a power of ten.
    """
    finite = values[np.isfinite(values) & (values > 0)]
    if not len(finite):
        return [-1.0, 1.0] if log else [0.0, 1.0]
    if log:
        low, high = np.log10(finite.min()), np.log10(finite.max())
        return [float(np.floor(low / decades - 0.1) * decades), float(np.ceil(high / decades + 0.1) * decades)]
    top = float(finite.max()) * 1.02
    power = 10.0 ** np.floor(np.log10(top))
    return [0.0, float(next(step * power for step in (1, 1.5, 2, 3, 5, 7, 10) if step * power >= top))]
