"""What a straight line can read from the states: from all units together, and from each alone."""

from collections.abc import Callable
from typing import Any

import numpy as np

from seqcore.figures.openness import unit_ticks
from seqcore.figures.palette import ERRORS, LETTERS, palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.text import N_

QUANTITIES = (N_("value"), N_("slope"), N_("position"))
"""Of the input at a step: what comes in, by how much it rose, and where in the window it is."""


def readout(
    t: Callable[[str], str], theme: str, scores: np.ndarray, units: np.ndarray, order: np.ndarray | None = None
) -> Picture:
    """`scores` (3,), R² of a probe that reads all units; `units` (H, 3), r² of each; NaN where nothing can be read.

    A row for each quantity: at the left all units together, then unit by unit in `order` (H,), a permutation, and at
    the right the best of them.
    """
    order = np.arange(len(units)) if order is None else order
    names = [t(name) for name in QUANTITIES]
    shared = {"type": "heatmap", "zmin": 0.0, "zmax": 1.0, "colorscale": ERRORS[theme], "showscale": False, "ygap": 4,
              "hoverongaps": False}  # fmt: skip
    together = {**shared, "hoverinfo": "skip"}
    alone = {
        **shared, "xaxis": "x2", "xgap": 1 if len(units) <= 64 else 0,
        "hovertemplate": t(N_("unit")) + " %{customdata}: r² %{z:.3f}<extra></extra>",
    }  # fmt: skip
    traces = (
        Trace(together, {"z": scores[:, None].astype(np.float32)}),
        Trace(
            alone,
            {"z": units[order].T.astype(np.float32), "customdata": np.tile(order + 1, (3, 1))},
        ),
    )
    layout = _layout(t, theme, scores, units, order, names)
    return Picture("readout", t(N_("What can be read from the state")), traces, layout, _alt(t, scores, units, names))


def _layout(
    t: Callable, theme: str, scores: np.ndarray, units: np.ndarray, order: np.ndarray, names: list[str]
) -> dict[str, Any]:
    base = base_layout(theme, "", "")["xaxis"]
    free = {"showgrid": False, "zeroline": False}
    note = {"showarrow": False, "yanchor": "middle"}
    written = [
        {**note, "text": _number(score), "xref": "x", "x": 0, "y": k, "font": {"color": _ink(theme, score), "size": 15}}
        for k, score in enumerate(scores)
    ]
    best = [
        {**note, "text": words, "xref": "paper", "x": 1, "xanchor": "left", "xshift": 6, "align": "left", "y": k}
        for k, words in enumerate(_best(t, units))
    ]
    above = {"xref": "paper", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4, "showarrow": False}
    heads = [
        {**above, "x": 0.18, "xanchor": "right", "text": t(N_("all units: R²"))},
        {**above, "x": 0.23, "xanchor": "left", "text": t(N_("each unit alone: r²"))},
        {**above, "x": 1, "xanchor": "left", "xshift": 6, "text": t(N_("the best"))},
    ]
    return base_layout(
        theme, "", "", [*heads, *written, *best], hovermode="closest",
        margin={"l": 78, "r": 106},
        xaxis={**free, "domain": [0, 0.18], "range": [-0.5, 0.5], "showticklabels": False},
        xaxis2={**base, **free, "domain": [0.23, 1], "anchor": "y", "range": [-0.5, len(order) - 0.5],
                **unit_ticks(order), "tickangle": 0, "title": {**base["title"], "text": t(N_("Unit"))}},
        yaxis={**free, "range": [2.5, -0.5], "tickvals": [0, 1, 2], "ticktext": names},
    )  # fmt: skip


def _number(score: float) -> str:
    """Two digits; what is worse than the mean is just that."""
    return "–" if np.isnan(score) else f"{score:.2f}" if score > -0.005 else "< 0"


def _ink(theme: str, score: float) -> str:
    return palette(theme)["text"] if np.isnan(score) else LETTERS[theme][int(score > 0.5)]


def _best(t: Callable, units: np.ndarray) -> list[str]:
    """For each quantity the unit that tells most of it."""
    found = []
    for column in units.T:
        known = np.nan_to_num(column, nan=-1.0)
        unit = int(known.argmax())
        words = t(N_("unit {unit}: {score}")).format(unit=unit + 1, score=_number(column[unit]))
        found.append("–" if known[unit] < 0 else words)
    return found


def _alt(t: Callable, scores: np.ndarray, units: np.ndarray, names: list[str]) -> str:
    told = [
        t(N_("{name}: R² {score} from all {units} units, at best {best}")).format(
            name=name, score=_number(score), units=len(units), best=best
        )
        for name, score, best in zip(names, scores, _best(t, units), strict=True)
    ]
    return t(N_("What a linear probe reads from the state on the test part.")) + " " + "; ".join(told) + "."
