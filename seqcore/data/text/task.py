"""What a text task is: pairs of a text and its translation, as many as one likes, each in exactly one part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np

from seqcore.data.text.vocabulary import BOS, EOS, PAD, Vocabulary
from seqcore.spec import Setting
from seqcore.text import N_, UserError

COUNT = Setting("int", N_("Pairs"), N_("How many pairs of a text and its translation are made."), 1, 50_000, 1)
PART = Setting(
    "choice", N_("Part"), N_("Pairs to learn from, or pairs whose meaning never occurs among those."),
    choices={"train": N_("training"), "test": N_("test")},
)  # fmt: skip

TYPED = 200
"""The most characters of a typed text."""

ONE_IN = 10
"""One meaning in so many belongs to the test part."""

PLAIN = str.maketrans({wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {"‘": "'", "’": "'", "İ": "i"})
"""Full-width forms and curly quotes, as a keyboard writes them; and `İ`, two characters in lower case, as one."""


@dataclass(frozen=True)
class Pairs:
    """Texts and, at the same places, their translations."""

    source: tuple[str, ...]
    target: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class TextTask:
    """One task: `rule` in a sentence, `source` where its truth comes from, and what it is made of.

    `draw(rng)` gives a text and its translation, in which every writing of one meaning has the same translation.
    `split_source(text)` takes plain lower-case text. `source_tokens` and `target_tokens` hold all that drawn pairs are
    made of, and `source_length`, `target_length` are the most tokens of one. Translations `by_heart` are sayings no
    rule leads to: always in the training part.
    """

    name: str
    label: str
    rule: str
    source: str
    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    source_length: int
    target_length: int
    split_source: Callable[[str], list[str]]
    split_target: Callable[[str], list[str]]
    join_target: Callable[[Sequence[str]], str]
    draw: Callable[[np.random.Generator], tuple[str, str]]
    by_heart: frozenset[str] = frozenset()
    join_source: Callable[[Sequence[str]], str] = " ".join

    def part(self, target: str) -> str:
        """Where a pair belongs, by the hash of its translation: the same on every machine, whatever is drawn."""
        number = int.from_bytes(blake2b(target.encode(), digest_size=4).digest(), "big")
        return "train" if target in self.by_heart or number % ONE_IN else "test"

    def make(self, count: int, rng: np.random.Generator, part: str = "train") -> Pairs:
        """`count` pairs of one part, drawn independently, so that what is short or frequent may come again.

        Raises `UserError` for a count out of range or an unknown part.
        """
        count, part = COUNT.check("count", count), PART.check("part", part)
        pairs = []
        while len(pairs) < count:
            source, target = self.draw(rng)
            if self.part(target) == part:
                pairs.append((source, target))
        return Pairs(*zip(*pairs, strict=True))

    @cached_property
    def vocabularies(self) -> tuple[Vocabulary, Vocabulary]:
        """Of the texts and of the translations."""
        return Vocabulary(self.source_tokens), Vocabulary(self.target_tokens)

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text, drawn or typed: never more than it has characters, and none of the special ones."""
        return self.split_source(" ".join(text.translate(PLAIN).lower().split()))

    def typed(self, text: str) -> list[str]:
        """The tokens of what somebody typed; raises `UserError` if there is nothing, or more than `TYPED`."""
        if len(text) > TYPED:
            raise UserError(
                N_("This text has {length} characters, and at most {most} are read: shorten it."),
                length=len(text), most=TYPED,
            )  # fmt: skip
        tokens = self.tokens(text)
        if not tokens:
            raise UserError(N_("There is nothing to translate: type 1 to {most} characters."), most=TYPED)
        return tokens

    def numbers(self, pairs: Pairs, vocabularies: tuple[Vocabulary, Vocabulary]) -> tuple[np.ndarray, np.ndarray]:
        """Pairs as ids, int64: x (N, S), and y (N, T) from `BOS` to `EOS`; `PAD` fills each row to the longest."""
        sources, targets = vocabularies
        x = padded([sources.encode(self.tokens(text)) for text in pairs.source])
        y = padded([[BOS, *targets.encode(self.split_target(text)), EOS] for text in pairs.target])
        return x, y


def padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Rows of ids as one (N, longest) int64."""
    filled = np.full((len(rows), max(map(len, rows), default=0)), PAD)
    for row, ids in zip(filled, rows, strict=True):
        row[: len(ids)] = ids
    return filled
