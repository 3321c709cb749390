"""Training on a memory task: every update sees new sequences, so that nothing can be learnt by heart."""

import math
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F

from seqcore.data.tasks import TASKS, make
from seqcore.data.tasks.spec import BATCH, MemorySpec
from seqcore.models import build
from seqcore.text import N_
from seqcore.training.device import OwnRandomness, pick_device
from seqcore.training.events import Diverged, Epoch, Finished, Progress, Started
from seqcore.training.flat import flatten
from seqcore.training.optimiser import clip_, make_optimiser

UPDATES = 25
"""Updates of the weights in an epoch."""

TESTED = 500
"""Sequences, never trained on, that every epoch is scored on."""


class MemoryTrainer:
    """One run, from untrained to trained: iterate over it once to train, for the events a `Trainer` gives.

    The errors of its `Epoch` events are the task's: the root mean squared error of a regression, the share of wrong
    answers where classes are asked for. `train_loss` and `train_rmse` are means over the epoch's batches, each before
    it was learnt from; those of epoch 0 are of the first batch. Raises `UserError` where a lag does not fit.
    """

    def __init__(self, spec: MemorySpec):
        self.spec, self.task = spec, TASKS[spec.data.task]
        self.batch = spec.training.batch_size or BATCH
        self.device = pick_device(spec.training.device)
        self.randomness = OwnRandomness(spec.seed, self.device)
        length = self.task.length(spec.data.lag)
        with self.randomness():
            model = build(spec.model, len(self.task.channels), length, self.task.outputs)
        self.model = model.to(self.device)
        self.flat, self.gradient = flatten(self.model)
        self.optimiser = make_optimiser(spec.training, self.flat)
        self.draws = np.random.default_rng([spec.seed, *b"batches"])
        self.test_x, self.test_y = self._on_device(make(spec.data.task, spec.data.lag, TESTED, spec.seed, "test"))
        self.epoch, self.seconds = 0, 0.0

    def __iter__(self) -> Iterator[object]:
        yield self.started()
        x, y = self._draw()
        with torch.no_grad():
            first = self._judge(self.model.eval()(x), y)
        yield self._told(0, first, math.nan)
        for epoch in range(1, self.spec.training.epochs + 1):
            seen, norm = [], math.nan
            for update in range(UPDATES):
                began = time.perf_counter()
                told, norm = self._learn()
                seen.append(told)
                self.seconds += time.perf_counter() - began
                yield Progress((update + 1) / UPDATES)
            event = self._told(epoch, np.mean(seen, axis=0), norm)
            yield event
            if not math.isfinite(event.train_loss):
                lr = self.spec.training.lr
                words = N_("Diverged at epoch {epoch}: the loss grew without bound. Lower the learning rate ({lr:g}) "
                           "or clip.")  # fmt: skip
                yield Diverged(epoch, words, {"epoch": epoch, "lr": lr})
                return
        yield Finished(self.epoch)

    def started(self) -> Started:
        """`naive_rmse` is the chance level: the error of the best answer that does not know the far step."""
        chance = self.task.chance_score
        return Started(
            weights=self.flat.numel(), device=str(self.device), kernel="torch", train_windows=0, test_windows=TESTED,
            train_from=0, test_from=0, split=0, naive_rmse=1 - chance if self.task.classes else chance,
        )  # fmt: skip

    def solved(self, error: float) -> bool:
        """Whether an `Epoch`'s error is at the level at which the task counts as solved."""
        return self.task.solves(1 - error if self.task.classes else error)

    def _draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self._on_device(self.task.make(self.spec.data.lag, self.batch, self.draws))

    def _on_device(self, made) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(made.x).to(self.device), torch.from_numpy(made.y).to(self.device)

    def _learn(self) -> tuple[tuple[float, float], float]:
        """One update on new sequences: the loss and error before it, and the gradient's norm."""
        x, y = self._draw()
        self.model.train()
        self.gradient.zero_()
        with self.randomness():
            answer = self.model(x)
        loss = self._loss(answer, y)
        loss.backward()
        norm = clip_(self.gradient, self.spec.training.clip)
        self.optimiser.step()
        return self._judge(answer.detach(), y), norm

    def _loss(self, answer: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(answer, y) if self.task.classes else F.mse_loss(answer, y)

    def _judge(self, answer: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
        """Loss and error of answers (B, K)."""
        loss = self._loss(answer, y).item()
        if self.task.classes:
            return loss, (answer.argmax(dim=1) != y).double().mean().item()
        return loss, math.sqrt(loss)

    def _told(self, epoch: int, train: tuple[float, float], norm: float) -> Epoch:
        self.epoch = epoch
        with torch.no_grad():
            _, error = self._judge(self.model.eval()(self.test_x), self.test_y)
        loss, train_error = map(float, train)
        return Epoch(epoch, loss, train_error, error, norm, self.seconds)
