"""Transformers: one that turns a sequence into another, one that reads, and one that goes on."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from seqcore.data.text.vocabulary import PAD
from seqcore.models.transformer.inside import ALL, inside
from seqcore.models.transformer.stack import Decoder, Encoder, Memory, State, head
from seqcore.text import N_, UserError


class Transformer(nn.Module):
    """p(target | source), token by token. Source: Vaswani et al. 2017; with `norm_first` Xiong et al. 2020.

    Sentences are rows of ids, padded at the right end; a source holds at least one token, a target begins with BOS
    where it is read and ends with EOS where it is written. `position` is one of `POSITIONS`, `tied` makes the output's
    weights those of the target's embedding, `longest` is the most tokens of a sentence. Without `causal` the decoder
    sees what it is to foretell: training then shows what the mask is for. Whatever translates with a `Seq2seq`
    translates with this. `UserError` for sizes that do not go together, and for sentences that are empty or too long.
    """

    def __init__(
        self,
        d_model: int = 64,
        num_heads: int = 4,
        num_layers: int = 2,
        d_ff: int = 256,
        dropout: float = 0.0,
        norm_first: bool = True,
        position: str = "sinusoidal",
        tied: bool = False,
        source_size: int = 100,
        target_size: int = 100,
        longest: int = 200,
        causal: bool = True,
    ):
        super().__init__()
        sizes = d_model, num_heads, num_layers, d_ff, dropout, norm_first, position, longest
        self.encoder = Encoder(source_size, *sizes)
        self.decoder = Decoder(target_size, *sizes, tied, causal)

    def encode(self, source: torch.Tensor) -> tuple[Memory, State]:
        """What the decoder can look back at, and the state it begins with; source (B, S)."""
        real = source != PAD
        if not real.any(1).all():
            raise UserError(N_("There is nothing to read: the sentence is empty."))
        states, _ = self.encoder(source)
        return Memory(states, self.decoder.sides(states), real), ()

    def forward(self, source: torch.Tensor, target_in: torch.Tensor, teacher_forcing: float = 1.0) -> torch.Tensor:
        """source (B, S), target_in (B, T) -> logits (B, T, V) of the token after each of target_in's.

        With `teacher_forcing` below 1 the decoder reads its own words for some of target_in's: see `Decoder.mixed`.
        """
        memory, state = self.encode(source)
        if teacher_forcing < 1:
            target_in = self.decoder.mixed(target_in, state, memory, teacher_forcing)
        return self.decoder(target_in, memory)

    def inside(
        self, source: torch.Tensor, target_in: torch.Tensor, names: Iterable[str] = ALL, **changes
    ) -> dict[str, np.ndarray]:
        """What is computed for source (S,) and target_in (T,), by name: see `seqcore.models.transformer.inside`.

        Only what begins with one of `names`, with `altered`'s changes: heads, positions, mask.
        """
        names = tuple(names)

        def read() -> torch.Tensor | None:
            if not all(name.startswith("encoder.") for name in names):
                return self(source[None], target_in[None])
            self.encoder(source[None])
            return None

        return inside(self, read, names, **changes)


class TransformerEncoder(nn.Module):
    """A reader: each place's state has seen the whole sentence, and a linear head over a vocabulary names the token
    that stands there, for masked words. Source: Devlin et al. 2019."""

    def __init__(
        self,
        d_model: int = 64,
        num_heads: int = 4,
        num_layers: int = 2,
        d_ff: int = 256,
        dropout: float = 0.0,
        norm_first: bool = True,
        position: str = "sinusoidal",
        tied: bool = False,
        size: int = 100,
        longest: int = 200,
    ):
        super().__init__()
        self.encoder = Encoder(size, d_model, num_heads, num_layers, d_ff, dropout, norm_first, position, longest)
        self.output = head(d_model, size, self.encoder.embedding if tied else None)

    def states(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, S) -> (B, S, D): what a classifier on top would read."""
        return self.encoder(tokens)[0]

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, S) -> logits (B, S, V)."""
        return self.output(self.states(tokens))

    def inside(self, tokens: torch.Tensor, names: Iterable[str] = ALL, **changes) -> dict[str, np.ndarray]:
        """As `Transformer.inside`, of tokens (S,)."""
        return inside(self, lambda: self(tokens[None]), names, **changes)


class TransformerDecoder(nn.Module):
    """A decoder alone: p(next token | those before). Source: Radford et al. 2018.

    Without `causal` each place sees the token it is to foretell.
    """

    def __init__(
        self,
        d_model: int = 64,
        num_heads: int = 4,
        num_layers: int = 2,
        d_ff: int = 256,
        dropout: float = 0.0,
        norm_first: bool = True,
        position: str = "sinusoidal",
        tied: bool = False,
        size: int = 100,
        longest: int = 200,
        causal: bool = True,
    ):
        super().__init__()
        sizes = d_model, num_heads, num_layers, d_ff, dropout, norm_first, position, longest
        self.decoder = Encoder(size, *sizes, causal, "decoder")
        self.output = head(d_model, size, self.decoder.embedding if tied else None)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, T) -> logits (B, T, V) of the token after each."""
        return self.output(self.decoder(tokens)[0])

    def step(self, token: torch.Tensor, state: State = ()) -> tuple[torch.Tensor, State]:
        """One step over token (B,), from the state after those before it: logits (B, V), and the state after it."""
        states, state = self.decoder(token[:, None], state)
        return self.output(states)[:, 0], state

    def inside(self, tokens: torch.Tensor, names: Iterable[str] = ALL, **changes) -> dict[str, np.ndarray]:
        """As `Transformer.inside`, of tokens (T,)."""
        return inside(self, lambda: self(tokens[None]), names, **changes)
