"""All rows of a table at once, live: how the error of each falls, averaged over its seeds, and how far they differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqcore.figures.palette import Look, faint, stroke
from seqcore.figures.picture import (
    Picture,
    Trace,
    amount,
    base_layout,
    epoch_axis,
    error_axis,
    level,
    nice_range,
    stride,
    with_unit,
)
from seqcore.text import N_

MOST = 300
"""Points of a line at most: many lines move at once."""


@dataclass(frozen=True, eq=False)
class Curves:
    """The errors of a row's runs after epochs 0, 1, 2 ...: (n,) for each seed, of different length while they train.

    `diverged` are the positions in `seeds` of runs that diverged.
    """

    name: str
    look: Look
    seeds: Sequence[np.ndarray]
    diverged: Sequence[int] = ()


@dataclass(frozen=True, eq=False)
class Spread:
    """Over the seeds that have got so far: (n,) each, NaN where none is finite."""

    low: np.ndarray
    mean: np.ndarray
    high: np.ndarray
    count: np.ndarray


def overlay(
    t: Callable[[str], str], theme: str, rows: Sequence[Curves], *, unit: str, epochs: int, part: str = "test",
    log: bool = True, naive: float | None = None,
) -> Picture:  # fmt: skip
    """Per row the mean of its seeds, in a band from the lowest to the highest.

    `part` ("test" or "train") says whose errors the curves are; `naive` is the naive forecast's on the same part.
    `epochs` is how many are planned. A run that diverged leaves its row's mean and band; a cross marks its end. A
    linear axis leaves out the steep beginning.
    """
    step = stride(epochs + 1, MOST)
    spreads = [spread([curve for k, curve in enumerate(row.seeds) if k not in row.diverged], step) for row in rows]
    span = _span(spreads, naive, log)
    traces = [trace for row, over in zip(rows, spreads, strict=True) for trace in _band(theme, row, over, step)]
    traces += [_line(theme, row, over, step, unit) for row, over in zip(rows, spreads, strict=True)]
    traces.append(_ends(theme, rows, 10 ** span[1] if log else span[1]))
    if naive is not None:
        traces.append(level(theme, t(N_("naive forecast {naive:.4g}")).format(naive=naive), naive, epochs))
    title, axis = epoch_axis(t, epochs, MOST)
    error = t(N_("Test RMSE")) if part == "test" else t(N_("Train RMSE"))
    layout = base_layout(
        theme, title, t(N_("{error}: mean and range of the seeds")).format(error=with_unit(error, unit)),
        _diverged(t, rows), xaxis=axis, yaxis=error_axis(span, log),
    )  # fmt: skip
    alt = _alt(t, error, rows, spreads, step, unit, naive)
    return Picture("overlay", t(N_("Convergence")), tuple(traces), layout, alt)


def spread(curves: Sequence[np.ndarray], step: int) -> Spread:
    """Mean and extremes of every `step`-th value over the curves that reach it; what is not finite does not count."""
    thinned = [curve[::step] for curve in curves]
    table = np.full((len(curves), max(map(len, thinned), default=0)), np.nan)
    for row, curve in zip(table, thinned, strict=True):
        row[: len(curve)] = curve
    finite = np.isfinite(table)
    count = finite.sum(axis=0)
    low = np.where(finite, table, np.inf).min(axis=0, initial=np.inf)
    high = np.where(finite, table, -np.inf).max(axis=0, initial=-np.inf)
    mean = np.where(finite, table, 0.0).sum(axis=0) / np.maximum(count, 1)
    return Spread(*(np.where(count > 0, part, np.nan) for part in (low, mean, high)), count)


def _band(theme: str, row: Curves, over: Spread, step: int) -> list[Trace]:
    """The lower edge, and the upper one filled down to it; nothing while there is but one seed."""
    colour = stroke(theme, row.look)["color"]
    style = {"type": "scatter", "mode": "lines", "x0": 0, "dx": step, "hoverinfo": "skip", "line": {"width": 0}}
    filled = {**style, "fill": "tonexty", "fillcolor": faint(colour, 0.16)}
    several = len(row.seeds) > 1
    return [
        Trace(kind, {"y": _small(edge) if several else np.zeros(0, np.float32)}, grows=True)
        for kind, edge in ((style, over.low), (filled, over.high))
    ]


def _line(theme: str, row: Curves, over: Spread, step: int, unit: str) -> Trace:
    style = {
        "type": "scatter", "mode": "lines", "name": row.name, "x0": 0, "dx": step,
        "line": {**stroke(theme, row.look), "width": 2.5}, "hovertemplate": "%{y:.4g} " + unit,
    }  # fmt: skip
    return Trace(style, {"y": _small(over.mean)}, grows=True)


def _small(values: np.ndarray) -> np.ndarray:
    """float32, with what is too large for it left out."""
    return np.where(np.abs(values) < 1e30, values, np.nan).astype(np.float32)


def _ends(theme: str, rows: Sequence[Curves], top: float) -> Trace:
    """A cross where a run diverged, at the picture's edge if it left the picture."""
    x, y, colours = [], [], []
    for row in rows:
        for k in row.diverged:
            finite = np.flatnonzero(np.isfinite(row.seeds[k]))
            if len(finite):
                x.append(finite[-1])
                y.append(min(row.seeds[k][finite[-1]], top))
                colours.append(stroke(theme, row.look)["color"])
    style = {"type": "scatter", "mode": "markers", "hoverinfo": "skip", "cliponaxis": False,
             "marker": {"symbol": "x", "size": 9, "color": colours}}  # fmt: skip
    return Trace(style, {"x": np.array(x, np.float32), "y": np.array(y, np.float32)})


def _diverged(t: Callable, rows: Sequence[Curves]) -> list[dict]:
    names = ", ".join(row.name for row in rows if row.diverged)
    if not names:
        return []
    return [{"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "top",
             "text": t(N_("× diverged: {rows}")).format(rows=names), "showarrow": False}]  # fmt: skip


def _span(spreads: Sequence[Spread], naive: float | None, log: bool) -> list[float]:
    """The range of errors drawn: nothing above ten times the untrained networks', and on a linear axis 90 % of it."""
    values = np.concatenate([np.zeros(0), *(part for over in spreads for part in (over.low, over.high))])
    values = values[np.isfinite(values)]
    starts = [over.high[0] for over in spreads if len(over.high) and np.isfinite(over.high[0])]
    values = values[values <= 10 * max(starts, default=np.inf)]
    if not log and len(values):
        values = np.percentile(values, [90])
    return nice_range(np.append(values, naive or np.nan), log, decades=0.25)


def _alt(
    t: Callable, error: str, rows: Sequence[Curves], spreads: Sequence[Spread], step: int, unit: str,
    naive: float | None,
) -> str:  # fmt: skip
    parts = []
    for row, over in zip(rows, spreads, strict=True):
        done = np.flatnonzero(over.count)
        if len(done):
            k = done[-1]
            parts.append(
                t(N_("{name}: {mean} at epoch {epoch}, seeds from {low:.4g} to {high:.4g}")).format(
                    name=row.name, mean=amount(over.mean[k], unit), epoch=k * step, low=over.low[k], high=over.high[k]
                )
            )
        elif not row.diverged:
            parts.append(t(N_("{name}: no epoch is done yet")).format(name=row.name))
        if row.diverged:
            parts.append(t(N_("{name}, runs that diverged: {count}")).format(name=row.name, count=len(row.diverged)))
    words = t(N_("{error} by epoch, mean of the seeds of each row.")).format(error=error)
    words += " " + "; ".join(parts) + "." if parts else ""
    if naive is not None:
        words += " " + t(N_("The naive forecast: {naive}.")).format(naive=amount(naive, unit))
    return words
