"""Going on from a recorded epoch of a run with other settings; both futures stay in the picture."""

import streamlit as st

from pages.kit.form import LEARNING_RATES
from pages.kit.lab import engine
from pages.kit.text import sentence, t
from pages.kit.timeline import looked_at
from pages.kit.values import tap_label
from seqcore.engine import Run
from seqcore.look import GATES, Clamp, taps
from seqcore.spec import SETTINGS
from seqcore.text import N_, UserError


def fork_controls(page: str, run: Run | None) -> None:
    """Draw what changes at a fork, and the button that makes it; or, for a fork, the one that takes it back."""
    if run is None:
        return
    view, key = run.view(), f"{page}.{run.id}.fork"
    with st.popover(t(N_("Fork")), icon=":material/call_split:", disabled=not len(view.recorded)):
        st.caption(t(N_("Go on from the epoch that the time machine shows, with other settings. The run stays.")))
        # defaults are handed to the widgets: a value put into the session is lost while the popover is closed
        facts = SETTINGS["lr"][1]
        rate = min(LEARNING_RATES, key=lambda rate: abs(rate - view.lr))
        st.select_slider(t(facts.label), LEARNING_RATES, rate, format_func=lambda rate: f"{rate:g}", key=f"{key}.lr")
        facts = SETTINGS["optimiser"][1]
        names = list(facts.choices)
        st.selectbox(t(facts.label), names, names.index(run.spec.training.optimiser), key=f"{key}.optimiser",
                     format_func=lambda name: t(facts.choices[name]))  # fmt: skip
        _number(key, "clip", run.spec.training.clip)
        _number(key, "epochs", run.spec.training.epochs)
        held = st.selectbox(
            t(N_("Hold a value")), [None, *taps(run.spec.model)], key=f"{key}.tap",
            format_func=lambda tap: tap_label(tap) if tap else t(N_("nothing")),
        )  # fmt: skip
        if held:
            gate = held.rpartition(".")[2] in GATES
            st.slider(t(N_("at")), 0.0 if gate else -1.0, 1.0, 1.0 if gate else 0.0, 0.05, key=f"{key}.value")
        st.button(t(N_("Fork here")), icon=":material/call_split:", type="primary", key=f"{key}.go",
                  on_click=_fork, args=(page, run, key))  # fmt: skip
        if view.fork:
            st.button(t(N_("Take back this fork")), icon=":material/undo:", key=f"{key}.back", on_click=run.forget)


def _number(key: str, name: str, value: float) -> None:
    facts = SETTINGS[name][1]
    kind = type(value)
    st.number_input(t(facts.label), kind(facts.low), kind(facts.high), value, kind(facts.step), key=f"{key}.{name}")


def _fork(page: str, run: Run, key: str) -> None:
    """Fork at the epoch shown; what stands in the way is kept as a sentence for the panel to show."""
    state, recorded = st.session_state, run.view().recorded
    at = looked_at(page, run.id)
    changes = {name: state[f"{key}.{name}"] for name in ("lr", "optimiser", "clip", "epochs")}
    tap = state[f"{key}.tap"]
    try:
        fork = run.view().fork
        clamps = [*(fork.clamps if fork else ()), *([Clamp(tap, state[f"{key}.value"])] if tap else ())]
        engine().fork(run, int(recorded[-1]) if at is None else at, run.spec.replace(**changes), clamps)
    except UserError as problem:
        state[f"{page}.refused"] = sentence(problem)
    else:
        state[f"{page}.refused"] = None
