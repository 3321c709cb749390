"""What each head is good for: how the loss changes when it is switched off."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from seqcore.figures.attention_grid import left_margin
from seqcore.figures.palette import STATES, palette
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range, with_unit
from seqcore.figures.token_axis import plain
from seqcore.text import N_

GAP = 1
"""Bars that would fit between those of two attentions."""

ROOM = 0.28
"""Room beside the longest bar for its head's number, as a share of the axis."""


def height(effects: Mapping[str, np.ndarray]) -> int:
    """Pixels the plot should be high: for each attention room for its name."""
    bars = sum(5 * len(heads) + 10 for heads in effects.values())
    return 70 + max(135, min(bars, 260), 16 * len(effects))


def head_effects(
    t: Callable[[str], str], theme: str, effects: Mapping[str, np.ndarray], *, unit: str
) -> Picture:  # fmt: skip
    """`effects` (N,) by attention, from the top down: the loss without each of its heads less the loss with all.

    In `unit`, NaN where not measured yet. To the right the head was needed; the one that was needed most of its
    attention is numbered, from 1 on. The plot should be `height(effects)` pixels high.
    """
    values = [np.asarray(heads, np.float32) for heads in effects.values()]
    tops = np.cumsum([0, *(len(heads) + GAP for heads in values)])
    x = np.concatenate([np.zeros(0, np.float32), *values])
    y = np.concatenate([x[:0], *(top + np.arange(len(heads)) for top, heads in zip(tops, values, strict=False))])
    colours = STATES[theme]
    style = {
        "type": "bar", "orientation": "h", "textposition": "outside", "textangle": 0, "textfont": {"size": 11},
        "cliponaxis": False, "constraintext": "none", "hovertemplate": "%{customdata}: %{x:+.4g} " + unit
        + "<extra></extra>",
        "marker": {"color": [colours[0][1] if effect < 0 else colours[-1][1] for effect in x.tolist()]},
    }  # fmt: skip
    spoken = [t(N_("{attention}, head {head}")).format(attention=plain(name), head=k + 1)
              for name, heads in effects.items() for k in range(len(heads))]  # fmt: skip
    data = {
        "x": x, "y": y.astype(np.float32), "customdata": np.array(spoken, dtype=str),
        "text": np.array([word for heads in values for word in _named(t, heads)], dtype=str),
    }  # fmt: skip
    title = t(N_("What each head is good for"))
    layout = _layout(t, theme, effects, x, tops.tolist(), unit)
    return Picture("head_effects", title, (Trace(style, data),), layout, _alt(t, title, effects, unit))


def _named(t: Callable, heads: np.ndarray) -> list[str]:
    """The number of the head that is needed most, at its place, if any is."""
    best = int(np.nanargmax(heads)) if (heads > 0).any() else None
    return [t(N_("head {head}")).format(head=k + 1) if k == best else "" for k in range(len(heads))]


def _layout(
    t: Callable, theme: str, effects: Mapping[str, np.ndarray], x: np.ndarray, tops: list[int], unit: str
) -> dict[str, Any]:  # fmt: skip
    """The axis moves in steps, on both sides of 0 if a loss falls."""
    high, low = nice_range(x, log=False)[1], nice_range(-x, log=False)[1] if (x < 0).any() else 0.0
    middles = [top + (len(heads) - 1) / 2 for top, heads in zip(tops, effects.values(), strict=False)]
    return base_layout(
        theme, with_unit(t(N_("Change of the loss")), unit), t(N_("Attention")), hovermode="closest",
        bargap=0.15, margin={"l": left_margin(effects)},
        xaxis={"range": [-low, high + ROOM * max(high, low)], "zeroline": True,
               "zerolinecolor": palette(theme)["text"], "zerolinewidth": 1.5, "nticks": 6},
        yaxis={"showgrid": False, "range": [max(tops[-1] - GAP, 1) - 0.5, -0.5], "tickvals": middles,
               "ticktext": [plain(name) for name in effects], "tickfont": {"size": 11}},
    )  # fmt: skip


def _alt(t: Callable, title: str, effects: Mapping[str, np.ndarray], unit: str) -> str:
    """Of each attention the head that is needed most, and how many could go."""
    words = [t(N_("{title}: change of the loss, in {unit}, when it is switched off.")).format(title=title, unit=unit)]
    for name, heads in effects.items():
        measured = np.asarray(heads)[np.isfinite(heads)]
        if len(measured):
            words.append(t(N_(
                "{attention}: head {head} is missed most ({effect:+.3g}); heads without which the loss does "
                "not rise: {spare} of {count}."
            )).format(attention=name, head=int(np.nanargmax(heads)) + 1, effect=measured.max(),
                      spare=int((measured <= 0).sum()), count=len(measured)))  # fmt: skip
    return " ".join(words)
