"""Sequence to sequence: an encoder folds the source into a state, a decoder unfolds the target from it."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from seqcore.data.text.vocabulary import PAD
from seqcore.models.seq2seq.decoder import Decoded, Decoder, Memory
from seqcore.models.seq2seq.encoder import Encoder, State


class Seq2seq(nn.Module):
    """p(target | source), token by token. Sources: Sutskever et al. 2014; with attention Bahdanau et al. 2015 and
    Luong et al. 2015, see `Attention` and `Decoder`.

    `cell`: rnn, lstm or gru; `attention`: none, additive, dot or general. Sentences are rows of ids, padded at the
    right end; a source holds at least one token, a target begins with BOS where it is read and ends with EOS where it
    is written.
    """

    def __init__(
        self,
        cell: str = "gru",
        hidden_size: int = 128,
        embedding_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = False,
        attention: str = "additive",
        source_size: int = 100,
        target_size: int = 100,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.encoder = Encoder(cell, source_size, embedding_size, hidden_size, num_layers, bidirectional, dropout)
        self.decoder = Decoder(
            cell, target_size, embedding_size, hidden_size, num_layers, attention, self.encoder.state_size, dropout
        )

    def encode(self, source: torch.Tensor) -> tuple[Memory, State]:
        """What the decoder can look back at, and the state it begins with; source (B, S)."""
        states, state = self.encoder(source)
        attention = self.decoder.attention
        return Memory(states, attention.keys(states) if attention else None, source != PAD), state

    def forward(self, source: torch.Tensor, target_in: torch.Tensor, teacher_forcing: float = 1.0) -> torch.Tensor:
        """source (B, S), target_in (B, T) -> logits (B, T, V) of the token after each of target_in's.

        With `teacher_forcing` below 1 the decoder reads its own words for some of target_in's: see `Decoder.mixed`.
        """
        memory, state = self.encode(source)
        if teacher_forcing < 1:
            target_in = self.decoder.mixed(target_in, state, memory, teacher_forcing)
        return self.decoder(target_in, state, memory).logits

    def attend(self, source, target_in, forced=None, masked=None) -> Decoded:
        """As `forward`, with the weights and states too, and weights held as `Attention` has them, (B, T, S)."""
        memory, state = self.encode(source)
        return self.decoder(target_in, state, memory, forced, masked)


def token_loss(logits: torch.Tensor, target_out: torch.Tensor, smoothing: float = 0.0) -> torch.Tensor:
    """The mean cross entropy, in nats, of logits (B, T, V) over the tokens of target_out (B, T) that are no padding.

    With `smoothing` against a target that gives this share to all tokens alike: Szegedy et al. 2016, section 7.
    """
    return cross_entropy(logits.flatten(0, 1), target_out.flatten(), ignore_index=PAD, label_smoothing=smoothing)
