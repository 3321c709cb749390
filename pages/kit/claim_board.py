"""Sentences of the slides as cards: predict, run the experiment, and read the verdict that its runs give."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from pages.kit import batch
from pages.kit.live import board, theme
from pages.kit.rows import one_of
from pages.kit.run_panel import IDLE
from pages.kit.text import plain, t, translator
from seqcore.claims import CLAIMS, HOW, Claim, Outcome, Verdict
from seqcore.data.tasks.spec import MemorySpec
from seqcore.figures.verdict import height, verdict
from seqcore.text import N_

TICK = 0.3
"""Seconds between two looks at an experiment that runs."""

FIRST = {"claim": CLAIMS[0].name}
READERS = {"claim": one_of("claim", [claim.name for claim in CLAIMS])}

KINDS = {
    "supported": (N_("Supported"), ":green-badge[:material/check: {}]"),
    "refuted": (N_("Refuted"), ":orange-badge[:material/close: {}]"),
    "depends": (N_("It depends"), ":blue-badge[:material/alt_route: {}]"),
    "open": (N_("Not decided"), ":gray-badge[:material/hourglass_empty: {}]"),
}


def claim_board(page: str) -> None:
    """Draw the list of claims, and the card of the chosen one."""
    claims = {claim.name: claim for claim in CLAIMS}
    listed, card = st.columns([1, 2.4], gap="medium")
    with listed:
        name = st.radio(t(N_("What the slides say")), list(claims), key=f"{page}.claim", persist_state="session",
                        format_func=lambda name: t(claims[name].sentence))  # fmt: skip
    with card:
        _card(page, claims[name])


def _card(page: str, claim: Claim) -> None:
    own, specs = f"{page}.claims", [spec for arm in claim.arms() for spec in arm.specs]
    st.markdown(f"> **{t(claim.sentence)}**  \n> *{t(claim.source)}*")
    question = t(N_("**Predict first:** {question}")).format(question=t(claim.question))
    st.radio(question, range(len(claim.answers)), index=None, key=f"{page}.guess.{claim.name}", horizontal=True,
             format_func=lambda k: t(claim.answers[k]), persist_state="session",
             help=t(N_("Nobody but you sees it. The experiment also runs without.")))  # fmt: skip
    st.caption(f"{t(claim.explain)} {t(HOW)}")
    with st.container(horizontal=True, vertical_alignment="center", key="runbar"):
        batch.buttons(own, t(N_("Run the experiment")), specs, True, partial(batch.start_anew, own, specs))
    moves = batch.moving(batch.runs(own), specs)
    st.fragment(run_every=TICK if moves else IDLE)(_show)(page, claim, specs, moves)


def _show(page: str, claim: Claim, specs: Sequence[MemorySpec], moved: bool) -> None:
    """One tick: how far the experiment is, what it shows, and once all has ended what that says."""
    own = f"{page}.claims"
    runs = batch.runs(own)
    batch.progress(runs, specs)
    found = claim.judge({
        result.spec: Outcome(result.status, result.history, result.snapshot.arrays if result.snapshot else {})
        for result in batch.results(runs, specs)
    })  # fmt: skip
    _say(page, claim, found, all(spec in runs and runs[spec].view().ended for spec in specs))
    if any(len(values) for _, values in found.points):
        points = [(t(label), values) for label, values in found.points]
        picture = verdict(
            translator(), theme(), t(N_("What the runs show")), points, measure=t(found.measure), log=found.log,
            line=found.line, low=found.low, mean=found.mean, high=found.high,
        )  # fmt: skip
        board([picture], key=f"{own}.board", columns=1, height=height(len(points)), moving=moved)
    if batch.moving(runs, specs) != moved:
        st.rerun()


def _say(page: str, claim: Claim, found: Verdict, ended: bool) -> None:
    """The verdict, and what the reader had thought."""
    if not ended:
        st.info(t(N_("The verdict stands here when all runs have ended.")), icon=":material/gavel:")
        return
    label, badge = KINDS[found.kind]
    st.markdown(f"### {badge.format(t(label))}")
    st.markdown(plain(found.words(t)))
    guess = st.session_state.get(f"{page}.guess.{claim.name}")
    if guess is not None and found.kind != "open":
        words = t(N_("You thought so, too.")) if claim.kinds[guess] == found.kind else t(
            N_("You had thought otherwise: “{guess}”.")).format(guess=t(claim.answers[guess]))  # fmt: skip
        st.caption(words)
