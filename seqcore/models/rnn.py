"""A vanilla (Elman) RNN: h' = tanh(W_ih x + b_ih + W_hh h + b_hh). Source: torch.nn.RNN."""

from torch import nn

from seqcore.cells import RNN
from seqcore.models.recurrent import RecurrentForecaster
from seqcore.spec import ModelSpec


def build(spec: ModelSpec, input_size: int, seq_length: int, horizon: int) -> nn.Module:
    return RecurrentForecaster(RNN, spec, input_size, horizon)
