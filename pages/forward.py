"""Forward pass: every number of a small recurrent network, one operation at a time."""

import streamlit as st

from pages.kit.form import open_form
from pages.kit.forward_change import changes, hold_panel, summary, weight_table
from pages.kit.forward_experiments import FORWARD, begin
from pages.kit.forward_form import FORM, PAGE, READERS, VIEWS, described, get, key, link, widget
from pages.kit.forward_input import input_field, resize, settle
from pages.kit.forward_shapes import count_table, shapes_view
from pages.kit.forward_steps import function_field, step_bar, steps_view
from pages.kit.guard import guard
from pages.kit.header import header
from pages.kit.text import lesson, sentence, t
from seqcore.text import N_
from seqcore.unrolled import draw, edited, forward, initial_states
from seqcore.unrolled.shapes import replay

guard(PAGE)
problems = open_form(PAGE, FORM, READERS) + settle()
words = lesson(PAGE)
header(N_("Forward pass, number by number"))
st.markdown(words["lead"])

controls, lab = st.columns([1, 4.2], gap="medium")
with controls:
    for name in ("cell", "input_size", "hidden_size", "num_layers"):
        widget(name)
    widget("seq_length", resize)
    with st.expander(t(N_("Input")), icon=":material/input:"):
        x = input_field(described())
    setup = described()
    with st.expander(t(N_("Hold and freeze")), icon=":material/front_hand:"):
        hold_panel(setup)
    with st.expander(t(N_("More settings")), icon=":material/tune:"):
        for name in ("batch", "bidirectional", "batch_first", "nonlinearity", "initial", "start", "seed"):
            if name != "nonlinearity" or setup.cell == "rnn":
                widget(name)
        function_field()
    st.subheader(t(N_("Try this")), anchor=False)
    for experiment in FORWARD:
        st.button(t(experiment.question), key=key(f"try.{experiment.name}"), icon=":material/science:", on_click=begin,
                  args=(experiment,), width="stretch", wrap=True)  # fmt: skip

edits, clamps, misfits = changes(setup)
frozen = get("freeze") and setup.cell == "lstm"
done = forward(setup, edited(draw(setup), edits), x, initial_states(setup), clamps, frozen)
problems += misfits + [done.trouble] * (done.trouble is not None)
if refused := st.session_state.pop(key("refused"), None):
    problems.append(refused)
link()

with lab.container(gap="xsmall"):
    for problem in problems:
        st.warning(sentence(problem), icon=":material/link_off:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control(t(N_("View")), list(VIEWS), format_func=lambda name: t(VIEWS[name]), key=key("view"),
                             required=True, label_visibility="collapsed", persist_state="session")  # fmt: skip
        if get("view") == "steps":
            with st.container(horizontal=True, vertical_alignment="center", key="runbar", width="content"):
                step_bar(setup)
    summary(done, edits)
    if get("view") == "steps":
        steps_view(done)
    elif get("view") == "shapes":
        shapes_view(setup)
    else:
        table, counted = st.columns(2, gap="medium")
        with table:
            weight_table(done)
        with counted:
            count_table(setup)
    notice, mathematics, home = st.tabs([t(N_("What to notice")), t(N_("The mathematics")), t(N_("Take it home"))])
    notice.container(width=820).markdown(words["notice"])
    mathematics.container(width=820).markdown(words["mathematics"])
    with home:
        st.markdown(words["home"])
        st.code(replay(setup, done.weights, x, done.initial), language="python", height=320)
