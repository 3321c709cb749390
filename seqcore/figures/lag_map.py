"""Who solves which lag: a field for each network and lag, with the number of updates it took."""

from collections.abc import Callable, Sequence

import numpy as np

from seqcore.figures.palette import ERRORS, LETTERS, palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.text import N_

ROOMY, TIGHT = 6, 9
"""Lags up to which there is room for large and for middling letters, on a phone too."""


def lag_map(
    t: Callable[[str], str], theme: str, lags: np.ndarray, cells: Sequence[str], solved: np.ndarray,
    updates: np.ndarray,
) -> Picture:  # fmt: skip
    """A column for each of `lags` (L,), a row for each of the M networks called `cells`.

    `solved` (L, M) is the share of seeds, in 0..1, that solved the task at that lag, NaN where it is not yet run;
    `updates` (L, M) the median number of updates of those that did, NaN where none did. Darker is more seeds.
    """
    shares = np.asarray(solved, float).T  # (M, L)
    filled = Trace(
        {"type": "heatmap", "colorscale": ERRORS[theme], "showscale": False, "xgap": 3, "ygap": 3, "zmin": 0.0,
         "zmax": 1.0, "hoverongaps": False, "hoverinfo": "skip"},
        {"z": shares.astype(np.float32)},
    )  # fmt: skip
    words = _written(theme, shares, np.asarray(updates, float).T)
    alt = _alt(t, lags, cells, shares, np.asarray(updates, float).T)
    return Picture(
        "lag_map", t(N_("Who solves which lag")), (filled, words), _layout(t, theme, lags, cells, shares), alt
    )


def _written(theme: str, shares: np.ndarray, updates: np.ndarray) -> Trace:
    """What stands in each field, in the ink that is read on its colour; nothing where it is not yet run."""
    count = shares.shape[1]
    text = [_words(share, number) for share, number in zip(shares.ravel(), updates.ravel(), strict=True)]
    ink = np.where(shares.ravel() >= 0.5, LETTERS[theme][1], LETTERS[theme][0]).tolist()
    rows, columns = np.indices(shares.shape, dtype=np.float32)
    size = 13 if count <= ROOMY else 11 if count <= TIGHT else 9
    style = {"type": "scatter", "mode": "text", "hoverinfo": "skip", "textfont": {"size": size, "color": ink}}
    return Trace(style, {"x": columns.ravel(), "y": rows.ravel(), "text": np.array(text)})


def _words(share: float, updates: float) -> str:
    """The number of updates, and below it the share where only some of the seeds solved it; a dash where none did."""
    if np.isnan(share):
        return ""
    if share == 0:
        return "–"
    number = f"{updates:,.0f}" if np.isfinite(updates) else ""
    return "<br>".join(filter(None, [number, _percent(share) if share < 1 else ""]))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _layout(t: Callable, theme: str, lags: np.ndarray, cells: Sequence[str], shares: np.ndarray) -> dict:
    rows, columns = shares.shape
    grid = {"showgrid": False, "zeroline": False}
    note = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
            "showarrow": False, "text": t(N_("– not solved"))}  # fmt: skip
    frame = {"color": palette(theme)["naive"], "width": 1, "dash": "dot"}
    frames = [{"type": "rect", "x0": c - 0.46, "x1": c + 0.46, "y0": r - 0.44, "y1": r + 0.44, "line": frame}
              for r, c in np.argwhere(np.isnan(shares)).tolist()]  # fmt: skip
    return base_layout(
        theme, t(N_("Lag (steps)")), t(N_("Updates until solved")), [note] if (shares == 0).any() else [],
        hovermode="closest", shapes=frames, margin={"l": max(50, 14 + 8 * max(map(len, cells))), "r": 8},
        xaxis={**grid, "range": [-0.5, columns - 0.5], "tickvals": list(range(columns)), "tickangle": 0,
               "ticktext": [str(lag) for lag in lags]},
        yaxis={**grid, "range": [rows - 0.5, -0.5], "tickvals": list(range(rows)), "ticktext": list(cells)},
    )  # fmt: skip


def _alt(t: Callable, lags: np.ndarray, cells: Sequence[str], shares: np.ndarray, updates: np.ndarray) -> str:
    words = [t(N_("Which network solves the task at which lag, and after how many updates."))]
    for name, row, numbers in zip(cells, shares, updates, strict=True):
        told = [t(N_("lag {lag}: {fate}")).format(lag=lag, fate=_fate(t, share, number))
                for lag, share, number in zip(lags, row, numbers, strict=True)]  # fmt: skip
        words.append(f"{name}: {', '.join(told)}.")
    return " ".join(words)


def _fate(t: Callable, share: float, updates: float) -> str:
    if np.isnan(share):
        return t(N_("not yet run"))
    if share == 0:
        return t(N_("not solved"))
    count = f"{updates:,.0f}" if np.isfinite(updates) else "?"
    if share == 1:
        return t(N_("{count} updates")).format(count=count)
    return t(N_("{count} updates in {share} of the seeds")).format(count=count, share=_percent(share))
