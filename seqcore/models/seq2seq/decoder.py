"""The decoder: unfolds a state into a sentence, and looks back at the source where it has attention."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import nn

from seqcore.data.text.vocabulary import PAD
from seqcore.models.remedied import CELLS
from seqcore.models.seq2seq.attention import Attention
from seqcore.models.seq2seq.encoder import State


class Memory(NamedTuple):
    """What a decoder can look back at."""

    states: torch.Tensor  # (B, S, E), the encoder's
    keys: torch.Tensor | None  # (B, S, H), what they are compared by; without attention None
    mask: torch.Tensor  # (B, S), true where there is a token

    def repeated(self, count: int) -> "Memory":
        """That of a batch of one, `count` times."""
        return Memory(*(None if each is None else each.expand(count, *each.shape[1:]) for each in self))


class Decoded(NamedTuple):
    """What came of T steps."""

    logits: torch.Tensor  # (B, T, V)
    states: torch.Tensor  # (B, T, H), the top layer's
    weights: torch.Tensor | None  # (B, T, S), without attention None
    state: State  # after the last step


class Decoder(nn.Module):
    """Embedding, layers of cells, and for each step logits of the next token.

    With attention h~_t = tanh(W [c_t; h_t]), where c_t is the weighted mean of the encoder's states, and the logits
    are of h~_t (Luong et al. 2015, section 3); without, of h_t, and all that is known of the source is the state that
    the decoder began with (Sutskever et al. 2014). No step reads an earlier h~ or c (no input feeding): over given
    tokens the cells run through all steps at once, and attention is one product for all of them.
    """

    def __init__(self, cell, target_size, embedding_size, hidden_size, num_layers, attention, state_size, dropout):
        super().__init__()
        self.embedding = nn.Embedding(target_size, embedding_size)
        self.dropout = nn.Dropout(dropout)
        between = dropout if num_layers > 1 else 0.0  # torch warns where there is no between
        self.cell = CELLS[cell](embedding_size, hidden_size, num_layers, batch_first=True, dropout=between)
        self.attention = None
        if attention != "none":
            self.attention = Attention(attention, hidden_size, state_size)
            self.combine = nn.Linear(state_size + hidden_size, hidden_size, bias=False)
        self.output = nn.Linear(hidden_size, target_size)

    def forward(
        self,
        tokens: torch.Tensor,
        state: State,
        memory: Memory,
        forced: torch.Tensor | None = None,
        masked: torch.Tensor | None = None,
    ) -> Decoded:
        """T steps over tokens (B, T) from `state`; `forced` and `masked` (B, T, S) as `Attention` has them."""
        states, state = self.cell(self.dropout(self.embedding(tokens)), state)  # (B, T, H)
        if self.attention is None:
            return Decoded(self.output(states), states, None, state)
        weights = self.attention(states, memory.keys, memory.mask, forced, masked)  # (B, T, S)
        context = weights @ memory.states  # (B, T, E)
        seen = torch.tanh(self.combine(torch.cat([context, states], -1)))  # (B, T, H)
        return Decoded(self.output(seen), states, weights, state)

    def step(self, token: torch.Tensor, state: State, memory: Memory, forced=None, masked=None):
        """One step over token (B,): logits (B, V), the state after it, weights (B, S); held ones are (B, S) too."""
        forced, masked = (None if each is None else each[:, None] for each in (forced, masked))
        made = self(token[:, None], state, memory, forced, masked)
        return made.logits[:, 0], made.state, None if made.weights is None else made.weights[:, 0]

    def mixed(self, tokens: torch.Tensor, state: State, memory: Memory, ratio: float) -> torch.Tensor:
        """`tokens` (B, T) with each but the first kept by a coin of its own, with probability `ratio`; where it is not
        kept, there stands what the decoder says after the tokens before it, its own among them.

        Source: Bengio et al. 2015, Scheduled sampling, with the likeliest token. As no gradient goes through a
        chosen token, a pass over the result is the pass that would have chosen step by step, and far faster. The
        choice is made without dropout.
        """
        own = (torch.rand(tokens.shape, device=tokens.device) >= ratio) & (tokens != PAD)
        mixed = tokens.clone()
        with at_rest(self):
            for t in range(tokens.shape[1] - 1):
                logits, state, _ = self.step(mixed[:, t], state, memory)
                mixed[:, t + 1] = torch.where(own[:, t + 1], logits.argmax(-1), mixed[:, t + 1])
        return mixed


@contextmanager
def at_rest(module: nn.Module) -> Iterator[None]:
    """Without dropout and without gradients."""
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(training)
