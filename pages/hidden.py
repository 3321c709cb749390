"""Hidden states: what a network remembers."""

from dataclasses import replace

import streamlit as st

from pages.kit.chosen import choose, name_of
from pages.kit.experiments import HIDDEN, Experiment, try_this
from pages.kit.fork import fork_controls
from pages.kit.form import field, open_form, read_spec, write_url
from pages.kit.guard import guard
from pages.kit.header import header
from pages.kit.inside import FIRST, READERS, VIEWS, as_link, looking
from pages.kit.inside_scenes import inside_pictures, missing
from pages.kit.recorded import recorded
from pages.kit.run_panel import LOOK, Show, live_scene, run_panel, start
from pages.kit.scene import Scene
from pages.kit.series_field import series_field, source_of
from pages.kit.text import lesson, plain, sentence, t
from seqcore.catalogue import RECURRENT
from seqcore.data.series import load
from seqcore.spec import RunSpec
from seqcore.text import N_, UserError

PAGE = "hidden"
MAIN = ("architecture", "hidden_size", "seq_length", "epochs", "lr")
MORE = ("num_layers", "bidirectional", "horizon", "train_fraction", "scaler", "scaler_fit", "split", "dropout",
        "batch_size", "optimiser", "clip", "seed", "device")  # fmt: skip


def begin(experiment: Experiment) -> None:
    """Set the page to an experiment and run it."""
    own = {**FIRST, **{name: value for name, value in experiment.settings.items() if name in FIRST}}
    spec = RunSpec().replace(**{name: value for name, value in experiment.settings.items() if name not in FIRST})
    for name, value in {**spec.flat(), **own}.items():
        st.session_state[f"{PAGE}.{name}"] = value
    start(PAGE, spec, load(spec.data.series))


def draw(scene: Scene) -> list:
    """The pictures of the chosen run, at the epoch the time machine shows, and of the other beside it."""
    beside = None
    if other is not None:
        other.watch(replace(look, epoch=scene.at, clamps=(), weights=False), wait=LOOK)
        beside = live_scene(other, other.view(), scene.at)
    return inside_pictures(scene, inside, beside)


guard(PAGE)
problems = open_form(PAGE, {**RunSpec().flat(), **FIRST}, READERS)
words = lesson(PAGE)
header(N_("What the network remembers"))

controls, lab = st.columns([1, 3.4], gap="medium")
with controls:
    run, other = choose(PAGE)
    scene = live_scene(run, run.view()) if run is not None else recorded("lstm")
    look, inside = looking(PAGE, scene)
    with st.expander(t(N_("Another network")), icon=":material/tune:"):
        series = series_field(PAGE)
        for name in (*MAIN, *MORE):
            if name != "bidirectional" or st.session_state[f"{PAGE}.architecture"] in RECURRENT:
                field(PAGE, name)
        if series is not None:
            st.caption(source_of(series))
    spec = None
    try:
        spec = read_spec(PAGE)
        write_url(PAGE, spec, more=as_link(PAGE))
    except UserError as problem:
        problems.append(problem)

with lab:
    for problem in problems:
        st.warning(sentence(problem), icon=":material/link_off:")
    with st.container(horizontal=True, vertical_alignment="center", key="runbar"):
        buttons = st.container(horizontal=True, vertical_alignment="center", width="stretch")
    with st.container(horizontal=True, vertical_alignment="center", key="hidden-views"):
        st.segmented_control(
            t(N_("Look at")), list(VIEWS), format_func=lambda name: t(VIEWS[name]), key=f"{PAGE}.view", required=True,
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
        if inside.view == "space":
            st.toggle(t(N_("Plane")), key=f"{PAGE}.plane", help=t(N_("Two directions, or three turned as you like.")))
            if not inside.plane:
                st.slider(t(N_("Turn")), 0, 360, key=f"{PAGE}.turn", format="%d°", width=180)
    if why := missing(scene, inside):
        st.info(why, icon=":material/info:")
    ready = spec if series is not None else None
    scene = run_panel(PAGE, ready, series, recorded("lstm"), draw, look, buttons, run, Show(height=170))
    with buttons:
        fork_controls(PAGE, run)
    if other is not None:
        st.caption(f"A: {plain(name_of(run))} · B: {plain(name_of(other))}" if run is not None else "")

try_this(PAGE, HIDDEN, begin)
notice, mathematics = st.tabs([t(N_("What to notice")), t(N_("The mathematics"))])
notice.container(width=820).markdown(words["notice"])
mathematics.container(width=820).markdown(words["mathematics"])
