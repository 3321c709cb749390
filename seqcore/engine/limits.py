"""How much of the machine runs may take: every number in one place, those a host may want to set also by environment."""

import os
from dataclasses import dataclass, fields

GIB = 2**30

WORKER_BASE = GIB // 2
"""Bytes a warm worker takes before its first run (0.3 GiB measured), with room for Python's own needs."""

PAGE_RESERVE = GIB
"""Bytes left for the page process, the host process and the system."""

MOST_WORKERS = 16

BLOCK_FLOPS = 16e9
"""As in the trainer: most floating-point operations a forward and backward pass takes at once."""

GATES = {"rnn": 1, "lstm": 4, "gru": 3, "mlp": 1, "cnn": 1}


@dataclass(frozen=True)
class Limits:
    """What the engine allows. Each field is read from `SEQLAB_<FIELD>` where the environment sets it."""

    runs_per_owner: int = 4
    """Runs that keep their model in a worker, for one viewer."""

    runs: int = 64
    """The same, for everybody."""

    runs_per_worker: int = 4
    """Runs training in one worker at once; others wait in the queue."""

    queue: int = 32
    """Runs that may wait."""

    run_seconds: float = 1800.0
    """Training time of one run."""

    run_bytes: int = 0
    """Memory of one run; 0 takes half of what a worker has."""

    unwatched_pause: float = 60.0
    """Seconds without a viewer after which a run is paused."""

    unwatched_drop: float = 600.0
    """Further seconds after which a paused or stopped run is dropped."""

    unwatched_finished: float = 3600.0
    """Seconds without a viewer after which a finished run is dropped."""

    hung: float = 30.0
    """Seconds without an answer from a worker after which it is replaced."""

    @classmethod
    def from_environment(cls) -> "Limits":
        given = {item.name: os.environ.get(f"SEQLAB_{item.name.upper()}") for item in fields(cls)}
        return cls(**{name: type(getattr(cls, name))(text) for name, text in given.items() if text})


def memory() -> int:
    """Bytes of memory this machine, or the container around it, has."""
    from distributed.system import MEMORY_LIMIT  # knows about control groups

    return MEMORY_LIMIT


def worker_count() -> int:
    """How many workers this machine carries: SEQLAB_WORKERS, or one for each usable core its memory allows."""
    from dask.system import CPU_COUNT  # knows about affinity and control groups

    wanted = int(os.environ.get("SEQLAB_WORKERS") or min(CPU_COUNT, (memory() - PAGE_RESERVE) // (2 * WORKER_BASE)))
    return min(max(wanted, 1), MOST_WORKERS)


def worker_memory(workers: int) -> int:
    """Bytes each of `workers` may take before it is replaced, so that it is never the system that kills at random."""
    return max(2 * WORKER_BASE, (memory() - PAGE_RESERVE) // workers)


def run_memory(workers: int) -> int:
    """Bytes one run may take where nothing else is set: half of what a worker has for runs."""
    return (worker_memory(workers) - WORKER_BASE) // 2
