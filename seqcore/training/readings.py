"""How a Transformer reads, what is computed on the way, and what its heads are good for."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn

from seqcore.look import Drawing, Reading, Sentence
from seqcore.models.seq2seq import choices
from seqcore.models.transformer.formula import explained
from seqcore.models.transformer.inside import altered, attentions
from seqcore.training.textual import SCORED, TextTrainer

MOST_WORK = 3e10
"""Multiplications that asking what each head is good for may take: about a second."""

MOST_MAPS = 4_000_000
"""Bytes of maps that a look brings home, at most."""

Read = Callable[[Iterable[str]], dict[str, np.ndarray]]
"""Gives the values of some names for one sentence: a model's `inside`."""


def changes(model: nn.Module, reading: Reading) -> dict:
    """The arguments of `altered`; heads that this model does not have are passed over."""
    on = {name: [True] * attention.num_heads for name, attention in attentions(model).items()}
    for name, head in reading.off:
        if name in on and head < len(on[name]):
            on[name][head] = False
    return {"heads": {name: heads for name, heads in on.items() if not all(heads)},
            "positions": reading.positions, "mask": reading.mask}  # fmt: skip


def maps(model: nn.Module, read: Read, rows: torch.Tensor, sentence: Sentence) -> dict[str, np.ndarray]:
    """All maps of a sentence by name, `encoder.l0.self.weights` (N, S, S) and so on, and the `choices` at its rows
    (T,). Of a long one as many as fit, those first of whose attention more is asked for."""
    arrays = read([*(f"{name}.weights" for name in attentions(model)), "logits"])
    logits = torch.from_numpy(arrays.pop("logits"))
    asked = {name.rpartition(".")[0] for name in sentence.inside}
    kept, room = choices(logits, rows.cpu()), MOST_MAPS
    for name in sorted(arrays, key=lambda name: name.rpartition(".")[0] not in asked):
        room -= arrays[name].nbytes
        if room >= 0:
            kept[name] = arrays[name]
    return kept


def values(model: nn.Module, read: Read, sentence: Sentence) -> dict[str, np.ndarray]:
    """What is asked for of the inside: by name, `inside.encoder.l0.self.q` say, and a cell as `formula.…`."""
    arrays = {f"inside.{name}": value for name, value in read(sentence.inside).items()} if sentence.inside else {}
    return arrays | (explained(model, read, sentence.cell) if sentence.cell else {})


def effects(trainer: TextTrainer, sentence: Sentence) -> dict[str, np.ndarray]:
    """`tested.loss` and `tested.right` (2,) on sentences never seen: as the network is, and as it is made to read.

    If it is asked for, and not too much work, also `heads.encoder.l0.self` (N,) and so on: what switching off each head
    alone adds to the loss of the network as it is.
    """
    model = trainer.model
    if sentence.reading == Reading() and not sentence.heads:
        return {}
    as_it_is, heads = trainer.known.of(trainer, sentence.heads)
    told = as_it_is, as_it_is
    if sentence.reading != Reading():
        with altered(model, **changes(model, sentence.reading)):
            told = as_it_is, trainer.tested()
    tested = zip(("tested.loss", "tested.right"), map(np.array, zip(*told, strict=True)), strict=True)
    return {**dict(tested), **heads}


class Known:
    """What was told of the weights that a network has now, or had when it was looked at last: it takes a while, and
    none of it depends on the sentence."""

    def __init__(self):
        self.weights = ""
        self._forget()

    def _forget(self) -> None:
        self.tested: tuple[float, float] | None = None
        self.heads: dict[str, np.ndarray] = {}
        self.samples: tuple[Drawing, dict[str, np.ndarray]] | None = None

    def now(self, weights: str) -> None:
        """Say whose weights, by their fingerprint, the network has; of others nothing is known."""
        if weights != self.weights:
            self.weights = weights
            self._forget()

    def samples_of(self, trainer: TextTrainer, drawing: Drawing, tell: Callable) -> dict[str, np.ndarray]:
        """What `tell` gives of the trainer, drawn so."""
        if self.samples is None or self.samples[0] != drawing:
            self.samples = drawing, tell(trainer, drawing)
        return self.samples[1]

    def of(self, trainer: TextTrainer, heads: bool) -> tuple[tuple[float, float], dict[str, np.ndarray]]:
        """What `tested` gives, and if asked for what each head is good for."""
        if self.tested is None:
            self.tested = trainer.tested()
        counts = {name: attention.num_heads for name, attention in attentions(trainer.model).items()}
        if heads and not self.heads and sum(counts.values()) * self._work(trainer, len(counts)) <= MOST_WORK:
            for name, count in counts.items():
                without = [_without(trainer, name, head, count) for head in range(count)]
                self.heads[f"heads.{name}"] = np.array(without) - self.tested[0]
        return self.tested, self.heads if heads else {}

    @staticmethod
    def _work(trainer: TextTrainer, attentions: int) -> float:
        """Multiplications of one pass over the sentences never seen: each weight, and each place with each other."""
        pairs = 2 * trainer.longest * trainer.spec.model.d_model * attentions
        return SCORED * trainer.longest * (trainer.flat.numel() + pairs)


def _without(trainer: TextTrainer, name: str, head: int, count: int) -> float:
    """The loss of sentences never seen without one head of `count`."""
    with altered(trainer.model, {name: [each != head for each in range(count)]}):
        return trainer.tested()[0]


def moved(model: nn.Module, states: Callable[[], torch.Tensor]) -> dict[str, np.ndarray]:
    """`moved` (2,): how far a shuffle moves the mean of an encoder's states, with positions and without.

    `states` gives those before and after it, (2, S, D); the distance is the largest one of any number, by the largest
    number of the first.
    """
    far = []
    for positions in (True, False):
        with altered(model, positions=positions):
            before, after = states().mean(1)
        far.append(((before - after).abs().max() / before.abs().max()).item())
    return {"moved": np.array(far)}
