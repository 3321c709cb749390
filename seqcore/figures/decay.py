"""How much of a gradient is left, by how many steps it has gone back: what theory says, and what was measured."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from seqcore.figures.palette import palette
from seqcore.figures.picture import Picture, Trace, base_layout, whole_ticks
from seqcore.figures.powers import in_words, power_axis
from seqcore.text import N_

SLIDE = (8, 10)
"""How far backpropagation through time reaches, as the slide has it."""

LINES = {"random": ("gradient", "solid"), "orthogonal": ("z", "solid"), "nonnormal": ("cell", "dashdot")}
"""The colour's role and the dash of each kind of recurrent matrix."""


def decay(
    t: Callable[[str], str], theme: str, theory: np.ndarray, measured: Mapping[str, tuple[str, np.ndarray]], *,
    radius: float,
) -> Picture:  # fmt: skip
    """`theory` (D + 1,): log10 of radius^k for k = 0 ... D; `measured`: by label its kind and log10 norms (D + 1,).

    A kind is one of `LINES`. Norms that are not finite are left out.
    """
    colours, longest = palette(theme), len(theory) - 1
    traces = [_line(label, values, palette(theme)[LINES[kind][0]], LINES[kind][1], 2.4)
              for label, (kind, values) in measured.items()]  # fmt: skip
    law = t(N_("theory, {radius:g}ᵏ")).format(radius=radius)
    traces.append(_line(law, theory, colours["truth"], "dot", 1.6))
    layout = base_layout(
        theme, t(N_("k, steps back")), "‖∂h<sub>T</sub> / ∂h<sub>T−k</sub>‖", _named_band(t, longest, radius < 1),
        shapes=_band(theme, longest),
        xaxis={"range": [0, longest], "unifiedhovertitle": {"text": "k = %{x}"}, **whole_ticks(longest)},
        yaxis=power_axis(np.concatenate([theory, *(values for _, values in measured.values())]), room=0.04),
    )  # fmt: skip
    return Picture(
        "decay", t(N_("What is left of a gradient")), tuple(traces), layout, _alt(t, theory, measured, radius)
    )


def _line(name: str, sizes: np.ndarray, colour: str, dash: str, width: float) -> Trace:
    style = {
        "type": "scatter", "mode": "lines", "name": name, "x0": 0, "dx": 1,
        "line": {"color": colour, "width": width, "dash": dash}, "hovertemplate": "10<sup>%{y:.2f}</sup>",
    }  # fmt: skip
    return Trace(style, {"y": np.where(np.isfinite(sizes), sizes, np.nan).astype(np.float32)})


def _band(theme: str, longest: int) -> list[dict[str, Any]]:
    """The slide's 8 to 10 steps, where the picture reaches that far."""
    if longest < SLIDE[1]:
        return []
    return [{"type": "rect", "x0": SLIDE[0], "x1": SLIDE[1], "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 0},
             "fillcolor": palette(theme)["grid"], "layer": "below"}]  # fmt: skip


def _named_band(t: Callable[[str], str], longest: int, falls: bool) -> list[dict[str, Any]]:
    """The band's name beside it, where the lines are not."""
    if longest < SLIDE[1]:
        return []
    early = SLIDE[1] < longest / 2
    return [{
        "text": t(N_("“8 or 10 steps”")), "showarrow": False,
        "x": SLIDE[early], "xanchor": "left" if early else "right", "xshift": 5 if early else -5,
        "yref": "paper", "y": 0 if falls else 1, "yanchor": "bottom" if falls else "top",
    }]  # fmt: skip


def _alt(t: Callable[[str], str], theory: np.ndarray, measured: Mapping, radius: float) -> str:
    longest = len(theory) - 1
    near = min(SLIDE[1], longest // 2)
    told = t(N_("Norm of the gradient by distance, on a logarithmic axis, at spectral radius {radius:g}. {lines}."))
    line = t(N_("{name}: {near_norm} after {near} steps, {far_norm} after {far}"))
    lines = {t(N_("theory")): theory, **{label: values for label, (_, values) in measured.items()}}
    words = "; ".join(
        line.format(name=name, near_norm=_norm(t, sizes[near]), near=near, far_norm=_norm(t, sizes[-1]), far=longest)
        for name, sizes in lines.items()
    )
    return told.format(radius=radius, lines=words)


def _norm(t: Callable[[str], str], size: float) -> str:
    return t(N_("not a number")) if np.isnan(size) or size == np.inf else in_words(size)
