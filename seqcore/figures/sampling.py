"""From which tokens the next one is drawn: the distribution at a temperature, and what top-k and top-p cut away."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqcore.figures.palette import palette
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range
from seqcore.figures.token_axis import plain, short
from seqcore.text import N_

SHOWN = 10
"""Tokens that are drawn, the likeliest."""


def sampling(
    t: Callable[[str], str], theme: str, tokens: Sequence[str], probabilities: np.ndarray, kept: np.ndarray, *,
    temperature: float,
) -> Picture:  # fmt: skip
    """Of all `tokens` (V,) the `probabilities` (V,) at a `temperature`, and which of them are `kept` (V,) to draw from.

    The likeliest `SHOWN` are bars, from the top down, hatched and struck out if they are cut away; of a kept one the
    probability after the cut is written too.
    """
    probabilities, kept = np.asarray(probabilities, float), np.asarray(kept, bool)
    order = np.argsort(-probabilities, kind="stable")[:SHOWN].tolist()
    total = float(probabilities[kept].sum())
    names, marks = [tokens[k] for k in order], kept[order].tolist()
    data = {
        "x": probabilities[order].astype(np.float32), "y": np.arange(len(order), dtype=np.float32),
        "text": np.array([_words(probabilities[k], kept[k], total, bool(kept.all())) for k in order], dtype=str),
        "customdata": np.array([plain(name) for name in names], dtype=str),
    }  # fmt: skip
    title = t(N_("Temperature {temperature:g}: what may come next")).format(temperature=temperature)
    told = "; ".join(f"{name} {probabilities[k]:.3f}" for name, k in zip(names, order, strict=True))
    alt = t(N_("{title}. The likeliest: {tokens}. Kept: {kept} of {count} tokens, with {total:.3f} in all.")).format(
        title=title, tokens=told, kept=int(kept.sum()), count=len(tokens), total=total
    )
    axis, rest = t(N_("Probability")), len(tokens) - len(order)
    if rest:
        share = max(1 - float(probabilities[order].sum()), 0)
        axis = t(N_("Probability; {count} more tokens: {share:.3f}")).format(count=rest, share=share)
    span = nice_range(probabilities, log=False)
    layout = _layout(t, theme, axis, span, names, marks, int((~kept).sum()))
    return Picture("sampling", title, (Trace(_style(theme, marks), data),), layout, alt)


def _style(theme: str, marks: Sequence[bool]) -> dict[str, Any]:
    """Bars, of which only outline and hatching are left where a token is cut away."""
    colour = palette(theme)["free"]
    pattern = {"shape": ["" if mark else "/" for mark in marks], "size": 5, "solidity": 0.25}
    return {
        "type": "bar", "orientation": "h", "textposition": "outside", "textangle": 0, "textfont": {"size": 11},
        "cliponaxis": False, "constraintext": "none", "hovertemplate": "%{customdata}: %{x:.4f}<extra></extra>",
        "marker": {"color": colour, "line": {"color": colour, "width": 1}, "pattern": pattern},
    }  # fmt: skip


def _layout(
    t: Callable, theme: str, axis: str, span: list[float], names: Sequence[str], marks: Sequence[bool], cut: int
) -> dict[str, Any]:
    """The axis moves in steps: at a high temperature the likeliest tokens are hardly likely."""
    count = len(names)
    note = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
            "showarrow": False, "text": t(N_("struck out: {count} tokens")).format(count=cut)}  # fmt: skip
    labels = [short(name) if mark else f"<s>{short(name)}</s>" for name, mark in zip(names, marks, strict=True)]
    return base_layout(
        theme, axis, t(N_("Token")), [note] if cut else [], hovermode="closest", bargap=0.18,
        margin={"r": 84, "t": 22, "b": 32},
        xaxis={"range": span, "nticks": 5, "tickfont": {"size": 11}},
        yaxis={"showgrid": False, "range": [max(count, 1) - 0.5, -0.5], "tickvals": list(range(count)),
               "ticktext": labels, "tickfont": {"size": 11}, "automargin": True},
    )  # fmt: skip


def _words(probability: float, kept: bool, total: float, whole: bool) -> str:
    """A probability, and what it becomes when those that are kept share what was cut away."""
    if whole or not kept:
        return _share(probability)
    return f"{_share(probability)} → {_share(probability / total)}"


def _share(probability: float) -> str:
    return f"{probability:.3f}" if probability >= 0.0005 else "&lt; 0.001"
