"""Training as an iterator of small events: whoever iterates decides when to pause, stop or look.

An epoch of full-batch gradient descent without dropout is one forward and one backward pass: the forward pass that
gives the gradient of the next update also gives the score of the weights as they are. Otherwise (mini-batches,
dropout) the scores need a pass of their own.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import numpy as np
import torch

from seqcore.data.series import Series
from seqcore.data.windows import Windows, cut
from seqcore.look import NOW, Clamp, Look
from seqcore.models import build
from seqcore.probes.clamp import hold
from seqcore.spec import RunSpec
from seqcore.text import N_
from seqcore.training.device import OwnRandomness, pick_device
from seqcore.training.events import Changed, Diverged, Epoch, Finished, Progress, Snapshot, Started
from seqcore.training.flat import flatten
from seqcore.training.optimiser import SLOTS, clip_, make_optimiser, memory_of, restore_
from seqcore.training.recording import State
from seqcore.training.snapshot import conclusion, snapshot

BLOCK_FLOPS = 16e9
"""Most floating-point operations between two events: about half a second on one core."""

DIVERGED = 1e6
"""A loss this many times the untrained model's has diverged, even if it is still finite."""


class Trainer:
    """One run, from untrained to trained: iterate over it once to train.

    `spec` says everything; `series` holds the values it names. Raises `UserError` where they do not fit together
    (a series too short for the windows, a device this machine does not have). `clamps` hold values of the network
    fixed for the whole training. Assigning `lr` changes the learning rate from the end of the epoch under way on.
    """

    CHANGEABLE = ("lr",)

    def __init__(self, spec: RunSpec, series: Series, clamps: Sequence[Clamp] = ()):
        self.spec, self.values = spec, series.values
        self.windows: Windows = cut(series.values, spec.data)
        self.test_rows = len(series.values) - self.windows.split
        self.device = pick_device(spec.training.device)
        self.randomness = OwnRandomness(spec.seed, self.device)
        with self.randomness():
            model = build(spec.model, 1, spec.data.seq_length, spec.data.horizon)
        self.model = model.to(self.device)
        hold(self.model, clamps)
        self.flat, self.gradient = flatten(self.model)
        self.optimiser = make_optimiser(spec.training, self.flat)
        self.shuffle = torch.Generator().manual_seed(spec.seed)
        parts = len(self.windows.train_x) > (spec.training.batch_size or len(self.windows.train_x))
        self.draws = parts or spec.model.dropout > 0  # random numbers after the first weights
        self.block = block_size(self.flat.numel(), spec.data.seq_length)
        self.train_x, self.train_y, self.test_x, self.test_y = (
            torch.from_numpy(a).to(self.device)
            for a in (self.windows.train_x, self.windows.train_y, self.windows.test_x, self.windows.test_y)
        )  # (B, T, 1), (B, K) each
        last = series.values[self.windows.split - spec.data.seq_length : self.windows.split]
        self.context = torch.from_numpy(self.windows.scaler.apply(last)).float().to(self.device)  # (T,)
        self.train_forecast = torch.empty_like(self.train_y)
        self.test_forecast = torch.empty_like(self.test_y)
        self.epoch = 0
        self.seconds = 0.0
        self.grad_norm = math.nan
        self.lr = spec.training.lr

    def __iter__(self) -> Iterator[object]:
        yield self.started()
        passes = self._mini_batches() if self.draws else self._full_batch()
        untrained = None
        resumed = time.perf_counter()
        for event in passes:
            self.seconds += time.perf_counter() - resumed
            if isinstance(event, Epoch):
                untrained = event.train_loss if untrained is None else untrained
                yield event
                if not event.train_loss <= DIVERGED * max(untrained, 1.0):
                    yield self._diverged()
                    return
                if event.epoch < self.spec.training.epochs and self.lr != self.optimiser.param_groups[0]["lr"]:
                    self.optimiser.param_groups[0]["lr"] = self.lr
                    yield Changed(self.epoch, "lr", self.lr)
            else:
                yield event
            resumed = time.perf_counter()
        yield Finished(self.epoch)

    def started(self) -> Started:
        cell = getattr(self.model, "cell", None)
        kernel = cell.kernel_for(self.train_x[: self.block]) if cell is not None else "torch"
        windows = self.windows
        naive = windows.test_x[:, -1:, 0].astype(float) - windows.test_y  # (B, K)
        return Started(
            weights=self.flat.numel(),
            device=str(self.device),
            kernel=kernel,
            train_windows=len(windows.train_x),
            test_windows=len(windows.test_x),
            train_from=int(windows.train_at[0]),
            test_from=int(windows.test_at[0]),
            split=windows.split,
            naive_rmse=math.sqrt(np.square(naive).mean()) * windows.scaler.scale,
        )

    def snapshot(self, look: Look = NOW, state: State | None = None) -> Snapshot:
        """What `look` asks for, of the model as it is or as it was in `state`: see `seqcore.training.snapshot`."""
        return snapshot(self, look, state)

    def conclusion(self) -> Snapshot:
        """All forecasts of the model as it is: what is kept of a run whose model is not."""
        return conclusion(self)

    @property
    def state_bytes(self) -> int:
        """What a `state` takes at most."""
        slots = 1 + SLOTS[self.spec.training.optimiser]
        chance = sum(array.nbytes for array in self._chance())
        return slots * self.flat.numel() * self.flat.element_size() + chance

    def state(self) -> State:
        """All that the training goes on from, as it is after the last epoch."""
        return State(
            self.epoch, self.flat.detach().cpu().numpy().copy(), memory_of(self.optimiser), self._chance(),
            self.optimiser.param_groups[0]["lr"], self.grad_norm, self.seconds,
        )  # fmt: skip

    def go_on_from(self, state: State, *, optimiser: bool = True) -> None:
        """Begin at the epoch of `state` instead of 0; without its `optimiser`, with a fresh one.

        The learning rate stays the spec's. Iterating begins with that epoch's event, the same to the last bit.
        """
        self.flat.data.copy_(torch.from_numpy(state.weights))
        if optimiser:
            restore_(self.optimiser, state.optimiser)
        if state.chance:
            *own, shuffle = state.chance
            self.randomness.states = own
            self.shuffle.set_state(torch.from_numpy(shuffle.copy()))
        self.epoch, self.grad_norm, self.seconds = state.epoch, state.grad_norm, state.seconds

    def _chance(self) -> tuple[np.ndarray, ...]:
        """The generators' states, where the training still draws from them."""
        return (*self.randomness.states, self.shuffle.get_state().numpy().copy()) if self.draws else ()

    def _full_batch(self) -> Iterator[object]:
        for epoch in range(self.epoch, self.spec.training.epochs + 1):
            last = epoch == self.spec.training.epochs
            self.gradient.zero_()
            loss = yield from self._pass(self.train_x, self.train_y, self.train_forecast, backward=not last)
            yield from self._score(epoch, loss)
            if not last:
                self._update()

    def _mini_batches(self) -> Iterator[object]:
        count = len(self.train_x)
        size = self.spec.training.batch_size or count
        first = self.epoch
        for epoch in range(first, self.spec.training.epochs + 1):
            if epoch > first:
                order = torch.randperm(count, generator=self.shuffle).to(self.device)
                for start in range(0, count, size):
                    chosen = order[start : start + size]
                    self.gradient.zero_()
                    yield from self._pass(self.train_x[chosen], self.train_y[chosen], backward=True, dropout=True)
                    self._update()
                    yield Progress(min(1.0, (start + size) / count))
            loss = yield from self._pass(self.train_x, self.train_y, self.train_forecast)
            yield from self._score(epoch, loss)

    def _pass(
        self, x: torch.Tensor, y: torch.Tensor, forecast: torch.Tensor | None = None, *,
        backward: bool = False, dropout: bool = False,
    ) -> Iterator[Progress]:  # fmt: skip
        """Forward over `x` (B, T, C) block by block, with the gradient of the mean squared error if `backward`.

        Returns the loss, in scaled units; the forecasts go to `forecast` (B, K). Yields between two blocks.
        """
        squares = 0.0
        for start in range(0, len(x), self.block):
            if start:
                yield Progress(start / len(x))
            self.model.train(dropout)  # again for each block: a look in between leaves evaluation mode behind
            block = slice(start, start + self.block)
            with torch.set_grad_enabled(backward), self.randomness() if dropout else nullcontext():
                prediction = self.model(x[block])  # (b, K)
                error = prediction - y[block]
                if backward:
                    (error.square().sum() / y.numel()).backward()
            if forecast is not None:
                forecast[block] = prediction.detach()
            squares += error.detach().double().square().sum().item()
        return squares / y.numel()

    def _score(self, epoch: int, train_loss: float) -> Iterator[object]:
        test_loss = yield from self._pass(self.test_x, self.test_y, self.test_forecast)
        self.epoch = epoch
        scale = self.windows.scaler.scale
        yield Epoch(
            epoch, train_loss, math.sqrt(train_loss) * scale, math.sqrt(test_loss) * scale, self.grad_norm, self.seconds
        )

    def _update(self) -> None:
        self.grad_norm = clip_(self.gradient, self.spec.training.clip)
        self.optimiser.step()

    def _diverged(self) -> Diverged:
        return Diverged(
            self.epoch,
            N_("Diverged at epoch {epoch}: the loss grew without bound. Lower the learning rate ({lr:g}) or clip."),
            {"epoch": self.epoch, "lr": self.lr},
        )


def block_size(weights: int, seq_length: int) -> int:
    """How many windows one forward and backward pass takes, so that a run can be paused within `BLOCK_FLOPS`.

    A function of the spec alone, never of the clock: the same spec sums its gradients in the same order.
    """
    return max(8, int(BLOCK_FLOPS / (6 * seq_length * weights)))


def as_arrays(epochs: list[Epoch]) -> dict[str, np.ndarray]:
    """The curves of a run: the fields of its epochs as arrays by name, each (len(epochs),)."""
    names = ("epoch", "train_loss", "train_rmse", "test_rmse", "grad_norm", "seconds")
    return {name: np.array([getattr(e, name) for e in epochs], dtype=float) for name in names}
