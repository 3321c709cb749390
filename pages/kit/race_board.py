"""Against recurrence: what each kind of network costs and remembers as sequences grow, measured on the same task."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from pages.kit import batch
from pages.kit.form import field, read_value, reader
from pages.kit.live import board
from pages.kit.race_pictures import lengths_of, measured, pictures
from pages.kit.race_words import TOLD, as_csv, table, verdict, wins
from pages.kit.recorded import recorded_results
from pages.kit.run_panel import IDLE
from pages.kit.score_board import TICK
from pages.kit.text import sentence, t
from seqcore.data.tasks import TASKS
from seqcore.data.tasks.race import BATCH, RACERS, RaceSpec, side_by_side
from seqcore.look import NOW
from seqcore.recordings import RACE
from seqcore.spec import Setting, as_text, settings_of
from seqcore.text import N_, UserError

UPDATES = (100, 200, 400, 800, 1600)
SEEDS = (1, 2, 3, 4, 5)
HEIGHT = 190

FIELDS: dict[str, tuple[str, Setting]] = {
    f"race_{name}": ("", facts) for name, (_, facts) in settings_of(RaceSpec).items()
    if name in ("task", "hidden_size", "num_layers", "lr")
}  # fmt: skip
"""The fields by their names in the URL, where the page's other views have others."""

FIRST: dict[str, Any] = {
    "race_networks": [spec.model.architecture for spec in RACE],
    **{name: RaceSpec().flat()[name.removeprefix("race_")] for name in FIELDS},
    "race_updates": RaceSpec().training.updates, "race_seeds": 1,
}  # fmt: skip


def _read_networks(text: str) -> list[str]:
    wanted = text.split(",")
    if not set(wanted) <= set(RACERS):
        raise UserError(N_("{name} must be some of {choices}."), name="race_networks", choices=", ".join(RACERS))
    return [name for name in RACERS if name in wanted]


def _read_one_of(name: str, choices: Sequence[int]) -> Callable[[str], int]:
    def read(text: str) -> int:
        if text not in map(str, choices):
            raise UserError(N_("{name} must be one of {choices}, not {value!r}."),
                            name=name, choices=", ".join(map(str, choices)), value=text[:40])  # fmt: skip
        return int(text)

    return read


READERS: dict[str, Callable[[str], Any]] = {
    **{name: reader(name, facts) for name, (_, facts) in FIELDS.items()}, "race_networks": _read_networks,
    "race_lr": partial(read_value, "lr"), "race_updates": _read_one_of("race_updates", UPDATES),
    "race_seeds": _read_one_of("race_seeds", SEEDS),
}  # fmt: skip


def race_board(page: str) -> None:
    """Draw the form, the buttons and what moves, over the page's whole width."""
    controls, lab = st.columns([1, 3.4], gap="medium")
    with controls:
        _form(page)
    own = f"{page}.race"
    with lab:
        buttons = st.container(horizontal=True, vertical_alignment="center", key="runbar")
        try:
            specs = formed(page)
        except UserError as problem:
            with buttons:
                batch.buttons(own, t(START), [], False, None)
            st.warning(sentence(problem), icon=":material/warning:")
            return
        with buttons:
            batch.buttons(own, t(START), specs, True, partial(batch.start_anew, own, specs))
        moves = batch.moving(batch.runs(own), specs)
        st.fragment(run_every=TICK if moves else IDLE)(_show)(own, specs, moves)
        st.download_button(
            t(N_("All runs as CSV")), lambda: as_csv(batch.results(batch.runs(own), specs)), "race.csv", "text/csv",
            icon=":material/download:", on_click="ignore", key=f"{own}.csv",
        )  # fmt: skip
        for words in EXPLAINED:
            st.caption(t(words).format(batch=BATCH))


START = N_("Start the race")
RECORDED = N_(
    "Recorded runs, not live, with the times of the machine that made them: press **{button}** to make your own"
)

EXPLAINED = (
    N_(
        "All networks get the same task, batch, learning rate and hidden size; at each distance a new one begins, and "
        "stops when the task is solved. With the same hidden size they differ in weights: the table counts them."
    ),
    N_(
        "**An update** is forward, backward and optimiser on one batch of {batch} sequences, its time the mean. "
        "**Kept** is what the forward pass stores for the backward pass. **A further step** is what generating costs: "
        "one more value, when all before it has been read. A recurrence carries its state; attention all states, or "
        "keys and values, of the past."
    ),
    N_(
        "Times are what one core of this machine's processor works for it (on a GPU, the time until it is done). "
        "Others use the machine too, and that disturbs them a little: measure again before you believe a small "
        "difference. A Transformer could work on all steps at once and a recurrence has to wait for each, which one "
        "core cannot show."
    ),
)


def _form(page: str) -> None:
    st.pills(t(N_("Networks")), list(RACERS), selection_mode="multi", key=f"{page}.race_networks", wrap=True,
             format_func=lambda name: t(RACERS[name].label), persist_state="session")  # fmt: skip
    for name in FIELDS:
        field(page, name, settings=FIELDS)
        if name == "race_task":
            st.caption(t(TASKS[st.session_state[f"{page}.race_task"]].rule))
    facts = settings_of(RaceSpec)["updates"][1]
    st.select_slider(t(facts.label), UPDATES, key=f"{page}.race_updates", help=t(facts.help), persist_state="session")
    st.slider(t(N_("Seeds")), SEEDS[0], SEEDS[-1], key=f"{page}.race_seeds", persist_state="session",
              help=t(N_("Runs of each network, each with its own first weights and sequences.")))  # fmt: skip


def formed(page: str) -> list[RaceSpec]:
    """The runs that the form describes; `UserError` for no network."""
    state = st.session_state
    values = {name.removeprefix("race_"): state[f"{page}.{name}"] for name in (*FIELDS, "race_updates")}
    return side_by_side(values, state[f"{page}.race_networks"], state[f"{page}.race_seeds"])


def _show(own: str, specs: Sequence[RaceSpec], moved: bool) -> None:
    """One tick: how far, the pictures, what it comes to."""
    found = batch.runs(own)
    for spec in specs:
        if spec in found and not found[spec].view().ended:
            found[spec].watch(NOW)
    results = batch.results(found, specs)
    if not results and (results := recorded_results(specs, RACE)):
        st.markdown(f":material/history: {t(RECORDED).format(button=t(START))}")
    else:
        batch.progress(found, specs)
    rows = measured(results, specs)
    st.info(verdict(rows), icon=":material/balance:")
    board(pictures(rows), key=f"{own}.board", columns=3, height=HEIGHT, moving=moved)
    if told := wins(rows):
        st.markdown("\n".join(f"- {words}" for words in told))
    numbers = table(rows)
    if not numbers.empty:
        st.dataframe(
            numbers, width="stretch", column_config={"_index": st.column_config.Column(width=220)},
            alt=t(N_("What each network needs, mean over its seeds")),
        )  # fmt: skip
        st.caption(t(TOLD).format(longest=lengths_of(specs[0])[-1]))
    if batch.moving(found, specs) != moved:
        st.rerun()


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    now = {name: st.session_state[f"{page}.{name}"] for name in FIRST}
    now["race_networks"] = [name for name in RACERS if name in now["race_networks"]]
    return {name: ",".join(value) if isinstance(value, list) else as_text(value)
            for name, value in now.items() if value != FIRST[name]}  # fmt: skip
