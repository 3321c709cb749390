"""Temporal order: which two of X and Y came, and which of them first?

Among distractors a, b, c, d stand two symbols, each X or Y with equal chances: the far one, and one of the last `NEAR`
steps. The four classes are XX, XY, YX, YY. Who knows the second but not the first has two classes left: a cross entropy
of ln 2 = 0.693, and right every other time. (Who knows neither: ln 4 and one in four.)

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.6, experiment 6a. There both symbols lie 40
and more steps before the end, the lengths vary from 100 to 110, and a start and an end symbol frame the sequence; here
only the first is far, at an exact lag. Solved there: every output less than 0.3 off in each of the last 2,000
sequences; here: the right class is the most likely one in `ACCURACY` of the test part.
"""

import numpy as np

from seqcore.data.tasks.task import ACCURACY, LEAD, Task, far_and_near, one_hot
from seqcore.text import N_

SYMBOLS = ("X", "Y", "a", "b", "c", "d")
RELEVANT = 2


def draw(lag: int, length: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    at = far_and_near(lag, length, count, rng)
    symbols = rng.integers(RELEVANT, len(SYMBOLS), size=(count, length))
    np.put_along_axis(symbols, at, rng.integers(RELEVANT, size=at.shape), axis=1)
    return one_hot(symbols, len(SYMBOLS)), at


def answer(x: np.ndarray) -> np.ndarray:
    """2 · first + second, where X is 0 and Y is 1, (N,) int64."""
    symbols = x.argmax(axis=2)
    pair = symbols[symbols < RELEVANT].reshape(-1, 2)  # two in each sequence
    return pair @ np.array([2, 1])


TASK = Task(
    "order", N_("Temporal order"),
    N_("Two symbols, each X or Y, stand among others, one long ago and one just now: which came, in which order?"),
    "Hochreiter & Schmidhuber 1997",
    channels=SYMBOLS, classes=("XX", "XY", "YX", "YY"), lead=LEAD,
    chance_loss=float(np.log(2)), chance_score=1 / 2, solved_score=ACCURACY,
    draw=draw, answer=answer,
)  # fmt: skip
