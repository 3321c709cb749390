"""Forecasts of many steps from the end of one window, over the truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqcore.figures.palette import Look, faint, palette, stroke
from seqcore.figures.picture import Picture, Trace, amount, base_layout, with_unit
from seqcore.figures.predictions import ends, on_axis, time_title
from seqcore.text import N_

ROOM = 0.4
"""Of the truth's range, above and below it; a forecast that runs further away leaves the picture."""


@dataclass(frozen=True, eq=False)
class Ahead:
    """What a row of a table says of the K steps to come: `values` (S, K) of its S seeds, forecasts or errors."""

    name: str
    look: Look
    values: np.ndarray


def fan(
    t: Callable[[str], str], theme: str, times: np.ndarray, values: np.ndarray, forecasts: Sequence[Ahead], *,
    unit: str, origin: int, lookback: int, horizon: int,
) -> Picture:  # fmt: skip
    """`horizon` rows from `origin` on of `values` (N,) at `times` (N,), the `lookback` rows before, and the forecasts.

    Each forecast leaves from the last value that was seen: a line for its first seed, in a band from the lowest seed
    to the highest.
    """
    begin, end = max(0, origin - max(lookback, horizon)), origin + horizon - 1
    told = np.arange(origin - 1, end + 1)
    whole = [Ahead(one.name, one.look, _from(values[origin - 1], one.values)) for one in forecasts]
    x = on_axis(times[told])
    traces = [trace for one in whole for trace in band(theme, one, x)]
    traces += [_line(theme, Ahead(t(N_("truth")), Look("truth"), values[None, begin : end + 1]),
                     on_axis(times[begin : end + 1]), unit)]  # fmt: skip
    traces += [_line(theme, one, x, unit) for one in whole]
    low, high = values[begin : end + 1].min(), values[begin : end + 1].max()
    room = ROOM * (high - low) or 1.0
    shapes, notes = _parts(t, theme, times, origin, lookback, none=not forecasts)
    layout = base_layout(
        theme, time_title(t, times, 1), with_unit(t(N_("Value")), unit), notes, shapes=shapes,
        xaxis={"range": ends(times, begin, end), "nticks": 4, "tickangle": 0},
        yaxis={"range": [float(low - room), float(high + room)]},
    )  # fmt: skip
    title = t(N_("Forecast of {count} steps, first seed of each")).format(count=horizon)
    truth = values[origin : end + 1]
    return Picture("fan", title, tuple(traces), layout, _alt(t, times, origin, lookback, truth, forecasts, unit))


def band(theme: str, row: Ahead, x: np.ndarray) -> list[Trace]:
    """The lowest seed and, filled down to it, the highest, at `x` (K,); nothing while there is but one."""
    several = len(row.values) > 1
    low, high = (row.values.min(axis=0), row.values.max(axis=0)) if several else (np.zeros(0), np.zeros(0))
    style = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"width": 0}}
    filled = {**style, "fill": "tonexty", "fillcolor": faint(stroke(theme, row.look)["color"], 0.14)}
    x = x if several else x[:0]
    return [Trace(style, {"x": x, "y": low.astype(np.float32)}), Trace(filled, {"x": x, "y": high.astype(np.float32)})]


def _from(last: float, values: np.ndarray) -> np.ndarray:
    """(S, K) -> (S, K + 1): with the last value seen in front."""
    return np.column_stack([np.full(len(values), last), values])


def _line(theme: str, row: Ahead, x: np.ndarray, unit: str) -> Trace:
    style = {
        "type": "scatter", "mode": "lines+markers", "name": row.name, "line": {**stroke(theme, row.look), "width": 2.2},
        "marker": {"size": 4}, "hovertemplate": "%{y:.5g} " + unit,
    }  # fmt: skip
    return Trace(style, {"x": x, "y": row.values[0].astype(np.float32)})


def _parts(
    t: Callable, theme: str, times: np.ndarray, origin: int, lookback: int, none: bool
) -> tuple[list[dict], list[dict]]:
    """The input's shade and its name, and where there is no forecast yet, that."""
    first, last = ends(times, origin - lookback, origin - 1)
    shade = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": first, "x1": last, "layer": "below",
             "fillcolor": palette(theme)["grid"], "line": {"width": 0}}  # fmt: skip
    note = {"yref": "paper", "showarrow": False}
    notes = [{**note, "x": last, "y": 0, "xanchor": "right", "yanchor": "bottom", "xshift": -4, "text": t(N_("input"))}]
    if none:
        notes.append({**note, "xref": "paper", "x": 0.5, "y": 1, "xanchor": "center", "yanchor": "top",
                      "text": t(N_("no forecast yet"))})  # fmt: skip
    return [shade], notes


def _alt(
    t: Callable, times: np.ndarray, origin: int, lookback: int, truth: np.ndarray, forecasts: Sequence[Ahead], unit: str
) -> str:
    words = t(N_("{lookback} values of input, and the {horizon} that follow from {time} on.")).format(
        lookback=lookback, horizon=len(truth), time=on_axis(times)[origin]
    )
    if not forecasts:
        return words + " " + t(N_("There is no forecast yet."))
    off_by = t(N_("{name} is off by {mean} on average and {most} at most"))
    parts = []
    for one in forecasts:
        off = np.abs(one.values[0] - truth)
        parts.append(off_by.format(name=one.name, mean=amount(off.mean(), unit), most=amount(off.max(), unit)))
    return f"{words} {'; '.join(parts)}."
