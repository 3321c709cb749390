"""What an experiment found: every seed of every arm, and the interval of what is decided beside the deciding line."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from seqcore.figures.palette import faint, palette
from seqcore.figures.picture import Picture, Trace, base_layout, error_axis, nice_range, plus_minus, wrap
from seqcore.text import N_

ROW = 42
"""Pixels a row needs: its words above its dots, so that a phone's whole width is left to the dots."""

JITTER = (0.0, 0.2, 0.1)
"""How far below each other, in rows, neighbouring dots lie: the first, second and third seed, and so on in turn."""

Arm = tuple[str, Sequence[float]]
"""The name of what was tried, and what each seed gave."""


def height(rows: int) -> int:
    """Pixels the plot should be high for so many arms."""
    return ROW * (rows + 1) + 76


def verdict(
    t: Callable[[str], str], theme: str, title: str, points: Sequence[Arm], *, measure: str, log: bool,
    line: float | None, low: float, mean: float, high: float,
) -> Picture:  # fmt: skip
    """A row for each arm, a dot for each seed, a tick at their mean; below them `mean` and its interval `low`..`high`.

    All are on one axis, called `measure`, with a deciding `line` that the interval is held against. If it is
    logarithmic (`log`), an arm's mean is the geometric one. What has no place on it lies at the edge: what is not
    finite, or not above 0 where that is needed. Without a finite `mean` the last row is left out, without finite ends
    its bar. The plot should be `height(len(points))` pixels high.
    """
    decided = math.isfinite(mean)
    span = _span([value for _, values in points for value in values], [line, low, mean, high], log)
    left, right = (10.0 ** np.array(span)).tolist() if log else span
    count = len(points) + decided
    notes = [note for k, (name, values) in enumerate(points)
             for note in _notes(k, name, _number(values, log), _lost(t, values, log))]  # fmt: skip
    if decided:
        notes += _notes(len(points), t(N_("mean and its interval")), _interval(low, mean, high))
    named, shapes = _deciding(t, theme, line, span, log)
    layout = base_layout(
        theme, measure, "", notes + named, hovermode="closest", shapes=shapes, margin={"l": 16, "r": 16, "t": 30},
        xaxis={**error_axis(list(span), log), "nticks": 6},
        yaxis={"range": [max(count, 1) - 0.6, -0.9], "tickvals": list(range(count)), "showticklabels": False},
    )  # fmt: skip
    traces = (
        _bar(theme, len(points), low, high, left, right),
        _dots(theme, points, log, left, right),
        _ticks(theme, points, log, mean),
    )
    return Picture("verdict", title, traces, layout, _alt(t, title, points, measure, log, line, (low, mean, high)))


def drawable(values: Sequence[float], log: bool) -> np.ndarray:
    """Those of `values` that have a place on the axis, (n,)."""
    values = np.asarray(values, float)
    return values[np.isfinite(values) & ((values > 0) | (not log))]


def _span(dots: Sequence[float], more: Sequence[float | None], log: bool) -> tuple[float, float]:
    """The axis's ends, powers of ten if `log`."""
    values = drawable([*dots, *(math.nan if value is None else value for value in more)], log)
    if log:
        low, high = nice_range(values, log=True)
        return low, high
    low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    return float(low - room), float(high + room)


def _dots(theme: str, points: Sequence[Arm], log: bool, left: float, right: float) -> Trace:
    """Every seed; a cross at the edge for what has no place on the axis, with what it is."""
    x, y, symbols, told = [], [], [], []
    for k, (_, values) in enumerate(points):
        for seed, value in enumerate(values):
            inside = len(drawable([value], log)) > 0
            x.append(value if inside else left if value <= 0 else right)
            y.append(k + JITTER[seed % len(JITTER)])
            symbols.append("circle" if inside else "x")
            told.append(f"{value:.5g}")
    style = {
        "type": "scatter", "mode": "markers", "cliponaxis": False, "hovertemplate": "%{customdata}<extra></extra>",
        "marker": {"size": 9, "color": faint(palette(theme)["gradient"], 0.65), "symbol": symbols},
    }  # fmt: skip
    return Trace(style, {"x": np.array(x, float), "y": np.array(y, np.float32), "customdata": np.array(told, str)})


def _ticks(theme: str, points: Sequence[Arm], log: bool, mean: float) -> Trace:
    """The mean of each arm, and the one that is decided over."""
    means = [*(_mean(values, log) for _, values in points), mean]
    rows = [(k, value) for k, value in enumerate(means) if len(drawable([value], log))]
    style = {
        "type": "scatter", "mode": "markers", "hovertemplate": "%{x:.5g}<extra></extra>",
        "marker": {"size": 13, "symbol": "line-ns-open", "color": palette(theme)["truth"], "line": {"width": 3.5}},
    }  # fmt: skip
    return Trace(style, {"x": np.array([x for _, x in rows], float), "y": np.array([k for k, _ in rows], np.float32)})


def _bar(theme: str, row: int, low: float, high: float, left: float, right: float) -> Trace:
    ends = np.clip([low, high], left, right) if np.isfinite([low, high]).all() else np.zeros(0)
    style = {"type": "scatter", "mode": "lines", "hoverinfo": "skip",
             "line": {"color": palette(theme)["mark"], "width": 6}}  # fmt: skip
    return Trace(style, {"x": ends, "y": np.full(len(ends), row, np.float32)})


def _deciding(
    t: Callable, theme: str, line: float | None, span: tuple[float, float], log: bool
) -> tuple[list[dict], list[dict]]:
    """The line with its name above it, on the side where there is room."""
    if line is None:
        return [], []
    at = math.log10(line) if log else line
    side = "left" if at - span[0] < 0.5 * (span[1] - span[0]) else "right"
    shape = {"type": "line", "yref": "paper", "x0": line, "x1": line, "y0": 0, "y1": 1,
             "line": {"color": palette(theme)["naive"], "width": 2, "dash": "dash"}}  # fmt: skip
    note = {"x": at, "xanchor": side, "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4, "showarrow": False,
            "text": t(N_("decided at {line}")).format(line=f"{line:.4g}")}  # fmt: skip
    return [note], [shape]


def _notes(row: int, name: str, number: str, lost: str = "") -> list[dict]:
    """Above a row's dots its name, and at the other end its numbers."""
    note = {"y": row, "xref": "paper", "yanchor": "bottom", "yshift": 6, "showarrow": False}
    words = [number, f'<span style="font-size:11px">{lost}</span>' if lost else ""]
    return [
        {**note, "x": 0, "xanchor": "left", "align": "left", "text": wrap(name, 30, lines=2)},
        {**note, "x": 1, "xanchor": "right", "align": "right", "text": "<br>".join(filter(None, words))},
    ]


def _mean(values: Sequence[float], log: bool) -> float:
    values = drawable(values, log)
    if not len(values):
        return math.nan
    return float(np.exp(np.log(values).mean()) if log else values.mean())


def _number(values: Sequence[float], log: bool) -> str:
    """The mean, and how far the seeds spread around it; on a logarithmic axis that is seen, not said."""
    values = drawable(values, log)
    if not len(values):
        return ""
    return f"{_mean(values, log):.3g}" if log else " ".join(plus_minus(values)).rstrip()


def _lost(t: Callable, values: Sequence[float], log: bool) -> str:
    """How many of the dots lie at the edge, and why."""
    finite = drawable(values, log=False)
    parts = []
    if lost := len(values) - len(finite):
        parts.append(t(N_("{count} not finite")).format(count=lost))
    if low := len(finite) - len(drawable(finite, log)):
        parts.append(t(N_("{count} not above 0")).format(count=low))
    return " · ".join(parts)


def _interval(low: float, mean: float, high: float) -> str:
    return f"{mean:.4g} ({low:.4g} … {high:.4g})" if np.isfinite([low, high]).all() else f"{mean:.4g}"


def _alt(
    t: Callable, title: str, points: Sequence[Arm], measure: str, log: bool, line: float | None,
    interval: tuple[float, float, float],
) -> str:  # fmt: skip
    words = [t(N_("{title}: {measure}, each seed a dot.")).format(title=title, measure=measure)]
    for name, values in points:
        told = ", ".join(f"{value:.4g}" for value in values) or t(N_("none yet"))
        about = ", ".join(filter(None, [_number(values, log), _lost(t, values, log)]))
        words.append(f"{name}: {told} ({about})." if about else f"{name}: {told}.")
    if math.isfinite(interval[1]):
        words.append(t(N_("Mean and its interval: {interval}.")).format(interval=_interval(*interval)))
    if line is not None:
        words.append(t(N_("It is decided at {line}.")).format(line=f"{line:.4g}"))
    return " ".join(words)
