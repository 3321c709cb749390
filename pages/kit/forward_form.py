"""The state of the Forward pass page: what its link holds, its widgets, and the network they describe."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import streamlit as st

from pages.kit.form import link_problems, write_url
from pages.kit.rows import one_of
from pages.kit.text import t
from seqcore.catalogue import SERIES
from seqcore.figures.activation import ACTIVATIONS
from seqcore.look import clamps_as_text, read_clamps
from seqcore.spec import RunSpec, Setting, as_text
from seqcore.text import N_, UserError
from seqcore.unrolled import OPERATIONS, Setup, edits_as_text, read_edits
from seqcore.unrolled.sequence import read_sequences

PAGE = "forward"
FIRST_INPUT = "0.5, 1, 0.2, -0.6, -1, 0.3"
SOURCES = {"numbers": N_("Numbers"), "data": N_("Data set")}
VIEWS = {"steps": N_("Step by step"), "shapes": N_("Shapes"), "weights": N_("Weights")}
AS_HERE = "here"
FUNCTIONS = (AS_HERE, *ACTIVATIONS)

SETTINGS = {item.name: item.metadata["setting"] for item in fields(Setup)}
OWN: dict[str, Any] = {
    "source": "numbers", "input": FIRST_INPUT, "series": SERIES[0].name, "row": 0, "held": "", "freeze": False,
    "edits": "", "at": "", "pick": "", "view": "steps", "guess": False, "function": AS_HERE,
}  # fmt: skip
FORM = {**{name: getattr(Setup(), name) for name in SETTINGS}, **OWN}

ELEMENT = r"[\w.]{1,30}\[\d{1,2}(,\d{1,2}){0,2}\]"
"""What the reference to an element looks like: `l0.2.f[0,1]` or `weight_ih_l0[5,1]`."""

ROW = Setting("int", "", "", 0, 100_000)
"""Any row of any series; how many there are is seen where it is used."""


def _shaped(name: str, pattern: str) -> Callable[[str], str]:
    """A reader of text of one form; whether there is such a place is seen where it is used."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise UserError(N_("{name} cannot be {value!r}."), name=name, value=text[:40])
        return text

    return read


def _read(name: str, facts: Setting) -> Callable[[str], Any]:
    return lambda text: facts.check(name, facts.parse(name, text))


def _input(text: str) -> str:
    read_sequences(text)
    return text


READERS: dict[str, Callable[[str], Any]] = {
    **{name: _read(name, facts) for name, facts in SETTINGS.items()},
    "source": one_of("source", list(SOURCES)),
    "input": _input,
    "series": one_of("series", [entry.name for entry in SERIES]),
    "row": _read("row", ROW),
    "held": lambda text: clamps_as_text(read_clamps(text)),
    **{name: _read(name, Setting("bool", "", "")) for name in ("freeze", "guess")},
    "edits": lambda text: edits_as_text(read_edits(text)),
    "at": _shaped("at", r"l\dr?\.\d{1,2}\.\w{1,5}"),
    "pick": _shaped("pick", ELEMENT),
    "view": one_of("view", list(VIEWS)),
    "function": one_of("function", FUNCTIONS),
}


def key(name: str) -> str:
    """Where the session keeps a field of the form."""
    return f"{PAGE}.{name}"


def get(name: str) -> Any:
    return st.session_state[key(name)]


def put(**values: Any) -> None:
    """Set fields of the form: before their widgets are drawn, or in a callback."""
    for name, value in values.items():
        st.session_state[key(name)] = value


def forgive() -> None:
    """Say no more about what was wrong with the link: the visitor has gone on."""
    st.session_state[link_problems(PAGE)] = []


def described() -> Setup:
    """The network that the form describes."""
    return Setup(**{name: get(name) for name in SETTINGS})


def widget(name: str, on_change: Callable[[], None] | None = None) -> None:
    """Draw the widget of one setting of the network."""
    facts = SETTINGS[name]
    shared = {"key": key(name), "help": t(facts.help), "persist_state": "session", "on_change": on_change}
    if facts.kind == "choice":
        st.segmented_control(
            t(facts.label),
            list(facts.choices),
            format_func=lambda value: t(facts.choices[value]),
            required=True,
            **shared,
        )
    elif facts.kind == "bool":
        st.toggle(t(facts.label), **shared)
    elif name == "seed":
        st.number_input(t(facts.label), int(facts.low), int(facts.high), step=1, **shared)
    else:
        st.slider(t(facts.label), int(facts.low), int(facts.high), **shared)


def link() -> None:
    """Make the URL a link to the page as it stands."""
    changed = {name: as_text(get(name)) for name, first in FORM.items() if get(name) != first}
    write_url(PAGE, RunSpec(), more=changed)


@dataclass(frozen=True)
class Position:
    """A place in the order of computation: layer by layer, in each direction step by step, operation by operation."""

    layer: int
    reverse: bool
    t: int
    operation: str

    def __str__(self) -> str:
        return f"l{self.layer}{'r' * self.reverse}.{self.t}.{self.operation}"


def positions(setup: Setup) -> list[Position]:
    """All of them, in the order in which PyTorch computes."""
    steps = range(1, setup.seq_length + 1)
    return [
        Position(layer, bool(d), step, operation)
        for layer in range(setup.num_layers)
        for d in range(len(setup.directions))
        for step in (steps[::-1] if d else steps)
        for operation in OPERATIONS[setup.cell]
    ]


def where(setup: Setup) -> tuple[int, list[Position]]:
    """The index of the position the page stands at, the first if there is no such place, and all positions."""
    order = positions(setup)
    names = [str(position) for position in order]
    return names.index(get("at")) if get("at") in names else 0, order
