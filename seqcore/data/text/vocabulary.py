"""A vocabulary: the tokens of one side of a task, and their numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

PAD, BOS, EOS, UNK = range(4)
"""Ids of the filling behind a short sequence, of its beginning and its end, and of every unknown token."""

SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")


@dataclass(frozen=True)
class Vocabulary:
    """Ids 0 to 3 are `SPECIAL`; the tokens follow in the order they are given.

    Raises `ValueError` for a token that is given twice, is empty, or is one of `SPECIAL`.
    """

    tokens: tuple[str, ...]
    ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        ids = {token: number for number, token in enumerate((*SPECIAL, *self.tokens))}
        if len(ids) < len(self) or "" in ids:
            raise ValueError(f"of {len(self.tokens)} tokens each must be new and none empty")
        object.__setattr__(self, "ids", ids)

    def __len__(self) -> int:
        return len(SPECIAL) + len(self.tokens)

    def __contains__(self, token: object) -> bool:
        """Whether it has an id of its own, as the special tokens have."""
        return token in self.ids

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The id of each token: `UNK` for all that are not in the vocabulary."""
        return [self.ids.get(token, UNK) for token in tokens]

    def decode(self, ids: Sequence[int]) -> list[str]:
        """The token of each id, the special ones too; raises `ValueError` for a number that is no id."""
        everything = (*SPECIAL, *self.tokens)
        for number in ids:
            if not 0 <= number < len(self):
                raise ValueError(f"id ({number}) must be between 0 and {len(self) - 1}")
        return [everything[number] for number in ids]
