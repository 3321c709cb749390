"""Memory tasks: generated sequences whose answer hangs on one step of the far past, at a lag one chooses.

    train = make("adding", lag=30, count=1000, seed=0)
    test = make("adding", lag=30, count=500, seed=0, part="test")

A new task is a file here and a line in `TASKS`.
"""

import numpy as np

from seqcore.data.tasks import adding, copy, last, order, parity
from seqcore.data.tasks.task import COUNT, LAG, LENGTH, Sequences, Task
from seqcore.spec import SETTINGS, Setting
from seqcore.text import N_

TASKS: dict[str, Task] = {module.TASK.name: module.TASK for module in (copy, adding, last, order, parity)}
"""By name, in the order they are offered."""

TASK = Setting(
    "choice", N_("Task"), N_("What is to be remembered, and what is asked of it at the end."), main=True,
    choices={name: task.label for name, task in TASKS.items()},
)  # fmt: skip

__all__ = ["COUNT", "LAG", "LENGTH", "TASK", "TASKS", "Sequences", "Task", "make"]


def make(name: str, lag: int, count: int, seed: int, part: str = "train", length: int | None = None) -> Sequences:
    """`count` sequences of the task called `name`, the same ones for the same arguments.

    `part` names the stream they are drawn from ("train", "test"): two parts of one seed have nothing in common.
    Raises `UserError` for an unknown task, a number out of range, or a lag that does not fit into `length` steps.
    """
    task = TASKS[TASK.check("task", name)]
    seed = SETTINGS["seed"][1].check("seed", seed)
    rng = np.random.default_rng([seed, *f"{name}.{part}".encode()])
    return task.make(lag, count, rng, length)
