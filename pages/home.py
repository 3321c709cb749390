"""Home: what this is, a recorded run on the screen at once, and the map of the course."""

import streamlit as st

from pages.kit.guard import guard
from pages.kit.header import header
from pages.kit.live import board
from pages.kit.recorded import recorded
from pages.kit.scenes import Options, draw
from pages.kit.text import lesson, t
from seqcore.catalogue import ARCHITECTURES
from seqcore.text import N_

PAGE = "home"

guard(PAGE)
st.session_state["seqlab.page"] = PAGE
words = lesson(PAGE)
header(N_("SeqLab"))

st.markdown(words["hero"])
