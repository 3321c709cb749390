"""Forecast against truth over the whole series, with the split marked."""

from collections.abc import Callable

import numpy as np

from seqcore.figures.palette import palette
from seqcore.figures.picture import Picture, Trace, base_layout, thin
from seqcore.text import N_

Forecast = tuple[int, np.ndarray]
"""The row of the first forecast value, and the values: (n,)."""


def forecast(
    t: Callable[[str], str], theme: str, times: np.ndarray, values: np.ndarray, *, unit: str, split: int | None = None,
    train: Forecast | None = None, test: Forecast | None = None, free: Forecast | None = None,
    window: tuple[int, int] | None = None, only_test: bool = False,
) -> Picture:  # fmt: skip
    """`values` (N,) at `times` (N,), dates or numbers, and the forecasts of the two parts.

    `split` is the first row of the test part, `free` the free-running forecast, `window` the rows (first, last) of
    the window whose states are shown. `only_test` zooms into the test part.
    """
    begin = split if only_test and split is not None else 0
    lines = [("truth", t(N_("truth")), (0, values), 2.0), ("train", t(N_("train")), train, 1.5),
             ("test", t(N_("test")), test, 2.0), ("free", t(N_("free-running")), free, 2.0)]  # fmt: skip
    traces, bucket = [], 1
    for role, name, line, width in lines:
        if line is None:
            continue
        first, heights = line
        skip = max(0, begin - first)
        if skip >= len(heights):
            continue
        first, heights = first + skip, heights[skip:]
        kept, size = thin(heights if role == "truth" else values[first : first + len(heights)])
        bucket = max(bucket, size)
        traces.append(_trace(theme, role, name, times[first + kept], heights[kept], width, unit))
    title = t(N_("Date")) if times.dtype.kind == "M" else t(N_("Time"))
    if bucket > 1:
        title = t(N_("{axis} (extremes of every {count} values)")).format(axis=title, count=bucket)
    layout = base_layout(
        theme, title, t(N_("Value ({unit})")).format(unit=unit) if unit else t(N_("Value")),
        shapes=_shapes(theme, times, split, window), annotations=_annotations(t, times, split, window, begin),
        xaxis={"range": [_number(times[begin]), _number(times[-1])]}, yaxis={"range": _range(values[begin:])},
    )  # fmt: skip
    return Picture("forecast", t(N_("Forecast")), tuple(traces), layout, _alt(t, values, split, test, free))


def _trace(theme: str, role: str, name: str, x: np.ndarray, y: np.ndarray, width: float, unit: str) -> Trace:
    style = {
        "type": "scatter", "mode": "lines", "name": name,
        "line": {"color": palette(theme)[role], "width": width, "dash": "dot" if role == "free" else "solid"},
        "hovertemplate": "%{y:.5g} " + unit,
    }  # fmt: skip
    x = np.datetime_as_string(x) if np.issubdtype(x.dtype, np.datetime64) else x
    return Trace(style, {"x": x, "y": np.asarray(y, np.float32)})


def _number(time: np.generic) -> str | float:
    return str(time) if isinstance(time, np.datetime64) else float(time)


def _range(values: np.ndarray) -> list[float]:
    """The truth decides the axis: a forecast that runs away leaves the picture, not the truth."""
    low, high = float(values.min()), float(values.max())
    room = 0.15 * (high - low) or 1.0
    return [low - room, high + room]


def _shapes(theme: str, times: np.ndarray, split: int | None, window: tuple[int, int] | None) -> list[dict]:
    colours = palette(theme)
    shapes = []
    if split is not None:
        shapes.append({"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": _number(times[split]),
                       "x1": _number(times[-1]), "fillcolor": colours["shade"], "line": {"width": 0},
                       "layer": "below"})  # fmt: skip
    if window is not None:
        shapes.append({"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": _number(times[window[0]]),
                       "x1": _number(times[window[1]]), "fillcolor": colours["grid"],
                       "line": {"width": 1, "color": colours["input"]}, "layer": "below"})  # fmt: skip
    return shapes


def _annotations(
    t: Callable, times: np.ndarray, split: int | None, window: tuple[int, int] | None, begin: int
) -> list[dict]:
    """Words beside what they name in the rows drawn, from `begin` on: the test part below, the window above."""
    notes = []
    if split is not None:
        notes.append({"x": _number(times[-1]), "y": 0.02, "yanchor": "bottom", "xanchor": "right", "xshift": -4,
                      "text": t(N_("test part"))})  # fmt: skip
    if window is not None and window[1] > begin:
        early = window[1] < (begin + len(times)) // 2
        notes.append({"x": _number(times[window[1] if early else window[0]]), "y": 1, "yanchor": "top",
                      "xanchor": "left" if early else "right", "xshift": 4 if early else -4,
                      "text": t(N_("Window"))})  # fmt: skip
    return [{"yref": "paper", "showarrow": False, **note} for note in notes]


def _alt(t: Callable, values: np.ndarray, split: int | None, test: Forecast | None, free: Forecast | None) -> str:
    words = t(N_("The series of {count} values.")).format(count=len(values))
    if split is not None:
        words += " " + t(N_("The test part begins at value {split}.")).format(split=split + 1)
    if test is not None and len(test[1]):
        error = np.abs(test[1] - values[test[0] : test[0] + len(test[1])])
        words += " " + t(
            N_("On the test part the forecast is off by {mean:.4g} on average and {most:.4g} at most.")
        ).format(mean=error.mean(), most=error.max())
    if free is not None:
        words += " " + t(N_("Also drawn: the forecast fed with itself."))
    return words
