"""Letters: a row of them, drawn alike, into the same letters in alphabetical order, or into the same row.

Nothing has to be known to do either but where each letter stands, and how often: what remains is to look at the right
place at the right time. No row whose letters are those of a test row, in whatever order, is sorted in the training
part.
"""

from collections.abc import Callable
from functools import partial
from string import ascii_lowercase

import numpy as np

from seqcore.data.text.task import TextTask
from seqcore.text import N_

SHORTEST, LONGEST = 3, 12


def draw(translated: Callable[[str], str], rng: np.random.Generator) -> tuple[str, str]:
    row = "".join(rng.choice(list(ascii_lowercase), rng.integers(SHORTEST, LONGEST + 1)))
    return row, translated(row)


def in_order(row: str) -> str:
    return "".join(sorted(row))


def task(name: str, label: str, rule: str, translated: Callable[[str], str]) -> TextTask:
    return TextTask(
        name, label, rule, "Letters drawn at random",
        source_tokens=tuple(ascii_lowercase), target_tokens=tuple(ascii_lowercase),
        source_length=LONGEST, target_length=LONGEST,
        split_source=list, split_target=list, join_target="".join, join_source="".join,
        draw=partial(draw, translated),
    )  # fmt: skip


TASKS = (
    task("sort", N_("Letters into alphabetical order"), N_('"hello" becomes ehllo.'), in_order),
    task("copy", N_("Letters into the same letters"), N_('"hello" becomes hello.'), str),
)
