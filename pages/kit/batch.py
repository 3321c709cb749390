"""Many runs of one page: which of those a page wants are there, how far they are, and the buttons that move them.

A page says which specs it wants; the engine keeps one run a spec for this visitor, in whatever order they were asked
for. So a row that was removed and comes back has its numbers at once, and so has the page after a reload.
"""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.kit.form import link_problems
from pages.kit.lab import engine
from pages.kit.run_panel import MOVING
from pages.kit.text import sentence, t
from pages.kit.viewer import viewer
from seqcore.catalogue import CLASSICAL
from seqcore.data.series import Series
from seqcore.data.windows import cut
from seqcore.engine import Run
from seqcore.reports.result import Result
from seqcore.spec import RunSpec, Whole
from seqcore.text import N_, UserError

AGAIN = ("stopped", "failed")
"""States of a run that is trained anew when its spec is wanted; a diverged one would diverge again."""

Runs = dict[RunSpec, Run]


def owner(page: str) -> str:
    """Whose runs these are, for the engine."""
    return f"{viewer()}/{page}"


def runs(page: str) -> Runs:
    """The visitor's runs on this page, the newest of each spec; says that somebody looks at them."""
    engine().keep(owner(page))
    return {run.spec: run for run in reversed(engine().of(owner(page)))}


def results(found: Runs, specs: Sequence[RunSpec]) -> list[Result]:
    """What is known of those of `specs` that were begun."""
    made = []
    for spec in specs:
        if run := found.get(spec):
            view = run.view()
            made.append(Result(spec, view.status, view.history, view.started, view.snapshot))
    return made


def missing(found: Runs, specs: Sequence[RunSpec]) -> list[RunSpec]:
    """Those of `specs` that are to be trained."""
    return [spec for spec in specs if spec not in found or found[spec].view().status in AGAIN]


def moving(found: Runs, specs: Sequence[RunSpec]) -> bool:
    """Whether any of `specs` waits or trains."""
    return any(spec in found and found[spec].view().status in MOVING for spec in specs)


def start(page: str, specs: Sequence[Whole], series: Series | None) -> bool:
    """Train what is missing of `specs`; what stands in the way is kept as a sentence for the bar to show.

    Memory tasks need no `series`.
    """
    st.session_state[f"{page}.refused"] = None
    st.session_state[link_problems(page)] = []
    found = runs(page)
    wanted = missing(found, specs)
    try:
        for data in {spec.data for spec in wanted if series is not None}:
            cut(series.values, data)  # a series too short is told before anything starts
        for spec in wanted:
            if spec in found:
                found[spec].forget()
        engine().submit_batch(wanted, series, owner(page))
    except UserError as problem:
        st.session_state[f"{page}.refused"] = sentence(problem)
        return False
    return True


def start_anew(page: str, specs: Sequence[Whole]) -> None:
    """The same without a series; what still trains but is wanted no more is ended."""
    for spec, run in runs(page).items():
        if spec not in specs and not run.view().ended:
            run.forget()
    start(page, specs, None)


def download(page: str, specs: Sequence[Whole], row: Callable[[Result], Mapping[str, object]], file: str) -> None:
    """Draw the button that brings all runs home as CSV, ended or not, each as its `row` of plain numbers."""

    def made() -> str:
        rows = [row(result) for result in results(runs(page), specs)]
        text = io.StringIO()
        table = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        return text.getvalue()

    st.download_button(
        t(N_("All runs as CSV")), made, file, "text/csv", icon=":material/download:", on_click="ignore",
        key=f"{page}.csv", disabled=not results(runs(page), specs),
    )  # fmt: skip


def pause(page: str) -> None:
    """Let all runs rest; those that wait first, or one of them would take the place of one that trains."""
    for run in sorted(runs(page).values(), key=lambda run: run.view().status != "queued"):
        run.pause()


def resume(page: str) -> None:
    """Go on with all runs that rest."""
    for run in runs(page).values():
        if run.view().status == "paused":
            run.resume()


def stop(page: str) -> None:
    """End what trains or waits; what has ended stays."""
    for run in sorted(runs(page).values(), key=lambda run: run.view().status != "queued"):
        if not run.view().ended:
            run.forget()


def buttons(page: str, label: str, specs: Sequence[Whole], ready: bool, begin) -> None:
    """Draw the bar: `begin` is called by the first button, which says `label`, if the page is `ready` for it."""
    found = runs(page)
    states = {found[spec].view().status for spec in specs if spec in found}
    st.button(
        label, type="primary", icon=":material/play_arrow:", key=f"{page}.start", shortcut="Ctrl+Enter",
        disabled=not ready or not missing(found, specs), on_click=begin,
        help=t(N_("Trains what has no numbers yet; what is there stays.")),
    )  # fmt: skip
    if "paused" in states:
        st.button(t(N_("Resume")), icon=":material/resume:", key=f"{page}.resume", on_click=resume, args=(page,))
    else:
        st.button(
            t(N_("Pause")), icon=":material/pause:", key=f"{page}.pause", on_click=pause, args=(page,),
            disabled=not states & set(MOVING),
        )  # fmt: skip
    st.button(
        t(N_("Stop")), icon=":material/stop:", key=f"{page}.stop", on_click=stop, args=(page,),
        disabled=not states & {*MOVING, "paused"}, help=t(N_("Ends what trains or waits; what is finished stays.")),
    )  # fmt: skip
    if refused := st.session_state.get(f"{page}.refused"):
        st.error(refused, icon=":material/error:")


def progress(found: Runs, specs: Sequence[RunSpec]) -> None:
    """Draw how much is done, in a bar and in words with the time left."""
    views = {spec: found[spec].view() for spec in specs if spec in found}
    ended = sum(view.ended for view in views.values())
    done = sum(1.0 if view.ended else view.epoch / view.epochs for view in views.values()) / max(1, len(specs))
    parts = [t(N_("**{ended} of {count} runs**")).format(ended=ended, count=len(specs))]
    if any(view.status == "paused" for view in views.values()):
        parts.append(t(N_("paused")))
    elif any(view.status in MOVING for view in views.values()):
        if math.isfinite(left := seconds_left(views)):
            parts.append(t(N_("{seconds} s left")).format(seconds=f"{left:.0f}"))
        status = engine().status()
        if status.message:
            template, values = status.message
            parts.append(sentence(UserError(template, **values)))
        else:
            parts.append(t(N_("workers: {count}")).format(count=status.warm))
    elif ended == len(specs):
        parts.append(t(N_("all done")))
    st.progress(min(1.0, done), text=" · ".join(parts))
    failures = dict(view.failure for view in views.values() if view.status == "failed")
    for template, values in list(failures.items())[:3]:
        st.error(sentence(UserError(template, **values)), icon=":material/error:")


def seconds_left(views: dict) -> float:
    """Until all that wait or train have ended, by the pace of runs like them; not a number while none has a pace."""
    pace: dict[RunSpec, list[float]] = {}
    for spec, view in views.items():
        if view.epoch:
            pace.setdefault(spec.replace(seed=0), []).append(view.seconds / view.epoch)
    if not pace:
        return math.nan
    mean = {spec: sum(values) / len(values) for spec, values in pace.items()}
    usual = sum(mean.values()) / len(mean)
    work = sum(
        (view.epochs - view.epoch) * mean.get(spec.replace(seed=0), usual)
        for spec, view in views.items()
        if not view.ended and spec.model.architecture not in CLASSICAL
    )
    return work / max(1, engine().status().warm)
