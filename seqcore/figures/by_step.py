"""How the error of a forecast grows with the steps it reaches ahead."""

from collections.abc import Callable, Sequence

import numpy as np

from seqcore.figures.fan import Ahead, band
from seqcore.figures.palette import stroke
from seqcore.figures.picture import Picture, Trace, amount, base_layout, nice_range, whole_ticks, with_unit
from seqcore.text import N_

FAR = 3
"""A row whose error passes so many times the worst baseline's leaves the picture."""


def by_step(
    t: Callable[[str], str], theme: str, rows: Sequence[Ahead], *, horizon: int, unit: str
) -> Picture:  # fmt: skip
    """Of each row the RMSE 1 to `horizon` steps ahead: the mean of its seeds, in a band from the lowest to the highest.

    Rows that look like the naive forecast are baselines.
    """
    x = np.arange(1, horizon + 1, dtype=np.float32)
    traces = [trace for row in rows for trace in band(theme, row, x)]
    for row in rows:
        style = {
            "type": "scatter", "mode": "lines+markers", "name": row.name, "marker": {"size": 5},
            "line": {**stroke(theme, row.look), "width": 2.2}, "hovertemplate": "%{y:.4g} " + unit,
        }  # fmt: skip
        traces.append(Trace(style, {"x": x, "y": row.values.mean(axis=0).astype(np.float32)}))
    heights = np.concatenate([np.zeros(0), *(row.values.ravel() for row in rows)])
    baselines = [row.values.max() for row in rows if row.look.role == "naive"]
    heights = np.minimum(heights, FAR * max(baselines, default=np.inf))
    layout = base_layout(
        theme, t(N_("Steps ahead")), with_unit("RMSE", unit),
        xaxis={"range": [0.5, horizon + 0.5], **whole_ticks(horizon),
               "unifiedhovertitle": {"text": t(N_("Steps ahead")) + " %{x}"}},
        yaxis={"range": nice_range(heights, log=False)},
    )  # fmt: skip
    title = t(N_("Error by steps ahead: mean and range of the seeds"))
    return Picture("by_step", title, tuple(traces), layout, _alt(t, rows, unit))


def _alt(t: Callable, rows: Sequence[Ahead], unit: str) -> str:
    words = t(N_("RMSE by steps ahead over all test windows, mean of the seeds."))
    told = t(N_("{name}: {near} one step ahead, {far} {steps} steps ahead"))
    means = [(row.name, row.values.mean(axis=0)) for row in rows]
    parts = [told.format(name=name, near=amount(mean[0], unit), far=amount(mean[-1], unit), steps=len(mean))
             for name, mean in means]  # fmt: skip
    return words + (" " + "; ".join(parts) + "." if parts else "")
