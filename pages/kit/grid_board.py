"""A study, live: the map of its cells, what it says, and how each cell converges."""

from collections.abc import Callable

import streamlit as st

from pages.kit import batch
from pages.kit.grid import Cells, Grid, errors, said
from pages.kit.grid_words import verdict
from pages.kit.live import board, theme
from pages.kit.run_panel import IDLE
from pages.kit.text import t
from seqcore.data.series import Series
from seqcore.engine import Run
from seqcore.figures.heat import heat, height
from seqcore.figures.multiples import multiples
from seqcore.figures.overlay import Curves
from seqcore.figures.palette import looks
from seqcore.figures.picture import Picture
from seqcore.homework import variant
from seqcore.spec import SETTINGS
from seqcore.text import N_

TICK = 0.25
"""Seconds between two looks at a grid that fills."""

CURVES = 170
"""Pixels each panel of learning curves is high."""


def grid_board(page: str, grid: Grid, series: Series | None, fits: bool, begin: Callable[[], None], lead: str) -> None:
    """Draw the buttons, and what moves below them; a grid that does not fit its series cannot be begun."""
    with st.container(horizontal=True, vertical_alignment="center", key="runbar"):
        batch.buttons(page, t(N_("Fill the grid")), grid.runs, series is not None and fits, begin)
    found = batch.runs(page)
    moves = batch.moving(found, grid.runs)
    show = st.fragment(run_every=TICK if moves else IDLE if found else None)(_show)
    show(page, grid, t(series.unit) if series else "", moves, lead)


def _show(page: str, grid: Grid, unit: str, moved: bool, lead: str) -> None:
    """One tick. When the grid has come to rest, or begins to move, the whole page is drawn again."""
    found = batch.runs(page)
    cells = grid.results(batch.results(found, grid.runs))
    batch.progress(found, grid.runs)
    if count := len(others(found, grid)):
        st.caption(t(N_("{count} runs of another grid still train; filling this one ends them.")).format(count=count))
    left, right = st.columns([1, 1.5], gap="small")
    with left:
        high = height(max(len(grid.values), len(grid.models)))
        board([map_of(grid, cells, unit)], key=f"{page}.map", columns=1, height=high, moving=moved)
        verdict(grid, cells, unit, lead)
    with right:
        board(panels(grid, cells, unit), key=f"{page}.curves", columns=2, height=CURVES, moving=moved)
    if batch.moving(found, grid.runs) != moved:
        st.rerun()


def map_of(grid: Grid, cells: Cells, unit: str) -> Picture:
    """The map of final test errors, its longer side downwards."""
    found = [[errors(cells[cell]) for cell in line] for line in grid.cells]
    rows = t(SETTINGS[grid.vary][1].label), [said(t, grid.vary, value) for value in grid.values]
    columns = t(N_("Model")), [t(variant(name).label) for name in grid.models]
    if len(grid.models) > len(grid.values):
        found, rows, columns = [list(line) for line in zip(*found, strict=True)], columns, rows
    return heat(t, theme(), found, columns=columns, rows=rows, seeds=grid.seeds, unit=unit, naive=naive_rmse(cells))


def panels(grid: Grid, cells: Cells, unit: str) -> list[Picture]:
    """Learning curves, a panel for each value."""
    styles = looks(variant(name).settings["architecture"] for name in grid.models)
    drawn = []
    for value, line in zip(grid.values, grid.cells, strict=True):
        curves = []
        for name, look, cell in zip(grid.models, styles, line, strict=True):
            diverged = [k for k, result in enumerate(cells[cell]) if result.status == "diverged"]
            seeds = [result.history.test_rmse for result in cells[cell]]
            curves.append(Curves(t(variant(name).label), look, seeds, diverged))
        drawn.append((f"{t(SETTINGS[grid.vary][1].label)} {said(t, grid.vary, value)}", curves))
    epochs = max(cell.training.epochs for line in grid.cells for cell in line)
    return multiples(t, theme(), drawn, unit=unit, epochs=epochs, naive=naive_rmse(cells))


def naive_rmse(cells: Cells) -> float | None:
    """The naive forecast's test RMSE, where all cells have the same test part; None before it is known, too."""
    known = {result.started.naive_rmse for results in cells.values() for result in results if result.started}
    return known.pop() if len(known) == 1 else None


def others(found: batch.Runs, grid: Grid) -> list[Run]:
    """What trains, waits or rests for another grid of the page, what waits first."""
    wanted = set(grid.runs)
    unfinished = [run for spec, run in found.items() if spec not in wanted and not run.view().ended]
    return sorted(unfinished, key=lambda run: run.view().status != "queued")
