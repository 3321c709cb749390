"""Which of a visitor's runs a page looks into: its own, and those of the Train page."""

import streamlit as st

from pages.kit.lab import engine
from pages.kit.text import t
from pages.kit.viewer import viewer
from seqcore.engine import Run
from seqcore.spec import SETTINGS
from seqcore.text import N_

MOST_NAMED = 100
"""Runs whose numbers are remembered in a session; the engine keeps far fewer of one visitor."""


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
    names = {None: t(N_("nothing")), **{name: name_of(run) for name, run in runs.items()}}
    chosen = st.selectbox(t(N_("Network")), list(runs), key=key, format_func=names.get)
    others = [None, *(name for name in runs if name != chosen)]
    if st.session_state.get(f"{page}.other") not in others:
        st.session_state[f"{page}.other"] = None
    beside = None
    if len(others) > 1:
        beside = st.selectbox(t(N_("Compare with")), others, key=f"{page}.other", format_func=names.get)
    return runs[chosen], runs.get(beside)


def name_of(run: Run) -> str:
    """A run in a few words: a number of its own, its network, its size and its series.

    Always the same words for one run, and no others': a browser tells what was chosen by what it reads.
    """
    numbers = st.session_state.setdefault("seqlab.numbers", {})
    if run.id not in numbers:
        numbers[run.id] = max(numbers.values(), default=0) + 1
        for oldest in list(numbers)[:-MOST_NAMED]:
            del numbers[oldest]
    model, facts = run.spec.model, SETTINGS["architecture"][1]
    label = t(facts.choices[model.architecture])
    forked = t(N_("fork of a run")) + " · " if run.view().fork else ""
    return f"{numbers[run.id]} · {forked}{label} {model.hidden_size} · {t(run.series.label)}"
