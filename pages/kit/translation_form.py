"""The form of a run on a text task."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.kit.form import field, reader
from pages.kit.text import t
from seqcore.data.text import TEXT_TASKS
from seqcore.data.text.spec import TranslationSpec
from seqcore.spec import as_text, from_flat, settings_of
from seqcore.text import N_

TRANSLATION = settings_of(TranslationSpec)

MAIN = ("architecture", "attention", "hidden_size", "epochs", "lr")
FOLDED = {
    N_("Data"): ("pairs", "seed"),
    N_("Network"): ("num_layers", "embedding_size", "bidirectional", "dropout"),
    N_("Teacher forcing"): ("teacher_forcing", "schedule"),
    N_("Training"): ("batch_size", "optimiser", "clip", "device"),
}

FIRST: dict[str, Any] = TranslationSpec().flat()
"""The fields as they are at first."""


READERS: dict[str, Callable[[str], Any]] = {name: reader(name, facts) for name, (_, facts) in TRANSLATION.items()}


def translation_form(page: str) -> None:
    """Draw the fields."""
    facts = TRANSLATION["task"][1]
    st.selectbox(t(facts.label), list(facts.choices), key=f"{page}.task", persist_state="session", help=t(facts.help),
                 format_func=lambda name: t(facts.choices[name]))  # fmt: skip
    st.caption(t(TEXT_TASKS[st.session_state[f"{page}.task"]].rule))
    for name in MAIN:
        field(page, name, settings=TRANSLATION)
    for title, names in FOLDED.items():
        with st.expander(t(title), icon=":material/tune:"):
            for name in names:
                field(page, name, settings=TRANSLATION)


def formed(page: str, **fixed: Any) -> TranslationSpec:
    """What the form describes, `fixed` settings aside; `UserError` where that cannot be."""
    return from_flat({name: st.session_state[f"{page}.{name}"] for name in FIRST} | fixed, TranslationSpec)


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    now = {name: st.session_state[f"{page}.{name}"] for name in FIRST}
    return {name: as_text(value) for name, value in now.items() if value != FIRST[name]}
