"""Home: what this is, a recorded run on the screen at once, and the map of the course."""

import streamlit as st

from pages.kit.guard import guard
from pages.kit.header import header
from pages.kit.live import board, theme
from pages.kit.recorded import recorded
from pages.kit.scenes import Options, convergence_picture, forecast_picture, states_picture
from pages.kit.text import KEY, language, lesson, t
from seqcore.catalogue import ARCHITECTURES
from seqcore.figures.sparkline import sparkline
from seqcore.text import N_

PAGE = "home"
IN_A_ROW = 3
RECORDED = N_(
    "A recorded run: an LSTM of 32 units on Apple's share price, 500 epochs. Make your own on the Train page."
)

guard(PAGE)
st.session_state["seqlab.page"] = PAGE
words = lesson(PAGE)
header(N_("SeqLab"))

hero, go = st.columns([3, 1], vertical_alignment="center")
hero.markdown(words["hero"])
go.page_link("pages/train.py", label=t(N_("Train your first model")), icon=":material/play_circle:", width="stretch")

scene, options = recorded("lstm"), Options()
st.caption(t(RECORDED))
pictures = [convergence_picture(scene, options, []), forecast_picture(scene, options), states_picture(scene, options)]
board(pictures, key="home.board", columns=3, height=230)

st.subheader(t(N_("{count} networks, one question: what comes next?")).format(count=len(ARCHITECTURES)), anchor=False)
link = {KEY: language()} if language() != "en" else {}
columns = [column for _ in ARCHITECTURES[::IN_A_ROW] for column in st.columns(IN_A_ROW)]
for column, architecture in zip(columns, ARCHITECTURES, strict=False):  # the last row may be shorter
    with column.container(border=True, height="stretch"):
        run = recorded(architecture.name)
        truth = run.series.values[run.started.test_from :]
        alt = t(N_("Recorded forecast of the test part over the truth, RMSE {error:.3g} {unit}.")).format(
            error=run.history.test_rmse[-1], unit=t(run.series.unit)
        )
        st.markdown(f"**{t(architecture.label)}**")
        st.image(sparkline(theme(), truth, run.snapshot.arrays["test_prediction"][:, 0]), width="stretch", alt=alt)
        st.markdown(t(architecture.help))
        st.page_link(
            "pages/train.py", label=t(N_("Train it")), icon=":material/arrow_forward:",
            query_params={**link, "train.architecture": architecture.name},
        )  # fmt: skip
st.markdown(words["class"])
