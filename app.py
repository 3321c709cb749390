"""Page set-up, navigation, the engine's start; nothing else."""

import streamlit as st

from pages.kit.guard import STARTED, WANTED
from pages.kit.lab import engine
from pages.kit.lessons import LESSONS
from pages.kit.text import ASSETS, t

st.set_page_config(page_title="SeqLab", page_icon=":material/ssid_chart:", layout="wide")
st.html(ASSETS / "css" / "style.css")

pages = [
    st.Page(f"pages/{lesson.name}.py", title=t(lesson.title), icon=lesson.icon, default=lesson.name == "home")
    for lesson in LESSONS
]
chosen = st.navigation(pages, position="top")
st.session_state[STARTED] = True
if WANTED in st.session_state:
    page, query = st.session_state.pop(WANTED)
    st.switch_page(f"pages/{page}.py", query_params=query)
chosen.run()
engine()  # last, so that the first visitor's page is painted while the workers start
