"""The engine's bookkeeping in made-up time: real actors with a stand-in trainer, one after the other, no processes.

An epoch of the stand-in takes `hidden_size` milliseconds of the made-up clock, so every share, pause and lease below
is exact and takes no time.
"""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from seqcore.engine.actor import RunActor
from seqcore.engine.cluster import WorkerLost
from seqcore.engine.job import Job, Watch
from seqcore.engine.limits import Limits
from seqcore.engine.scheduler import Scheduler
from seqcore.engine.warm import Facts
from seqcore.spec import RunSpec
from seqcore.text import UserError
from seqcore.training.events import Epoch, Finished, LearningRate, Progress, Snapshot, Started

SERIES = SimpleNamespace(values=np.zeros(500))
GIB = 2**30
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

    def __init__(self, spec: RunSpec, series):
        self.spec = spec
        self.lr = self.in_force = spec.training.lr
        self.epoch = 0

    def __iter__(self):
        yield Started(1, "cpu", "torch", 1, 1, 1, 1, 1, 1.0)
        for epoch in range(self.spec.training.epochs + 1):
            for done in (0.5, 1.0):
                self.clock.now += self.spec.model.hidden_size / 2000
                if done < 1:
                    yield Progress(done)
            self.epoch = epoch
            yield Epoch(epoch, 0.0, 0.0, self.in_force, 0.0, self.clock.now)
            if self.lr != self.in_force:
                self.in_force = self.lr
                yield LearningRate(epoch, self.lr)
        yield Finished(epoch)

    def snapshot(self, window=0, free_running=False):
        self.clock.now += self.look_seconds
        return Snapshot(self.epoch, window, {})


class StandInWorker:
    """A worker whose actors live here, and whose calls are carried out one at a time."""

    def __init__(self, cuda=False, memory_limit=0):
        self.facts = Facts(1, "GPU" if cuda else "CPU", cuda, memory_limit)
        self.turn = asyncio.Lock()
        self.answers = True
        self.dead = False
        self.replaced = 0
        self.open_runs = 0

    async def open(self, spec, series):
        remote = StandInRun(self)
        await remote.call("open", spec, series)
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


@pytest.fixture
def clock(monkeypatch):
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


def test_runs_share_a_worker_by_time_not_by_epochs(clock):
    async def story():
        scheduler = laboratory(clock)
        small, large = submit(scheduler, hidden_size=1), submit(scheduler, hidden_size=60)
        scheduler.add_worker(StandInWorker())
        await pass_time(clock, 6)
        return small, large

    small, large = asyncio.run(story())
    assert small.used == pytest.approx(large.used, rel=0.05)
    assert small.epoch > 40 * large.epoch


def test_a_new_run_gets_its_share_from_now_on_and_no_more(clock):
    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        old = submit(scheduler)
        await pass_time(clock, 5)
        before = old.used
        new = submit(scheduler)
        await pass_time(clock, 2)
        return old.used - before, new.used

    assert asyncio.run(story()) == pytest.approx((1, 1), abs=0.15)


def test_the_queue_is_first_come_first_served_and_says_the_place(clock):
    async def story():
        scheduler = laboratory(clock, runs_per_worker=1)
        first, second, third = (submit(scheduler, owner=name) for name in "abc")
        assert [job.view.position for job in (first, second, third)] == [1, 2, 3]
        scheduler.add_worker(StandInWorker())
        await pass_time(clock, 0.5)
        assert [job.view.status for job in (first, second, third)] == ["running", "queued", "queued"]
        assert [job.view.position for job in (first, second, third)] == [0, 1, 2]
        scheduler.pause(first)
        await pass_time(clock, 0.5)
        assert [job.view.status for job in (first, second, third)] == ["paused", "running", "queued"]
        scheduler.resume(first)
        assert (first.view.status, first.view.position, third.view.position) == ("queued", 2, 1)
        scheduler.stop(second)
        scheduler.stop(third)
        await pass_time(clock, 0.5)
        assert first.view.status == "running"

    asyncio.run(story())


def test_who_waits_for_a_gpu_does_not_keep_others_from_the_cpu(clock):
    async def story():
        scheduler = laboratory(clock, runs_per_worker=1)
        gpu, cpu = StandInWorker(cuda=True), StandInWorker()
        scheduler.add_worker(gpu)
        scheduler.add_worker(cpu)
        jobs = [submit(scheduler, owner=str(n), device=device) for n, device in enumerate(("auto", "cuda", "cpu"))]
        await pass_time(clock, 0.2)
        assert [job.lane.worker if job.lane else None for job in jobs] == [gpu, None, cpu]

    asyncio.run(story())


def test_limits_refuse_with_a_sentence_that_says_the_number(clock):
    async def story():
        scheduler = laboratory(clock, queue=3, runs_per_owner=2)
        submit(scheduler)
        submit(scheduler)
        with pytest.raises(UserError, match="You have 2 runs training or waiting already: stop one"):
            submit(scheduler)
        submit(scheduler, owner="you")
        with pytest.raises(UserError, match=r"queue is full \(3 runs are waiting\): try again"):
            submit(scheduler, owner="they")
        with pytest.raises(UserError, match=r"needs about \d+\.\d GiB .* may take 0\.0 GiB: choose a smaller"):
            submit(laboratory(clock, run_bytes=1000))
        full = laboratory(clock, runs=1)
        submit(full)
        with pytest.raises(UserError, match=r"full \(1 runs\): try again"):
            submit(full, owner="you")
        assert len(scheduler.jobs) == 3

    asyncio.run(story())


def test_an_owners_oldest_finished_run_makes_room_for_the_next(clock):
    async def story():
        scheduler = laboratory(clock, runs_per_owner=2)
        worker = StandInWorker()
        scheduler.add_worker(worker)
        paused, finished = submit(scheduler), submit(scheduler, epochs=3)
        await pass_time(clock, 0.5)
        scheduler.pause(paused)
        await pass_time(clock, 0.5)
        new = submit(scheduler)
        await settle()
        assert scheduler.jobs == [paused, new] and worker.open_runs == 2
        assert finished.view.status == "finished" and len(finished.view.history) == 4
        submit(scheduler)
        assert paused not in scheduler.jobs and paused.view.status == "stopped" and paused.view.note

    asyncio.run(story())


def test_a_run_nobody_watches_is_paused_then_dropped_and_a_finished_one_is_kept_longer(clock):
    async def story():
        scheduler = laboratory(clock, run_seconds=1e9)
        worker = StandInWorker()
        scheduler.add_worker(worker)
        watched, alone = submit(scheduler, hidden_size=256), submit(scheduler, hidden_size=256)
        finished = submit(scheduler, epochs=3)

        async def minutes(count):
            for _ in range(count):
                scheduler.look(watched, Watch((0, False), clock.now))
                await pass_time(clock, 31)
                scheduler.look(watched, Watch((0, False), clock.now))
                await pass_time(clock, 30)
                scheduler.tidy()
                await settle()

        await minutes(1)
        assert (watched.view.status, alone.view.status, finished.view.status) == ("running", "paused", "finished")
        assert "nobody looked" in alone.view.note[0] and alone.view.note[1] == {"seconds": 60.0}
        epoch = alone.epoch
        scheduler.pause(watched)
        await minutes(10)
        assert alone.epoch == epoch and alone not in scheduler.jobs and alone.view.status == "stopped"
        assert finished in scheduler.jobs and watched in scheduler.jobs
        await minutes(50)
        assert scheduler.jobs == [watched] and worker.open_runs == 1

    asyncio.run(story())


def test_resuming_a_run_that_was_left_alone_takes_the_note_away(clock):
    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        job = submit(scheduler)
        await pass_time(clock, 1)
        clock.now += 61
        scheduler.tidy()
        await pass_time(clock, 0.5)
        assert job.view.status == "paused" and job.view.note
        scheduler.look(job, Watch((0, False), clock.now))
        scheduler.resume(job)
        await pass_time(clock, 1)
        scheduler.tidy()
        assert job.view.status == "running" and job.view.note is None

    asyncio.run(story())


def test_training_time_is_limited(clock):
    async def story():
        scheduler = laboratory(clock, run_seconds=2)
        scheduler.add_worker(StandInWorker())
        job = submit(scheduler)
        await pass_time(clock, 5)
        assert job.view.status == "stopped" and job.view.note[1] == {"seconds": 2}
        assert 2 < job.used < 2.5

    asyncio.run(story())


def test_pause_holds_and_a_step_is_one_epoch(clock):
    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        job = submit(scheduler, hidden_size=30, epochs=100)
        scheduler.step(job)
        await pass_time(clock, 1)
        assert (job.view.status, job.view.epoch, list(job.view.history.epoch)) == ("paused", 1, [0, 1])
        await pass_time(clock, 5)
        assert job.view.epoch == 1
        scheduler.step(job)
        scheduler.step(job)
        await pass_time(clock, 1)
        assert (job.view.status, job.view.epoch) == ("paused", 3)
        scheduler.resume(job)
        await pass_time(clock, 4)
        assert job.view.status == "finished" and list(job.view.history.epoch) == list(range(101))
        scheduler.step(job)
        scheduler.resume(job)
        scheduler.stop(job)
        await settle()
        assert job.view.status == "finished"

    asyncio.run(story())


def test_a_new_learning_rate_acts_and_leaves_a_mark(clock):
    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        job = submit(scheduler, lr=0.01)
        await pass_time(clock, 0.5)
        scheduler.set_lr(job, 0.5)
        assert job.view.lr == 0.5 and not job.view.marks
        await pass_time(clock, 0.5)
        (mark,) = job.view.marks
        history = job.view.history
        assert mark.lr == 0.5 and set(history.test_rmse[history.epoch > mark.epoch]) == {0.5}
        assert set(history.test_rmse[history.epoch <= mark.epoch]) == {0.01}

    asyncio.run(story())


def test_a_lost_workers_runs_fail_with_the_reason_and_the_queue_goes_on(clock):
    async def story():
        scheduler = laboratory(clock, runs_per_worker=1)
        worker = StandInWorker()
        scheduler.add_worker(worker)
        job, waiting = submit(scheduler), submit(scheduler)
        await pass_time(clock, 1)
        worker.dead = True
        scheduler.lose_worker(worker)
        scheduler.lose_worker(worker)
        await settle()
        template, values = job.view.failure
        assert job.view.status == "failed" and "press Train" in template and values["epoch"] == job.view.epoch > 0
        assert len(job.view.history) == job.view.epoch + 1 and job.view.epochs_per_second is None
        assert waiting.view.status == "queued"
        scheduler.add_worker(StandInWorker())
        await pass_time(clock, 1)
        assert waiting.view.status == "running"

    asyncio.run(story())


def test_a_worker_that_does_not_answer_is_replaced(clock):
    async def story():
        scheduler = laboratory(clock, hung=0.05)
        worker = StandInWorker()
        scheduler.add_worker(worker)
        job = submit(scheduler)
        await pass_time(clock, 1)
        worker.answers = False
        await asyncio.sleep(0.2)
        assert job.view.status == "failed" and "did not answer for" in job.view.failure[0]
        assert worker.replaced >= 1 and not scheduler.lanes

    asyncio.run(story())


def test_an_error_inside_a_slice_fails_that_run_alone_and_frees_it(clock, monkeypatch, caplog):
    async def story():
        scheduler = laboratory(clock)
        worker = StandInWorker()
        scheduler.add_worker(worker)
        job, other = submit(scheduler), submit(scheduler)
        await pass_time(clock, 0.5)
        monkeypatch.setattr(job.remote.actor.trainer, "snapshot", lambda *_: 1 / 0)
        scheduler.look(job, Watch((0, False), clock.now))
        await pass_time(clock, 0.5)
        assert job.view.failure[1] == {"kind": "ZeroDivisionError"} and job.view.status == "failed"
        assert other.view.status == "running" and worker.open_runs == 1

    asyncio.run(story())
    assert "ZeroDivisionError" in caplog.text


def test_snapshots_follow_the_viewer_and_take_little_of_the_time(clock, monkeypatch):
    looks = []
    monkeypatch.setattr(StandIn, "look_seconds", 0.02)
    real = StandIn.snapshot
    monkeypatch.setattr(StandIn, "snapshot", lambda self, *look: looks.append(look) or real(self, *look))

    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        job = submit(scheduler)
        await pass_time(clock, 2)
        assert not looks and job.view.snapshot is None  # nobody looks
        for _ in range(100):
            scheduler.look(job, Watch((3, False), clock.now))
            await pass_time(clock, 0.1)
        assert 15 < len(looks) <= 10 * 0.05 / 0.02 + 3  # of 10 s, 5 % at most
        scheduler.look(job, Watch((8, True), clock.now))
        await pass_time(clock, 0.3)
        assert looks[-1] == (8, True) and job.view.snapshot.window == 8  # another wish is answered at once
        count = len(looks)
        await pass_time(clock, 20)
        assert len(looks) - count <= 5 / 0.4 + 1  # nobody has looked for more than 5 s
        scheduler.pause(job)
        await pass_time(clock, 0.5)
        scheduler.look(job, Watch((8, True), clock.now))
        await settle()
        assert job.view.snapshot.epoch == job.view.epoch  # at rest, the picture is of the present
        count, epoch = len(looks), job.view.epoch
        scheduler.look(job, Watch((8, True), clock.now))
        await settle()
        assert len(looks) == count
        scheduler.look(job, Watch((9, False), clock.now))
        await settle()
        assert job.view.snapshot.window == 9 and job.view.epoch == epoch

    asyncio.run(story())


def test_large_runs_are_dropped_for_others_only_when_nobody_looks_at_them(clock):
    async def story():
        scheduler = laboratory(clock)
        one = Job(RunSpec(), SERIES, "x", 0.0).bytes
        worker = StandInWorker(memory_limit=GIB // 2 + int(1.5 * one))
        scheduler.add_worker(worker)
        first = submit(scheduler, hidden_size=32, epochs=1)
        await pass_time(clock, 1)
        scheduler.look(first, Watch((0, False), clock.now))
        second = submit(scheduler, owner="you", hidden_size=32)
        assert first.view.status == "finished" and second.view.status == "queued"
        clock.now += 10
        scheduler.dispatch()
        await settle()
        assert first not in scheduler.jobs and second.view.status != "queued" and worker.open_runs == 1

    asyncio.run(story())


def test_replies_that_overtake_each_other_are_put_in_order(clock):
    actor = RunActor()
    actor.open(RunSpec().replace(hidden_size=10), SERIES)
    first, second = actor.advance(0.05, 5000), actor.advance(0.05, 5000)
    job = Job(RunSpec().replace(hidden_size=10), SERIES, "me", 0.0)
    job.land(second, 0.1)
    assert job.epoch == 0 and job.started is None
    job.land(first, 0.1)
    assert job.epoch == second.rows[-1, 0] and list(job.history.epoch) == list(range(job.epoch + 1))


def test_a_view_once_read_never_changes(clock):
    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        job = submit(scheduler)
        await pass_time(clock, 0.5)
        view = job.view
        copy, length = view.history.seconds.copy(), len(view.history)
        await pass_time(clock, 0.5)
        assert job.view.version > view.version and len(job.view.history) > length == len(view.history)
        np.testing.assert_array_equal(view.history.seconds, copy)
        with pytest.raises(ValueError, match="read-only"):
            job.view.history.seconds[0] = 1
        assert job.view.epochs_per_second == pytest.approx(200, rel=0.1)
        assert job.view.seconds_left == pytest.approx((5000 - job.view.epoch) / 200, rel=0.1)
        assert np.shares_memory(view.history.epoch, job.view.history.epoch)  # nothing is copied as it grows

    asyncio.run(story())
