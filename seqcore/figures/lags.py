"""How the error grows when a forecast is fed with itself: RMSE by steps ahead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqcore.figures.palette import Look, stroke
from seqcore.figures.picture import Picture, Trace, amount, base_layout, nice_range, whole_ticks, with_unit
from seqcore.text import N_

FAR = 4
"""A forecast whose error passes so many times the naive forecast's largest leaves the picture."""


@dataclass(frozen=True, eq=False)
class LagErrors:
    """A row's RMSE (L,) 1, 2 ... L steps after the last value it was told."""

    name: str
    look: Look
    rmse: np.ndarray


def lags(
    t: Callable[[str], str], theme: str, rows: Sequence[LagErrors], *, unit: str, naive: LagErrors | None = None
) -> Picture:
    """A line for each row; `naive` repeats the last value it was told."""
    drawn = [*([naive] if naive is not None else []), *rows]
    longest = max((len(row.rmse) for row in drawn), default=1)
    traces = []
    for row in drawn:
        style = {
            "type": "scatter", "mode": "lines+markers" if longest <= 30 else "lines", "name": row.name, "x0": 1,
            "dx": 1, "line": {**stroke(theme, row.look), "width": 2.2}, "marker": {"size": 5},
            "hovertemplate": "%{y:.4g} " + unit,
        }  # fmt: skip
        traces.append(Trace(style, {"y": row.rmse.astype(np.float32)}))
    heights = np.concatenate([np.zeros(0), *(row.rmse for row in drawn)])
    if naive is not None and (reach := naive.rmse[np.isfinite(naive.rmse)].max(initial=0.0)):
        heights = np.minimum(heights, FAR * reach)
    axis = {"range": [0.5, longest + 0.5], "unifiedhovertitle": {"text": t(N_("Steps ahead")) + " %{x}"}}
    layout = base_layout(
        theme, t(N_("Steps ahead, fed with its own forecasts")), with_unit("RMSE", unit),
        xaxis={**axis, **whole_ticks(longest)}, yaxis={"range": nice_range(heights, log=False)},
    )  # fmt: skip
    return Picture("lags", t(N_("Error by steps ahead")), tuple(traces), layout, _alt(t, drawn, unit))


def _alt(t: Callable, rows: Sequence[LagErrors], unit: str) -> str:
    told = N_("{name}: {near} one step ahead, {far} {steps} steps ahead")
    parts = [
        t(told).format(
            name=row.name, near=amount(row.rmse[0], unit), far=amount(row.rmse[-1], unit), steps=len(row.rmse)
        )
        for row in rows
        if len(row.rmse)
    ]
    words = t(N_("RMSE by how many steps ahead a forecast fed with itself reaches."))
    return words + (" " + "; ".join(parts) + "." if parts else "")
