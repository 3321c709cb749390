"""Transfer learning: an encoder that has guessed masked words is what a classifier with few labels stands on.

Source: Devlin et al. 2019, "BERT", section 5.3 (features) and 4 (fine-tuning); the mean of the states, over the tokens
that are no padding, stands for a review.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from seqcore.data.text import PAD
from seqcore.data.text.reviews import reviews
from seqcore.data.text.spec import BATCH
from seqcore.data.text.transfer import LABELS, WAYS, TransferSpec
from seqcore.look import NOW, Look
from seqcore.models.transformer import TransformerEncoder
from seqcore.training.device import OwnRandomness
from seqcore.training.events import Diverged, Epoch, Finished, Progress, Snapshot
from seqcore.training.flat import flatten
from seqcore.training.language import LanguageTrainer
from seqcore.training.optimiser import clip_, make_optimiser
from seqcore.training.recording import State, digest
from seqcore.training.textual import TESTED

BLOCK = 250
"""Reviews that are scored at once."""


class TransferTrainer:
    """One run: iterate over it once to train, for the events a `Trainer` gives.

    While the encoder is pre-trained they are its `LanguageTrainer`'s. The `Epoch` of a number of labels tells of the
    classifier on the frozen encoder: the cross entropy and the share of wrong answers on its own reviews, and the share
    on `TESTED` reviews never seen. Nothing can be changed by hand. Raises `UserError` where a device is asked for that
    is not there.

    The labelled reviews are of those the encoder was pre-trained on, as many of praise as of blame; with fewer labels
    they are the first of those that there are with more.
    """

    CHANGEABLE = ()

    def __init__(self, spec: TransferSpec):
        self.spec = spec
        self.guesser = LanguageTrainer(spec.language())
        self.randomness = OwnRandomness(spec.seed, self.guesser.device)
        own, unseen = reviews(spec.data.texts, spec.seed)[1], reviews(TESTED, spec.seed, "test")[1]
        chosen = torch.from_numpy(in_turn(own)[: max(LABELS)])
        self.x, self.y = self.guesser.x[chosen.to(self.guesser.device)], self._answers(own[chosen])
        self.test_x, self.test_y = self.guesser.test, self._answers(unseen)
        self.right = {way: np.full(len(LABELS), math.nan) for way in WAYS}
        self.features: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        self.stages, self.seconds = 0, 0.0

    def __iter__(self) -> Iterator[object]:
        for event in self.guesser:
            if isinstance(event, Finished):
                break
            yield event
            if isinstance(event, Diverged):
                return
        began = time.perf_counter()
        born = self._born()  # as the pre-trained one was
        for way, encoder in (("frozen", self.guesser.model), ("untrained", born)):
            with torch.no_grad():
                self.features[way] = pooled(encoder.eval(), self.x), pooled(encoder, self.test_x)
        self.seconds += time.perf_counter() - began
        for count in LABELS:
            yield from self._stage(count)
        yield Finished(self.epoch)

    @property
    def epoch(self) -> int:
        return self.guesser.epoch + self.stages

    def snapshot(self, look: Look = NOW, state: State | None = None) -> Snapshot:
        """How good the classifiers are that had been trained by now, or by the time of `state`.

        `labels` (n,), and by the names of `WAYS` (n,) the share of right answers on unseen reviews, NaN where there is
        none yet. `over.loss` (n,) is the loss of a masked word in nats, by epoch of the pre-training, in reviews never
        seen.
        """
        epoch = state.epoch if state else self.epoch
        done = np.arange(len(LABELS)) < epoch - self.spec.training.guessing
        arrays = {way: np.where(done, right, math.nan) for way, right in self.right.items()}
        arrays |= {"labels": np.array(LABELS), "over.loss": np.array(self.guesser.over["loss"][: epoch + 1])}
        weights = state.weights if state else self.guesser.flat.detach().cpu().numpy()
        return Snapshot(epoch, look.window, arrays, digest(weights))

    def conclusion(self) -> Snapshot:
        """All there is to see."""
        return self.snapshot()

    @property
    def state_bytes(self) -> int:
        """What a `state` takes."""
        return self.guesser.state_bytes

    def state(self) -> State:
        """What can be looked at again: the encoder as it is, or as it was pre-trained."""
        seconds = self.guesser.seconds + self.seconds
        return replace(self.guesser.state(), epoch=self.epoch, seconds=seconds)

    def _answers(self, labels: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(labels).float().to(self.guesser.device)

    def _born(self) -> TransformerEncoder:
        """An encoder with weights of its own."""
        with self.randomness():
            model = self.guesser.build()
        return model.to(self.guesser.device)

    def _begun(self, way: str) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
        """A classifier before its training, and what it reads of the labelled and of the unseen reviews."""
        if way in self.features:
            with self.randomness():
                head = nn.Linear(self.spec.model.d_model, 1)
            return head.to(self.guesser.device), *self.features[way]
        encoder = self._born()
        if way == "tuned":
            encoder.load_state_dict(self.guesser.model.state_dict())
        with self.randomness():
            classifier = Classifier(encoder, self.spec.model.d_model)
        return classifier.to(self.guesser.device), self.x, self.test_x

    def _stage(self, count: int) -> Iterator[object]:
        """Train and score the classifiers of so many labels, and tell of it."""
        told: dict[str, tuple[float, float]] = {}
        for k, way in enumerate(WAYS):
            network, x, unseen = self._begun(way)
            for done in self._fit(network, x[:count], self.y[:count]):
                yield Progress((k + done) / len(WAYS))
            began = time.perf_counter()
            told[way] = judged(network, x[:count], self.y[:count])
            self.right[way][self.stages] = judged(network, unseen, self.test_y)[1]
            self.seconds += time.perf_counter() - began
        self.stages += 1
        loss, right = told["frozen"]
        unseen_right = float(self.right["frozen"][self.stages - 1])
        yield Epoch(self.epoch, loss, 1 - right, 1 - unseen_right, math.nan, self.guesser.seconds + self.seconds)

    def _fit(self, network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Iterator[float]:
        """Train all weights of `network` on x (count, ...) and y (count,); the share done after each update."""
        flat, gradient = flatten(network)
        optimiser = make_optimiser(self.guesser.spec.training, flat)
        draws = np.random.default_rng([self.spec.seed, len(x), *b"labels"])
        for update in range(self.spec.training.updates):
            began = time.perf_counter()
            chosen = torch.from_numpy(draws.permutation(len(x))[:BATCH]).to(x.device)
            gradient.zero_()
            with self.randomness():
                logits = network.train()(x[chosen])[:, 0]
            F.binary_cross_entropy_with_logits(logits, y[chosen]).backward()
            clip_(gradient, self.guesser.spec.training.clip)
            optimiser.step()
            self.seconds += time.perf_counter() - began
            yield (update + 1) / self.spec.training.updates


class Classifier(nn.Module):
    """An encoder and a linear map of what stands for a review: tokens (B, S) -> logits (B, 1) of praise."""

    def __init__(self, encoder: TransformerEncoder, d_model: int):
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(d_model, 1)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(pooled(self.encoder, tokens))


def pooled(encoder: TransformerEncoder, tokens: torch.Tensor) -> torch.Tensor:
    """The mean of the states of tokens (B, S), padding aside: (B, D)."""
    real = (tokens != PAD)[..., None]  # (B, S, 1)
    return (encoder.states(tokens) * real).sum(1) / real.sum(1)


def judged(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
    """The cross entropy in nats of what a network says of x, and the share of its answers that are y (N,)."""
    with torch.no_grad():
        logits = torch.cat([network.eval()(block)[:, 0] for block in x.split(BLOCK)])  # (N,)
    loss = F.binary_cross_entropy_with_logits(logits, y)
    return loss.item(), ((logits > 0) == (y > 0)).double().mean().item()


def in_turn(labels: np.ndarray) -> np.ndarray:
    """The places of labels (N,), 0 or 1: the first of either, the second of either, and so on."""
    turn = np.where(labels, labels.cumsum(), (1 - labels).cumsum())
    return turn.argsort(kind="stable")
