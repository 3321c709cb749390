"""Training on a text task: pairs, shuffled anew in every round, until what was never seen is translated too."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from seqcore.data.text import PAD, TEXT_TASKS, Pairs, make, vocabularies
from seqcore.data.text.spec import BATCH, TransformerSpec, TranslationSpec
from seqcore.look import NOW, Look, Sentence
from seqcore.models.seq2seq import Seq2seq, token_loss, translate
from seqcore.models.transformer import Transformer
from seqcore.text import N_
from seqcore.training.device import OwnRandomness, pick_device
from seqcore.training.events import Changed, Diverged, Epoch, Finished, Progress, Snapshot, Started
from seqcore.training.flat import flatten
from seqcore.training.optimiser import clip_, make_optimiser
from seqcore.training.recording import State, digest
from seqcore.training.said import said, samples
from seqcore.training.snapshot import as_it_was
from seqcore.training.trainer import DIVERGED

UPDATES = 5
"""Updates of the weights in an epoch."""

SCORED = 100
"""Pairs, never trained on, that every epoch is scored on."""

TESTED = 1000
"""The same at the end of one run of many."""


class TranslationTrainer:
    """One run, from untrained to trained: iterate over it once to train, for the events a `Trainer` gives.

    The loss of its `Epoch` events is the cross entropy per token in nats, their errors are shares of wrong tokens where
    the decoder reads the true ones before: of the epoch's batches, each before it was learnt from (epoch 0: of the
    first), and of pairs never seen. What `CHANGEABLE` names may be assigned, and holds from the end of the epoch under
    way on. Raises `UserError` where a device is asked for that is not there.
    """

    CHANGEABLE = ("lr", "clip", "teacher_forcing")
    """Of a Transformer's run there is no `teacher_forcing`: it reads the true words."""

    def __init__(self, spec: TranslationSpec | TransformerSpec):
        self.spec, self.task = spec, TEXT_TASKS[spec.data.task]
        self.vocabularies = vocabularies(spec.data.task)
        self.device = pick_device(spec.training.device)
        self.randomness = OwnRandomness(spec.seed, self.device)
        with self.randomness():
            model = build(spec)
        self.model = model.to(self.device)
        self.flat, self.gradient = flatten(self.model)
        self.optimiser = make_optimiser(spec.training, self.flat)
        self.pairs = make(spec.data.task, TESTED, spec.seed, "test")
        self.test_x, self.test_y = self._numbers(self.pairs)
        self.x, self.y = self._numbers(make(spec.data.task, spec.data.pairs, spec.seed))
        self.batches = self._batches(np.random.default_rng([spec.seed, *b"batches"]))
        flat = spec.flat()
        self.warmup, self.smoothing = flat.get("warmup", 0), flat.get("label_smoothing", 0.0)
        self.now = {name: flat[name] for name in self.CHANGEABLE if name in flat}
        for name, value in self.now.items():
            setattr(self, name, value)
        self.epoch, self.seconds, self.grad_norm, self.updates = 0, 0.0, math.nan, 0
        self.over: dict[str, list[float]] = {"loss": [], "free": [], "whole": []}  # by epoch, on what was never seen

    def __iter__(self) -> Iterator[object]:
        yield self.started()
        first = yield from self._begin()
        for epoch in range(1, self.spec.training.epochs + 1):
            seen = []
            for update in range(UPDATES):
                began = time.perf_counter()
                seen.append(self._learn((epoch - 1 + update / UPDATES) / self.spec.training.epochs))
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

    def started(self) -> Started:
        """`naive_rmse` is the share of wrong tokens of whoever always says the most frequent one."""
        tokens, cell = self.test_y[:, 1:], getattr(self.model.decoder, "cell", None)
        tokens = tokens[tokens != PAD]
        return Started(
            weights=self.flat.numel(), device=str(self.device),
            kernel="torch" if cell is None else cell.kernel_for(self.model.decoder.embedding(self.y[: self._size])),
            train_windows=len(self.x), test_windows=TESTED, train_from=0, test_from=0, split=0,
            naive_rmse=1 - tokens.bincount().max().item() / len(tokens),
        )  # fmt: skip

    def snapshot(self, look: Look = NOW, state: State | None = None) -> Snapshot:
        """What `look` asks for, of the model as it is or as it was in `state`: see `seqcore.training.said`.

        By epoch, of all that have been, on pairs never seen: `over.loss` (n,) per token, `over.free` (n,) the share of
        right tokens where the decoder reads its own, `over.whole` (n,) that of translations without a mistake.
        """
        epoch = state.epoch if state else self.epoch
        with as_it_was(self, state), torch.no_grad():
            arrays = {f"over.{name}": np.array(values) for name, values in self.over.items()}
            arrays |= samples(self) | said(self, look)
            fingerprint = digest(self.flat.detach().cpu().numpy())
        return Snapshot(epoch, look.window, arrays, fingerprint)

    def conclusion(self) -> Snapshot:
        """All there is to see of the network as it is, and how it does on all `TESTED` pairs.

        `whole` and `free` (TESTED,) are by pair 1 where the translation has no mistake and its share of right tokens,
        left to itself; `length` (TESTED,) counts the source's tokens.
        """
        with as_it_was(self, None), torch.no_grad():
            whole, free = self._left_to_itself(TESTED)
        length = (self.test_x != PAD).sum(1)
        shot = self.snapshot(Look(sentence=Sentence(effects=True, beam=4)))
        tested = {"whole": whole, "free": free, "length": length}
        return replace(shot, arrays={**shot.arrays, **{name: values.cpu().numpy() for name, values in tested.items()}})

    @property
    def state_bytes(self) -> int:
        """What a `state` takes."""
        return self.flat.numel() * self.flat.element_size()

    def state(self) -> State:
        """What can be looked at again; the training does not go on from there."""
        weights = self.flat.detach().cpu().numpy().copy()
        return State(self.epoch, weights, {}, (), self.lr, self.grad_norm, self.seconds)

    def teaching(self, done: float) -> float:
        """The share of true words the decoder reads when so much of the training, 0 to 1, is done; a Transformer's all.

        Source: Bengio et al. 2015, section 2.4, linear and inverse sigmoid decay.
        """
        if "teacher_forcing" not in self.now:
            return 1.0
        last, schedule = self.now["teacher_forcing"], self.spec.teaching.schedule
        left = {"constant": 0.0, "linear": 1 - done, "sigmoid": 1 / (1 + math.exp(12 * done - 6))}[schedule]
        return last + (1 - last) * left

    def _begin(self) -> Iterator[object]:
        """Tell of the untrained network; returns its loss."""
        x, y = trimmed(self.x[: self._size], self.y[: self._size])
        with torch.no_grad():
            loss, right = judged(self.model.eval()(x, y[:, :-1]), y[:, 1:])
        event = self._told(0, loss.item(), 1 - right)
        yield event
        yield from self._changes(0)
        return event.train_loss

    @property
    def _size(self) -> int:
        return min(self.spec.training.batch_size or BATCH, len(self.x))

    def _batches(self, draws: np.random.Generator) -> Iterator[torch.Tensor]:
        """The places of the next pairs to learn from, without end; every round sees each pair once."""
        left = np.empty(0, np.int64)
        while True:
            while len(left) < self._size:
                left = np.append(left, draws.permutation(len(self.x)))
            now, left = left[: self._size], left[self._size :]
            yield torch.from_numpy(now).to(self.device)

    def _numbers(self, pairs: Pairs) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = self.task.numbers(pairs, self.vocabularies)
        return torch.from_numpy(x).to(self.device), torch.from_numpy(y).to(self.device)

    @np.errstate(over="ignore", invalid="ignore")  # an explosion is told as an event
    def _learn(self, done: float) -> tuple[float, float]:
        """One update; the loss and the share of wrong tokens before it."""
        chosen = next(self.batches)
        x, y = trimmed(self.x[chosen], self.y[chosen])
        self.model.train()
        self.gradient.zero_()
        with self.randomness():
            logits = self.model(x, y[:, :-1], self.teaching(done))
        loss, right = judged(logits, y[:, 1:], self.smoothing)
        loss.backward()
        self.grad_norm = clip_(self.gradient, self.now["clip"])
        self.updates += 1
        warmth = min(1.0, self.updates / self.warmup) if self.warmup else 1.0
        self.optimiser.param_groups[0]["lr"] = self.now["lr"] * warmth
        self.optimiser.step()
        return loss.item(), 1 - right

    @np.errstate(over="ignore", invalid="ignore")
    def _told(self, epoch: int, loss: float, wrong: float) -> Epoch:
        self.epoch = epoch
        x, y = trimmed(self.test_x[:SCORED], self.test_y[:SCORED])
        with torch.no_grad():
            test_loss, right = judged(self.model.eval()(x, y[:, :-1]), y[:, 1:])
            whole, free = self._left_to_itself(SCORED)
        for name, value in (("loss", test_loss), ("free", free.mean()), ("whole", whole.mean())):
            self.over[name].append(value.item())
        return Epoch(epoch, loss, wrong, 1 - right, self.grad_norm, self.seconds)

    def _left_to_itself(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the first `count` test pairs, fed with its own words: which are right, and each one's right tokens."""
        x, y = trimmed(self.test_x[:count], self.test_y[:count, 1:])
        words = translate(self.model, x, y.shape[1])
        real = y != PAD
        same = (words == y) & real
        return (same.sum(1) == real.sum(1)).float(), same.sum(1) / real.sum(1)

    def _changes(self, epoch: int) -> Iterator[Changed]:
        """Take over what was assigned since."""
        for name, value in self.now.items():
            if (wanted := getattr(self, name)) != value:
                self.now[name] = wanted
                yield Changed(epoch, name, wanted)


def build(spec: TranslationSpec | TransformerSpec) -> Seq2seq | Transformer:
    """The network that `spec` describes, with weights drawn from torch's global generator."""
    model, (sources, targets) = spec.model, vocabularies(spec.data.task)
    if isinstance(spec, TransformerSpec):
        return Transformer(
            model.d_model, model.num_heads, model.num_layers, model.d_ff, model.dropout, model.norm_first,
            model.position, model.tied, len(sources), len(targets),
        )  # fmt: skip
    return Seq2seq(
        model.architecture, model.hidden_size, model.embedding_size, model.num_layers, model.bidirectional,
        model.attention, len(sources), len(targets), model.dropout,
    )  # fmt: skip


def trimmed(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of ids (B, S) and (B, T) without the columns that hold nothing but padding."""
    return tuple(rows[:, : int((rows != PAD).sum(1).max())] for rows in (x, y))


def judged(logits: torch.Tensor, y: torch.Tensor, smoothing: float = 0.0) -> tuple[torch.Tensor, float]:
    """The loss of logits (B, T, V) of the tokens y (B, T), and the share of tokens that are the likeliest ones."""
    real = y != PAD
    return token_loss(logits, y, smoothing), (logits.detach().argmax(-1) == y)[real].double().mean().item()
