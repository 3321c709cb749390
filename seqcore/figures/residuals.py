"""By how much the forecasts are off: forecast minus truth over time, and how often each error occurs."""

from collections.abc import Callable, Sequence

import numpy as np

from seqcore.figures.palette import faint, palette, stroke
from seqcore.figures.picture import Picture, Trace, amount, base_layout, thin, with_unit
from seqcore.figures.predictions import Line, ends, on_axis, residual, time_title
from seqcore.text import N_

BINS = 31
"""Bins of the histogram: odd, so that one lies around zero."""


def residuals(
    t: Callable[[str], str], theme: str, times: np.ndarray, values: np.ndarray, lines: Sequence[Line], *, unit: str,
    split: int,
) -> Picture:  # fmt: skip
    """For each line its residuals from row `split` on, and at the right their histogram on the same axis."""
    off = [_part(values, line, split) for line in lines]
    sizes = np.concatenate([np.zeros(1), *(np.abs(part) for _, part in off)])
    reach = 1.05 * float(sizes[np.isfinite(sizes)].max()) or 1.0
    longest = max((len(part) for _, part in off), default=0)
    size = thin(np.zeros(longest))[1] if longest else 1
    traces = []
    for line, (first, part) in zip(lines, off, strict=True):
        kept = thin(part)[0] if len(part) else np.arange(0)
        style = {"type": "scatter", "mode": "lines", "name": line.name,
                 "line": {**stroke(theme, line.look), "width": 1.4}, "hovertemplate": "%{y:+.4g} " + unit}  # fmt: skip
        traces.append(Trace(style, {"x": on_axis(times[first + kept]), "y": part[kept].astype(np.float32)}))
    traces += [_histogram(theme, line, part, reach) for line, (_, part) in zip(lines, off, strict=True)]
    axis = base_layout(theme, "", "")["xaxis"]
    zero = {"zeroline": True, "zerolinecolor": palette(theme)["text"], "zerolinewidth": 1}
    layout = base_layout(
        theme, time_title(t, times, size), with_unit(t(N_("Forecast − truth")), unit),
        xaxis={"domain": [0, 0.8], "range": ends(times, split, len(times) - 1), "nticks": 4,
               "tickangle": 0},
        xaxis2={**axis, "domain": [0.83, 1], "rangemode": "tozero", "showticklabels": False, "showgrid": False,
                "title": {**axis["title"], "text": t(N_("how often"))}},
        yaxis={"range": [-reach, reach], **zero},
    )  # fmt: skip
    return Picture("residuals", t(N_("Residuals")), tuple(traces), layout, _alt(t, lines, off, unit))


def _part(values: np.ndarray, line: Line, split: int) -> tuple[int, np.ndarray]:
    """The first row of the test part that the line reaches, and its residuals from there on."""
    skip = max(0, split - line.first)
    return line.first + skip, residual(values, line)[skip:]


def _histogram(theme: str, line: Line, part: np.ndarray, reach: float) -> Trace:
    """Steps along the y axis, as wide as the share of the residuals in each bin."""
    part = part[np.isfinite(part)]
    counts, edges = np.histogram(part, BINS, (-reach, reach))
    share = np.concatenate([[0], np.repeat(counts / max(len(part), 1), 2), [0]])
    height = np.repeat(edges, 2)
    reached = np.flatnonzero(share)
    shown = slice(reached[0] - 1, reached[-1] + 2) if len(reached) else slice(0)
    ink = stroke(theme, line.look)
    style = {"type": "scatter", "mode": "lines", "xaxis": "x2", "fill": "tozerox", "hoverinfo": "skip",
             "fillcolor": faint(ink["color"], 0.12), "line": {**ink, "width": 1.4}}  # fmt: skip
    return Trace(style, {"x": share[shown].astype(np.float32), "y": height[shown].astype(np.float32)})


def _alt(t: Callable, lines: Sequence[Line], off: Sequence[tuple[int, np.ndarray]], unit: str) -> str:
    parts = []
    for line, (_, part) in zip(lines, off, strict=True):
        finite = part[np.isfinite(part)]
        if len(finite):
            told = N_("{name}: {mean} on average, from {low:.4g} to {high:.4g}")
            parts.append(
                t(told).format(name=line.name, mean=amount(finite.mean(), unit), low=finite.min(), high=finite.max())
            )
    return t(N_("Forecast minus truth on the test part.")) + (" " + "; ".join(parts) + "." if parts else "")
