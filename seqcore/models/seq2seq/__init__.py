"""Encoder and decoder: a network that turns one sequence of tokens into another, with or without attention."""

from seqcore.data.text.vocabulary import BOS, EOS, PAD, UNK
from seqcore.models.seq2seq.decode import Beam, Translation, beam, greedy, translate
from seqcore.models.seq2seq.inside import effects, inside
from seqcore.models.seq2seq.model import Seq2seq, token_loss

__all__ = ["BOS", "EOS", "PAD", "UNK", "Beam", "Seq2seq", "Translation", "beam", "effects", "greedy", "inside",
           "token_loss", "translate"]  # fmt: skip
