"""Short reviews and whether they praise: what is said of a work has to be put together before it can be judged.

    texts, labels = reviews(100, seed=0)

"not" turns a judgement round, "and" joins two that agree, "but" two that do not, and then the second one counts:
"This book is dull and not funny." is no praise, "This book is not dull and funny." is. All adjectives go with all
nouns, so that nothing but the judgements decides. Some adverbs go with what is praised or with what is blamed only
("wonderfully", "terribly"); this, and what "and" and "but" join, shows without any label which adjectives are alike.
"""

from hashlib import blake2b

import numpy as np

from seqcore.data.text.task import COUNT, ONE_IN, PART
from seqcore.spec import SETTINGS

PRAISE = (
    "beautiful", "brilliant", "charming", "clever", "elegant", "exciting", "fresh", "funny", "gripping", "interesting",
    "lively", "moving", "original", "thoughtful", "witty",
)  # fmt: skip
BLAME = (
    "boring", "careless", "clumsy", "cold", "confusing", "dull", "empty", "flat", "long", "messy", "pointless",
    "predictable", "shallow", "silly", "slow",
)  # fmt: skip
WORKS = (
    "album", "book", "comedy", "concert", "documentary", "drama", "film", "musical", "novel", "opera", "play", "poem",
    "series", "show", "story",
)  # fmt: skip
FIRST = ("The", "This", "That", "Their", "Her")
VERBS = ("is", "was")

PLAIN = ("quite", "rather", "really", "very")
DEGREES = {True: ("delightfully", "refreshingly", "wonderfully"), False: ("hopelessly", "painfully", "terribly")}
"""How much, before an adjective of praise and one of blame; the plain ones go with both."""

DENIED = ("especially", "particularly", "really", "so", "very")
"""How much, after "not"."""

BARE, DENIALS = 0.3, 0.25
"""The share of judgements without a degree, and of those that deny the contrary."""

JOINED = ("", "and", "and", "but")
"""How often a review makes a single judgement, two that agree, and two that do not."""


def reviews(count: int, seed: int, part: str = "train") -> tuple[tuple[str, ...], np.ndarray]:
    """`count` reviews and their labels (count,) int64, 1 for praise: the same ones for the same arguments.

    No review of the part "test" is one of the part "train"; about half of either are praise. Raises `UserError` for an
    unknown part or a number out of range.
    """
    count, part = COUNT.check("count", count), PART.check("part", part)
    seed = SETTINGS["seed"][1].check("seed", seed)
    rng = np.random.default_rng([seed, *f"reviews.{part}".encode()])
    found: list[tuple[str, bool]] = []
    while len(found) < count:
        text, praise = draw(rng)
        if part_of(text) == part:
            found.append((text, praise))
    texts, labels = zip(*found, strict=True)
    return texts, np.array(labels, np.int64)


def draw(rng: np.random.Generator) -> tuple[str, bool]:
    """One review, and whether it praises."""
    praise, joined = bool(rng.integers(2)), _one(rng, JOINED)
    words = [_one(rng, FIRST), _one(rng, WORKS), _one(rng, VERBS)]
    if joined:
        words += [*judgement(rng, praise if joined == "and" else not praise), joined]
    return " ".join((*words, *judgement(rng, praise))) + ".", praise


def judgement(rng: np.random.Generator, praise: bool) -> list[str]:
    """The words of one judgement: an adjective of its kind, or the denial of one of the other kind."""
    denied, bare, plain = rng.random(3) < (DENIALS, BARE, 0.5)
    kind = praise != denied
    degree = "" if bare else _one(rng, DENIED if denied else PLAIN if plain else DEGREES[bool(kind)])
    adjective = _one(rng, PRAISE if kind else BLAME)
    return [word for word in ("not" if denied else "", degree, adjective) if word]


def part_of(text: str) -> str:
    """Where a review belongs, by its hash: the same on every machine, whatever is drawn."""
    number = int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")
    return "train" if number % ONE_IN else "test"


def _one(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[rng.integers(len(words))]
