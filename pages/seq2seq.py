"""Seq2seq: an encoder folds a sentence into a state, a decoder unfolds another one from it, and looks back."""

import streamlit as st

from pages.kit import bug_hunt, keras_form, length_board, numbers_board, sentence_field, translation_form
from pages.kit.experiments import SEQ2SEQ, Experiment, try_this
from pages.kit.form import open_form, write_url
from pages.kit.guard import guard
from pages.kit.header import header
from pages.kit.pinned import compare, pin_buttons
from pages.kit.pins import pins
from pages.kit.recorded import recorded_text
from pages.kit.rows import one_of
from pages.kit.run_panel import Show, current_run, run_panel, start
from pages.kit.scene import Scene
from pages.kit.text import lesson, sentence, t
from pages.kit.translation_home import lesson_tabs
from pages.kit.translation_pictures import (
    inside_pictures,
    intervention_pictures,
    samples_table,
    training_pictures,
    what_it_says,
)
from seqcore.spec import RunSpec
from seqcore.text import N_, UserError

PAGE = "seq2seq"
VIEWS = {"train": N_("Train"), "inside": N_("Look inside"), "intervene": N_("Intervene"),
         "bottleneck": N_("The bottleneck"), "numbers": N_("Numbers"), "code": N_("Code")}  # fmt: skip
LIVE = ("train", "inside", "intervene")
PARTS = (translation_form, sentence_field, length_board, numbers_board, bug_hunt, keras_form)
FIRST = {name: value for part in PARTS for name, value in part.FIRST.items()} | {"view": "train"}
READERS = {name: reader for part in PARTS for name, reader in part.READERS.items()}
READERS |= {"view": one_of("view", list(VIEWS))}


def ask(experiment: Experiment) -> None:
    """Set the page to an experiment and run it."""
    own = translation_form.FIRST | sentence_field.FIRST | {"view": FIRST["view"]}
    for name, value in {**own, **experiment.settings}.items():
        st.session_state[f"{PAGE}.{name}"] = value
    start(PAGE, translation_form.formed(PAGE), None)


def pictures(scene: Scene) -> list:
    """Those of the view."""
    if view == "train":
        return training_pictures(scene, pins(PAGE))
    if view == "inside":
        return inside_pictures(scene, st.session_state[f"{PAGE}.step"])
    return intervention_pictures(scene, st.session_state[f"{PAGE}.held"], st.session_state[f"{PAGE}.hiding"])


def picked(name: str, column: float, row: float) -> None:
    """Hold the weight that was clicked, or let it go."""
    if name == "attention":
        sentence_field.hold(PAGE, round(row), round(column), st.session_state[f"{PAGE}.click"])


guard(PAGE)
problems = open_form(PAGE, FIRST, READERS)
words = lesson(PAGE)
header(N_("Seq2seq and attention"))
troubles = st.container()
run = current_run(PAGE)
task = run.spec.data.task if run is not None else st.session_state[f"{PAGE}.task"]
said, spec, scene = "", None, None
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="seq2seq-views"):
    view = st.segmented_control(
        t(N_("Look at")), list(VIEWS), format_func=lambda name: t(VIEWS[name]), key=f"{PAGE}.view", required=True,
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    if view in LIVE:
        said = sentence_field.sentence_field(PAGE, task, live=run is not None)

if view == "numbers":
    numbers_board.numbers_board(PAGE)
elif view == "code":
    bug_hunt.bug_hunt(PAGE)
    keras_form.keras_form(PAGE)
else:
    controls, lab = st.columns([1, 3.4], gap="medium")
    with controls:
        translation_form.translation_form(PAGE)
        try:  # the bottleneck has a choice of attentions of its own
            spec = translation_form.formed(PAGE, **({"attention": "none"} if view == "bottleneck" else {}))
        except UserError as problem:
            problems.append(problem)
    with lab:
        if view == "bottleneck":
            length_board.length_board(PAGE, spec)
        else:
            buttons = st.container(horizontal=True, vertical_alignment="center", key="runbar")
            if view == "inside":
                sentence_field.step_fields(PAGE, task, run.view().snapshot if run is not None else None)
            if view == "intervene":
                sentence_field.intervention_fields(PAGE, run)
            if said:
                st.caption(said)
            shows = {"train": Show(165, above=what_it_says, below=samples_table),
                     "inside": Show(165, above=what_it_says),
                     "intervene": Show(330, above=what_it_says, on_pick=picked)}  # fmt: skip
            scene = run_panel(PAGE, spec, None, recorded_text("translation_dates_zh_additive_0"), pictures,
                              sentence_field.look_of(PAGE, task, view), buttons, show=shows[view])  # fmt: skip
            with buttons:
                pin_buttons(PAGE, scene)

try_this(PAGE, SEQ2SEQ, ask)
if view == "train":
    compare(PAGE, scene)

for problem in problems:
    troubles.warning(sentence(problem), icon=":material/link_off:")
links = {name: text for part in PARTS for name, text in part.as_link(PAGE).items()}
write_url(PAGE, RunSpec(), RunSpec(), links | ({"view": view} if view != FIRST["view"] else {}))

lesson_tabs(words, scene, f"{PAGE}.home", N_("What you train in the first three views can be taken home from there."))
