"""The input of the Forward pass page: numbers that are typed or drawn, or a window of a series."""

import numpy as np
import streamlit as st

from pages.kit.forward_form import FIRST_INPUT, SOURCES, get, key, put
from pages.kit.matrices import pad
from pages.kit.series_field import source_of
from pages.kit.text import t
from seqcore.catalogue import SERIES
from seqcore.data.scaler import fit
from seqcore.data.series import load
from seqcore.text import N_, UserError
from seqcore.unrolled import Setup
from seqcore.unrolled.sequence import (
    MOST_LETTERS,
    Sequences,
    filled,
    last_start,
    read_sequences,
    resized,
    sequences_as_text,
    window,
)

MADE_UP = N_(
    "What is not given is made from the first sequence: each further sequence begins a step later, each further "
    "feature is the value a step earlier."
)


def settle() -> list[UserError]:
    """Let typed numbers say how many steps there are; returns what is wrong with them."""
    if get("source") != "numbers":
        return []
    try:
        put(seq_length=len(read_sequences(get("input"))[0]))
    except UserError as problem:
        return [problem]
    return []


def resize() -> None:
    """Give typed numbers as many steps as the slider says."""
    put(input=sequences_as_text(resized(_typed(), get("seq_length"))))


def _typed() -> Sequences:
    """What is typed; in place of what cannot be read, the first input."""
    try:
        return read_sequences(get("input"))
    except UserError:
        return resized(read_sequences(FIRST_INPUT), get("seq_length"))


def input_field(setup: Setup) -> np.ndarray:
    """Draw the choice of the input and return it: (B, T, C)."""
    st.segmented_control(
        t(N_("Input from")), list(SOURCES), key=key("source"), format_func=lambda name: t(SOURCES[name]),
        required=True, persist_state="session",
    )  # fmt: skip
    x = _numbers(setup) if get("source") == "numbers" else _data(setup)
    if setup.batch > 1 or setup.input_size > 1:
        st.caption(t(MADE_UP))
    return x


def _numbers(setup: Setup) -> np.ndarray:
    st.text_input(
        t(N_("Numbers")), key=key("input"), max_chars=MOST_LETTERS, persist_state="session",
        help=t(N_("A comma after each step, a space between the features of a step, a slash between sequences.")),
    )  # fmt: skip
    sequences = _typed()
    empty = not get("input").strip(" ,/\n")
    pad([None if empty else step[0] for step in sequences[0]], key=key("pad"), on_drawn=_drawn)
    return filled(sequences, setup)


def _drawn(text: str) -> None:
    put(input=str(text)[:MOST_LETTERS])


def _data(setup: Setup) -> np.ndarray:
    labels = {entry.name: entry.label for entry in SERIES}
    st.selectbox(t(N_("Data set")), list(labels), key=key("series"), format_func=lambda name: t(labels[name]),
                 persist_state="session")  # fmt: skip
    series = load(get("series"))
    first, last = setup.input_size - 1, last_start(series.values, setup)
    put(row=min(max(get("row"), first), last))
    st.slider(t(N_("First row of the window")), first, last, key=key("row"), persist_state="session",
              help=t(N_("The values are scaled to −1…1 and rounded to two decimals.")))  # fmt: skip
    st.caption(source_of(series))
    return window(fit("minmax11", series.values).apply(series.values), get("row"), setup)
