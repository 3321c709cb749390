"""The engine, one for all visitors of the app."""

import gc
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from seqcore.engine import Engine


@st.cache_resource(show_spinner=False)
def engine() -> "Engine":
    """The running engine; the first visitor's page starts it once it is painted, and its workers warm up meanwhile.

    Streamlit collects garbage after every run of a script; what was imported until now lives as long as the server,
    so it is taken out of the collector's way.
    """
    from seqcore.engine import connect  # a third of a second that the first page need not wait for

    lab = connect()
    gc.collect()
    gc.freeze()
    return lab
