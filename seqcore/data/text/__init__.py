"""Text tasks: pairs of an English text and its translation, as many as one likes, made from rules.

    train = make("dates_fr", count=10_000, seed=0)
    test = make("dates_fr", count=1_000, seed=0, part="test")
    x, y = TEXT_TASKS["dates_fr"].numbers(train, vocabularies("dates_fr"))

A new task is a file here that ends in `TASKS`, a tuple of `TextTask`, and its name in the line of `TEXT_TASKS`: a
`draw(rng)` that gives a text and its one translation, two functions that split them into tokens, every token they can
be made of, and the most tokens either can have.
"""

import numpy as np

from seqcore.data.text import dates, letters, sentences
from seqcore.data.text.task import COUNT, PART, TYPED, Pairs, TextTask
from seqcore.data.text.vocabulary import BOS, EOS, PAD, SPECIAL, UNK, Vocabulary
from seqcore.spec import SETTINGS, Setting
from seqcore.text import N_

TEXT_TASKS: dict[str, TextTask] = {task.name: task for module in (dates, sentences, letters) for task in module.TASKS}
"""By name, in the order they are offered."""

TEXT_TASK = Setting(
    "choice", N_("Task"), N_("What is translated into what."), main=True,
    choices={name: task.label for name, task in TEXT_TASKS.items()},
)  # fmt: skip

__all__ = [
    "BOS", "COUNT", "EOS", "PAD", "PART", "SPECIAL", "TEXT_TASK", "TEXT_TASKS", "TYPED", "UNK",
    "Pairs", "TextTask", "Vocabulary", "make", "vocabularies",
]  # fmt: skip


def make(name: str, count: int, seed: int, part: str = "train") -> Pairs:
    """`count` pairs of the task called `name`, the same ones for the same arguments.

    No translation of the part "test" is one of the part "train", whatever the counts and the seeds.
    Raises `UserError` for an unknown task or part, or a number out of range.
    """
    task = TEXT_TASKS[TEXT_TASK.check("task", name)]
    seed = SETTINGS["seed"][1].check("seed", seed)
    return task.make(count, np.random.default_rng([seed, *f"{name}.{part}".encode()]), part)


def vocabularies(name: str) -> tuple[Vocabulary, Vocabulary]:
    """Those of a task's texts and of its translations; raises `UserError` for an unknown task."""
    return TEXT_TASKS[TEXT_TASK.check("task", name)].vocabularies
