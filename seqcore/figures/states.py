"""What a layer does over one window: a heat map, unit by time step."""

from collections.abc import Callable

import numpy as np

from seqcore.figures.palette import GATES, STATES
from seqcore.figures.picture import Picture, Trace, base_layout, whole_ticks
from seqcore.text import N_

OPEN_OR_CLOSED = ("i", "f", "o", "r", "z")
"""Gates between 0 and 1; everything else is drawn around 0."""


MOST_NAMES = 8
"""Units named beside a heat map whose rows are not in their own order."""


def states(
    t: Callable[[str], str], theme: str, title: str, values: np.ndarray, *, kind: str, first: int = 1,
    order: np.ndarray | None = None, name: str = "states",
) -> Picture:  # fmt: skip
    """`values` (T, H) of one tap of `kind` (hidden, cell, i, f, g, o, r, z, n); `first` is the first step's number.

    With `order` (H,), a permutation, the unit it names first is drawn at the top.
    """
    gate = kind in OPEN_OR_CLOSED
    reach = 1.0 if gate else _reach(values)
    style = {
        "type": "heatmap", "x0": first, "dx": 1, "y0": 1, "dy": 1,
        "zmin": 0.0 if gate else -reach, "zmax": reach,
        "colorscale": (GATES if gate else STATES)[theme],
        "colorbar": {"thickness": 10, "outlinewidth": 0, "len": 1.0, "tickfont": {"size": 13}, "x": 1.01,
                     "tickvals": [0, 1] if gate else [-reach, 0, reach]},
        "hovertemplate": t(N_("unit")) + f" %{{{'y' if order is None else 'customdata'}}}, " + t(N_("step"))
        + " %{x}: %{z:.3f}<extra></extra>",
    }  # fmt: skip
    layout = base_layout(
        theme, t(N_("Step of the window")), t(N_("Unit")), hovermode="closest", margin={"r": 46},
        xaxis={"showgrid": False, "range": [first - 0.5, first + len(values) - 0.5], **whole_ticks(len(values))},
        yaxis={"showgrid": False, "range": [0.5, values.shape[1] + 0.5], **_ticks(values.shape[1], order)},
    )  # fmt: skip
    alt = t(N_("{title}: {units} units over {steps} steps, from {low:.2f} to {high:.2f}.")).format(
        title=title, units=values.shape[1], steps=len(values), low=values.min(), high=values.max()
    )
    data = {"z": np.asarray(values, np.float32).T}
    if order is not None:
        upwards = order[::-1]
        data = {"z": data["z"][upwards], "customdata": np.repeat(upwards[:, None] + 1, len(values), axis=1)}
    return Picture(name, title, (Trace(style, data),), layout, alt)


def _ticks(count: int, order: np.ndarray | None) -> dict:
    """Where the units' numbers stand; in another order, as many as there is room for."""
    if order is None:
        return whole_ticks(count)
    places = np.arange(1, count + 1, -(-count // MOST_NAMES))
    return {"tickvals": places.tolist(), "ticktext": [str(order[::-1][place - 1] + 1) for place in places]}


def _reach(values: np.ndarray) -> float:
    """A symmetric range: 1, which tanh never leaves, or for what is unbounded 2, 5, 10, 20 ...

    So the colours of a live picture keep their meaning, and two runs can be compared.
    """
    most = float(np.abs(values).max())
    if not 1 < most < np.inf:
        return 1.0
    power = 10.0 ** np.floor(np.log10(most))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= most))
