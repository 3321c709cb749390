"""What is known of a run, wherever it comes from: the engine, or a file."""

from dataclasses import dataclass

from seqcore.data.series import Series
from seqcore.spec import RunSpec
from seqcore.training.events import History, LearningRate, Snapshot, Started


@dataclass(frozen=True)
class Scene:
    """What is known of a run at this moment, live or recorded, for whoever draws it."""

    run: str
    spec: RunSpec
    series: Series
    status: str
    history: History
    started: Started | None
    snapshot: Snapshot | None
    marks: tuple[LearningRate, ...]
