"""The Forward pass step by step: the bar that moves, the operation in words and numbers, the matrices, the pictures."""

import re

import streamlit as st

from pages.kit.forward_change import change_picked
from pages.kit.forward_flow import OPERATION_NAMES, flow, meaning, weights_in_use
from pages.kit.forward_form import AS_HERE, ELEMENT, FUNCTIONS, Position, forgive, get, key, put, where
from pages.kit.forward_pictures import bend, over_time
from pages.kit.live import board
from pages.kit.matrices import matrices
from pages.kit.text import plain, t
from seqcore.figures.activation import ACTIVATIONS
from seqcore.text import N_, UserError
from seqcore.unrolled import OPERATIONS, Origin, Pass, Setup, origin, read_place

MOVES = (
    ("first", N_("First"), ":material/first_page:", "Shift+Home"),
    ("earlier", N_("Step back"), ":material/fast_rewind:", "Shift+Left"),
    ("back", N_("Back"), ":material/chevron_left:", "Left"),
    ("next", N_("Next"), ":material/chevron_right:", "Right"),
    ("later", N_("Step on"), ":material/fast_forward:", "Shift+Right"),
    ("last", N_("Last"), ":material/last_page:", "Shift+End"),
)
HELP = {
    "first": N_("To the first operation (Shift + Home)."), "earlier": N_("A time step back (Shift + ←)."),
    "back": N_("An operation back."), "next": N_("The next operation."),
    "later": N_("A time step on (Shift + →)."), "last": N_("To the last operation (Shift + End)."),
}  # fmt: skip


def step_bar(setup: Setup) -> None:
    """Draw the buttons that move through the computation."""
    index, order = where(setup)
    step = len(OPERATIONS[setup.cell])
    last = len(order) - 1
    goals = {"first": 0, "earlier": index - step, "back": index - 1,
             "next": index + 1, "later": index + step, "last": last}  # fmt: skip
    for name, label, icon, shortcut in MOVES:
        goal = min(max(goals[name], 0), last)
        st.button(
            t(label), key=key(name), icon=icon, shortcut=shortcut, help=t(HELP[name]), on_click=_go,
            args=(setup, order[goal]), disabled=goal == index, type="primary" if name == "next" else "secondary",
        )  # fmt: skip


def _go(setup: Setup, position: Position) -> None:
    """Stand at a position, with the same unit of the same sequence picked."""
    before = read_place(get("pick"))
    names = OPERATIONS[setup.cell][position.operation]
    name, b, j = names[0], 0, 0
    if before is not None:
        b, j = before.b, before.j
        name = next((one for one in names if one[-1] == before.name[-1]), name)
    at = f"l{position.layer}{'r' * position.reverse}.{position.t}"
    put(at=str(position), pick=f"{at}.{name}[{b},{j}]")
    forgive()


def show(setup: Setup, ref: str) -> None:
    """Pick an element, and stand where it is computed; what is no reference to one is not heard."""
    if not re.fullmatch(ELEMENT, str(ref)):
        return
    place = read_place(ref)
    for operation, made in OPERATIONS[setup.cell].items():
        if place is not None and place.name in made:
            put(at=str(Position(place.layer, place.reverse, place.t, operation)))
    put(pick=ref)
    forgive()


def picked(done: Pass, at: Position) -> Origin:
    """The picked element, or the first number that the current operation makes."""
    first = f"l{at.layer}{'r' * at.reverse}.{at.t}.{OPERATIONS[done.setup.cell][at.operation][0]}[0,0]"
    try:
        found = origin(done, get("pick") or first)
    except UserError:
        found = origin(done, first)
    place = read_place(found.ref)
    made = OPERATIONS[done.setup.cell][at.operation]
    here = place is None or (
        (place.layer, place.reverse, place.t) == (at.layer, at.reverse, at.t) and place.name in made
    )
    return found if here else origin(done, first)


def steps_view(done: Pass) -> None:
    """Draw the operation the page stands at, and everything around it."""
    setup = done.setup
    index, order = where(setup)
    at = order[index]
    number = picked(done, at)
    name, told = t(OPERATION_NAMES[at.operation]), t(meaning(setup.cell, at.operation))
    st.markdown(f"{plain(_place(setup, at))} · **{plain(name)}.** {plain(told)}")
    equation, change = st.columns([1.75, 1], vertical_alignment="center")
    equation.markdown(f"${number.equation}$")
    with change:
        change_picked(number)
    factors = max(setup.hidden_size, setup.width(at.layer))
    matrices(
        flow(done, at), number, key=key("flow"), on_pick=lambda ref: show(setup, ref), lines=1 if factors <= 3 else 2
    )
    weights, left, right = st.columns([1.55, 1.05, 0.95], gap="small")
    with weights:
        heading, stages = weights_in_use(done, at)
        matrices(stages, number, key=key("weights"), on_pick=lambda ref: show(setup, ref), heading=heading)
    place = read_place(number.ref)
    with left:
        board([bend(done, at, get("function"))], key=key("bend"), columns=1, height=190)
    with right:
        board([over_time(done, at, place.b if place else 0)], key=key("time"), columns=1, height=190)


def _place(setup: Setup, at: Position) -> str:
    parts = []
    if setup.num_layers > 1:
        parts.append(t(N_("layer {layer}")).format(layer=at.layer))
    if setup.bidirectional:
        parts.append(t(N_("backwards")) if at.reverse else t(N_("forwards")))
    operations = list(OPERATIONS[setup.cell])
    parts.append(t(N_("step {step}/{count}")).format(step=at.t, count=setup.seq_length))
    number = operations.index(at.operation) + 1
    parts.append(t(N_("operation {number}/{count}")).format(number=number, count=len(operations)))
    return " · ".join(parts)


def function_field() -> None:
    """Draw the choice of the activation function that is looked at."""
    st.selectbox(
        t(N_("Activation in the picture")), FUNCTIONS, key=key("function"), persist_state="session",
        format_func=lambda name: t(N_("the one of this operation")) if name == AS_HERE else ACTIVATIONS[name].label,
    )  # fmt: skip
