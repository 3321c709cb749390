"""One attention, or one head of it, as lines from each token to those it looks at."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqcore.figures.palette import ATTENTION, faint, palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.figures.token_axis import plain, short, token_axis
from seqcore.text import N_

BINS = ((0.15, 1.0, 0.35), (0.35, 2.0, 0.55), (0.65, 3.2, 0.75), (1.0, 5.0, 1.0))
"""Up to which weight a line is how many pixels wide, and how opaque."""

NAMED = 3
"""Tokens looked at that are named where somebody points, from the largest weight on."""


def height(count: int) -> int:
    """Pixels the plot should be high, so that each of `count` tokens of the longer side is named."""
    return max(205, 14 * count + 60)


def head_view(
    t: Callable[[str], str], theme: str, weights: np.ndarray, rows: Sequence[str], columns: Sequence[str], *,
    least: float = 0.05, row: int | None = None,
) -> Picture:  # fmt: skip
    """`weights` (T, S): the tokens `rows` on the left look at `columns` on the right, at most 40 of each.

    Weights below `least` have no line; with `row` only that token's lines stand out. A click tells the nearest token: x
    is 0 on the left and 1 on the right, y its place. The plot should be `height(max(T, S))` pixels high.
    """
    weights = np.nan_to_num(np.asarray(weights, np.float32))
    drawn = weights >= least
    chosen = drawn if row is None else drawn & (np.arange(len(rows)) == row)[:, None]
    ink, lower = ATTENTION[theme][2][1], least
    pale = {"color": palette(theme)["grid"], "width": 1}
    traces = [Trace(_line(pale), _lines(drawn & ~chosen))]
    for upper, width, opacity in BINS:
        if upper > lower:
            inside = chosen & (weights >= lower) & ((weights < upper) | (upper == 1))
            line = {"color": faint(ink, opacity), "width": width}
            traces.append(Trace({**_line(line), "name": f"{lower:g}–{upper:g}"}, _lines(inside)))
            lower = upper
    traces += [_ends(theme, 0, _spoken(rows, columns, weights, "→"), "y2"),
               _ends(theme, 1, _spoken(columns, rows, weights.T, "←"), "y3")]  # fmt: skip
    hidden = float(weights[~drawn].sum() / max(weights.sum(), 1e-9))
    left_out = t(N_("Not drawn: weights below {least:g}, together {share:.1%}")).format(least=least, share=hidden)
    layout = _layout(t, theme, rows, columns, left_out, row)
    alt = _alt(t, weights, rows, columns, left_out, row)
    return Picture("head_view", t(N_("Who looks at whom")), tuple(traces), layout, alt, clickable=True)


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": line}


def _lines(drawn: np.ndarray) -> dict[str, np.ndarray]:
    """From the left at a row's place to the right at a column's, with a gap after each line."""
    pairs = np.argwhere(drawn)  # (n, 2)
    y = np.insert(pairs.astype(np.float32), 2, np.nan, axis=1)  # (n, 3)
    return {"x": np.tile(np.array([0, 1, np.nan], np.float32), len(pairs)), "y": y.ravel()}


def _ends(theme: str, x: int, spoken: list[str], axis: str) -> Trace:
    """The points at which the lines end, on an axis that names the tokens."""
    style = {
        "type": "scatter", "mode": "markers", "yaxis": axis, "cliponaxis": False,
        "marker": {"color": palette(theme)["text"], "size": 5}, "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
    count = len(spoken)
    data = {"x": np.full(count, x, np.float32), "y": np.arange(count, dtype=np.float32)}
    return Trace(style, {**data, "customdata": np.array(spoken, dtype=str)})


def _spoken(tokens: Sequence[str], others: Sequence[str], weights: np.ndarray, arrow: str) -> list[str]:
    """Each token, and those it has most to do with."""
    told = []
    for token, line in zip(tokens, weights, strict=True):
        best = np.argsort(-line, kind="stable")[:NAMED].tolist()
        told.append("<br>".join([plain(token), *(f"{arrow} {plain(others[k])} {line[k]:.3f}" for k in best)]))
    return told


def _layout(
    t: Callable, theme: str, rows: Sequence[str], columns: Sequence[str], left_out: str, row: int | None
) -> dict[str, Any]:  # fmt: skip
    """The lines have an axis of numbers, since gaps have no place on one of tokens; those of tokens lie over it."""
    span = [max(len(rows), len(columns), 1) - 0.5, -0.5]
    left = [f"<b>▸ {short(token)}</b>" if k == row else short(token) for k, token in enumerate(rows)]
    over = {"overlaying": "y", "range": span, "zeroline": False, "ticks": ""}
    right = {"xref": "paper", "x": 1, "xanchor": "left", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
             "xshift": 6, "showarrow": False, "text": t(N_("Key"))}  # fmt: skip
    return base_layout(
        theme, left_out, t(N_("Query")), [right], hovermode="closest", margin={"l": 56, "r": 56, "b": 28},
        xaxis={"range": [-0.03, 1.03], "showgrid": False, "showticklabels": False},
        yaxis={"range": span, "showgrid": False, "showticklabels": False},
        yaxis2={**token_axis(left), **over},
        yaxis3={**token_axis([short(token) for token in columns]), **over, "side": "right"},
    )  # fmt: skip


def _alt(
    t: Callable, weights: np.ndarray, rows: Sequence[str], columns: Sequence[str], left_out: str, row: int | None
) -> str:  # fmt: skip
    """The token each looks at most; of the chosen `row` all weights."""
    words = [t(N_("Lines from {rows} tokens on the left to {columns} on the right.")).format(
        rows=len(rows), columns=len(columns))]  # fmt: skip
    if row is not None:
        told = ", ".join(f"{token} {weight:.2f}" for token, weight in zip(columns, weights[row], strict=True))
        words.append(t(N_("{token} looks at: {tokens}.")).format(token=rows[row], tokens=told))
    elif weights.size:
        most = weights.argmax(axis=1).tolist()
        told = "; ".join(f"{rows[k]} → {columns[at]} {weights[k, at]:.2f}" for k, at in enumerate(most))
        words.append(t(N_("Each looks most at: {tokens}.")).format(tokens=told))
    return " ".join([*words, left_out + "."])
