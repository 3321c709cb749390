"""The homework's table, live: what is trained, how it converges, who beats the naive forecast, and the scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.kit import batch
from pages.kit.live import board, theme
from pages.kit.rows import names
from pages.kit.run_panel import IDLE
from pages.kit.text import plain, t
from seqcore.catalogue import CLASSICAL
from seqcore.data.series import Series
from seqcore.figures.overlay import Curves, overlay
from seqcore.figures.palette import Look, looks
from seqcore.figures.scores import Score, height, scores
from seqcore.homework import runs_of
from seqcore.reports.comparison import Row
from seqcore.reports.comparison import rows as rows_with_scores
from seqcore.reports.fairness import equal_seconds
from seqcore.reports.paired import against_naive
from seqcore.reports.result import Result
from seqcore.reports.table import as_frame
from seqcore.spec import RunSpec
from seqcore.text import N_

TICK = 0.25
"""Seconds between two looks at a table that fills."""


@dataclass(frozen=True)
class Table:
    """What a table is to hold: rows of networks, rows of classical forecasters, how many seeds, equal what."""

    networks: Sequence[RunSpec]
    baselines: Sequence[RunSpec]
    seeds: int
    fair: str
    series: Series | None

    def specs(self) -> list[RunSpec]:
        """All its runs; the classical forecasters begin first, as the table needs them all along."""
        return [*runs_of(self.baselines, 1), *runs_of(self.networks, self.seeds)]

    def results(self, page: str) -> list[Result]:
        """What is known of its runs; nothing while the series, an upload, is not there to show them with."""
        return batch.results(batch.runs(page), self.specs()) if self.series else []

    def rows(self, results: Sequence[Result]) -> list[Row]:
        """Networks first, scored at the end or at equal seconds."""
        seconds = equal_seconds(results) if self.fair == "seconds" else None
        return rows_with_scores([*self.networks, *self.baselines], results, seconds)


def score_board(page: str, table: Table, begin: Callable[[], None], lead: str) -> None:
    """Draw the buttons, and what moves below them."""
    specs = table.specs()
    with st.container(horizontal=True, vertical_alignment="center", key="runbar"):
        batch.buttons(page, t(N_("Train the table")), specs, table.series is not None, begin)
    found = batch.runs(page)
    begun = any(spec in found for spec in specs)
    moves = batch.moving(found, specs)
    show = st.fragment(run_every=TICK if moves else IDLE if begun else None)(_show)
    show(page, table, moves, lead)


def _show(page: str, table: Table, moved: bool, lead: str) -> None:
    """One tick. When the table has come to rest, or begins to move, the whole page is drawn again."""
    found, specs = batch.runs(page), table.specs()
    results = table.results(page)
    rows = table.rows(results)
    batch.progress(found, specs)
    verdict(table, rows, lead)
    board(pictures(table, rows, results), key=f"{page}.board", height=max(240, height(len(rows))), moving=moved)
    with st.container(key=f"{page}-table"):
        st.table(
            as_frame(rows, t, t(table.series.unit) if table.series else ""), border="horizontal", hide_index=True,
            alt=t(N_("The homework's table: scores of each row")),
        )  # fmt: skip
    if batch.moving(found, specs) != moved:
        st.rerun()


def pictures(table: Table, rows: Sequence[Row], results: Sequence[Result]) -> list:
    """All learning curves, and all final errors."""
    unit = t(table.series.unit) if table.series else ""
    naive = naive_rmse(rows)
    looked = looks_of(rows)
    named = names([row.spec for row in rows])
    curves, dots = [], []
    for row, look, name in zip(rows, looked, named, strict=True):
        own = [result for result in results if result.spec.replace(seed=0) == row.spec]
        network = row.spec.model.architecture not in CLASSICAL
        if network:
            diverged = [k for k, result in enumerate(own) if result.status == "diverged"]
            curves.append(Curves(name, look, [result.history.test_rmse for result in own], diverged))
        lost = [np.nan] * row.counts["diverged"]
        dots.append(Score(name, look, np.append(row.test.values, lost), table.seeds if network else 1))
    epochs = max(row.training.epochs for row in table.networks)
    return [
        overlay(t, theme(), curves, unit=unit, epochs=epochs, naive=naive),
        scores(t, theme(), dots, unit=unit, naive=naive),
    ]


def looks_of(rows: Sequence[Row]) -> list[Look]:
    """How each row is drawn, the same in every picture of the page."""
    return looks(row.spec.model.architecture for row in rows)


def naive_rmse(rows: Sequence[Row]) -> float | None:
    """The naive forecast's test RMSE, as soon as one row knows it."""
    return next((row.naive_rmse for row in rows if row.naive_rmse is not None), None)


BEATEN = N_(
    "**No network beats the naive forecast.** The best of them, {name}, is off by {error} {unit} on the test part; who "
    "says *tomorrow is as today* is off by {naive} {unit}, without a single weight."
)
BETTER = N_(
    "**{name} beats the naive forecast**: {error} {unit} against {naive} {unit} on the test part, and the seeds agree."
)
UNSURE = N_(
    "{name} is below the naive forecast ({error} {unit} against {naive} {unit} on the test part), but the seeds do not "
    "support that it is better."
)


def verdict(table: Table, rows: Sequence[Row], lead: str) -> None:
    """Say whether anything beats the naive forecast, where nobody misses it; before any has an end, say `lead`."""
    done = [row for row in rows if row.spec.model.architecture not in CLASSICAL and row.test.count]
    if not done:
        st.info(lead, icon=":material/school:")
        return
    named = dict(zip((row.spec for row in rows), names([row.spec for row in rows]), strict=True))
    best = min(done, key=lambda row: row.test.mean)
    if best.test.mean >= best.naive_rmse:
        words, draw, icon = BEATEN, st.warning, ":material/priority_high:"
    elif against_naive(best, len(done)).verdict == "a":
        words, draw, icon = BETTER, st.success, ":material/trending_down:"
    else:
        words, draw, icon = UNSURE, st.info, ":material/balance:"
    error, naive = f"{best.test.mean:.3g}", f"{best.naive_rmse:.3g}"
    unit = plain(t(table.series.unit))
    draw(t(words).format(name=plain(named[best.spec]), error=error, naive=naive, unit=unit), icon=icon)
