"""Train: choose, press, watch."""

import streamlit as st

from pages.kit.experiments import TRAIN, Experiment, try_this
from pages.kit.fork import fork_controls
from pages.kit.form import field, open_form, read_spec, write_url
from pages.kit.guard import guard
from pages.kit.header import header
from pages.kit.pinned import compare, pin_buttons
from pages.kit.pins import pins
from pages.kit.recorded import recorded
from pages.kit.run_panel import current_run, run_panel, start
from pages.kit.scenes import draw, view_options
from pages.kit.series_field import series_field, source_of
from pages.kit.take_home import take_home
from pages.kit.text import lesson, sentence, t
from seqcore.catalogue import RECURRENT
from seqcore.data.series import load
from seqcore.spec import RunSpec
from seqcore.text import N_, UserError

PAGE = "train"
FOLDED = {
    N_("Data"): ("horizon", "train_fraction", "scaler", "scaler_fit", "split"),
    N_("Network"): ("num_layers", "dropout", "bidirectional"),
    N_("Training"): ("batch_size", "optimiser", "clip", "seed", "device"),
}


def begin(experiment: Experiment) -> None:
    """Set the form to an experiment and run it."""
    spec = RunSpec().replace(**experiment.settings)
    for name, value in spec.flat().items():
        st.session_state[f"{PAGE}.{name}"] = value
    start(PAGE, spec, load(spec.data.series))


guard(PAGE)
problems = open_form(PAGE, RunSpec().flat())
words = lesson(PAGE)
header(N_("Train a forecaster"))

controls, lab = st.columns([1, 3.4], gap="medium")
with controls:
    series = series_field(PAGE)
    for name in ("architecture", "hidden_size", "seq_length", "epochs", "lr"):
        field(PAGE, name)
    for title, names in FOLDED.items():
        with st.expander(t(title), icon=":material/tune:"):
            for name in names:
                if name != "bidirectional" or st.session_state[f"{PAGE}.architecture"] in RECURRENT:
                    field(PAGE, name)
    if series is not None:
        st.caption(source_of(series))
    spec = None
    try:
        spec = read_spec(PAGE)
        write_url(PAGE, spec)
    except UserError as problem:
        problems.append(problem)

with lab:
    for problem in problems:
        st.warning(sentence(problem), icon=":material/link_off:")
    with st.container(horizontal=True, vertical_alignment="center", key="runbar"):
        buttons = st.container(horizontal=True, vertical_alignment="center", width="stretch")
        with st.container(width="content"):
            look, options = view_options(PAGE, spec, series)
    ready = spec if series is not None else None
    scene = run_panel(
        PAGE, ready, series, recorded("lstm"), lambda scene: draw(scene, options, pins(PAGE)), look, buttons
    )  # fmt: skip
    with buttons:
        fork_controls(PAGE, current_run(PAGE))
        pin_buttons(PAGE, scene)

try_this(PAGE, TRAIN, begin)
compare(PAGE, scene)
notice, mathematics, home = st.tabs([t(N_("What to notice")), t(N_("The mathematics")), t(N_("Take it home"))])
notice.markdown(words["notice"])
notice.markdown(words["honesty"])
mathematics.markdown(words["mathematics"])
with home:
    take_home(scene)
