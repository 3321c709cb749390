"""Pinning a finished run, and the table of what differs between it and the next."""

import streamlit as st

from pages.kit.pins import Pin, differences, next_name, pin, pins, scores, unpin
from pages.kit.run_panel import ACTIVE
from pages.kit.scene import Scene
from pages.kit.text import t
from seqcore.text import N_


def pin_buttons(page: str, scene: Scene) -> None:
    """Draw the buttons that keep this run for comparison, or let go of all."""
    ended = scene.status not in (*ACTIVE, "recorded") and len(scene.history) > 0
    kept = pins(page)
    if ended:
        made = _pin(scene, next_name(page))
        st.button(
            t(N_("Pin")), icon=":material/keep:", key=f"{page}.bar.pin", on_click=pin, args=(page, made),
            disabled=any(run.history is scene.history for run in kept),
            help=t(N_("Keep its curves in the picture, and compare the next run with it.")),
        )  # fmt: skip
    if kept:
        st.button(
            t(N_("Remove pins")), icon=":material/keep_off:", key=f"{page}.bar.unpin", on_click=unpin, args=(page,)
        )


def compare(page: str, scene: Scene) -> None:
    """Draw what differs between the pinned runs and the present one: settings first, then scores."""
    kept = pins(page)
    if not kept:
        return
    runs = list(kept)
    if scene.status != "recorded" and len(scene.history) and not any(run.history is scene.history for run in kept):
        runs.append(_pin(scene, t(N_("this run"))))
    st.subheader(t(N_("Pinned runs")), anchor=False)
    st.dataframe(scores(runs), width="stretch", alt=t(N_("Errors of the pinned runs and of this one")))
    if len(runs) > 1:
        table = differences({run.name: run.spec for run in runs})
        if table.empty:
            st.caption(t(N_("All settings are the same: on one machine so are the curves, to the last bit.")))
        else:
            st.caption(t(N_("What differs between their settings; everything else is the same:")))
            st.dataframe(table, width="stretch", alt=t(N_("Settings that differ between the runs")))


def _pin(scene: Scene, name: str) -> Pin:
    return Pin(name, scene.spec, scene.history, scene.started.weights, scene.unit)
