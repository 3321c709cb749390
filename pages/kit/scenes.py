"""The pictures of a training run: how it converges, what it forecasts, what it remembers, how hard it is pulled."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.kit.live import theme
from pages.kit.pins import Pin
from pages.kit.scene import Scene
from pages.kit.text import t
from pages.kit.values import TAPS, tap_label
from seqcore.data.series import Series
from seqcore.figures.convergence import Curve, convergence
from seqcore.figures.forecast import forecast
from seqcore.figures.gradient import gradient
from seqcore.figures.picture import Picture
from seqcore.figures.states import states
from seqcore.look import Look, taps
from seqcore.spec import RunSpec
from seqcore.text import N_


@dataclass(frozen=True)
class Options:
    """How the visitor wants to look at a run."""

    log: bool = True
    tap: str = "l0.hidden"
    only_test: bool = False
    lead: int = 1


def view_options(page: str, spec: RunSpec | None, series: Series | None) -> tuple[Look, Options]:
    """Draw the options of the view; returns what snapshots are to be of, and how to draw them."""
    spec = spec or RunSpec()
    with st.popover(t(N_("View")), icon=":material/visibility:"):
        st.session_state.setdefault(f"{page}.view.log", True)
        log = st.toggle(t(N_("Logarithmic error axis")), key=f"{page}.view.log", persist_state="session")
        only_test = st.toggle(t(N_("Only the test part")), key=f"{page}.view.only_test", persist_state="session")
        free = st.toggle(
            t(N_("Free-running forecast")), key=f"{page}.view.free", persist_state="session",
            help=t(N_("Fed with its own forecasts instead of the truth, from the end of the training part on.")),
        )  # fmt: skip
        names = taps(spec.model)
        tap = st.selectbox(t(N_("Look inside")), names, format_func=tap_label, key=f"{page}.view.tap.{len(names)}")
        count = len(series.values) if series is not None else 2
        last = max(1, count - spec.data.seq_length - spec.data.horizon)
        key = f"{page}.view.window.{last}"
        st.session_state.setdefault(key, int(spec.data.train_fraction * last))
        window = st.slider(t(N_("Window")), 0, last, key=key, help=t(N_("The window whose states are drawn.")))
        lead = 1
        if spec.data.horizon > 1:
            lead = st.slider(t(N_("Steps ahead to draw")), 1, spec.data.horizon, key=f"{page}.view.lead")
    return Look(window, free), Options(log, tap, only_test, lead)


def draw(scene: Scene, options: Options, pinned: list[Pin]) -> list[Picture]:
    """The four pictures of a run as it stands."""
    return [
        convergence_picture(scene, options, pinned),
        forecast_picture(scene, options),
        states_picture(scene, options),
        gradient(
            t,
            theme(),
            scene.history.grad_norm,
            epochs=scene.spec.training.epochs,
            clip=scene.spec.training.clip,
            at=scene.at,
        ),
    ]


def convergence_picture(scene: Scene, options: Options, pinned: list[Pin]) -> Picture:
    """Errors by epoch, over those of the pinned runs in the same unit."""
    history = scene.history
    others = [
        Curve(run.name, run.history.train_rmse, run.history.test_rmse)
        for run in pinned
        if run.unit == scene.series.unit and run.history is not history
    ]
    if scene.parent is not None:
        others.append(Curve(t(N_("original")), scene.parent.train_rmse, scene.parent.test_rmse))
    return convergence(
        t, theme(), Curve("", history.train_rmse, history.test_rmse), unit=t(scene.series.unit),
        epochs=scene.spec.training.epochs, log=options.log, pinned=others,
        naive=scene.started.naive_rmse if scene.started else None,
        marks=[(mark.epoch, mark.value) for mark in scene.marks],
        diverged_at=int(history.epoch[-1]) if scene.status == "diverged" else None,
        forked_at=scene.forked_at, at=scene.at,
    )  # fmt: skip


def forecast_picture(scene: Scene, options: Options) -> Picture:
    """The series, and what the model makes of it `options.lead` steps ahead."""
    series, started, shot = scene.series, scene.started, scene.snapshot
    lines = {}
    if started is not None and shot is not None:
        lead = min(options.lead, scene.spec.data.horizon) - 1
        arrays = shot.arrays
        lines["train"] = (started.train_from + lead, arrays["train_prediction"][:, lead])
        lines["test"] = (started.test_from + lead, arrays["test_prediction"][:, lead])
        if "free_running" in arrays:
            lines["free"] = (started.split, arrays["free_running"])
        lines["window"] = _window_rows(scene)
    return forecast(
        t, theme(), series.times, series.values, unit=t(series.unit), only_test=options.only_test,
        split=started.split if started else None, **lines,
    )  # fmt: skip


def _window_rows(scene: Scene) -> tuple[int, int]:
    """The first and last row of the window whose states are drawn."""
    started, window = scene.started, scene.snapshot.window
    inside = window < started.train_windows
    target = started.train_from + window if inside else started.test_from + window - started.train_windows
    return target - scene.spec.data.seq_length, target - 1


def states_picture(scene: Scene, options: Options) -> Picture:
    """The chosen tap over the chosen window."""
    shot = scene.snapshot
    names = [name for name in taps(scene.spec.model) if shot is not None and name in shot.arrays]
    if not names:
        return states(t, theme(), t(TAPS["hidden"]), np.zeros((1, 1), np.float32), kind="hidden")
    tap = options.tap if options.tap in names else names[0]
    return states(t, theme(), tap_label(tap), shot.arrays[tap], kind=tap.split(".")[1])
