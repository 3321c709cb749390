"""What pre-training is worth: right answers by how many labels there are, and how masked words were learnt before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqcore.figures.overlay import MOST, spread
from seqcore.figures.palette import Look, faint, palette, stroke
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range, stride
from seqcore.text import N_

SYMBOLS = ("circle", "square", "diamond", "triangle-up")
LEVEL = 0.4
"""Where the axis begins unless a mean lies below: two answers are guessed right half the time."""


@dataclass(frozen=True, eq=False)
class Way:
    """What a classifier stands on: the share of right answers by the number of labels, mean over the seeds (n,).

    `low` and `high` (n,) are the ends of its interval. NaN where there is none yet.
    """

    name: str
    look: Look
    low: np.ndarray
    mean: np.ndarray
    high: np.ndarray


def by_labels(
    t: Callable[[str], str], theme: str, labels: np.ndarray, ways: Sequence[Way], *, chance: float
) -> Picture:
    """A line for each way over the numbers of `labels` (n,), on a logarithmic axis, in the band of its intervals.

    Of two seeds these may be wider than the picture: the axis holds the means.

    `chance` is the share of whoever guesses.
    """
    traces = [trace for way in ways for trace in _band(labels, way, stroke(theme, way.look)["color"])]
    traces += [_line(labels, way, stroke(theme, way.look), SYMBOLS[k % len(SYMBOLS)]) for k, way in enumerate(ways)]
    ends = np.log10([labels[0] / 1.15, labels[-1] * 1.15]).tolist()
    traces.append(_level(theme, t(N_("chance {share:.0%}")).format(share=chance), chance, 10 ** np.array(ends)))
    shares = np.concatenate([np.zeros(0), *(way.mean for way in ways)])
    bottom = min([LEVEL, *(np.floor(20 * shares[np.isfinite(shares)]) / 20)])
    ticks = np.linspace(0, 1, 11)
    layout = base_layout(
        theme, t(N_("Labelled reviews")), t(N_("Right answers (%): mean of the seeds and its 95 % interval")),
        xaxis={"type": "log", "range": ends, "tickvals": labels.tolist(), "ticktext": [f"{n:g}" for n in labels],
               "unifiedhovertitle": {"text": t(N_("Labelled reviews:")) + " %{x}"}},
        yaxis={"range": [max(0.0, float(bottom)), 1.02], "tickvals": ticks.tolist(),
               "ticktext": [f"{100 * share:.0f}" for share in ticks]},
    )  # fmt: skip
    return Picture("by_labels", t(N_("Right answers, on reviews never seen")), tuple(traces), layout,
                   _alt(t, labels, ways, chance))  # fmt: skip


def guesses(
    t: Callable[[str], str], theme: str, train: Sequence[np.ndarray], test: Sequence[np.ndarray], *, epochs: int,
    updates: int,
) -> Picture:  # fmt: skip
    """How the loss of masked words falls: nats (n,) of each seed after epochs 0, 1, 2 ..., each of so many `updates`.

    On the batches that are learnt from and on reviews never seen: the mean of the seeds, in a band between extremes.
    """
    step = stride(epochs + 1, MOST)
    axis = {"x0": 0, "dx": step * updates}
    traces, told = [], []
    for role, name, seeds in (("train", N_("while learning"), train), ("test", N_("never seen"), test)):
        over, look = spread(seeds, step), stroke(theme, Look(role))
        style = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"width": 0}, **axis}
        filled = {**style, "fill": "tonexty", "fillcolor": faint(look["color"], 0.16)}
        drawn = {"type": "scatter", "mode": "lines", "name": t(name), "line": {**look, "width": 2.2}, **axis,
                 "hovertemplate": "%{y:.3g}"}  # fmt: skip
        traces += [Trace(kind, {"y": part.astype(np.float32)}, grows=True)
                   for kind, part in ((style, over.low), (filled, over.high), (drawn, over.mean))]  # fmt: skip
        done = np.flatnonzero(over.count)
        if len(done):
            told.append(t(N_("{name}: {first:.3g} at first, {last:.3g} after {updates} updates.")).format(
                name=t(name), first=over.mean[0], last=over.mean[done[-1]], updates=done[-1] * step * updates
            ))  # fmt: skip
    heights = np.concatenate([trace.data["y"] for trace in traces])
    layout = base_layout(
        theme, t(N_("Updates")), t(N_("Loss of a masked word (nats): mean and range of the seeds")),
        xaxis={"range": [0, epochs * updates], "unifiedhovertitle": {"text": t(N_("Updates:")) + " %{x}"}},
        yaxis={"range": nice_range(heights, log=False)},
    )  # fmt: skip
    words = [t(N_("Loss of masked words by updates, mean of the seeds.")), *(told or [t(N_("None yet."))])]
    return Picture("guesses", t(N_("Pre-training: masked words, no labels")), tuple(traces), layout, " ".join(words))


def _band(labels: np.ndarray, way: Way, colour: str) -> list[Trace]:
    """The lower edge, and the upper one filled down to it, where there is an interval; nothing above 100 %."""
    there = np.isfinite(way.low) & np.isfinite(way.high)
    x = labels[there].astype(np.float32)
    style = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"width": 0}}
    filled = {**style, "fill": "tonexty", "fillcolor": faint(colour, 0.14)}
    return [Trace(kind, {"x": x, "y": part[there].clip(0, 1).astype(np.float32)})
            for kind, part in ((style, way.low), (filled, way.high))]  # fmt: skip


def _line(labels: np.ndarray, way: Way, look: dict[str, str], symbol: str) -> Trace:
    style = {
        "type": "scatter", "mode": "lines+markers", "name": way.name, "line": {**look, "width": 2.4},
        "marker": {"size": 8, "symbol": symbol, "color": look["color"]}, "cliponaxis": False,
        "hovertemplate": "%{y:.1%}",
    }  # fmt: skip
    return Trace(style, {"x": labels.astype(np.float32), "y": way.mean.astype(np.float32)})


def _level(theme: str, name: str, share: float, ends: np.ndarray) -> Trace:
    style = {"type": "scatter", "mode": "lines", "name": name, "hoverinfo": "skip",
             "line": {"color": palette(theme)["naive"], "width": 1.5, "dash": "dash"}}  # fmt: skip
    return Trace(style, {"x": ends.astype(np.float32), "y": np.full(2, share, np.float32)})


def _alt(t: Callable, labels: np.ndarray, ways: Sequence[Way], chance: float) -> str:
    words = [t(N_("Share of right answers by the number of labelled reviews, mean of the seeds."))]
    words.append(t(N_("Chance is {share:.0%}.")).format(share=chance))
    for way in ways:
        there = np.flatnonzero(np.isfinite(way.mean))
        if not len(there):
            words.append(t(N_("{name}: none yet.")).format(name=way.name))
            continue
        told = ", ".join(f"{labels[k]:g}: {way.mean[k]:.0%}{_ends(way, k)}" for k in there)
        words.append(f"{way.name}: {told}.")
    return " ".join(words)


def _ends(way: Way, k: int) -> str:
    return f" ({way.low[k]:.0%} … {way.high[k]:.0%})" if np.isfinite(way.low[k]) else ""
