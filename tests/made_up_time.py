"""An engine in made-up time: real actors with a stand-in trainer, one after the other, without processes.

An epoch of the stand-in takes `hidden_size` milliseconds of the made-up clock, so that every share, pause and lease is
exact and takes no time.
"""

import asyncio
from types import SimpleNamespace

import numpy as np

from seqcore.engine.actor import RunActor
from seqcore.engine.cluster import WorkerLost
from seqcore.engine.job import Job
from seqcore.engine.limits import GIB, Limits
from seqcore.engine.scheduler import Scheduler
from seqcore.engine.warm import Facts
from seqcore.spec import RunSpec
from seqcore.training.events import Changed, Epoch, Finished, Progress, Snapshot, Started
from seqcore.training.recording import State

SERIES = SimpleNamespace(values=np.zeros(500))
STARTED = Started(1, "cpu", "torch", 1, 1, 1, 1, 1, 1.0)
ROUNDS = 30
"""Turns of the event loop after which everything that takes no time has happened."""


class Clock:
    """Seconds, moved by training, up to `until`: then training waits."""

    now = 0.0
    until = 0.0

    def __call__(self) -> float:
        return self.now


class StandIn:
    """A trainer whose epochs only move the clock; the test error is the learning rate in force."""

    clock: Clock
    look_seconds = 0.002
    state_bytes = 100_000

    def __init__(self, spec: RunSpec, series, clamps=()):
        self.spec = spec
        self.lr = self.in_force = spec.training.lr
        self.epoch = 0

    def __iter__(self):
        yield STARTED
        for epoch in range(self.epoch, self.spec.training.epochs + 1):
            for done in (0.5, 1.0):
                self.clock.now += self.spec.model.hidden_size / 2000
                if done < 1:
                    yield Progress(done)
            self.epoch = epoch
            yield Epoch(epoch, 0.0, 0.0, self.in_force, 0.0, self.clock.now)
            if self.lr != self.in_force:
                self.in_force = self.lr
                yield Changed(epoch, "lr", self.lr)
        yield Finished(epoch)

    def snapshot(self, look, state=None):
        self.clock.now += self.look_seconds
        return Snapshot(state.epoch if state else self.epoch, look.window, {})

    def state(self):
        return State(self.epoch, np.full(1, self.epoch, np.float32), {}, (), self.lr, 0.0, self.clock.now)

    def go_on_from(self, state, optimiser):
        self.epoch = state.epoch

    def conclusion(self):
        return Snapshot(self.epoch, 0, {"test_prediction": np.zeros((1, 1))})


class StandInWorker:
    """A worker whose actors live here, and whose calls are carried out one at a time."""

    def __init__(self, cuda=False, memory_limit=0):
        self.facts = Facts(1, "GPU" if cuda else "CPU", cuda, memory_limit)
        self.turn = asyncio.Lock()
        self.answers = True
        self.dead = False
        self.replaced = 0
        self.open_runs = 0

    async def open(self, spec, series, concludes, branch):
        remote = StandInRun(self)
        await remote.call("open", spec, series, concludes, branch)
        self.open_runs += 1
        return remote

    async def replace(self):
        self.replaced += 1


class StandInRun:
    def __init__(self, worker):
        self.worker = worker
        self.actor = RunActor()

    async def call(self, method, *values):
        while method == "advance" and values[0] and StandIn.clock.now >= StandIn.clock.until:
            await asyncio.sleep(0)
        async with self.worker.turn:
            await asyncio.sleep(0 if self.worker.answers else 3600)
            if self.worker.dead:
                raise WorkerLost
            return getattr(self.actor, method)(*values)

    async def close(self):
        await self.call("close")
        self.worker.open_runs -= 1


def made_up_clock(monkeypatch) -> Clock:
    """A clock that only stand-in trainers move; every actor uses both."""
    clock = Clock()
    monkeypatch.setattr(StandIn, "clock", clock, raising=False)
    monkeypatch.setattr("seqcore.training.trainer.Trainer", StandIn)
    monkeypatch.setattr("seqcore.engine.actor.time", SimpleNamespace(perf_counter=clock))
    monkeypatch.setattr("seqcore.engine.actor.give_back_memory", lambda: None)
    return clock


def laboratory(clock: Clock, **limits) -> Scheduler:
    return Scheduler(Limits(**{"run_bytes": GIB, **limits}), clock)


def submit(scheduler: Scheduler, owner="me", hidden_size=5, epochs=5000, **settings) -> Job:
    """A run with epochs of `hidden_size` milliseconds."""
    spec = RunSpec().replace(hidden_size=hidden_size, epochs=epochs, **settings)
    job = Job(spec, SERIES, owner, scheduler.clock())
    scheduler.submit(job)
    return job


def submit_batch(scheduler: Scheduler, count: int, owner="me", hidden_size=5, epochs=100, **settings) -> list[Job]:
    """Runs with seeds 0, 1, 2 ... and epochs of `hidden_size` milliseconds."""
    spec = RunSpec().replace(hidden_size=hidden_size, epochs=epochs, **settings)
    jobs = [Job(spec.replace(seed=seed), SERIES, owner, scheduler.clock(), batch=True) for seed in range(count)]
    scheduler.submit_batch(jobs)
    return jobs


async def pass_time(clock: Clock, seconds: float) -> None:
    """Let things happen until the clock has moved on by `seconds`; where nobody trains it moves by itself."""
    clock.until, before, still = clock.now + seconds, clock.now, 0
    while clock.now < clock.until:
        await asyncio.sleep(0)
        still = still + 1 if clock.now == before else 0
        before = clock.now if still < ROUNDS else clock.until
        clock.now = before
    await settle()


async def settle() -> None:
    """Let everything happen that takes no time."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0)
