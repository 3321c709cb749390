"""The state that is handed on: a row of colours for each layer, unit by unit."""

from collections.abc import Callable

import numpy as np

from seqcore.figures.palette import STATES
from seqcore.figures.picture import Picture, Trace, base_layout, whole_ticks
from seqcore.figures.states import reach, scale
from seqcore.text import N_


def vector(t: Callable[[str], str], theme: str, title: str, values: np.ndarray, *, name: str = "bottleneck") -> Picture:
    """`values` (L, H) of L layers, the first at the top, such as the state an encoder hands to its decoder."""
    layers, units = values.shape
    limit = reach(values)
    style = {
        "type": "heatmap", "x0": 1, "dx": 1, "y0": 1, "dy": 1, "ygap": 3, **scale(STATES[theme], -limit, limit),
        "hovertemplate": t(N_("layer")) + " %{y}, " + t(N_("unit")) + " %{x}: %{z:.3f}<extra></extra>",
    }  # fmt: skip
    layout = base_layout(
        theme, t(N_("Unit")), t(N_("Layer")), hovermode="closest", margin={"r": 46},
        xaxis={"showgrid": False, "range": [0.5, units + 0.5], **whole_ticks(units)},
        yaxis={"showgrid": False, "range": [layers + 0.5, 0.5], "tickvals": list(range(1, layers + 1))},
    )  # fmt: skip
    alt = t(N_("{title}: {layers} by {units} numbers (layers by units), from {low:.2f} to {high:.2f}.")).format(
        title=title, layers=layers, units=units, low=values.min(), high=values.max()
    )
    return Picture(name, title, (Trace(style, {"z": np.asarray(values, np.float32)}),), layout, alt)
