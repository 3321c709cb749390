"""Recorded runs: what a page shows before the visitor has trained anything, always labelled so."""

import streamlit as st

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
