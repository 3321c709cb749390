"""What a run of the race against recurrence is: one network on one memory task, at every distance in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seqcore.catalogue import ARCHITECTURES
from seqcore.data.tasks import TASK
from seqcore.spec import SETTINGS, Checked, Whole, choice, from_flat, integer, setting
from seqcore.text import N_, UserError

LAGS = (10, 20, 50, 100, 200)
"""How many steps before the last one the step lies that matters: a distance each, with a new network."""

BATCH = 32
"""Sequences an update sees, each of them once."""

CHECK = 25
"""Updates between two scores: a network that has solved the task goes on to the next distance."""

CLIP = 1.0
"""Longest gradient norm allowed, for every network."""


@dataclass(frozen=True)
class Racer:
    """A network of the race: an architecture of the catalogue, if need be with a difference.

    A recurrent one may be given `attention` over its states; a Transformer's attention may be `explicit`, its weights
    written out, instead of one fused call.
    """

    name: str
    label: str
    architecture: str
    attention: bool = False
    explicit: bool = False


_LABELS = {kind.name: kind.label for kind in ARCHITECTURES}

RACERS = {
    racer.name: racer
    for racer in (
        *(Racer(name, _LABELS[name], name) for name in ("rnn", "lstm", "gru")),
        Racer("gru_attention", N_("GRU with attention"), "gru", attention=True),
        Racer("transformer", _LABELS["transformer"], "transformer"),
        Racer("transformer_explicit", N_("Transformer, attention written out"), "transformer", explicit=True),
    )
}
"""By name, in the order they are offered."""


@dataclass(frozen=True)
class CourseSpec(Checked):
    """What all of them run: the task."""

    task: str = field(default="order", metadata={"setting": TASK})


@dataclass(frozen=True)
class RacerSpec(Checked):
    """Which network, and how large; `architecture` is a name of `RACERS`."""

    architecture: str = choice(
        "gru", N_("Network"), {racer.name: racer.label for racer in RACERS.values()}, main=True,
        help=N_("The kind of network."),
    )  # fmt: skip
    hidden_size: int = integer(
        32, N_("Hidden size"), 4, 64, unit=N_("units"),
        help=N_("How many numbers a network keeps for a step: the same for all, so that their weights differ."),
    )  # fmt: skip
    num_layers: int = integer(1, N_("Layers"), 1, 2, help=N_("How many layers lie on top of each other."))


@dataclass(frozen=True)
class EffortSpec(Checked):
    """How long each network may learn at each distance. Raises `UserError` for updates that `CHECK` does not divide."""

    updates: int = setting(
        400, kind="int", label=N_("Updates at each distance"), low=CHECK, high=1600, step=CHECK,
        help=N_("Updates of the weights at most; who has solved the task stops earlier."),
    )  # fmt: skip
    lr: float = field(default=0.005, metadata={"setting": SETTINGS["lr"][1]})
    device: str = field(default="auto", metadata={"setting": SETTINGS["device"][1]})

    def __post_init__(self):
        super().__post_init__()
        if self.updates % CHECK:
            raise UserError(
                N_("{name} ({value}) must be a multiple of {step}."), name="updates", value=self.updates, step=CHECK
            )

    @property
    def epochs(self) -> int:
        return self.epoch_at(len(LAGS), 0)

    def epoch_at(self, distances: int, update: int) -> int:
        """The epoch after so many distances and, at the next one, so many updates (a multiple of `CHECK`).

        An epoch is a piece of work: `CHECK` updates at the shortest distance, fewer where sequences are longer.
        """
        here = LAGS[distances] * update if update else 0
        return (sum(LAGS[:distances]) * self.updates + here) // (CHECK * LAGS[0])


@dataclass(frozen=True)
class RaceSpec(Whole):
    """The whole of a network's race: see `seqcore.training.race`."""

    data: CourseSpec = field(default_factory=CourseSpec)
    model: RacerSpec = field(default_factory=RacerSpec)
    training: EffortSpec = field(default_factory=EffortSpec)
    seed: int = field(default=0, metadata={"setting": SETTINGS["seed"][1]})

    @property
    def racer(self) -> Racer:
        return RACERS[self.model.architecture]


def side_by_side(values: Mapping[str, Any], networks: Sequence[str], seeds: int) -> list[RaceSpec]:
    """Settings by bare name for each of `networks`, with the seeds 0, 1 ..., in the order of `RACERS`.

    Raises `UserError` for no network or a value out of its range.
    """
    if not networks:
        raise UserError(N_("Choose at least one network."))
    chosen = [from_flat({**values, "architecture": name}, RaceSpec) for name in RACERS if name in networks]
    return [spec.replace(seed=seed) for seed in range(seeds) for spec in chosen]
