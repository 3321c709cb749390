"""Many runs at once: how they share the workers, what is kept of them, and what is refused. In made-up time."""

import asyncio

import pytest

from seqcore.text import UserError
from tests.made_up_time import StandInWorker, laboratory, made_up_clock, pass_time, settle, submit, submit_batch


@pytest.fixture
def clock(monkeypatch):
    return made_up_clock(monkeypatch)


def states(jobs):
    return [job.view.status for job in jobs]


def test_a_batch_takes_one_place_in_each_worker_and_leaves_it_when_a_run_ends(clock):
    async def story():
        scheduler = laboratory(clock)
        workers = [StandInWorker(), StandInWorker()]
        for worker in workers:
            scheduler.add_worker(worker)
        jobs = submit_batch(scheduler, 5)
        await pass_time(clock, 0.3)
        assert states(jobs) == ["running", "running", "queued", "queued", "queued"]
        assert [job.view.position for job in jobs] == [0, 0, 1, 2, 3]
        await pass_time(clock, 10)
        assert states(jobs) == ["finished"] * 5
        assert [worker.open_runs for worker in workers] == [0, 0]
        for job in jobs:
            assert job.view.epoch == 100 and len(job.view.history) == 101
            assert "test_prediction" in job.view.snapshot.arrays

    asyncio.run(story())


def test_two_batches_take_turns_and_a_single_run_does_not_wait_for_them(clock):
    async def story():
        scheduler = laboratory(clock, runs_per_worker=3)
        scheduler.add_worker(StandInWorker())
        first = submit_batch(scheduler, 30, owner="a")
        second = submit_batch(scheduler, 30, owner="b")
        await pass_time(clock, 4)
        done = [sum(job.ended for job in jobs) for jobs in (first, second)]
        assert abs(done[0] - done[1]) <= 1 and sum(done) >= 6
        single, next_one = submit(scheduler, owner="c", epochs=5000), submit(scheduler, owner="d")
        assert next_one.view.position == 1
        await pass_time(clock, 0.1)
        assert single.view.status == "running"

    asyncio.run(story())


def test_a_stopped_run_leaves_its_worker_and_the_others_go_on(clock):
    async def story():
        scheduler = laboratory(clock)
        worker = StandInWorker()
        scheduler.add_worker(worker)
        jobs = submit_batch(scheduler, 3)
        await pass_time(clock, 0.2)
        scheduler.stop(jobs[0])
        scheduler.stop(jobs[2])
        await pass_time(clock, 0.2)
        assert states(jobs) == ["stopped", "running", "stopped"]
        assert worker.open_runs == 1
        assert jobs[0].view.snapshot is None and len(jobs[0].view.history)

    asyncio.run(story())


def test_a_paused_batch_holds_its_place_and_goes_on_in_its_own_worker(clock):
    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        scheduler.add_worker(StandInWorker())
        jobs = submit_batch(scheduler, 4)
        await pass_time(clock, 0.2)
        for job in jobs:
            scheduler.pause(job)
        await pass_time(clock, 1)
        assert states(jobs) == ["paused"] * 4
        epochs = [job.epoch for job in jobs]
        for job in reversed(jobs):
            scheduler.resume(job)
        await settle()
        assert sorted(states(jobs)) == ["queued", "queued", "running", "starting"] or states(jobs).count("queued") == 2
        await pass_time(clock, 5)
        assert states(jobs) == ["finished"] * 4 and epochs[0] > 0

    asyncio.run(story())


def test_a_lost_worker_fails_its_run_alone(clock):
    async def story():
        scheduler = laboratory(clock)
        one, two = StandInWorker(), StandInWorker()
        scheduler.add_worker(one)
        scheduler.add_worker(two)
        jobs = submit_batch(scheduler, 4)
        await pass_time(clock, 0.2)
        one.dead = True
        scheduler.lose_worker(one)
        await pass_time(clock, 5)
        assert states(jobs) == ["failed", "finished", "finished", "finished"]

    asyncio.run(story())


def test_finished_runs_are_kept_for_an_hour_and_unfinished_ones_are_paused_when_nobody_looks(clock):
    async def story():
        scheduler = laboratory(clock)
        scheduler.add_worker(StandInWorker())
        jobs = submit_batch(scheduler, 3, epochs=200)
        await pass_time(clock, 1.5)
        assert states(jobs) == ["finished", "running", "queued"]
        clock.now += 61
        scheduler.tidy()
        await pass_time(clock, 0.2)
        assert states(jobs)[0] == "finished" and set(states(jobs)[1:]) == {"paused"}
        clock.now += 700
        scheduler.tidy()
        assert scheduler.jobs == jobs[:1]
        scheduler.keep("me")
        clock.now += 3599
        scheduler.tidy()
        assert scheduler.jobs == jobs[:1]
        clock.now += 2
        scheduler.tidy()
        assert not scheduler.jobs

    asyncio.run(story())


def test_too_many_runs_are_refused_whole_and_the_oldest_results_make_room(clock):
    async def story():
        scheduler = laboratory(clock, batch=10, batches=15)
        with pytest.raises(UserError, match="11 runs, and one page may hold 10"):
            submit_batch(scheduler, 11)
        assert not scheduler.jobs
        scheduler.add_worker(StandInWorker())
        old = submit_batch(scheduler, 8)
        await pass_time(clock, 5)
        new = submit_batch(scheduler, 6)
        assert scheduler.jobs == old[4:] + new
        with pytest.raises(UserError, match="14 runs, and one page may hold 10"):
            submit_batch(scheduler, 8)
        assert scheduler.jobs == old[4:] + new
        with pytest.raises(UserError, match="engine is full"):
            submit_batch(scheduler, 10, owner="you")
        clock.now += 10
        scheduler.keep("nobody")
        theirs = submit_batch(scheduler, 9, owner="you")
        assert scheduler.jobs == new + theirs

    asyncio.run(story())


def test_a_run_of_a_batch_takes_no_place_of_single_runs(clock):
    async def story():
        scheduler = laboratory(clock, runs=2, runs_per_owner=2, queue=2)
        submit_batch(scheduler, 10)
        submit(scheduler)
        submit(scheduler)
        with pytest.raises(UserError, match="queue is full"):
            submit(scheduler)

    asyncio.run(story())
