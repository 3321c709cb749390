"""How somebody wants to look into a network: what is drawn of it, in which order, and what is held fixed meanwhile."""

from dataclasses import dataclass

import streamlit as st

from pages.kit.rows import one_of
from pages.kit.scene import Scene
from pages.kit.text import sentence, t
from pages.kit.values import tap_label
from seqcore.data.windows import cut
from seqcore.look import GATES, Clamp, Look, Study, check_clamps, clamps_as_text, read_clamps, taps
from seqcore.spec import ModelSpec
from seqcore.text import N_, UserError

ORDERS = {
    "activity": N_("how much they move"), "correlation": N_("likeness to the input"), "cluster": N_("likeness"),
    "own": N_("their own number"),
}  # fmt: skip

VIEWS = {
    "training": N_("Training"), "gates": N_("Gates"), "space": N_("State space"), "readout": N_("What can be read"),
    "similar": N_("Similar moments"), "weights": N_("Weights"), "held": N_("What if"),
}  # fmt: skip

STUDIED = ("gates", "space", "readout", "similar")
"""Views that need what is measured over many windows."""

MOST_UNITS = 8
FIRST = {
    "tap": "l0.hidden",
    "order": "activity",
    "view": "training",
    "units": (),
    "window": -1,
    "span": (0, 0),
    "hold": "",
}
"""The page's own fields; window -1 is the first of the test part, a span of no length is the last third."""


@dataclass(frozen=True)
class Inside:
    """What is drawn: `tap` with its units in `order`, `units` (from 0) traced, and the pictures of a `view`."""

    tap: str
    order: str
    units: tuple[int, ...]
    span: tuple[int, int]
    view: str
    clamps: tuple[Clamp, ...]
    plane: bool
    turn: int


def _whole(name: str, low: int, high: int):
    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise UserError(
                N_("{name} ({value}) must be between {low} and {high}."),
                name=name, value=text[:20], low=low, high=high,
            )  # fmt: skip
        return value

    return read


def _several(name: str, most: int, high: int):
    one = _whole(name, 0, high)

    def read(text: str) -> tuple[int, ...]:
        parts = text.split(",")
        if len(parts) > most:
            raise UserError(N_("{name}: {count} numbers are too many, {most} is the most."), name=name,
                            count=len(parts), most=most)  # fmt: skip
        return tuple(one(part) for part in parts if part)

    return read


def _span(text: str) -> tuple[int, int]:
    ends = _several("span", 2, 200)(text)
    return (min(ends), max(ends)) if len(ends) == 2 else FIRST["span"]


READERS = {
    "tap": lambda text: Clamp(text, 0.0).tap, "order": one_of("order", list(ORDERS)),
    "view": one_of("view", list(VIEWS)), "units": _several("units", MOST_UNITS, 255), "span": _span,
    "window": _whole("window", -1, 10**7), "hold": lambda text: clamps_as_text(read_clamps(text)),
}  # fmt: skip


def as_link(page: str) -> dict[str, str]:
    """The page's own fields that are not as they are at first, as a URL holds them."""
    now = {name: st.session_state[f"{page}.{name}"] for name in FIRST}
    texts = {name: ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
             for name, value in now.items() if value != FIRST[name]}  # fmt: skip
    return {name: text for name, text in texts.items() if text}


def looking(page: str, scene: Scene) -> tuple[Look, Inside]:
    """Draw the controls of looking into a network.

    What another network had and this one has not falls back to what every network has.
    """
    state, model, steps = st.session_state, scene.spec.model, scene.spec.data.seq_length
    cuts = cut(scene.series.values, scene.spec.data)
    first_test, windows = len(cuts.train_x), len(cuts.train_x) + len(cuts.test_x)
    names = taps(model)
    _fit(page, names, model.hidden_size, windows, first_test, steps)
    st.selectbox(t(N_("Value")), names, key=f"{page}.tap", format_func=tap_label, persist_state="session")
    fixed = scene.status == "recorded"  # it shows what was recorded
    st.slider(t(N_("Window")), 0, windows - 1, key=f"{page}.window", persist_state="session", disabled=fixed,
              help=t(N_("The window whose states are drawn; the test part begins at {first}.")).format(first=first_test)
              )  # fmt: skip
    st.selectbox(t(N_("Units sorted by")), list(ORDERS), key=f"{page}.order", format_func=lambda name: t(ORDERS[name]),
                 persist_state="session")  # fmt: skip
    st.multiselect(
        t(N_("Units to trace")), range(model.hidden_size), key=f"{page}.units", format_func=lambda unit: str(unit + 1),
        max_selections=MOST_UNITS, placeholder=t(N_("those that stand out")), persist_state="session",
    )  # fmt: skip
    st.slider(
        t(N_("Steps to compare")), 1, steps, key=f"{page}.steps", on_change=_keep_span, args=(page,), disabled=fixed,
        help=t(N_("Other windows are searched for moments at which these units behave as they do here.")),
    )  # fmt: skip
    begin, end = state[f"{page}.steps"]
    span = (begin - 1, end - 1)
    clamps = _hold(page, model, fixed)
    units = tuple(state[f"{page}.units"])
    view = state[f"{page}.view"]
    inside = Inside(
        state[f"{page}.tap"], state[f"{page}.order"], units, span, view, clamps,
        state.setdefault(f"{page}.plane", True), state.setdefault(f"{page}.turn", 30),
    )  # fmt: skip
    studied = view in STUDIED or inside.order != "own"
    study = Study(inside.tap, span, units) if studied else None
    return Look(state[f"{page}.window"], weights=view == "weights", clamps=clamps, study=study), inside


def _keep_span(page: str) -> None:
    begin, end = st.session_state[f"{page}.steps"]
    st.session_state[f"{page}.span"] = (begin - 1, end - 1)


def _fit(page: str, names: list[str], hidden_size: int, windows: int, first_test: int, steps: int) -> None:
    """Move what the session or a link holds into the range of this network and series."""
    state = st.session_state
    if state[f"{page}.tap"] not in names:
        state[f"{page}.tap"] = names[0]
    if not 0 <= state[f"{page}.window"] < windows:
        state[f"{page}.window"] = first_test
    state[f"{page}.units"] = [unit for unit in state[f"{page}.units"] if unit < hidden_size]
    first, last = state[f"{page}.span"]
    if not first < last < steps:
        first, last = steps - max(2, steps // 3), steps - 1
    state[f"{page}.steps"] = (first + 1, last + 1)


def _hold(page: str, model: ModelSpec, fixed: bool) -> tuple[Clamp, ...]:
    """Draw what is held fixed and the means to change it; returns what this network can hold of it."""
    state = st.session_state
    clamps = read_clamps(state[f"{page}.hold"])
    try:
        check_clamps(clamps, model)
    except UserError as problem:
        st.warning(sentence(problem))
        clamps = ()
    with st.expander(t(N_("What if …")), icon=":material/lock:", expanded=bool(clamps)):
        names = taps(model)
        tap = st.selectbox(t(N_("Hold")), names, key=f"{page}.hold.tap", format_func=tap_label)
        unit = st.selectbox(
            t(N_("of unit")), [None, *range(model.hidden_size)], key=f"{page}.hold.unit",
            format_func=lambda unit: t(N_("all units")) if unit is None else str(unit + 1),
        )  # fmt: skip
        gate = tap.rpartition(".")[2] in GATES
        value = st.slider(t(N_("at")), 0.0 if gate else -1.0, 1.0, 0.0, 0.05, key=f"{page}.hold.{gate}")
        left, right = st.columns(2)
        more = [old for old in clamps if (old.tap, old.unit) != (tap, unit)] + [Clamp(tap, value, unit)]
        left.button(t(N_("Hold it")), icon=":material/lock:", key=f"{page}.hold.add", width="stretch",
                    disabled=fixed, on_click=_keep, args=(page, more))  # fmt: skip
        right.button(t(N_("Let go")), icon=":material/lock_open:", key=f"{page}.hold.clear", width="stretch",
                     disabled=not clamps, on_click=_keep, args=(page, []))  # fmt: skip
        for clamp in clamps:
            st.caption(told(clamp))
    return clamps


def told(clamp: Clamp) -> str:
    """A held value in words."""
    unit = t(N_("all units")) if clamp.unit is None else t(N_("unit {unit}")).format(unit=clamp.unit + 1)
    return f"{tap_label(clamp.tap)}, {unit} = {clamp.value:g}"


def _keep(page: str, clamps: list[Clamp]) -> None:
    """Hold these from now on, and show what comes of it."""
    try:
        st.session_state[f"{page}.hold"] = clamps_as_text(read_clamps(clamps_as_text(clamps)))
    except UserError as problem:
        st.session_state[f"{page}.refused"] = sentence(problem)
        return
    st.session_state[f"{page}.view"] = "held" if clamps else "training"
