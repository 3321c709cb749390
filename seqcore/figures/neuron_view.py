"""How one query scores the keys: the products of their numbers, their sum, and what softmax makes of it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqcore.figures.palette import STATES
from seqcore.figures.picture import Picture, Trace, base_layout, whole_ticks
from seqcore.figures.states import reach
from seqcore.figures.token_axis import plain, short, token_axis
from seqcore.text import N_

BESIDE = (0.18, 0.52, 0.86)
"""Where the three columns of numbers stand beside the heat map."""


def height(count: int) -> int:
    """Pixels the plot should be high for so many keys."""
    return max(205, 15 * count + 110)


def neuron_view(
    t: Callable[[str], str], theme: str, q: np.ndarray, k: np.ndarray, tokens: Sequence[str], *, scale: float
) -> Picture:  # fmt: skip
    """`q` (head_dim,) of one token, `k` (S, head_dim) of the `tokens` it may look at, and the `scale` that divides.

    Above lies q, below the products q_i k_ji, a row for each token; beside them their sum q·k, that sum / scale, and
    its softmax over the rows. At most 40 tokens; the plot should be `height(S)` pixels high.
    """
    q, k = np.asarray(q, np.float32), np.asarray(k, np.float32)
    products = q * k  # (S, head_dim)
    scores = products.sum(axis=1)  # (S,)
    weights = softmax(scores / scale)
    limit = reach(np.concatenate([q[None], products]))
    cells = {"type": "heatmap", "x0": 1, "dx": 1, "y0": 0, "dy": 1, "zmin": -limit, "zmax": limit,
             "colorscale": STATES[theme], "showscale": False}  # fmt: skip
    traces = (
        Trace({**cells, "yaxis": "y2", "hovertemplate": "q %{x}: %{z:.3f}<extra></extra>"}, {"z": q[None]}),
        Trace({**cells, "ygap": 1, "hovertemplate": "%{text} = %{z:.3f}<extra></extra>"},
              {"z": products, "text": _spoken(q, k, tokens)}),
        _numbers(np.stack([scores, scores / scale, weights], axis=1)),
    )  # fmt: skip
    layout = _layout(t, theme, tokens, len(q), scale, limit)
    return Picture(
        "neuron_view", t(N_("q·k, number by number")), traces, layout, _alt(t, tokens, scores, weights, q, k)
    )


def softmax(scores: np.ndarray) -> np.ndarray:
    """e^scores / sum of e^scores (S,)."""
    exponentials = np.exp(scores - scores.max(initial=-np.inf))
    return exponentials / exponentials.sum()


def _spoken(q: np.ndarray, k: np.ndarray, tokens: Sequence[str]) -> np.ndarray:
    """The product in each cell (S, head_dim), for who points at it."""
    cells = [
        [f"{plain(token)}<br>q {i} · k {i} = {a:.3f} · {b:.3f}" for i, (a, b) in enumerate(zip(q, key, strict=True), 1)]
        for token, key in zip(tokens, k, strict=True)
    ]
    return np.array(cells, dtype=str).reshape(k.shape)


def _numbers(values: np.ndarray) -> Trace:
    """What the products of each row become (S, 3), as text."""
    count = len(values)
    words = [f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}" for value in values.ravel().tolist()]
    style = {"type": "scatter", "mode": "text", "xaxis": "x2", "hoverinfo": "skip", "textfont": {"size": 11},
             "cliponaxis": False}  # fmt: skip
    return Trace(style, {
        "x": np.tile(np.array(BESIDE, np.float32), count), "y": np.repeat(np.arange(count, dtype=np.float32), 3),
        "text": np.char.replace(np.array(words, dtype=str), "-", "−"),
    })  # fmt: skip


def _layout(
    t: Callable, theme: str, tokens: Sequence[str], head_dim: int, scale: float, limit: float
) -> dict[str, Any]:  # fmt: skip
    """The heat map and its strip on the left, the columns of numbers under their names on the right."""
    strip = min(0.12, 1 / (len(tokens) + 2))
    top = 1 - 1.4 * strip
    above = {"yref": "paper", "showarrow": False, "font": {"size": 11}, "yanchor": "middle", "y": 1 - strip / 2}
    heads = zip(BESIDE, ("q·k", f"/ {scale:.3g}", "softmax"), strict=True)
    ends = " ".join(f'<span style="color:{STATES[theme][end][1]}">■</span> {value:+g}'
                    for end, value in ((0, -limit), (-1, limit)))  # fmt: skip
    key = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
           "showarrow": False, "text": ends.replace("-", "−")}  # fmt: skip
    rows = token_axis([short(token) for token in tokens])
    base = base_layout(
        theme, t(N_("Dimension of the head")), t(N_("Key")),
        [key, *({**above, "xref": "x2", "x": x, "text": text} for x, text in heads)], hovermode="closest",
        margin={"r": 6},
        xaxis={"showgrid": False, "domain": [0, 0.54], "range": [0.5, head_dim + 0.5], **whole_ticks(head_dim)},
        yaxis={**rows, "range": rows["range"][::-1], "domain": [0, top]},
    )  # fmt: skip
    hidden = {"showgrid": False, "zeroline": False, "showticklabels": False}
    xaxis2 = {**hidden, "domain": [0.56, 1], "range": [0, 1], "anchor": "y"}
    yaxis2 = {**hidden, "domain": [1 - strip, 1], "range": [-0.5, 0.5], "anchor": "x", "showticklabels": True,
              "tickvals": [0], "ticktext": ["q"], "ticks": ""}  # fmt: skip
    return {**base, "xaxis2": xaxis2, "yaxis2": yaxis2}


def _alt(
    t: Callable, tokens: Sequence[str], scores: np.ndarray, weights: np.ndarray, q: np.ndarray, k: np.ndarray
) -> str:  # fmt: skip
    """Each key's score and weight, and the product that does most for the largest weight."""
    words = [t(N_("The {count} numbers of q, their products with each key's, and what the sums become.")).format(
        count=len(q))]  # fmt: skip
    told = "; ".join(f"{token}: q·k {score:.2f}, softmax {weight:.2f}"
                     for token, score, weight in zip(tokens, scores, weights, strict=True))  # fmt: skip
    if told:
        best = int(weights.argmax())
        at = int((q * k[best]).argmax())
        words += [f"{told}.", t(N_("The largest weight goes to {token}, mostly for dimension {number}.")).format(
            token=tokens[best], number=at + 1)]  # fmt: skip
    return " ".join(words)
