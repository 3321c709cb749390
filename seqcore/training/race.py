"""The race against recurrence: what a network of one kind costs and learns, as the past that matters moves away."""

import math
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from seqcore.data.tasks import TASKS, Sequences, make
from seqcore.data.tasks.race import BATCH, CHECK, CLIP, LAGS, Racer, RacerSpec, RaceSpec
from seqcore.data.tasks.spec import RemedySpec
from seqcore.look import NOW, Look
from seqcore.models.remedied import Remedied
from seqcore.models.transformer.forecaster import TransformerForecaster
from seqcore.spec import ModelSpec, TrainingSpec
from seqcore.text import N_
from seqcore.training.device import OwnRandomness, pick_device
from seqcore.training.events import Diverged, Epoch, Finished, Progress, Snapshot, Started
from seqcore.training.flat import flatten
from seqcore.training.optimiser import clip_, make_optimiser
from seqcore.training.race_cost import further_step, kept_bytes
from seqcore.training.recording import State, digest

TESTED = 10 * BATCH
"""Sequences, never trained on, that a network is scored on at each distance."""

WARM_UP = 5
"""The first updates and steps at a distance take longer, and are not counted."""

STEPS = 40
"""Times a further step is taken to know how long one takes."""

MEASURED = ("error", "solved", "updates", "milliseconds", "seconds", "megabytes", "step", "carried")


class RaceTrainer:
    """One network's race, from the shortest distance to the longest: iterate over it once, for a `Trainer`'s events.

    At every distance a new network begins with the same weights and learns from sequences of its own, until it has
    solved the task or has made all its updates; no network goes on from a shorter distance. An `Epoch` comes with each
    score, of the network now in the race; `EffortSpec.epoch_at` says its number. `train_rmse` and `test_rmse` are the
    task's errors: root mean squared, or the share of wrong answers. All numbers are the same for the same spec, but for
    times and bytes. Raises `UserError` where a device is asked for that is not there.
    """

    CHANGEABLE = ()

    def __init__(self, spec: RaceSpec):
        self.spec, self.task = spec, TASKS[spec.data.task]
        self.device = pick_device(spec.training.device)
        # the processor's time for this thread, whoever else wants the machine; a GPU's can only be waited for
        self.clock = time.thread_time if self.device.type == "cpu" else time.perf_counter
        self.measured = {name: np.full(len(LAGS), np.nan) for name in MEASURED}
        self.epoch, self.seconds, self.grad_norm = 0, 0.0, math.nan
        self._enter(0)

    def __iter__(self) -> Iterator[object]:
        yield self.started()
        x, y = self._draw()
        with torch.no_grad():
            yield self._told(0, self._judge(self.model.eval()(x), y))
        for place in range(len(LAGS)):
            if place:
                self._enter(place)
            self._measure_costs(place)
            yield Progress(0.0)
            event = yield from self._learn_at(place)
            if not math.isfinite(event.train_loss):
                words = N_("Diverged at a distance of {lag} steps: the loss is no number. Lower the learning rate "
                           "({lr:g}).")  # fmt: skip
                yield Diverged(self.epoch, words, {"lag": LAGS[place], "lr": self.spec.training.lr})
                return
        yield Finished(self.epoch)

    def started(self) -> Started:
        """`naive_rmse` is the chance level: the error of the best answer that does not know the far step."""
        cell = getattr(self.model, "cell", None)
        return Started(
            weights=self.flat.numel(), device=str(self.device),
            kernel=cell.kernel_for(self.test_x[:BATCH]) if cell is not None else "torch",
            train_windows=BATCH * self.spec.training.updates, test_windows=TESTED, train_from=0, test_from=0, split=0,
            naive_rmse=self.task.error(self.task.chance_score),
        )  # fmt: skip

    def snapshot(self, look: Look = NOW, state: State | None = None) -> Snapshot:
        """What has been measured, by distance (n,): NaN where it has not been yet.

        `lag` is the distance, `length` that of the sequences; `error` on unseen sequences; `updates` made, and those
        until `solved`; `milliseconds` of an update, the mean, and `seconds` of all; `megabytes` (of 10^6) kept for the
        backward pass of one batch; `step`, milliseconds that one further step takes for one sequence when all before
        has been read, and `carried`, the kilobytes (of 1,000) it needs for that. `chance` is the error without the far
        step. Times of updates are the processor's for one thread, or on a GPU by the clock on the wall; so is that of a
        step, the median, which is too short for the other clock. With `state` only the distances done with by then.
        """
        there = np.ones(len(LAGS), bool)
        if state:
            ends = [self.spec.training.epoch_at(k + 1, 0) for k in range(len(LAGS))]
            there = np.array(ends) <= state.epoch
        arrays = {name: np.where(there, values, np.nan) for name, values in self.measured.items()}
        arrays["lag"] = np.array(LAGS, float)
        arrays["length"] = np.array([self.task.length(lag) for lag in LAGS], float)
        arrays["chance"] = np.full(len(LAGS), self.task.error(self.task.chance_score))
        weights = state.weights if state else self.flat.detach().cpu().numpy()
        return Snapshot(state.epoch if state else self.epoch, 0, arrays, digest(weights))

    def conclusion(self) -> Snapshot:
        return self.snapshot()

    @property
    def state_bytes(self) -> int:
        """What a `state` takes."""
        return self.flat.numel() * self.flat.element_size()

    def state(self) -> State:
        """What can be looked at again; the race does not go on from there."""
        weights = self.flat.detach().cpu().numpy().copy()
        return State(self.epoch, weights, {}, (), self.spec.training.lr, self.grad_norm, self.seconds)

    def _enter(self, place: int) -> None:
        """A new network and new sequences at the distance that has this place in `LAGS`."""
        spec, task, self.lag = self.spec, self.task, LAGS[place]
        with OwnRandomness(spec.seed, self.device)():
            model = racing(spec.racer, spec.model, len(task.channels), task.length(self.lag), task.outputs)
        self.model = model.to(self.device)
        self.flat, self.gradient = flatten(self.model)
        self.optimiser = make_optimiser(TrainingSpec(lr=spec.training.lr), self.flat)
        self.draws = np.random.default_rng([spec.seed, self.lag, *b"batches"])
        self.test_x, self.test_y = self._on_device(make(task.name, self.lag, TESTED, spec.seed, "test"))

    def _measure_costs(self, place: int) -> None:
        """What does not depend on what the network has learnt."""
        step, carried = further_step(self.model, self.test_x[:1])
        times = [_timed(time.perf_counter, lambda: step().cpu())[1] for _ in range(WARM_UP + STEPS)]
        kept = kept_bytes(self.model.train(), self.test_x[:BATCH])
        self._note(place, megabytes=kept / 1e6, step=1000 * np.median(times[WARM_UP:]), carried=carried / 1e3)

    def _learn_at(self, place: int) -> Iterator[object]:
        """Train until the task is solved or all updates are made; returns the last `Epoch`."""
        effort, times, seen = self.spec.training, [], []
        for update in range(1, effort.updates + 1):
            began = time.perf_counter()
            told, seconds = self._learn()
            self.seconds += time.perf_counter() - began
            seen.append(told)
            times.append(seconds)
            yield Progress(update % CHECK / CHECK)
            if update % CHECK:
                continue
            event = self._told(effort.epoch_at(place, update), np.mean(seen[-CHECK:], axis=0))
            self._note(place, error=event.test_rmse, updates=update, seconds=sum(times),
                       milliseconds=1000 * np.mean(times[WARM_UP:]))  # fmt: skip
            if solved := self.task.solves(self.task.error(event.test_rmse)):
                self._note(place, solved=update)
            yield event
            if solved or not math.isfinite(event.train_loss):
                break
        return event

    def _note(self, place: int, **values: float) -> None:
        for name, value in values.items():
            self.measured[name][place] = value

    @np.errstate(over="ignore", invalid="ignore")  # an explosion is told as an event
    def _learn(self) -> tuple[tuple[float, float], float]:
        """One update on new sequences: loss and error before it, and its seconds, the drawing left out."""
        x, y = self._draw()
        self.model.train()
        answer, seconds = _timed(self.clock, lambda: self._update(x, y))
        return self._judge(answer, y), seconds

    def _update(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        self.gradient.zero_()
        answer = self.model(x)
        self.loss(answer, y).backward()
        self.grad_norm = clip_(self.gradient, CLIP)
        self.optimiser.step()
        return answer.detach().cpu()  # waits until the device is done

    def loss(self, answer: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Of answers (B, K): the cross entropy or the mean squared error."""
        return F.cross_entropy(answer, y) if self.task.classes else F.mse_loss(answer, y)

    def _judge(self, answer: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
        """Loss and error of answers (B, K)."""
        loss = self.loss(answer, y).item()
        if self.task.classes:
            return loss, (answer.argmax(dim=1) != y).double().mean().item()
        return loss, math.sqrt(loss)

    @np.errstate(over="ignore", invalid="ignore")
    def _told(self, epoch: int, train: tuple[float, float]) -> Epoch:
        """Score the network; `train` are loss and error on the sequences it has just learnt from."""
        self.epoch = epoch
        self.model.eval()
        with torch.no_grad():
            answers = torch.cat([self.model(block) for block in self.test_x.split(BATCH)])
        loss, train_error = map(float, train)
        return Epoch(epoch, loss, train_error, self._judge(answers, self.test_y)[1], self.grad_norm, self.seconds)

    def _draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self._on_device(self.task.make(self.lag, BATCH, self.draws))

    def _on_device(self, made: Sequences) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(made.x).to(self.device), torch.from_numpy(made.y).to(self.device)


def racing(racer: Racer, size: RacerSpec, channels: int, length: int, outputs: int) -> nn.Module:
    """The network itself, untrained: reads (B, `length`, `channels`), answers (B, `outputs`)."""
    spec = ModelSpec(racer.architecture, size.hidden_size, size.num_layers)
    if racer.architecture != "transformer":
        return Remedied(spec, RemedySpec(attention=racer.attention), channels, outputs)
    model = TransformerForecaster(spec, channels, length, outputs)
    for layer in model.layers:
        layer.attention.explicit = racer.explicit
    return model


def _timed(clock: Callable[[], float], work: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, float]:
    """What `work` gives, and the seconds it took."""
    began = clock()
    return work(), clock() - began
