"""RepeatVector in Keras and in PyTorch, side by side, with every shape and every weight counted."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd
import streamlit as st

from pages.kit.text import t
from seqcore.spec import SETTINGS
from seqcore.text import N_
from seqcore.unrolled.repeat_vector import in_keras, in_torch, layers

FIELDS = {"keras_steps": "seq_length", "keras_horizon": "horizon", "keras_hidden": "hidden_size"}
"""The fields, and the settings of a run that they are bounded as."""

LABELS = {"keras_steps": N_("Steps in"), "keras_horizon": N_("Steps out"), "keras_hidden": N_("Hidden size")}

FIRST = {"keras_steps": 20, "keras_horizon": 5, "keras_hidden": 32}


def _reader(name: str) -> Callable[[str], Any]:
    facts = SETTINGS[FIELDS[name]][1]
    return lambda text: facts.check(name, facts.parse(name, text))


READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType({name: _reader(name) for name in FIELDS})


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    return {name: str(value) for name in FIRST if (value := st.session_state[f"{page}.{name}"]) != FIRST[name]}


def keras_form(page: str) -> None:
    """Draw the sliders, the two programs, and the table of layers."""
    st.subheader(t(N_("The Keras form: RepeatVector")), anchor=False)
    with st.container(horizontal=True):
        for name, setting in FIELDS.items():
            facts, label = SETTINGS[setting][1], LABELS[name]
            st.slider(t(label), int(facts.low), int(facts.high), key=f"{page}.{name}", persist_state="session",
                      width=240)  # fmt: skip
    steps, horizon, hidden = (st.session_state[f"{page}.{name}"] for name in FIELDS)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(t(N_("**In Keras**")))
        st.code(in_keras(steps, horizon, hidden), language="python", wrap_lines=True)
        _differences()
    with right:
        st.markdown(t(N_("**The same in PyTorch**")))
        st.code(in_torch(steps, horizon, hidden), language="python", wrap_lines=True)
    _layers(steps, horizon, hidden)


def _differences() -> None:
    st.markdown("\n".join(f"- {t(words)}" for words in (
        N_("**Every step reads the same.** `RepeatVector` hands the folded state to each step once more; the steps "
           "differ only by what the second LSTM has in its own state."),
        N_("**It never reads its own output.** So there is no teacher forcing and no gap between learning and "
           "speaking, but a value does not know which one was chosen before it: fine for numbers, bad for words."),
        N_("**The length is fixed.** The number of steps out stands in the network. There is no `<eos>`, and nothing "
           "can end early."),
    )))  # fmt: skip


def _layers(steps: int, horizon: int, hidden: int) -> None:
    found = layers(horizon, hidden)
    keras, torch = sum(layer.keras for layer in found), sum(layer.torch for layer in found)
    rows = [("Input", (steps, 1), "", 0, 0), *((e.name, e.shape, e.formula, e.keras, e.torch) for e in found),
            ("Σ", None, "", keras, torch)]  # fmt: skip
    st.dataframe(
        pd.DataFrame({t(N_("Layer")): [row[0] for row in rows],
                      t(N_("Output shape, B the batch")): [_shape(row[1]) for row in rows],
                      t(N_("Weights in Keras, by formula")): [row[2] for row in rows],
                      t(N_("in Keras")): [row[3] for row in rows],
                      t(N_("in PyTorch")): [row[4] for row in rows]}),
        hide_index=True, width="content",
    )  # fmt: skip
    words = N_("PyTorch has **{more:,}** weights more: each of its two LSTMs has two biases for every gate where Keras "
               "has one, 4 · {hidden} more. The two are added, so the network can do no more for it. The steps in and "
               "out change the shapes and no weight: the same cell is used at every step.")  # fmt: skip
    st.markdown(t(words).format(more=torch - keras, hidden=hidden))


def _shape(shape: tuple[int, ...] | None) -> str:
    return f"(B, {', '.join(map(str, shape))})" if shape else ""
