"""The form of a Transformer's run: what it learns, its sizes, and how it is trained."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.kit.form import field, reader
from pages.kit.text import t
from seqcore.data.text import TEXT_TASKS
from seqcore.data.text.spec import HALVES, TRANSFORMER, LanguageSpec, TransformerSpec, transformer_spec
from seqcore.spec import as_text
from seqcore.text import N_

RULES = {
    "next": N_("A decoder alone reads from the left, foretells the next token, and so can go on with any sentence."),
    "masked": N_("An encoder alone sees the whole sentence but for a few words, and guesses those."),
}

MAIN = ("d_model", "num_heads", "num_layers", "epochs", "lr")
PAIRS, CORPUS = ("pairs", "seed"), ("vocabulary_size", "sentences", "seed")
FOLDED = {
    N_("Network"): ("d_ff", "position", "norm_first", "dropout", "tied", "causal"),
    N_("Training"): ("batch_size", "optimiser", "clip", "warmup", "label_smoothing", "device"),
}

FIRST: dict[str, Any] = LanguageSpec().flat() | TransformerSpec().flat()
del FIRST["architecture"], FIRST["trained"]  # the task decides, and the button


READERS: dict[str, Callable[[str], Any]] = {name: reader(name, TRANSFORMER[name][1]) for name in FIRST}


def transformer_form(page: str) -> None:
    """Draw the fields."""
    field(page, "task", settings=TRANSFORMER)
    task = st.session_state[f"{page}.task"]
    if task in HALVES:
        st.caption(t(RULES[task]))
        field(page, "corpus", settings=TRANSFORMER)
        field(page, "tokens", settings=TRANSFORMER)
    else:
        st.caption(t(TEXT_TASKS[task].rule))
    for name in MAIN:
        field(page, name, settings=TRANSFORMER)
    st.page_link("pages/train.py", label=t(N_("Forecast a series with it")), icon=":material/show_chart:",
                 query_params={"train.architecture": "transformer"})  # fmt: skip
    for title, names in {N_("Data"): CORPUS if task in HALVES else PAIRS, **FOLDED}.items():
        with st.expander(t(title), icon=":material/tune:"):
            for name in names:
                if name != "causal" or task != "masked":
                    field(page, name, settings=TRANSFORMER)


def formed(page: str) -> TransformerSpec | LanguageSpec:
    """What the form describes; `UserError` where that cannot be."""
    return transformer_spec({name: st.session_state[f"{page}.{name}"] for name in FIRST})


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    now = {name: st.session_state[f"{page}.{name}"] for name in FIRST}
    return {name: as_text(value) for name, value in now.items() if value != FIRST[name]}
