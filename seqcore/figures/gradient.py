"""How strongly the error pulls at the weights: the gradient's norm by epoch."""

from collections.abc import Callable

import numpy as np

from seqcore.figures.palette import palette
from seqcore.figures.picture import (
    Picture,
    Trace,
    base_layout,
    cursor,
    epoch_axis,
    level,
    log_ticks,
    nice_range,
    stride,
)
from seqcore.text import N_


def gradient(
    t: Callable[[str], str], theme: str, norms: np.ndarray, *, epochs: int, clip: float = 0.0, at: int | None = None,
    clipped: np.ndarray | None = None,
) -> Picture:  # fmt: skip
    """`norms` (n,) after epochs 0, 1, 2 ..., before clipping; the first, of no update, is not drawn.

    `clipped` (m,) are those after clipping. `at` is the epoch that is looked at.
    """
    step = stride(epochs + 1)
    shown = np.asarray(norms, np.float32)[1::step]
    style = {
        "type": "scatter", "mode": "lines", "name": t(N_("gradient norm")), "x0": 1, "dx": step,
        "line": {"color": palette(theme)["gradient"], "width": 2}, "hovertemplate": "%{y:.3g}",
    }  # fmt: skip
    traces = [Trace(style, {"y": shown}, grows=True)]
    if clipped is not None:
        left = {
            **style,
            "name": t(N_("after clipping")),
            "line": {"color": palette(theme)["mark"], "width": 1.5, "dash": "dot"},
        }
        traces.append(Trace(left, {"y": np.asarray(clipped, np.float32)[1::step]}, grows=True))
    if clip:
        traces.append(level(theme, t(N_("clipped at {clip:g}")).format(clip=clip), clip, epochs))
    title, axis = epoch_axis(t, epochs)
    span = nice_range(np.append(shown, clip), log=True, decades=1.0)
    if at is not None:
        traces.append(cursor(theme, at, span, log=True))
    layout = base_layout(
        theme,
        title,
        t(N_("Norm, before clipping")) if clipped is None else t(N_("Norm of the gradient")),
        xaxis=axis,
        yaxis={"type": "log", "range": span, **log_ticks(*span)},
    )
    return Picture("gradient", t(N_("Gradient norm")), tuple(traces), layout, _alt(t, norms))


def _alt(t: Callable, norms: np.ndarray) -> str:
    if not np.isfinite(norms[1:]).any():
        return t(N_("The gradient's norm by epoch, on a logarithmic axis."))
    words = N_(
        "Over {epochs} epochs the gradient's norm went from {first:.3g} to {last:.3g}; its highest was {most:.3g}."
    )
    return t(words).format(epochs=len(norms) - 1, first=norms[1], last=norms[-1], most=np.nanmax(norms))
