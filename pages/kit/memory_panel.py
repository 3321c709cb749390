"""Several cells that train on the same memory task at the same time: one bar, one line, one board."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.kit.form import fields, link_problems
from pages.kit.lab import engine
from pages.kit.live import board
from pages.kit.memory_form import AT_ONCE, cell_name, formed
from pages.kit.run_panel import ACTIVE, IDLE, LOOK, MOVING, REST, STATES, TICK
from pages.kit.text import sentence, t
from pages.kit.timeline import Stand, timeline
from pages.kit.viewer import viewer
from seqcore.data.tasks import TASKS
from seqcore.data.tasks.spec import MemorySpec
from seqcore.engine import Run, RunView
from seqcore.figures.picture import Picture
from seqcore.look import Look
from seqcore.memory import UPDATES
from seqcore.text import N_, UserError
from seqcore.training.events import Changed, History, Snapshot

HEIGHT = 165
"""Pixels each plot is high."""


@dataclass(frozen=True)
class MemoryScene:
    """What is known of a run on a memory task, live or recorded; `at` as in `Scene`."""

    spec: MemorySpec
    status: str
    history: History
    snapshot: Snapshot | None
    marks: tuple[Changed, ...] = ()
    at: int | None = None

    @property
    def name(self) -> str:
        return cell_name(self.spec.model.architecture)

    @property
    def solved_at(self) -> int | None:
        """The first epoch at which the task counts as solved."""
        task = TASKS[self.spec.data.task]
        errors = zip(self.history.epoch, self.history.test_rmse, strict=True)
        return next((int(epoch) for epoch, error in errors if task.solves(task.error(error))), None)


def current(page: str) -> list[Run]:
    """The visitor's runs on this page, in the order in which they were begun; after a reload, too."""
    runs = engine().of(f"{viewer()}/{page}")[::-1]
    wanted = st.session_state.get(f"{page}.runs")
    return [run for run in runs if wanted is None or run.id in wanted]


def begin(page: str, specs: Sequence[MemorySpec], *, untrained: bool = False) -> None:
    """Train `specs` side by side in place of what was there; or only as far as to look at what is not trained yet."""
    state = st.session_state
    state[f"{page}.refused"], state[link_problems(page)] = None, []
    for run in current(page):
        run.forget()
    state[f"{page}.runs"] = []
    try:
        for spec in specs:
            run = engine().submit(spec, None, f"{viewer()}/{page}")
            state[f"{page}.runs"].append(run.id)
            if untrained:
                run.step()
    except UserError as problem:
        state[f"{page}.refused"] = sentence(problem)
    if untrained and state[f"{page}.runs"]:
        state[f"{page}.timeline.stands"] = Stand(state[f"{page}.runs"][0], 0, 0)


def change(page: str, name: str) -> None:
    """Let a field act on the runs that can still train: as they go on, or by making their networks anew."""
    active = [run for run in current(page) if not run.view().ended]
    if active and name not in AT_ONCE:
        with suppress(UserError):  # the page says what is wrong with the form; what trains goes on
            begin(page, formed(page), untrained=all(run.view().status == "paused" for run in active))
        return
    for run in active:
        run.change(**{name: st.session_state[f"{page}.{name}"]})


def memory_panel(
    page: str,
    specs: Sequence[MemorySpec],
    recorded: Sequence[MemoryScene],
    draw: Callable[[list[MemoryScene]], list[Picture]],
    look: Look,
    bar: DeltaGenerator,
) -> None:
    """Draw the buttons into `bar`, and the pictures, and keep them moving while a run does.

    `recorded` is shown while there is no run of the visitor's own. `look` says what the snapshots are of, but for the
    epoch, which the time machine chooses.
    """
    runs = current(page)
    states = tuple(run.view().status for run in runs)
    with bar:
        _buttons(page, specs, runs, states)
    problem = st.container()
    if refused := st.session_state.get(f"{page}.refused"):
        problem.error(refused, icon=":material/error:")
    pulse = None
    if runs:
        pulse = TICK if set(states) & set(MOVING) else REST if "paused" in states else IDLE
    st.fragment(run_every=pulse)(_show)(page, states, fields(page), recorded, draw, look)


def _buttons(page: str, specs: Sequence[MemorySpec], runs: list[Run], states: tuple[str, ...]) -> None:
    def each(action: str) -> Callable[[], None]:
        def act() -> None:
            for run in runs:
                if not run.view().ended:
                    getattr(run, action)()

        return act

    st.button(t(N_("Train")), type="primary", icon=":material/play_arrow:", key=f"{page}.bar.start",
              shortcut="Ctrl+Enter", disabled=not specs, on_click=begin, args=(page, specs))  # fmt: skip
    if "paused" in states and not set(states) & set(MOVING):
        st.button(t(N_("Resume")), icon=":material/resume:", key=f"{page}.bar.resume", on_click=each("resume"))
    else:
        st.button(t(N_("Pause")), icon=":material/pause:", key=f"{page}.bar.pause", on_click=each("pause"),
                  disabled=not set(states) & set(MOVING))  # fmt: skip
    st.button(t(N_("One epoch")), icon=":material/skip_next:", key=f"{page}.bar.step", on_click=each("step"),
              disabled=not set(states) & set(ACTIVE), help=t(N_("Go one epoch further and pause.")))  # fmt: skip
    st.button(t(N_("Stop")), icon=":material/stop:", key=f"{page}.bar.stop", on_click=each("stop"),
              disabled=not set(states) & set(ACTIVE))  # fmt: skip
    st.button(t(N_("Untrained")), icon=":material/fiber_new:", key=f"{page}.bar.untrained", on_click=begin,
              args=(page, specs), kwargs={"untrained": True}, disabled=not specs,
              help=t(N_("Makes the networks anew, and shows them before they have learnt anything.")))  # fmt: skip


def _show(
    page: str, drawn: tuple[str, ...], said: dict, recorded: Sequence[MemoryScene],
    draw: Callable[[list[MemoryScene]], list[Picture]], look: Look,
) -> None:  # fmt: skip
    """One tick. A change of state redraws the bar too, unless this tick still brings the widgets' old values.

    A browser that is busy may send it before it has taken over what an experiment wrote into the fields; a run of the
    whole page would then put the old values back.
    """
    runs = current(page)
    if not runs:
        with st.container(key="state"):
            st.markdown(f":material/history: {t(STATES['recorded'])}")
        board(draw(list(recorded)), key=f"{page}.board", height=HEIGHT)
        return
    views = [run.view() for run in runs]
    longest = max(range(len(runs)), key=lambda k: len(views[k].recorded))
    with st.container(key="state"):
        st.markdown(" · ".join(_line(run.spec, view) for run, view in zip(runs, views, strict=True)))
        at = timeline(page, runs[0].id, views[longest], "")  # one name, whichever run is ahead, or it would go back
    trouble = st.container()
    epochs = [_epoch(view, at) for view in views]
    for run, epoch in zip(runs, epochs, strict=True):
        run.watch(replace(look, epoch=epoch))  # all of them, before any is waited for
    scenes = [_looked(run, view, epoch, look) for run, view, epoch in zip(runs, views, epochs, strict=True)]
    views = [run.view() for run in runs]
    with trouble:
        for scene, view in zip(scenes, views, strict=True):
            _tell(scene, view)
    moving = any(view.status in MOVING for view in views)
    board(draw(scenes), key=f"{page}.board", height=HEIGHT, moving=moving)
    if tuple(view.status for view in views) != drawn and fields(page) == said:
        st.rerun()


def _epoch(view: RunView, at: int | None) -> int | None:
    """The last recorded epoch of a run up to `at`; None for the run as it is.

    One that diverged is shown as it was before: there is nothing to see of numbers that are none.
    """
    if at is None and view.status == "diverged":
        at = view.epoch - 1
    known = view.recorded[view.recorded <= at] if at is not None else view.recorded[:0]
    return int(known[-1]) if len(known) else None


def _looked(run: Run, view: RunView, epoch: int | None, look: Look) -> MemoryScene:
    """One run as it was at `epoch`, or as it is."""
    run.watch(replace(look, epoch=epoch), wait=0.0 if view.status in MOVING and epoch is None else LOOK)
    view = run.view()
    return MemoryScene(run.spec, view.status, view.history, view.snapshot, view.marks, epoch)


def _line(spec: MemorySpec, view: RunView) -> str:
    """One run in words: how far it is, or what became of it."""
    scene = MemoryScene(spec, view.status, view.history, view.snapshot)
    words = t(STATES[view.status])
    if view.status == "finished":
        words = t(N_("not solved after {updates:,} updates")).format(updates=view.epoch * UPDATES)
    elif view.status == "running":
        words = t(N_("epoch {epoch} of {epochs}")).format(epoch=view.epoch, epochs=view.epochs)
        if view.seconds_left is not None:
            words += " · " + t(N_("{seconds} s left")).format(seconds=f"{view.seconds_left:.0f}")
    if scene.solved_at is not None:
        solved = t(N_("solved after {updates:,} updates")).format(updates=scene.solved_at * UPDATES)
        words = solved if view.status == "finished" else f"{solved}, {words}"
    return f"**{scene.name}** {words}"


def _tell(scene: MemoryScene, view: RunView) -> None:
    """Why a run ended or stands, and where its numbers overflowed."""
    if sentence_of := view.failure or view.note:
        template, values = sentence_of
        words = f"{scene.name}: {sentence(UserError(template, **values))}"
        if view.status == "diverged" and scene.at is not None:
            words += " " + t(N_("Shown: epoch {epoch}.")).format(epoch=scene.at)
        (st.error if view.failure else st.info)(words, icon=":material/warning:")
    arrays = scene.snapshot.arrays if scene.snapshot else {}
    if "bad.step" in arrays:
        back = str(arrays["bad.name"]).endswith("grad")
        words = N_("{name}: on the way back the gradient overflows at step {step} of {steps}.") if back else N_(
            "{name}: on the way forward the state overflows at step {step} of {steps}.")  # fmt: skip
        st.warning(
            t(words).format(name=scene.name, step=int(arrays["bad.step"]) + 1, steps=len(arrays["input"])),
            icon=":material/warning:",
        )
