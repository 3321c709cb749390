"""How fast w to the k vanishes or explodes, on a logarithmic axis that can reach beyond any floating-point number."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from seqcore.figures.palette import palette
from seqcore.figures.picture import SUPERSCRIPT, Picture, Trace, base_layout, stride, whole_ticks
from seqcore.text import N_

STEPS = [step * 10**power for power in range(6) for step in (1, 2, 5)]
"""How many powers of ten lie from one tick to the next; the last is for the smallest number there is, to the 1000."""


def powers(t: Callable[[str], str], theme: str, sizes: np.ndarray, *, w: float, k: int) -> Picture:
    """`sizes` (K + 1,): log10 |w^j| for j = 0 ... K, -inf for 0; `k`, at most K, is marked, with its value in words."""
    colours, longest = palette(theme), len(sizes) - 1
    drawn = np.where(np.isfinite(sizes), sizes, np.nan)
    step = stride(len(sizes))
    style = {
        "type": "scatter", "mode": "lines", "x0": 0, "dx": step,
        "line": {"color": colours["gradient"], "width": 2.4}, "hovertemplate": "10<sup>%{y:.2f}</sup><extra></extra>",
    }  # fmt: skip
    chosen = {
        "type": "scatter", "mode": "markers", "hoverinfo": "skip",
        "marker": {"color": colours["truth"], "size": 10},
    }  # fmt: skip
    traces = (
        Trace(style, {"y": drawn[::step].astype(np.float32)}),
        Trace(chosen, {"x": np.array([k], np.float32), "y": drawn[[k]].astype(np.float32)}),
    )
    value = in_words(sizes[k], negative=w < 0 and k % 2 == 1)
    base = f"(−{-w:g})" if w < 0 else f"{w:g}"
    words = f"{base}{str(k).translate(SUPERSCRIPT)} {'=' if value in ('0', '1') else '≈'} {value}"
    axis = power_axis(sizes, room=0.16)
    layout = base_layout(
        theme, t(N_("k, steps back")), t(N_("|wᵏ|, its sign changes at every step")) if w < 0 else "wᵏ",
        [_note(theme, words, k, longest, sizes[k], axis["range"], grows=abs(w) > 1)],
        xaxis={"range": [-0.01 * longest, 1.01 * longest], "unifiedhovertitle": {"text": "k = %{x}"},
               **whole_ticks(longest)},
        yaxis=axis,
    )  # fmt: skip
    alt = t(N_("{base} to the power 0, 1, 2 … {longest}, on a logarithmic axis. Marked: {words}."))
    return Picture(
        "powers", t(N_("w to the power k")), traces, layout, alt.format(base=base, longest=longest, words=words)
    )


def in_words(size: float, negative: bool = False) -> str:
    """The number of this log10 with four digits: 13,780, 0.3487, 2.656 × 10⁻⁵; with a minus sign if `negative`."""
    if size == -math.inf:
        return "0"
    sign = "−" if negative else ""
    power = math.floor(size)
    mantissa = round(10 ** (size - power), 3)
    if mantissa == 10:
        mantissa, power = 1.0, power + 1
    if not -3 <= power < 6:
        return f"{sign}{mantissa:g} × 10{str(power).translate(SUPERSCRIPT)}"
    value = round(mantissa * 10.0**power, 3 - power)
    return f"{sign}{value:,.0f}" if power > 2 else f"{sign}{value:g}"


def power_axis(sizes: np.ndarray, room: float) -> dict[str, Any]:
    """A y axis for log10 `sizes` that holds 1 and moves in steps, with a line at 1; ticks in words.

    `room` is left above and below, as a share of what lies between. The axis is linear in the exponents: Plotly's own
    logarithmic axis ends where floating-point numbers do.
    """
    there = np.append(sizes[np.isfinite(sizes)], 0.0)
    low, high = float(there.min()), float(there.max())
    step = next(step for step in STEPS if (high - low) / step <= 5)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    ticks = [step * number for number in range(first, last + 1)]
    room *= ticks[-1] - ticks[0]
    words = {0: "1", 1: "10", -1: "0.1"}
    return {
        "range": [ticks[0] - room, ticks[-1] + room], "tickvals": ticks,
        "ticktext": [words.get(tick, "10" + str(tick).translate(SUPERSCRIPT)) for tick in ticks],
        "zeroline": True, "zerolinecolor": "rgba(128,128,128,0.6)", "zerolinewidth": 1.5,
    }  # fmt: skip


def _note(theme: str, words: str, k: int, longest: int, size: float, span: list[float], grows: bool) -> dict[str, Any]:
    """The value beside its mark, on the side where there is room, and off the curve."""
    left = k > longest / 2
    there = math.isfinite(size)
    above = left == grows or not there
    return {
        "text": f"<b>{words}</b>", "x": k, "y": size if there else span[0], "showarrow": False,
        "xanchor": "right" if left else "left", "xshift": -6 if left else 6,
        "yanchor": "bottom" if above else "top", "yshift": 3 if above else -3,
        "font": {"color": palette(theme)["truth"], "size": 14},
    }  # fmt: skip
