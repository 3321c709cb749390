"""What is known of a run, wherever it comes from: the engine, or a file."""

from dataclasses import dataclass

from seqcore.data.series import Series
from seqcore.spec import RunSpec
from seqcore.training.events import Changed, History, Snapshot, Started


@dataclass(frozen=True)
class Scene:
    """What is known of a run, live or recorded, for whoever draws it.

    `at` is the epoch the time machine shows, None for now; `parent` are the curves of the run a fork left, at
    epoch `forked_at`.
    """

    run: str
    spec: RunSpec
    series: Series
    status: str
    history: History
    started: Started | None
    snapshot: Snapshot | None
    marks: tuple[Changed, ...]
    at: int | None = None
    parent: History | None = None
    forked_at: int | None = None
