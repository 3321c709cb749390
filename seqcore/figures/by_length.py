"""What a long source costs: how many sentences come out right, by their length, one line for each setting."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from seqcore.figures.palette import Look, faint, stroke
from seqcore.figures.picture import Picture, Trace, base_layout, whole_ticks, with_unit
from seqcore.figures.token_axis import plain
from seqcore.figures.tokens import PERCENT
from seqcore.text import N_

Curve = tuple[np.ndarray, np.ndarray]
"""Lengths (n,), rising, and the share of right sentences (seeds, n), 0 to 1; NaN where a seed has not finished."""

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")


def by_length(
    t: Callable[[str], str], theme: str, curves: Mapping[str, Curve], roles: Sequence[str], *, what: str
) -> Picture:
    """The mean over the seeds of each curve, in a band from the lowest to the highest.

    `roles` are the curves' colours ("gru"); those that share one differ by dash, and all by marker, up to six.
    `what` is counted, in words, such as "Right sentences".
    """
    looks = [stroke(theme, Look(role, roles[:k].count(role))) for k, role in enumerate(roles)]
    spreads = {name: _spread(np.asarray(shares, float)) for name, (_, shares) in curves.items()}
    traces = [trace for (name, (lengths, _)), look in zip(curves.items(), looks, strict=True)
              for trace in _band(lengths, spreads[name], look["color"])]  # fmt: skip
    traces += [_line(name, lengths, spreads[name], look, SYMBOLS[k % len(SYMBOLS)])
               for k, ((name, (lengths, _)), look) in enumerate(zip(curves.items(), looks, strict=True))]  # fmt: skip
    all_lengths = np.concatenate([np.zeros(0), *(lengths for lengths, _ in curves.values())])
    low, high = (all_lengths.min(), all_lengths.max()) if len(all_lengths) else (1, 2)
    room = 0.03 * (high - low) + 0.3
    axis = t(N_("{what} (%): mean and range of the seeds")).format(what=what)
    layout = base_layout(
        theme, t(N_("Source length (tokens)")), axis, yaxis=PERCENT,
        xaxis={"range": [float(low - room), float(high + room)], **whole_ticks(int(high - low)),
               "unifiedhovertitle": {"text": t(N_("Source tokens:")) + " %{x}"}},
    )  # fmt: skip
    return Picture("by_length", t(N_("Right by length of the source")), tuple(traces), layout,
                   _alt(t, with_unit(what, "%"), curves, spreads))  # fmt: skip


def _spread(shares: np.ndarray) -> np.ndarray:
    """Lowest, mean and highest over the seeds (3, n), and NaN where none has finished."""
    done = np.isfinite(shares)
    count = done.sum(axis=0)
    low = np.where(done, shares, np.inf).min(axis=0, initial=np.inf)
    high = np.where(done, shares, -np.inf).max(axis=0, initial=-np.inf)
    mean = np.where(done, shares, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, [low, mean, high], np.nan).astype(np.float32)


def _band(lengths: np.ndarray, over: np.ndarray, colour: str) -> list[Trace]:
    """The lower edge, and the upper one filled down to it; where no seed has finished the band has no part."""
    there = np.isfinite(over[1])
    x = np.asarray(lengths)[there].astype(np.float32)
    style = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"width": 0}}
    filled = {**style, "fill": "tonexty", "fillcolor": faint(colour, 0.16)}
    return [Trace(style, {"x": x, "y": over[0][there]}), Trace(filled, {"x": x, "y": over[2][there]})]


def _line(name: str, lengths: np.ndarray, over: np.ndarray, look: dict[str, str], symbol: str) -> Trace:
    low, mean, high = over
    style = {
        "type": "scatter", "mode": "lines+markers", "name": name, "meta": plain(name), "line": {**look, "width": 2.4},
        "marker": {"size": 8, "symbol": symbol, "color": look["color"]}, "cliponaxis": False,
        "hovertemplate": "%{y:.1%} (%{customdata[0]:.1%} … %{customdata[1]:.1%})<extra>%{meta}</extra>",
    }  # fmt: skip
    return Trace(style, {"x": np.asarray(lengths, np.float32), "y": mean, "customdata": np.stack([low, high], axis=1)})


def _alt(t: Callable, what: str, curves: Mapping[str, Curve], spreads: Mapping[str, np.ndarray]) -> str:
    words = [t(N_("{what} by the source's length in tokens, mean of the seeds.")).format(what=what)]
    for name, (lengths, shares) in curves.items():
        mean = spreads[name][1]
        there = np.flatnonzero(np.isfinite(mean))
        if not len(there):
            words.append(t(N_("{name}: none yet.")).format(name=name))
            continue
        told = ", ".join(f"{lengths[k]:g}: {mean[k]:.0%}" for k in there)
        seeds = int(np.isfinite(shares).any(axis=1).sum())
        words.append(t(N_("{name}, seeds: {count}: {shares}.")).format(name=name, count=seeds, shares=told))
    return " ".join(words)
