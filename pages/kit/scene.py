"""What is known of a run, wherever it comes from: the engine, or a file."""

from dataclasses import dataclass

from seqcore.data.series import Series
from seqcore.spec import Whole
from seqcore.text import N_
from seqcore.training.events import Changed, History, Snapshot, Started

TOKENS = N_("of the tokens wrong")
"""What the errors of a run on a text task are: shares."""


@dataclass(frozen=True)
class Scene:
    """What is known of a run, live or recorded, for whoever draws it; a text task has no `series`.

    `at` is the epoch the time machine shows, None for now; `parent` are the curves of the run a fork left, at
    epoch `forked_at`.
    """

    run: str
    spec: Whole
    series: Series | None
    status: str
    history: History
    started: Started | None
    snapshot: Snapshot | None
    marks: tuple[Changed, ...]
    at: int | None = None
    parent: History | None = None
    forked_at: int | None = None

    @property
    def unit(self) -> str:
        """The errors' unit, to be translated."""
        return TOKENS if self.series is None else self.series.unit
