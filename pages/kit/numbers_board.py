"""Many steps in, many steps out: encoder-decoders, RepeatVector and a direct head forecast the same series, live."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from pages.kit import batch
from pages.kit.live import board
from pages.kit.numbers_form import FIRST, READERS, Plan, as_link, chosen, explained, formed, name_of, numbers_form
from pages.kit.numbers_pictures import Measured, pictures
from pages.kit.run_panel import IDLE, LOOK
from pages.kit.score_board import TICK
from pages.kit.series_field import source_of
from pages.kit.text import plain, sentence, t
from seqcore.catalogue import CLASSICAL
from seqcore.data.series import Series, load
from seqcore.data.windows import Windows
from seqcore.figures.picture import with_unit
from seqcore.reports.comparison import Row, rows
from seqcore.reports.paired import against_naive, pairs
from seqcore.reports.table import as_csv, shown
from seqcore.spec import RunSpec
from seqcore.text import N_, UserError

__all__ = ["FIRST", "READERS", "as_link", "numbers_board"]

HEIGHT = 205


def numbers_board(page: str) -> None:
    """Draw the form, the buttons and what moves, over the page's whole width."""
    controls, lab = st.columns([1, 3.4], gap="medium")
    with controls:
        numbers_form(page)
        series = load(st.session_state[f"{page}.num_series"])
        about = st.container()
        about.caption(source_of(series))
    own = f"{page}.numbers"
    with lab:
        buttons = st.container(horizontal=True, vertical_alignment="center", key="runbar")
        try:
            plan = formed(page)
            windows = plan.windows(series)
            specs = plan.runs(chosen(page), series.season)
        except UserError as problem:
            with buttons:
                batch.buttons(own, t(N_("Train all")), [], False, None)
            st.warning(sentence(problem), icon=":material/warning:")
            return
        with buttons:
            batch.buttons(own, t(N_("Train all")), specs, True, partial(_begin, own, specs, series))
        about.caption(_parts(plan, series, windows))
        measured = Measured(plan, series, windows, specs, _window(page, series, windows))
        moves = batch.moving(batch.runs(own), specs)
        st.fragment(run_every=TICK if moves else IDLE)(_show)(own, measured, moves)
        st.download_button(
            t(N_("All runs as CSV")), lambda: as_csv(rows(specs, batch.results(batch.runs(own), specs))),
            f"forecast_{series.name}.csv", "text/csv", icon=":material/download:", on_click="ignore", key=f"{own}.csv",
        )  # fmt: skip
        explained(page)


def _begin(own: str, specs: Sequence[RunSpec], series: Series) -> None:
    """Train what is missing; what still trains for another comparison is ended."""
    for spec, run in batch.runs(own).items():
        if spec not in specs and not run.view().ended:
            run.forget()
    batch.start(own, specs, series)


def _parts(plan: Plan, series: Series, windows: Windows) -> str:
    """What trains and what tests, in numbers."""
    words = t(N_(
        "The first {split} values train ({train} windows of {lookback} in and {horizon} out, all at once, Adam "
        "{lr:g}), the last {rest} test ({test} windows). The scaler knows the training part only."
    ))  # fmt: skip
    return plain(words.format(
        split=windows.split, train=len(windows.train_at), lookback=plan.lookback, horizon=plan.horizon,
        lr=plan.base().training.lr, rest=len(series.values) - windows.split, test=len(windows.test_at),
    ))  # fmt: skip


def _window(page: str, series: Series, windows: Windows) -> int:
    """Draw the choice of a test window, by the time of the first value that is forecast; the middle one at first."""
    times, count = series.times[windows.test_at].astype(str), len(windows.test_at)
    if count == 1:
        return 0
    key = f"{page}.num_window.{series.name}.{windows.test_at[0]}.{count}"
    st.session_state.setdefault(key, count // 2)
    return st.select_slider(t(N_("Forecast from")), range(count), key=key, format_func=lambda k: times[k],
                            help=t(N_("The test window that is drawn: all after this time is forecast.")))  # fmt: skip


def _show(own: str, measured: Measured, moved: bool) -> None:
    """One tick: how far, the pictures, what it comes to."""
    found, specs = batch.runs(own), measured.specs
    for spec in specs:
        if spec in found and not spec.seed and not found[spec].view().ended:
            found[spec].watch(measured.look, wait=0.0 if moved else LOOK)
    results = batch.results(found, specs)
    batch.progress(found, specs)
    board(pictures(measured, results), key=f"{own}.board", height=HEIGHT, moving=moved)
    scored, unit = rows(specs, results), t(measured.series.unit)
    st.info(verdict(scored, unit), icon=":material/balance:")
    st.dataframe(table(scored, measured.plan.seeds, unit), width="stretch",
                 alt=t(N_("Scores of each forecaster, mean ± standard deviation over its seeds")))  # fmt: skip
    if batch.moving(found, specs) != moved:
        st.rerun()


LEAD = N_(
    "Which will forecast best, and will any of them beat a baseline without a single weight? Guess, then press "
    "Train all."
)
WAIT = N_("What it comes to is said here when all runs have ended.")
BEATEN = N_(
    "**No network beats the best baseline.** {baseline} is off by {bar} {unit} on the test part, without a single "
    "weight; the best network, {name}, by {error} {unit}."
)
BETTER = N_(
    "**{name} beats the best baseline, and the seeds agree**: it is off by {error} {unit} on the test part, {baseline} "
    "by {bar} {unit}."
)
UNSURE = N_(
    "{name} is off by {error} {unit} on the test part, the best baseline, {baseline}, by {bar} {unit}; but the seeds "
    "do not support that it is better."
)
ANECDOTE = N_(
    "{name} is off by {error} {unit} on the test part, the best baseline, {baseline}, by {bar} {unit}. One seed is an "
    "anecdote: train more."
)
AHEAD = {
    "a": N_("Among the networks it is ahead of {second}, and the seeds agree."),
    "open": N_("Among the networks it is ahead of {second}, but the seeds do not support a difference."),
    "few": N_("Among the networks it is ahead of {second}; with one seed each that may be luck."),
}
"""By what the seeds say of the best network and the next."""


def verdict(scored: Sequence[Row], unit: str) -> str:
    """What the runs say, once all have ended: the best network against the best baseline and the next network.

    A network of which a run diverged is no candidate.
    """
    baselines = [row for row in scored if row.spec.model.architecture in CLASSICAL and row.test.count]
    networks = [row for row in scored if row.spec.model.architecture not in CLASSICAL and row.test.count
                and not row.counts["diverged"]]  # fmt: skip
    if any(row.counts["running"] or row.counts["waiting"] for row in scored):
        return t(WAIT)
    if not networks or not baselines:
        return t(LEAD)
    bar = min(baselines, key=lambda row: row.test.mean)
    best, *others = sorted(networks, key=lambda row: row.test.mean)
    seeds = against_naive(replace(best, naive_rmse=bar.test.mean), len(networks)).verdict  # the bar is the best one
    words = BEATEN
    if best.test.mean < bar.test.mean:
        words = {"a": BETTER, "few": ANECDOTE}.get(seeds, UNSURE)
    said = t(words).format(
        name=plain(name_of(best.spec)), error=f"{best.test.mean:.3g}", baseline=plain(name_of(bar.spec)),
        bar=f"{bar.test.mean:.3g}", unit=plain(unit),
    )  # fmt: skip
    if others:
        second = others[0]
        found = next(one.verdict for one in pairs(networks) if {one.a, one.b} == {best.spec, second.spec})
        ahead = AHEAD["a" if found == "b" else found]
        said += " " + t(ahead).format(second=plain(name_of(second.spec)))
    return said


def table(scored: Sequence[Row], planned: int, unit: str) -> pd.DataFrame:
    """A line for each forecaster: how many runs ended well, and over these the scores."""
    lines = {}
    for row in scored:
        percent = replace(row.skill, mean=100 * row.skill.mean, sd=100 * row.skill.sd)
        count = 1 if row.spec.model.architecture in CLASSICAL else planned
        lines[name_of(row.spec)] = {
            t(N_("runs")): f"{row.counts['finished']}/{count}",
            with_unit(t(N_("Test RMSE")), unit): shown(row.test),
            with_unit(t(N_("Skill vs naive")), "%"): shown(percent, decimals=1),
            t(N_("Weights")): "–" if row.weights is None else f"{row.weights:,}",
            t(N_("Seconds")): shown(row.seconds),
        }
    return pd.DataFrame.from_dict(lines, orient="index")
