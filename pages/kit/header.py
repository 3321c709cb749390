"""The first line of every page: its title and the language."""

import streamlit as st

from pages.kit.text import CHOSEN, LANGUAGES, language, t
from seqcore.text import N_

SWITCH = "header.language"


def header(title: str) -> None:
    """Draw the page's title (a message to translate) and the language switch beside it."""
    if st.session_state.get(SWITCH) not in LANGUAGES:
        st.session_state[SWITCH] = language()
    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        st.title(t(title), anchor=False)
        st.segmented_control(
            t(N_("Language")), list(LANGUAGES), format_func=LANGUAGES.get, key=SWITCH, required=True,
            label_visibility="collapsed", on_change=_choose, persist_state="session",
        )  # fmt: skip


def _choose() -> None:
    st.session_state[CHOSEN] = st.session_state[SWITCH]
