"""The adding problem: the sum of the two values that are marked.

Two channels: values spread evenly over 0..1, and a marker. The first marked value is the far one, the second is among
the last `NEAR` steps. Who knows the second but not the first, U, answers second + 1/2, and errs by U - 1/2: a mean
squared error of 1/12 = 0.0833, a root of 0.289. (Who knows neither answers 1 and has 1/6.)

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.4; in this form, values in 0..1 and the plain
sum, Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent networks of rectified linear units", section 4.1.
Solved, in 1997: the last 2,000 sequences were each less than 0.04 off, with sums scaled from a range of 4 to a range
of 1. That is 0.08 on the range of 2 here, and here it is asked of the root mean squared error over the test part. Both
papers draw the first marked step from among many and keep the second far from the end, too; here the lag is exact.
"""

import numpy as np

from seqcore.data.tasks.task import LEAD, Task, far_and_near
from seqcore.text import N_


def draw(lag: int, length: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    at = far_and_near(lag, length, count, rng)
    x = np.zeros((count, length, 2), np.float32)
    x[:, :, 0] = rng.random((count, length), np.float32)
    np.put_along_axis(x[:, :, 1], at, 1, axis=1)
    return x, at


def answer(x: np.ndarray) -> np.ndarray:
    """The sum of the marked values, (N, 1) float32."""
    return (x[:, :, 0] * x[:, :, 1]).sum(axis=1, keepdims=True)


TASK = Task(
    "adding", N_("Adding problem"),
    N_("Two of many values are marked, one long ago and one just now: give their sum."),
    "Hochreiter & Schmidhuber 1997; Le, Jaitly & Hinton 2015",
    channels=(N_("value"), N_("marker")), classes=(), lead=LEAD,
    chance_loss=1 / 12, chance_score=(1 / 12) ** 0.5, solved_score=0.08,
    draw=draw, answer=answer,
)  # fmt: skip
