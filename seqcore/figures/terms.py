"""A number of a tensor: the largest terms of its sum as bars, and all the others in one; and the row it stands in."""

from collections.abc import Callable, Sequence

import numpy as np

from seqcore.figures.palette import faint, palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.figures.token_axis import plain, short, token_axis
from seqcore.text import N_


def terms(
    t: Callable[[str], str], theme: str, title: str, labels: Sequence[str], values: np.ndarray, *, axis: str,
    total: float, marked: int | None = None,
) -> Picture:  # fmt: skip
    """`values` (n,) with their `labels`, the first at the top; the bar at `marked` is the one it is about.

    `axis` says what they are, `total` what comes of them.
    """
    values = np.asarray(values, np.float32)
    colours = palette(theme)
    count = len(values)
    ink = [colours["hidden"] if marked in (None, k) else faint(colours["hidden"], 0.45) for k in range(count)]
    style = {
        "type": "bar", "orientation": "h", "textposition": "outside", "cliponaxis": False, "textangle": 0,
        "constraintext": "none", "textfont": {"size": 11}, "marker": {"color": ink}, "hoverinfo": "skip",
    }  # fmt: skip
    numbers = [f"{value:+.3f}".replace("-", "−") if marked is None else f"{value:.3f}" for value in values.tolist()]
    data = {"x": values, "y": np.arange(count, dtype=np.float32), "text": np.array(numbers, dtype=str)}
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    room = 0.32 * max(high - low, 1e-12)  # for the number beyond the end of a bar
    layout = base_layout(
        theme, axis, "", hovermode="closest", bargap=0.25, margin={"r": 14, "t": 8, "b": 34},
        xaxis={"range": [low - room * (low < 0), high + room * (high > 0)], "zeroline": True, "nticks": 5,
               "zerolinecolor": colours["input"], "tickfont": {"size": 11}},
        yaxis={"showgrid": False, "range": [max(count, 1) - 0.5, -0.5], "tickvals": list(range(count)),
               "ticktext": [plain(label) for label in labels], "tickfont": {"size": 11}, "automargin": True},
    )  # fmt: skip
    told = "; ".join(f"{label}: {number}" for label, number in zip(labels, numbers, strict=True))
    alt = f"{title}: {told}. " + t(N_("Together: {total:.4f}.")).format(total=total)
    return Picture("terms", title, (Trace(style, data),), layout, alt)


def profile(
    t: Callable[[str], str], theme: str, title: str, names: Sequence[str], values: np.ndarray, *, axis: str,
    picked: int,
) -> Picture:  # fmt: skip
    """A row of a tensor: `values` (C,) with their `names` along an `axis`, the `picked` one marked; NaN has no bar."""
    values = np.asarray(values, np.float32)
    colours = palette(theme)
    ink = [colours["hidden"] if place == picked else faint(colours["hidden"], 0.45) for place in range(len(values))]
    style = {"type": "bar", "marker": {"color": ink, "line": {"width": 0}}, "x0": 0, "dx": 1,
             "hovertemplate": "%{hovertext}: %{y:.4f}<extra></extra>"}  # fmt: skip
    layout = base_layout(
        theme, axis, t(N_("Value")), hovermode="closest", bargap=0.15, margin={"r": 14},
        xaxis=token_axis([short(name) for name in names]), yaxis={"zeroline": True, "zerolinecolor": colours["input"]},
    )  # fmt: skip
    finite = values[np.isfinite(values)]
    alt = t(N_("{title}: {count} numbers, mean {mean:.3f}, from {low:.3f} to {high:.3f}.")).format(
        title=title, count=len(finite), mean=finite.mean() if len(finite) else np.nan,
        low=finite.min(initial=np.inf), high=finite.max(initial=-np.inf),
    )  # fmt: skip
    values = np.where(np.isfinite(values), values, np.nan)
    data = {"y": values, "hovertext": np.array([plain(name) for name in names], dtype=str)}
    return Picture("terms", title, (Trace(style, data),), layout, alt)
