"""The first line of every page: its title and the language."""

import streamlit as st

from pages.kit.text import KEY, LANGUAGES, language, t
from seqcore.text import N_


def header(title: str) -> None:
    """Draw the page's title (a message to translate) and the language switch beside it."""
    language()
    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        st.title(t(title), anchor=False)
        st.segmented_control(
            t(N_("Language")), list(LANGUAGES), format_func=LANGUAGES.get, key=KEY, required=True,
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
