"""What a memory task is: sequences whose answer hangs on one step far in the past, with the levels to reach."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seqcore.spec import Setting
from seqcore.text import N_, UserError

LAG = Setting(
    "int", N_("Lag"), N_("How many steps before the last one lies the step that must be remembered."), 2, 200, 1,
    unit=N_("steps"), main=True,
)  # fmt: skip
LENGTH = Setting(
    "int", N_("Sequence length"), N_("How many steps a sequence has: more than the lag."), 3, 256, 1, unit=N_("steps")
)
COUNT = Setting("int", N_("Sequences"), N_("How many sequences are made."), 1, 10_000, 1)

NEAR = 4
"""The near past: where a task needs a second step, it is one of so many last ones."""

LEAD = 4
"""Steps before the one that must be remembered where it stands among others, so that it is not simply the first."""

ACCURACY = 0.99
"""The share of right answers from which a task of classes counts as solved."""


@dataclass(frozen=True, eq=False)
class Sequences:
    """Inputs `x` (N, T, C) float32, their answers `y`, and `at` (N, R) int64, the steps each answer depends on.

    `y` is (N, 1) float32 in a regression and (N,) int64 where one of several classes is asked for; it is wanted at the
    last step, T - 1. `at[:, 0]` is the far step, T - 1 - lag in every sequence, and no step before it matters.
    """

    x: np.ndarray
    y: np.ndarray
    at: np.ndarray


@dataclass(frozen=True)
class Task:
    """One task: `rule` in a sentence, the names of its input `channels`, and of its `classes`, if it has any.

    Without classes it is a regression: the loss is the mean squared error and the score its root. With classes the
    loss is the cross entropy in nats and the score the share of right answers. `chance_loss` and `chance_score` are
    those of the best answer that knows everything but the far step; `solved_score` is what counts as solved.

    `draw(lag, length, count, rng)` gives x and at of `Sequences`; `answer(x)` is the rule itself, y from x. `lead` is
    how many steps lie before the far one, unless a length is asked for.
    """

    name: str
    label: str
    rule: str
    source: str
    channels: tuple[str, ...]
    classes: tuple[str, ...]
    lead: int
    chance_loss: float
    chance_score: float
    solved_score: float
    draw: Callable[[int, int, int, np.random.Generator], tuple[np.ndarray, np.ndarray]]
    answer: Callable[[np.ndarray], np.ndarray]

    @property
    def outputs(self) -> int:
        """How many numbers a network for this task gives at the last step."""
        return len(self.classes) or 1

    def solves(self, score: float) -> bool:
        """Whether a root mean squared error is low, or a share of right answers high enough; never if NaN."""
        return score >= self.solved_score if self.classes else score <= self.solved_score

    def error(self, score: float) -> float:
        """A score as an error, of which less is better: the share of wrong answers, where classes are asked for.

        And an error as a score.
        """
        return 1 - score if self.classes else score

    def length(self, lag: int) -> int:
        """T of a task with this lag, unless another length is asked for."""
        return lag + 1 + self.lead

    def make(self, lag: int, count: int, rng: np.random.Generator, length: int | None = None) -> Sequences:
        """`count` sequences whose far step lies `lag` steps before the last.

        Raises `UserError` for numbers out of range, and for a lag that does not fit into `length` steps.
        """
        lag, count = LAG.check("lag", lag), COUNT.check("count", count)
        length = self.length(lag) if length is None else LENGTH.check("length", length)
        if length <= lag:
            raise UserError(
                N_(
                    "A lag of {lag} steps needs a sequence of at least {need} steps, and this one has {length}: choose "
                    "a lag of at most {most}, or a longer sequence."
                ),
                lag=lag, need=lag + 1, length=length, most=length - 1,
            )  # fmt: skip
        x, at = self.draw(lag, length, count, rng)
        return Sequences(x, self.answer(x), at)


def far_and_near(lag: int, length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """(N, 2) int64: the far step, and one of the last `NEAR` drawn for each sequence, which comes after it."""
    near = length - 1 - rng.integers(min(lag, NEAR), size=count)
    return np.stack([np.full(count, length - 1 - lag), near], axis=1)


def one_hot(symbols: np.ndarray, channels: int) -> np.ndarray:
    """Symbols (N, T) from 0 to `channels` - 1 as (N, T, C) float32, one channel for each."""
    return np.eye(channels, dtype=np.float32)[symbols]
