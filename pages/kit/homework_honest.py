"""Whether a difference is real, and what a leak is worth."""

from collections.abc import Mapping, Sequence

import streamlit as st

from pages.kit import batch
from pages.kit.rows import names
from pages.kit.score_board import Table
from pages.kit.text import sentence, t
from seqcore.homework import runs_of
from seqcore.reports.comparison import Row, rows
from seqcore.reports.paired import Comparison, against_each_naive, leaks, pairs, words_of
from seqcore.spec import RunSpec
from seqcore.text import N_

OTHER = {"all": "train", "train": "all"}
"""The other way to fit a scaler."""


def paired(page: str, table: Table, words: Mapping[str, str]) -> None:
    """Every pair of networks, and each against the naive forecast."""
    st.container(width=820).markdown(words["paired"])
    scored = table.rows(table.results(page))
    _table(table, scored, [*against_each_naive(scored), *pairs(scored)])


def leak(page: str, table: Table, words: Mapping[str, str]) -> None:
    """The same networks with the scaler fitted the other way, and what that changes."""
    st.container(width=820).markdown(words["leak"])
    others = [row.replace(scaler_fit=OTHER[row.data.scaler_fit]) for row in table.networks]
    both = list(dict.fromkeys([*table.networks, *others]))
    specs = runs_of(both, table.seeds)
    found = batch.runs(page)
    st.button(
        t(N_("Train both ways")), icon=":material/play_arrow:", key=f"{page}.leak",
        disabled=table.series is None or not batch.missing(found, specs), on_click=batch.start,
        args=(page, specs, table.series),
    )  # fmt: skip
    moves = batch.moving(found, specs)
    st.fragment(run_every=1.0 if moves else None)(_show_leak)(page, table, both, moves)


def _show_leak(page: str, table: Table, both: Sequence[RunSpec], moved: bool) -> None:
    specs = runs_of(both, table.seeds)
    found = batch.runs(page)
    batch.progress(found, specs)
    scored = rows(both, batch.results(found, specs) if table.series else [])
    _table(table, scored, leaks(scored))
    if batch.moving(found, specs) != moved:
        st.rerun()


def _table(table: Table, scored: Sequence[Row], found: Sequence[Comparison]) -> None:
    """One line for each comparison: the difference, its interval, and what the seeds say."""
    if not found:
        st.info(t(N_("Nothing to compare yet: train at least two rows with two seeds each.")), icon=":material/rule:")
        return
    named = dict(zip((row.spec for row in scored), names([row.spec for row in scored]), strict=True))
    unit = t(table.series.unit)
    lines = []
    for one in found:
        lines.append({
            t(N_("Compared")): f"{named[one.a]} − {named.get(one.b, t(N_('naive')))}",
            t(N_("Difference in test RMSE ({unit})")).format(unit=unit): f"{one.mean:+.3f}" if one.count else "–",
            t(N_("Interval")): f"{one.low:+.3f} … {one.high:+.3f}" if one.verdict != "few" else "–",
            t(N_("Seeds")): str(one.count),
            t(N_("What the seeds say")): sentence(words_of(one)),
        })  # fmt: skip
    st.table(lines, border="horizontal", hide_index=True, alt=t(N_("Paired comparisons")))
