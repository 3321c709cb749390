"""How the error falls: train and test RMSE by epoch, in the data's own units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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

DASHES = ("dash", "dot", "dashdot", "longdash", "longdashdot")


@dataclass(frozen=True, eq=False)
class Curve:
    """One run's errors after epochs 0, 1, 2 ...: (n,) each."""

    name: str
    train: np.ndarray
    test: np.ndarray


def convergence(
    t: Callable[[str], str], theme: str, run: Curve, *, unit: str, epochs: int, log: bool = False,
    naive: float | None = None, pinned: Sequence[Curve] = (), marks: Sequence[tuple[int, float]] = (),
    diverged_at: int | None = None, forked_at: int | None = None, at: int | None = None,
) -> Picture:  # fmt: skip
    """The learning curves of `run`, with `pinned` runs behind them.

    `epochs` is how many are planned and sets the x axis; `naive` is the naive forecast's test RMSE; `marks` are
    (epoch, learning rate) where it was changed by hand; `at` is the epoch that is looked at.
    """
    longest = max([epochs, *(len(other.train) - 1 for other in pinned)])
    step = stride(longest + 1)
    traces = []
    for k, other in enumerate(pinned):
        for part in ("train", "test"):
            traces.append(_line(t, theme, part, getattr(other, part), step, unit, DASHES[k % len(DASHES)], other.name))
    for part in ("train", "test"):
        traces.append(_line(t, theme, part, getattr(run, part), step, unit))
    shown = np.concatenate([trace.data["y"] for trace in traces])
    if naive is not None:
        traces.append(level(theme, t(N_("naive forecast {naive:.4g}")).format(naive=naive), naive, longest))
    annotations, shapes = _events(t, theme, marks, diverged_at, forked_at, longest)
    title, axis = epoch_axis(t, longest)
    span = nice_range(np.append(shown, naive or np.nan), log)
    if at is not None:
        traces.append(cursor(theme, at, span, log))
    layout = base_layout(
        theme, title, t(N_("RMSE ({unit})")).format(unit=unit) if unit else "RMSE", xaxis=axis,
        yaxis={"type": "log", "range": span, **log_ticks(*span)} if log else {"range": span},
        annotations=annotations, shapes=shapes,
    )  # fmt: skip
    return Picture("convergence", t(N_("Convergence")), tuple(traces), layout, _alt(t, run, unit, naive, diverged_at))


def _line(
    t: Callable, theme: str, part: str, values: np.ndarray, step: int, unit: str, dash: str = "solid", owner: str = ""
) -> Trace:
    name = t(N_("train")) if part == "train" else t(N_("test"))
    style = {
        "type": "scatter",
        "mode": "lines",
        "name": f"{owner} {name}".strip(),
        "x0": 0,
        "dx": step,
        "opacity": 0.7 if owner else 1.0,
        "line": {"color": palette(theme)[part], "width": 1.5 if owner else 2.5, "dash": dash},
        "hovertemplate": "%{y:.4g} " + unit,
    }
    return Trace(style, {"y": np.asarray(values, np.float32)[::step]}, grows=not owner)


def _events(
    t: Callable, theme: str, marks: Sequence, diverged_at: int | None, forked_at: int | None, longest: int
) -> tuple[list[dict], list[dict]]:
    """Annotations and shapes for what happened at an epoch: words below each other, on the side that has room."""
    colours = palette(theme)
    annotations, shapes = [], []
    events = [(epoch, t(N_("lr {lr:g}")).format(lr=lr), "mark") for epoch, lr in marks]
    if forked_at is not None:
        events.append((forked_at, t(N_("fork at epoch {epoch}")).format(epoch=forked_at), "mark"))
    if diverged_at is not None:
        events.append((diverged_at, t(N_("diverged at epoch {epoch}")).format(epoch=diverged_at), "test"))
    for k, (epoch, words, role) in enumerate(events):
        shapes.append({"type": "line", "yref": "paper", "x0": epoch, "x1": epoch, "y0": 0, "y1": 1,
                       "line": {"color": colours[role], "width": 1.5, "dash": "dot"}})  # fmt: skip
        annotations.append({"x": epoch, "yref": "paper", "y": 1 - 0.12 * (k % 6), "yanchor": "top", "text": words,
                            "showarrow": False, "xanchor": "left" if epoch < 0.7 * longest else "right"})  # fmt: skip
    return annotations, shapes


def _alt(t: Callable, run: Curve, unit: str, naive: float | None, diverged_at: int | None) -> str:
    if not len(run.train):
        return t(N_("Learning curves; no epoch is done yet."))
    words = t(
        N_("Learning curves after {epoch} epochs: train RMSE {train:.4g} {unit}, test RMSE {test:.4g} {unit}.")
    ).format(epoch=len(run.train) - 1, train=run.train[-1], test=run.test[-1], unit=unit)
    if naive is not None:
        words += " " + t(N_("The naive forecast's test RMSE is {naive:.4g} {unit}.")).format(naive=naive, unit=unit)
    if diverged_at is not None:
        words += " " + t(N_("The training diverged at epoch {epoch}.")).format(epoch=diverged_at)
    return words
