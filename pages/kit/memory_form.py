"""The form of runs on a memory task: several cells side by side, with one set of settings."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.kit.form import field, reader
from pages.kit.rows import one_of
from pages.kit.text import t
from seqcore.catalogue import RECURRENT
from seqcore.data.tasks import TASKS
from seqcore.data.tasks.spec import MemorySpec
from seqcore.memory import side_by_side
from seqcore.spec import SETTINGS, as_text, settings_of
from seqcore.text import N_

MEMORY = settings_of(MemorySpec)

SIZE = ("hidden_size", "lr", "epochs")
MORE = ("num_layers", "dropout", "batch_size", "optimiser", "stop", "seed", "device")
AT_ONCE = ("clip", "clip_value", "truncate")
"""Remedies that act on a run while it trains."""

ANEW = ("init", "gain", "forget_bias", "relu", "layer_norm", "skip", "attention")
"""Remedies a network is made with."""

FIELDS = ("task", "lag", *SIZE, *MORE, *AT_ONCE, *ANEW)

FIRST: dict[str, Any] = {**{name: MemorySpec().flat()[name] for name in FIELDS}, "cells": list(RECURRENT)}
"""The fields as they are at first."""


def _read_cells(text: str) -> list[str]:
    cells = [part for part in text.split(",") if part]
    side_by_side({}, cells)
    return [cell for cell in RECURRENT if cell in cells]


READERS: dict[str, Callable[[str], Any]] = {
    **{name: reader(name, MEMORY[name][1]) for name in FIELDS},
    "task": one_of("task", list(TASKS)), "cells": _read_cells,
}  # fmt: skip


def memory_form(page: str, change: Callable[[str], None], *, lag: bool = True) -> None:
    """Draw the fields, that of the `lag` where one is read; `change` is called with the name of a remedy."""
    facts = MEMORY["task"][1]
    st.selectbox(t(facts.label), list(facts.choices), key=f"{page}.task", persist_state="session", help=t(facts.help),
                 format_func=lambda name: t(facts.choices[name]))  # fmt: skip
    st.caption(t(TASKS[st.session_state[f"{page}.task"]].rule))
    st.pills(t(N_("Networks")), list(RECURRENT), selection_mode="multi", key=f"{page}.cells", persist_state="session",
             format_func=cell_name)  # fmt: skip
    if lag:
        field(page, "lag", settings=MEMORY)
    opened = f"{page}.remedies"  # it does not close in the reader's hands when the last one is switched off again
    st.session_state[opened] = st.session_state.get(opened, False) or any(changed(page, AT_ONCE + ANEW))
    with st.expander(t(N_("Remedies")), icon=":material/healing:", expanded=st.session_state[opened]):
        st.caption(t(N_("These act at once, also while a run trains:")))
        for name in AT_ONCE:
            field(page, name, settings=MEMORY, on_change=lambda name=name: change(name))
        st.caption(t(N_("With these the networks are made anew, and begin again if they train:")))
        for name in ANEW:
            field(page, name, settings=MEMORY, on_change=lambda name=name: change(name))
    for name in SIZE:
        field(page, name, settings=MEMORY)
    with st.expander(t(N_("More settings")), icon=":material/tune:"):
        for name in MORE:
            field(page, name, settings=MEMORY)


def changed(page: str, names: tuple[str, ...]) -> list[bool]:
    """Of each field, whether it is not as it is at first."""
    return [st.session_state[f"{page}.{name}"] != FIRST[name] for name in names]


def cell_name(cell: str) -> str:
    """What a cell is called."""
    facts = SETTINGS["architecture"][1]
    return t(facts.choices[cell])


def formed(page: str, lags: tuple[int, ...] = (), seeds: int = 1) -> list[MemorySpec]:
    """What the form describes, for each of its cells; `UserError` where that cannot be."""
    values = {name: st.session_state[f"{page}.{name}"] for name in FIELDS}
    return side_by_side(values, st.session_state[f"{page}.cells"], lags, seeds)


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    now = {name: st.session_state[f"{page}.{name}"] for name in FIRST}
    return {name: ",".join(value) if isinstance(value, list) else as_text(value)
            for name, value in now.items() if value != FIRST[name]}  # fmt: skip
