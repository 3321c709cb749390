"""Makes sure that `app.py` has run: on a fresh server, a deep link opens a page without it."""

import streamlit as st

from pages.kit.text import language

STARTED = "seqlab.started"
WANTED = "seqlab.wanted"


def guard(page: str) -> None:
    """Begin a page: send the first visit of a fresh server through `app.py`, which comes back here.

    `page` is the page file's name without its ending.
    """
    if STARTED not in st.session_state:
        language()  # the link's, before it is put aside
        st.session_state[WANTED] = (page, st.query_params.to_dict())
        st.switch_page("app.py")
