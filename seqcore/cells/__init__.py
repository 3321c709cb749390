"""Recurrent cells with forward pass and back-propagation through time written out; drop-ins for `torch.nn`."""

from seqcore.cells.gru import GRU
from seqcore.cells.lstm import LSTM
from seqcore.cells.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN"]
