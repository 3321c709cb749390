"""What somebody wants to see of a model, and what is held fixed in it: plain values, for pages and workers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from seqcore.catalogue import CELL, RECURRENT
from seqcore.spec import ModelSpec
from seqcore.text import N_, UserError

INSIDE = {"rnn": ("hidden",), "lstm": ("hidden", "cell", "i", "f", "g", "o"), "gru": ("hidden", "r", "z", "n")}
"""What can be seen inside a cell; a network without one shows its hidden layers only."""

GATES = ("i", "f", "o", "r", "z")
"""Values between 0 and 1."""

CLAMPED = ("hidden", "cell", "g", "n", *GATES)
"""What can be held of a recurrent cell; of another network its hidden layers only."""

MOST_CLAMPS = 16

MOST_HELD = 100
"""Weights of an attention that are held at once, at most."""

FURTHEST = 10.0
"""A value that is no gate may be held within this distance of 0."""


def taps(model: ModelSpec) -> list[str]:
    """The names of what can be seen in this network, layer by layer: `l0.hidden`; `l0r` is the reverse direction."""
    directions = ("", "r") if model.bidirectional and model.architecture in RECURRENT else ("",)
    kinds = INSIDE.get(CELL.get(model.architecture), ("hidden",))
    return [f"l{k}{d}.{kind}" for k in range(model.num_layers) for d in directions for kind in kinds]


@dataclass(frozen=True)
class Clamp:
    """Holds a tap's value at every step of every sequence: `unit` (from 0) of `l0.f`, say, or all units if None.

    The steps that follow compute with the held value, and no gradient goes through it. Raises `UserError` for a tap
    that cannot be held or a value out of its range: 0 to 1 for a gate, -10 to 10 for anything else.
    """

    tap: str
    value: float
    unit: int | None = None

    def __post_init__(self):
        kind = self.tap.rpartition(".")[2]
        if not re.fullmatch(r"l\dr?\.\w+", self.tap) or kind not in CLAMPED:
            raise UserError(
                N_("{tap} cannot be held: choose one of {choices}."), tap=self.tap[:20], choices=", ".join(CLAMPED)
            )
        low, high = (0.0, 1.0) if kind in GATES else (-FURTHEST, FURTHEST)
        if not low <= self.value <= high:
            raise UserError(
                N_("{name} ({value}) must be between {low} and {high}."),
                name=self.tap, value=self.value, low=low, high=high,
            )  # fmt: skip

    def __str__(self) -> str:
        unit = "" if self.unit is None else f"[{self.unit}]"
        return f"{self.tap}{unit}={self.value:g}"


def clamps_as_text(clamps: Iterable[Clamp]) -> str:
    """`l0.f[3]=1,l0.i=0`: as a URL holds them; `read_clamps` reads it back."""
    return ",".join(map(str, clamps))


def read_clamps(text: str) -> tuple[Clamp, ...]:
    """The inverse of `clamps_as_text`; `UserError` says what is wrong."""
    parts = [part for part in text.split(",") if part]
    if len(parts) > MOST_CLAMPS:
        raise UserError(N_("{count} values are held, and at most {most} can be."), count=len(parts), most=MOST_CLAMPS)
    clamps = []
    for part in parts:
        found = re.fullmatch(r"(l\dr?\.\w+)(?:\[(\d{1,3})\])?=(-?\d{1,2}(?:\.\d{1,9})?)", part)
        if not found:
            raise UserError(N_("{value!r} is no held value: write it like l0.f[3]=1."), value=part[:40])
        tap, unit, value = found.groups()
        clamps.append(Clamp(tap, float(value), None if unit is None else int(unit)))
    return tuple(clamps)


def check_clamps(clamps: Iterable[Clamp], model: ModelSpec) -> None:
    """Raise a `UserError` that says the numbers if this network has no such tap or unit."""
    there = taps(model)
    for clamp in clamps:
        if clamp.tap not in there:
            raise UserError(
                N_("This network has no {tap}: choose one of {choices}."), tap=clamp.tap, choices=", ".join(there)
            )
        if clamp.unit is not None and clamp.unit >= model.hidden_size:
            raise UserError(
                N_("{tap} has the units 0 to {last}, and no unit {unit}."),
                tap=clamp.tap, last=model.hidden_size - 1, unit=clamp.unit,
            )  # fmt: skip


@dataclass(frozen=True)
class Study:
    """Asks for what the model does over many windows: see `seqcore.probes.study`.

    `span` (first and last step, from 0) of the watched window is what other windows are searched for, by the values
    of `tap` of those `units`; of those that stand out in it if there are none.
    """

    tap: str = "l0.hidden"
    span: tuple[int, int] | None = None
    units: tuple[int, ...] = ()


Head = tuple[str, int]
"""The name of an attention, and one of its heads, from 0 on."""

MOST_HEADS = 300
"""Heads that are switched off at once, at most: six layers of an encoder and a decoder have 288."""

PLACE = re.compile(r"(encoder|decoder)(\.l\d\.(self|cross|feed))?\.\w{1,16}|logits|probabilities")
"""Names of what is computed in a Transformer: see `seqcore.models.transformer.inside`."""


@dataclass(frozen=True)
class Reading:
    """How a Transformer reads: with some heads `off`, without `positions`, without its causal `mask`.

    Raises `UserError` for more than `MOST_HEADS`.
    """

    off: tuple[Head, ...] = ()
    positions: bool = True
    mask: bool = True

    def __post_init__(self):
        if (count := len(self.off)) > MOST_HEADS:
            raise UserError(N_("{count} heads are off, and at most {most} can be."), count=count, most=MOST_HEADS)
        if min((head for _, head in self.off), default=0) < 0:
            raise ValueError(f"heads ({self.off}) are counted from 0 on")


@dataclass(frozen=True)
class Drawing:
    """How a language model goes on: from softmax(logits / temperature) of the `top_k` likeliest tokens (0: of all), of
    which only the fewest stay that together have `top_p`. `seed` names the throw of the dice."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Sentence:
    """Asks a network that translates for `text`, or where there is none for test pair number `Look.window`.

    The network reads the source's tokens at the places in `order`, or all. Of its attention `forced` gives (step,
    place, weight) and `masked` (step, place) gets none; both count the tokens as they are read. With `own` it is shown
    what the network says by itself, even where the true translation is known. `effects` asks for what hiding each token
    does to the loss; `beam` for a search so wide, 0 for none, which divides by the length to the power of `normalise`.
    Raises `UserError` for more than `MOST_HELD` held weights.

    What follows is for Transformers, whose weights cannot be held. They read as `reading` says; `heads` asks what each
    head is good for, `inside` for the values of these names, of which `cell` is explained (its name, its row and its
    column). Of what the decoder says only the first `steps` tokens are looked at, with 0 all. `hidden` are the places
    that an encoder has to guess beside those it is given masked; a decoder goes on as `drawing` says.
    """

    text: str = ""
    order: tuple[int, ...] | None = None
    forced: tuple[tuple[int, int, float], ...] = ()
    masked: tuple[tuple[int, int], ...] = ()
    own: bool = False
    effects: bool = False
    beam: int = 0
    normalise: float = 0.0
    reading: Reading = Reading()
    heads: bool = False
    inside: tuple[str, ...] = ()
    cell: tuple[str, int, int, int] | None = None
    steps: int = 0
    hidden: tuple[int, ...] | None = None
    drawing: Drawing = Drawing()

    def __post_init__(self):
        if (count := len(self.forced) + len(self.masked)) > MOST_HELD:
            raise UserError(N_("{count} values are held, and at most {most} can be."), count=count, most=MOST_HELD)
        places = *(self.order or ()), *(self.hidden or ()), *(k for cell in self.masked for k in cell), self.steps
        names, numbers = self.cell[:1] if self.cell else (), self.cell[1:] if self.cell else ()
        if min(*places, *numbers, *(k for cell in self.forced for k in cell[:2]), 0) < 0:
            raise ValueError("places, steps, rows and columns are counted from 0 on")
        if wrong := [name for name in (*self.inside, *names) if not PLACE.fullmatch(name)]:
            raise ValueError(f"{wrong[0]!r} is no name of what is computed in a Transformer")


@dataclass(frozen=True)
class Look:
    """What a snapshot shows: the inside over window number `window`, and the forecasts.

    `free_running` asks for the forecast that is fed with itself, `weights` for the weights by their names, `study`
    for what is measured over many windows. On a memory task `gradients` asks for the gradients by time step, `horizons`
    for how far back the network reaches, `jacobian` for the singular values of each step's. `sentence` is for networks
    that translate. `epoch` is a recorded epoch, or None for the model as it is. With `clamps` it is the model with
    those values held, which is scored anew.
    """

    window: int = 0
    free_running: bool = False
    weights: bool = False
    epoch: int | None = None
    clamps: tuple[Clamp, ...] = ()
    study: Study | None = None
    gradients: bool = False
    horizons: bool = False
    jacobian: bool = False
    sentence: Sentence = Sentence()


NOW = Look()
"""The model as it is, and the inside over the first window."""
