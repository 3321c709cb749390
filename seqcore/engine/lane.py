"""One worker and the runs in it: which is trained next, and for how long."""

import asyncio
import logging
from collections.abc import Callable

from seqcore.engine.actor import INTERNAL
from seqcore.engine.cluster import RemoteRun, Worker, WorkerLost
from seqcore.engine.job import ON, SLICE, SLICE_ALONE, Job
from seqcore.engine.limits import WORKER_BASE

logger = logging.getLogger("seqcore.engine")

DEPTH = 2
"""Slices sent to a worker before the first has come back: it need not wait for a busy page process."""

DEPTH_SECONDS = 0.2
"""Most training time under way at once, unless one slice alone takes longer: what Stop and Pause may have to wait."""


class Lane:
    """Trains the runs of one worker, always the one that has used the least time.

    Time, not epochs: by epochs a large network would get nearly all of it. `changed(job)` is called when a run has
    moved, `hung()` when the worker has not answered for `patience` seconds.
    """

    def __init__(self, worker: Worker, clock: Callable, patience: float, changed: Callable, hung: Callable):
        self.worker = worker
        self.clock = clock
        self.patience = patience
        self.changed = changed
        self.hung = hung
        self.jobs: list[Job] = []
        self.flights = 0
        self.airborne = 0.0  # training seconds under way
        self.tasks: set[asyncio.Task] = set()

    @property
    def active(self) -> int:
        return sum(job.active for job in self.jobs)

    @property
    def free(self) -> int:
        """Bytes the worker has left for further runs."""
        limit = self.worker.facts.memory_limit
        return limit - WORKER_BASE - sum(job.bytes for job in self.jobs) if limit else 2**62

    def admit(self, job: Job) -> None:
        """Let a run train here; it enters level with the one that has used the least, not with a claim on the past."""
        others = [other.turn for other in self.jobs if other.active and other is not job]
        job.turn = max(job.turn, min(others, default=0.0))
        job.status = "running" if job.started else "starting"
        if job.lane is None:
            job.lane = self
            self.jobs.append(job)
            self._spawn(self._open(job))
        self.pump()

    def remove(self, job: Job) -> None:
        """Free the run's memory in the worker."""
        self.jobs.remove(job)
        job.lane = None
        remote, job.remote = job.remote, None
        if remote is not None:
            self._spawn(remote.close())

    def pump(self) -> None:
        """Send slices until enough is under way."""
        while (job := self._next()) is not None:
            self._send(job)

    def _next(self) -> Job | None:
        now = self.clock()
        ready = [job for job in self.jobs if job.remote and (job.wants_training or job.wants_rest_look(now))]
        if not ready:
            return None
        job = min(ready, key=lambda job: job.turn)
        full = self.flights >= DEPTH or (self.flights and self.airborne + self._charge(job) > DEPTH_SECONDS)
        return None if full else job

    def _slice(self, job: Job) -> float:
        return min(job.slice, SLICE_ALONE if self.active == 1 else SLICE)

    def _charge(self, job: Job) -> float:
        """Seconds the next slice of a run will take, as far as one can tell."""
        return max(self._slice(job), job.last_seconds) if job.wants_training else 0.0

    async def _open(self, job: Job) -> None:
        try:
            remote = await asyncio.wait_for(
                self.worker.open(job.spec, job.series, job.batch, job.branch), self.patience
            )
        except WorkerLost:
            return  # the engine is told of it by itself
        except TimeoutError:
            self.hung()
            await self.worker.replace()
            return
        except Exception as error:
            logger.exception("A run could not be opened: %s", job.spec)
            job.fail((INTERNAL, {"kind": type(error).__name__}))
            self.changed(job)
            return
        if job.lane is self:
            job.remote, job.branch = remote, None
            self.pump()
        else:  # dropped in the meantime
            await remote.close()

    def _send(self, job: Job) -> None:
        """Send one slice, or a look without training at a run that rests."""
        look = job.look_wanted(self.clock())
        charge = self._charge(job)
        if job.wants_training:
            goal = job.goal if job.goal < job.spec.training.epochs else ON  # on to the event that tells of the end
            order = (self._slice(job), goal, dict(job.wishes), look)
        else:
            order = (0.0, -1, None, look)
        job.turn += charge
        job.flying += 1
        job.looking = job.looking or look is not None
        self.airborne += charge
        self.flights += 1
        self._spawn(self._fly(job, job.remote, charge, order))

    async def _fly(self, job: Job, remote: RemoteRun, charge: float, order: tuple) -> None:
        """Have a slice carried out and take in what comes back."""
        try:
            slice = await asyncio.wait_for(remote.call("advance", *order), self.patience)
        except WorkerLost:
            return  # the engine is told of it by itself
        except TimeoutError:
            self.hung()
            await self.worker.replace()
            return
        except Exception as error:
            logger.exception("A slice of a run failed: %s", job.spec)
            job.fail((INTERNAL, {"kind": type(error).__name__}))
            slice = None
        finally:
            self.flights -= 1
            self.airborne -= charge
            job.flying -= 1
            job.looking = job.looking and order[-1] is None
        if job.lane is not self:
            return  # dropped in the meantime
        if slice is not None:
            job.turn += slice.seconds - charge
            job.land(slice, self.clock())
        self.changed(job)
        self.pump()

    def _spawn(self, work) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
