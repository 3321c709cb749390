"""One run in the engine: pause, step, learning rate, snapshots, errors, and what its viewer reads. In made-up time."""

import asyncio

import numpy as np
import pytest

from seqcore.engine.actor import RunActor
from seqcore.engine.job import Job, Watch
from seqcore.look import Look
from seqcore.spec import RunSpec
from tests.made_up_time import (
    SERIES,
    STARTED,
    StandIn,
    StandInWorker,
    laboratory,
    made_up_clock,
    pass_time,
    settle,
    submit,
)


@pytest.fixture
def clock(monkeypatch):
    return made_up_clock(monkeypatch)


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
        last = submit(scheduler, epochs=1)
        scheduler.step(last)
        await pass_time(clock, 1)
        assert last.view.status == "finished"  # a step that reaches the end is the end
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
        scheduler.change(job, {"lr": 0.5})
        assert job.view.lr == 0.5 and not job.view.marks
        await pass_time(clock, 0.5)
        (mark,) = job.view.marks
        history = job.view.history
        assert mark.value == 0.5 and set(history.test_rmse[history.epoch > mark.epoch]) == {0.5}
        assert set(history.test_rmse[history.epoch <= mark.epoch]) == {0.01}

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


def test_snapshots_follow_the_viewer_and_take_little_of_the_time(clock, monkeypatch):
    looks = []
    monkeypatch.setattr(StandIn, "look_seconds", 0.02)
    real = StandIn.snapshot
    monkeypatch.setattr(StandIn, "snapshot", lambda self, look: looks.append(look) or real(self, look))

    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        job = submit(scheduler, hidden_size=20)
        await pass_time(clock, 2)
        assert not looks and job.view.snapshot is None  # nobody looks
        for _ in range(100):
            scheduler.look(job, Watch(Look(3), clock.now))
            await pass_time(clock, 0.1)
        assert 15 < len(looks) <= 10 * 0.05 / 0.02 + 3  # of 10 s, 5 % at most
        scheduler.look(job, Watch(Look(8, free_running=True), clock.now))
        await pass_time(clock, 0.3)
        assert looks[-1] == Look(8, free_running=True)  # another wish is answered at once
        assert job.view.snapshot.window == 8
        count = len(looks)
        await pass_time(clock, 20)
        assert len(looks) - count <= 5 / 0.4 + 1  # nobody has looked for more than 5 s
        scheduler.pause(job)
        await pass_time(clock, 0.5)
        scheduler.look(job, Watch(Look(8, free_running=True), clock.now))
        await settle()
        assert job.view.snapshot.epoch == job.view.epoch  # at rest, the picture is of the present
        count, epoch = len(looks), job.view.epoch
        scheduler.look(job, Watch(Look(8, free_running=True), clock.now))
        await settle()
        assert len(looks) == count
        scheduler.look(job, Watch(Look(9), clock.now))
        await settle()
        assert job.view.snapshot.window == 9 and job.view.epoch == epoch

    asyncio.run(story())


def test_a_look_that_fails_costs_nothing_but_the_look(clock, monkeypatch, caplog):
    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        job = submit(scheduler)
        await pass_time(clock, 0.5)
        monkeypatch.setattr(StandIn, "snapshot", lambda *_: 1 / 0)
        scheduler.look(job, Watch(Look(), clock.now))
        await pass_time(clock, 0.5)
        assert job.view.status == "running" and job.view.snapshot is None and job.view.look == Look()
        scheduler.pause(job)
        await pass_time(clock, 0.5)
        for window in (1, 2):
            scheduler.look(job, Watch(Look(window), clock.now))
            await settle()
        assert job.view.look == Look(2) and not job.looking
        assert caplog.text.count("ZeroDivisionError") <= 0.5 / 0.08 + 4  # no more often than else

    asyncio.run(story())


def test_an_error_inside_a_slice_fails_that_run_alone_and_frees_it(clock, monkeypatch, caplog):
    async def story():
        scheduler = laboratory(clock)
        worker = StandInWorker()
        scheduler.add_worker(worker)
        job, other = submit(scheduler), submit(scheduler)
        await pass_time(clock, 0.5)
        monkeypatch.setattr(job.remote.actor, "advance", lambda *_: 1 / 0)
        await pass_time(clock, 0.5)
        assert job.view.failure[1] == {"kind": "ZeroDivisionError"} and job.view.status == "failed"
        assert other.view.status == "running" and worker.open_runs == 1

    asyncio.run(story())
    assert "ZeroDivisionError" in caplog.text


def test_a_run_that_cannot_be_opened_fails_with_a_sentence(clock, monkeypatch, caplog):
    async def story():
        scheduler = laboratory(clock)
        worker = StandInWorker()
        monkeypatch.setattr(worker, "open", lambda *_: 1 / 0)
        scheduler.add_worker(worker)
        job = submit(scheduler)
        await settle()
        assert job.view.status == "failed" and job.view.failure[1] == {"kind": "ZeroDivisionError"}
        assert not scheduler.lanes[worker].jobs

    asyncio.run(story())


def test_an_unexpected_error_of_the_trainer_is_told_in_a_sentence_and_logged(monkeypatch, caplog):
    def broken(self):
        yield STARTED
        raise RuntimeError("secret path")

    monkeypatch.setattr("seqcore.training.trainer.Trainer", type("Broken", (StandIn,), {"__iter__": broken}))
    actor = RunActor()
    actor.open(RunSpec(), SERIES)
    slice = actor.advance(10.0, 5000)
    failed = slice.events[-1]
    assert slice.ended and failed.values == {"kind": "RuntimeError"} and "secret" not in failed.template
    assert "secret path" in caplog.text


def test_a_slice_that_comes_after_the_end_is_harmless(clock):
    actor = RunActor()
    actor.open(RunSpec(), SERIES)
    actor.advance(0.1, 5000)
    actor.close()
    late = actor.advance(0.0, -1, None, Look(3))
    assert late.snapshot is None and actor.advance(1.0, 5000).ended


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
        scheduler.pause(job)
        await pass_time(clock, 60)
        assert job.view.epochs_per_second is None and job.view.seconds_left is None
        scheduler.resume(job)
        await pass_time(clock, 0.9)
        assert job.view.epochs_per_second == pytest.approx(200, rel=0.2)  # the pause is no training
        assert np.shares_memory(view.history.epoch, job.view.history.epoch)  # nothing is copied as it grows

    asyncio.run(story())


def test_snapshots_come_at_most_every_80_milliseconds(clock, monkeypatch):
    looks = []
    monkeypatch.setattr(StandIn, "look_seconds", 0.0)
    real = StandIn.snapshot
    monkeypatch.setattr(StandIn, "snapshot", lambda self, look: looks.append(clock.now) or real(self, look))

    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        submit(scheduler, owner="another", hidden_size=1)  # slices of 50 ms each
        job = submit(scheduler)
        job.slice = 0.01
        for _ in range(100):
            job.slice = 0.01
            scheduler.look(job, Watch(Look(3), clock.now))
            await pass_time(clock, 0.02)

    asyncio.run(story())
    assert len(looks) > 8 and min(np.diff(looks)) > 0.06


def test_another_wish_is_answered_within_a_long_epoch_but_the_same_only_at_its_end(clock):
    clock.until = 100.0
    actor = RunActor()
    actor.open(RunSpec().replace(hidden_size=200), SERIES)
    first = actor.advance(0.01, 5000, None, Look(1))
    assert first.snapshot is None  # the model has not been scored yet: there is nothing to show
    while not len(actor.advance(0.05, 5000, None, Look(1)).rows):
        pass
    other = actor.advance(0.05, 5000, None, Look(2))
    assert not len(other.rows) and other.snapshot.window == 2
    ended = actor.advance(0.05, 5000, None, Look(2))
    assert len(ended.rows) == 1 and ended.snapshot.epoch == 1
    within = actor.advance(0.05, 5000, None, Look(2))
    assert not len(within.rows) and within.snapshot is None


def test_a_run_that_is_forgotten_in_training_stays_as_it_was(clock):
    async def story():
        scheduler = laboratory(clock)
        worker = StandInWorker()
        scheduler.add_worker(worker)
        job = submit(scheduler)
        await pass_time(clock, 0.02)
        assert scheduler.lanes[worker].flights == 2  # enough for the worker never to wait, and no more
        await pass_time(clock, 0.5)
        scheduler.drop(job)
        view = job.view
        await pass_time(clock, 1)
        assert job.view is view and view.status == "stopped" and worker.open_runs == 0

    asyncio.run(story())
