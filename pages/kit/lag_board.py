"""Who solves which lag: a grid of cells and lags that fills as its runs finish."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from pages.kit import batch
from pages.kit.live import board, theme
from pages.kit.memory_form import cell_name, formed
from pages.kit.run_panel import IDLE
from pages.kit.text import sentence, t, translator
from seqcore.data.tasks.spec import MemorySpec
from seqcore.figures.lag_map import lag_map
from seqcore.figures.picture import Picture
from seqcore.memory import UPDATES, found
from seqcore.reports.result import Result
from seqcore.text import N_, UserError

LAGS = (5, 10, 20, 40, 80)
"""As the picture shows them at first."""

CHOICES = (2, 3, 5, 8, 10, 15, 20, 30, 40, 60, 80, 100, 150, 200)

TICK = 0.3
"""Seconds between two looks at a grid that fills."""

FIRST = {"lags": list(LAGS), "seeds": 1}


def read_lags(text: str) -> list[int]:
    """Lags from a URL."""
    wanted = text.split(",")
    if not set(wanted) <= set(map(str, CHOICES)):
        raise UserError(N_("{name} must be some of {choices}."), name="lags", choices=", ".join(map(str, CHOICES)))
    return sorted(set(map(int, wanted)))


def read_count(text: str) -> int:
    """A number of seeds from a URL."""
    if text not in ("1", "2", "3", "4", "5"):
        raise UserError(N_("{name} must be one of {choices}, not {value!r}."),
                        name="seeds", choices="1, 2, 3, 4, 5", value=text[:40])  # fmt: skip
    return int(text)


READERS = {"lags": read_lags, "seeds": read_count}


def lag_board(page: str) -> None:
    """Draw the choice of lags and seeds, the buttons, and the map; the form's own lag is not read."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.multiselect(t(N_("Lags")), CHOICES, key=f"{page}.lags", persist_state="session")
        st.slider(t(N_("Seeds")), 1, 5, key=f"{page}.seeds", persist_state="session", width=160,
                  help=t(N_("Runs of each field.")))  # fmt: skip
    lags, seeds = sorted(st.session_state[f"{page}.lags"]), st.session_state[f"{page}.seeds"]
    specs: list[MemorySpec] = []
    try:
        if not lags:
            raise UserError(N_("Choose at least one lag."))
        specs = formed(page, tuple(lags), seeds)
    except UserError as problem:
        st.warning(sentence(problem), icon=":material/warning:")
    own = f"{page}.lagmap"
    with st.container(horizontal=True, vertical_alignment="center", key="runbar"):
        batch.buttons(own, t(N_("Fill the map")), specs, bool(specs), partial(batch.start_anew, own, specs))
    moves = batch.moving(batch.runs(own), specs)
    st.fragment(run_every=TICK if moves else IDLE if specs else None)(_show)(own, specs, moves)
    if specs:
        batch.download(own, specs, found, "memory.csv")


def _show(own: str, specs: Sequence[MemorySpec], moved: bool) -> None:
    runs = batch.runs(own)
    batch.progress(runs, specs)
    if specs:
        board([map_of(batch.results(runs, specs), specs)], key=f"{own}.board", columns=1, height=300, moving=moved)
    if batch.moving(runs, specs) != moved:
        st.rerun()


def map_of(results: Sequence[Result], specs: Sequence[MemorySpec]) -> Picture:
    """Of each cell and lag the share of its ended seeds that solved the task, and after how many updates."""
    lags = sorted({spec.data.lag for spec in specs})
    cells = list(dict.fromkeys(spec.model.architecture for spec in specs))
    reached: dict[tuple[int, str], list[float]] = {}
    for result in results:
        if result.status in ("finished", "diverged"):
            at = float(result.snapshot.arrays["solved"]) if result.snapshot else np.nan
            reached.setdefault((result.spec.data.lag, result.spec.model.architecture), []).append(at)
    shape = (len(lags), len(cells))
    share, updates = np.full(shape, np.nan), np.full(shape, np.nan)
    for (lag, cell), epochs in reached.items():
        place, solved = (lags.index(lag), cells.index(cell)), np.isfinite(epochs)
        share[place] = solved.mean()
        if solved.any():
            updates[place] = np.nanmedian(epochs) * UPDATES
    return lag_map(translator(), theme(), np.array(lags), [cell_name(cell) for cell in cells], share, updates)
