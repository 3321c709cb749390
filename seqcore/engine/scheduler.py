"""Which run is where: admission, the queue, what the viewer asks for, leases, and what becomes of a lost worker's runs.

Plain bookkeeping in the engine's event loop; it knows neither Dask nor threads.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from seqcore.engine.cluster import Worker
from seqcore.engine.job import ON, WATCHED, Job, Watch
from seqcore.engine.lane import Lane
from seqcore.engine.limits import Limits, check_memory
from seqcore.engine.view import Sentence
from seqcore.text import N_, UserError

WORKER_DIED = N_(
    "The process that trained this run ended unexpectedly at epoch {epoch} (out of memory, or a crash). "
    "Another takes its place: press Train to start again."
)
WORKER_HUNG = N_(
    "The process that trained this run did not answer for {seconds:.0f} s and was replaced, at epoch {epoch}. "
    "Press Train to start again."
)
UNWATCHED = N_("Paused, because nobody looked at it for {seconds:.0f} s. Press Resume to go on.")
DROPPED = N_("Dropped to make room for others. Press Train to start again.")
OUT_OF_TIME = N_("Stopped after {seconds:.0f} s of training, the most one run may take.")


class Scheduler:
    """All runs and all workers."""

    def __init__(self, limits: Limits, clock: Callable[[], float]):
        self.limits = limits
        self.clock = clock
        self.jobs: list[Job] = []  # oldest first
        self.queue: list[Job] = []
        self.lanes: dict[Worker, Lane] = {}

    def submit(self, job: Job) -> None:
        """Take in a new run; raises `UserError` where a limit stands in the way."""
        check_memory(job.bytes, self.limits.run_bytes)
        waiting = sum(not other.batch for other in self.queue)
        if waiting >= self.limits.queue:
            raise UserError(N_("The queue is full ({count} runs are waiting): try again in a minute."), count=waiting)
        single = [other for other in self.jobs if not other.batch]
        own = [other for other in single if other.owner == job.owner]
        if len(own) >= self.limits.runs_per_owner and not self._drop_one(own):
            raise UserError(
                N_("You have {count} runs training or waiting already: stop one of them first."), count=len(own)
            )
        if len(single) >= self.limits.runs and not self._drop_one(self._unwatched(single)):
            raise UserError(N_("The engine is full ({count} runs): try again in a minute."), count=len(single))
        self.jobs.append(job)
        self._enqueue(job)

    def submit_batch(self, jobs: Sequence[Job]) -> None:
        """Take in many runs of one owner, all or none; raises `UserError` where a limit stands in the way.

        To make room, results of the owner's oldest runs go, and of others' at which nobody looks.
        """
        for job in jobs:
            check_memory(job.bytes, self.limits.run_bytes)
        every = [other for other in self.jobs if other.batch]
        own = [other for other in every if other.owner == jobs[0].owner]
        if not self._drop_ended(own, len(own) + len(jobs) - self.limits.batch):
            raise UserError(
                N_(
                    "That would be {count} runs, and one page may hold {most}: choose fewer seeds, rows or values, or "
                    "wait until some have ended."
                ),
                count=len(jobs) + sum(not other.ended for other in own), most=self.limits.batch,
            )  # fmt: skip
        if not self._drop_ended(self._unwatched(every), len(every) + len(jobs) - self.limits.batches):
            raise UserError(N_("The engine is full ({count} runs): try again in a minute."), count=len(every))
        self.jobs += jobs
        self.queue += jobs
        self.dispatch()

    def pause(self, job: Job) -> None:
        if not job.ended:
            job.goal = 0
            if job.status == "queued":
                self.queue.remove(job)
                job.status, job.position = "paused", 0
            self.changed(job)

    def resume(self, job: Job) -> None:
        if not job.ended:
            job.goal, job.note = ON, None
            self._go(job)

    def step(self, job: Job) -> None:
        """One epoch more, then pause; asked for twice, two epochs."""
        if not job.ended:
            job.goal = max(job.epoch, 0 if job.goal == ON else job.goal) + 1
            job.note = None
            self._go(job)

    def stop(self, job: Job, note: Sentence | None = None) -> None:
        """The end; curves, and the model as it is, can still be looked at."""
        if not job.ended:
            job.stopping, job.note = True, note
            if not job.active:
                if job in self.queue:
                    self.queue.remove(job)
                job.status, job.position = "stopped", 0
            self.changed(job)

    def change(self, job: Job, values: Mapping[str, float]) -> None:
        """Settings, by name, that hold from the end of the epoch under way on."""
        if not job.ended:
            job.wishes |= values
            job.lr = job.wishes.get("lr", job.lr)
            job.publish()

    def keep(self, owner: str) -> None:
        """Somebody looks at all runs of an owner."""
        now = self.clock()
        for job in self.jobs:
            if job.owner == owner:
                job.watch = Watch(job.watch.look, now)

    def look(self, job: Job, watch: Watch) -> None:
        """Somebody looks: a run that rests answers with a snapshot if what is wanted is not shown yet."""
        job.watch = watch
        if job.lane:
            job.lane.pump()

    def drop(self, job: Job, note: Sentence | None = None) -> None:
        """Forget a run and free what it holds in its worker."""
        if job in self.jobs:
            self._release(job, note)
            self.dispatch()

    def changed(self, job: Job) -> None:
        """A run has moved, or something was asked of it."""
        if job.used > self.limits.run_seconds and not job.ended and not job.stopping:
            self.stop(job, (OUT_OF_TIME, {"seconds": self.limits.run_seconds}))
            return
        job.settle()
        job.publish()
        if job.lane and (job.status == "failed" or (job.batch and job.ended)):
            job.lane.remove(job)
        if not job.active:
            self.dispatch()

    def add_worker(self, worker: Worker) -> None:
        self.lanes[worker] = Lane(worker, self.clock, self.limits.hung, self.changed, lambda: self._hung(worker))
        self.dispatch()

    def lose_worker(self, worker: Worker, template: str = WORKER_DIED, **values: object) -> None:
        """The worker is gone, and its runs with it; nothing happens if that is known already."""
        lane = self.lanes.pop(worker, None)
        for job in list(lane.jobs) if lane else ():
            lane.jobs.remove(job)
            job.lane = job.remote = None
            if job in self.queue:
                self.queue.remove(job)
            job.fail((template, {"epoch": job.epoch, **values}))
            job.publish()
        self.dispatch()

    def lose_all(self, why: Sentence) -> None:
        """Nothing can be trained any more."""
        for worker in list(self.lanes):
            self.lose_worker(worker, why[0], **why[1])
        for job in self.queue:
            job.fail(why)
            job.position = 0
            job.publish()
        self.queue.clear()

    def tidy(self) -> None:
        """Once a second: pause what nobody looks at, and later drop it."""
        now = self.clock()
        for job in self.jobs[::-1]:  # newest first: no waiting run takes the place of one just paused
            unwatched = now - job.watch.at
            if job.status in ("finished", "diverged"):
                limit = self.limits.unwatched_finished
            else:
                limit = self.limits.unwatched_pause + self.limits.unwatched_drop
            if unwatched > limit:
                self.drop(job, (DROPPED, {}))
            elif unwatched > self.limits.unwatched_pause and not job.ended and job.goal:
                job.note = (UNWATCHED, {"seconds": self.limits.unwatched_pause})
                self.pause(job)

    def dispatch(self) -> None:
        """Give waiting runs a place: single ones first come, first served, then those of batches in turns."""
        taken: set[Lane] = set()
        for job in [job for job in self.queue if not job.batch]:
            if not self._place(job, taken):
                taken.update(self._lanes_for(job))  # who cannot have a place keeps later ones from taking it
        self._dispatch_batches()
        for position, job in enumerate(self.queue, 1):
            if job.position != position:
                job.position = position
                job.publish()

    def _dispatch_batches(self) -> None:
        """Of each owner one run a worker: two there would end no sooner. Who has the fewest is served first."""
        waiting: dict[str, deque[Job]] = {}
        busy: dict[str, set[Lane]] = {}
        for job in self.jobs:
            if job.batch and job.status == "queued":
                waiting.setdefault(job.owner, deque()).append(job)
            elif job.batch and job.active:
                busy.setdefault(job.owner, set()).add(job.lane)
        while waiting:
            owner = min(waiting, key=lambda owner: len(busy.get(owner, ())))
            job = waiting[owner].popleft()
            if self._place(job, busy.get(owner, set())):
                busy.setdefault(owner, set()).add(job.lane)
            if not waiting[owner] or len(busy.get(owner, ())) >= len(self.lanes):
                del waiting[owner]

    def _place(self, job: Job, taken: set[Lane]) -> bool:
        """Let a waiting run train in the emptiest lane that has room and is not `taken`."""
        lanes = [lane for lane in self._lanes_for(job) if lane not in taken]
        for lane in sorted(lanes, key=lambda lane: (lane.active, len(lane.jobs))):
            if self._has_room(lane, job):
                self.queue.remove(job)
                job.position = 0
                lane.admit(job)
                job.publish()
                return True
        return False

    def _go(self, job: Job) -> None:
        if job.status == "paused":
            self._enqueue(job)
        elif job.lane:
            job.lane.pump()

    def _enqueue(self, job: Job) -> None:
        job.status = "queued"
        singles = sum(not other.batch for other in self.queue)
        self.queue.insert(len(self.queue) if job.batch else singles, job)
        self.dispatch()

    def _lanes_for(self, job: Job) -> list[Lane]:
        """Where a run may train: where it is already, or on workers with a GPU if it may use one and on others if not.

        All workers, if there are none of these.
        """
        if job.lane:
            return [job.lane]
        wants_gpu = job.spec.training.device in ("auto", "cuda")
        fitting = [lane for lane in self.lanes.values() if lane.worker.facts.cuda == wants_gpu]
        return fitting or list(self.lanes.values())

    def _has_room(self, lane: Lane, job: Job) -> bool:
        """Whether `job` can train in `lane`, after dropping ended runs nobody looks at if that takes it.

        Batches leave one place to those who train a single run and wait for it.
        """
        places = self.limits.runs_per_worker
        if lane.active >= (max(1, places - 1) if job.batch else places):
            return False
        while job.lane is None and lane.jobs and lane.free < job.bytes:
            if not self._drop_one(self._unwatched(lane.jobs)):
                return False
        return True

    def _unwatched(self, jobs: list[Job]) -> list[Job]:
        now = self.clock()
        return [job for job in jobs if now - job.watch.at > WATCHED]

    def _drop_one(self, jobs: list[Job]) -> bool:
        """Drop the oldest of `jobs` that has ended, or else that is paused; False if there is none."""
        resting = sorted((job for job in jobs if job.ended or job.status == "paused"), key=lambda job: not job.ended)
        for job in resting[:1]:
            self._release(job, (DROPPED, {}))
        return bool(resting)

    def _drop_ended(self, jobs: list[Job], count: int) -> bool:
        """Drop the oldest `count` of `jobs` that have ended; False, and none is dropped, if there are not so many."""
        ended = [job for job in jobs if job.ended]
        if count > len(ended):
            return False
        for job in ended[: max(0, count)]:
            self._release(job, (DROPPED, {}))
        return True

    def _release(self, job: Job, note: Sentence | None) -> None:
        self.jobs.remove(job)
        if job in self.queue:
            self.queue.remove(job)
        if job.lane:
            job.lane.remove(job)
        if not job.ended:
            job.status, job.position, job.note = "stopped", 0, note
            job.publish()

    def _hung(self, worker: Worker) -> None:
        self.lose_worker(worker, WORKER_HUNG, seconds=self.limits.hung)
