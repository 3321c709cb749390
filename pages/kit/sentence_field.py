"""The sentence a network is asked for, and what is done to it: fields, and what they mean for a look."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import streamlit as st

from pages.kit.rows import one_of
from pages.kit.text import plain, t
from pages.kit.text import sentence as in_words
from seqcore.data.text import TEXT_TASKS, TYPED, make
from seqcore.data.text.spec import TranslationSpec
from seqcore.engine import Run
from seqcore.look import MOST_HELD, Look, Sentence
from seqcore.text import N_, UserError
from seqcore.training.events import Snapshot

PASTED = 20_000
"""Characters the field takes: more than are translated, so that whoever pastes too many is told so."""

PAIRS = 1000
"""Test pairs that can be chosen from; a run has as many."""

CLICKS = {"masked": N_("mask it"), "forced": N_("force it to 1")}
"""What a click on a weight does; a second one lets it go."""

HIDING = {"removed": N_("the word is taken out"), "masked": N_("attention to it is masked")}

WIDEST = 10

FIRST: dict[str, Any] = {"text": "", "pair": 0, "step": 1, "beam": 4, "click": "masked", "hiding": "removed",
                         "held": "", "order": ""}  # fmt: skip


def number(name: str, low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 9 or not low <= int(text) <= high:
            raise UserError(N_("{name} ({value}) must be between {low} and {high}."),
                            name=name, value=text[:20], low=low, high=high)  # fmt: skip
        return int(text)

    return read


def typed_text(text: str) -> str:
    if len(text) > TYPED:
        raise UserError(N_("This text has {length} characters, and at most {most} are read: shorten it."),
                        length=len(text), most=TYPED)  # fmt: skip
    return text


def _held(text: str) -> str:
    read_held(text)
    return text


def order_text(text: str) -> str:
    read_order(text)
    return text


READERS: dict[str, Callable[[str], Any]] = {
    "text": typed_text, "pair": number("pair", 0, PAIRS - 1), "step": number("step", 1, TYPED),
    "beam": number("beam", 1, WIDEST), "click": one_of("click", list(CLICKS)),
    "hiding": one_of("hiding", list(HIDING)), "held": _held, "order": order_text,
}  # fmt: skip


def read_held(text: str) -> dict[tuple[int, int], str]:
    """`2.0=masked,3.5=forced` -> what is held by step and place, both from 0; `UserError` says what is wrong."""
    held: dict[tuple[int, int], str] = {}
    parts = list(filter(None, text.split(",")))
    if len(parts) > MOST_HELD:
        raise UserError(N_("{count} values are held, and at most {most} can be."), count=len(parts), most=MOST_HELD)
    for part in parts:
        found = re.fullmatch(r"(\d{1,3})\.(\d{1,3})=(masked|forced)", part)
        if not found:
            raise UserError(N_("{value!r} is no held weight: write it like 2.0=masked."), value=part[:40])
        step, place, how = int(found[1]), int(found[2]), found[3]
        if how == "forced" and any(at == step and was == how for (at, _), was in held.items()):
            raise UserError(N_("Of each step one weight at most can be forced: step {step} has two."), step=step + 1)
        held[step, place] = how
    return held


def read_order(text: str) -> tuple[int, ...] | None:
    """`2,0,1` -> the places that are read; None for all as they stand."""
    if not text:
        return None
    if not re.fullmatch(r"\d{1,3}(,\d{1,3})*", text) or text.count(",") >= TYPED:
        raise UserError(N_("{value!r} is no order of words: write it like 2,0,1."), value=text[:40])
    return tuple(map(int, text.split(",")))


def typing_field(page: str, live: bool, changed: Callable[[str], None], pairs: bool = True) -> None:
    """Draw where a sentence is typed, if there is a run to ask, and the button that goes to the next test pair.

    `changed` is told of the page where another sentence is looked at, of `pairs` or of sentences alone.
    """
    with st.container(horizontal=True, vertical_alignment="center", width="stretch", key=f"{page}-sentence"):
        st.text_input(
            t(N_("Type a sentence")), key=f"{page}.text", max_chars=PASTED, persist_state="session",
            placeholder=t(
                N_("Type a sentence, or look at a pair never seen in training") if live
                else N_("Press Train; then type any sentence here, while it learns, too")
            ), on_change=changed, args=(page,), icon=":material/keyboard:", label_visibility="collapsed",
            disabled=not live,
        )  # fmt: skip
        label = N_("Next pair") if pairs else N_("Next sentence")
        st.button(t(label), icon=":material/skip_next:", key=f"{page}.bar.next", on_click=_next, args=(page, changed),
                  disabled=not live, help=t(N_("Another one of the test part, never seen in training.")))  # fmt: skip


def sentence_field(page: str, task: str, live: bool) -> str:
    """Draw what is translated: one of the task's test pairs, or what the reader types, if there is a run to ask.

    Returns what is to be said of it, as Markdown; mostly nothing.
    """
    typing_field(page, live, let_go)
    if not (text := st.session_state[f"{page}.text"]):
        return ""
    try:
        tokens = TEXT_TASKS[task].typed(text)
    except UserError as problem:
        return in_words(problem)
    strange = list(dict.fromkeys(token for token in tokens if token not in TEXT_TASKS[task].vocabularies[0]))
    words = t(N_("Unknown to this network, and read as <unk>: {tokens}"))
    return plain(words.format(tokens=" ".join(strange[:20]))) if strange else ""


def step_fields(page: str, task: str, shot: Snapshot | None) -> None:
    """Draw which step of the decoder is looked at, and how wide the beam is."""
    most = max(2, len(shot.arrays["rows"])) if shot is not None else TEXT_TASKS[task].target_length
    st.session_state[f"{page}.step"] = min(st.session_state[f"{page}.step"], most)
    with st.container(horizontal=True):
        st.slider(t(N_("Step of the decoder")), 1, most, key=f"{page}.step", persist_state="session", width="stretch")
        st.slider(t(N_("Width of the beam")), 1, WIDEST, key=f"{page}.beam", persist_state="session", width=200,
                  help=t(N_("How many hypotheses are kept at each step; with 1 it is the greedy choice.")))  # fmt: skip


def intervention_fields(page: str, run: Run | None) -> None:
    """Draw what a click does, what is hidden, and what is done to the source; nothing can be done to no `run`."""
    if run is None:
        st.info(t(N_("A recorded run cannot be changed: press Train, then click on a weight.")))
        return
    looks_back = run.spec.model.attention != "none"
    tokens = source_of(page, run.spec)
    order = read_order(st.session_state[f"{page}.order"]) or tuple(range(len(tokens)))
    places = [place for place in order if place < len(tokens)]
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{page}-intervene"):
        for name, choices in (("click", CLICKS), ("hiding", HIDING)):
            label = N_("A click on a weight") if name == "click" else N_("What is hidden")
            st.segmented_control(t(label), list(choices), format_func=lambda way, choices=choices: t(choices[way]),
                                 key=f"{page}.{name}", required=True, persist_state="session",
                                 disabled=not looks_back)  # fmt: skip
        with st.popover(t(N_("More ways")), icon=":material/shuffle:"):
            _source_buttons(page, places)
            if looks_back:
                st.divider()
                _weight_fields(page, [tokens[place] for place in places], run.view().snapshot)
        touched = bool(st.session_state[f"{page}.held"] or st.session_state[f"{page}.order"])
        st.button(t(N_("As it was")), key=f"{page}.bar.let_go", icon=":material/undo:", on_click=let_go, args=(page,),
                  disabled=not touched)  # fmt: skip


def _source_buttons(page: str, places: list[int]) -> None:
    """Draw what can be done to a source whose tokens at these places are read."""
    shuffled = np.random.default_rng().permutation(places)
    st.button(t(N_("Shuffle the source")), key=f"{page}.bar.shuffle", icon=":material/shuffle:", on_click=reorder,
              args=(page, shuffled))  # fmt: skip
    st.button(t(N_("Turn it round")), key=f"{page}.bar.turn", icon=":material/swap_horiz:", on_click=reorder,
              args=(page, places[::-1]))  # fmt: skip
    if (count := len(places)) > 1:
        kept = st.slider(t(N_("Keep the first tokens only")), 1, count, count, key=f"{page}.bar.kept.{count}")
        st.button(t(N_("Cut")), key=f"{page}.bar.cut", icon=":material/content_cut:", on_click=reorder,
                  args=(page, places[:kept]))  # fmt: skip


def _weight_fields(page: str, read: list[str], shot: Snapshot | None) -> None:
    """Draw the choice of a weight by the names of its tokens: for whoever does not click."""
    rows = shot.arrays["rows"].tolist() if shot is not None else []
    step = st.selectbox(t(N_("Step of the decoder")), range(len(rows)), key=f"{page}.bar.step_held",
                        format_func=lambda k: f"{k + 1} · {rows[k]}")  # fmt: skip
    place = st.selectbox(t(N_("Source token")), range(len(read)), key=f"{page}.bar.place",
                         format_func=lambda k: f"{k + 1} · {read[k]}")  # fmt: skip
    st.button(t(N_("Hold this weight, or let it go")), key=f"{page}.bar.hold", on_click=hold, disabled=not rows,
              args=(page, step, place, st.session_state[f"{page}.click"]))  # fmt: skip


def typed(page: str, task: str) -> str:
    """What the reader typed, if it can be translated; an empty text is a test pair."""
    text = st.session_state[f"{page}.text"]
    try:
        TEXT_TASKS[task].typed(text)
    except UserError:
        return ""
    return text


@st.cache_data(max_entries=8, show_spinner=False)
def _pairs(task: str, seed: int) -> tuple[str, ...]:
    """The sources of the test pairs of a run."""
    return make(task, PAIRS, seed, "test").source


def source_of(page: str, spec: TranslationSpec) -> list[str]:
    """The tokens of what is looked at, untouched: what is typed, or the chosen test pair."""
    task = spec.data.task
    text = typed(page, task) or _pairs(task, spec.seed)[st.session_state[f"{page}.pair"]]
    return TEXT_TASKS[task].tokens(text)


def look_of(page: str, task: str, view: str) -> Look:
    """What a snapshot has to show for a view."""
    state, text = st.session_state, typed(page, task)
    asked = {
        "train": Sentence(text),
        "inside": Sentence(text, own=True, beam=state[f"{page}.beam"]),
        "intervene": Sentence(
            text, read_order(state[f"{page}.order"]),
            tuple((*cell, 1.0) for cell, how in read_held(state[f"{page}.held"]).items() if how == "forced"),
            tuple(cell for cell, how in read_held(state[f"{page}.held"]).items() if how == "masked"),
            own=True, effects=True,
        ),
    }  # fmt: skip
    return Look(window=state[f"{page}.pair"], sentence=asked[view])


def hold(page: str, step: int, place: int, how: str) -> None:
    """Hold one weight, or let it go if it is held so; of a step's weights one at most is forced, and of too many held
    ones the first goes."""
    held = read_held(st.session_state[f"{page}.held"])
    if held.get((step, place)) == how:
        del held[step, place]
    else:
        held = {cell: was for cell, was in held.items() if how != "forced" or was != "forced" or cell[0] != step}
        held.pop((step, place), None)
        held = dict([*held.items(), ((step, place), how)][-MOST_HELD:])
    st.session_state[f"{page}.held"] = ",".join(f"{row}.{column}={was}" for (row, column), was in held.items())


def reorder(page: str, places: Iterable[int]) -> None:
    """Read the source's tokens at these places, in this order; what was held is let go."""
    st.session_state[f"{page}.order"] = ",".join(map(str, places))
    st.session_state[f"{page}.held"] = ""


def let_go(page: str) -> None:
    """Read everything as it stands, and hold nothing."""
    st.session_state[f"{page}.held"] = st.session_state[f"{page}.order"] = ""


def _next(page: str, changed: Callable[[str], None]) -> None:
    st.session_state[f"{page}.text"] = ""
    st.session_state[f"{page}.pair"] = (st.session_state[f"{page}.pair"] + 1) % PAIRS
    changed(page)


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    now = {name: str(value) for name in FIRST if (value := st.session_state[f"{page}.{name}"]) != FIRST[name]}
    return {name: text for name, text in now.items() if name != "text" or len(text) <= TYPED}
