"""The bottleneck, measured: how many sentences come out right by their length, with and without attention."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from pages.kit import batch
from pages.kit.lag_board import TICK
from pages.kit.live import board, theme
from pages.kit.run_panel import IDLE
from pages.kit.text import sentence, t, translator
from pages.kit.translation_form import TRANSLATION
from seqcore.data.text.spec import ATTENTION, TranslationSpec
from seqcore.figures.by_length import by_length
from seqcore.figures.overlay import Curves, overlay
from seqcore.figures.palette import Look
from seqcore.figures.picture import Picture
from seqcore.reports.result import Result
from seqcore.text import N_, UserError
from seqcore.translation import found, right_by_length, side_by_side

FORCINGS = (1.0, 0.75, 0.5, 0.25, 0.0)
ROLES = {"none": "naive", "additive": "gru", "dot": "lstm", "general": "rnn"}
"""The colour of each kind of attention."""

FIRST = {"attentions": ["none", "additive"], "forcings": [1.0], "seeds": 2}


def _read_attentions(text: str) -> list[str]:
    wanted = text.split(",")
    if not set(wanted) <= set(ATTENTION):
        raise UserError(N_("{name} must be some of {choices}."), name="attentions", choices=", ".join(ATTENTION))
    return [kind for kind in ATTENTION if kind in wanted]


def _read_forcings(text: str) -> list[float]:
    names = {f"{share:g}": share for share in FORCINGS}
    wanted = text.split(",")
    if not set(wanted) <= set(names):
        raise UserError(N_("{name} must be some of {choices}."), name="forcings", choices=", ".join(names))
    return [share for name, share in names.items() if name in wanted]


def _read_seeds(text: str) -> int:
    if text not in ("1", "2", "3", "4", "5"):
        raise UserError(N_("{name} must be one of {choices}, not {value!r}."),
                        name="seeds", choices="1, 2, 3, 4, 5", value=text[:40])  # fmt: skip
    return int(text)


READERS = {"attentions": _read_attentions, "forcings": _read_forcings, "seeds": _read_seeds}


def length_board(page: str, spec: TranslationSpec | None) -> None:
    """Draw the choice of settings and seeds, the buttons, and the pictures; the rest of the settings is `spec`'s."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.pills(t(N_("Attention")), list(ATTENTION), selection_mode="multi", key=f"{page}.attentions",
                 format_func=lambda kind: t(ATTENTION[kind]), persist_state="session")  # fmt: skip
        st.pills(t(N_("Teacher forcing")), FORCINGS, selection_mode="multi", key=f"{page}.forcings",
                 format_func=lambda share: f"{share:g}", persist_state="session")  # fmt: skip
        st.slider(t(N_("Seeds")), 1, 5, key=f"{page}.seeds", persist_state="session", width=160,
                  help=t(N_("Runs of each setting, each with its own pairs and first weights.")))  # fmt: skip
    specs: list[TranslationSpec] = []
    try:
        if spec is not None:
            state = st.session_state
            specs = side_by_side(spec, [kind for kind in ATTENTION if kind in state[f"{page}.attentions"]],
                                 sorted(state[f"{page}.forcings"])[::-1], state[f"{page}.seeds"])  # fmt: skip
    except UserError as problem:
        st.warning(sentence(problem), icon=":material/warning:")
    own = f"{page}.lengths"
    with st.container(horizontal=True, vertical_alignment="center", key="runbar"):
        batch.buttons(own, t(N_("Measure")), specs, bool(specs), partial(batch.start_anew, own, specs))
    moves = batch.moving(batch.runs(own), specs)
    st.fragment(run_every=TICK if moves else IDLE if specs else None)(_show)(own, specs, moves)
    if specs:
        batch.download(own, specs, found, "translation.csv")


def _show(own: str, specs: Sequence[TranslationSpec], moved: bool) -> None:
    runs = batch.runs(own)
    batch.progress(runs, specs)
    if specs:
        results = batch.results(runs, specs)
        board([lengths_of(results, specs), learning_of(results, specs)], key=f"{own}.board", height=300, moving=moved)
        table = table_of(results, specs)
        if not table.empty:
            st.dataframe(
                table, width="stretch", column_config={"_index": st.column_config.Column(width=260)},
                alt=t(N_("Each setting, mean ± standard deviation over its seeds")),
            )  # fmt: skip
    if batch.moving(runs, specs) != moved:
        st.rerun()


def groups_of(specs: Sequence[TranslationSpec]) -> dict[str, tuple[str, list[TranslationSpec]]]:
    """By name the colour and the runs of each setting; the name says what differs."""
    forcings = {spec.teaching.teacher_forcing for spec in specs}
    groups: dict[str, tuple[str, list[TranslationSpec]]] = {}
    for spec in specs:
        facts = TRANSLATION["attention"][1]
        name = t(facts.choices[spec.model.attention])
        if len(forcings) > 1:
            name += " · " + t(N_("teacher forcing {share:g}")).format(share=spec.teaching.teacher_forcing)
        groups.setdefault(name, (ROLES[spec.model.attention], []))[1].append(spec)
    return groups


def lengths_of(results: Sequence[Result], specs: Sequence[TranslationSpec]) -> Picture:
    """Right sentences by the length of their source, for each setting over its seeds."""
    by_spec = {result.spec: result for result in results}
    curves, roles = {}, []
    for name, (role, members) in groups_of(specs).items():
        measured = [right_by_length(by_spec.get(spec, Result(spec, "queued", None, None, None))) for spec in members]
        curves[name] = measured[0][0], np.stack([shares for _, shares in measured])
        roles.append(role)
    return by_length(translator(), theme(), curves, roles, what=t(N_("Right sentences")))


def learning_of(results: Sequence[Result], specs: Sequence[TranslationSpec]) -> Picture:
    """The share of wrong tokens of each setting, as its runs train."""
    by_spec = {result.spec: result for result in results}
    curves = []
    for name, (role, members) in groups_of(specs).items():
        mine = [by_spec[spec] for spec in members if spec in by_spec]
        lost = [k for k, result in enumerate(mine) if result.status == "diverged"]
        turn = sum(curve.look.role == role for curve in curves)
        curves.append(Curves(name, Look(role, turn), [result.history.test_rmse for result in mine], lost))
    picture = overlay(translator(), theme(), curves, unit="", epochs=epochs_of(specs), log=False)
    axis, *notes = picture.layout["annotations"]
    words = t(N_("Wrong tokens (share): mean and range of the seeds"))
    layout = {**picture.layout, "annotations": [{**axis, "text": words}, *notes]}
    return replace(picture, title=t(N_("Wrong tokens while they learn, fed the truth")), layout=layout)


def table_of(results: Sequence[Result], specs: Sequence[TranslationSpec]) -> pd.DataFrame:
    """A row a setting: how many of its runs ended, and over these the shares of what is right."""
    by_spec = {result.spec: found(result) for result in results if result.status == "finished"}
    columns = {"Right, fed the truth": t(N_("tokens right, fed the truth")),
               "Right, fed its own": t(N_("tokens right, fed its own")),
               "Without a mistake": t(N_("without a mistake"))}  # fmt: skip
    rows = {}
    for name, (_, members) in groups_of(specs).items():
        ended = [by_spec[spec] for spec in members if spec in by_spec]
        if ended:
            rows[name] = {t(N_("runs")): f"{len(ended)}/{len(members)}", t(N_("Weights")): f"{ended[0]['Weights']:,}"}
            rows[name] |= {label: _spread([row[key] for row in ended]) for key, label in columns.items()}
            rows[name][t(N_("seconds an epoch"))] = (
                f"{np.mean([row['Seconds'] for row in ended]) / epochs_of(specs):.2f}"
            )
    return pd.DataFrame.from_dict(rows, orient="index")


def epochs_of(specs: Sequence[TranslationSpec]) -> int:
    """All of them are planned with as many."""
    return specs[0].training.epochs


def _spread(shares: Sequence[float]) -> str:
    percent = 100 * np.array(shares)
    return f"{percent.mean():.1f} ± {percent.std(ddof=1):.1f} %" if len(percent) > 1 else f"{percent[0]:.1f} %"


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    now = {name: st.session_state[f"{page}.{name}"] for name in FIRST}
    return {name: _written(value) for name, value in now.items() if value != FIRST[name]}


def _written(value: int | list) -> str:
    items = value if isinstance(value, list) else [value]
    return ",".join(item if isinstance(item, str) else f"{item:g}" for item in items)
