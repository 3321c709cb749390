"""Tokenizers: a text as characters, as words, or as the pieces that byte-pair encoding learns from a corpus.

    tokenizer = learn("bpe", corpus("english", 10_000, seed=0), size=300)
    tokenizer.encode("We are tired today.")
    tokenizer.steps("We are tired today.")

A word takes the space before it along, as in GPT-2 (Radford et al. 2019), so that a text is its tokens, one behind the
other. Where it begins with a word it is read as if a space stood there too: " we" is one word, wherever it is. Chinese
is written without spaces; as words its characters are tokens, and byte-pair encoding finds those that belong together.
Capital letters are other letters than small ones.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from seqcore.data.text import SPECIAL, TYPED, UNK, Vocabulary
from seqcore.data.text.bpe import Word, counted, growth, learnt
from seqcore.spec import Setting
from seqcore.text import N_, UserError

KIND = Setting(
    "choice", N_("Tokens"), N_("What a text is cut into: each token has a number, and the network reads those."),
    choices={"characters": N_("characters"), "words": N_("words"), "bpe": N_("byte-pair encoding (BPE)")}, main=True,
)  # fmt: skip

SIZE = Setting(
    "int", N_("Vocabulary size"), N_("The most tokens there are, beside the special ones; those met most often stay."),
    10, 5_000, 1, unit=N_("tokens"),
)  # fmt: skip

MOST = 2_000_000
"""The most characters of a corpus: ten seconds of learning if they are random, less than one if they are sentences."""

HAN = "\u3400-\u9fff"
WORDS, RUNS = (re.compile(rf" ?(?:'?[^\W{HAN}]+|[{HAN}]{more}|[^\w\s])|\s") for more in ("", "+"))
"""Words and marks, with Chinese by the character or as long as nothing else comes between; nothing is left out."""

STARTS = re.compile(rf"[ ']|[^\W{HAN}]")
"""How a text begins that is read with a space before it."""


@dataclass(frozen=True)
class Tokenizer:
    """Cuts a text into tokens of its `vocabulary`; `learn` makes one.

    `merges` are those of byte-pair encoding, the first one first: the two pieces, and in how many places of the corpus
    they stood then. `pieces` are what its words have become.
    """

    kind: str
    vocabulary: Vocabulary
    merges: tuple[tuple[str, str, int], ...] = ()
    pieces: Mapping[str, Word] = field(default_factory=dict, repr=False, compare=False)

    def encode(self, text: str) -> list[str]:
        """Its tokens, "<unk>" for those the vocabulary does not hold; `UserError` beyond `TYPED` characters."""
        return self._known(self._grown(word) for word in split(self.kind, text))

    def decode(self, tokens: Iterable[str]) -> str:
        """The text of tokens: the one that was encoded, if all of it was known."""
        text = "".join(tokens)
        return text if self.kind == "characters" else text.removeprefix(" ")

    def steps(self, text: str) -> list[list[str]]:
        """The text in characters, and after each of its merges, in the order they were learnt; the last is `encode`'s.

        Where nothing is merged, with characters or words, that alone. Raises `UserError` as `encode` does.
        """
        if self.kind != "bpe":
            return [self.encode(text)]
        words = [tuple(word) for word in split(self.kind, text)]
        return [self._known(stage) for stage in growth(words, self._ranks)[0]]

    @cached_property
    def _ranks(self) -> dict[tuple[str, str], int]:
        return {(left, right): number for number, (left, right, _) in enumerate(self.merges)}

    def _grown(self, word: str) -> Word:
        if self.kind != "bpe":
            return (word,)
        if word in self.pieces:
            return self.pieces[word]
        return growth([tuple(word)], self._ranks)[0][-1][0]

    def _known(self, words: Iterable[Word]) -> list[str]:
        return [piece if piece in self.vocabulary else SPECIAL[UNK] for word in words for piece in word]


def learn(kind: str, texts: Sequence[str], size: int) -> Tokenizer:
    """The tokenizer of a kind that `texts` ask for, with at most `size` tokens: the same for the same texts.

    Characters and words: those met most often, of two the one first in Unicode. Byte-pair encoding: all characters,
    and what comes of them. Raises `UserError` for an unknown kind, a size out of range or, there, below the number of
    characters, no text at all, more than `MOST` characters, or a text of more than `TYPED`.
    """
    kind, size = KIND.check("kind", kind), SIZE.check("size", size)
    if not 0 < (length := sum(map(len, texts))) <= MOST:
        raise UserError(
            N_("The texts to learn from have {length} characters, and 1 to {most} can be learnt from: choose fewer "
               "texts."),
            length=length, most=MOST,
        )  # fmt: skip
    words = Counter(word for text in texts for word in split(kind, text))
    if kind != "bpe":
        return Tokenizer(kind, Vocabulary(tuple(sorted(words, key=lambda word: (-words[word], word))[:size])))
    characters = sorted({" "}.union(*words))
    if size < len(characters):
        raise UserError(
            N_("{size} tokens are fewer than the {count} characters that every piece is made of: choose {count} or "
               "more."), size=size, count=len(characters),
        )  # fmt: skip
    merges = learnt(words, size)
    counts, pieces = counted(words, merges)
    vocabulary = Vocabulary((*characters, *map("".join, merges)))
    return Tokenizer(kind, vocabulary, tuple((*pair, counts[pair]) for pair in merges), pieces)


def split(kind: str, text: str) -> list[str]:
    """A text's characters, its words, or what byte-pair encoding may merge within; see the top of this file."""
    if len(text) > TYPED:
        raise UserError(
            N_("This text has {length} characters, and at most {most} are read: shorten it."),
            length=len(text), most=TYPED,
        )  # fmt: skip
    if kind == "characters":
        return list(text)
    return (WORDS if kind == "words" else RUNS).findall(f" {text}" if STARTS.match(text) else text)
