"""What a model computes for one sentence, as arrays."""

import numpy as np
import torch

from seqcore.data.text.vocabulary import BOS
from seqcore.models.seq2seq.decode import TOP, greedy, ranked
from seqcore.models.seq2seq.decoder import at_rest
from seqcore.models.seq2seq.model import Seq2seq

BLOCK = 16
"""Sources that are read at once to see what each token does: additive attention keeps T S H numbers of each."""


def inside(
    model: Seq2seq, source: torch.Tensor, target: torch.Tensor | None, most: int = 50, forced=None, masked=None
) -> dict[str, np.ndarray]:
    """Reading source (S,) and then `target` (T,), which ends with EOS; without one, what the model says by itself.

    `encoder` (S, directions * H), the top layer's states; `bottleneck` (L, H), the state the decoder begins with;
    `input` (T,), the token that each step reads, `decoder` (T, H), the top layer's states, `attention` (T, S) where
    there is one, `logits` (T, V), `output` (T,), the likeliest tokens, `surprise` (T,), -log p of the target's token in
    nats, and of the `top` (T, 10), the likeliest tokens or all there are, the `probabilities`. `most` is for a model
    left to itself; `forced` and `masked` (any number of steps, S) hold weights as `Attention` has them.
    """
    if target is None:
        target = source.new_tensor(greedy(model, source, most, forced, masked).ids)
    tokens = read_before(target)
    held = [None if each is None else fitted(each, len(target))[None] for each in (forced, masked)]
    with at_rest(model):
        memory, state = model.encode(source[None])
        made = model.decoder(tokens[None], state, memory, *held)
    found = {"encoder": memory.states[0], "bottleneck": (state[0] if isinstance(state, tuple) else state)[:, 0],
             "input": tokens, "decoder": made.states[0], "logits": made.logits[0]}  # fmt: skip
    if made.weights is not None:
        found["attention"] = made.weights[0]
    return {name: values.cpu().numpy() for name, values in found.items()} | choices(made.logits[0], target)


def choices(logits: torch.Tensor, target: torch.Tensor) -> dict[str, np.ndarray]:
    """Of logits (T, V) and target (T,): `output`, `surprise`, `top` and `probabilities`, as `inside` has them."""
    logs = logits.log_softmax(-1)
    surprise = -logs.gather(1, target[:, None])[:, 0].cpu().numpy()
    logs = logs.cpu().numpy()
    top = np.stack([ranked(row, TOP) for row in logs])
    probabilities = np.exp(np.take_along_axis(logs, top, 1))
    return {"output": top[:, 0], "surprise": surprise, "top": top, "probabilities": probabilities}


def effects(
    model: Seq2seq, source: torch.Tensor, target: torch.Tensor, forced=None, masked=None
) -> dict[str, np.ndarray]:
    """By how many nats each token of target (T,) gets less likely if one of source (S,) is hidden.

    `removed` (T, S): it is taken out of the source, of at least two tokens. `masked` (T, S): it is read, but attention
    to it is masked at every step; only with attention. `forced` and `masked` hold weights as in `inside`.
    """
    S, T = len(source), len(target)
    tokens = read_before(target)
    kept = ~torch.eye(S, dtype=torch.bool, device=source.device)
    forced = source.new_full((T, S), torch.nan, dtype=torch.float32) if forced is None else fitted(forced, T)
    masked = source.new_zeros((T, S), dtype=torch.bool) if masked is None else fitted(masked, T)

    def surprise(sources: torch.Tensor, forced: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
        """-log p (rows, T) of the target after each of sources (rows, S), with weights held (rows, T, S)."""
        rows = len(sources)
        logits = model.attend(sources, tokens.expand(rows, T), forced, masked).logits
        return -logits.log_softmax(-1).gather(2, target.expand(rows, T)[..., None])[..., 0]

    def without(values: torch.Tensor, block: torch.Tensor) -> torch.Tensor:
        """values (..., S) without the place of each of a block -> (block, ..., S - 1)."""
        return torch.stack([values[..., kept[place]] for place in block])

    with at_rest(model):
        whole = surprise(source[None], forced[None], masked[None])[0]  # (T,)
        blocks = torch.arange(S).split(BLOCK)
        ways = {"removed": [surprise(*(without(values, block) for values in (source, forced, masked)))
                            for block in blocks]}  # fmt: skip
        if model.decoder.attention is not None:
            ways["masked"] = [surprise(source.expand(len(block), S), forced.expand(len(block), T, S),
                                       masked | ~kept[block][:, None]) for block in blocks]  # fmt: skip
    return {name: (torch.cat(rows) - whole).T.cpu().numpy() for name, rows in ways.items()}


def read_before(target: torch.Tensor) -> torch.Tensor:
    """What the decoder reads before each token of target (T,)."""
    return torch.cat([target.new_tensor([BOS]), target[:-1]])


def fitted(held: torch.Tensor, steps: int) -> torch.Tensor:
    """Held weights (T', S) for so many steps: cut, or with nothing held at the others."""
    nothing = held.new_zeros if held.dtype == torch.bool else lambda shape: held.new_full(shape, torch.nan)
    more = nothing((max(0, steps - len(held)), held.shape[1]))
    return torch.cat([held, more])[:steps]
