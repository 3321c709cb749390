"""Where else do the same units behave the same? Other stretches of the series that the states go through alike.

Source: Strobelt et al. 2018, LSTMVis (a span is chosen, the units that it switches on are matched elsewhere).
"""

from dataclasses import dataclass

import numpy as np

MOST_UNITS = 4
MOST_MATCHES = 8


@dataclass(frozen=True, eq=False)
class Matches:
    """The windows (n,), the steps at which the spans begin (n,), and their distances (n,), ascending."""

    window: np.ndarray
    start: np.ndarray
    distance: np.ndarray


def outstanding(own: np.ndarray, span: slice, spread: np.ndarray) -> np.ndarray:
    """The up to 4 units of `own` (S, H) that are least in `span` what they are in the rest of the window.

    Measured between the two means, in units of `spread` (H,), the units' own over many windows; those that have none
    do not count. Where the span is the whole window, those that move most in it.
    """
    inside = np.zeros(len(own), bool)
    inside[span] = True
    apart = own.std(axis=0) if inside.all() else np.abs(own[inside].mean(axis=0) - own[~inside].mean(axis=0))
    apart = np.divide(apart, spread, out=np.zeros_like(spread), where=spread > 0)
    order = np.argsort(-apart, kind="stable")[:MOST_UNITS]
    return order[apart[order] > 0]


def similar(own: np.ndarray, others: np.ndarray, spread: np.ndarray, begins: np.ndarray, taken: int) -> Matches:
    """Up to 8 spans of `others` (B, S, U) whose states are most like `own` (L, U), no two at the same place.

    The distance is the root mean square of the differences over steps and units, in units of `spread` (U,). Window b
    begins at row `begins[b]` of the series; spans that share a row with each other, or with the one that begins at
    row `taken`, count as one.
    """
    length, units = own.shape
    places = others.shape[1] - length + 1
    squares = np.zeros((len(others), places))
    for step, state in enumerate(own):
        squares += np.square((others[:, step : step + places] - state) / spread).sum(axis=2)
    rows = begins[:, None] + np.arange(places)
    left = np.where(np.abs(rows - taken) < length, np.inf, squares)
    found = []
    while left.size and units and len(found) < MOST_MATCHES and np.isfinite(left.min()):
        best = np.unravel_index(left.argmin(), left.shape)
        found.append(best)
        left = np.where(np.abs(rows - rows[best]) < length, np.inf, left)
    window, start = np.array(found, int).reshape(-1, 2).T
    return Matches(window, start, np.sqrt(squares[window, start] / max(length * units, 1)))


def first_rows(inputs: np.ndarray) -> np.ndarray:
    """The row of the series at which each window of `inputs` (N, T) begins, (N,), counted from the first.

    A window that is the one before, moved on by a step, begins a row later; any other as if it shared no row with it.
    """
    steps = inputs.shape[1]
    follows = (inputs[1:, :-1] == inputs[:-1, 1:]).all(axis=1)
    return np.concatenate([[0], np.cumsum(np.where(follows, 1, steps))])
