"""The way of the hidden state through a window, in the directions in which states differ most."""

from collections.abc import Callable
from typing import Any

import numpy as np

from seqcore.figures.palette import ERRORS, STEPS, palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.text import N_

DIGITS = 4
"""Of a colour's number: it travels as text."""


def trajectory(
    t: Callable[[str], str], theme: str, path: np.ndarray, cloud: np.ndarray, colour: np.ndarray | None = None, *,
    explained: np.ndarray, three_d: bool = False, azimuth: float = 30.0, elevation: float = 20.0,
) -> Picture:  # fmt: skip
    """`path` (T, k) of the watched window, coloured by step, and where others end, `cloud` (P, k), k at most 3.

    `colour` (P,) are the others' targets: the darker (in a dark theme the lighter), the higher. `explained` (k,) names
    the axes. In 3-D each axis fills a box, seen from far away `azimuth` degrees around it and `elevation` above.
    """
    path, cloud, explained = (_padded(values) for values in (path, cloud, explained))
    low, high = _span(np.concatenate([path, cloud]))
    names = [t(N_("PC {number} ({share:.0f} %)")).format(number=k + 1, share=100 * explained[k]) for k in range(3)]
    if three_d:
        seen = _Camera(azimuth, elevation, low, high)
        path_, cloud_ = seen(path), seen(cloud)
        traces = [seen.box(theme)]
        layout = _layout(theme, "", "", seen.names(names), [-2.0, 2.0], [-1.9, 1.75], hidden=True)
    else:
        path_, cloud_, traces = path[:, :2], cloud[:, :2], []
        layout = _layout(theme, names[0], names[1], [], [low[0], high[0]], [low[1], high[1]], hidden=False)
    traces += [_cloud(t, theme, cloud_, colour), *_way(t, theme, path_)]
    layout["annotations"] += _ends(t, theme, path_)
    return Picture("trajectory", t(N_("The way of the state")), tuple(traces), layout, _alt(t, path, cloud, explained))


def _padded(values: np.ndarray) -> np.ndarray:
    """With zeros for the components that a small state has not."""
    return np.pad(values.astype(float), [(0, 0)] * (values.ndim - 1) + [(0, 3 - values.shape[-1])])


def _span(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest of finite `points` (n, 3), with some room: (3,) each."""
    points = points[np.isfinite(points).all(axis=1)]
    low, high = points.min(axis=0, initial=np.inf), points.max(axis=0, initial=-np.inf)
    room = np.where(high > low, 0.08 * (high - low), 1.0)
    return np.where(high >= low, low - room, -1.0), np.where(high >= low, high + room, 1.0)


class _Camera:
    """An orthographic view of the box from `low` to `high` (3,), which becomes a cube from -1 to 1."""

    def __init__(self, azimuth: float, elevation: float, low: np.ndarray, high: np.ndarray):
        a, e = np.radians(azimuth), np.radians(elevation)
        self.across = np.array([np.cos(a), np.sin(a), 0.0])
        self.up = np.array([-np.sin(a) * np.sin(e), np.cos(a) * np.sin(e), np.cos(e)])
        self.middle, self.half = (low + high) / 2, (high - low) / 2

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(n, 3) -> (n, 2)."""
        return self._flat((points - self.middle) / self.half)

    def _flat(self, cube: np.ndarray) -> np.ndarray:
        return np.stack([cube @ self.across, cube @ self.up], axis=-1)

    def box(self, theme: str) -> Trace:
        """The twelve edges, each ended by a gap."""
        corners = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing="ij"), -1).reshape(8, 3)
        pairs = [(i, j) for i in range(8) for j in range(i) if np.abs(corners[i] - corners[j]).sum() == 2]
        edges = np.array([[corners[i], corners[j], [np.nan] * 3] for i, j in pairs]).reshape(-1, 3)
        style = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "cliponaxis": False,
                 "line": {"color": palette(theme)["grid"], "width": 1.5}}  # fmt: skip
        return _drawn(style, self._flat(edges))

    def names(self, names: list[str]) -> list[dict[str, Any]]:
        """Each axis at the middle of that of its four edges that lies lowest, or for the upright farthest left."""
        notes = []
        for axis, name in enumerate(names):
            others = [k for k in range(3) if k != axis]
            middles = np.zeros((4, 3))
            middles[:, others] = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
            flat = self._flat(middles)
            x, y = flat[flat[:, 0].argmin() if axis == 2 else flat[:, 1].argmin()]
            note = {"text": name, "x": x, "y": y, "showarrow": False}
            if axis == 2:
                note |= {"textangle": -90, "xanchor": "right", "xshift": -4, "yanchor": "middle"}
            else:
                note |= {"xanchor": "right" if x < 0 else "left", "xshift": -6 if x < 0 else 6, "yanchor": "top"}
            notes.append(note)
        return notes


def _drawn(style: dict[str, Any], points: np.ndarray) -> Trace:
    return Trace(style, {"x": points[:, 0].astype(np.float32), "y": points[:, 1].astype(np.float32)})


def _cloud(t: Callable, theme: str, points: np.ndarray, colour: np.ndarray | None) -> Trace:
    ink = palette(theme)["naive"] if colour is None else ERRORS[theme][1][1]
    marker: dict[str, Any] = {"size": 4, "opacity": 0.55, "color": ink}
    if colour is not None:
        marker |= {"color": np.round(colour.astype(float), DIGITS).tolist(), "colorscale": ERRORS[theme]}
    style = {
        "type": "scatter", "mode": "markers", "marker": marker, "hoverinfo": "skip", "name": t(N_("where others end")),
        "line": {"color": ink, "dash": "dot"},
    }  # fmt: skip
    return _drawn(style, points)


def _way(t: Callable, theme: str, points: np.ndarray) -> list[Trace]:
    """The line, and on it a point for each step in the colour of its time."""
    steps = len(points)
    line = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "name": t(N_("this window, step by step")),
            "line": {"color": STEPS[theme][1][1], "width": 1.6}}  # fmt: skip
    marker = {"size": 8 if steps <= 60 else 5, "color": list(range(1, steps + 1)), "colorscale": STEPS[theme],
              "cmin": 1, "cmax": max(steps, 2), "line": {"width": 0.5, "color": palette(theme)["text"]}}  # fmt: skip
    dots = {"type": "scatter", "mode": "markers", "x0": 1, "marker": marker,
            "hovertemplate": t(N_("step")) + " %{marker.color}<extra></extra>"}  # fmt: skip
    return [_drawn(line, points), _drawn(dots, points)]


def _ends(t: Callable, theme: str, points: np.ndarray) -> list[dict[str, Any]]:
    finite = points[np.isfinite(points).all(axis=1)]
    if not len(finite):
        return []
    note = {"showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": palette(theme)["text"], "ax": 0,
            "standoff": 5}  # fmt: skip
    marked = [(t(N_("start")), finite[0], -26), (t(N_("end")), finite[-1], 26)]
    return [{**note, "text": f"<b>{words}</b>", "x": float(x), "y": float(y), "ay": ay}
            for words, (x, y), ay in marked[: len(finite)]]  # fmt: skip


def _layout(
    theme: str, x: str, y: str, notes: list[dict], x_range: list[float], y_range: list[float], *, hidden: bool
) -> dict[str, Any]:
    gone = {"showgrid": False, "showline": False, "showticklabels": False} if hidden else {}
    return base_layout(
        theme, x, y, notes, hovermode="closest", margin={"l": 8, "r": 8, "t": 8, "b": 8} if hidden else {},
        xaxis={"range": [float(v) for v in x_range], "nticks": 6, **gone},
        yaxis={"range": [float(v) for v in y_range], "nticks": 5, **gone},
    )  # fmt: skip


def _alt(t: Callable, path: np.ndarray, cloud: np.ndarray, explained: np.ndarray) -> str:
    words = t(
        N_("The state's way through {steps} steps, among the ends of {count} other windows. Three directions explain "
           "{first:.0f}, {second:.0f} and {third:.0f} % of how states differ.")
    )  # fmt: skip
    first, second, third = 100 * explained
    told = words.format(steps=len(path), count=len(cloud), first=first, second=second, third=third)
    moves = np.linalg.norm(np.diff(path, axis=0), axis=1)
    if len(moves) and np.isfinite(moves).all():
        far = t(N_("It ends {far:.2f} from where it began, after a way of {way:.2f}; its longest step is step {step}."))
        apart = np.linalg.norm(path[-1] - path[0])
        told += " " + far.format(far=apart, way=moves.sum(), step=int(moves.argmax()) + 2)
    return told
