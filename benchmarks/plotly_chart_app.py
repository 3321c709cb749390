"""The same live pictures by `st.plotly_chart`, for `benchmarks.live` to measure beside ours."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import streamlit as st

from benchmarks.live import EPOCHS
from pages.kit.lab import engine
from pages.kit.run_panel import MOVING, TICK, live_scene
from pages.kit.scenes import Options, draw
from seqcore.data.series import load
from seqcore.spec import RunSpec

st.set_page_config(layout="wide")
if st.button("Train", key="start"):
    st.session_state.run = engine().submit(RunSpec().replace(epochs=EPOCHS), load(RunSpec().data.series), "benchmark")


@st.fragment(run_every=TICK)
def show() -> None:
    run = st.session_state.get("run")
    if run is None:
        return
    run.watch()
    view = run.view()
    st.text(view.status)
    columns = st.columns(2)
    for k, picture in enumerate(draw(live_scene(run, view), Options(), [])):
        columns[k % 2].plotly_chart(picture.figure().update_layout(height=205), key=picture.name)
    if view.status not in MOVING:
        st.rerun()


show()
