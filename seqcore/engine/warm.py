"""Makes a worker ready, before its first run: everything imported, every kernel used once, the heap out of the way."""

import gc
import os
from dataclasses import dataclass
from functools import cache

import numpy as np
from distributed import get_worker

NICE = 5
"""How far a worker steps back: it keeps all of an idle machine, and a click is answered while it trains."""


@dataclass(frozen=True)
class Facts:
    """What the engine knows of a worker: its process, device, and the most memory (bytes) it may take, 0 if any."""

    pid: int
    device: str
    cuda: bool
    memory_limit: int


@cache
def warm() -> Facts:
    """Import torch and train something tiny with every architecture; in a worker, once."""
    worker = get_worker()
    _claim_gpu(worker.name)
    _step_back()
    import torch

    _train_tiny()
    gc.collect()
    gc.freeze()
    cuda = torch.cuda.is_available()
    device = torch.cuda.get_device_name() if cuda else "CPU"
    return Facts(os.getpid(), device, cuda, worker.memory_manager.memory_limit or 0)


def _claim_gpu(name: object) -> None:
    """In the engine's own cluster, worker `i` owns the i-th GPU and the others see none; elsewhere, leave it."""
    gpus = os.environ.get("SEQLAB_GPUS")
    if gpus is not None:
        owned = dict(enumerate(gpus.split(",")))
        os.environ["CUDA_VISIBLE_DEVICES"] = owned.get(int(name), "")


def _step_back() -> None:
    """In the engine's own cluster the page's process and the browser go first where all want the processor."""
    if "SEQLAB_GPUS" in os.environ and hasattr(os, "nice"):
        os.nice(NICE)


def _train_tiny() -> None:
    from seqcore.catalogue import ARCHITECTURES
    from seqcore.data.series import Series
    from seqcore.data.text.spec import TranslationSpec
    from seqcore.look import Look, Study
    from seqcore.spec import RunSpec
    from seqcore.training.trainer import Trainer
    from seqcore.training.translation import TranslationTrainer

    steps = np.arange(600)
    series = Series("warm", "", "", np.sin(steps), steps, 0, "", "", generated=True)
    for architecture in ARCHITECTURES:
        spec = RunSpec().replace(architecture=architecture.name, hidden_size=4, seq_length=8, epochs=2)
        trainer = Trainer(spec, series)
        for _ in trainer:
            pass
        trainer.snapshot(Look(free_running=True, study=Study()))
    spec = TranslationSpec().replace(hidden_size=4, embedding_size=4, pairs=8, epochs=1)
    trainer = TranslationTrainer(spec)
    for _ in trainer:
        pass
    trainer.snapshot()
