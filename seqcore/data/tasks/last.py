"""The marked last value: give back the one value that is marked.

Two channels: values spread evenly over 0..1, and a marker. Who does not know the marked value U answers 1/2 and errs
by U - 1/2: a mean squared error of 1/12 = 0.0833, a root of 0.289.

Source: a simplification of the adding problem (Hochreiter & Schmidhuber 1997, section 5.4) to one marked value, so
that nothing has to be computed, only kept. Solved as there, where an error below 0.04 of the answers' range counts as
right; the range here is 1. What differs: there it is asked of each of 2,000 sequences, here of the root mean square.
"""

import numpy as np

from seqcore.data.tasks.adding import answer
from seqcore.data.tasks.task import LEAD, Task
from seqcore.text import N_


def draw(lag: int, length: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    far = length - 1 - lag
    x = np.zeros((count, length, 2), np.float32)
    x[:, :, 0] = rng.random((count, length), np.float32)
    x[:, far, 1] = 1
    return x, np.full((count, 1), far)


TASK = Task(
    "last", N_("Marked last value"),
    N_("One of many values is marked: give it back at the end."),
    "after Hochreiter & Schmidhuber 1997",
    channels=(N_("value"), N_("marker")), classes=(), lead=LEAD,
    chance_loss=1 / 12, chance_score=(1 / 12) ** 0.5, solved_score=0.04,
    draw=draw, answer=answer,
)  # fmt: skip
