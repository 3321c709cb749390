"""Which run trains where and when: shares, the queue, limits, leases, lost workers. All in made-up time."""

import asyncio
import os

import pytest

from seqcore.engine.job import Job, Watch
from seqcore.engine.limits import GIB
from seqcore.look import Look
from seqcore.spec import RunSpec
from seqcore.text import UserError
from tests.made_up_time import SERIES, StandInWorker, laboratory, made_up_clock, pass_time, settle, submit


@pytest.fixture
def clock(monkeypatch):
    return made_up_clock(monkeypatch)


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
                scheduler.look(watched, Watch(Look(0), clock.now))
                await pass_time(clock, 31)
                scheduler.look(watched, Watch(Look(0), clock.now))
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
        job, by_hand = submit(scheduler), submit(scheduler)
        await pass_time(clock, 1)
        scheduler.pause(by_hand)
        await pass_time(clock, 1)
        clock.now += 61
        scheduler.tidy()
        await pass_time(clock, 0.5)
        assert job.view.status == "paused" and job.view.note
        assert by_hand.view.status == "paused" and by_hand.view.note is None
        scheduler.look(job, Watch(Look(0), clock.now))
        scheduler.resume(job)
        await pass_time(clock, 1)
        scheduler.tidy()
        assert job.view.status == "running" and job.view.note is None

    asyncio.run(story())


def test_a_lost_workers_runs_fail_with_the_reason_and_the_queue_goes_on(clock):
    async def story():
        scheduler = laboratory(clock, runs_per_worker=1)
        worker = StandInWorker()
        scheduler.add_worker(worker)
        resumed, job, waiting = submit(scheduler), submit(scheduler), submit(scheduler)
        await pass_time(clock, 0.5)
        scheduler.pause(resumed)
        await pass_time(clock, 1)
        scheduler.resume(resumed)
        assert resumed.view.status == "queued"  # in the worker already, waiting for its turn
        worker.dead = True
        scheduler.lose_worker(worker)
        scheduler.lose_worker(worker)
        await settle()
        template, values = job.view.failure
        assert job.view.status == "failed" and "press Train" in template and values["epoch"] == job.view.epoch > 0
        assert len(job.view.history) == job.view.epoch + 1 and job.view.epochs_per_second is None
        assert resumed.view.status == "failed" and resumed not in scheduler.queue
        assert waiting.view.status == "queued"
        scheduler.add_worker(StandInWorker())
        await pass_time(clock, 1)
        assert waiting.view.status == "running"

    asyncio.run(story())


@pytest.mark.parametrize("when", ["in training", "at the start"])
def test_a_worker_that_does_not_answer_is_replaced(clock, when):
    async def story():
        scheduler = laboratory(clock, hung=0.05)
        worker = StandInWorker()
        scheduler.add_worker(worker)
        worker.answers = when == "in training"
        job = submit(scheduler)
        await pass_time(clock, 1)
        worker.answers = False
        await asyncio.sleep(0.2)
        assert job.view.status == "failed" and "did not answer for" in job.view.failure[0]
        assert worker.replaced >= 1 and not scheduler.lanes

    asyncio.run(story())


def test_large_runs_are_dropped_for_others_only_when_nobody_looks_at_them(clock):
    async def story():
        scheduler = laboratory(clock)
        one = Job(RunSpec(), SERIES, "x", 0.0).bytes
        worker = StandInWorker(memory_limit=GIB // 2 + int(1.5 * one))
        scheduler.add_worker(worker)
        first = submit(scheduler, hidden_size=32, epochs=1)
        await pass_time(clock, 1)
        scheduler.look(first, Watch(Look(0), clock.now))
        second = submit(scheduler, owner="you", hidden_size=32)
        assert first.view.status == "finished" and second.view.status == "queued"
        clock.now += 10
        scheduler.dispatch()
        await settle()
        assert first not in scheduler.jobs and second.view.status != "queued" and worker.open_runs == 1

    asyncio.run(story())


def test_the_memory_limit_knows_the_trainers_blocks():
    from seqcore.engine import limits
    from seqcore.training import trainer

    assert limits.BLOCK_FLOPS == trainer.BLOCK_FLOPS
    small, large = RunSpec().replace(hidden_size=32), RunSpec().replace(hidden_size=256, num_layers=4)
    assert limits.bytes_needed(small, 1000) < 50 * 2**20 < limits.bytes_needed(small, 20_000)
    assert limits.bytes_needed(large, 10**6) < 4 * limits.bytes_needed(large, 10**5) < 2 * GIB


def test_in_its_own_cluster_each_gpu_has_one_worker(monkeypatch):
    from seqcore.engine import host, warm

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    assert host.gpus() == ["2", "5"]
    monkeypatch.setenv("SEQLAB_GPUS", "2,5")
    for name, owned in ((0, "2"), (1, "5"), (2, "")):
        warm._claim_gpu(name)
        assert os.environ["CUDA_VISIBLE_DEVICES"] == owned


def test_a_large_run_in_the_queue_is_not_overtaken_and_fits_a_worker_of_its_own(clock):
    async def story():
        scheduler = laboratory(clock)
        small, large = {"hidden_size": 8}, {"hidden_size": 128, "num_layers": 2}
        need = Job(RunSpec().replace(**large), SERIES, "x", 0.0).bytes
        worker = StandInWorker(memory_limit=GIB // 2 + need // 2)
        scheduler.add_worker(worker)
        jobs = [submit(scheduler, owner=str(n), **size) for n, size in enumerate((small, large, small))]
        await pass_time(clock, 0.3)
        assert [job.view.status for job in jobs] == ["running", "queued", "queued"]
        scheduler.drop(jobs[0])
        await pass_time(clock, 0.5)
        assert [job.view.status for job in jobs[1:]] == ["running", "queued"]

    asyncio.run(story())
