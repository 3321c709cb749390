"""Changes by hand: a weight set, a gate or a state held, the cell state frozen; and everything put back."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.kit.forward_form import get, key, put
from pages.kit.matrices import written
from pages.kit.text import plain, t
from seqcore.look import FURTHEST, GATES, Clamp, check_clamps, clamps_as_text, read_clamps, taps
from seqcore.spec import ModelSpec
from seqcore.text import N_, UserError
from seqcore.unrolled import Edit, Origin, Pass, Setup, edits_as_text, misfit, parameter_shapes, read_edits, read_place
from seqcore.unrolled.forward import TAPPED
from seqcore.unrolled.weights import LARGEST

TAP_KINDS = {name: tap for tap, name in TAPPED.items()}
HELD = ("i", "f", "g", "o", "r", "z", "n", "c", "h")
"""The tensors of a step that can be held."""


def network(setup: Setup) -> ModelSpec:
    """The same network as the rest of the project describes it."""
    return ModelSpec(setup.cell, setup.hidden_size, setup.num_layers, 0.0, setup.bidirectional)


def changes(setup: Setup) -> tuple[list[Edit], list[Clamp], list[UserError]]:
    """The edits and held values that fit this network, and a sentence for each that does not."""
    problems, edits, clamps = [], [], []
    for edit in read_edits(get("edits")):
        if problem := misfit(edit, setup):
            problems.append(problem)
        else:
            edits.append(edit)
    for clamp in read_clamps(get("held")):
        try:
            check_clamps([clamp], network(setup))
            clamps.append(clamp)
        except UserError as problem:
            problems.append(problem)
    return edits, clamps, problems


def set_weight(name: str, index: tuple[int, ...], value: float) -> None:
    """Set one element by hand; what is too much is said at the next drawing."""
    others = [edit for edit in read_edits(get("edits")) if (edit.name, edit.index) != (name, index)]
    _keep("edits", edits_as_text([*others, Edit(name, index, value)]), read_edits)


def hold(*clamps: Clamp) -> None:
    """Hold values, in place of what was held there before."""
    there = {(clamp.tap, clamp.unit) for clamp in clamps}
    others = [clamp for clamp in read_clamps(get("held")) if (clamp.tap, clamp.unit) not in there]
    _keep("held", clamps_as_text([*others, *clamps]), read_clamps)


def _keep(name: str, text: str, read) -> None:
    try:
        read(text)
    except UserError as problem:
        st.session_state[key("refused")] = problem
    else:
        put(**{name: text})


def put_back() -> None:
    """Undo every change."""
    put(edits="", held="", freeze=False)


def latch(setup: Setup) -> None:
    """f = 1 and i = 0 in every layer: nothing is forgotten and nothing is let in."""
    wanted = {"f": 1.0, "i": 0.0}
    names = [name for name in taps(network(setup)) if name.rpartition(".")[2] in wanted]
    hold(*(Clamp(name, wanted[name.rpartition(".")[2]]) for name in names))


def change_picked(picked: Origin) -> None:
    """Draw the field that changes the picked number."""
    place = read_place(picked.ref)
    low, high, word = -FURTHEST, FURTHEST, N_("Pick a weight or gate")
    able = True
    if place is None and picked.ref.startswith(("weight", "bias")):
        low, high, word = -LARGEST, LARGEST, N_("Set {name}")
    elif place is not None and place.name in HELD:
        low, high = (0.0, 1.0) if place.name in GATES else (low, high)
        word = N_("Hold {name} at every step")
    else:
        able = False
    widget = key(f"set.{picked.ref}.{picked.value!r}")  # another value is another widget, which begins with it

    def change() -> None:
        value = st.session_state[widget]
        if value is None:
            return
        if place is None:
            name, _, index = picked.ref.rstrip("]").partition("[")
            set_weight(name, tuple(int(number) for number in index.split(",")), value)
        else:
            tap = f"l{place.layer}{'r' * place.reverse}.{TAP_KINDS.get(place.name, place.name)}"
            hold(Clamp(tap, round(value, 4), place.j))

    shown = picked.value if low <= picked.value <= high else None
    name = picked.label if place is None or not able else f"{place.name}[{place.j}]"
    words = t(word).format(name=name)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        st.markdown(plain(words), width="content", text_alignment="right")
        st.number_input(
            words, low, high, shown, step=0.1, format="%.4g", key=widget, on_change=change, disabled=not able,
            placeholder=written(picked.value), label_visibility="collapsed", width=150,
        )  # fmt: skip


def hold_panel(setup: Setup) -> None:
    """Draw what holds a whole gate or state, and what freezes the cell state."""
    names = taps(network(setup))
    if setup.cell == "lstm":
        st.button(t(N_("f = 1, i = 0: keep for ever")), key=key("latch"), icon=":material/lock:", on_click=latch,
                  args=(setup,), width="stretch")  # fmt: skip
        st.toggle(t(N_("Freeze the cell state")), key=key("freeze"), persist_state="session",
                  help=t(N_("Every step hands the cell state on as it was: c_t = c_(t−1).")))  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tap = st.selectbox(t(N_("Gate or state")), names, key=key("tap"))
        low = 0.0 if tap.rpartition(".")[2] in GATES else -FURTHEST
        high = 1.0 if low == 0.0 else FURTHEST
        value = st.number_input(t(N_("Value")), low, high, 0.0, step=0.1, key=key(f"value.{low}"), width=110)
    st.button(t(N_("Hold at every step")), key=key("hold"), icon=":material/front_hand:", width="stretch",
              on_click=lambda: hold(Clamp(tap, round(value, 4))))  # fmt: skip


def summary(done: Pass, edits: list[Edit]) -> None:
    """Say what is changed, and what follows for an LSTM's cell state; with the button that puts all back."""
    told = [str(clamp) for clamp in done.clamps] + [str(edit) for edit in edits]
    told += [t(N_("cell state frozen"))] * done.freeze
    if not told:
        return
    more = t(N_(" and {count} more")).format(count=len(told) - 4) if len(told) > 4 else ""
    words = t(N_("Changed by hand: {changes}.")).format(changes=", ".join(told[:4]) + more)
    if done.setup.cell == "lstm" and constant(done):
        same = t(N_("The cell state is exactly the same at all {count} steps: c_{count} = c_0, bit for bit."))
        words += " " + same.format(count=done.setup.seq_length)
    with st.container(horizontal=True, vertical_alignment="center", key="forward-changes"):
        st.markdown(f":material/back_hand: {plain(words)}", width="stretch")
        st.button(t(N_("Put everything back")), key=key("restore"), icon=":material/undo:", on_click=put_back)


def constant(done: Pass) -> bool:
    """Whether no cell state differs from the one before the first step in a single bit."""
    setup = done.setup
    for name, values in done.tensors.items():
        place, _, kind = name.split(".")
        if kind == "c":
            row = int(place[1]) * len(setup.directions) + place.endswith("r")
            if not np.array_equal(values, done.initial["c_0"][row]):
                return False
    return True


def weight_table(done: Pass) -> None:
    """Draw one whole weight as a table to edit."""
    shapes = parameter_shapes(done.setup)
    name = st.selectbox(t(N_("Weight")), list(shapes), key=key("tensor"),
                        format_func=lambda name: f"{name} {tuple(shapes[name])}")  # fmt: skip
    values = done.weights[name]
    H = done.setup.hidden_size
    table = pd.DataFrame(
        values.reshape(len(values), -1),
        index=[f"{k} · {done.setup.blocks[k // H]}[{k % H}]" for k in range(len(values))],
        columns=[f"[{c}]" for c in range(shapes[name][1])] if values.ndim == 2 else [t(N_("value"))],
    )  # fmt: skip
    widget = key(f"table.{name}.{hash((get('edits'), done.setup))}")

    def change() -> None:
        for row, cells in st.session_state[widget]["edited_rows"].items():
            for column, value in cells.items():
                place = (int(row), list(table.columns).index(column))[: values.ndim]
                set_weight(name, place, min(max(float(value or 0.0), -LARGEST), LARGEST))

    numbers = {column: st.column_config.NumberColumn(format="%.4g") for column in table.columns}
    rows = {"_index": st.column_config.Column(disabled=True)}
    st.data_editor(table, key=widget, column_config=numbers | rows, on_change=change, height="content", width="content")
