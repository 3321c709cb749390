"""A form whose fields come from the spec and whose whole state is in the URL.

Widget keys and URL names are `"<page>.<field>"`. Streamlit's own binding of widgets to the URL writes the label of
a choice, which depends on the language; here the URL holds the value, so a link means the same to every reader.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import streamlit as st

from pages.kit.text import KEY, language, t
from seqcore.catalogue import CLASSICAL, RECURRENT
from seqcore.spec import SETTINGS, RunSpec, Setting, as_text, from_flat
from seqcore.text import N_, UserError

LEARNING_RATES = (*(float(f"{digit}e{power}") for power in range(-5, 1) for digit in (1, 1.5, 2, 3, 5, 7)), 10.0)
"""Positions of the logarithmic slider."""

Settings = Mapping[str, tuple[str, Setting]]

UNKNOWN = N_("The link names a setting that does not exist ({name!r}): it was ignored.")

WIDEST_SLIDER = 300
"""A whole-number field with a wider range is typed, not slid."""


def open_form(
    page: str, defaults: Mapping[str, Any], readers: Mapping[str, Callable[[str], Any]] = MappingProxyType({})
) -> list[UserError]:
    """Put the values of the URL, or else the defaults, where the widgets will find them.

    `defaults` names the page's fields; `readers` reads those from text that are no settings of a run, and raises
    `UserError`. Reads the URL only when the page is entered. Returns what was wrong with it, a sentence each, until a
    run is started; the fields concerned keep their defaults.
    """
    entered = st.session_state.get("seqlab.page") != page
    st.session_state["seqlab.page"] = page
    problems = st.session_state.setdefault(link_problems(page), [])
    values = dict(defaults)

    def read(name: str, text: str) -> Any:
        if name not in defaults:
            raise UserError(UNKNOWN, name=name[:40])
        return readers[name](text) if name in readers else read_value(name, text)

    if entered:
        problems.clear()
        for key in list(st.query_params)[:100]:
            owner, _, name = key.partition(".")
            if owner != page:
                continue
            try:
                values[name] = read(name, st.query_params[key])
            except UserError as problem:
                problems.append(problem)
        if any(key.startswith(f"{page}.") for key in st.query_params):
            for name, value in values.items():
                st.session_state[f"{page}.{name}"] = value
    for name, value in values.items():
        st.session_state.setdefault(f"{page}.{name}", value)
    return list(problems)


def fields(page: str) -> dict[str, str | float | list]:
    """What the page's widgets say, and what it keeps beside them, by key.

    A tick of a fragment may still bring a widget's old value, sent before the browser has taken over what a callback
    wrote: a fragment that has the whole page drawn again compares this with what the page was drawn with. A button is
    true for one run only, so the keys of buttons have a part more than those of fields.
    """
    return {key: value for key, value in st.session_state.items()
            if key.startswith(f"{page}.") and key.count(".") == 1 and isinstance(value, str | int | float | list)
            }  # fmt: skip


def link_problems(page: str) -> str:
    """Where the session keeps what was wrong with the link a page was entered by."""
    return f"{page}.link"


def read_value(name: str, text: str) -> Any:
    """One setting's value from text; `UserError` if there is no such setting or the value does not fit."""
    if name not in SETTINGS:
        raise UserError(UNKNOWN, name=name[:40])
    facts = SETTINGS[name][1]
    value = facts.check(name, facts.parse(name, text))
    if name == "architecture" and value in CLASSICAL:
        raise UserError(N_("{value} is not a network: choose one of those in the form."), value=value)
    if facts.log and value not in LEARNING_RATES:
        return min(LEARNING_RATES, key=lambda position: abs(position - value))
    return value


def reader(name: str, facts: Setting) -> Callable[[str], Any]:
    """Reads one setting from text, by its own facts; `UserError` if the value does not fit."""
    if facts is SETTINGS.get(name, (None, None))[1]:
        return partial(read_value, name)
    return lambda text: facts.check(name, facts.parse(name, text))


def field(
    page: str, name: str, *, disabled: bool = False, settings: Settings = SETTINGS,
    on_change: Callable[[], None] | None = None,
) -> None:  # fmt: skip
    """Draw the widget of one setting; its value is in `st.session_state`."""
    facts = settings[name][1]
    label = t(facts.label) + (f" · {t(facts.unit)}" if facts.unit else "")
    shared = dict(key=f"{page}.{name}", help=t(facts.help), persist_state="session", disabled=disabled,
                  on_change=on_change)  # fmt: skip
    if facts.kind == "choice":
        options = [value for value in facts.choices if name != "architecture" or value not in CLASSICAL]
        draw = st.segmented_control if name in ("scaler_fit",) else st.selectbox
        draw(label, options, format_func=lambda value: t(facts.choices[value]), **shared)
    elif facts.kind == "bool":
        st.toggle(label, **shared)
    elif facts.log:
        st.select_slider(label, LEARNING_RATES, format_func=lambda value: f"{value:g}", **shared)
    elif facts.kind == "float" or facts.high - facts.low <= WIDEST_SLIDER:
        st.slider(label, **_bounds(facts), step=facts.step, **shared)
    else:
        st.number_input(label, **_bounds(facts), step=1, **shared)


def _bounds(facts: Setting) -> dict:
    kind = int if facts.kind == "int" else float
    return {"min_value": kind(facts.low), "max_value": kind(facts.high)}


def read_spec(page: str, **fixed: Any) -> RunSpec:
    """The spec the form describes, `fixed` settings aside; `UserError` where two settings do not fit together.

    A network that cannot be bidirectional has no such widget, so what another network left there does not count.
    """
    values = {name: st.session_state[f"{page}.{name}"] for name in SETTINGS if name not in fixed} | fixed
    if values["architecture"] not in RECURRENT:
        values["bidirectional"] = False
    return from_flat(values)


def write_url(page: str, spec: RunSpec, default: RunSpec | None = None, more: Mapping[str, str] | None = None) -> None:
    """Make the URL a link to this page as it stands: every setting that is not the default, and the language.

    `more` holds the page's other fields that are not as they are at first, as text.
    """
    wanted = {KEY: language()} if language() != "en" else {}
    wanted |= {f"{page}.{name}": as_text(value) for name, value, _ in spec.differences(default or RunSpec())}
    wanted |= {f"{page}.{name}": text for name, text in (more or {}).items()}
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
