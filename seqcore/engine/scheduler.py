"""Which run is where: admission, the queue, what the viewer asks for, leases, and what becomes of a lost worker's runs.

Plain bookkeeping in the engine's event loop; it knows neither Dask nor threads.
"""

from collections.abc import Callable

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
        if len(self.queue) >= self.limits.queue:
            raise UserError(
                N_("The queue is full ({count} runs are waiting): try again in a minute."), count=len(self.queue)
            )
        own = [other for other in self.jobs if other.owner == job.owner]
        if len(own) >= self.limits.runs_per_owner and not self._drop_one(own):
            raise UserError(
                N_("You have {count} runs training or waiting already: stop one of them first."), count=len(own)
            )
        if len(self.jobs) >= self.limits.runs and not self._drop_one(self._unwatched(self.jobs)):
            raise UserError(N_("The engine is full ({count} runs): try again in a minute."), count=len(self.jobs))
        self.jobs.append(job)
        self._enqueue(job)

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

    def set_lr(self, job: Job, lr: float) -> None:
        if not job.ended:
            job.lr = job.lr_wish = lr
            job.publish()

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
        if job.status == "failed" and job.lane:
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
        for job in list(self.jobs):
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
        """Give waiting runs a place, first come, first served; who cannot have one keeps later ones from taking it."""
        taken: set[Lane] = set()
        for job in list(self.queue):
            lanes = [job.lane] if job.lane else self._lanes_for(job)
            open_lanes = sorted(set(lanes) - taken, key=lambda lane: (lane.active, len(lane.jobs)))
            lane = next((lane for lane in open_lanes if self._has_room(lane, job)), None)
            if lane is None:
                taken.update(lanes)
                continue
            self.queue.remove(job)
            job.position = 0
            lane.admit(job)
            job.publish()
        for position, job in enumerate(self.queue, 1):
            if job.position != position:
                job.position = position
                job.publish()

    def _go(self, job: Job) -> None:
        if job.status == "paused":
            self._enqueue(job)
        elif job.lane:
            job.lane.pump()

    def _enqueue(self, job: Job) -> None:
        job.status = "queued"
        self.queue.append(job)
        self.dispatch()

    def _lanes_for(self, job: Job) -> list[Lane]:
        """The workers with a GPU for those who may use it, the others for the rest; any, if there are none of these."""
        wants_gpu = job.spec.training.device in ("auto", "cuda")
        fitting = [lane for lane in self.lanes.values() if lane.worker.facts.cuda == wants_gpu]
        return fitting or list(self.lanes.values())

    def _has_room(self, lane: Lane, job: Job) -> bool:
        """Whether `job` can train in `lane`, after dropping ended runs nobody looks at if that takes it."""
        if lane.active >= self.limits.runs_per_worker:
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
