"""Study: one setting varied over values, networks and seeds."""

from functools import partial

import streamlit as st

from pages.kit import batch
from pages.kit.experiments import Experiment
from pages.kit.form import field, open_form, read_spec, write_url
from pages.kit.grid import (
    BASE,
    OWN,
    SEEDS,
    STUDIES,
    VARIED,
    Grid,
    as_csv,
    comparable,
    misfit,
    offered,
    read_seeds,
    read_values,
    said,
    split,
)
from pages.kit.grid_board import grid_board, others
from pages.kit.grid_words import told
from pages.kit.guard import guard
from pages.kit.header import header
from pages.kit.rows import one_of
from pages.kit.series_field import series_field, source_of
from pages.kit.text import lesson, plain, sentence, t
from seqcore.data.series import Series, load
from seqcore.data.windows import cut
from seqcore.homework import ASKED, read_models, variant
from seqcore.spec import SETTINGS
from seqcore.text import N_, UserError

PAGE = "study"
FIXED = {"architecture": "lstm", "bidirectional": False, "seed": 0}
FORM = {name: value for name, value in BASE.flat().items() if name not in FIXED}
FOLDED = ("horizon", "train_fraction", "scaler", "scaler_fit", "split", "num_layers", "dropout", "batch_size",
          "optimiser", "clip", "device")  # fmt: skip
READERS = {
    "vary": one_of("vary", list(VARIED)), "values": lambda text: ", ".join(split(text)), "models": read_models,
    "seeds": read_seeds,
}  # fmt: skip


def key(name: str) -> str:
    """Where the session keeps a field of the form."""
    return f"{PAGE}.{name}"


def complete() -> None:
    """Fill in what depends on the setting that is varied: its usual values, and the networks that compare."""
    vary = st.session_state[key("vary")]
    st.session_state[key("values")] = st.session_state[key("values")] or VARIED[vary]
    st.session_state[key("models")] = comparable(vary, st.session_state[key("models")])


def formed() -> Grid:
    """The grid that the form describes; `UserError` where it describes none."""
    vary, values, models, seeds = (st.session_state[key(name)] for name in OWN)
    return Grid(read_spec(PAGE, **FIXED), vary, read_values(vary, values), tuple(models), seeds)


def begin(grid: Grid, series: Series) -> None:
    """Train what a grid lacks, at once: what still trains or waits for another grid is ended."""
    for run in others(batch.runs(PAGE), grid):
        run.forget()
    batch.start(PAGE, grid.runs, series)


def ask(study: Experiment) -> None:
    """Set the form to a study and run it."""
    for name, value in {**FORM, **OWN, **study.settings}.items():
        st.session_state[key(name)] = value
    begin(formed(), load(st.session_state[key("series")]))


guard(PAGE)
problems = open_form(PAGE, {**FORM, **OWN}, READERS)
words = lesson(PAGE)
header(N_("Study: vary one setting"))
complete()
vary = st.session_state[key("vary")]

controls, lab = st.columns([1, 3.4], gap="medium")
with controls:
    st.selectbox(t(N_("Vary")), list(VARIED), key=key("vary"), format_func=lambda name: t(SETTINGS[name][1].label),
                 on_change=partial(st.session_state.__setitem__, key("values"), ""), persist_state="session",
                 help=t(SETTINGS[vary][1].help))  # fmt: skip
    st.text_input(t(N_("Values")), key=key("values"), persist_state="session",
                  help=t(N_("Separated by commas; an empty field takes the usual ones.")))  # fmt: skip
    st.pills(t(N_("Models")), [v.name for v in offered(vary)], selection_mode="multi", key=key("models"), wrap=True,
             format_func=lambda name: t(variant(name).label), persist_state="session")  # fmt: skip
    st.slider(t(SEEDS.label), SEEDS.low, SEEDS.high, key=key("seeds"), help=t(SEEDS.help), persist_state="session")
    plan = st.container()
    series = series_field(PAGE)
    for name in ("hidden_size", "seq_length", "epochs", "lr"):
        if name != vary:
            field(PAGE, name)
    with st.expander(t(N_("More settings")), icon=":material/tune:"):
        for name in FOLDED:
            if name != vary:
                field(PAGE, name)
    if series is not None:
        st.caption(source_of(series))

troubles = [sentence(problem) for problem in problems]
grid = wrong = None
try:
    grid = formed()
    plan.caption(told(grid, batch.runs(PAGE)))
    own = {"vary": vary, "values": ",".join(split(st.session_state[key("values")])),
           "models": ",".join(grid.models), "seeds": str(grid.seeds)}  # fmt: skip
    first = {"vary": OWN["vary"], "values": ",".join(split(VARIED[vary])),
             "models": ",".join(comparable(vary, ASKED)), "seeds": str(OWN["seeds"])}  # fmt: skip
    write_url(PAGE, grid.base, BASE, {name: text for name, text in own.items() if text != first[name]})
    wrong = misfit(grid, lambda cell: cut(series.values, cell.data)) if series else None
except UserError as problem:
    troubles.append(sentence(problem))
if wrong:
    troubles.append(f"{t(SETTINGS[vary][1].label)} {plain(said(t, vary, wrong[0]))}: {sentence(wrong[1])}")

with lab:
    for trouble in troubles:
        st.warning(trouble, icon=":material/link_off:")
    with st.container(horizontal=True, key="experiments"):
        for study in STUDIES:
            st.button(t(study.question), key=key(f"try.{study.name}"), icon=":material/science:", on_click=ask,
                      args=(study,))  # fmt: skip
    if grid is not None:
        grid_board(PAGE, grid, series, wrong is None, partial(begin, grid, series), words["lead"])

notice, method, home = st.tabs([t(N_("What to notice")), t(N_("How it is done")), t(N_("Take it home"))])
notice.container(width=820).markdown(words["notice"])
method.container(width=820).markdown(words["method"])
with home:
    if grid is not None:
        found = batch.runs(PAGE)
        st.download_button(
            t(N_("All cells and seeds as CSV")), lambda: as_csv(grid, batch.results(found, grid.runs)),
            f"study_{vary}.csv", "text/csv", icon=":material/download:", on_click="ignore", key=key("csv"),
        )  # fmt: skip
    st.caption(t(N_("The address of this page is a link to this study.")))
