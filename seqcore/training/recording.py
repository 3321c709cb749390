"""A training kept as it went: any moment of it can be looked at again, and gone on from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from seqcore.look import Clamp

MOST_BYTES = 18_000_000
"""A run's recorded states take at most so much; with its curves and its last snapshot it stays below 20 MB."""


@dataclass(frozen=True, eq=False)
class State:
    """All that a training goes on from after `epoch`.

    `weights` (W,) float32 in the order of `Module.parameters()`; `optimiser` holds its arrays by name, (W,) or ();
    `chance` the states of the generators that are still drawn from. The rest as in `Epoch`.
    """

    epoch: int
    weights: np.ndarray
    optimiser: Mapping[str, np.ndarray]
    chance: tuple[np.ndarray, ...]
    lr: float
    grad_norm: float
    seconds: float

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in (self.weights, *self.optimiser.values(), *self.chance))

    @property
    def digest(self) -> str:
        return digest(self.weights)


@dataclass(frozen=True, eq=False)
class Branch:
    """Where a fork leaves its parent: the parent's states up to there, from the last of which it goes on.

    `clamps` are held from there on; without `optimiser` the parent's is forgotten, as another takes its place.
    """

    states: Mapping[int, State]
    clamps: tuple[Clamp, ...]
    optimiser: bool


def digest(weights: np.ndarray) -> str:
    """A fingerprint of weights: equal for equal bits."""
    return sha256(weights).hexdigest()[:16]


class Recording:
    """The states of one run, at those of its epochs that are `kept`."""

    def __init__(self, kept: Iterable[int], states: Mapping[int, State] | None = None):
        self.kept = frozenset(kept)
        self.states = dict(states or {})

    def keep(self, state: State) -> None:
        self.states[state.epoch] = state

    def at(self, epoch: int) -> State | None:
        """The last recorded state at or before `epoch`."""
        return self.states.get(max((known for known in self.states if known <= epoch), default=-1))

    def until(self, epoch: int) -> dict[int, State]:
        """The states up to `epoch`."""
        return {known: state for known, state in self.states.items() if known <= epoch}

    @property
    def nbytes(self) -> int:
        return sum(state.nbytes for state in self.states.values())


def kept_epochs(epochs: int, state_bytes: int) -> list[int]:
    """Which of the epochs 0 to `epochs` are kept where a state takes `state_bytes`: all, if they fit.

    Otherwise they lie closest at the beginning, where a network changes most: the k-th of n is epoch k until
    epochs * (k / (n - 1))^2 overtakes it. Always the first and the last, even if these do not fit.
    """
    most = max(2, MOST_BYTES // max(1, state_bytes))
    if most > epochs:
        return list(range(epochs + 1))
    order = np.arange(most)
    spread = np.rint(epochs * np.square(order / (most - 1))).astype(int)
    return np.maximum(order, spread).tolist()
