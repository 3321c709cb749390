"""The way to the workers: one Dask client in one event loop, and the host process behind it.

Everything here runs in the engine's event loop.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path

from distributed import Client, Future
from distributed.actor import Actor
from distributed.security import Security

from seqcore.engine.actor import RunActor
from seqcore.engine.warm import Facts, warm
from seqcore.spec import RunSpec
from seqcore.training.recording import Branch

logger = logging.getLogger("seqcore.engine")

ROOT = Path(__file__).parents[2]
"""Where the host process finds this package, whatever directory the app was started in."""

START_SECONDS = 60.0
"""How long the host process may take to start its workers."""

END_SECONDS = 4.0
"""How long it may take to end."""


LOST_SECONDS = 5.0
"""How long after a broken connection the word may take that the worker has died."""


class WorkerLost(Exception):
    """The worker has died, or no longer answers."""


class Worker:
    """One warm worker process, which trains the runs opened in it one slice at a time."""

    def __init__(self, client: Client, address: str, facts: Facts):
        self.client = client
        self.address = address
        self.facts = facts
        self.lost = asyncio.get_running_loop().create_future()

    async def open(self, spec: RunSpec, series, concludes: bool, branch: Branch | None) -> "RemoteRun":
        """A new run in this worker; its model is built with the first slice (see `RunActor.open`)."""
        future = self.client.submit(RunActor, actor=True, pure=False, workers=[self.address], allow_other_workers=False)
        run = RemoteRun(self, future, await self._or_lost(future))
        await run.call("open", spec, series, concludes, branch)
        return run

    def lose(self) -> None:
        if not self.lost.done():
            self.lost.set_result(None)

    async def replace(self) -> None:
        """End the process, whatever it does; its nanny starts a new one."""
        if not self.lost.done():
            self.lose()
            try:
                await self.client.restart_workers([self.address], raise_for_error=False)
            except (ValueError, KeyError, OSError):  # it has no nanny, or has just gone by itself
                logger.exception("The worker at %s could not be replaced", self.address)

    async def _or_lost(self, answer):
        """The answer, or `WorkerLost` as soon as the worker is known to be gone: Dask may wait for it for ever.

        Raises TimeoutError if the worker cannot be reached though it is not gone.
        """
        task = asyncio.ensure_future(answer)
        try:
            await asyncio.wait((task, self.lost), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise WorkerLost(self.address)
            return task.result()
        except OSError as error:
            await asyncio.wait((self.lost,), timeout=LOST_SECONDS)
            if self.lost.done():
                raise WorkerLost(self.address) from error
            raise TimeoutError(self.address) from error
        finally:
            task.cancel()


class RemoteRun:
    """A run's actor in its worker. Calls are carried out in the order they arrive there."""

    def __init__(self, worker: Worker, future: Future, actor: Actor):
        self.worker = worker
        self.future = future
        self.actor = actor

    async def call(self, method: str, *values):
        """What `RunActor.<method>(*values)` returns; raises `WorkerLost`, or what the method raised."""
        return await self.worker._or_lost(getattr(self.actor, method)(*values))

    async def close(self) -> None:
        """Free the run's memory in the worker."""
        try:
            await self.call("close")
        except WorkerLost:
            return
        finally:
            self.future.release()


class Cluster:
    """Dask, started by ourselves or joined: tells `on_worker(worker)` of each worker that is ready for runs,
    `on_lost(worker)` of each that has gone, and `on_down(error)` if nothing can be trained any more; the error is None
    if the cluster has just ended.
    """

    def __init__(self, on_worker: Callable, on_lost: Callable, on_down: Callable):
        self.on_worker = on_worker
        self.on_lost = on_lost
        self.on_down = on_down
        self.present: set[str] = set()
        self.replacing = 0
        self.preparing: dict[str, asyncio.Task] = {}
        self.workers: dict[str, Worker] = {}
        self.host: asyncio.subprocess.Process | None = None
        self.client: Client | None = None
        self.tasks: set[asyncio.Task] = set()
        self.closing = False

    async def open(self, workers: int | None) -> None:
        """Start the host process with `workers` workers, or join the cluster SEQLAB_SCHEDULER names."""
        for name in ("distributed", "distributed.client"):  # what goes wrong is told in the engine's own words
            logging.getLogger(name).setLevel(logging.CRITICAL)
        address = os.environ.get("SEQLAB_SCHEDULER")
        security = Security()
        if not address:
            address, security = await self._start_host(workers)
        self.client = Client(address, security=security, asynchronous=True, direct_to_workers=True)
        await self.client
        self.client.subscribe_topic("all", self._on_event)
        identity = await self.client.scheduler.identity(n_workers=-1)
        for worker in identity["workers"]:
            self._arrive(worker)
        self._spawn(self._watch())

    async def memory(self) -> int:
        """Bytes of resident memory of all workers; 0 before there are any."""
        if not self.workers:
            return 0
        identity = await self.client.scheduler.identity(n_workers=-1)
        return sum(worker["metrics"].get("memory", 0) for worker in identity["workers"].values())

    async def close(self) -> None:
        """Leave the cluster; if it is our own, end it with all its processes."""
        self.closing = True
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for worker in self.workers.values():
            worker.lose()
        if self.client:
            if self.client.status == "running":
                self.client.unsubscribe_topic("all")
            with suppress(OSError):  # there may be nobody left to say goodbye to
                await self.client.close(2)
        if self.host and self.host.returncode is None:
            self.host.stdin.close()
            try:
                await asyncio.wait_for(self.host.wait(), END_SECONDS)
            except TimeoutError:
                self.host.kill()  # its workers end by themselves when it has gone

    async def _start_host(self, workers: int | None) -> tuple[str, Security]:
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": path}
        if workers:
            environment["SEQLAB_WORKERS"] = str(workers)
        # a session of its own: Ctrl-C in the terminal is for the app, whose end ends the host
        self.host = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "seqcore.engine.host", stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, env=environment, start_new_session=True,
        )  # fmt: skip
        line = await asyncio.wait_for(self.host.stdout.readline(), START_SECONDS)
        if not line:
            raise OSError(f"the host process ended with status {await self.host.wait()} before its workers were up")
        told = json.loads(line)
        return told["address"], Security(require_encryption=True, **told["security"])

    async def _watch(self) -> None:
        """Wait for the end of the host process, or of the connection to a cluster that is not ours."""
        if self.host:
            await self.host.wait()
        else:
            while self.client.status == "running":
                await asyncio.sleep(1)
        if not self.closing:
            for worker in self.workers.values():
                worker.lose()
            self.on_down(None)

    def _on_event(self, event: tuple[float, dict]) -> None:
        _, message = event
        if message["action"] == "add-worker":
            self._arrive(message["worker"])
        elif message["action"] == "remove-worker":
            self._depart(message["worker"])

    def _arrive(self, address: str) -> None:
        if address not in self.present:
            self.present.add(address)
            self.preparing[address] = self._spawn(self._prepare(address))

    def _depart(self, address: str) -> None:
        self.present.discard(address)
        self.replacing += 1
        if task := self.preparing.pop(address, None):
            task.cancel()
        if worker := self.workers.pop(address, None):
            worker.lose()
            self.on_lost(worker)

    async def _prepare(self, address: str) -> None:
        """Warm a worker, then offer it for runs."""
        try:
            facts = await self.client.submit(warm, pure=False, workers=[address], allow_other_workers=False)
        except Exception as error:
            logger.exception("The worker at %s cannot train", address)
            if not self.workers:
                self.on_down(error)
            return
        self.replacing = max(0, self.replacing - 1)
        self.workers[address] = Worker(self.client, address, facts)
        self.on_worker(self.workers[address])

    def _spawn(self, work: Coroutine) -> asyncio.Task:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task
