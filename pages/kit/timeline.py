"""The time machine: how far a run has come, and a slider that shows it as it was at any recorded epoch."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.kit.text import t
from seqcore.engine import RunView
from seqcore.text import N_

_STATIC = Path(__file__).parents[2] / "static"
_FILES = ("timeline.js", "timeline.css")
_VERSION = sha256(b"".join((_STATIC / name).read_bytes() for name in _FILES)).hexdigest()[:12]

LOADER = f"""
const drawing = import(new URL("app/static/timeline.js?{_VERSION}", document.baseURI));
export default (component) => {{
  drawing.then(({{ update }}) => update(component), () => {{}});
  return () => drawing.then(({{ close }}) => close(component.parentElement), () => {{}});
}};
"""

_component = st.components.v2.component(
    "seqlab.timeline", html='<div class="seqlab-timeline"></div>', js=LOADER, isolate_styles=False
)


@dataclass(frozen=True)
class Stand:
    """The epoch a run's slider stands at, None for now, after the browser's wish of that `number`."""

    run: str
    number: int = 0
    at: int | None = None


def timeline(page: str, run: str, view: RunView, unit: str) -> int | None:
    """Draw the slider of run `run` and return the epoch to look at; None for the run as it is now."""
    key = f"{page}.timeline"
    stands = _follow(st.session_state.get(f"{key}.stands", Stand(run)), st.session_state.get(key), run, view)
    st.session_state[f"{key}.stands"] = stands
    recorded = view.recorded
    data = {
        "run": run, "planned": max(view.epochs, 1), "last": view.epoch, "at": stands.at, "answered": stands.number,
        "first": int(recorded[0]) if len(recorded) > 1 else -1, "text": _words(view, stands.at, unit),
        "labels": {"play": t(N_("Play the training")), "pause": t(N_("Pause the playback")), "now": t(N_("Now")),
                   "slider": t(N_("Time machine: epoch to look at"))},
    }  # fmt: skip
    _component(key=key, data=data, on_at_change=lambda: None)
    return stands.at


def looked_at(page: str, run: str) -> int | None:
    """The epoch the slider of a run stands at, as it was last drawn."""
    stands = st.session_state.get(f"{page}.timeline.stands")
    return stands.at if stands and stands.run == run else None


def _follow(stands: Stand, state: Any, run: str, view: RunView) -> Stand:
    """Where the slider stands after the browser's last wish, an epoch or None for now.

    It goes to the next recorded epoch in the direction it was moved, so that a single step always gets somewhere.
    """
    stands = stands if stands.run == run else Stand(run)
    asked = (state or {}).get("at")
    if not isinstance(asked, dict) or asked.get("run") != run or not len(view.recorded):
        return stands
    number, wish = asked.get("number"), asked.get("epoch")
    if not isinstance(number, int) or number == stands.number:
        return stands
    if not isinstance(wish, int):
        return Stand(run, number)
    recorded = view.recorded
    forward = wish > (view.epoch if stands.at is None else stands.at)
    wish = min(max(wish, 0), view.epoch)
    place = np.searchsorted(recorded, wish) if forward else np.searchsorted(recorded, wish, "right") - 1
    return Stand(run, number, int(recorded[np.clip(place, 0, len(recorded) - 1)]))


def _words(view: RunView, at: int | None, unit: str) -> str:
    if at is None:
        return ""
    history = view.history
    return (
        t(N_("Epoch {epoch}: train {train:.4g}, test {test:.4g} {unit}"))
        .format(epoch=at, train=history.train_rmse[at], test=history.test_rmse[at], unit=t(unit))
        .strip()
    )
