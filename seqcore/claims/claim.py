"""What a claim is: a sentence of the slides, the runs that test it, and how they decide."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from seqcore.data.tasks.spec import MemorySpec
from seqcore.training.events import History

ENDED = ("finished", "diverged")
"""States of a run that say something about a claim."""


Interval = tuple[float, float, float]
"""Low, mean and high."""


@dataclass(frozen=True)
class Arm:
    """One thing that is tried, with all its runs: one for each seed, and for each lag where several are tried."""

    label: str
    specs: tuple[MemorySpec, ...]


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a run ended: "finished", "diverged", "failed" or "stopped"; `arrays` are those of its conclusion, if any."""

    status: str
    history: History
    arrays: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Verdict:
    """What the runs say about a claim: "supported", "refuted", "depends", or "open" where they do not decide.

    `template` and `values` are a sentence to translate and what stands in it, see `words`. `points`: by row its label
    and a number for each seed that has ended, all in terms of `measure`, and on a logarithmic axis if `log`;
    `intervals` are those of the means of the same rows, NaN below two seeds. Each is held against `line`. `low`, `mean`
    and `high` are those of the row nearest to the line, which decides where all rows agree; NaN where they disagree,
    or while runs are missing.
    """

    kind: str
    template: str
    values: Mapping[str, object]
    measure: str
    points: tuple[tuple[str, tuple[float, ...]], ...]
    intervals: tuple[Interval, ...]
    low: float
    mean: float
    high: float
    log: bool
    line: float

    def words(self, t: Callable[[str], str]) -> str:
        """The sentence in the language of `t`; tuples in `values` are labels of rows, translated, too."""
        told = {
            name: "; ".join(map(t, value)) if isinstance(value, tuple) else value for name, value in self.values.items()
        }
        return t(self.template).format(**told)


Outcomes = Mapping[MemorySpec, Outcome]


@dataclass(frozen=True)
class Claim:
    """A `sentence`, where it is from, and a `question` to predict the outcome of, with some `answers`.

    `kinds` says for each answer which kind of verdict it foretells. `explain` tells, before anything runs, what is
    trained and how the verdict is reached. `judge` takes the outcomes there are, of any of the specs of `arms`, and
    is "open" until all are there.
    """

    name: str
    sentence: str
    source: str
    question: str
    answers: tuple[str, ...]
    kinds: tuple[str, ...]
    explain: str
    arms: Callable[[], tuple[Arm, ...]]
    judge: Callable[[Outcomes], Verdict]
