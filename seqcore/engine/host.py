"""The process that owns the workers: `python -m seqcore.engine.host`.

It starts Dask's `LocalCluster`, writes one line of JSON to standard output (the scheduler's address and the
credentials to reach it) and ends when its standard input is closed, with everything it started: so nothing is left
behind even if the process that started it is killed. A process of its own, because Dask's workers are spawned, which
runs `__main__` again in each, and under Streamlit `__main__` is the app.

A Dask scheduler runs whatever code reaches it: it listens on the loopback interface only, serves no dashboard, and
asks for credentials made at start, which never touch the disk.
"""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time

import dask
import psutil
from distributed import LocalCluster
from distributed.security import Security

from seqcore.engine.limits import worker_count, worker_memory

GRACE = 2.5
"""Seconds a clean end may take before everything is killed."""

ENVIRONMENT = {
    # Dask asks the allocator to return every freed page, for the next epoch to fault in again: training was 2 to 5
    # times slower. Keep them instead; `actor.give_back_memory` returns them when a run is dropped.
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TOP_PAD_": str(2**26),
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}

SETTINGS = {
    "distributed.worker.profile.enabled": False,  # samples every thread's stack 100 times a second
    "distributed.worker.memory.target": False,  # actors cannot be spilled to disk ...
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,  # ... and the engine has its own limits; "terminate" (95 %) stays
    "distributed.worker.http.routes": [],
    "distributed.scheduler.http.routes": [],
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.deploy.lost-worker-timeout": "1 hour",  # by default a worker slow to come back is given up
    "distributed.admin.tick.interval": "500ms",
    "distributed.diagnostics.nvml": False,
}


def gpus() -> list[str]:
    """The GPUs this process may use, by the names CUDA_VISIBLE_DEVICES takes; asks the driver, not torch."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name.strip()]
    try:
        listing = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, timeout=20)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return []
    count = sum(line.startswith("GPU ") for line in listing.stdout.splitlines())
    return [str(index) for index in range(count)]


async def serve() -> None:
    """Run the cluster until standard input ends or a signal asks to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    threading.Thread(target=_follow_stdin, args=(loop, stop), daemon=True).start()

    devices = gpus()
    count = max(worker_count(), len(devices))
    environment = {**ENVIRONMENT, "SEQLAB_GPUS": ",".join(devices)}
    dask.config.set({**SETTINGS, "distributed.nanny.pre-spawn-environ": environment})
    security = Security.temporary()
    # no lifetime: a worker that retires by the clock takes its runs with it
    cluster = LocalCluster(
        n_workers=count, threads_per_worker=1, processes=True, memory_limit=worker_memory(count), host="127.0.0.1",
        security=security, silence_logs=logging.CRITICAL + 1, asynchronous=True,
        # no dashboard; its server cannot be left out, so it gets a port of the loopback interface and nothing to serve
        dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False},
    )  # fmt: skip
    async with cluster:
        tls = security.get_tls_config_for_role("client")
        client = {"tls_ca_file": tls["ca_file"], "tls_client_cert": tls["cert"], "tls_client_key": tls["key"]}
        print(json.dumps({"address": cluster.scheduler_address, "security": client}), flush=True)
        await stop.wait()
        threading.Thread(target=_end_by_force, daemon=True).start()


def _follow_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    loop.call_soon_threadsafe(stop.set)


def _end_by_force() -> None:
    time.sleep(GRACE)
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(1)


if __name__ == "__main__":
    asyncio.run(serve())
