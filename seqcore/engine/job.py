"""What the engine knows of a run. Only the engine's event loop changes it; pages read `view` and replace `watch`."""

import asyncio
import secrets
import sys
from collections import deque
from dataclasses import dataclass

import numpy as np

from seqcore.engine.actor import Slice
from seqcore.engine.limits import bytes_needed
from seqcore.engine.view import ENDED, Fork, RunView, Sentence
from seqcore.look import Look
from seqcore.spec import Whole
from seqcore.training.events import EPOCH_FIELDS, Changed, Diverged, Failed, Finished, History, Snapshot, Started
from seqcore.training.recording import Branch

SLICE = 0.05
"""Seconds of training between two moments at which a run can be paused, changed or passed over."""

SLICE_ALONE = 0.08
"""The same for a run that has its worker to itself: each reply costs the training about 2 ms of the worker's GIL."""

FIRST_SLICE = 0.01
"""The first slice is short, so that the curve begins at once; each following one is twice as long, until it is full."""

LOOK_EVERY = 0.08
"""Seconds between two snapshots of a run in training, at least."""

LOOK_SHARE = 0.05
"""Most of a run's time that snapshots may take."""

GRADIENT_SHARE = 0.08
"""The same where they show gradients, each of which takes a pass back through time."""

WATCHED = 5.0
"""Seconds a watch counts as somebody looking at the moment: without, no snapshots are taken."""

ON = sys.maxsize
"""The goal of a run that trains until it is done."""


@dataclass(frozen=True)
class Watch:
    """Somebody looked, at time `at`, and wants snapshots of `look` (None: of nothing)."""

    look: Look | None
    at: float


class Job:
    """One run: its settings, where it stands, what is wanted of it, and the time it has used."""

    def __init__(self, spec: Whole, series, owner: str, now: float, batch: bool = False):
        self.id = secrets.token_urlsafe(12)
        self.batch = batch  # one of many: it leaves its worker when it ends, and its forecasts are kept
        self.spec, self.series, self.owner = spec, series, owner
        self.bytes = bytes_needed(spec, len(series.values) if series else 0)
        self.watch = Watch(None, now)
        self.lane = None  # the worker's lane it lives in, and its actor there
        self.remote = None
        self.flying = 0  # slices under way
        self.turn = 0.0  # time used, as the fair share counts it: see `Lane.admit`
        self.used = 0.0
        self.slice = FIRST_SLICE
        self.last_seconds = 0.0

        self.status = "queued"
        self.position = 0
        self.goal = ON  # the epoch to train to; 0 while paused
        self.stopping = False
        self.wishes: dict[str, float] = {}  # settings that were changed by hand

        epochs = spec.training.epochs
        self._rows = np.empty((epochs + 1, len(EPOCH_FIELDS)))
        self._count = 0
        self._landed = 0
        self._early: dict[int, Slice] = {}  # replies that overtook an earlier one
        self._pace: deque[tuple[float, int]] = deque()  # (time, epoch) over the last second
        self._look_from = 0.0  # no snapshot before this time, nor before `used` reaches the next
        self._look_from_used = 0.0
        self._shown_epoch = -1
        self.looking = False  # a snapshot is under way

        self.epoch = 0
        self.lr = spec.training.lr
        self.history = History(*np.empty((len(EPOCH_FIELDS), 0)))
        self.marks: tuple[Changed, ...] = ()
        self.started: Started | None = None
        self.snapshot: Snapshot | None = None
        self.shown: Look | None = None  # the last look; the snapshot shows it, unless it failed
        self.recorded = np.empty(0, int)
        self.fork: Fork | None = None
        self.branch: Branch | None = None  # until the run is opened in its worker
        self.failure: Sentence | None = None
        self.note: Sentence | None = None
        self.view: RunView | None = None
        self.moved = asyncio.Event()  # set, and replaced, with each new view
        self.publish()

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def active(self) -> bool:
        """It takes a place among the runs its worker trains."""
        return self.status in ("starting", "running")

    @property
    def wants_training(self) -> bool:
        return self.active and not self.stopping and self.goal > self.epoch

    def wants_rest_look(self, now: float) -> bool:
        """It does not train, and somebody wants to see what is not shown yet."""
        return not self.active and self.look_wanted(now) is not None

    def waits_for_look(self, now: float) -> bool:
        """Somebody wants to see what stands still and is not shown yet: a run that rests, or the past of any."""
        look = self.watch.look
        return self.wants_rest_look(now) or (look is not None and look.epoch is not None and look != self.shown)

    def go_on_from(self, parent: "Job", epoch: int, branch: Branch) -> None:
        """Begin as a fork of `parent` after `epoch`, with its curves up to there; its worker tells that epoch again."""
        self.branch = branch
        self.fork = Fork(parent.id, epoch, branch.clamps, parent.history)
        self.recorded = parent.recorded[parent.recorded < epoch]
        self.marks = tuple(mark for mark in parent.marks if mark.epoch < epoch)
        if epoch:
            self._append(np.column_stack([getattr(parent.history, name)[:epoch] for name in EPOCH_FIELDS]))
        self.publish()

    def look_wanted(self, now: float) -> Look | None:
        """What the next snapshot should show, or None if none is due."""
        look = self.watch.look
        if look is None or self.looking or not self._count or now - self.watch.at > WATCHED:
            return None
        if look.epoch is not None:
            due = False  # the past stands still
        elif self.active:
            due = now >= self._look_from and self.used >= self._look_from_used
        else:
            due = self._shown_epoch != self.epoch
        return look if due or look != self.shown else None

    def land(self, slice: Slice, now: float) -> None:
        """Take in a slice's reply; one that overtook another waits for it."""
        self._early[slice.number] = slice
        while (next_one := self._early.pop(self._landed + 1, None)) is not None:
            self._landed += 1
            self._take(next_one, now)

    def _take(self, slice: Slice, now: float) -> None:
        self.used += slice.seconds
        self.last_seconds = slice.seconds
        self.slice = min(SLICE_ALONE, 2 * self.slice)
        if len(slice.rows):
            self._append(slice.rows)
        if slice.recorded:
            self.recorded = np.append(self.recorded, slice.recorded)
        for event in slice.events:
            self._hear(event)
        if slice.snapshot is not None:
            self.snapshot = slice.snapshot
        if slice.look is not None:
            self.shown = slice.look
            self._shown_epoch = slice.snapshot.epoch if slice.snapshot else self.epoch
            self._look_from = now + LOOK_EVERY
            share = GRADIENT_SHARE if slice.look.gradients else LOOK_SHARE
            self._look_from_used = self.used + slice.look_seconds / share
        self._keep_pace(now)

    def _append(self, rows: np.ndarray) -> None:
        """Rows already published are never written again, so no view needs a copy."""
        end = self._count + len(rows)
        self._rows[self._count : end] = rows
        self._count = end
        self.epoch = int(rows[-1, 0])
        published = self._rows[:end]
        published.flags.writeable = False
        self.history = History(*published.T)

    def _hear(self, event: object) -> None:
        match event:
            case Started():
                self.started = event
                self.status = "running"
            case Changed():
                self.marks += (event,)
            case Finished():
                self.status = "finished"
            case Diverged():
                self.status, self.failure = "diverged", (event.template, event.values)
            case Failed():
                self.fail((event.template, event.values))

    def fail(self, why: Sentence) -> None:
        """It cannot go on; the curves so far stay."""
        if not self.ended:
            self.status, self.failure = "failed", why

    def settle(self) -> None:
        """With nothing under way, what was asked for is so."""
        if self.active and not self.flying:
            if self.stopping:
                self.status = "stopped"
            elif self.goal <= self.epoch:
                self.status = "paused"
        if not self.active:
            self._pace.clear()

    def _keep_pace(self, now: float) -> None:
        if not self._pace or self._pace[-1][1] != self.epoch:
            self._pace.append((now, self.epoch))
        while len(self._pace) > 2 and now - self._pace[1][0] > 1.0:
            self._pace.popleft()

    def _epochs_per_second(self) -> float | None:
        if len(self._pace) < 2 or not self.active:
            return None
        (since, first), (until, last) = self._pace[0], self._pace[-1]
        return (last - first) / (until - since) if until > since else None

    def publish(self) -> None:
        """Replace the view; whoever holds the old one keeps it."""
        rate = self._epochs_per_second()
        epochs = self.spec.training.epochs
        self.view = RunView(
            version=self.view.version + 1 if self.view else 0,
            status=self.status,
            position=self.position,
            epoch=self.epoch,
            epochs=epochs,
            history=self.history,
            epochs_per_second=rate,
            seconds=float(self.history.seconds[-1]) if len(self.history) else 0.0,
            seconds_left=(epochs - self.epoch) / rate if rate else None,
            lr=self.lr,
            marks=self.marks,
            started=self.started,
            snapshot=self.snapshot,
            look=self.shown,
            recorded=self.recorded,
            fork=self.fork,
            failure=self.failure,
            note=self.note,
        )
        self.moved.set()
        self.moved = asyncio.Event()
