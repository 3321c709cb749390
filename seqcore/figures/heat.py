"""A grid of settings, each cell the error it leads to; cells fill as their runs end."""

from collections.abc import Callable, Sequence

import numpy as np

from seqcore.figures.palette import ERRORS, LETTERS, palette
from seqcore.figures.picture import Picture, Trace, amount, base_layout, plus_minus, wrap
from seqcore.text import N_

Axis = tuple[str, Sequence[str]]
"""What an axis varies, and its values in words."""

Cells = Sequence[Sequence[np.ndarray]]
"""By row and column the final errors (n,) of the runs that have ended, NaN where one diverged."""

ROOMY = 6
"""Columns up to which a cell has room for all digits, on a phone too."""

FAR = 3
"""Errors beyond so many times the best cell's, or the naive forecast's if that is larger, share the last colour."""


def height(rows: int) -> int:
    """Pixels the plot should be high."""
    return 38 * rows + 100


def heat(
    t: Callable[[str], str], theme: str, cells: Cells, *, columns: Axis, rows: Axis, seeds: int, unit: str,
    naive: float | None = None,
) -> Picture:  # fmt: skip
    """`cells` by rows from the top, of `seeds` runs each, with mean ± standard deviation; the best cell is framed.

    A cell of which a run diverged is never the best. At most 12 by 12; on a phone the longer axis belongs into the
    rows. The plot should be `height(len(cells))` pixels high.
    """
    means = np.array([[_mean(values) for values in line] for line in cells], np.float32)  # (rows, columns)
    low, high = _limits(means, naive)
    filled = Trace(
        {"type": "heatmap", "colorscale": ERRORS[theme], "showscale": False, "xgap": 3, "ygap": 3, "zmin": low,
         "zmax": high, "hoverongaps": False, "hoverinfo": "skip"},
        {"z": means},
    )  # fmt: skip
    best = _best(cells)
    words = _written(t, theme, cells, (means - low) / (high - low), seeds)
    title = _title(t, cells, best, unit, naive)
    layout = _layout(t, theme, cells, means, columns, rows, best)
    return Picture("heat", title, (filled, words), layout, _alt(t, title, cells, columns, rows, seeds, best))


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else np.nan


def _limits(means: np.ndarray, naive: float | None) -> tuple[float, float]:
    """The errors of the first and the last colour."""
    finite = means[np.isfinite(means)]
    if not len(finite):
        return 0.0, 1.0
    low = float(finite.min())
    high = min(float(finite.max()), FAR * max(low, naive or 0.0))
    return low, high if high > low else low + 1.0


def _best(cells: Cells) -> tuple[int, int] | None:
    """Row and column of the lowest mean among the cells of which no run diverged."""
    means = {(r, c): values.mean() for r, line in enumerate(cells) for c, values in enumerate(line)
             if len(values) and np.isfinite(values).all()}  # fmt: skip
    return min(means, key=means.get, default=None)


def _written(t: Callable, theme: str, cells: Cells, depth: np.ndarray, seeds: int) -> Trace:
    """What stands in each cell, in black or white where the cell is filled; `depth` is the place in the scale."""
    tight = len(cells[0]) > ROOMY
    text = [_words(t, values, seeds, tight) for line in cells for values in line]
    bright = np.nan_to_num(depth) > 0.5
    ink = np.where(bright, LETTERS[theme][1], LETTERS[theme][0])
    ink = np.where(np.isfinite(depth), ink, palette(theme)["text"])
    rows, columns = np.indices(depth.shape, dtype=np.float32)
    style = {"type": "scatter", "mode": "text", "hoverinfo": "skip",
             "textfont": {"size": 9 if tight else 13, "color": ink.ravel().tolist()}}  # fmt: skip
    return Trace(style, {"x": columns.ravel(), "y": rows.ravel(), "text": np.array(text)})


def _words(t: Callable, values: np.ndarray, seeds: int, tight: bool) -> str:
    """Mean, and below it the spread or what is missing; in few letters where a cell is `tight`."""
    finite = values[np.isfinite(values)]
    if not len(values):
        return "·"
    if not len(finite):
        return "×"
    mean, sd = plus_minus(finite)
    if tight:
        mean = _short(finite.mean(), 3)
        sd = "±" + _short(finite.std(ddof=1), 1) if sd else ""
    if len(finite) < len(values):
        sd = f"{len(values) - len(finite)} ×"
    elif len(values) < seeds:
        sd = f"{len(values)}/{seeds}" if tight else t(N_("{count} of {total}")).format(count=len(values), total=seeds)
    return f"{mean}<br>{sd}" if sd else mean


def _short(value: float, digits: int) -> str:
    """So many digits, and no exponent up to a million."""
    return f"{float(f'{value:.{digits}g}'):g}"


def _layout(
    t: Callable, theme: str, cells: Cells, means: np.ndarray, columns: Axis, rows: Axis, best: tuple[int, int] | None
) -> dict:
    shape = means.shape
    labels = [wrap(label, 12) for label in rows[1]]
    widest = max(len(line) for label in labels for line in label.split("<br>"))
    lost = any((~np.isfinite(values)).any() for line in cells for values in line)
    note = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
            "showarrow": False, "text": t(N_("× diverged"))}  # fmt: skip
    below = [wrap(label, max(6, 40 // shape[1])) for label in columns[1]]
    grid = {"showgrid": False, "zeroline": False}
    return base_layout(
        theme, columns[0], rows[0], [note] if lost else [], hovermode="closest", shapes=_frames(theme, means, best),
        margin={"l": max(50, 14 + 8 * widest), "r": 8, "b": 38 + 15 * max(label.count("<br>") for label in below)},
        xaxis={**grid, "range": [-0.5, shape[1] - 0.5], "tickvals": list(range(shape[1])), "tickangle": 0,
               "ticktext": below},
        yaxis={**grid, "range": [shape[0] - 0.5, -0.5], "tickvals": list(range(shape[0])), "ticktext": labels},
    )  # fmt: skip


def _frames(theme: str, means: np.ndarray, best: tuple[int, int] | None) -> list[dict]:
    """A thin frame around every cell without a number, so that it is seen to be empty; a thick one around the best."""
    colours = palette(theme)
    empty = np.argwhere(~np.isfinite(means)).tolist()
    frames = [(cell, 0.46, {"color": colours["naive"], "width": 1, "dash": "dot"}) for cell in empty]
    if best is not None:
        frames.append((best, 0.48, {"color": colours["text"], "width": 3}))
    return [{"type": "rect", "x0": c - reach, "x1": c + reach, "y0": r - reach, "y1": r + reach, "line": line}
            for (r, c), reach, line in frames]  # fmt: skip


def _title(t: Callable, cells: Cells, best: tuple[int, int] | None, unit: str, naive: float | None) -> str:
    parts = []
    if best is not None:
        parts.append(t(N_("best {rmse}")).format(rmse=plus_minus(cells[best[0]][best[1]])[0]))
    if naive is not None:
        parts.append(t(N_("naive {naive}")).format(naive=amount(naive, unit)))
    return t(N_("Test RMSE")) + (": " + ", ".join(parts) if parts else "")


def _alt(
    t: Callable, title: str, cells: Cells, columns: Axis, rows: Axis, seeds: int, best: tuple[int, int] | None
) -> str:
    flat = [values for line in cells for values in line]
    done = sum(len(values) >= seeds for values in flat)
    lost = sum(bool((~np.isfinite(values)).any()) for values in flat)
    words = t(N_("{title}. {rows} by {columns}: {done} of {total} cells are done.")).format(
        title=title, rows=rows[0], columns=columns[0], done=done, total=len(flat)
    )
    if best is not None:
        r, c = best
        words += " " + t(N_("The best is {row}, {column}: {mean}.")).format(
            row=f"{rows[0]} {rows[1][r]}",
            column=f"{columns[0]} {columns[1][c]}",
            mean=" ".join(plus_minus(cells[r][c])).rstrip(),
        )
    if lost:
        words += " " + t(N_("Cells with a run that diverged: {count}.")).format(count=lost)
    return words
