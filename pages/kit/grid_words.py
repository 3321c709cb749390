"""What a study says in words: how much it takes, where its lowest cell lies, and what that is worth."""

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.kit import batch
from pages.kit.grid import Cells, Grid, errors, said
from pages.kit.lab import engine
from pages.kit.text import plain, t
from seqcore.figures.picture import amount, plus_minus
from seqcore.homework import variant
from seqcore.reports.comparison import Row, rows
from seqcore.reports.paired import against_naive, paired
from seqcore.spec import RunSpec
from seqcore.text import N_

LOWEST = N_("**Lowest: {cell}**, {error}.")
NEXT = {
    "b": N_("Next: {cell}, {more} higher, and the seeds support the difference (paired t test, {count} seeds)."),
    "open": N_(
        "Next: {cell}, {more} higher, but the seeds do **not** support a difference (paired t test, {count} seeds)."
    ),
    "few": N_("Next: {cell}, {more} higher; one seed cannot tell a difference from luck."),
}
NAIVE = {
    "above": N_("It does **not** beat the naive forecast, {naive}."),
    "open": N_("It is below the naive forecast, {naive}, but the seeds do **not** support the difference."),
    "below": N_("It beats the naive forecast, {naive}, and the seeds agree."),
}
"""By what the seeds say."""

BOXES = {
    "above": (st.warning, ":material/priority_high:"),
    "open": (st.info, ":material/balance:"),
    "below": (st.success, ":material/trending_down:"),
}


def verdict(grid: Grid, cells: Cells, unit: str, lead: str) -> None:
    """Say what the map shows: its lowest cell, the next one, the naive forecast; before any cell has an end, `lead`."""
    means = {cell: values.mean() for cell in cells if len(values := errors(cells[cell])) and np.isfinite(values).all()}
    if not means:
        st.info(lead, icon=":material/school:")
        return
    first, *others = sorted(means, key=means.get)[:2]
    best, *runners = rows([first, *others], [result for cell in (first, *others) for result in cells[cell]])
    error = " ".join(part for part in (*plus_minus(errors(cells[first])), unit) if part)
    words = [t(LOWEST).format(cell=_named(grid, first), error=plain(error))]
    for runner in runners:
        words.append(_next(grid, best, runner, len(means) - 1))
    place = _against_naive(best, len(means))
    words.append(t(NAIVE[place]).format(naive=plain(amount(best.naive_rmse, unit))))
    draw, icon = BOXES[place]
    draw(" ".join(words), icon=icon)


def _next(grid: Grid, best: Row, runner: Row, comparisons: int) -> str:
    found = paired(runner, best, comparisons)
    verdict = "open" if found.verdict == "a" else found.verdict  # over the seeds that both have, it may be lower
    more = f"{runner.test.mean - best.test.mean:.2g}"
    return t(NEXT[verdict]).format(cell=_named(grid, runner.spec), more=more, count=found.count)


def _against_naive(best: Row, comparisons: int) -> str:
    if best.test.mean >= best.naive_rmse:
        return "above"
    return "below" if against_naive(best, comparisons).verdict == "a" else "open"


def _named(grid: Grid, cell: RunSpec) -> str:
    """A cell in words: its network, and the setting as the code writes it."""
    line, column = next((k, line.index(cell)) for k, line in enumerate(grid.cells) if cell in line)
    return plain(f"{t(variant(grid.models[column]).label)}, {grid.vary}={said(t, grid.vary, grid.values[line])}")


def told(grid: Grid, found: batch.Runs) -> str:
    """How many runs a grid takes, and about how long they need."""
    missing = batch.missing(found, grid.runs)
    plan = N_("{cells} cells, {seeds} seeds each: {count} runs, {missing} still to train")
    words = t(plan if missing else N_("{cells} cells, {seeds} seeds each: {count} runs")).format(
        cells=len(grid.values) * len(grid.models), seeds=grid.seeds, count=len(grid.runs), missing=len(missing)
    )
    seconds = seconds_needed(found, missing)
    if not missing or math.isnan(seconds):
        return words
    about = t(N_("{plan}, about {minutes} min") if seconds > 100 else N_("{plan}, about {seconds} s"))
    return about.format(plan=words, minutes=round(seconds / 60), seconds=max(1, round(seconds)))


def seconds_needed(found: batch.Runs, wanted: Sequence[RunSpec]) -> float:
    """About how long `wanted` takes, by the pace of earlier runs of the same kind of network, or else of any.

    Not a number while nothing has a pace.
    """
    paces: dict[str, list[float]] = {}
    for spec, run in found.items():
        if (view := run.view()).epoch:
            paces.setdefault(spec.model.architecture, []).append(view.seconds / view.epoch)
    if not paces:
        return math.nan
    usual = np.mean(np.concatenate(list(paces.values())))
    work = sum(spec.training.epochs * np.mean(paces.get(spec.model.architecture, usual)) for spec in wanted)
    return float(work) / max(1, engine().status().warm)
