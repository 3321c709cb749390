"""Free running: a trained model says what it has to say, each word fed with those it said before."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from seqcore.data.text.vocabulary import BOS, EOS, PAD
from seqcore.models.seq2seq.decoder import at_rest
from seqcore.models.seq2seq.encoder import State
from seqcore.models.seq2seq.model import Seq2seq
from seqcore.text import N_, UserError

LONGEST = 200
"""Tokens of a source or a target, at most."""

WIDEST = 10
"""Hypotheses in a beam, at most."""

TOP = 10
"""How many of the likeliest tokens of a step are told."""


@dataclass(frozen=True, eq=False)
class Translation:
    """What the likeliest tokens gave: `ids` (T,), with EOS at the end where it came in time.

    `weights` (T, S), without attention None; `top` (T, 10), the likeliest tokens of each step, and their
    `probabilities` (T, 10), both falling. `log_probability` is that of the whole, in nats.
    """

    ids: tuple[int, ...]
    log_probability: float
    weights: np.ndarray | None
    top: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Node:
    """A hypothesis in a tree: `token` after that of the node number `parent`, and `step` tokens in all.

    `log_probability` of all its tokens, in nats, and `score`, what it was kept or pruned by. A finished one ends with
    EOS and counts as kept if it was never pushed out of the beam.
    """

    token: int
    parent: int
    step: int
    log_probability: float
    score: float
    kept: bool
    finished: bool


@dataclass(frozen=True)
class Beam:
    """All hypotheses a beam search looked at, parents first: the root, BOS, is number 0; `best` is a number too."""

    nodes: tuple[Node, ...]
    best: int

    def ids(self, number: int) -> tuple[int, ...]:
        """The tokens of a hypothesis, without BOS."""
        found = []
        while number:
            found.append(self.nodes[number].token)
            number = self.nodes[number].parent
        return tuple(found[::-1])


def greedy(model: Seq2seq, source: torch.Tensor, most: int, forced=None, masked=None) -> Translation:
    """The likeliest token at every step, until EOS or `most` tokens; source (S,).

    `forced` and `masked` (T, S) hold the first T steps' weights as `Attention` has them. `UserError` for what is empty
    or too long.
    """
    check_length(most, source)
    ids, total, weights, top, probabilities = [], 0.0, [], [], []
    with at_rest(model):
        memory, state = model.encode(source[None])
        token = BOS
        for t in range(most):
            held = [None if each is None or t >= len(each) else each[t : t + 1] for each in (forced, masked)]
            logits, state, seen = model.decoder.step(source.new_tensor([token]), state, memory, *held)
            logs = logits[0].log_softmax(-1).cpu().numpy()
            likeliest = ranked(logs, TOP)
            token = int(likeliest[0])
            ids.append(token)
            total += float(logs[token])
            top.append(likeliest)
            probabilities.append(np.exp(logs[likeliest]))
            weights += [] if seen is None else [seen[0].cpu().numpy()]
            if token == EOS:
                break
    return Translation(tuple(ids), total, np.stack(weights) if weights else None, np.stack(top),
                       np.stack(probabilities))  # fmt: skip


def beam(model: Seq2seq, source: torch.Tensor, width: int, most: int, normalise: float = 0.0) -> Beam:
    """The `width` best hypotheses at every step, until all have ended or hold `most` tokens; source (S,).

    A hypothesis is worth log p / |tokens|^normalise: above 0, short ones lose what they gain by being short (Wu et
    al. 2016, section 7). A finished one keeps its place until better ones push it out. Of each hypothesis the `width`
    likeliest tokens are looked at; no other could be kept. `UserError` for what is empty, too long or too wide.
    """
    check_length(most, source)
    if not 1 <= width <= WIDEST:
        raise UserError(N_("A beam is 1 to {most} wide, not {width}."), most=WIDEST, width=width)
    nodes, live, finished = [Node(BOS, 0, 0, 0.0, 0.0, True, False)], [0], []
    with at_rest(model):
        memory, state = model.encode(source[None])
        for step in range(1, most + 1):
            tokens = source.new_tensor([nodes[number].token for number in live])
            logits, state, _ = model.decoder.step(tokens, state, memory.repeated(len(live)))
            first = len(nodes)
            for parent, logs in zip(live, logits.log_softmax(-1).cpu().numpy(), strict=True):
                for token in map(int, ranked(logs, width)):
                    total = nodes[parent].log_probability + float(logs[token])
                    nodes.append(Node(token, parent, step, total, total / step**normalise, False, token == EOS))
            rivals = sorted([*finished, *range(first, len(nodes))], key=lambda number: -nodes[number].score)
            for place, number in enumerate(rivals):
                nodes[number] = replace(nodes[number], kept=place < width)
            rows = {number: row for row, number in enumerate(live)}
            finished = [number for number in rivals[:width] if nodes[number].finished]
            live = [number for number in rivals[:width] if not nodes[number].finished]
            if not live:
                break
            state = rows_of(state, [rows[nodes[number].parent] for number in live])
    return Beam(tuple(nodes), rivals[0])


def translate(model: Seq2seq, sources: torch.Tensor, most: int) -> torch.Tensor:
    """The likeliest token at every step, for all sources (B, S) together -> (B, most), PAD after the EOS of each."""
    check_length(most, sources)
    said = sources.new_full((len(sources), most), PAD)
    with at_rest(model):
        memory, state = model.encode(sources)
        token, ended = sources.new_full((len(sources),), BOS), sources.new_zeros(len(sources), dtype=torch.bool)
        for t in range(most):
            logits, state, _ = model.decoder.step(token, state, memory)
            token = logits.argmax(-1).masked_fill(ended, PAD)
            said[:, t] = token
            ended |= token == EOS
            if ended.all():
                break
    return said


def ranked(logs: np.ndarray, count: int) -> np.ndarray:
    """The `count` likeliest tokens, best first; of equal ones the lower id."""
    return np.argsort(-logs, kind="stable")[:count]


def rows_of(state: State, rows: list[int]) -> State:
    """A state (L, B, H) of those rows of the batch."""
    return tuple(each[:, rows] for each in state) if isinstance(state, tuple) else state[:, rows]


def check_length(most: int, source: torch.Tensor) -> None:
    """`UserError` unless 1 to `LONGEST` tokens are asked for, of a source of as many at most."""
    for count in (most, source.shape[-1]):
        if not 1 <= count <= LONGEST:
            raise UserError(N_("A sentence holds 1 to {most} tokens, not {count}."), most=LONGEST, count=count)
