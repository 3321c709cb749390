"""The engine, one for all visitors of the app."""

import gc

import streamlit as st

from seqcore.engine import Engine, connect


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The running engine; the first visitor's page starts it, and its workers warm up while they read.

    Streamlit collects garbage after every run of a script; what was imported until now lives as long as the server,
    so it is taken out of the collector's way.
    """
    lab = connect()
    gc.collect()
    gc.freeze()
    return lab
