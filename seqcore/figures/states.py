"""What a layer does over one window: a heat map, unit by time step."""

from collections.abc import Callable

import numpy as np

from seqcore.figures.palette import GATES, STATES
from seqcore.figures.picture import Picture, Trace, base_layout, whole_ticks
from seqcore.text import N_

OPEN_OR_CLOSED = ("i", "f", "o", "r", "z")
"""Gates between 0 and 1; everything else is drawn around 0."""


def states(
    t: Callable[[str], str], theme: str, title: str, values: np.ndarray, *, kind: str, first: int = 1
) -> Picture:
    """`values` (T, H) of one tap of `kind` (hidden, cell, i, f, g, o, r, z, n); `first` is the first step's number."""
    gate = kind in OPEN_OR_CLOSED
    reach = 1.0 if gate else _reach(values)
    style = {
        "type": "heatmap", "x0": first, "dx": 1, "y0": 1, "dy": 1,
        "zmin": 0.0 if gate else -reach, "zmax": reach,
        "colorscale": (GATES if gate else STATES)[theme],
        "colorbar": {"thickness": 10, "outlinewidth": 0, "len": 1.0, "tickfont": {"size": 13}, "x": 1.01,
                     "tickvals": [0, 1] if gate else [-reach, 0, reach]},
        "hovertemplate": t(N_("unit")) + " %{y}, " + t(N_("step")) + " %{x}: %{z:.3f}<extra></extra>",
    }  # fmt: skip
    layout = base_layout(
        theme, t(N_("Step of the window")), t(N_("Unit")), hovermode="closest", margin={"r": 46},
        xaxis={"showgrid": False, "range": [first - 0.5, first + len(values) - 0.5], **whole_ticks(len(values))},
        yaxis={"showgrid": False, "range": [0.5, values.shape[1] + 0.5], **whole_ticks(values.shape[1])},
    )  # fmt: skip
    alt = t(N_("{title}: {units} units over {steps} steps, from {low:.2f} to {high:.2f}.")).format(
        title=title, units=values.shape[1], steps=len(values), low=values.min(), high=values.max()
    )
    return Picture("states", title, (Trace(style, {"z": np.asarray(values, np.float32).T}),), layout, alt)


def _reach(values: np.ndarray) -> float:
    """A symmetric range: 1, which tanh never leaves, or for what is unbounded 2, 5, 10, 20 ...

    So the colours of a live picture keep their meaning, and two runs can be compared.
    """
    most = float(np.abs(values).max())
    if not 1 < most < np.inf:
        return 1.0
    power = 10.0 ** np.floor(np.log10(most))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= most))
