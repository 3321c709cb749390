"""Which of a visitor's runs a page looks into: its own, and those of the Train page."""

import streamlit as st

from pages.kit.lab import engine
from pages.kit.run_panel import STATES
from pages.kit.text import t
from pages.kit.viewer import viewer
from seqcore.engine import Run
from seqcore.spec import SETTINGS
from seqcore.text import N_


def choose(page: str) -> tuple[Run | None, Run | None]:
    """Draw the choice of a run, and of another beside it; None where there is none yet or none is wanted.

    A new run of the page is chosen by itself.
    """
    own = engine().of(f"{viewer()}/{page}")
    runs = {run.id: run for run in (*own, *engine().of(f"{viewer()}/train"))}
    if not runs:
        return None, None
    key, newest = f"{page}.run", next(iter(runs))
    if st.session_state.get(key) not in runs or st.session_state.get(f"{page}.newest") != newest:
        st.session_state[key] = st.session_state[f"{page}.newest"] = newest
    chosen = st.selectbox(t(N_("Network")), list(runs), key=key, format_func=lambda name: name_of(runs[name]))
    others = [None, *(name for name in runs if name != chosen)]
    if st.session_state.get(f"{page}.other") not in others:
        st.session_state[f"{page}.other"] = None
    beside = None
    if len(others) > 1:
        beside = st.selectbox(
            t(N_("Compare with")), others, key=f"{page}.other",
            format_func=lambda name: name_of(runs[name]) if name else t(N_("nothing")),
        )  # fmt: skip
    return runs[chosen], runs.get(beside)


def name_of(run: Run) -> str:
    """A run in a few words: its network, its size, its series, its state."""
    spec, view = run.spec, run.view()
    model = t(SETTINGS["architecture"][1].choices[spec.model.architecture])
    forked = " ⑂" if view.fork else ""
    return f"{model} {spec.model.hidden_size}{forked} · {t(run.series.label)} · {t(STATES[view.status])}"
