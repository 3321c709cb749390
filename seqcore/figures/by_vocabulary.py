"""What a vocabulary's size buys: how many tokens a text becomes, or what share of them is unknown, for each kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqcore.figures.palette import palette
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range
from seqcore.figures.tokens import PERCENT
from seqcore.text import N_

MOST = 120
"""Points of a line at most, evenly apart on the logarithmic axis."""


TICKS = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000]


@dataclass(frozen=True, eq=False)
class Curve:
    """One kind of tokenizer: `values` (n,) with vocabularies of so many tokens, `sizes` (n,), rising from 1 or more.

    `role` is the colour's.
    """

    name: str
    role: str
    dash: str
    sizes: np.ndarray
    values: np.ndarray

    def at(self, size: int) -> float:
        """The value with a vocabulary of `size` tokens, or of the nearest size there is."""
        return float(self.values[np.abs(self.sizes - size).argmin()])


def by_vocabulary(
    t: Callable[[str], str], theme: str, curves: Sequence[Curve], *, name: str, title: str, what: str,
    share: bool = False, now: tuple[int, int] | None = None,
) -> Picture:  # fmt: skip
    """`what` the values are, in words, heads the y axis; they are numbers from 0 on, or with `share` from 0 to 1.

    `now` is which of the curves is looked at, and its size: a ring marks the place.
    """
    traces = [_line(t, theme, curve, share) for curve in curves]
    if now is not None:
        traces.append(_ring(t, theme, curves[now[0]], now[1]))
    ends = np.log10([min(curve.sizes[0] for curve in curves), max(curve.sizes[-1] for curve in curves)])
    room = 0.04 * (ends[1] - ends[0]) + 0.02
    span = [float(ends[0] - room), float(ends[1] + room)]
    top = nice_range(np.concatenate([curve.values for curve in curves]), log=False)
    layout = base_layout(
        theme, t(N_("Vocabulary size (tokens, logarithmic)")), what, hovermode="closest",
        xaxis={"type": "log", "range": span, "tickvals": TICKS, "tickangle": 0},
        yaxis=PERCENT if share else {"range": top},
    )  # fmt: skip
    return Picture(name, title, tuple(traces), layout, _alt(t, curves, what, share, now))


def _line(t: Callable, theme: str, curve: Curve, share: bool) -> Trace:
    """A line through the first and the last point of a curve, and at most `MOST` in all."""
    wanted = np.geomspace(curve.sizes[0], curve.sizes[-1], MOST)
    kept = np.unique(np.abs(curve.sizes[None] - wanted[:, None]).argmin(axis=1))
    values = "%{y:.1%}" if share else "%{y:.4g}"
    style = {
        "type": "scatter", "mode": "lines", "name": curve.name, "cliponaxis": False,
        "line": {"color": palette(theme)[curve.role], "width": 2.5, "dash": curve.dash},
        "hovertemplate": values + " · " + t(N_("vocabulary of {size}")).format(size="%{x}"),
    }  # fmt: skip
    return Trace(style, {"x": curve.sizes[kept].astype(np.float32), "y": curve.values[kept].astype(np.float32)})


def _ring(t: Callable, theme: str, curve: Curve, size: int) -> Trace:
    ring = {"symbol": "circle-open", "size": 13, "color": palette(theme)["text"], "line": {"width": 2.5}}
    style = {"type": "scatter", "mode": "markers", "cliponaxis": False, "marker": ring,
             "hovertemplate": t(N_("here you are")) + "<extra></extra>"}  # fmt: skip
    return Trace(style, {"x": np.array([size], np.float32), "y": np.array([curve.at(size)], np.float32)})


def _alt(t: Callable, curves: Sequence[Curve], what: str, share: bool, now: tuple[int, int] | None) -> str:
    form = ".1%" if share else ".3g"
    words = [t(N_("{what} by vocabulary size.")).format(what=what)]
    for curve in curves:
        words.append(t(N_("{name}: {first} with {low} tokens, {last} with {high}.")).format(
            name=curve.name, first=f"{curve.values[0]:{form}}", low=curve.sizes[0], last=f"{curve.values[-1]:{form}}",
            high=curve.sizes[-1]))  # fmt: skip
    if now is not None:
        curve, size = curves[now[0]], now[1]
        words.append(t(N_("Here you are: {name}, {size} tokens, {value}.")).format(
            name=curve.name, size=size, value=f"{curve.at(size):{form}}"))  # fmt: skip
    return " ".join(words)
