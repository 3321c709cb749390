"""What lives in a worker: one run, advanced a slice at a time.

The page process imports this module for its names; torch is imported when a run is opened, in the worker.
"""

import ctypes
import gc
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np

from seqcore.look import Look
from seqcore.spec import Whole
from seqcore.text import N_, UserError
from seqcore.training.events import Epoch, Failed, Finished, Progress, Snapshot
from seqcore.training.recording import Branch, Recording, State, kept_epochs

logger = logging.getLogger("seqcore.engine")

INTERNAL = N_("The training stopped because of an internal error ({kind}).")


@dataclass(frozen=True, eq=False)
class Slice:
    """What happened in one slice of training.

    `rows` (n, 6) holds the fields of the `Epoch` events, `events` all others but `Progress`; `recorded` are those of
    these epochs whose state was kept. `number` counts the run's slices, as replies may overtake each other. `seconds`
    is the worker's time for it, `look_seconds` the part that went into the snapshot. `look` was looked at, if anything
    was; without a snapshot in vain.
    """

    number: int
    rows: np.ndarray
    recorded: tuple[int, ...]
    events: tuple[object, ...]
    ended: bool
    seconds: float
    look_seconds: float
    look: Look | None
    snapshot: Snapshot | None


class RunActor:
    """One run in a worker. Its methods are called one at a time."""

    def __init__(self):
        self.trainer = None
        self.recording: Recording | None = None
        self.events = iter(())
        self.epoch = -1
        self.ended = False
        self.concludes = False
        self.looked: Look | None = None
        self.number = 0

    def open(self, spec: Whole, series, concludes: bool = False, branch: Branch | None = None) -> None:
        """Take the run's settings and its `Series`; the model is built with the first slice, where errors are told.

        A run that `concludes` ends with all its forecasts in the last slice's snapshot, and is not recorded. With
        `branch` it goes on from there.
        """
        self.concludes = concludes
        self.events = self._events(spec, series, branch)

    def advance(
        self, seconds: float, goal: int, wishes: Mapping[str, float] | None = None, look: Look | None = None
    ) -> Slice:
        """Train for about `seconds`, not beyond epoch `goal`, and look at the model if asked to.

        `wishes` are settings changed by hand, by name: each an attribute of the trainer.

        The snapshot is taken at the first epoch that ends in the slice, where weights and forecasts belong together.
        If none ends, only a new wish is answered, as the same look was answered at the last epoch.
        """
        began = time.perf_counter()
        rows, recorded, events, looked, snapshot, look_seconds = [], [], [], None, None, 0.0
        while not self.ended and self.epoch < goal and time.perf_counter() - began < seconds + look_seconds:
            if self.trainer is not None:
                for name, value in (wishes or {}).items():
                    setattr(self.trainer, name, value)
            event = next(self.events, None)
            if isinstance(event, Epoch):
                self.epoch = event.epoch
                rows.append(astuple(event))
                if self.recording and event.epoch in self.recording.kept:
                    self.recording.keep(self.trainer.state())
                    recorded.append(event.epoch)
                if look and not looked:
                    looked, snapshot, look_seconds = self._look(look)
            elif not isinstance(event, Progress | None):
                events.append(event)
            if self.concludes and isinstance(event, Finished):
                snapshot = self.trainer.conclusion()
            self.ended = event is None or isinstance(event, Finished | Failed)
        still = seconds == 0
        if look and not looked and self.trainer and self.epoch >= 0 and (still or look != self.looked):
            looked, snapshot, look_seconds = self._look(look)
        self.number += 1
        return Slice(
            self.number, np.array(rows, dtype=np.float64).reshape(-1, 6), tuple(recorded), tuple(events),
            self.ended, time.perf_counter() - began, look_seconds, looked, snapshot,
        )  # fmt: skip

    def close(self) -> None:
        """Free the model and give the memory back to the system; a slice that comes later does nothing."""
        self.trainer = self.recording = None
        self.events = iter(())
        gc.collect()
        give_back_memory()

    def branch(self, epoch: int) -> dict[int, State]:
        """The recorded states up to `epoch`."""
        return self.recording.until(epoch) if self.recording else {}

    def _look(self, look: Look) -> tuple[Look, Snapshot | None, float]:
        """The look, its snapshot, and the seconds it took; no snapshot if it failed: a look must not cost the run."""
        began = time.perf_counter()
        self.looked = look
        state = self.recording.at(look.epoch) if self.recording and look.epoch is not None else None
        try:
            snapshot = self.trainer.snapshot(look, state) if state else self.trainer.snapshot(look)
        except Exception:
            logger.exception("A look at a run failed: %s", look)
            snapshot = None
        return look, snapshot, time.perf_counter() - began

    def _events(self, spec: Whole, series, branch: Branch | None):
        """The trainer's events; whatever goes wrong becomes a `Failed` that ends them."""
        try:
            from seqcore.training.make import make_trainer  # in the worker only: torch

            self.trainer = make_trainer(spec, series, branch)
            if not self.concludes:
                kept = kept_epochs(spec.training.epochs, self.trainer.state_bytes)
                self.recording = Recording(kept, branch.states if branch else {})
            yield from self.trainer
        except UserError as error:
            yield Failed(max(self.epoch, 0), error.template, error.values)
        except Exception as error:
            logger.exception("A run stopped because of an internal error: %s", spec)
            yield Failed(max(self.epoch, 0), INTERNAL, {"kind": type(error).__name__})


def give_back_memory() -> None:
    """Return freed memory to the system: workers run with an allocator that keeps what it has (see `host`)."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; other C libraries have none
        if trim:
            trim(0)
