"""How much of the gradient reaches the far past: its norm by the distance from the end, and that over the epochs."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from seqcore.figures.palette import ERRORS, Look, faint, palette, stroke
from seqcore.figures.picture import SUPERSCRIPT, Picture, Trace, base_layout, log_ticks, nice_range, whole_ticks
from seqcore.text import N_

DECADES = 16
"""Powers of ten below the highest norm that are drawn at most; what is smaller leaves the picture."""

SLIDE = (8, 10)
"""So many steps "BPTT can be used up to", as the slides have it."""


def telescope(
    t: Callable[[str], str], theme: str, curves: Mapping[str, np.ndarray], roles: Sequence[str], *, state: str = "h",
    theory: np.ndarray | None = None, horizons: Mapping[str, int | None] | None = None,
) -> Picture:  # fmt: skip
    """`curves`, norms of ∂L/∂`state` (T,) by step, the oldest step first, by name; `roles` are their colours' ("rnn").

    The distance of the last step is 0. `theory` (T,) is what is expected of them. `horizons` are distances, by the
    curves' names, each marked in its curve's colour; None is left out.
    """
    strokes = [stroke(theme, Look(role, roles[:k].count(role))) for k, role in enumerate(roles)]
    lines = dict(zip(curves, strokes, strict=True))
    traces = [_line(name, values, {**lines[name], "width": 2.4}) for name, values in curves.items()]
    if theory is not None:
        traces.append(_line(t(N_("theory")), theory, {"color": palette(theme)["truth"], "width": 1.5, "dash": "dot"}))
    longest = max((len(values) for values in curves.values()), default=2)
    span = _span([trace.data["y"] for trace in traces])
    horizons = {name: lag for name, lag in (horizons or {}).items() if lag is not None}
    notes, shapes = _limit(t, theme) if longest > SLIDE[1] else ([], [])
    if horizons:
        notes.append(_told_above(t, horizons, lines))
    for name, lag in horizons.items():
        shapes.append({"type": "line", "yref": "paper", "x0": lag, "x1": lag, "y0": 0, "y1": 1,
                       "line": {"color": lines[name]["color"], "width": 1.5, "dash": "dot"}})  # fmt: skip
    back = t(N_("{steps} steps back")).format(steps="%{x}")
    layout = base_layout(
        theme, t(N_("Steps back from the end")), f"‖∂L/∂{state}‖", notes,
        shapes=shapes, xaxis={"range": [0, longest - 1], "unifiedhovertitle": {"text": back}, **whole_ticks(longest)},
        yaxis={"type": "log", "range": span, **log_ticks(*span)},
    )  # fmt: skip
    return Picture("telescope", t(N_("Gradient telescope")), tuple(traces), layout, _alt(t, curves, horizons))


def telescope_epochs(
    t: Callable[[str], str], theme: str, title: str, norms: np.ndarray, at: np.ndarray, *, epochs: int
) -> Picture:
    """`norms` (E, T), by step as above, after the epochs `at` (E,), rising, as a heat map; `epochs` are planned."""
    steps = norms.shape[1]
    low, high = _span([norms])
    powers = range(int(low), int(high) + 1, max(1, round((high - low) / 4)))
    style = {
        "type": "heatmap", "y0": 0, "dy": 1, "zmin": low, "zmax": high, "colorscale": ERRORS[theme],
        "colorbar": {"thickness": 10, "outlinewidth": 0, "len": 1.0, "tickfont": {"size": 13}, "x": 1.01,
                     "tickvals": list(powers),
                     "ticktext": ["10" + str(power).translate(SUPERSCRIPT) for power in powers]},
        "hovertemplate": t(N_("Epoch")) + " %{x}, " + t(N_("{steps} steps back")).format(steps="%{y}")
        + ": 10^%{z:.1f}<extra></extra>",
    }  # fmt: skip
    layout = base_layout(
        theme, t(N_("Epoch")), t(N_("Steps back from the end")), hovermode="closest", margin={"r": 62},
        xaxis={"showgrid": False, "range": [0, epochs], **whole_ticks(epochs)},
        yaxis={"showgrid": False, "range": [-0.5, steps - 0.5], **whole_ticks(steps)},
    )  # fmt: skip
    drawable = np.isfinite(norms) & (norms > 0)
    z = np.log10(norms, out=np.full(norms.shape, np.nan), where=drawable).T[::-1]
    alt = t(N_("{title}: the gradient's norm by distance from the end, after {count} epochs of {epochs}.")).format(
        title=title, count=len(norms), epochs=epochs
    )
    if len(norms):
        alt += " " + _told(t, t(N_("After epoch {epoch}")).format(epoch=at[-1]), norms[-1])
    data = {"z": z.astype(np.float32), "x": np.asarray(at)}
    return Picture("telescope_epochs", title, (Trace(style, data),), layout, alt)


def _line(name: str, values: np.ndarray, line: Mapping) -> Trace:
    """`values` (T,) by step, from the last step back; in what is 0 or not finite the line has a gap."""
    style = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x0": 0,
        "dx": 1,
        "line": line,
        "hovertemplate": "%{y:.2e}",
    }
    back = np.asarray(values, float)[::-1]
    return Trace(style, {"y": np.where(np.isfinite(back) & (back > 0), back, np.nan)})


def _span(curves: Sequence[np.ndarray]) -> list[float]:
    """The range of the logarithmic axis, in steps of two decades."""
    low, high = nice_range(np.concatenate([np.zeros(0), *(values.ravel() for values in curves)]), True, 2.0)
    return [max(low, high - DECADES), high]


def _limit(t: Callable, theme: str) -> tuple[list[dict], list[dict]]:
    """The slide's limit: words, and a band."""
    note = {"x": SLIDE[1], "xanchor": "left", "xshift": 2, "yref": "paper", "y": 0, "yanchor": "bottom",
            "showarrow": False, "text": t(N_("slide: 8 or 10"))}  # fmt: skip
    band = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": SLIDE[0], "x1": SLIDE[1], "layer": "below",
            "line": {"width": 0}, "fillcolor": faint(palette(theme)["input"], 0.18)}  # fmt: skip
    return [note], [band]


def _told_above(t: Callable, horizons: Mapping[str, int], lines: Mapping[str, Mapping]) -> dict:
    """The horizons in words above the picture, each in its curve's colour."""
    words = [f'<span style="color:{lines[name]["color"]}">{name} {lag}</span>' for name, lag in horizons.items()]
    return {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
            "showarrow": False, "text": t(N_("horizon: {steps}")).format(steps=" · ".join(words))}  # fmt: skip


def _told(t: Callable, name: str, values: np.ndarray) -> str:
    words = t(N_("{name}: {near:.2g} at the last step, {far:.2g} at the first, {steps} steps back."))
    return words.format(name=name, near=values[-1], far=values[0], steps=len(values) - 1)


def _alt(t: Callable, curves: Mapping[str, np.ndarray], horizons: Mapping[str, int]) -> str:
    words = [t(N_("The gradient's norm by distance from the end, on a logarithmic axis."))]
    for name, values in curves.items():
        words.append(_told(t, name, values))
        if name in horizons:
            words.append(t(N_("Its horizon: {lag} steps.")).format(lag=horizons[name]))
    return " ".join(words)
