"""Encoder and decoder: a network that turns one sequence of tokens into another, with or without attention."""

from seqcore.data.text.vocabulary import BOS, EOS, PAD, UNK
from seqcore.models.seq2seq.decode import Beam, Translation, beam, greedy, translate
from seqcore.models.seq2seq.inside import choices, effects, inside, read_before
from seqcore.models.seq2seq.model import Seq2seq, token_loss

__all__ = [
    "BOS", "EOS", "PAD", "UNK", "Beam", "Seq2seq", "Translation", "beam", "choices", "effects", "greedy", "inside",
    "read_before", "token_loss", "translate",
]  # fmt: skip
