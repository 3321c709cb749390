"""Looking into a Transformer while it reads, and changing how it reads.

Every number has a name: where it is, a dot, what it is. Of a sentence the arrays are, in the order they come to be,

    encoder.embedding    (S, D)            sqrt(D) times the tokens' rows of the table
    encoder.position     (S, D)            what is added to say where they stand; not of rotary positions
    encoder.input        (S, D)            the sum
    encoder.l0.self.…                      what the first layer's attention computes
    encoder.l0.feed.…                      and its feed-forward part
    encoder.states       (S, D)            what the last layer gave, where the norm comes first normed once more
    decoder.embedding …                    the same, and in every layer `decoder.l0.cross.…` between the two
    logits               (T, V)
    probabilities        (T, V)            their softmax

and, of an attention, whose places look from T to S (of self-attention they are the same ones),

    q                    (N, T, head_dim)  queries; with rotary positions, turned, as the keys are
    k, v                 (N, S, head_dim)  keys and values
    scores               (N, T, S)         q k^T
    scaled               (N, T, S)         divided by sqrt(head_dim)
    masked               (N, T, S)         minus infinity where a place may not look
    weights              (N, T, S)         the softmax of each row
    context              (N, T, head_dim)  weights v, by head; 0 of a head that is off
    joined               (T, D)            the heads side by side
    out                  (T, D)            their linear map

of a feed-forward part `hidden` (T, d_ff), after relu, and `out` (T, D), and of all parts `sum` (T, D), out added to
what came in, and `norm` (T, D): what the part reads where the norm comes first, otherwise the norm of the sum.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import nn

from seqcore.cells.tap import Tap
from seqcore.models.seq2seq.decoder import at_rest
from seqcore.models.transformer.attention import MultiHeadAttention
from seqcore.models.transformer.position import Embedding
from seqcore.models.transformer.stack import Decoder, Encoder

ALL = ("",)
"""The prefixes of all names."""


def attentions(model: nn.Module) -> dict[str, MultiHeadAttention]:
    """All attentions of a model by name: encoder.l0.self, decoder.l0.self, decoder.l0.cross and so on."""
    return {module.name: module for module in model.modules() if isinstance(module, MultiHeadAttention)}


def inside(
    model: nn.Module, read: Callable[[], torch.Tensor | None], names: Iterable[str], **changes
) -> dict[str, np.ndarray]:
    """The arrays whose names begin with one of `names`, of a pass over one sentence, which `read` does and gives the
    logits (1, T, V) of; with `altered`'s changes."""
    wanted = tuple(names)
    with at_rest(model), altered(model, **changes), tapped(model, wanted) as tape:
        logits = read()
    if logits is not None:
        tape |= {name: values for name, values in (("logits", logits), ("probabilities", logits.softmax(-1)))
                 if name.startswith(wanted)}  # fmt: skip
    return {name: values[0].cpu().numpy() for name, values in tape.items()}


@contextmanager
def tapped(model: nn.Module, names: Iterable[str] = ALL) -> Iterator[dict[str, torch.Tensor]]:
    """Keep what passes the taps whose names begin with one of `names`, in every pass inside the `with` block; the last
    one wins. Attention is written out only where something of it is kept that torch's fused call does not show."""
    wanted, tape = tuple(names), {}
    taps = [tap for tap in model.modules() if isinstance(tap, Tap) and tap.name.startswith(wanted)]
    hooks = [tap.register_forward_hook(partial(keep, tape)) for tap in taps]
    kept = {tap.name for tap in taps}
    for name, attention in attentions(model).items():
        attention.explicit = not kept.isdisjoint(f"{name}.{value}" for value in attention.SCORED)
    try:
        yield tape
    finally:
        for hook in hooks:
            hook.remove()
        for attention in attentions(model).values():
            attention.explicit = False


def keep(tape: dict[str, torch.Tensor], tap: Tap, _, value: torch.Tensor) -> None:
    """What a tap does while it is listened to."""
    tape[tap.name] = value.detach()


@contextmanager
def altered(
    model: nn.Module, heads: Mapping[str, Sequence[bool]] | None = None, positions: bool = True, mask: bool = True
) -> Iterator[None]:
    """Inside the `with` block the model reads with some heads off, without positions or without its causal mask.

    `heads` holds for attentions, by name, which of their heads are on. `ValueError` for an attention that is not there
    or a wrong number of heads.
    """
    there, device = attentions(model), next(model.parameters()).device
    changes: list[tuple[nn.Module, str, object]] = []
    for name, on in (heads or {}).items():
        if name not in there or len(on) != there[name].num_heads:
            raise ValueError(f"heads ({name}: {len(on)}) must name an attention of {sorted(there)}, and all its heads")
        changes.append((there[name], "heads", torch.as_tensor(on, dtype=torch.bool, device=device)))
    for module in model.modules():
        if isinstance(module, Embedding) and not positions:
            changes.append((module, "placed", False))
        if isinstance(module, (Encoder, Decoder)) and not mask:
            changes.append((module, "causal", False))
    before = [(module, attribute, getattr(module, attribute)) for module, attribute, _ in changes]
    try:
        for change in changes:
            setattr(*change)
        yield
    finally:
        for change in before:
            setattr(*change)
