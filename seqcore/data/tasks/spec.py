"""What a run on a memory task is: frozen and validated, as `seqcore.spec.RunSpec` is for a series."""

from dataclasses import dataclass, field

from seqcore.data.tasks import LAG, TASK
from seqcore.spec import SETTINGS, Checked, ModelSpec, TrainingSpec

BATCH = 64
"""Sequences an update sees where no other number is asked for; each is seen once."""


@dataclass(frozen=True)
class TaskSpec(Checked):
    """Which task, and how far back the step lies that matters."""

    task: str = field(default="adding", metadata={"setting": TASK})
    lag: int = field(default=30, metadata={"setting": LAG})


@dataclass(frozen=True)
class MemorySpec(Checked):
    """The whole of a run on a memory task; an epoch is `seqcore.training.memory.UPDATES` updates."""

    data: TaskSpec = field(default_factory=TaskSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    training: TrainingSpec = field(default_factory=lambda: TrainingSpec(epochs=100, batch_size=BATCH, clip=1.0))
    seed: int = field(default=0, metadata={"setting": SETTINGS["seed"][1]})
