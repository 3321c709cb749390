"""Where in its window a forecaster with attention looks, for each step it says."""

from collections.abc import Callable

import numpy as np

from seqcore.figures.palette import ATTENTION
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range, whole_ticks
from seqcore.figures.states import scale
from seqcore.text import N_


def looking_back(
    t: Callable[[str], str], theme: str, weights: np.ndarray | None, *, horizon: int, lookback: int
) -> Picture:
    """`weights` (K, T), each row's sum 1: a row for each step ahead from the top down, a column for each step back.

    None where there are none yet. The colours reach from 0 to the first round number above the largest weight.
    """
    there = weights is not None
    weights = np.asarray(weights, np.float32) if there else np.full((horizon, lookback), np.nan, np.float32)
    top = min(1.0, nice_range(weights, log=False)[1])
    hover = t(N_("step {ahead} ahead looks at {back}: {weight}")).format(ahead="%{y}", back="%{x}", weight="%{z:.3f}")
    style = {
        "type": "heatmap", "x0": -lookback, "dx": 1, "y0": 1, "dy": 1, **scale(ATTENTION[theme], 0, top),
        "hovertemplate": hover + "<extra></extra>",
    }  # fmt: skip
    nothing = {
        "xref": "paper",
        "x": 0.5,
        "yref": "paper",
        "y": 0.5,
        "showarrow": False,
        "text": t(N_("no weights yet")),
    }
    layout = base_layout(
        theme, t(N_("Step of the input, counted back from the first value forecast")), t(N_("Steps ahead")),
        [] if there else [nothing], hovermode="closest", margin={"r": 50},
        xaxis={"showgrid": False, "range": [-lookback - 0.5, -0.5], **whole_ticks(lookback)},
        yaxis={"showgrid": False, "range": [horizon + 0.5, 0.5], **whole_ticks(horizon)},
    )  # fmt: skip
    title = t(N_("Attention: where each step looks"))
    alt = _alt(t, title, weights) if there else f"{title}: " + t(N_("no weights yet")) + "."
    return Picture("attention", title, (Trace(style, {"z": weights}),), layout, alt)


def _alt(t: Callable, title: str, weights: np.ndarray) -> str:
    horizon, lookback = weights.shape
    told = "; ".join(f"{k + 1} ← {place - lookback} {weights[k, place]:.2f}"
                     for k, place in enumerate(weights.argmax(axis=1).tolist()))  # fmt: skip
    words = N_("{title}: {ahead} steps ahead by {back} of input. The largest weight of each: {cells}.")
    return t(words).format(title=title, ahead=horizon, back=lookback, cells=told)
