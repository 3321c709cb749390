"""The famous one-day shift: a forecast that looks right and only repeats the value before."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from seqcore.figures.palette import BACKGROUND, Look, palette, stroke
from seqcore.figures.picture import Picture, Trace, amount, base_layout, nice_range, with_unit, wrap
from seqcore.figures.predictions import Line, ends, on_axis, room, time_title
from seqcore.text import N_

SHIFTS = np.arange(-3, 8)
"""Steps back at which the forecast is compared with the truth; negative ones look ahead."""


def shift(t: Callable[[str], str], theme: str, values: np.ndarray, lines: Sequence[Line], *, unit: str) -> Picture:
    """For each line the RMSE between its forecast of a step and the truth (N,) k steps before, over k in `SHIFTS`.

    The lowest is ringed. It lies at k = 0 if the model forecasts, at k = 1 if it repeats the value before.
    """
    errors = [shift_rmse(values, line) for line in lines]
    traces = [
        Trace(
            {"type": "scatter", "mode": "lines+markers", "name": line.name, "marker": {"size": 6},
             "x0": int(SHIFTS[0]), "dx": 1, "line": {**stroke(theme, line.look), "width": 2.2},
             "hovertemplate": "%{y:.4g} " + unit},
            {"y": error.astype(np.float32)},
        )
        for line, error in zip(lines, errors, strict=True)
    ]  # fmt: skip
    lowest = [(line, int(SHIFTS[np.argmin(error)]), error.min()) for line, error in zip(lines, errors, strict=True)
              if np.isfinite(error).all()]  # fmt: skip
    traces.append(_rings(theme, lowest))
    words = _findings(t, lowest)
    top = nice_range(np.concatenate([np.zeros(0), *errors]), log=False)[1] * 1.25
    note = {"xref": "paper", "x": 0.5, "yref": "paper", "y": 1, "yanchor": "top", "showarrow": False,
            "text": wrap(words, 38), "bgcolor": BACKGROUND[theme]}  # fmt: skip
    layout = base_layout(
        theme, t(N_("k: compared with the truth k steps earlier")), with_unit("RMSE", unit), [note] if words else [],
        xaxis={"range": [SHIFTS[0] - 0.5, SHIFTS[-1] + 0.5], "dtick": 1,
               "unifiedhovertitle": {"text": "k = %{x}"}},
        yaxis={"range": [-0.03 * top, top]}, shapes=_zero(theme),
    )  # fmt: skip
    return Picture("shift", t(N_("Does it only repeat?")), tuple(traces), layout, _alt(t, lines, errors, words, unit))


def shift_rmse(values: np.ndarray, line: Line) -> np.ndarray:
    """RMSE (k,) between the line's value for row i and the truth of row i - k, for the k in `SHIFTS`.

    Over the same rows for every k: those for which all are known. NaN where there are none.
    """
    rows = np.arange(line.first, line.first + len(line.values))
    known = (rows >= SHIFTS[-1]) & (rows < len(values) + SHIFTS[0]) & np.isfinite(line.values)
    if not known.any():
        return np.full(len(SHIFTS), np.nan)
    forecast, rows = line.values[known], rows[known]
    return np.array([np.sqrt(np.mean((forecast - values[rows - k]) ** 2)) for k in SHIFTS])


def shift_zoom(
    t: Callable[[str], str], theme: str, times: np.ndarray, values: np.ndarray, line: Line, *, unit: str,
    window: tuple[int, int], back: int = 0,
) -> Picture:  # fmt: skip
    """Rows (first, last) of the truth and of one forecast, and that drawn `back` steps earlier: do they coincide?"""
    begin, end = window
    name = t(N_("{name}, shifted back by {count}")).format(name=line.name, count=back)
    moved = Line(name, line.look, line.first - back, line.values)
    truth = Line(t(N_("truth")), Look("truth"), 0, values)
    traces = [_zoomed(theme, times, one, begin, end, unit) for one in (truth, line)]
    if back:
        traces[1] = replace(traces[1], style={**traces[1].style, **_behind(theme, line)})
        traces.append(_zoomed(theme, times, moved, begin, end, unit))
    before, after = (_rmse(values, one, begin, end) for one in (line, moved))
    words = t(N_("RMSE here: {rmse}")).format(rmse=amount(before, unit)) if np.isfinite(before) else ""
    if words and back:
        words = t(N_("RMSE here: {before:.4g} → {after}")).format(before=before, after=amount(after, unit))
    note = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4,
            "showarrow": False, "text": words}  # fmt: skip
    layout = base_layout(
        theme, time_title(t, times, 1), with_unit(t(N_("Value")), unit), [note],
        xaxis={"range": ends(times, begin, end), "nticks": 5, "tickangle": 0},
        yaxis={"range": room(values[begin : end + 1])},
    )  # fmt: skip
    alt = t(N_("Values {first} to {last} of the series and the forecast of {name}.")).format(
        first=begin + 1, last=end + 1, name=line.name
    )
    if back:
        alt += " " + t(N_("Also drawn: the same forecast, shifted back by {count}.")).format(count=back)
    return Picture("shift_zoom", t(N_("Looked at closely")), tuple(traces), layout, f"{alt} {words}".strip())


def _zoomed(theme: str, times: np.ndarray, line: Line, begin: int, end: int, unit: str) -> Trace:
    rows = np.arange(max(begin, line.first), min(end + 1, line.first + len(line.values)))
    style = {
        "type": "scatter", "mode": "lines+markers", "name": line.name, "marker": {"size": 5},
        "line": {**stroke(theme, line.look), "width": 2.2}, "hovertemplate": "%{y:.5g} " + unit,
    }  # fmt: skip
    return Trace(style, {"x": on_axis(times[rows]), "y": line.values[rows - line.first].astype(np.float32)})


def _behind(theme: str, line: Line) -> dict:
    """The look of a forecast that stays where it was while it is also drawn elsewhere."""
    return {"opacity": 0.55, "line": {**stroke(theme, line.look), "width": 1.6, "dash": "dot"}}


def _rmse(values: np.ndarray, line: Line, begin: int, end: int) -> float:
    """Over the rows from `begin` to `end` that the line reaches."""
    rows = np.arange(max(begin, line.first), min(end + 1, line.first + len(line.values)))
    off = line.values[rows - line.first] - values[rows]
    off = off[np.isfinite(off)]
    return float(np.sqrt(np.mean(off**2))) if len(off) else np.nan


def _rings(theme: str, lowest: Sequence[tuple[Line, int, float]]) -> Trace:
    """A ring around each line's lowest point."""
    ring = {"symbol": "circle-open", "size": 15, "line": {"width": 2.5},
            "color": [stroke(theme, line.look)["color"] for line, _, _ in lowest]}  # fmt: skip
    style = {"type": "scatter", "mode": "markers", "hoverinfo": "skip", "marker": ring, "cliponaxis": False}
    x, y = [k for _, k, _ in lowest], [error for *_, error in lowest]
    return Trace(style, {"x": np.array(x, np.float32), "y": np.array(y, np.float32)})


def _findings(t: Callable, lowest: Sequence[tuple[Line, int, float]]) -> str:
    """For each k at which some lines are lowest, a sentence that says what that means."""
    sentences = []
    for k in sorted({at for _, at, _ in lowest}):
        names = ", ".join(line.name for line, at, _ in lowest if at == k)
        if k == 0:
            words = t(N_("{names}: nearest to the value it was to forecast."))
        elif k == 1:
            words = t(N_("{names}: nearest to the value one step before, which it was told."))
        elif k > 1:
            words = t(N_("{names}: nearest to the value {k} steps before."))
        else:
            words = t(N_("{names}: nearest to a value {k} steps later."))
        sentences.append(words.format(names=names, k=abs(k)))
    return " ".join(sentences)


def _zero(theme: str) -> list[dict]:
    """k = 0, where a forecast should be lowest."""
    return [{"type": "line", "yref": "paper", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "layer": "below",
             "line": {"color": palette(theme)["naive"], "width": 1.2, "dash": "dot"}}]  # fmt: skip


def _alt(t: Callable, lines: Sequence[Line], errors: Sequence[np.ndarray], words: str, unit: str) -> str:
    told = N_("{name}: {forecast} against the value it forecasts, {repeat} against the one before")
    at = {int(k): i for i, k in enumerate(SHIFTS)}
    parts = [
        t(told).format(name=line.name, forecast=amount(error[at[0]], unit), repeat=amount(error[at[1]], unit))
        for line, error in zip(lines, errors, strict=True)
        if np.isfinite(error).any()
    ]
    start = t(N_("RMSE between forecasts and the truth k steps earlier, for k from {low} to {high}.")).format(
        low=SHIFTS[0], high=SHIFTS[-1]
    )
    return " ".join(part for part in (start, "; ".join(parts) + "." if parts else "", words) if part)
