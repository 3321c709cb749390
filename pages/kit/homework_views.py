"""What the homework's page shows below its table, one view at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.kit.homework_home import take_home
from pages.kit.homework_honest import leak, paired
from pages.kit.live import board, theme
from pages.kit.rows import names
from pages.kit.score_board import Table, looks_of
from pages.kit.text import t
from seqcore.catalogue import CLASSICAL
from seqcore.figures.lags import LagErrors, lags
from seqcore.figures.palette import Look
from seqcore.figures.predictions import Line, predictions
from seqcore.figures.residuals import residuals
from seqcore.figures.shift import shift, shift_zoom
from seqcore.reports.result import Result
from seqcore.text import N_

Words = Mapping[str, str]

CLOSE = 40
"""Steps a close look shows."""


@dataclass(frozen=True)
class View:
    """A view by its name in the URL, its title, and `draw(page, table, words)`."""

    name: str
    title: str
    draw: Callable[[str, Table, Words], None]


@dataclass(frozen=True, eq=False)
class Forecaster:
    """A row's forecasts of the test part, of the run with the chosen seed."""

    name: str
    look: Look
    result: Result

    @property
    def line(self) -> Line:
        shot = self.result.snapshot.arrays["test_prediction"]
        return Line(self.name, self.look, self.result.started.test_from, shot[:, 0])


def forecasters(page: str, table: Table, seed: int) -> list[Forecaster]:
    """The rows that have forecasts: networks of that seed, and classical forecasters."""
    results = table.results(page)
    rows = table.rows(results)
    found = []
    for row, look, name in zip(rows, looks_of(rows), names([row.spec for row in rows]), strict=True):
        wanted = row.spec if row.spec.model.architecture in CLASSICAL else row.spec.replace(seed=seed)
        done = [r for r in results if r.spec == wanted and r.snapshot is not None]
        found += [Forecaster(name, look, result) for result in done]
    return found


def choose(page: str, table: Table) -> list[Forecaster]:
    """Draw the choice of seed and rows; the forecasters chosen, none where nothing is trained yet."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed = 0
        if table.seeds > 1:
            seed = st.select_slider(t(N_("Seed")), range(table.seeds), key=f"{page}.seed.{table.seeds}", width=200)
        found = forecasters(page, table, seed)
        labels = {f.name: f for f in found if f.result.spec.model.architecture != "naive"}
        networks = [name for name, f in labels.items() if f.result.spec.model.architecture not in CLASSICAL]
        key = f"{page}.shown.{'|'.join(labels)}"
        st.session_state.setdefault(key, networks)
        shown = st.multiselect(t(N_("Rows")), list(labels), key=key)
    if not found:
        st.info(t(N_("Nothing is trained yet: press Train the table.")), icon=":material/hourglass_empty:")
    return [labels[name] for name in shown]


def naive_line(table: Table, first: int) -> Line:
    """The value before, for the rows from `first` on."""
    return Line(t(N_("naive")), Look("naive"), first, table.series.values[first - 1 : -1])


@st.fragment
def draw_predictions(page: str, table: Table, words: Words) -> None:
    """The test part with all forecasts, and what is left over."""
    chosen = choose(page, table)
    if not chosen:
        return
    series, unit = table.series, t(table.series.unit)
    lines, first = [f.line for f in chosen], chosen[0].result.started.test_from
    common = dict(unit=unit, split=first)
    board(
        [predictions(t, theme(), series.times, series.values, lines, naive=naive_line(table, first), **common),
         residuals(t, theme(), series.times, series.values, lines, **common)],
        key=f"{page}.predictions", height=300,
    )  # fmt: skip


@st.fragment
def draw_shift(page: str, table: Table, words: Words) -> None:
    """The one-day shift: as a curve, and looked at closely."""
    st.markdown(words["shift"])
    chosen = choose(page, table)
    if not chosen:
        return
    series, unit = table.series, t(table.series.unit)
    lines = [f.line for f in chosen]
    first, last = lines[0].first, len(series.values) - 1
    with st.container(horizontal=True):
        start = first
        if last - first > CLOSE:
            start = st.slider(t(N_("From value")), first, last - CLOSE, (first + last - CLOSE) // 2,
                              key=f"{page}.from.{first}.{last}")  # fmt: skip
        back = st.slider(t(N_("Move the forecast back by")), 0, 5, key=f"{page}.back")
    window = (start, min(start + CLOSE, last))
    board(
        [shift_zoom(t, theme(), series.times, series.values, lines[0], unit=unit, window=window, back=back),
         shift(t, theme(), series.values, lines, unit=unit)],
        key=f"{page}.shift", height=300,
    )  # fmt: skip


@st.fragment
def draw_lags(page: str, table: Table, words: Words) -> None:
    """How the error grows when the forecast is fed with itself."""
    st.markdown(words["lags"])
    chosen = choose(page, table)
    if not chosen:
        return
    naive = next((f for f in forecasters(page, table, 0) if f.result.spec.model.architecture == "naive"), None)
    series, unit = table.series, t(table.series.unit)
    free = [Line(f.name, f.look, f.result.started.split, f.result.snapshot.arrays["free_running"]) for f in chosen]
    split = chosen[0].result.started.split
    last = np.full(len(series.values) - split, series.values[split - 1])
    board(
        [lags(t, theme(), [_by_lag(f) for f in chosen], unit=unit, naive=_by_lag(naive) if naive else None),
         predictions(t, theme(), series.times, series.values, free, unit=unit, split=split,
                     naive=Line(t(N_("naive")), Look("naive"), split, last))],
        key=f"{page}.lags", height=300,
    )  # fmt: skip


def _by_lag(forecaster: Forecaster) -> LagErrors:
    return LagErrors(forecaster.name, forecaster.look, forecaster.result.snapshot.arrays["lag_rmse"])


def draw_text(section: str) -> Callable[[str, Table, Words], None]:
    """A view that is a section of the lesson."""
    return lambda page, table, words: st.container(width=820).markdown(words[section])


VIEWS = (
    View("naive", N_("Why yesterday wins"), draw_text("naive")),
    View("predictions", N_("Predictions"), draw_predictions),
    View("shift", N_("One day late"), draw_shift),
    View("lags", N_("Further ahead"), draw_lags),
    View("paired", N_("Is the difference real?"), paired),
    View("leak", N_("What leaks?"), leak),
    View("data", N_("Which data?"), draw_text("data")),
    View("mathematics", N_("The mathematics"), draw_text("mathematics")),
    View("home", N_("Take it home"), take_home),
)
