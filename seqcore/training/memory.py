"""Training on a memory task: every update sees new sequences, so that nothing can be learnt by heart."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional as F

from seqcore.data.tasks import TASKS, Sequences, make
from seqcore.data.tasks.spec import BATCH, MemorySpec
from seqcore.look import NOW, Look
from seqcore.models.remedied import Remedied
from seqcore.probes.record import record
from seqcore.text import N_
from seqcore.training.device import OwnRandomness, pick_device
from seqcore.training.events import Changed, Diverged, Epoch, Finished, Progress, Snapshot, Started
from seqcore.training.flat import flatten
from seqcore.training.optimiser import clip_, make_optimiser
from seqcore.training.reach import Profiles, gradients, horizons, singular_values
from seqcore.training.recording import State, digest
from seqcore.training.snapshot import as_it_was
from seqcore.training.trainer import DIVERGED

UPDATES = 25
"""Updates of the weights in an epoch."""

TESTED = 500
"""Sequences, never trained on, that every epoch is scored on."""


class MemoryTrainer:
    """One run, from untrained to trained: iterate over it once to train, for the events a `Trainer` gives.

    The errors of its `Epoch` events are the task's: the root mean squared error of a regression, the share of wrong
    answers where classes are asked for. `train_loss` and `train_rmse` are means over the epoch's batches, each before
    it was learnt from; those of epoch 0 are of the first batch. What `CHANGEABLE` names may be assigned, and holds
    from the end of the epoch under way on. Raises `UserError` where a device is asked for that is not there.
    """

    CHANGEABLE = ("lr", "clip", "clip_value", "truncate")

    def __init__(self, spec: MemorySpec):
        self.spec, self.task = spec, TASKS[spec.data.task]
        self.batch = spec.training.batch_size or BATCH
        self.device = pick_device(spec.training.device)
        self.randomness = OwnRandomness(spec.seed, self.device)
        with self.randomness():
            model = Remedied(spec.model, spec.remedies, len(self.task.channels), self.task.outputs)
        self.model = model.to(self.device)
        self.flat, self.gradient = flatten(self.model)
        self.optimiser = make_optimiser(spec.training, self.flat)
        self.draws = np.random.default_rng([spec.seed, *b"batches"])
        self.test_x, self.test_y = self._on_device(make(spec.data.task, spec.data.lag, TESTED, spec.seed, "test"))
        self.now = {name: spec.flat()[name] for name in self.CHANGEABLE}
        for name, value in self.now.items():
            setattr(self, name, value)
        self.profiles = Profiles(spec)
        self.epoch, self.seconds, self.grad_norm, self.clipped_norm = 0, 0.0, math.nan, math.nan
        self.clipped_norms: list[float] = []  # by epoch
        self.solved_at: int | None = None

    def __iter__(self) -> Iterator[object]:
        yield self.started()
        first = yield from self._begin()
        for epoch in range(1, self.spec.training.epochs + 1):
            seen = []
            for update in range(UPDATES):
                began = time.perf_counter()
                seen.append(self._learn())
                self.seconds += time.perf_counter() - began
                yield Progress((update + 1) / UPDATES)
            event = self._told(epoch, np.mean(seen, axis=0))
            yield event
            if not event.train_loss <= DIVERGED * max(first, 1.0):
                words = N_("Diverged at epoch {epoch}: the loss grew without bound. Lower the learning rate ({lr:g}) "
                           "or clip.")  # fmt: skip
                yield Diverged(epoch, words, {"epoch": epoch, "lr": self.lr})
                return
            if self.spec.stop and self.solved_at is not None:
                break
            yield from self._changes(epoch)
        yield Finished(self.epoch)

    def started(self) -> Started:
        """`naive_rmse` is the chance level: the error of the best answer that does not know the far step."""
        return Started(
            weights=self.flat.numel(), device=str(self.device), kernel=self.model.cell.kernel_for(self._draw()[0]),
            train_windows=self.batch * UPDATES, test_windows=TESTED, train_from=0, test_from=0, split=0,
            naive_rmse=self.task.error(self.task.chance_score),
        )  # fmt: skip

    @np.errstate(over="ignore", invalid="ignore")
    def snapshot(self, look: Look = NOW, state: State | None = None) -> Snapshot:
        """What `look` asks for, of the model as it is or as it was in `state`.

        Of test sequence number `window`: `input` (T, C), `answer` and `prediction` (K,) and the taps (T, H); and see
        `seqcore.training.reach`, whose `over.` arrays are always there. `clipped_norm` (n,) is, by epoch, what clipping
        left of the last update's gradient.
        """
        sequence = min(max(look.window, 0), TESTED - 1)
        x = self.test_x[sequence]
        epoch = state.epoch if state else self.epoch
        with as_it_was(self, state):
            arrays = {"input": x.cpu().numpy(), **self.profiles.arrays(epoch)}
            with torch.no_grad(), record(self.model) as tape:
                arrays["prediction"] = self.model(x[None])[0].cpu().numpy()
            arrays["answer"] = np.atleast_1d(self.test_y[sequence].cpu().numpy())
            arrays |= {name: values[0] for name, values in tape.arrays.items()}
            arrays["clipped_norm"] = np.array(self.clipped_norms[: epoch + 1])
            if look.gradients:
                arrays |= gradients(self)
            if look.horizons:
                arrays |= horizons(self)
            if look.jacobian:
                arrays |= singular_values(self, sequence)
            fingerprint = digest(self.flat.detach().cpu().numpy())
        return Snapshot(epoch, sequence, arrays, fingerprint)

    def conclusion(self) -> Snapshot:
        """All there is to see of the network as it is, and `solved`, the epoch of that (NaN where there is none)."""
        if self.epoch not in self.profiles.kept:
            self.profiles.keep(self)
        shot = self.snapshot(Look(gradients=True, horizons=True, jacobian=True))
        solved = np.array(math.nan if self.solved_at is None else float(self.solved_at))
        return replace(shot, arrays={**shot.arrays, "solved": solved})

    @property
    def state_bytes(self) -> int:
        """What a `state` takes."""
        return self.flat.numel() * self.flat.element_size()

    def state(self) -> State:
        """What can be looked at again; the training does not go on from there."""
        weights = self.flat.detach().cpu().numpy().copy()
        return State(self.epoch, weights, {}, (), self.lr, self.grad_norm, self.seconds)

    def loss(self, answer: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Of answers (B, K): the cross entropy or the mean squared error."""
        return F.cross_entropy(answer, y) if self.task.classes else F.mse_loss(answer, y)

    def _begin(self) -> Iterator[object]:
        """Tell of the untrained network; returns its loss."""
        x, y = self._draw()
        with torch.no_grad():
            judged = self._judge(self.model.eval()(x), y)
        event = self._told(0, judged)
        yield event
        yield from self._changes(0)
        return event.train_loss

    def _draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self._on_device(self.task.make(self.spec.data.lag, self.batch, self.draws))

    def _on_device(self, made: Sequences) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(made.x).to(self.device), torch.from_numpy(made.y).to(self.device)

    @np.errstate(over="ignore", invalid="ignore")  # an explosion is told as an event
    def _learn(self) -> tuple[float, float]:
        """One update on new sequences; the loss and error before it."""
        x, y = self._draw()
        self.model.train()
        self.gradient.zero_()
        with self.randomness():
            answer = self.model(x)
        self.loss(answer, y).backward()
        self.grad_norm = self.gradient.norm().item()
        if limit := self.now["clip_value"]:
            self.gradient.clamp_(-limit, limit)
        norm = clip_(self.gradient, self.now["clip"])
        self.clipped_norm = min(norm, self.now["clip"] or math.inf)
        self.optimiser.step()
        return self._judge(answer.detach(), y)

    def _judge(self, answer: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
        """Loss and error of answers (B, K)."""
        loss = self.loss(answer, y).item()
        if self.task.classes:
            return loss, (answer.argmax(dim=1) != y).double().mean().item()
        return loss, math.sqrt(loss)

    @np.errstate(over="ignore", invalid="ignore")
    def _told(self, epoch: int, train: tuple[float, float]) -> Epoch:
        self.epoch = epoch
        with torch.no_grad():
            _, error = self._judge(self.model.eval()(self.test_x), self.test_y)
        if self.solved_at is None and self.task.solves(self.task.error(error)):
            self.solved_at = epoch
        self.clipped_norms.append(self.clipped_norm)
        if epoch in self.profiles.epochs:
            self.profiles.keep(self)
        loss, train_error = map(float, train)
        return Epoch(epoch, loss, train_error, error, self.grad_norm, self.seconds)

    def _changes(self, epoch: int) -> Iterator[Changed]:
        """Take over what was assigned since."""
        for name, value in self.now.items():
            if (wanted := getattr(self, name)) != value:
                self.now[name] = wanted
                yield Changed(epoch, name, wanted)
        self.optimiser.param_groups[0]["lr"] = self.now["lr"]
        self.model.truncate = self.now["truncate"]
