"""Tokenizers: a text is cut into tokens, each gets a number; byte-pair encoding is watched merge by merge."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.kit.form import field, reader
from pages.kit.live import board
from pages.kit.sentence_field import PASTED
from pages.kit.text import plain, sentence, t
from pages.kit.tokenizer_pictures import (
    by_merges,
    chips,
    frequent_list,
    learnt,
    merge_list,
    sentences,
    size_pictures,
    strange,
    visible,
)
from seqcore.data.text import SPECIAL, TYPED
from seqcore.data.text.corpus import CORPUS
from seqcore.data.text.tokenizer import KIND, SIZE, Tokenizer
from seqcore.spec import Setting, as_text
from seqcore.text import N_, UserError

__all__ = ["FIRST", "READERS", "as_link", "tokenizer_board"]

MERGES = Setting("int", N_("Merge steps"), N_("How many of the merges learnt are done on this text."), 0, SIZE.high, 1)
TEXT = Setting("text", N_("Type a text"), "", high=TYPED)

FIELDS = {f"tok_{name}": ("", facts) for name, facts in
          {"corpus": CORPUS, "kind": KIND, "size": SIZE, "merges": MERGES}.items()}  # fmt: skip

FIRST: dict[str, Any] = {"tok_corpus": "english", "tok_kind": "bpe", "tok_size": 300, "tok_merges": MERGES.high,
                         "tok_text": "They are reading about tokenizers."}  # fmt: skip
"""As many merges as there can be: all that were learnt."""


READERS: dict[str, Callable[[str], Any]] = {name: reader(name, facts) for name, (_, facts) in FIELDS.items()}
READERS["tok_text"] = partial(TEXT.check, "tok_text")

SLIDE_WIDTH = 512
"""Numbers of an embedding, d_model, on the slide."""


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them; too long a text is not among them."""
    now = {name: st.session_state[f"{page}.{name}"] for name in FIRST}
    if now["tok_merges"] == st.session_state.get(f"{page}.tokens.most"):
        del now["tok_merges"]
    if len(now["tok_text"]) > TYPED:
        del now["tok_text"]
    return {name: as_text(value) for name, value in now.items() if value != FIRST[name]}


def tokenizer_board(page: str) -> None:
    """Draw the form, the text as tokens, what the vocabulary's size buys, and the vocabulary."""
    controls, lab = st.columns([1, 3.4], gap="medium")
    with controls:
        field(page, "tok_corpus", settings=FIELDS, on_change=partial(_other_corpus, page))
        for name in ("tok_kind", "tok_size"):
            field(page, name, settings=FIELDS, on_change=partial(_all_merges, page))
    name, kind, size = (st.session_state[f"{page}.tok_{part}"] for part in ("corpus", "kind", "size"))
    with lab:
        _text_field(page, name)
        try:
            tokenizer, times = learnt(name, kind, size)
        except UserError as problem:
            st.warning(f"{sentence(problem)} {t(MEANWHILE)}", icon=":material/warning:")
            tokenizer, times = learnt(name, "characters", SIZE.high)
        text = _readable(page, name)
        at = _merge_bar(page, tokenizer, text) if tokenizer.kind == "bpe" else 0
        _tokens(tokenizer, text, at)
        shown = len(tokenizer.vocabulary.tokens) - len(tokenizer.merges) + at
        board(size_pictures(name, text, tokenizer.kind, shown), key=f"{page}.tokens.board", columns=3, height=190)
        _vocabulary(page, name, tokenizer, times)
    with controls:
        _learnt(name, tokenizer, times, at)


MEANWHILE = N_("Until then the text is cut into characters.")
INSTEAD = N_("Until then you see a sentence of the corpus.")
NOTHING = N_("There is nothing to cut into tokens: type 1 to {most} characters.")


def _example(name: str) -> str:
    return FIRST["tok_text"] if name == FIRST["tok_corpus"] else sentences(name, "test")[0]


def _all_merges(page: str) -> None:
    """Begin with all merges of another tokenizer."""
    st.session_state[f"{page}.tok_merges"] = MERGES.high


def _other_corpus(page: str) -> None:
    """A sentence of the old corpus gives way to one of the new; what somebody typed stays."""
    _all_merges(page)
    offered = {text for name in CORPUS.choices for text in (_example(name), *sentences(name, "test"))}
    if st.session_state[f"{page}.tok_text"] in offered:
        st.session_state[f"{page}.tok_text"] = _example(st.session_state[f"{page}.tok_corpus"])


def _another(page: str, name: str) -> None:
    """Take the next of the corpus's unseen sentences."""
    offered = list(dict.fromkeys(sentences(name, "test")))
    text = st.session_state[f"{page}.tok_text"]
    place = offered.index(text) + 1 if text in offered else 0
    st.session_state[f"{page}.tok_text"] = offered[place % len(offered)]


def _text_field(page: str, name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="tokens-text"):
        st.text_input(t(TEXT.label), key=f"{page}.tok_text", max_chars=PASTED, persist_state="session", width="stretch",
                      placeholder=t(TEXT.label), icon=":material/keyboard:", label_visibility="collapsed")  # fmt: skip
        st.button(t(N_("Another sentence")), icon=":material/skip_next:", key=f"{page}.tokens.another",
                  on_click=_another, args=(page, name), help=t(N_("One that was not learnt from.")))  # fmt: skip


def _readable(page: str, name: str) -> str:
    """What was typed; where that cannot be cut, say why and take a sentence of the corpus."""
    text = st.session_state[f"{page}.tok_text"]
    try:
        if not text:
            raise UserError(NOTHING, most=TYPED)
        if len(text) > TYPED:
            raise UserError(N_("This text has {length} characters, and at most {most} are read: shorten it."),
                            length=len(text), most=TYPED)  # fmt: skip
    except UserError as problem:
        st.warning(f"{sentence(problem)} {t(INSTEAD)}", icon=":material/warning:")
        return _example(name)
    return text


NO_ROOM = N_("All {count} tokens are characters. Choose a larger vocabulary, and merges begin.")
BEFORE = N_("**Before the first merge** every character is a token. One step on, the most frequent pair becomes one.")
MERGE = N_(
    "**Merge {at} of {most}:** {left} + {right} → {piece}. In the corpus the pair stood in {places} places then, the "
    "most of all; in this text in {here}."
)


def _merge_bar(page: str, tokenizer: Tokenizer, text: str) -> int:
    """Draw the slider over the merges, and the buttons; return how many are done."""
    most, key = len(tokenizer.merges), f"{page}.tok_merges"
    st.session_state[f"{page}.tokens.most"] = most
    if not most:
        st.caption(t(NO_ROOM).format(count=len(tokenizer.vocabulary.tokens)))
        return 0
    at = st.session_state[key] = min(st.session_state[key], most)
    left = by_merges(tokenizer, [text])
    changing = np.flatnonzero(np.diff(left)) + 1
    earlier = changing[changing < at].max(initial=0)
    later = changing[changing > at].min(initial=most)

    def go(name: str, icon: str, goal: int, label: str, help: str) -> None:
        st.button(label, icon=icon, key=f"{page}.tokens.{name}", on_click=st.session_state.__setitem__,
                  args=(key, int(goal)), disabled=goal == at, help=help)  # fmt: skip

    with st.container(horizontal=True, vertical_alignment="bottom", key="tokens-bar"):
        go("earlier", ":material/fast_rewind:", earlier, t(N_("Last change")),
           t(N_("To the merge before this one that changes this text.")))  # fmt: skip
        go("back", ":material/chevron_left:", max(0, at - 1), t(N_("One back")), t(N_("One merge back.")))
        st.slider(t(MERGES.label), 0, most, key=key, help=t(MERGES.help), persist_state="session", width="stretch")
        go("on", ":material/chevron_right:", min(most, at + 1), t(N_("One on")), t(N_("One merge on.")))
        go("later", ":material/fast_forward:", later, t(N_("Next change")),
           t(N_("To the next merge that changes this text.")))  # fmt: skip
    if not at:
        st.markdown(t(BEFORE))
        return 0
    one, other, places = tokenizer.merges[at - 1]
    st.markdown(t(MERGE).format(at=at, most=most, left=_badge(one), right=_badge(other), piece=_badge(one + other),
                                places=f"{places:,}", here=left[at - 1] - left[at]))  # fmt: skip
    return at


def _badge(token: str) -> str:
    return f":gray-badge[{plain(visible(token))}]"


UNKNOWN = N_("Not in this vocabulary, and read as <unk>: {tokens}")
ROWS = N_(
    "**{tokens} tokens** of {characters} characters. Word-to-index: {token} has the id {id}. Embedding: it picks row "
    "{id}, counted from 0, of a table ({rows}, {width}), so that ids ({tokens},) become vectors ({tokens}, {width}); "
    "{width} numbers each, as on the slide."
)


def _tokens(tokenizer: Tokenizer, text: str, at: int) -> None:
    """Draw the text as tokens after `at` merges, and what follows from their ids."""
    done = replace(tokenizer, merges=tokenizer.merges[:at], pieces={})
    tokens = done.encode(text)
    made = {left + right for left, right, _ in done.merges[-1:]}
    with st.container(key="tokens-chips"):
        st.html(chips(tokenizer, tokens, made))
    if missing := strange(tokenizer, text):
        st.caption(plain(t(UNKNOWN).format(tokens=" ".join(map(visible, missing[:20])))))
    words = t(ROWS).format(
        tokens=len(tokens), characters=len(text), rows=len(tokenizer.vocabulary), width=SLIDE_WIDTH,
        token=_badge(tokens[0]), id=tokenizer.vocabulary.encode(tokens[:1])[0],
    )  # fmt: skip
    st.markdown(words, help=t(N_("␣ is a blank: a word takes the one before it along.")))


LEARNT = N_("Learnt now, from {count} sentences ({letters} characters): {characters} characters + {merges} merges.")
COUNTED = N_("Counted now, in {count} sentences ({letters} characters): {tokens} tokens.")


def _learnt(name: str, tokenizer: Tokenizer, times: Counter[str], at: int) -> None:
    """Draw what was learnt: the merges around the current one, or the most frequent tokens."""
    texts, tokens, merges = sentences(name, "train"), len(tokenizer.vocabulary.tokens), len(tokenizer.merges)
    words = LEARNT if tokenizer.kind == "bpe" else COUNTED
    st.caption(plain(t(words).format(count=f"{len(texts):,}", letters=f"{sum(map(len, texts)):,}", tokens=tokens,
                                     characters=tokens - merges, merges=merges)))  # fmt: skip
    with st.container(key="tokens-list"):
        heading = t(N_("Merges, in the order they were learnt")) if merges else t(N_("Most frequent tokens"))
        st.markdown(f"**{heading}**")
        st.html(merge_list(tokenizer, at) if merges else frequent_list(tokenizer, times))


def vocabulary_table(tokenizer: Tokenizer, times: Counter[str]) -> pd.DataFrame:
    """A line for each token: its id, itself, how often it stands in the corpus, and of which pair it was made."""
    made = {left + right: f"{visible(left)} + {visible(right)}" for left, right, _ in tokenizer.merges}
    tokens = [*SPECIAL, *tokenizer.vocabulary.tokens]
    table = {t(N_("Id")): range(len(tokens)), t(N_("Token")): [visible(token) for token in tokens],
             t(N_("Times in the corpus")): [times[token] for token in tokens]}  # fmt: skip
    return pd.DataFrame(table | ({t(N_("Made of")): [made.get(token, "") for token in tokens]} if made else {}))


def _vocabulary(page: str, name: str, tokenizer: Tokenizer, times: Counter[str]) -> None:
    words = t(N_("The vocabulary: {count} tokens, {special} of them special"))
    st.markdown(f"**{words.format(count=len(tokenizer.vocabulary), special=len(SPECIAL))}**",
                help=t(N_("Search it with the magnifying glass above the table.")))  # fmt: skip
    st.dataframe(vocabulary_table(tokenizer, times), hide_index=True, height=320, width="stretch",
                 alt=t(N_("Each token, its id, and how often it stands in the corpus")))  # fmt: skip
    own = {"corpus": name, "kind": tokenizer.kind, "vocabulary": tokenizer.vocabulary.ids, "merges": tokenizer.merges}
    rows = [(number, token, times[token]) for token, number in tokenizer.vocabulary.ids.items()]
    csv = partial(pd.DataFrame(rows, columns=["id", "token", "times"]).to_csv, index=False)
    files = ("csv", "text/csv", csv), ("json", "application/json", partial(json.dumps, own, ensure_ascii=False))
    with st.container(horizontal=True):
        for kind, mime, made in files:
            st.download_button(
                t(N_("Vocabulary as {kind}")).format(kind=kind.upper()), made,
                f"vocabulary_{name}_{tokenizer.kind}.{kind}", mime, icon=":material/download:", on_click="ignore",
                key=f"{page}.tokens.{kind}",
            )  # fmt: skip
