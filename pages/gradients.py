"""Gradients through time: why the far past is lost, and what helps."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from pages.kit import claim_board, gradient_numbers, lag_board
from pages.kit.experiments import GRADIENTS, Experiment, try_this
from pages.kit.form import open_form, write_url
from pages.kit.guard import guard
from pages.kit.header import header
from pages.kit.memory_form import FIRST, READERS, as_link, cell_name, formed, memory_form
from pages.kit.memory_panel import begin, change, memory_panel
from pages.kit.memory_pictures import task_pictures, telescope_pictures
from pages.kit.recorded import recorded_memory
from pages.kit.rows import one_of
from pages.kit.text import lesson, sentence, t
from seqcore.catalogue import RECURRENT
from seqcore.look import Look
from seqcore.spec import RunSpec
from seqcore.text import N_, UserError

PAGE = "gradients"
VIEWS = {"numbers": N_("The numbers"), "telescope": N_("Telescope"), "tasks": N_("Memory task"),
         "lags": N_("Which lag?"), "claims": N_("Claims")}  # fmt: skip
LIVE = ("telescope", "tasks")
DETAILS = {"paths": N_("the two ways back"), "stretch": N_("how a step stretches")}
OWN = {
    "view": "telescope",
    "cell": "lstm",
    "detail": "paths",
    **lag_board.FIRST,
    **claim_board.FIRST,
}
OWN_READERS = {"view": one_of("view", list(VIEWS)), "cell": one_of("cell", list(RECURRENT)),
               "detail": one_of("detail", list(DETAILS)), **lag_board.READERS, **claim_board.READERS}  # fmt: skip
TRIO = tuple(f"memory_{cell}_30_0" for cell in RECURRENT)


def shown(view: str, cell: str) -> tuple[Callable, Look]:
    """What a view draws of the runs, and what it has to look at for that."""
    if view == "tasks":
        return partial(task_pictures, cell=cell), Look(horizons=True)
    detail = st.session_state[f"{PAGE}.detail"] if cell == "lstm" else "stretch"
    draw = partial(telescope_pictures, cell=cell, detail=detail)
    return draw, Look(gradients=True, jacobian=detail == "stretch")


def ask(experiment: Experiment) -> None:
    """Set the page to an experiment and run it."""
    for name, value in {**FIRST, **OWN, **experiment.settings}.items():
        st.session_state[f"{PAGE}.{name}"] = value
    begin(PAGE, formed(PAGE))


guard(PAGE)
problems = open_form(
    PAGE, {**FIRST, **OWN, **gradient_numbers.FIRST}, {**READERS, **OWN_READERS, **gradient_numbers.READERS}
)
words = lesson(PAGE)
header(N_("Gradients through time"))
troubles = st.container()
with st.container(horizontal=True, horizontal_alignment="distribute", key="gradients-views"):
    view = st.segmented_control(
        t(N_("Look at")), list(VIEWS), format_func=lambda name: t(VIEWS[name]), key=f"{PAGE}.view", required=True,
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    if view in LIVE:
        cell = st.segmented_control(
            t(N_("In detail")), list(RECURRENT), key=f"{PAGE}.cell", format_func=cell_name, required=True,
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
        if view == "telescope" and cell == "lstm":
            st.segmented_control(
                t(N_("Fourth picture")), list(DETAILS), format_func=lambda name: t(DETAILS[name]), required=True,
                key=f"{PAGE}.detail", label_visibility="collapsed", persist_state="session",
            )  # fmt: skip

if view == "numbers":
    gradient_numbers.numbers(PAGE)
elif view == "claims":
    claim_board.claim_board(PAGE)
else:
    controls, lab = st.columns([1, 3.4], gap="medium")
    specs = []
    with controls:
        memory_form(PAGE, partial(change, PAGE), lag=view != "lags")
        try:
            specs = formed(PAGE)
        except UserError as problem:
            problems.append(problem)
    with lab:
        if view == "lags":
            lag_board.lag_board(PAGE)
        else:
            buttons = st.container(horizontal=True, vertical_alignment="center", key="runbar")
            memory_panel(PAGE, specs, recorded_memory(TRIO), *shown(view, cell), buttons)
    try_this(PAGE, GRADIENTS, ask)

for problem in problems:
    troubles.warning(sentence(problem), icon=":material/link_off:")
own = {name: ",".join(map(str, value)) if isinstance(value, list) else str(value)
       for name in OWN if (value := st.session_state[f"{PAGE}.{name}"]) != OWN[name]}  # fmt: skip
write_url(PAGE, RunSpec(), RunSpec(), {**as_link(PAGE), **own, **gradient_numbers.as_link(PAGE)})

notice, mathematics = st.tabs([t(N_("What to notice")), t(N_("The mathematics"))])
notice.container(width=820).markdown(words["notice"])
mathematics.container(width=820).markdown(words["mathematics"])
