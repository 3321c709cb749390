"""HW02: fill the homework's table by training, and see what it is worth."""

from functools import partial

import streamlit as st

from pages.kit import batch
from pages.kit.form import field, open_form, read_spec, write_url
from pages.kit.guard import guard
from pages.kit.header import header
from pages.kit.homework_views import VIEWS
from pages.kit.rows import keep, kept, one_of
from pages.kit.score_board import Table, score_board
from pages.kit.series_field import series_field, source_of
from pages.kit.text import lesson, sentence, t
from seqcore.homework import (
    ASKED,
    MOST_SEEDS,
    PRESETS,
    SEEDS,
    VARIANTS,
    baselines_of,
    read_models,
    read_rows,
    read_seeds,
    recipe,
    rows_as_text,
    rows_of,
)
from seqcore.reports.fairness import equal_weights
from seqcore.text import N_, UserError

PAGE = "homework"
FIXED = {"architecture": "lstm", "bidirectional": False, "seed": 0}
FOLDED = ("horizon", "train_fraction", "scaler", "scaler_fit", "split", "num_layers", "dropout", "batch_size",
          "optimiser", "clip", "device")  # fmt: skip
FAIR = {"epochs": N_("epochs"), "weights": N_("weights"), "seconds": N_("seconds")}
# The page's own fields, as they are at first. (Streamlit would show a docstring.)
OWN = {"models": list(ASKED), "seeds": SEEDS, "fair": "epochs", "view": VIEWS[0].name, "rows": ()}

READERS = {
    "models": read_models, "seeds": read_seeds, "fair": one_of("fair", list(FAIR)),
    "view": one_of("view", [view.name for view in VIEWS]), "rows": read_rows,
}  # fmt: skip
PRESET_NAMES = {"hw02": N_("Apple"), "hw02-goog": N_("Google")}


def choose(preset: str) -> None:
    """Set the form to one of the recipe's series."""
    for name, value in recipe(preset).flat().items():
        if name not in FIXED:
            st.session_state[f"{PAGE}.{name}"] = value


guard(PAGE)
settings = {name: value for name, value in recipe().flat().items() if name not in FIXED}
problems = open_form(PAGE, {**settings, **OWN}, READERS)
words = lesson(PAGE)
header(N_("HW02: vanilla RNN, LSTM and GRU compared"))

controls, lab = st.columns([1, 3.4], gap="medium")
with controls:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t(N_("The homework's recipe")), help=words["data"], width="content")
        for name in PRESETS:
            st.button(t(PRESET_NAMES[name]), key=f"{PAGE}.preset.{name}", on_click=choose, args=(name,),
                      type="tertiary", icon=":material/restart_alt:")  # fmt: skip
    st.pills(t(N_("Models")), [variant.name for variant in VARIANTS], selection_mode="multi", wrap=True,
             key=f"{PAGE}.models",
             format_func=lambda name: t(next(v.label for v in VARIANTS if v.name == name)), persist_state="session",
             help=t(N_("The homework asks for the first three; stacked means two layers.")))  # fmt: skip
    st.slider(t(N_("Seeds")), 1, MOST_SEEDS, key=f"{PAGE}.seeds", persist_state="session",
              help=t(N_("Runs of each row, with the seeds 0, 1, 2 … One run is an anecdote.")))  # fmt: skip
    series = series_field(PAGE)
    for name in ("hidden_size", "seq_length", "epochs", "lr"):
        field(PAGE, name)
    st.segmented_control(t(N_("Compare at equal")), list(FAIR), format_func=lambda name: t(FAIR[name]), required=True,
                         key=f"{PAGE}.fair", persist_state="session", help=words["fair"])  # fmt: skip
    with st.expander(t(N_("More settings")), icon=":material/tune:"):
        for name in FOLDED:
            field(PAGE, name)
    if series is not None:
        st.caption(source_of(series))

state = {name: st.session_state[f"{PAGE}.{name}"] for name in OWN}
table = formed = None
try:
    base = read_spec(PAGE, **FIXED)
    formed = rows_of(base, state["models"])
    alike = [row for row in kept(PAGE) if (row.data.series, row.data.digest) == (base.data.series, base.data.digest)]
    rows = list(dict.fromkeys([*alike, *formed]))
    if not rows:
        raise UserError(N_("Choose at least one model."))
    if state["fair"] == "weights":
        rows = list(dict.fromkeys(equal_weights(rows)))
    table = Table(rows, baselines_of(base, series.season if series else 0), state["seeds"], state["fair"], series)
    own = {"models": ",".join(state["models"]), "seeds": str(state["seeds"]), "fair": state["fair"],
           "view": state["view"], "rows": rows_as_text(kept(PAGE))}  # fmt: skip
    first = {**OWN, "models": ",".join(ASKED), "seeds": str(SEEDS), "rows": ""}
    write_url(PAGE, base, recipe(), {name: text for name, text in own.items() if text and text != first[name]})
except UserError as problem:
    problems.append(problem)


def begin() -> None:
    """Take the form's rows into the table and train what has no numbers yet."""
    if batch.start(PAGE, table.specs(), series):
        keep(PAGE, formed)


with lab:
    for problem in problems:
        st.warning(sentence(problem), icon=":material/link_off:")
    if table is None:
        st.stop()
    score_board(PAGE, table, begin, words["lead"])
    if len(kept(PAGE)) > 1:
        with st.popover(t(N_("Remove rows")), icon=":material/playlist_remove:"):
            st.caption(t(N_("A row that comes back has its numbers at once: what was trained is kept for an hour.")))
            st.button(t(N_("Remove all rows but those of the form")), key=f"{PAGE}.clear",
                      on_click=partial(st.session_state.__setitem__, f"{PAGE}.rows", ()))  # fmt: skip

view = st.segmented_control(
    t(N_("Look closer")), [view.name for view in VIEWS], key=f"{PAGE}.view", required=True, persist_state="session",
    format_func=lambda name: t(next(view.title for view in VIEWS if view.name == name)), label_visibility="collapsed",
)  # fmt: skip
next(one for one in VIEWS if one.name == view).draw(PAGE, table, words)
