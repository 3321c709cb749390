"""The engine as a page or a shell sees it: submit runs, find them again, read how things stand.

One thread with one event loop does all the work; whoever calls from outside either hands over a request or reads an
immutable object that the loop has published by one assignment. There is nothing to lock.
"""

import asyncio
import atexit
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from seqcore.engine.cluster import Cluster, Worker, WorkerLost
from seqcore.engine.job import Job
from seqcore.engine.limits import Limits, run_memory, worker_count
from seqcore.engine.run import Run
from seqcore.engine.scheduler import Scheduler
from seqcore.engine.view import EngineStatus, Sentence
from seqcore.look import Clamp, check_clamps
from seqcore.spec import Whole
from seqcore.text import N_, UserError
from seqcore.training.recording import Branch

logger = logging.getLogger("seqcore.engine")

STARTING = N_("The training processes are starting.")
ENDED = N_("The training processes ended unexpectedly. Press Train to start them again.")
NOT_STARTED = N_("The training processes could not be started ({kind}). Press Train to try again.")
CLOSED = N_("The engine has been closed.")

FORKED = ("epochs", "lr", "clip", "optimiser")
"""Settings in which a fork may differ from its parent."""

ANSWER_SECONDS = 10.0
"""How long the event loop may take to answer; it takes about a millisecond."""


def connect(
    workers: int | None = None, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
) -> "Engine":
    """Start the engine; it is there at once, and its workers some seconds later: runs may be submitted meanwhile.

    `workers` processes are started (default: SEQLAB_WORKERS, or one for each usable core), and end with this process,
    however it ends. With SEQLAB_SCHEDULER=tls://host:8786 (or tcp://) a Dask cluster that is already there is joined
    instead, by Dask's own TLS configuration; its workers need this package, its requirements, one thread
    (`--nthreads 1`), and the environment of `seqcore.engine.host.ENVIRONMENT` for full speed.
    """
    return Engine(workers, limits or Limits.from_environment(), clock)


class Engine:
    """Runs, and the workers that train them. Made by `connect`; all methods may be called from any thread."""

    def __init__(self, workers: int | None, limits: Limits, clock: Callable[[], float]):
        self._workers = workers
        self._clock = clock
        run_bytes = limits.run_bytes or run_memory(workers or worker_count())
        self._scheduler = Scheduler(replace(limits, run_bytes=run_bytes), clock)
        self._cluster: Cluster | None = None
        self._message: Sentence | None = (STARTING, {})
        self._runs: Mapping[str, Run] = {}
        self._memory = 0
        self._status = EngineStatus(message=self._message)
        self._tasks: set[asyncio.Task] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()
        self._loop.call_soon_threadsafe(self._begin)
        atexit.register(self.close)

    def submit(self, spec: Whole, series, owner: str) -> Run:
        """Train `spec` on `series` (a `Series`) for `owner`; raises `UserError` where a limit stands in the way."""
        return self._answer(self._submit, spec, series, owner)

    def submit_batch(self, specs: Sequence[Whole], series, owner: str) -> tuple[Run, ...]:
        """Train many on one `Series`, as wide as there are workers; all or none are taken in.

        Such a run leaves its worker when it ends: its view keeps the curves and, once finished, a snapshot of all its
        forecasts (`Trainer.conclusion`). Raises `UserError` where a limit stands in the way.
        """
        return self._answer(self._submit_batch, specs, series, owner) if specs else ()

    def fork(self, run: Run, epoch: int, spec: Whole, clamps: Sequence[Clamp] = (), owner: str | None = None) -> Run:
        """Go on from a recorded `epoch` of `run` as `spec` says, with values of the network held: a run of its own.

        The new run belongs to `owner`, or to the owner of `run`; up to the fork it is `run`, to the last bit. With
        `clamps` the epoch of the fork is scored again, as it is with them. `spec` may differ in what `FORKED` names.
        Raises `UserError` where that is not so, the network has no such values, the epoch is not recorded, or a limit
        stands in the way.
        """
        return self._answer(self._fork, run._job, epoch, spec, tuple(clamps), owner or run.owner)

    def keep(self, owner: str) -> None:
        """Say that somebody looks at all runs of `owner`: without, they are paused and later dropped."""

        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._scheduler.keep, owner)

    def find(self, run_id: str) -> Run | None:
        """The run of that id, unless it has been dropped."""
        return self._runs.get(run_id)

    def of(self, owner: str) -> tuple[Run, ...]:
        """The runs of one owner, newest first."""
        return tuple(run for run in reversed(self._runs.values()) if run.owner == owner)

    def status(self) -> EngineStatus:
        """How things stand, at most a second ago."""
        return self._status

    def close(self) -> None:
        """End all runs and processes; returns when they have gone."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(2 * ANSWER_SECONDS)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(ANSWER_SECONDS)
            atexit.unregister(self.close)

    def _answer(self, function: Callable, *values):
        """Run a coroutine function in the event loop and return, or raise, what it does."""
        if not self._thread.is_alive():
            raise UserError(CLOSED)

        return asyncio.run_coroutine_threadsafe(function(*values), self._loop).result(ANSWER_SECONDS)

    def _post(self, name: str, job: Job, *values) -> None:
        """Have the scheduler do something; no answer."""

        def carry_out():
            getattr(self._scheduler, name)(job, *values)
            self._publish()

        with suppress(RuntimeError):  # the loop is closed: there is nothing left to ask
            self._loop.call_soon_threadsafe(carry_out)

    def _await_look(self, job: Job, seconds: float) -> None:
        """Wait until the snapshot somebody asked for is in the view."""

        async def looked():
            while job.looking or job.waits_for_look(self._clock()):
                await job.moved.wait()

        if self._thread.is_alive():
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(asyncio.wait_for(looked(), seconds), self._loop).result()

    # what follows runs in the event loop

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def _begin(self) -> None:
        self._house = self._spawn(self._keep_house())
        self._start()

    async def _submit(self, spec: Whole, series, owner: str) -> Run:
        job = Job(spec, series, owner, self._clock())
        self._scheduler.submit(job)
        return self._take_in([job])[0]

    async def _submit_batch(self, specs: Sequence[Whole], series, owner: str) -> tuple[Run, ...]:
        jobs = [Job(spec, series, owner, self._clock(), batch=True) for spec in specs]
        self._scheduler.submit_batch(jobs)
        return self._take_in(jobs)

    async def _fork(self, parent: Job, epoch: int, spec: Whole, clamps: tuple[Clamp, ...], owner: str) -> Run:
        changed = [name for name, _, _ in spec.differences(parent.spec) if name not in FORKED]
        if changed:
            raise UserError(
                N_("A fork keeps {name}: only {choices} may change."), name=changed[0], choices=", ".join(FORKED)
            )
        check_clamps(clamps, spec.model)
        if parent.remote is None or epoch not in parent.recorded or epoch > spec.training.epochs:
            raise UserError(
                N_("Epoch {epoch} of this run is not recorded: choose another, or train again."), epoch=epoch
            )
        try:
            states = await parent.remote.call("branch", epoch)
        except WorkerLost:
            raise UserError(N_("The process that trained this run has ended: train it again.")) from None
        job = Job(spec, parent.series, owner, self._clock())
        same = spec.training.optimiser == parent.spec.training.optimiser
        job.go_on_from(parent, epoch, Branch(states, clamps, optimiser=same))
        self._scheduler.submit(job)
        return self._take_in([job])[0]

    def _take_in(self, jobs: list[Job]) -> tuple[Run, ...]:
        if self._cluster is None:
            self._start()
        runs = {job.id: Run(job, self._post, self._await_look, self._clock) for job in jobs}
        self._runs = {**self._runs, **runs}
        self._publish()
        return tuple(runs.values())

    def _start(self) -> None:
        self._message = (STARTING, {})
        self._cluster = Cluster(self._add_worker, self._lose_worker, self._lose_cluster)
        self._starting = self._spawn(self._open(self._cluster))

    async def _open(self, cluster: Cluster) -> None:
        try:
            await cluster.open(self._workers)
        except Exception as error:  # whatever it is, the reader is told, and may try again
            logger.exception("The training processes could not be started")
            self._lose_cluster(error)

    def _add_worker(self, worker: Worker) -> None:
        self._scheduler.add_worker(worker)
        self._publish()

    def _lose_worker(self, worker: Worker) -> None:
        self._scheduler.lose_worker(worker)
        self._publish()

    def _lose_cluster(self, error: Exception | None) -> None:
        """The cluster has gone, or never came up; the next run starts it anew."""
        cluster, self._cluster = self._cluster, None
        if cluster:
            self._message = (NOT_STARTED, {"kind": type(error).__name__}) if error else (ENDED, {})
            self._scheduler.lose_all(self._message)
            self._spawn(cluster.close())
            self._publish()

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._scheduler.tidy()
            if self._cluster:
                with suppress(OSError):  # it is just ending
                    self._memory = await asyncio.wait_for(self._cluster.memory(), ANSWER_SECONDS)
            self._publish()

    def _publish(self) -> None:
        """Replace what readers see by what is so."""
        scheduler, cluster = self._scheduler, self._cluster
        kept = {job.id for job in scheduler.jobs}
        if kept != self._runs.keys():
            self._runs = {name: run for name, run in self._runs.items() if name in kept}
        self._status = EngineStatus(
            workers=len(cluster.present) if cluster else 0,
            warm=len(scheduler.lanes),
            running=sum(lane.active for lane in scheduler.lanes.values()),
            queued=len(scheduler.queue),
            memory=self._memory if cluster else 0,
            devices=tuple(worker.facts.device for worker in scheduler.lanes),
            restarting=cluster.replacing if cluster else 0,
            message=None if scheduler.lanes else self._message,
        )

    async def _end(self) -> None:
        self._house.cancel()
        self._starting.cancel()
        cluster, self._cluster = self._cluster, None
        if cluster:
            await cluster.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine) -> asyncio.Task:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
