"""Transformer: attention and nothing that recurs, trained live, with every number in between."""

from functools import partial

import streamlit as st

from pages.kit import flow_board, race_board, reading_field, tokenizer_board, transfer_board, transformer_form
from pages.kit.experiments import TRANSFORMER, Experiment, try_this
from pages.kit.flow_pictures import flow_pictures
from pages.kit.flow_words import flow_words
from pages.kit.form import open_form, write_url
from pages.kit.guard import guard
from pages.kit.header import header
from pages.kit.pinned import compare, pin_buttons
from pages.kit.pins import pins
from pages.kit.recorded import recorded_text
from pages.kit.rows import one_of
from pages.kit.run_panel import Show, current_run, live_scene, run_panel, start
from pages.kit.scene import Scene
from pages.kit.text import lesson, sentence, t
from pages.kit.transformer_pictures import (
    attention_pictures,
    head_at,
    intervention_pictures,
    samples_table,
    training_pictures,
    what_it_says,
)
from pages.kit.translation_home import lesson_tabs
from seqcore.data.text.spec import HALVES, task_of
from seqcore.spec import RunSpec
from seqcore.text import N_, UserError

PAGE = "transformer"
VIEWS = {"train": N_("Train"), "flow": N_("Data flow"), "attention": N_("Attention"), "intervene": N_("Intervene"),
         "transfer": N_("Transfer"), "race": N_("Against recurrence"), "tokens": N_("Tokenizers")}  # fmt: skip
PATIENCE = 5.0  # seconds a look is waited for: at a network of the paper's own size it takes one
LIVE = ("train", "flow", "attention", "intervene")
BOARDS = {"transfer": transfer_board.transfer_board, "race": race_board.race_board,
          "tokens": tokenizer_board.tokenizer_board}  # fmt: skip
PARTS = (transformer_form, reading_field, flow_board, transfer_board, race_board, tokenizer_board)
FIRST = {name: value for part in PARTS for name, value in part.FIRST.items()} | {"view": "train"}
READERS = {name: reader for part in PARTS for name, reader in part.READERS.items()}
READERS |= {"view": one_of("view", list(VIEWS))}


def ask(experiment: Experiment) -> None:
    """Set the page to an experiment and run it."""
    own = transformer_form.FIRST | reading_field.FIRST | {"view": FIRST["view"]}
    settings = {**own, **experiment.settings}
    trained = settings.pop("trained", True)
    for name, value in settings.items():
        st.session_state[f"{PAGE}.{name}"] = value
    reading_field.forget(PAGE)
    start(PAGE, transformer_form.formed(PAGE).replace(trained=trained), None)


def pictures(scene: Scene) -> list:
    """Those of the view."""
    if view == "train":
        return training_pictures(scene, pins(PAGE))
    draw = {"flow": flow_pictures, "attention": attention_pictures, "intervene": intervention_pictures}[view]
    return draw(PAGE, scene)


def picked(name: str, column: float, row: float) -> None:
    """Look at what was clicked, or switch it off."""
    if view == "flow":
        flow_board.flow_picked(PAGE, name, column, row)
    elif name == "head_view":
        st.session_state[f"{PAGE}.query"] = round(row) + 1
    elif name == "attention_grid" and (head := head_at(live_scene(run, run.view()) if run else recorded, column, row)):
        if view == "intervene" and run is not None:
            reading_field.switch(PAGE, head)
        elif view == "attention":
            st.session_state[f"{PAGE}.map"], st.session_state[f"{PAGE}.head"] = head[0], head[1] + 1


SHOWS = {
    "train": Show(165, above=what_it_says, below=samples_table, patience=PATIENCE),
    "flow": Show(235, below=partial(flow_words, PAGE), on_pick=picked, patience=PATIENCE),
    "attention": Show(300, above=what_it_says, on_pick=picked, patience=PATIENCE),
    "intervene": Show(300, above=what_it_says, on_pick=picked, patience=PATIENCE),
}

guard(PAGE)
problems = open_form(PAGE, FIRST, READERS)
words = lesson(PAGE)
header(N_("Transformer"))
troubles = st.container()
run = current_run(PAGE)
said, spec, scene = "", None, None
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="views"):
    view = st.segmented_control(
        t(N_("Look at")), list(VIEWS), format_func=lambda name: t(VIEWS[name]), key=f"{PAGE}.view", required=True,
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    if view in LIVE:
        said = reading_field.reading_field(PAGE, run is not None, st.session_state[f"{PAGE}.task"] not in HALVES)

if view in BOARDS:
    BOARDS[view](PAGE)
else:
    controls, lab = st.columns([1, 3.4], gap="medium")
    with controls:
        transformer_form.transformer_form(PAGE)
        try:
            spec = transformer_form.formed(PAGE)
        except UserError as problem:
            problems.append(problem)
    with lab:
        recorded = recorded_text("transformer_sentences_0")
        now = run.spec if run is not None else recorded.spec
        buttons = st.container(horizontal=True, vertical_alignment="center", key="runbar")
        more = flow_board.flow_sentence(PAGE, now) if view == "flow" else {}
        look, show = reading_field.look_of(PAGE, now, view, more), SHOWS[view]
        shot = reading_field.seen(run, look, show.patience) if run is not None else recorded.snapshot
        with st.container():  # always there: what comes and goes above the pictures would rebuild them
            if view == "flow":
                flow_board.flow_fields(PAGE, now, shot)
            elif view == "attention":
                reading_field.map_fields(PAGE, now, shot)
            elif view == "intervene":
                reading_field.intervention_fields(PAGE, now, shot, live=run is not None)
            if task_of(now) == "next" and view in ("train", "intervene"):
                reading_field.drawing_fields(PAGE, view == "intervene", shot)
            if said:
                st.caption(said)
        scene = run_panel(PAGE, spec, None, recorded, pictures, look, buttons, show=show)
        with buttons:
            reading_field.untrained_button(PAGE, spec)
            pin_buttons(PAGE, scene)

try_this(PAGE, TRANSFORMER, ask)
if view == "train":
    compare(PAGE, scene)

for problem in problems:
    troubles.warning(sentence(problem), icon=":material/link_off:")
links = {name: text for part in PARTS for name, text in part.as_link(PAGE).items()}
write_url(PAGE, RunSpec(), RunSpec(), links | ({"view": view} if view != FIRST["view"] else {}))

lesson_tabs(words, scene, f"{PAGE}.home", N_("What you train in the first four views can be taken home from there."))
