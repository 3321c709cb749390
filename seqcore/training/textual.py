"""What every training on text does: batches of rows of ids, drawn in rounds, and the events that tell of it."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from seqcore.data.text import PAD
from seqcore.data.text.spec import BATCH
from seqcore.models.seq2seq import token_loss
from seqcore.spec import Whole
from seqcore.text import N_
from seqcore.training.device import OwnRandomness, pick_device
from seqcore.training.events import Changed, Diverged, Epoch, Finished, Progress, Started
from seqcore.training.flat import flatten
from seqcore.training.optimiser import clip_, make_optimiser
from seqcore.training.recording import State
from seqcore.training.trainer import DIVERGED

UPDATES = 5
"""Updates of the weights in an epoch."""

SCORED = 100
"""Sentences, never trained on, that every epoch is scored on."""

TESTED = 1000
"""The same at the end of one run of many."""


class TextTrainer(ABC):
    """One run, from untrained to trained: iterate over it once to train, for the events a `Trainer` gives.

    The loss of its `Epoch` events is the cross entropy per token in nats, without label smoothing, their errors are
    shares of wrong tokens: of the epoch's batches, each before it was learnt from (epoch 0: of the first), and of
    `SCORED` sentences never seen. What `CHANGEABLE` names may be assigned, and holds from the end of the epoch under
    way on. A run that is not to be `trained` ends with epoch 0. Raises `UserError` where a device is asked for that is
    not there.

    `x` (count, S) are the ids that are learnt from, `longest` the tokens of the longest of those it is tested on, and
    `over` holds by epoch what the events have no place for.
    """

    CHANGEABLE: tuple[str, ...] = ("lr", "clip")

    x: torch.Tensor
    longest: int

    def __init__(self, spec: Whole):
        self.spec = spec
        self.device = pick_device(spec.training.device)
        self.randomness = OwnRandomness(spec.seed, self.device)
        with self.randomness():
            model = self.build()
        self.model = model.to(self.device)
        self.flat, self.gradient = flatten(self.model)
        self.optimiser = make_optimiser(spec.training, self.flat)
        self.batches = self._batches(np.random.default_rng([spec.seed, *b"batches"]))
        flat = spec.flat()
        self.epochs = spec.training.epochs if flat.get("trained", True) else 0
        self.warmup, self.smoothing = flat.get("warmup", 0), flat.get("label_smoothing", 0.0)
        self.now = {name: flat[name] for name in self.CHANGEABLE if name in flat}
        for name, value in self.now.items():
            setattr(self, name, value)
        self.epoch, self.seconds, self.grad_norm, self.updates = 0, 0.0, math.nan, 0
        self.over: dict[str, list[float]] = {"loss": []}

    @abstractmethod
    def build(self) -> nn.Module:
        """The network that the spec describes, with weights drawn from torch's global generator."""

    @abstractmethod
    def started(self) -> Started:
        """`naive_rmse` is the share of wrong tokens of whoever always says the most frequent one."""

    @abstractmethod
    def read(self, chosen: torch.Tensor, done: float | None) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (B, T, V) and the true tokens (B, T) of the rows `chosen` (B,) of what is learnt from.

        `done` is the share of the training that is done, 0 to 1; None where it is only looked.
        """

    @abstractmethod
    def tested(self) -> tuple[float, float]:
        """The loss of `SCORED` sentences never seen, and the share of right tokens."""

    def score(self) -> tuple[float, float]:
        """What `tested` gives at the end of an epoch, when whatever else there is to score is put into `over`."""
        return self.tested()

    def __iter__(self) -> Iterator[object]:
        yield self.started()
        first = yield from self._begin()
        for epoch in range(1, self.epochs + 1):
            seen = []
            for update in range(UPDATES):
                began = time.perf_counter()
                seen.append(self._learn((epoch - 1 + update / UPDATES) / self.epochs))
                self.seconds += time.perf_counter() - began
                yield Progress((update + 1) / UPDATES)
            event = self._told(epoch, *map(float, np.mean(seen, axis=0)))
            yield event
            if not event.train_loss <= DIVERGED * max(first, 1.0):
                words = N_("Diverged at epoch {epoch}: the loss grew without bound. Lower the learning rate ({lr:g}) "
                           "or clip.")  # fmt: skip
                yield Diverged(epoch, words, {"epoch": epoch, "lr": self.lr})
                return
            yield from self._changes(epoch)
        yield Finished(self.epoch)

    @property
    def state_bytes(self) -> int:
        """What a `state` takes."""
        return self.flat.numel() * self.flat.element_size()

    def state(self) -> State:
        """What can be looked at again; the training does not go on from there."""
        weights = self.flat.detach().cpu().numpy().copy()
        return State(self.epoch, weights, {}, (), self.lr, self.grad_norm, self.seconds)

    def on_device(self, rows: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(rows).to(self.device)

    @property
    def size(self) -> int:
        """Sentences in a batch."""
        return min(self.spec.training.batch_size or BATCH, len(self.x))

    def _begin(self) -> Iterator[object]:
        """Tell of the untrained network; returns its loss."""
        self.model.eval()
        with torch.no_grad():
            loss, right = judged(*self.read(torch.arange(self.size, device=self.device), None))
        event = self._told(0, loss.item(), 1 - right)
        yield event
        yield from self._changes(0)
        return event.train_loss

    def _batches(self, draws: np.random.Generator) -> Iterator[torch.Tensor]:
        """The places of the next sentences to learn from, without end; every round sees each once."""
        left = np.empty(0, np.int64)
        while True:
            while len(left) < self.size:
                left = np.append(left, draws.permutation(len(self.x)))
            now, left = left[: self.size], left[self.size :]
            yield self.on_device(now)

    @np.errstate(over="ignore", invalid="ignore")  # an explosion is told as an event
    def _learn(self, done: float) -> tuple[float, float]:
        """One update; the loss and the share of wrong tokens before it."""
        chosen = next(self.batches)
        self.model.train()
        self.gradient.zero_()
        with self.randomness():
            logits, y = self.read(chosen, done)
        loss, right = judged(logits, y)
        (token_loss(logits, y, self.smoothing) if self.smoothing else loss).backward()
        self.grad_norm = clip_(self.gradient, self.now["clip"])
        self.updates += 1
        warmth = min(1.0, self.updates / self.warmup) if self.warmup else 1.0
        self.optimiser.param_groups[0]["lr"] = self.now["lr"] * warmth
        self.optimiser.step()
        return loss.item(), 1 - right

    @np.errstate(over="ignore", invalid="ignore")
    def _told(self, epoch: int, loss: float, wrong: float) -> Epoch:
        self.epoch = epoch
        self.model.eval()
        with torch.no_grad():
            test_loss, right = self.score()
        self.over["loss"].append(test_loss)
        return Epoch(epoch, loss, wrong, 1 - right, self.grad_norm, self.seconds)

    def _changes(self, epoch: int) -> Iterator[Changed]:
        """Take over what was assigned since."""
        for name, value in self.now.items():
            if (wanted := getattr(self, name)) != value:
                self.now[name] = wanted
                yield Changed(epoch, name, wanted)


def trimmed(*rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Rows of ids (B, S) without the columns that hold nothing but padding."""
    return tuple(each[:, : int((each != PAD).sum(1).max())] for each in rows)


def judged(logits: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, float]:
    """The loss of logits (B, T, V) of the tokens y (B, T), and the share of tokens that are the likeliest ones.

    Where nothing is asked, nothing is wrong: the loss is 0.
    """
    real = y != PAD
    if not real.any():
        return 0 * logits.sum(), 1.0
    return token_loss(logits, y), (logits.detach().argmax(-1) == y)[real].double().mean().item()


def naive_share(y: torch.Tensor) -> float:
    """The share of the tokens y that are wrong if the most frequent one is always said."""
    tokens = y[y != PAD]
    return 1 - tokens.bincount().max().item() / len(tokens)
