"""Parity: is the number of ones among the first bits even or odd?

One channel: three random bits, as -1 and 1, then zeros. The lag is that of the first bit. Any one bit that is not known
leaves both answers equally likely: a cross entropy of ln 2 = 0.693, and right every other time, however well the other
bits are known.

Source: Bengio, Simard & Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult". There
every step has a bit and the sequences grow; here the bits are few and stand first, so that it is the lag that grows.
The figure from which it is solved is ours: `ACCURACY`.
"""

import numpy as np

from seqcore.data.tasks.task import ACCURACY, Task
from seqcore.text import N_

BITS = 3
"""At the smallest lag, 2, they are the last three steps."""


def draw(lag: int, length: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    at = length - 1 - lag + np.arange(BITS)
    x = np.zeros((count, length, 1), np.float32)
    x[:, at, 0] = 2 * rng.integers(2, size=(count, BITS)) - 1
    return x, np.tile(at, (count, 1))


def answer(x: np.ndarray) -> np.ndarray:
    """1 where the number of ones is odd, (N,) int64."""
    return (x[:, :, 0] > 0).sum(axis=1) % 2


TASK = Task(
    "parity", N_("Parity"),
    N_("Three bits, then zeros; at the end, say whether the number of ones was even or odd."),
    "Bengio, Simard & Frasconi 1994",
    channels=(N_("bit"),), classes=(N_("even"), N_("odd")), lead=0,
    chance_loss=float(np.log(2)), chance_score=1 / 2, solved_score=ACCURACY,
    draw=draw, answer=answer,
)  # fmt: skip
