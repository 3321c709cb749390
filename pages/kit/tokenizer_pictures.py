"""What a tokenizer does, in numbers and pictures: tokens as chips, its merges as a list, and what its size buys."""

from collections import Counter
from collections.abc import Collection, Sequence
from html import escape
from itertools import pairwise

import numpy as np
import streamlit as st

from pages.kit.live import theme
from pages.kit.text import t, translator
from pages.kit.translation_pictures import BLANK
from seqcore.data.text import SPECIAL, UNK
from seqcore.data.text.bpe import growth
from seqcore.data.text.corpus import corpus
from seqcore.data.text.tokenizer import KIND, SIZE, Tokenizer, learn, split
from seqcore.figures.by_vocabulary import Curve, by_vocabulary
from seqcore.figures.picture import Picture
from seqcore.text import N_

COUNTS = {"train": 3000, "test": 300}
"""Sentences of each part: what is learnt from, and what is unseen."""

HUES = 6
"""Colours of chips, in assets/css/style.css: a token's is by its id, so that it is the same wherever it stands."""

LISTED = 12
"""Lines of a list."""

DRAWN = {"characters": (KIND.choices["characters"], "lstm", "dot"), "words": (KIND.choices["words"], "rnn", "dash"),
         "bpe": ("BPE", "gru", "solid")}  # fmt: skip
"""What each kind is called in a picture, its colour and its dash."""


@st.cache_data(max_entries=12, show_spinner=False)
def sentences(name: str, part: str) -> tuple[str, ...]:
    """The sentences of a corpus that are learnt from ("train") or unseen ("test")."""
    return corpus(name, COUNTS[part], 0, part)


@st.cache_data(max_entries=32, show_spinner=False)
def learnt(name: str, kind: str, size: int) -> tuple[Tokenizer, Counter[str]]:
    """The tokenizer of a corpus, and how often each of its tokens stands in the corpus when all is cut.

    Raises `UserError` as `learn` does.
    """
    tokenizer = learn(kind, sentences(name, "train"), size)
    return tokenizer, Counter(token for text in sentences(name, "train") for token in tokenizer.encode(text))


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    """What a text is made of: its words, or its characters, of which byte-pair encoding's tokens grow."""
    found = split(tokenizer.kind, text)
    return list("".join(found)) if tokenizer.kind == "bpe" else found


def strange(tokenizer: Tokenizer, text: str) -> list[str]:
    """What of a text is not in the vocabulary, each once."""
    return [piece for piece in dict.fromkeys(pieces(tokenizer, text)) if piece not in tokenizer.vocabulary]


def by_merges(tokenizer: Tokenizer, texts: Sequence[str]) -> np.ndarray:
    """How many tokens the texts are, all together, after 0, 1, 2 ... of the tokenizer's merges: (merges + 1,)."""
    ranks = {(left, right): rank for rank, (left, right, _) in enumerate(tokenizer.merges)}
    fewer = np.zeros(len(ranks) + 1, int)
    words = Counter(word for text in texts for word in split("bpe", text))
    for word, times in words.items():
        stages, merges = growth([tuple(word)], ranks)
        for ((before,), (after,)), (pair, _) in zip(pairwise(stages), merges, strict=True):
            fewer[ranks[pair] + 1] += times * (len(before) - len(after))
    return sum(times * len(word) for word, times in words.items()) - fewer.cumsum()


def sizes_of(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vocabulary sizes (n,) up to this tokenizer's; with each, tokens of a text (mean) and the share of unknown ones.

    A smaller vocabulary is the beginning of a larger one: the same merges, or the same most frequent tokens.
    """
    found, whole = (
        Counter(piece for text in texts for piece in pieces(tokenizer, text)),
        len(tokenizer.vocabulary.tokens),
    )
    total = found.total()
    if tokenizer.kind == "bpe":
        tokens = by_merges(tokenizer, texts)
        unknown = sum(times for piece, times in found.items() if piece not in tokenizer.vocabulary)
        return np.arange(whole - len(tokenizer.merges), whole + 1), tokens / len(texts), unknown / tokens
    known = np.cumsum([found[token] for token in tokenizer.vocabulary.tokens])
    sizes = np.arange(min(SIZE.low, whole), whole + 1)
    return sizes, np.full(len(sizes), total / len(texts)), 1 - known[sizes - 1] / total


@st.cache_data(max_entries=6, show_spinner=False)
def unseen(name: str) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """By kind the sizes of a corpus's vocabularies, and what each makes of its unseen sentences."""
    return {kind: sizes_of(learnt(name, kind, SIZE.high)[0], sentences(name, "test")) for kind in DRAWN}


def size_pictures(name: str, text: str, kind: str, size: int) -> list[Picture]:
    """Tokens of a text, of an unseen sentence, and the share of unknown ones, with a ring at the kind and the size."""
    own = {other: sizes_of(learnt(name, other, SIZE.high)[0], [text]) for other in DRAWN}
    beside, now, tr = unseen(name), (list(DRAWN).index(kind), size), translator()

    def drawn(picture: str, title: str, what: str, found: dict, part: int, share: bool = False) -> Picture:
        curves = [Curve(t(label), role, dash, found[other][0], found[other][part])
                  for other, (label, role, dash) in DRAWN.items()]  # fmt: skip
        return by_vocabulary(tr, theme(), curves, name=picture, title=title, what=what, share=share, now=now)

    return [
        drawn("text", t(N_("This text")), t(N_("Tokens")), own, 1),
        drawn("unseen", t(N_("Unseen sentences of the corpus")), t(N_("Tokens in a sentence, mean")), beside, 1),
        drawn("unknown", t(N_("What they hold that is unknown")), t(N_("Unknown tokens (%)")), beside, 2, share=True),
    ]


def visible(token: str) -> str:
    """A token as it can be seen: a blank as ␣, what no font has as its number in Unicode."""
    return "".join(BLANK if letter == " " else letter if letter.isprintable() else f"U+{ord(letter):04X}"
                   for letter in token)  # fmt: skip


def chips(tokenizer: Tokenizer, tokens: Sequence[str], new: Collection[str] = ()) -> str:
    """Tokens as HTML, one behind the other, each above its id; those just made are framed."""
    ids = tokenizer.vocabulary.encode(tokens)
    return "<ol>" + "".join(
        f'<li class="{_hue(number)}{" new" if token in new else ""}"><b>{escape(visible(token))}</b>'
        f"<small>{number}</small></li>" for token, number in zip(tokens, ids, strict=True)
    ) + "</ol>"  # fmt: skip


def merge_list(tokenizer: Tokenizer, at: int) -> str:
    """The merges around number `at`, from 1, as HTML: the pair, what it becomes, and in how many places it stood."""
    first = max(0, min(at - 1 - LISTED // 2, len(tokenizer.merges) - LISTED))
    lines = enumerate(tokenizer.merges[first : first + LISTED], first + 1)
    return "<ul>" + "".join(
        f"<li{' aria-current=step' if number == at else ''}><small>{number}</small><span>"
        f"{_chip(tokenizer, left)} + {_chip(tokenizer, right)} → {_chip(tokenizer, left + right)}</span>"
        f"<small>{places:,} ×</small></li>" for number, (left, right, places) in lines
    ) + "</ul>"  # fmt: skip


def frequent_list(tokenizer: Tokenizer, times: Counter[str]) -> str:
    """The most frequent tokens as HTML: id, token, and how often the corpus holds it."""
    most = [token for token, _ in times.most_common() if token != SPECIAL[UNK]][:LISTED]
    return "<ul>" + "".join(
        f"<li><small>{tokenizer.vocabulary.ids[token]}</small><span>{_chip(tokenizer, token)}</span>"
        f"<small>{times[token]:,} ×</small></li>" for token in most
    ) + "</ul>"  # fmt: skip


def _chip(tokenizer: Tokenizer, token: str) -> str:
    return f'<b class="{_hue(tokenizer.vocabulary.ids[token])}">{escape(visible(token))}</b>'


def _hue(number: int) -> str:
    """The colour of a token's chip; an unknown one has none."""
    return "unknown" if number == UNK else f"hue{number % HUES}"
