"""What it comes to: every seed's final error beside the naive forecast's, a line for each row of the table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqcore.figures.palette import BETTER, Look, faint, palette, stroke
from seqcore.figures.picture import Picture, Trace, amount, base_layout, plus_minus, with_unit, wrap
from seqcore.text import N_

ROW = 42
"""Pixels a row needs: its words above its dots, so that a phone's whole width is left to the dots."""

CLEARLY = 0.001
"""By what share of it a mean has to be below the naive forecast's error to be called better."""

FAR = 3
"""Errors beyond so many times the naive forecast's are drawn at the picture's edge."""


@dataclass(frozen=True, eq=False)
class Score:
    """A row's final errors, (n,) of the runs that have ended, NaN where one diverged, of `planned` runs."""

    name: str
    look: Look
    values: np.ndarray
    planned: int = 1

    @property
    def finite(self) -> np.ndarray:
        return self.values[np.isfinite(self.values)]

    @property
    def bar(self) -> tuple[float, ...]:
        """The ends of the bar one standard deviation to each side of the mean, where there is one; none is below 0."""
        if len(self.finite) < 2:
            return ()
        mean, sd = self.finite.mean(), self.finite.std(ddof=1)
        return max(mean - sd, 0.0), mean + sd


def height(rows: int) -> int:
    """Pixels the plot should be high."""
    return ROW * max(rows, 1) + 96


def scores(
    t: Callable[[str], str], theme: str, rows: Sequence[Score], *, unit: str, naive: float | None = None,
    part: str = "test",
) -> Picture:  # fmt: skip
    """A dot for each run, the mean as a tick with one standard deviation to each side; a diamond for a baseline.

    What is left of the vertical line is better than the naive forecast, whose error is `naive`. The plot should be
    `height(len(rows))` pixels high.
    """
    low, high = _span(rows, naive)
    error = t(N_("Test RMSE")) if part == "test" else t(N_("Train RMSE"))
    shapes, notes = _naive(t, theme, naive, low, high)
    for k, row in enumerate(rows):
        notes += _notes(t, k, row)
    layout = base_layout(
        theme, with_unit(error, unit), "", notes, hovermode="closest", shapes=shapes,
        margin={"l": 16, "r": 16, "t": 44},
        xaxis={"range": [low, high], "nticks": 6},
        yaxis={"range": [max(len(rows), 1) - 0.6, -0.9], "tickvals": list(range(len(rows))), "showticklabels": False},
    )  # fmt: skip
    traces = (_bars(theme, rows, high), _dots(theme, rows, high, unit), _means(theme, rows, high, unit))
    return Picture("scores", _title(t, rows, naive), traces, layout, _alt(t, error, rows, unit, naive))


def _span(rows: Sequence[Score], naive: float | None) -> tuple[float, float]:
    """A range that holds all dots and bars and leaves the side that beats the naive forecast more than a quarter."""
    values = np.concatenate([np.zeros(0), *(part for row in rows for part in (row.finite, row.bar))])
    if not naive:
        low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
        room = 0.1 * (high - low) or 0.1 * high or 1.0
        return float(low - room), float(high + room)
    values = np.append(np.minimum(values, FAR * naive), [naive, 1.06 * naive])
    room = 0.06 * (values.max() - values.min())
    high = float(values.max() + room)
    return float(min(values.min() - room, naive - 0.4 * (high - naive))), high


def _naive(t: Callable, theme: str, naive: float | None, low: float, high: float) -> tuple[list[dict], list[dict]]:
    """The line nobody should stay right of, and the side where a forecast is better."""
    if not naive:
        return [], []
    across = {"yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    shapes = [
        {**across, "type": "rect", "x0": low, "x1": naive, "fillcolor": BETTER[theme], "line": {"width": 0}},
        {**across, "type": "line", "x0": naive, "x1": naive,
         "line": {"color": palette(theme)["naive"], "width": 2, "dash": "dash"}},
    ]  # fmt: skip
    above = {"x": naive, "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 3, "showarrow": False}
    side = "left" if naive - low < 0.6 * (high - low) else "right"  # where there is room
    words = t(N_("naive<br>forecast {naive:.4g}")).format(naive=naive)
    return shapes, [
        {**above, "x": low, "xanchor": "left", "align": "left", "text": t(N_("◂ better<br>than naive"))},
        {**above, "xanchor": side, "xshift": 3 if side == "left" else -3, "align": side, "text": words},
    ]


def _notes(t: Callable, k: int, row: Score) -> list[dict]:
    """Above the row's dots its name, and at the other end its mean and spread, and below those what is missing."""
    note = {"y": k, "xref": "paper", "yanchor": "bottom", "yshift": 4, "showarrow": False}
    missing = _missing(t, row)
    words = [_number(row), f'<span style="font-size:11px">{missing}</span>' if missing else ""]
    return [
        {**note, "x": 0, "xanchor": "left", "align": "left", "text": wrap(row.name, 28, lines=2)},
        {**note, "x": 1, "xanchor": "right", "align": "right", "text": "<br>".join(filter(None, words))},
    ]


def _number(row: Score) -> str:
    return " ".join(plus_minus(row.finite)).rstrip() if len(row.finite) else ""


def _missing(t: Callable, row: Score) -> str:
    """How many runs the number is of, where some diverged or have not ended."""
    parts = []
    if lost := len(row.values) - len(row.finite):
        parts.append(t(N_("{count} diverged")).format(count=lost))
    if len(row.values) < row.planned:
        parts.append(t(N_("{count} of {total} runs")).format(count=len(row.values), total=row.planned))
    return " · ".join(parts)


def _bars(theme: str, rows: Sequence[Score], high: float) -> Trace:
    x, y = [], []
    for k, row in enumerate(rows):
        if row.bar:
            x += [*np.minimum(row.bar, high), np.nan]
            y += [k, k, np.nan]
    style = {"type": "scatter", "mode": "lines", "hoverinfo": "skip",
             "line": {"color": faint(palette(theme)["text"], 0.45), "width": 3}}  # fmt: skip
    return Trace(style, {"x": np.array(x, np.float32), "y": np.array(y, np.float32)})


def _dots(theme: str, rows: Sequence[Score], high: float, unit: str) -> Trace:
    """Every run; a diamond where the row has but one, as a baseline has; a triangle at the edge for what is far off."""
    x, y, colours, symbols, runs = [], [], [], [], []
    for k, row in enumerate(rows):
        for value in row.finite:
            x.append(min(value, high))
            y.append(k)
            runs.append(value)
            colours.append(faint(stroke(theme, row.look)["color"], 0.6 if row.planned > 1 else 1))
            symbols.append("triangle-right" if value > high else "circle" if row.planned > 1 else "diamond")
    style = {
        "type": "scatter", "mode": "markers", "cliponaxis": False,
        "hovertemplate": "%{customdata:.5g} " + unit + "<extra></extra>",
        "marker": {"size": 10, "color": colours, "symbol": symbols},
    }  # fmt: skip
    data = {"x": np.array(x, np.float32), "y": np.array(y, np.float32), "customdata": np.array(runs, np.float32)}
    return Trace(style, data)


def _means(theme: str, rows: Sequence[Score], high: float, unit: str) -> Trace:
    x, y, colours = [], [], []
    for k, row in enumerate(rows):
        if row.planned > 1 and len(row.finite) and row.finite.mean() <= high:
            x.append(row.finite.mean())
            y.append(k)
            colours.append(stroke(theme, row.look)["color"])
    style = {
        "type": "scatter", "mode": "markers", "hovertemplate": "%{x:.5g} " + unit + "<extra></extra>",
        "marker": {"size": 17, "symbol": "line-ns-open", "color": colours, "line": {"width": 4}},
    }  # fmt: skip
    return Trace(style, {"x": np.array(x, np.float32), "y": np.array(y, np.float32)})


def _winners(rows: Sequence[Score], naive: float) -> list[str]:
    """Rows clearly better than the naive forecast on average; a row of which a run diverged is not."""
    return [row.name for row in rows if len(row.finite) and np.isfinite(row.values).all()
            and row.finite.mean() < naive * (1 - CLEARLY)]  # fmt: skip


def _title(t: Callable, rows: Sequence[Score], naive: float | None) -> str:
    done = sum(len(row.values) > 0 for row in rows)
    if not naive or not done:
        return t(N_("The final scores"))
    winners = len(_winners(rows, naive))
    if not winners:
        return t(N_("Better than the naive forecast: none"))
    return t(N_("Better than the naive forecast: {count} of {total}")).format(count=winners, total=done)


def _alt(t: Callable, error: str, rows: Sequence[Score], unit: str, naive: float | None) -> str:
    told = "; ".join(f"{row.name}: {', '.join(filter(None, (_number(row), _missing(t, row))))}" for row in rows)
    words = t(N_("{error} of each row, mean ± standard deviation over its seeds.")).format(error=with_unit(error, unit))
    words += f" {told}." if told else ""
    if naive:
        words += " " + t(N_("The naive forecast: {naive}.")).format(naive=amount(naive, unit))
        better = ", ".join(_winners(rows, naive)) or t(N_("none"))
        words += " " + t(N_("Better than it on average: {rows}.")).format(rows=better)
    return words
