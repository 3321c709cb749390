"""Recorded runs: what a page shows before the visitor has trained anything, always labelled so."""

from collections.abc import Sequence

import streamlit as st

from pages.kit.memory_panel import MemoryScene
from pages.kit.scene import Scene
from pages.kit.text import ASSETS
from seqcore.data.series import load
from seqcore.recordings import file_of
from seqcore.reports.result import Result
from seqcore.reports.run_file import load as load_run
from seqcore.spec import Whole


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


def recorded_results(wanted: Sequence[Whole], at_first: tuple[Whole, ...]) -> list[Result]:
    """The recorded runs of a board that opens with `at_first`; none where its form asks for anything else."""
    return _results(tuple(map(file_of, at_first))) if tuple(wanted) == at_first else []


@st.cache_resource(max_entries=4, show_spinner=False)
def _results(files: tuple[str, ...]) -> list[Result]:
    runs = [load_run(ASSETS / "runs" / file) for file in files]
    return [Result(run.spec, "finished", run.history, run.started, run.snapshot) for run in runs]
