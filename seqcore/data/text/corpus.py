"""Corpora for language models: the grammar's sentences in one of its languages, or reviews; and words to be guessed."""

import re

import numpy as np

from seqcore.data.text import PAD, SPECIAL, TYPED, Vocabulary, make
from seqcore.data.text.reviews import reviews
from seqcore.data.text.tokenizer import Tokenizer
from seqcore.spec import Setting
from seqcore.text import N_, UserError

CORPUS = Setting(
    "choice", N_("Corpus"), N_("The sentences that are learnt from."), main=True,
    choices={"english": N_("English sentences"), "chinese": N_("Chinese sentences"), "reviews": N_("Short reviews")},
)  # fmt: skip

MASK = "<mask>"
"""The token that stands where one is to be guessed: always the last one of its vocabulary."""


def corpus(name: str, count: int, seed: int, part: str = "train") -> tuple[str, ...]:
    """`count` sentences, the same ones for the same arguments.

    No sentence of the part "test" is one of the part "train". Raises `UserError` for an unknown name or part, or a
    number out of range.
    """
    if CORPUS.check("corpus", name) == "reviews":
        return reviews(count, seed, part)[0]
    pairs = make("sentences", count, seed, part)
    return pairs.source if name == "english" else pairs.target


def with_mask(vocabulary: Vocabulary) -> Vocabulary:
    """The same tokens with the same ids, and `MASK` behind them; raises `ValueError` if it is one of them."""
    return Vocabulary((*vocabulary.tokens, MASK))


def masked(
    ids: np.ndarray, rng: np.random.Generator, vocabulary_size: int, share: float = 0.15
) -> tuple[np.ndarray, np.ndarray]:
    """What BERT reads and what it has to guess: inputs and targets (N, S) int64, of ids (N, S) from `with_mask`.

    In each row `share` of its tokens are chosen, rounded, and at least one; special ones, and those masked already,
    never are. Of the chosen ones 80 % become `MASK`, 10 % a token drawn from all, and 10 % stay as they are. The
    targets are the chosen ids, and `PAD` everywhere else. Raises `ValueError` for a share not above 0 and up to 1.

    Source: Devlin et al. 2019, "BERT", section 3.1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share ({share}) must be above 0 and at most 1")
    mask = vocabulary_size - 1
    tokens = (ids >= len(SPECIAL)) & (ids < mask)
    count = tokens.sum(1, keepdims=True)
    wanted = np.rint(share * count).clip(np.minimum(1, count))
    place = np.where(tokens, rng.random(ids.shape), np.inf).argsort(1).argsort(1)  # in a drawn order, special ones last
    chosen = place < wanted
    fate = rng.random(ids.shape)
    guess = rng.integers(len(SPECIAL), mask, ids.shape)
    inputs = np.select([~chosen, fate < 0.8, fate < 0.9], [ids, mask, guess], ids)
    return inputs, np.where(chosen, ids, PAD)


def with_gaps(tokenizer: Tokenizer, text: str) -> list[str]:
    """The tokens of a text in which underscores stand for one to be guessed: `MASK` in place of each row of them.

    `UserError` for a text of nothing, or beyond `TYPED` characters.
    """
    if not 0 < len(text) <= TYPED:
        raise UserError(N_("A text has 1 to {most} characters here, not {length}."), most=TYPED, length=len(text))
    parts = re.split("_+", text)
    whole = tokenizer.kind == "characters"  # otherwise a gap takes the spaces around it along, as a word would
    tokens = [tokenizer.encode(part if whole else part.strip(" ")) for part in parts]
    return [token for k, part in enumerate(tokens) for token in ([MASK] if k else []) + part]
