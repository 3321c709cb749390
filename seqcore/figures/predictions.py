"""What the rows of a table forecast on the test part, over the truth and the naive forecast."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqcore.figures.palette import Look, stroke
from seqcore.figures.picture import Picture, Trace, amount, base_layout, thin, with_unit
from seqcore.text import N_

FEW = 80
"""Steps that are still told apart by a marker each."""


@dataclass(frozen=True, eq=False)
class Line:
    """A row's forecast: `values` (n,), the first of them for row `first` of the series."""

    name: str
    look: Look
    first: int
    values: np.ndarray


def predictions(
    t: Callable[[str], str], theme: str, times: np.ndarray, values: np.ndarray, lines: Sequence[Line], *, unit: str,
    split: int, naive: Line | None = None, window: tuple[int, int] | None = None,
) -> Picture:  # fmt: skip
    """The test part, from row `split` on, of `values` (N,) at `times` (N,), dates or numbers.

    `window` zooms to rows (first, last), both included.
    """
    begin, end = window or (split, len(values) - 1)
    kept, size = thin(values[begin : end + 1])
    kept += begin
    truth = Line(t(N_("truth")), Look("truth"), 0, values)
    drawn = [*([naive] if naive is not None else []), truth, *lines]
    traces = [_trace(theme, times, line, kept, unit, markers=end - begin < FEW) for line in drawn]
    title = time_title(t, times, size)
    layout = base_layout(
        theme, title, with_unit(t(N_("Value")), unit),
        xaxis={"range": ends(times, begin, end), "nticks": 4, "tickangle": 0},
        yaxis={"range": room(values[begin : end + 1])},
    )  # fmt: skip
    told = [*lines, *([naive] if naive is not None else [])]
    alt = _alt(t, values, told, unit, begin, end)
    return Picture("predictions", t(N_("Forecasts of the test part")), tuple(traces), layout, alt)


def residual(values: np.ndarray, line: Line) -> np.ndarray:
    """Forecast minus truth (n,) over the rows of the line."""
    return line.values - values[line.first : line.first + len(line.values)]


def time_title(t: Callable[[str], str], times: np.ndarray, size: int) -> str:
    """The title of an axis of `times`; it says so where of every `size` values only the extremes are drawn."""
    title = t(N_("Date")) if times.dtype.kind == "M" else t(N_("Time"))
    if size > 1:
        title = t(N_("{axis} (extremes of every {count} values)")).format(axis=title, count=size)
    return title


def on_axis(times: np.ndarray) -> np.ndarray:
    """Times as Plotly reads them."""
    return np.datetime_as_string(times) if times.dtype.kind == "M" else times


def ends(times: np.ndarray, begin: int, end: int) -> list:
    """The range of an axis from row `begin` to row `end`."""
    return on_axis(times[[begin, end]]).tolist()


def room(values: np.ndarray) -> list[float]:
    """The truth decides the axis: a forecast that runs away leaves the picture, not the truth."""
    low, high = float(values.min()), float(values.max())
    margin = 0.12 * (high - low) or 1.0
    return [low - margin, high + margin]


def _trace(theme: str, times: np.ndarray, line: Line, rows: np.ndarray, unit: str, markers: bool) -> Trace:
    """The line at those of `rows` it has a value for."""
    rows = rows[(rows >= line.first) & (rows < line.first + len(line.values))]
    style = {
        "type": "scatter", "mode": "lines+markers" if markers else "lines", "name": line.name,
        "marker": {"size": 5}, "line": {**stroke(theme, line.look), "width": 1.8},
        "hovertemplate": "%{y:.5g} " + unit,
    }  # fmt: skip
    return Trace(style, {"x": on_axis(times[rows]), "y": line.values[rows - line.first].astype(np.float32)})


def _alt(t: Callable, values: np.ndarray, lines: Sequence[Line], unit: str, begin: int, end: int) -> str:
    words = t(N_("Values {first} to {last} of the series and their forecasts.")).format(first=begin + 1, last=end + 1)
    parts = []
    for line in lines:
        off = residual(values, line)[max(0, begin - line.first) : max(0, end + 1 - line.first)]
        off = np.abs(off[np.isfinite(off)])
        if len(off):
            off_by = N_("{name} is off by {mean} on average and {most} at most")
            parts.append(t(off_by).format(name=line.name, mean=amount(off.mean(), unit), most=amount(off.max(), unit)))
    return words + (" " + "; ".join(parts) + "." if parts else "")
