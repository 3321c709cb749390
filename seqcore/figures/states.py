"""What a layer does over one window: a heat map, unit by time step."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqcore.figures.palette import GATES, STATES
from seqcore.figures.picture import Picture, Trace, base_layout, whole_ticks
from seqcore.figures.token_axis import short, token_axis
from seqcore.text import N_

OPEN_OR_CLOSED = ("i", "f", "o", "r", "z")
"""Gates between 0 and 1; everything else is drawn around 0."""


MOST_NAMES = 8
"""Units named beside a heat map whose rows are not in their own order."""


def states(
    t: Callable[[str], str], theme: str, title: str, values: np.ndarray, *, kind: str, first: int = 1,
    order: np.ndarray | None = None, name: str = "states", labels: Sequence[str] | None = None, axis: str = "",
) -> Picture:  # fmt: skip
    """`values` (T, H) of one tap of `kind` (hidden, cell, i, f, g, o, r, z, n); `first` is the first step's number.

    With `order` (H,), a permutation, the unit it names first is drawn at the top. Steps that have names, such as
    tokens, show these `labels` (T,) and count from 0; `axis` is then the title of their axis.
    """
    gate = kind in OPEN_OR_CLOSED
    limit = reach(values)
    if labels is None:
        steps = {"range": [first - 0.5, first + len(values) - 0.5], **whole_ticks(len(values))}
    else:
        first, steps = 0, token_axis([short(label) for label in labels])
    style = {
        "type": "heatmap", "x0": first, "dx": 1, "y0": 1, "dy": 1,
        **(scale(GATES[theme], 0, 1) if gate else scale(STATES[theme], -limit, limit)),
        "hovertemplate": t(N_("unit")) + f" %{{{'y' if order is None else 'customdata'}}}, "
        + (t(N_("step")) if labels is None else axis) + " %{x}: %{z:.3f}<extra></extra>",
    }  # fmt: skip
    layout = base_layout(
        theme, axis or t(N_("Step of the window")), t(N_("Unit")), hovermode="closest", margin={"r": 46},
        xaxis={"showgrid": False, **steps},
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


def scale(colours: Sequence, low: float, high: float) -> dict[str, Any]:
    """The colours of a heat map from `low` to `high`, with a bar beside it that says so."""
    ends = [low, 0, high] if low < 0 else [low, high]
    return {
        "zmin": low, "zmax": high, "colorscale": colours,
        "colorbar": {"thickness": 10, "outlinewidth": 0, "len": 1.0, "tickfont": {"size": 13}, "x": 1.01,
                     "xpad": 3, "tickvals": ends},
    }  # fmt: skip


def _ticks(count: int, order: np.ndarray | None) -> dict:
    """Where the units' numbers stand; in another order, as many as there is room for."""
    if order is None:
        return whole_ticks(count)
    places = np.arange(1, count + 1, -(-count // MOST_NAMES))
    return {"tickvals": places.tolist(), "ticktext": [str(order[::-1][place - 1] + 1) for place in places]}


def reach(values: np.ndarray) -> float:
    """A symmetric range: 1, which tanh never leaves, or for what is unbounded 2, 5, 10, 20 ...

    So the colours of a live picture keep their meaning, and two runs can be compared.
    """
    most = float(np.abs(values).max(initial=0))
    if not 1 < most < np.inf:
        return 1.0
    power = 10.0 ** np.floor(np.log10(most))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= most))
