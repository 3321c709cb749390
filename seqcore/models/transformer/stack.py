"""The two towers: an embedding, layers of blocks, and where the norm comes first a last one."""

from typing import NamedTuple

import torch
from torch import nn

from seqcore.cells.tap import Tap
from seqcore.data.text.vocabulary import PAD
from seqcore.models.seq2seq.decoder import Decoder as Recurrent
from seqcore.models.transformer.attention import Sides
from seqcore.models.transformer.block import DecoderLayer, EncoderLayer
from seqcore.models.transformer.position import Embedding

State = tuple[torch.Tensor, ...]
"""Of each layer the keys and the values of all places so far, each (1, B, N, t, head_dim); at first, nothing."""


class Memory(NamedTuple):
    """What a decoder can look back at."""

    states: torch.Tensor  # (B, S, D), the encoder's
    sides: tuple[Sides, ...]  # of each decoder layer, the keys and values of these states
    mask: torch.Tensor  # (B, S), true where there is a token

    def repeated(self, count: int) -> "Memory":
        """That of a batch of one, `count` times."""

        def many(x: torch.Tensor) -> torch.Tensor:
            return x.expand(count, *x.shape[1:])

        return Memory(many(self.states), tuple((many(k), many(v)) for k, v in self.sides), many(self.mask))


class Encoder(nn.Module):
    """Tokens (B, S) -> states (B, S, D), each of which has looked at all tokens, or if `causal` at those before it."""

    def __init__(self, size, d_model, num_heads, num_layers, d_ff, dropout, norm_first, position, longest,
                 causal=False, name="encoder"):  # fmt: skip
        super().__init__()
        self.causal = causal
        self.embedding = Embedding(size, d_model, num_heads, dropout, position, longest, name)
        self.layers = nn.ModuleList(
            EncoderLayer(d_model, num_heads, d_ff, dropout, norm_first, f"{name}.l{k}") for k in range(num_layers)
        )
        self.norm = nn.LayerNorm(d_model) if norm_first else nn.Identity()
        self.tap = Tap(f"{name}.states")

    def forward(self, tokens: torch.Tensor, state: State = ()) -> tuple[torch.Tensor, State]:
        """The states of tokens (B, S), of one token (B, 1) where it goes on from a state; and the state after them."""
        first = state[0].shape[3] if state else 0
        mask = None if state else may_look(tokens, self.causal)
        x, rotary, after = self.embedding(tokens, first), self.embedding.rotary(first, tokens.shape[1]), ()
        for k, layer in enumerate(self.layers):
            x, sides = layer(x, mask, rotary, past(state, k))
            after += tuple(each[None] for each in sides)
        return self.tap(self.norm(x)), after


class Decoder(nn.Module):
    """Tokens that are known (B, T), and what the encoder made of the source, -> logits (B, T, V) of those after them.

    The output may be `tied`: it then compares a state with the embedding of every token (Press and Wolf 2017).
    """

    def __init__(self, size, d_model, num_heads, num_layers, d_ff, dropout, norm_first, position, longest, tied,
                 causal):  # fmt: skip
        super().__init__()
        self.causal = causal
        self.embedding = Embedding(size, d_model, num_heads, dropout, position, longest, "decoder")
        self.layers = nn.ModuleList(
            DecoderLayer(d_model, num_heads, d_ff, dropout, norm_first, f"decoder.l{k}") for k in range(num_layers)
        )
        self.norm = nn.LayerNorm(d_model) if norm_first else nn.Identity()
        self.tap = Tap("decoder.states")
        self.output = head(d_model, size, self.embedding if tied else None)

    def sides(self, states: torch.Tensor) -> tuple[Sides, ...]:
        """What each layer looks at, of the encoder's states (B, S, D)."""
        return tuple(layer.cross.sides(states) for layer in self.layers)

    def forward(self, tokens: torch.Tensor, memory: Memory) -> torch.Tensor:
        """Logits (B, T, V) of tokens (B, T), all at once."""
        return self._read(tokens, memory, may_look(tokens, self.causal))[0]

    def step(self, token: torch.Tensor, state: State, memory: Memory, forced=None, masked=None):
        """One step over token (B,): logits (B, V), the state after it, weights (B, S) of the last layer's look at the
        source, the mean of its heads.

        No layer looks at what is true in `masked` (B, S). Weights cannot be `forced`: of all those layers and heads
        none is the one that a word comes from.
        """
        if forced is not None:
            raise ValueError("weights can be forced where there is one attention, not in layers of heads")
        if masked is not None:
            memory = memory._replace(mask=memory.mask & ~masked)
        logits, state, weights = self._read(token[:, None], memory, None, state, weights=True)
        return logits[:, 0], state, weights.mean(1)[:, 0]

    mixed = Recurrent.mixed  # step by step, whatever a step is

    def _read(self, tokens, memory, mask, state=(), weights=False):
        """Logits, the state after the tokens, and if asked for the last layer's weights (B, N, T, S)."""
        first, last = state[0].shape[3] if state else 0, len(self.layers) - 1
        x, rotary, after = self.embedding(tokens, first), self.embedding.rotary(first, tokens.shape[1]), ()
        for k, layer in enumerate(self.layers):
            there = memory.sides[k], mask, memory.mask[:, None, None]
            x, sides, seen = layer(x, *there, rotary, past(state, k), weights and k == last)
            after += tuple(each[None] for each in sides)
        return self.output(self.tap(self.norm(x))), after, seen


def may_look(tokens: torch.Tensor, causal: bool) -> torch.Tensor:
    """Which places each place of tokens (B, T) may look at, (B, 1, 1, T): no padding; if causal, (B, 1, T, T): none
    after itself either."""
    real = (tokens != PAD)[:, None, None]
    steps = torch.arange(tokens.shape[1], device=tokens.device)
    return real & (steps <= steps[:, None]) if causal else real


def past(state: State, k: int) -> Sides | None:
    """What layer k keeps in a state."""
    return (state[2 * k][0], state[2 * k + 1][0]) if state else None


def head(d_model: int, size: int, tied: Embedding | None) -> nn.Linear:
    """Logits of so many tokens, by weights of their own or those of an embedding."""
    output = nn.Linear(d_model, size)
    if tied is not None:
        output.weight = tied.table.weight
    return output
