"""A made-up run on the live board, without an engine: `streamlit run benchmarks/live_demo/app.py`.

500 epochs in 2.5 seconds; the tests of the browser's side look at it. What the browser loads by URL does not lie
below this folder, so as it stands the board shows what it says when that is missing; the tests hand it over.
"""

import sys
import time
from pathlib import Path

import numpy as np
import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from pages.kit.live import board, theme
from seqcore.figures.convergence import Curve, convergence
from seqcore.figures.gradient import gradient
from seqcore.figures.states import states

EPOCHS = 500
TRAIN = (4 + 6 * np.exp(-np.arange(EPOCHS + 1) / 80)).astype(np.float32)

began = st.session_state.setdefault("began", time.monotonic())
shown, inside = st.toggle("Shown", True), st.toggle("Look inside", True)


@st.fragment(run_every=0.1)
def tick() -> None:
    n = min(EPOCHS, int(200 * (time.monotonic() - began)))
    run = Curve("", TRAIN[: n + 1], TRAIN[: n + 1] + 1)
    values = np.sin(np.add.outer(np.arange(19), np.arange(8)) / 5 + n / 50)
    pictures = [
        convergence(str, theme(), run, unit="m", epochs=EPOCHS, naive=5.0),
        gradient(str, theme(), run.train, epochs=EPOCHS, clip=5.0),
    ]
    if inside:
        pictures.append(states(str, theme(), "Hidden state", values, kind="hidden"))
    if shown:
        board(pictures, key="demo.board", moving=n < EPOCHS)


tick()
