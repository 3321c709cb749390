"""How strongly the error pulls at the weights: the gradient's norm by epoch."""

from collections.abc import Callable

import numpy as np

from seqcore.figures.palette import palette
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range, stride
from seqcore.text import N_


def gradient(t: Callable[[str], str], theme: str, norms: np.ndarray, *, epochs: int, clip: float = 0.0) -> Picture:
    """`norms` (n,) after epochs 0, 1, 2 ..., before clipping; the first, of no update, is not drawn."""
    colours = palette(theme)
    step = stride(epochs + 1)
    shown = np.asarray(norms, np.float32)[1::step]
    style = {
        "type": "scatter", "mode": "lines", "name": t(N_("gradient norm")), "x0": 1, "dx": step,
        "line": {"color": colours["gradient"], "width": 2}, "hovertemplate": "%{y:.3g}",
    }  # fmt: skip
    shapes = []
    if clip:
        shapes.append({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": clip, "y1": clip,
                       "line": {"color": colours["test"], "width": 1.5, "dash": "dash"}})  # fmt: skip
    layout = base_layout(
        theme, t(N_("Epoch")), t(N_("Gradient norm")), shapes=shapes,
        xaxis={"range": [0, epochs]},
        yaxis={"type": "log", "range": nice_range(np.append(shown, clip), log=True, decades=1.0),
               "exponentformat": "power", "dtick": 1},
    )  # fmt: skip
    alt = t(N_("The gradient's norm by epoch, on a logarithmic axis."))
    if len(shown):
        words = N_(
            "Over {epochs} epochs the gradient's norm went from {first:.3g} to {last:.3g}; its highest was {most:.3g}."
        )
        alt = t(words).format(epochs=len(norms) - 1, first=norms[1], last=norms[-1], most=np.nanmax(norms))
    return Picture("gradient", t(N_("Gradient norm")), (Trace(style, {"y": shown}, grows=True),), layout, alt)
