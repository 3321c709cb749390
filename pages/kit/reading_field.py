"""What a Transformer is asked about, how it is made to read, and which of its heads is looked at: fields and the look.

A sentence is one of the test part or what the reader types; tokens can be exchanged, moved and hidden in it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from pages.kit.heads import MASK, Spec, attentions_of, head_name, heads_of, joined, name_of, queries, read_head
from pages.kit.rows import one_of
from pages.kit.run_panel import start
from pages.kit.sentence_field import PAIRS, number, order_text, read_order, typed_text, typing_field
from pages.kit.text import sentence as in_words
from pages.kit.text import t
from seqcore.data.text import TEXT_TASKS, TYPED
from seqcore.data.text.spec import TransformerSpec, task_of
from seqcore.engine import Run
from seqcore.look import MOST_HEADS, Drawing, Head, Look, Reading, Sentence
from seqcore.text import N_, UserError
from seqcore.training.events import Snapshot

FIRST: dict[str, Any] = {
    "text": "", "pair": 0, "order": "", "hidden": "", "map": "", "head": 1, "query": 1, "off": [], "positions": True,
    "mask": True, "step": 1, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "dice": 0,
}  # fmt: skip

TOUCHED = ("order", "hidden", "off", "positions", "mask")
"""What is done to a sentence, and to how it is read."""

NOTHING = "none"
"""As hidden places: a sentence is read whole."""

MOST_K, MOST_DICE = 50, 999
COOLEST, HOTTEST = 0.1, 3.0


def share(name: str, low: float, high: float) -> Callable[[str], float]:
    """A reader of a number with at most two digits behind the point."""

    def read(text: str) -> float:
        if not re.fullmatch(r"\d(\.\d{1,2})?", text) or not low <= float(text) <= high:
            raise UserError(N_("{name} ({value}) must be between {low} and {high}."),
                            name=name, value=text[:20], low=low, high=high)  # fmt: skip
        return float(text)

    return read


def _off(text: str) -> list[str]:
    heads = text.split(",")
    if len(heads) > MOST_HEADS or not all(re.fullmatch(r"(en|de)coder\.l\d\.(self|cross)\.\d{1,2}", head)
                                          for head in heads):  # fmt: skip
        raise UserError(N_("{value!r} names no heads: write them like encoder.l0.self.1."), value=text[:40])
    return list(dict.fromkeys(heads))


def _hidden(text: str) -> str:
    read_hidden(text)
    return text


def read_hidden(text: str) -> tuple[int, ...] | None:
    """`0,2` -> the places that are hidden; none of them for `NOTHING`, and None for what a test sentence hides."""
    return () if text == NOTHING else read_order(text)


def _map(text: str) -> str:
    if not re.fullmatch(r"(en|de)coder\.l\d\.(self|cross)", text):
        raise UserError(N_("{value!r} is no attention: write it like encoder.l0.self."), value=text[:40])
    return text


def _truth(name: str) -> Callable[[str], bool]:
    read = one_of(name, ["true", "false"])
    return lambda text: read(text) == "true"


READERS: dict[str, Callable[[str], Any]] = {
    "text": typed_text, "pair": number("pair", 0, PAIRS - 1), "order": order_text, "hidden": _hidden, "map": _map,
    "head": number("head", 0, 16), "query": number("query", 1, TYPED + 1), "off": _off,
    "positions": _truth("positions"), "mask": _truth("mask"), "step": number("step", 1, TYPED),
    "temperature": share("temperature", COOLEST, HOTTEST), "top_k": number("top_k", 0, MOST_K),
    "top_p": share("top_p", 0.05, 1.0), "dice": number("dice", 0, MOST_DICE),
}  # fmt: skip


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    now = {name: value for name in FIRST if (value := st.session_state[f"{page}.{name}"]) != FIRST[name]}
    return {name: _written(value) for name, value in now.items() if name != "text" or len(value) <= TYPED}


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else f"{value:g}" if isinstance(value, float) else str(value)


def off(page: str, spec: Spec) -> tuple[Head, ...]:
    """The heads that are switched off, of those that there are."""
    there = heads_of(spec)
    return tuple(read_head(head) for head in st.session_state[f"{page}.off"] if head in there)


def picked_map(page: str, spec: Spec) -> tuple[str, int]:
    """The attention that is looked at, and its head from 1 on; 0 is the mean of all."""
    there = attentions_of(spec)
    name = st.session_state[f"{page}.map"]
    return name if name in there else there[-1], min(st.session_state[f"{page}.head"], spec.model.num_heads)


def reading_field(page: str, live: bool, pairs: bool) -> str:
    """Draw what is read, of `pairs` or of sentences alone; returns what is to be said of it, mostly nothing."""
    read = st.session_state[f"{page}.text"], st.session_state[f"{page}.pair"]
    if st.session_state.get(f"{page}.bar.read", read) != read:
        as_it_stands(page)  # what was done to another sentence is nothing to this one
    st.session_state[f"{page}.bar.read"] = read
    typing_field(page, live, lambda _: None, pairs)
    try:
        typed_text(st.session_state[f"{page}.text"])
    except UserError as problem:
        return in_words(problem)
    return ""


def untrained_button(page: str, spec: Spec | None) -> None:
    """Draw the button that makes a network only to look at it."""
    st.button(
        t(N_("Only look")), icon=":material/visibility:", key=f"{page}.bar.untrained", disabled=spec is None,
        on_click=lambda: start(page, spec.replace(trained=False), None),
        help=t(N_("Make this network, and look at it as it was born: even one that is too large to train here.")),
    )  # fmt: skip


def intervention_fields(page: str, spec: Spec, shot: Snapshot | None, live: bool) -> None:
    """Draw what changes how it reads: heads that are off, no positions, no causal mask, and what it reads; nothing can
    be done to a recorded run."""
    if not live:
        st.info(t(N_("A recorded run cannot be changed: press Train, then click on a map.")))
        return
    there = heads_of(spec)
    st.session_state[f"{page}.off"] = [head for head in st.session_state[f"{page}.off"] if head in there]
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{page}-switches"):
        st.multiselect(t(N_("Heads that are off")), there, key=f"{page}.off", persist_state="session", width="stretch",
                       placeholder=t(N_("none: click a map, or choose here")),
                       format_func=lambda head: head_name(read_head(head)))  # fmt: skip
        st.toggle(t(N_("Positions")), key=f"{page}.positions", persist_state="session",
                  disabled=spec.model.position == "none")  # fmt: skip
        if spec.model.architecture != "encoder":
            st.toggle(t(N_("Mask while looking")), key=f"{page}.mask", persist_state="session",
                      disabled=not spec.model.causal)  # fmt: skip
        st.button(t(N_("As it was")), key=f"{page}.bar.let_go", icon=":material/undo:", on_click=_undo, args=(page,),
                  disabled=all(st.session_state[f"{page}.{name}"] == FIRST[name] for name in TOUCHED))  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{page}-tokens"):
        _token_fields(page, spec, shot)


def _token_fields(page: str, spec: Spec, shot: Snapshot | None) -> None:
    """Draw the tokens that are read, and what can be done to one: exchange, hide; and to all: shuffle, turn round."""
    tokens = shot.arrays["given"].tolist() if shot is not None and "given" in shot.arrays else []
    places = list(read_order(st.session_state[f"{page}.order"]) or range(len(tokens)))
    key = f"{page}.bar.token"
    if tokens:  # a choice among none, or among those of a longer sentence, is no choice here
        st.session_state[key] = min(st.session_state.get(key) or 0, len(tokens) - 1)
    at = st.selectbox(t(N_("Token")), range(len(tokens)), key=key,
                      format_func=lambda k: f"{k + 1} · {tokens[k].strip() or '␣'}")  # fmt: skip
    _exchange(page, spec, tokens, at, shot)
    if spec.model.architecture == "encoder":
        st.button(t(N_("Hide it, or show it")), key=f"{page}.bar.hide", icon=":material/visibility_off:",
                  on_click=_hide, args=(page, tokens, at), disabled=at is None)  # fmt: skip
    st.button(t(N_("Shuffle")), key=f"{page}.bar.shuffle", icon=":material/shuffle:", on_click=_reorder,
              args=(page, np.random.default_rng().permutation(places)), disabled=not tokens)  # fmt: skip
    st.button(t(N_("Turn it round")), key=f"{page}.bar.turn", icon=":material/swap_horiz:", on_click=_reorder,
              args=(page, places[::-1]), disabled=not tokens)  # fmt: skip


def _exchange(page: str, spec: Spec, tokens: list[str], at: int | None, shot: Snapshot | None) -> None:
    """Draw the choice of another token in place of one: of the vocabulary, or what the network finds likely there."""
    if isinstance(spec, TransformerSpec):
        others = list(TEXT_TASKS[spec.data.task].source_tokens)
    else:
        others = _likely(shot.arrays, read_order(st.session_state[f"{page}.order"]), at) if tokens else []
    key = f"{page}.bar.other.{at}"
    st.selectbox(
        t(N_("Another one in its place")), others, index=None, key=key, accept_new_options=True,
        placeholder=t(N_("choose or type")), disabled=at is None, on_change=_put, args=(page, spec, tokens, at, key),
    )  # fmt: skip


def _likely(arrays: Mapping[str, np.ndarray], order: tuple[int, ...] | None, at: int) -> list[str]:
    """What a network holds likeliest in place of a token that is given; nothing where it has not looked there."""
    place = order.index(at) if order and at in order else at
    if place >= int(arrays.get("prompt", len(arrays["top"]))):  # from there on a decoder reads words of its own
        return []
    return [token.strip() for token in arrays["top"][place].tolist() if not token.startswith("<")]


def _put(page: str, spec: Spec, tokens: list[str], at: int, key: str) -> None:
    """Put another token in place of one, as if the sentence had been typed so; what was hidden is a gap in it."""
    if token := st.session_state[key]:
        space = tokens[at][:1] if tokens[at].startswith(" ") else ""
        changed = [*tokens[:at], space + token.strip(), *tokens[at + 1 :]]
        st.session_state[f"{page}.text"] = joined(spec, changed)[:TYPED]
        st.session_state[key] = None
        as_it_stands(page)


def _hide(page: str, tokens: list[str], at: int) -> None:
    """Hide a token from the encoder, or show it again."""
    hidden = {k for k, token in enumerate(tokens) if token == MASK} ^ {at}
    st.session_state[f"{page}.hidden"] = ",".join(map(str, sorted(hidden))) or NOTHING


def _reorder(page: str, places: Sequence[int]) -> None:
    st.session_state[f"{page}.order"] = ",".join(map(str, places))


def as_it_stands(page: str) -> None:
    """Read every token, in its place."""
    st.session_state[f"{page}.order"] = st.session_state[f"{page}.hidden"] = ""


def forget(page: str) -> None:
    """Take what stands in the fields as it is, whatever was read before."""
    st.session_state.pop(f"{page}.bar.read", None)


def _undo(page: str) -> None:
    """The same, and read as the network learnt to; a test sentence in place of a typed one."""
    for name in TOUCHED:
        st.session_state[f"{page}.{name}"] = FIRST[name]


def switch(page: str, head: Head) -> None:
    """Switch a head off, or on again."""
    name, before = f"{head[0]}.{head[1]}", st.session_state[f"{page}.off"]
    st.session_state[f"{page}.off"] = [each for each in before if each != name] + [name] * (name not in before)


def drawing_fields(page: str, steps: bool, shot: Snapshot | None) -> None:
    """Draw how a decoder goes on; with `steps` also which of its tokens is looked at."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{page}-drawing"):
        st.slider(t(N_("Temperature")), COOLEST, HOTTEST, step=0.1, key=f"{page}.temperature", width="stretch",
                  help=t(N_("Logits are divided by it: below 1 the likely gets likelier.")),
                  persist_state="session")  # fmt: skip
        st.slider(t(N_("Top-k (0: all)")), 0, MOST_K, key=f"{page}.top_k", persist_state="session", width="stretch",
                  help=t(N_("Only the k likeliest tokens are drawn from.")))  # fmt: skip
        st.slider(t(N_("Top-p")), 0.05, 1.0, step=0.05, key=f"{page}.top_p", persist_state="session", width="stretch",
                  help=t(N_("Only the fewest tokens are drawn from that together are so likely.")))  # fmt: skip
        st.button(t(N_("Throw the dice again")), key=f"{page}.bar.dice", icon=":material/casino:", on_click=_throw,
                  args=(page,))  # fmt: skip
    if steps:
        most = max(2, len(shot.arrays["drawn"])) if shot is not None and "drawn" in shot.arrays else 2
        st.session_state[f"{page}.step"] = min(st.session_state[f"{page}.step"], most)
        st.slider(t(N_("Which of the tokens it draws")), 1, most, key=f"{page}.step", persist_state="session")


def _throw(page: str) -> None:
    st.session_state[f"{page}.dice"] = (st.session_state[f"{page}.dice"] + 1) % (MOST_DICE + 1)


def map_fields(page: str, spec: Spec, shot: Snapshot | None) -> None:
    """Draw which attention, which of its heads and which of its queries is looked at."""
    name, head = picked_map(page, spec)
    st.session_state[f"{page}.map"], st.session_state[f"{page}.head"] = name, head
    tokens = queries(spec, name, shot)
    st.session_state[f"{page}.query"] = min(st.session_state[f"{page}.query"], len(tokens))
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{page}-maps"):
        st.selectbox(t(N_("Attention")), attentions_of(spec), key=f"{page}.map", persist_state="session",
                     format_func=name_of, width=220)  # fmt: skip
        st.selectbox(t(N_("Head")), range(spec.model.num_heads + 1), key=f"{page}.head", persist_state="session",
                     format_func=lambda k: str(k) if k else t(N_("mean of all")), width=160)  # fmt: skip
        st.select_slider(t(N_("Query: the token that looks")), range(1, len(tokens) + 1), key=f"{page}.query",
                         format_func=lambda k: f"{k} · {tokens[k - 1]}", persist_state="session",
                         width="stretch")  # fmt: skip


def look_of(page: str, spec: Spec, view: str, more: dict[str, Any]) -> Look:
    """What a snapshot has to show for a view; `more` are the sentence's arguments that another part asks for."""
    state = st.session_state
    text = state[f"{page}.text"] if len(state[f"{page}.text"]) <= TYPED else ""
    hidden = read_hidden(state[f"{page}.hidden"])
    drawing = Drawing(
        state[f"{page}.temperature"], state[f"{page}.top_k"], state[f"{page}.top_p"], state[f"{page}.dice"]
    )
    asked: dict[str, Any] = {"drawing": drawing, "hidden": hidden, "own": view == "intervene"}
    if view == "attention":
        name = picked_map(page, spec)[0]
        asked["inside"] = (f"{name}.q", f"{name}.k")
    if view == "intervene":
        asked["order"] = read_order(state[f"{page}.order"])
        asked["reading"] = Reading(off(page, spec), state[f"{page}.positions"], state[f"{page}.mask"])
        asked |= {"heads": True, "steps": state[f"{page}.step"] if task_of(spec) == "next" else 0}
    return Look(window=state[f"{page}.pair"], sentence=Sentence(typed(spec, text), **{**asked, **more}))


def seen(run: Run, look: Look, patience: float) -> Snapshot | None:
    """The newest snapshot of `run`; if it shows another sentence than `look` asks for, the next one, if that comes in
    so many seconds: what can be chosen depends on the sentence."""
    shown = run.view().look
    if shown is None or (shown.sentence, shown.window) != (look.sentence, look.window):
        run.watch(look if shown is None else replace(look, epoch=shown.epoch), wait=patience)
    return run.view().snapshot


def typed(spec: Spec, text: str) -> str:
    """What the reader typed, if it can be read; an empty text is a test sentence."""
    try:
        if text and isinstance(spec, TransformerSpec):
            TEXT_TASKS[spec.data.task].typed(text)
    except UserError:
        return ""
    return text if text.strip() else ""
