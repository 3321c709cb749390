"""Copy: which symbol came first?

A few random symbols, then blanks; at the last step a sign asks for the first symbol again. Of the 8 symbols each is
equally likely, and the others tell nothing about the first: who does not know it answers each with probability 1/8,
a cross entropy of ln 8 = 2.079, and is right once in 8 times.

Source: Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks", section 5.1. There 10 symbols are
all to be repeated, each `T + 10` steps after it came, and the loss is the mean over all T + 20 steps, so that chance
is 10 ln 8 / (T + 20). Here only the first is asked for, once: one answer a sequence as in the other tasks, at one lag.
The paper names no figure from which the task is solved; here it is `ACCURACY`.
"""

import numpy as np

from seqcore.data.tasks.task import ACCURACY, Task, one_hot
from seqcore.text import N_

ALPHABET = 8
BLANK, RECALL = ALPHABET, ALPHABET + 1

SYMBOLS = 3
"""How many there are to read, of which the first is to be remembered; at a lag of 2 the sign covers the third."""


def draw(lag: int, length: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    symbols = np.full((count, length), BLANK)
    first = length - 1 - lag
    symbols[:, first : first + SYMBOLS] = rng.integers(ALPHABET, size=(count, SYMBOLS))
    symbols[:, -1] = RECALL
    return one_hot(symbols, ALPHABET + 2), np.full((count, 1), first)


def answer(x: np.ndarray) -> np.ndarray:
    """The first symbol that is no blank, (N,) int64."""
    symbols = x.argmax(axis=2)  # (N, T)
    first = (symbols < ALPHABET).argmax(axis=1)
    return np.take_along_axis(symbols, first[:, None], axis=1)[:, 0]


NAMES = tuple(str(symbol + 1) for symbol in range(ALPHABET))

TASK = Task(
    "copy", N_("Copy"),
    N_("A few symbols, then blanks; at the end, repeat the first symbol."),
    "Arjovsky, Shah & Bengio 2016",
    channels=(*NAMES, N_("blank"), N_("repeat!")), classes=NAMES, lead=0,
    chance_loss=float(np.log(ALPHABET)), chance_score=1 / ALPHABET, solved_score=ACCURACY,
    draw=draw, answer=answer,
)  # fmt: skip
