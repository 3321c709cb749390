"""Recorded runs: what a page shows before the visitor has trained anything, always labelled so."""

import streamlit as st

from pages.kit.memory_panel import MemoryScene
from pages.kit.scene import Scene
from pages.kit.text import ASSETS
from seqcore.data.series import load
from seqcore.reports.run_file import load as load_run


@st.cache_resource(max_entries=16, show_spinner=False)
def recorded(name: str) -> Scene:
    """The run in `assets/runs/<name>.npz`, made by `make recordings`; immutable, so one copy serves everybody."""
    run = load_run(ASSETS / "runs" / f"{name}.npz")
    series = load(run.spec.data.series)
    return Scene("recorded", run.spec, series, "recorded", run.history, run.started, run.snapshot, ())


@st.cache_resource(max_entries=4, show_spinner=False)
def recorded_memory(names: tuple[str, ...]) -> list[MemoryScene]:
    """The same for runs on a memory task."""
    runs = [load_run(ASSETS / "runs" / f"{name}.npz") for name in names]
    return [MemoryScene(run.spec, "recorded", run.history, run.snapshot) for run in runs]


@st.cache_resource(max_entries=4, show_spinner=False)
def recorded_text(name: str) -> Scene:
    """The same for a run on text."""
    run = load_run(ASSETS / "runs" / f"{name}.npz")
    return Scene("recorded", run.spec, None, "recorded", run.history, run.started, run.snapshot, ())
