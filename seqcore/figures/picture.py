"""A picture, live or still: a skeleton that is sent once, and the arrays that move."""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

import numpy as np

from seqcore.figures.palette import BACKGROUND, palette
from seqcore.text import N_

MOST_POINTS = 600
"""Points a curve is drawn with at most."""


@dataclass(frozen=True, eq=False)
class Trace:
    """One Plotly trace: `style` without data, and its data by attribute ("x", "y", "z"), each an array.

    A trace that `grows` mostly gets longer and keeps what was drawn: then only what is new is sent.
    """

    style: Mapping[str, Any]
    data: Mapping[str, np.ndarray]
    grows: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """Traces, layout, and in `alt` what the picture shows, in words, for those who cannot see it.

    On the live board a click on a `clickable` one is told to the page, and a `tall` one takes the height of two.
    """

    name: str
    title: str
    traces: tuple[Trace, ...]
    layout: Mapping[str, Any]
    alt: str
    clickable: bool = False
    tall: bool = False

    def figure(self):
        """The whole as a `plotly.graph_objects.Figure`."""
        import plotly.graph_objects as go  # half a second, and the live view does without

        return go.Figure([{**trace.style, **trace.data} for trace in self.traces], dict(self.layout))


def base_layout(theme: str, x: str, y: str, annotations: Sequence[Mapping] = (), **more: Any) -> dict[str, Any]:
    """A calm layout: the page's background, thin grid, axis titles `x` and `y` with their units.

    The y axis has its title above it, where a long unit has room and nobody turns the head. Margins are fixed and the
    legend is left to the panel around the picture: measuring text is the dearest part of a redraw.
    """
    colours = palette(theme)
    axis = {"gridcolor": colours["grid"], "zeroline": False, "linecolor": colours["grid"],
            "tickfont": {"size": 13}, "ticks": ""}  # fmt: skip
    layout = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": colours["text"], "size": 13, "family": "inherit"},
        "margin": {"l": 50, "r": 20, "t": 26, "b": 38},
        "hovermode": "x unified",
        "hoverlabel": {"font": {"size": 13}, "bgcolor": BACKGROUND[theme], "bordercolor": colours["grid"]},
        "dragmode": False,
        "showlegend": False,
        "xaxis": {**axis, "title": {"text": x, "standoff": 6, "font": {"size": 13}}},
        "yaxis": axis,
        "annotations": [
            {"text": y, "xref": "paper", "x": 0, "xanchor": "left", "xshift": -52, "yref": "paper", "y": 1,
             "yanchor": "bottom", "yshift": 4, "showarrow": False},
            *annotations,
        ],
    }  # fmt: skip
    for key, value in more.items():
        layout[key] = {**layout[key], **value} if isinstance(layout.get(key), dict) else value
    return layout


def stride(planned: int, most: int = MOST_POINTS) -> int:
    """Every how many-th of `planned` points a curve is drawn with; the same from the first point to the last."""
    return max(1, -(-planned // most))


def epoch_axis(t: Callable[[str], str], planned: int, most: int = MOST_POINTS) -> tuple[str, dict[str, Any]]:
    """Title and x axis of a curve over `planned` epochs; the title says so where not every epoch is drawn."""
    step = stride(planned + 1, most)
    title = t(N_("Epoch")) if step == 1 else t(N_("Epoch (1 in {count} drawn)")).format(count=step)
    return title, {
        "range": [0, planned],
        "unifiedhovertitle": {"text": t(N_("Epoch")) + " %{x}"},
        **whole_ticks(planned),
    }


def level(theme: str, name: str, height: float, planned: int) -> Trace:
    """A dashed line at one height over `planned` epochs, such as a threshold."""
    style = {
        "type": "scatter", "mode": "lines", "name": name, "hoverinfo": "skip",
        "line": {"color": palette(theme)["naive"], "width": 1.5, "dash": "dash"},
    }  # fmt: skip
    return Trace(style, {"x": np.array([0, planned], np.float32), "y": np.full(2, height, np.float32)})


def cursor(theme: str, at: int, span: list[float], log: bool) -> Trace:
    """A thin upright line at epoch `at`, over the y axis range `span`."""
    line = {"color": palette(theme)["text"], "width": 1.5}
    style = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": line}
    ends = np.power(10.0, span) if log else np.array(span)
    return Trace(style, {"x": np.full(2, at, np.float32), "y": ends.astype(np.float32)})


def thin(values: np.ndarray) -> tuple[np.ndarray, int]:
    """The positions to draw of a long series, and how many values each stands for (2 drawn per bucket).

    Of every bucket the lowest and the highest value are kept, so that no peak is lost.
    """
    count = len(values)
    if count <= 2 * MOST_POINTS:
        return np.arange(count), 1
    size = -(-count // MOST_POINTS)
    starts = np.arange(0, count, size)
    buckets = np.pad(values, (0, -count % size), mode="edge").reshape(-1, size)  # the first of equals is kept: no pad
    return np.unique([starts + buckets.argmin(axis=1), starts + buckets.argmax(axis=1)]), size


def whole_ticks(count: int) -> dict[str, int]:
    """Ticks at whole numbers only, on an axis of `count` of them; on a long axis Plotly sees to that itself."""
    return {"dtick": 1} if count <= 8 else {}


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


def error_axis(span: list[float], log: bool) -> dict[str, Any]:
    """A y axis of errors over `span`, a range as `nice_range` gives it."""
    return {"type": "log", "range": span, **log_ticks(*span)} if log else {"type": "linear", "range": span}


def with_unit(name: str, unit: str) -> str:
    """An axis title; what has no unit has no empty brackets."""
    return f"{name} ({unit})" if unit else name


def amount(value: float, unit: str) -> str:
    """A number in words: four digits and its unit."""
    return f"{value:.4g} {unit}".rstrip()


def plus_minus(values: np.ndarray) -> tuple[str, str]:
    """Mean and standard deviation (of a sample) of finite `values` (n,), n >= 1, in the digits the spread supports.

    At most four digits of the mean; the second is empty where there is nothing to spread.
    """
    mean = float(values.mean())
    sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if not sd > 1e-9 * abs(mean):
        return f"{mean:.4g}", ""
    if not 1e-4 < abs(mean) < 1e6:
        return f"{mean:.4g}", f"± {sd:.2g}"
    digits = max(0, min(1 - math.floor(math.log10(sd)), 3 - math.floor(math.log10(abs(mean)))))
    return f"{mean:.{digits}f}", f"± {sd:.{digits}f}"


def wrap(text: str, width: int, lines: int | None = None) -> str:
    """`text` on lines of at most `width` letters, as Plotly breaks them; no word is cut, but between ideographs.

    An ideograph is as wide as two letters. What does not fit into so many `lines` is cut off, with an ellipsis.
    """
    ideographs = sum(east_asian_width(character) in "WF" for character in text)
    wide = 2 * ideographs > len(text)
    width = width // 2 if wide else width
    whole = {"break_long_words": wide, "break_on_hyphens": False}
    return "<br>".join(textwrap.wrap(text, width, max_lines=lines, placeholder=" …", **whole))


SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def log_ticks(low: float, high: float) -> dict[str, list]:
    """Ticks for a logarithmic axis from 10**low to 10**high, each with its whole value.

    Left alone, Plotly writes a bare 2 and 5 between the powers of ten, and those in a size of its own.
    """
    powers = range(math.floor(low), math.ceil(high) + 1, max(1, round((high - low) / 6)))
    if low < -3 or high > 4:
        words = {0: "1", 1: "10"}
        return {
            "tickvals": [10.0**power for power in powers],
            "ticktext": [words.get(power, "10" + str(power).translate(SUPERSCRIPT)) for power in powers],
        }
    values = [step * 10.0**power for power in powers for step in ((1, 2, 5) if high - low <= 2.5 else (1,))]
    return {"tickvals": values, "ticktext": [f"{value:g}" for value in values]}
