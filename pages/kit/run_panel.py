"""The run panel every lesson reuses: one slim bar that trains, pauses, steps and stops, and the moving pictures.

A page hands over its settings, its series, and a function that turns what is known of a run into pictures:

    run_panel("train", spec, series, recorded, draw=lambda scene: [convergence(...), forecast(...)])
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.kit.form import LEARNING_RATES, fields, link_problems
from pages.kit.lab import engine
from pages.kit.live import board
from pages.kit.scene import Scene
from pages.kit.text import plain, sentence, t
from pages.kit.timeline import timeline
from pages.kit.viewer import viewer
from seqcore.data.series import Series
from seqcore.engine import Fork, Run, RunView
from seqcore.figures.picture import Picture
from seqcore.look import Look
from seqcore.spec import Whole
from seqcore.text import N_, UserError
from seqcore.training.events import History

TICK = 0.1
"""Seconds between two looks at a run that is moving."""

REST = 0.3
"""The same at one that is paused: a click is carried out a moment after the page is drawn."""

IDLE = 20.0
"""The same at one that has ended: it is kept for as long as somebody looks at it."""

FIRST = 0.12
"""Seconds the page waits for a run's first point, so that its first drawing shows it; a warm worker needs less."""

LOOK = 0.4
"""Seconds it waits for a look at a run that rests: no tick would bring it later."""

MOVING = ("queued", "starting", "running")
ACTIVE = (*MOVING, "paused")
"""States in which a run can still be trained."""

STATES = {
    "queued": N_("Waiting in the queue"),
    "starting": N_("Starting"),
    "running": N_("Training"),
    "paused": N_("Paused"),
    "finished": N_("Finished"),
    "stopped": N_("Stopped"),
    "diverged": N_("Diverged"),
    "failed": N_("Failed"),
    "recorded": N_("Recorded run, not live: press Train to make your own"),
}

BORN = N_("Not trained: as it was born")
"""The state of a run that was made to be looked at."""

KERNELS = {"fused": N_("fused cells"), "stepwise": N_("stepwise, as values are held"), "torch": "torch.nn",
           "written": N_("written out")}  # fmt: skip


@dataclass(frozen=True)
class Show:
    """How a run's pictures are shown: each `height` pixels high; `above` and `below` draw what is no picture.

    `on_pick` is told of a click: see `board`. `patience` are the seconds a run at rest is waited for to show what is
    asked for: no tick would bring it later.
    """

    height: int = 205
    columns: int = 2
    above: Callable[[Scene], None] = lambda scene: None
    below: Callable[[Scene], None] = lambda scene: None
    on_pick: Callable[[str, float, float], None] | None = None
    patience: float = LOOK


PLAIN = Show()


def live_scene(run: Run, view: RunView, at: int | None = None) -> Scene:
    """The scene of a run of the engine, looked at as it was `at` an epoch, or as it is."""
    return Scene(
        run.id, run.spec, run.series, view.status, view.history, view.started, view.snapshot, view.marks, at,
        *((_parent(view.fork), view.fork.epoch) if view.fork else ()),
    )  # fmt: skip


def _parent(fork: Fork) -> History:
    """The curves of the run a fork left, as far as they go by now."""
    run = engine().find(fork.parent)
    return run.view().history if run is not None else fork.history


def current_run(page: str) -> Run | None:
    """The visitor's newest run on this page; after a reload of the browser, too."""
    runs = engine().of(f"{viewer()}/{page}")
    return runs[0] if runs else None


def start(page: str, spec: Whole, series: Series | None) -> None:
    """Begin a run, on a `series` if its spec asks for one; what stands in the way is kept for the panel to say."""
    st.session_state[f"{page}.refused"] = None
    st.session_state[link_problems(page)] = []
    current = current_run(page)
    if current is not None:
        current.stop()
    try:
        run = engine().submit(spec, series, f"{viewer()}/{page}")
    except UserError as problem:
        st.session_state[f"{page}.refused"] = sentence(problem)
        return
    patience = time.monotonic() + FIRST
    while not len(run.view().history) and time.monotonic() < patience:
        time.sleep(0.005)


def run_panel(
    page: str,
    spec: Whole | None,
    series: Series | None,
    recorded: Scene,
    draw: Callable[[Scene], list[Picture]],
    look: Look,
    bar: DeltaGenerator,
    run: Run | None = None,
    show: Show = PLAIN,
) -> Scene:
    """Draw the buttons into `bar`, and the pictures, and keep them moving while the run does.

    `spec` is None where the form does not describe a run yet, `series` where it asks for none. `recorded` is shown
    while there is no run of the visitor's own, else `run`, or the newest of the page. `look` says what the snapshots
    are of, but for the epoch, which the time machine chooses. Returns what was drawn at first.
    """
    run = run or current_run(page)
    view = run.view() if run is not None else None
    with bar:
        _buttons(page, spec, series, run, view)
    problem = st.container()  # always there: what comes and goes above the pictures would rebuild them
    if refused := st.session_state.get(f"{page}.refused"):
        problem.error(refused, icon=":material/error:")
    status = view.status if view is not None else None
    pulse = TICK if status in MOVING else REST if status == "paused" else IDLE if run is not None else None
    st.fragment(run_every=pulse)(_tick)(page, run, status, fields(page), recorded, draw, look, show)
    return live_scene(run, view) if run is not None else recorded


def _buttons(page: str, spec: Whole | None, series: Series | None, run: Run | None, view: RunView | None) -> None:
    status = view.status if view else None
    st.button(
        t(N_("Train")), type="primary", icon=":material/play_arrow:", key=f"{page}.bar.start", shortcut="Ctrl+Enter",
        disabled=spec is None, on_click=start, args=(page, spec, series),
    )  # fmt: skip
    if status == "paused":
        st.button(t(N_("Resume")), icon=":material/resume:", key=f"{page}.bar.resume", on_click=run.resume)
    else:
        st.button(
            t(N_("Pause")), icon=":material/pause:", key=f"{page}.bar.pause", disabled=status not in MOVING,
            on_click=run.pause if run else None,
        )  # fmt: skip
    st.button(
        t(N_("One epoch")), icon=":material/skip_next:", key=f"{page}.bar.step", disabled=status not in ACTIVE,
        on_click=run.step if run else None, help=t(N_("Go one epoch further and pause.")),
    )  # fmt: skip
    st.button(
        t(N_("Stop")), icon=":material/stop:", key=f"{page}.bar.stop", disabled=status not in ACTIVE,
        on_click=run.stop if run else None,
    )  # fmt: skip
    if status in ACTIVE:
        _learning_rate(page, run, view)


def _learning_rate(page: str, run: Run, view: RunView) -> None:
    key = f"{page}.{run.id}.lr"
    st.select_slider(
        t(N_("Learning rate now")), LEARNING_RATES, min(LEARNING_RATES, key=lambda rate: abs(rate - view.lr)),
        format_func=lambda rate: f"{rate:g}", key=key, width=220, persist_state="session",
        on_change=lambda: run.change(lr=st.session_state[key]),
        help=t(N_("Changes the run while it trains; the form and the link keep the rate it began with.")),
    )  # fmt: skip


def _tick(
    page: str, run: Run | None, drawn: str | None, said: dict, recorded: Scene,
    draw: Callable[[Scene], list[Picture]], look: Look, show: Show,
) -> None:  # fmt: skip
    """One tick: the state in words, the time machine, and the pictures. A change of state redraws the bar too.

    Unless this tick brings old values, other than the page was drawn with: see `fields`.
    """
    if run is None:
        with st.container(key="state"):
            st.markdown(f":material/history: {t(STATES['recorded'])}")
        _draw(page, recorded, draw, show)
        return
    view = run.view()
    with st.container(key="state"):
        unit = live_scene(run, view).unit
        born = view.status == "finished" and not run.spec.flat().get("trained", True)
        st.markdown(_line(view, unit, BORN if born else STATES[view.status]))
        at = timeline(page, run.id, view, unit)
    trouble = st.container()
    run.watch(replace(look, epoch=at), wait=0.0 if drawn in MOVING and at is None else show.patience)
    view = run.view()
    if sentence_of := view.failure or view.note:
        template, values = sentence_of
        (trouble.error if view.failure else trouble.info)(sentence(UserError(template, **values)))
    _draw(page, live_scene(run, view, at), draw, show, moving=view.status in MOVING)
    if view.status != drawn and fields(page) == said:
        st.rerun()


def _draw(page: str, scene: Scene, draw: Callable[[Scene], list[Picture]], show: Show, *, moving: bool = False) -> None:
    picked = f"{page}.bar.picked"

    def pick(*place) -> None:
        show.on_pick(*place)
        st.session_state[picked] = True

    if st.session_state.pop(picked, False):
        st.rerun()  # what a click has changed, the fields and the look are made of
    show.above(scene)
    board(draw(scene), key=f"{page}.board", columns=show.columns, height=show.height, moving=moving,
          on_pick=pick if show.on_pick else None)  # fmt: skip
    show.below(scene)


def _line(view: RunView, unit: str, state: str) -> str:
    """The state in one line: what it does, how well, how far, how fast, for how long, and where."""
    parts = [f"**{t(state)}**"]
    if view.status == "queued":
        parts.append(t(N_("place {position} in the queue")).format(position=view.position))
    parts.append(t(N_("epoch {epoch} of {epochs}")).format(epoch=f"{view.epoch:,}", epochs=f"{view.epochs:,}"))
    if view.status == "running" and view.epochs_per_second:
        rate = view.epochs_per_second
        parts.append(t(N_("{rate} epochs/s")).format(rate=f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"))
    if view.status == "running" and view.seconds_left is not None:
        parts.append(t(N_("{seconds} s left")).format(seconds=f"{view.seconds_left:.0f}"))
    else:
        parts.append(t(N_("{seconds} s")).format(seconds=f"{view.seconds:.1f}"))
    if len(view.history):
        errors = t(N_("train {train:.4g}, test {test:.4g} {unit}")).format(
            train=view.history.train_rmse[-1], test=view.history.test_rmse[-1], unit=t(unit)
        )
        parts.insert(1, f"**{plain(errors.strip())}**")
    if view.started:
        kernel = t(KERNELS[view.started.kernel])
        parts.append(plain(f"{view.started.device.upper()}, {kernel}"))
        parts.append(t(N_("{count} weights")).format(count=f"{view.started.weights:,}"))
    return " · ".join(parts)
