"""An activation function with its slope, where it saturates, and where the numbers of a cell lie on it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from seqcore.figures.palette import palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.text import N_

REACH = 6.0
"""The curve is drawn from -6 to 6; a number further out is drawn at the edge."""

FLAT = 0.05
"""Where the slope is below this, the function is called saturated: a gradient that passes shrinks twentyfold."""

HEIGHTS = {"tanh": (-1.1, 1.1), "softsign": (-1.1, 1.1), "sigmoid": (-0.1, 1.1)}
"""The picture's lowest and highest value for functions that have bounds."""

_erf = np.vectorize(math.erf, otypes=[float])


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _gaussian(x: np.ndarray) -> np.ndarray:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _share(x: np.ndarray) -> np.ndarray:
    """The share of a standard normal distribution below x."""
    return (1 + _erf(x / math.sqrt(2))) / 2


@dataclass(frozen=True)
class Activation:
    """A function, its slope, and its name as people write it; `name` is that of `torch.nn.functional`."""

    name: str
    label: str
    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]


ACTIVATIONS = {
    a.name: a
    for a in (
        Activation("tanh", "tanh", np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        Activation("sigmoid", "sigmoid", _sigmoid, lambda x: _sigmoid(x) * (1 - _sigmoid(x))),
        Activation("relu", "ReLU", lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1.0, 0.0)),
        Activation(
            "leaky_relu", "leaky ReLU", lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1.0, 0.01)
        ),
        Activation(
            "elu", "ELU", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
            lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
        ),
        Activation("gelu", "GELU", lambda x: x * _share(x), lambda x: _share(x) + x * _gaussian(x)),
        Activation(
            "silu", "SiLU (swish)", lambda x: x * _sigmoid(x), lambda x: _sigmoid(x) * (1 + x * (1 - _sigmoid(x)))
        ),
        Activation("softplus", "softplus", lambda x: np.logaddexp(0, x), _sigmoid),
        Activation("softsign", "softsign", lambda x: x / (1 + np.abs(x)), lambda x: (1 + np.abs(x)) ** -2),
    )
}  # fmt: skip
"""By name, in the order they are offered."""


def flat_spans(activation: Activation) -> list[tuple[float, float]]:
    """The spans of x within the picture in which the function is saturated."""
    x = np.linspace(-REACH, REACH, 1201)
    flat = np.concatenate([[False], np.abs(activation.slope(x)) < FLAT, [False]])
    turns = np.flatnonzero(flat[1:] != flat[:-1])
    return [(float(x[a]), float(x[b - 1])) for a, b in zip(turns[::2], turns[1::2], strict=True)]


def activation(
    t: Callable[[str], str], theme: str, name: str, points: Mapping[str, tuple[str, np.ndarray]], *, title: str = ""
) -> Picture:
    """The function called `name`, and `points` on it: by their name in the legend, a colour's role and x (n,)."""
    kind, colours = ACTIVATIONS[name], palette(theme)
    x = np.linspace(-REACH, REACH, 241)
    slope_name = t(N_("slope"))
    traces = [
        Trace({"type": "scatter", "mode": "lines", "name": kind.label, "hoverinfo": "skip",
               "line": {"color": colours["truth"], "width": 2.5}}, {"x": x, "y": kind.value(x)}),
        Trace({"type": "scatter", "mode": "lines", "name": slope_name, "hoverinfo": "skip",
               "line": {"color": colours["naive"], "width": 1.5, "dash": "dash"}}, {"x": x, "y": kind.slope(x)}),
    ]  # fmt: skip
    for label, (role, values) in points.items():
        inside = np.clip(np.nan_to_num(values, nan=0.0), -REACH, REACH)
        style = {
            "type": "scatter", "mode": "markers", "name": label,
            "line": {"color": colours[role]},
            "marker": {"color": colours[role], "size": 11, "line": {"color": colours["text"], "width": 1}},
            "hovertemplate": f"{label} %{{customdata:.3f}} → %{{y:.3f}}<extra></extra>",
        }  # fmt: skip
        traces.append(Trace(style, {"x": inside, "y": kind.value(inside), "customdata": np.asarray(values, float)}))
    low, high = HEIGHTS.get(name, (-1.1, 3.2))
    spans = flat_spans(kind)
    layout = base_layout(
        theme, t(N_("before: the sum")), t(N_("after")), hovermode="closest",
        xaxis={"range": [-REACH - 0.3, REACH + 0.3], "dtick": 2},
        yaxis={"range": [low, high]},
        shapes=[{"type": "rect", "xref": "x", "yref": "paper", "x0": a, "x1": b, "y0": 0, "y1": 1, "line": {"width": 0},
                 "fillcolor": colours["shade"], "layer": "below"} for a, b in spans],
    )  # fmt: skip
    return Picture("activation", title or kind.label, tuple(traces), layout, _alt(t, kind, points))


def _alt(t: Callable[[str], str], kind: Activation, points: Mapping[str, tuple[str, np.ndarray]]) -> str:
    values = np.concatenate([values for _, values in points.values()]) if points else np.empty(0)
    flat = int((np.abs(kind.slope(np.clip(np.nan_to_num(values), -50, 50))) < FLAT).sum())
    template = N_(
        "{name} and its slope from −{reach:g} to {reach:g}. Of {count} numbers of this step, {flat} lie where it is "
        "saturated (slope below {limit:g})."
    )
    return t(template).format(name=kind.label, reach=REACH, count=len(values), flat=flat, limit=FLAT)
