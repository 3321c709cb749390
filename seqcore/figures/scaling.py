"""What a longer sequence does to a number: one line for each network, over seeds, on a logarithmic axis of lengths."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqcore.figures.overlay import Spread, spread
from seqcore.figures.palette import Look, faint, palette, stroke
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range, with_unit
from seqcore.text import N_

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")

ROOM = 0.06
"""Room at both ends of the axis of lengths, in powers of ten."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """A network's numbers by length, (seeds, n): NaN where one has not been measured."""

    name: str
    look: Look
    values: np.ndarray


@dataclass(frozen=True)
class Level:
    """A height with a name, such as chance; written above its line, or below it."""

    name: str
    height: float
    above: bool = True


def scaling(
    t: Callable[[str], str], theme: str, rows: Sequence[Scaling], at: np.ndarray, *, name: str, title: str, x: str,
    what: str, unit: str, log: bool = True, levels: Sequence[Level] = (),
) -> Picture:  # fmt: skip
    """The mean over the seeds at each length in `at` (n,), in a band from the lowest to the highest.

    `x` names the lengths and `what` the numbers, which have a `unit`, or none. Where `log`, the y axis is logarithmic
    too, so that a power of the length is a straight line; numbers that are not positive are left out of it.
    """
    over = [spread(list(_drawable(row.values, log)), 1) for row in rows]
    looks = [stroke(theme, row.look) for row in rows]
    traces = [trace for each, look in zip(over, looks, strict=True) for trace in _band(at, each, look["color"])]
    traces += [_line(row.name, at, each, look, SYMBOLS[k % len(SYMBOLS)], unit)
               for k, (row, each, look) in enumerate(zip(rows, over, looks, strict=True))]  # fmt: skip
    heights = np.concatenate([[level.height for level in levels], *(part for each in over
                                                                    for part in (each.low, each.high))])  # fmt: skip
    notes, shapes = _levels(theme, levels, log)
    edges = [float(np.log10(at.min())) - ROOM, float(np.log10(at.max())) + ROOM]
    layout = base_layout(
        theme, x, with_unit(what, unit), notes, shapes=shapes, yaxis=_axis(heights, log),
        xaxis={"type": "log", "range": edges, "tickvals": at.tolist(), "tickangle": 0,
               "ticktext": [f"{length:g}" for length in at], "unifiedhovertitle": {"text": f"{x}: %{{x}}"}},
    )  # fmt: skip
    return Picture(name, title, tuple(traces), layout, _alt(t, rows, over, at, x, with_unit(what, unit), levels))


def _drawable(values: np.ndarray, log: bool) -> np.ndarray:
    values = np.asarray(values, float)
    return np.where(values > 0, values, np.nan) if log else values


def _axis(heights: np.ndarray, log: bool) -> dict:
    """A y axis around `heights`; whole powers of ten, so that it keeps still while numbers come in."""
    low, high = nice_range(heights, log, decades=1)
    if not log:
        return {"range": [low, high]}
    powers = 10.0 ** np.arange(low, high + 1)
    return {"type": "log", "range": [low, high], "tickvals": powers.tolist(), "ticktext": [f"{p:g}" for p in powers]}


def _band(at: np.ndarray, over: Spread, colour: str) -> list[Trace]:
    """The lower edge, and the upper one filled down to it; nothing where there is but one seed."""
    several = over.count > 1
    x = at[several].astype(np.float32)
    style = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"width": 0}}
    filled = {**style, "fill": "tonexty", "fillcolor": faint(colour, 0.16)}
    return [Trace(style, {"x": x, "y": over.low[several].astype(np.float32)}),
            Trace(filled, {"x": x, "y": over.high[several].astype(np.float32)})]  # fmt: skip


def _line(name: str, at: np.ndarray, over: Spread, look: dict[str, str], symbol: str, unit: str) -> Trace:
    style = {
        "type": "scatter", "mode": "lines+markers", "name": name, "line": {**look, "width": 2.2}, "cliponaxis": False,
        "marker": {"size": 7, "symbol": symbol, "color": look["color"]},
        "hovertemplate": f"%{{y:.3g}} {unit}".rstrip(),
    }  # fmt: skip
    return Trace(style, {"x": at.astype(np.float32), "y": over.mean.astype(np.float32)})


def _levels(theme: str, levels: Sequence[Level], log: bool) -> tuple[list[dict], list[dict]]:
    """Dashed lines over the whole width, each named at the left, where the lines of the networks begin low."""
    shapes = [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": level.height, "y1": level.height,
               "layer": "below", "line": {"color": palette(theme)["naive"], "width": 1.5, "dash": "dash"}}
              for level in levels]  # fmt: skip
    notes = [{"text": level.name, "showarrow": False, "xref": "paper", "x": 0, "xanchor": "left", "xshift": 4,
              "y": float(np.log10(level.height)) if log else level.height,
              "yanchor": "bottom" if level.above else "top"}
             for level in levels]  # fmt: skip
    return notes, shapes


def _alt(
    t: Callable[[str], str], rows: Sequence[Scaling], over: Sequence[Spread], at: np.ndarray, x: str, what: str,
    levels: Sequence[Level],
) -> str:  # fmt: skip
    words = [t(N_("{what} by {x}, mean of the seeds.")).format(what=what, x=x)]
    words += [f"{level.name}." for level in levels]
    for row, each in zip(rows, over, strict=True):
        told = ", ".join(f"{length:g}: {mean:.3g}" for length, mean in zip(at, each.mean, strict=True)
                         if np.isfinite(mean))  # fmt: skip
        words.append(f"{row.name}: {told}." if told else t(N_("{name}: none yet.")).format(name=row.name))
    return " ".join(words)
