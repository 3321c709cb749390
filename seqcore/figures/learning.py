"""Who learns to remember, and how fast: the error of each network by epoch, from knowing nothing to solved."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from seqcore.figures.palette import Look, palette, stroke
from seqcore.figures.picture import Picture, Trace, base_layout, epoch_axis, error_axis, nice_range, stride
from seqcore.text import N_

Curve = tuple[np.ndarray, np.ndarray]
"""Epochs (n,), rising, and the errors (n,) after them."""

SHARES = [-0.04, 1.04]
"""The axis of a share, with room for lines at 0 and at 1."""


def learning(
    t: Callable[[str], str], theme: str, curves: Mapping[str, Curve], roles: Sequence[str], *, chance: float,
    solved: float, classes: bool, solved_at: Mapping[str, int | None], epochs: int,
    diverged_at: Mapping[str, int] = MappingProxyType({}),
) -> Picture:  # fmt: skip
    """`curves` by name; `roles` are their colours' ("rnn"). `epochs` are planned and set the x axis.

    The errors, `chance` (of the best answer that does not know the far step) and `solved` (at which the task counts as
    such) are RMSEs on a logarithmic axis; where `classes`, shares of wrong answers. `solved_at` and `diverged_at` are
    epochs by the curves' names; None is not yet.
    """
    lines = {name: {**stroke(theme, Look(role, roles[:k].count(role))), "width": 2.4}
             for k, (name, role) in enumerate(zip(curves, roles, strict=True))}  # fmt: skip
    step = stride(epochs + 1)
    traces = [_line(name, curve, step, lines[name], classes) for name, curve in curves.items()]
    reached = {name: at for name, at in solved_at.items() if at is not None and len(curves[name][0])}
    shown = np.concatenate([[chance, solved], *(trace.data["y"] for trace in traces)])
    traces.append(_marks(theme, curves, reached, lines))
    title, axis = epoch_axis(t, epochs)
    notes, shapes = _levels(t, theme, chance, solved, log=not classes)
    if reached:
        notes.append(_told_above(t, reached, lines))
    for k, (name, at) in enumerate(diverged_at.items()):
        words = t(N_("{name} diverged at epoch {epoch}")).format(name=name, epoch=at)
        side = "left" if at < 0.6 * epochs else "right"
        shapes.append({"type": "line", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1,
                       "line": {"color": lines[name]["color"], "width": 1.5, "dash": "dot"}})  # fmt: skip
        notes.append({"x": at, "xanchor": side, "yref": "paper", "y": 0.42 - 0.12 * k, "yanchor": "top", "text": words,
                      "showarrow": False, "font": {"color": lines[name]["color"]}})  # fmt: skip
    layout = base_layout(
        theme, title, t(N_("Wrong answers (share)")) if classes else "RMSE", notes, shapes=shapes, xaxis=axis,
        yaxis={"range": SHARES} if classes else error_axis(nice_range(shown, log=True), log=True),
    )  # fmt: skip
    alt = _alt(t, curves, chance, solved, classes, reached, diverged_at)
    return Picture("learning", t(N_("Who learns to remember?")), tuple(traces), layout, alt)


def _line(name: str, curve: Curve, step: int, line: Mapping, classes: bool) -> Trace:
    """Every `step`-th error; in what is not finite, or 0 on a logarithmic axis, the line has a gap."""
    at, errors = (np.asarray(part)[::step] for part in curve)
    drawable = np.isfinite(errors) if classes else np.isfinite(errors) & (errors > 0)
    style = {"type": "scatter", "mode": "lines", "name": name, "line": line, "hovertemplate": "%{y:.3g}"}
    y = np.where(drawable, errors, np.nan).astype(np.float32)
    return Trace(style, {"x": at.astype(np.float32), "y": y}, grows=True)


def _marks(theme: str, curves: Mapping[str, Curve], reached: Mapping[str, int], lines: Mapping) -> Trace:
    """A dot on each curve where its network solved the task."""
    style = {
        "type": "scatter", "mode": "markers", "hoverinfo": "skip", "cliponaxis": False,
        "marker": {"size": 11, "symbol": "star-diamond", "color": [lines[name]["color"] for name in reached],
                   "line": {"width": 1.5, "color": palette(theme)["truth"]}},
    }  # fmt: skip
    errors = [np.interp(at, *curves[name]) for name, at in reached.items()]
    return Trace(style, {"x": np.array([*reached.values()], np.float32), "y": np.array(errors, np.float32)})


def _levels(t: Callable, theme: str, chance: float, solved: float, log: bool) -> tuple[list[dict], list[dict]]:
    """The two levels, dashed, each named at the right, on its own side: solved curves end between them."""
    notes, shapes = [], []
    named = ((chance, t(N_("chance {error:.3g}")), "bottom"), (solved, t(N_("solved {error:.3g}")), "top"))
    for error, words, side in named:
        shapes.append({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": error, "y1": error, "layer": "below",
                       "line": {"color": palette(theme)["naive"], "width": 1.5, "dash": "dash"}})  # fmt: skip
        notes.append({"text": words.format(error=error), "showarrow": False, "xref": "paper", "x": 1,
                      "xanchor": "right", "y": float(np.log10(error)) if log else error, "yanchor": side})  # fmt: skip
    return notes, shapes


def _told_above(t: Callable, reached: Mapping[str, int], lines: Mapping) -> dict:
    """The epochs in words above the picture, each in its curve's colour."""
    words = [f'<span style="color:{lines[name]["color"]}">{name} {at}</span>' for name, at in reached.items()]
    return {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
            "showarrow": False, "text": t(N_("solved: {epochs}")).format(epochs=" · ".join(words))}  # fmt: skip


def _alt(
    t: Callable, curves: Mapping[str, Curve], chance: float, solved: float, classes: bool,
    reached: Mapping[str, int], diverged_at: Mapping[str, int],
) -> str:  # fmt: skip
    if classes:
        whole = N_("Share of wrong answers by epoch. Chance is {chance:.3g}, and {solved:.3g} counts as solved.")
    else:
        whole = N_("RMSE by epoch, on a logarithmic axis. Chance is {chance:.3g}, and {solved:.3g} counts as solved.")
    words = [t(whole).format(chance=chance, solved=solved)]
    for name, (at, errors) in curves.items():
        if not len(at):
            words.append(t(N_("{name}: no epoch is done yet.")).format(name=name))
            continue
        told = t(N_("{name}: {error:.3g} after epoch {epoch}.")).format(name=name, error=errors[-1], epoch=int(at[-1]))
        words.append(told)
        if name in reached:
            words.append(t(N_("Solved at epoch {epoch}.")).format(epoch=reached[name]))
        if name in diverged_at:
            words.append(t(N_("The training diverged at epoch {epoch}.")).format(epoch=diverged_at[name]))
    return " ".join(words)
