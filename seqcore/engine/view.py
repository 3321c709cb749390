"""What the engine tells its readers: immutable pictures of a run and of the engine, replaced whole, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seqcore.look import Clamp, Look
from seqcore.training.events import Changed, History, Snapshot, Started

Sentence = tuple[str, Mapping[str, object]]
"""A template to translate and the values in it, as a `UserError` carries them."""

ENDED = ("finished", "stopped", "diverged", "failed")
"""The states a run does not leave."""


@dataclass(frozen=True, eq=False)
class Fork:
    """Where a run left another: after `epoch` of run `parent`, whose curves were `history` then; held are `clamps`."""

    parent: str
    epoch: int
    clamps: tuple[Clamp, ...]
    history: History


@dataclass(frozen=True, eq=False)
class RunView:
    """A run as it stands.

    `status` is queued, starting, running, paused, finished, stopped, diverged or failed. `position` counts from 1 in
    the queue and is 0 outside it. `epochs_per_second` is taken over about the last second, `seconds_left` follows
    from it; both are None when unknown. `seconds` is the training time of the last epoch's end. `failure` says why a
    run failed or diverged, `note` why the engine paused or stopped one. `version` grows with every change.
    `snapshot` shows `look`, unless that failed. `recorded` are the epochs (n,) that can be looked at again and
    forked from.
    """

    version: int
    status: str
    position: int
    epoch: int
    epochs: int
    history: History
    epochs_per_second: float | None
    seconds: float
    seconds_left: float | None
    lr: float
    marks: tuple[Changed, ...]
    started: Started | None
    snapshot: Snapshot | None
    look: Look | None
    recorded: np.ndarray
    fork: Fork | None
    failure: Sentence | None
    note: Sentence | None

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True)
class EngineStatus:
    """The engine as it stands: processes alive and warm (ready for a run), runs, resident memory in bytes.

    `devices` names the device of each warm worker; `restarting` counts processes that are being replaced. `message`
    is what a user should know when nothing can be trained at the moment.
    """

    workers: int = 0
    warm: int = 0
    running: int = 0
    queued: int = 0
    memory: int = 0
    devices: tuple[str, ...] = ()
    restarting: int = 0
    message: Sentence | None = None
