"""An LSTM: gates i, f, g, o; c' = f * c + i * g, h' = o * tanh(c'). Source: torch.nn.LSTM."""

from torch import nn

from seqcore.cells import LSTM
from seqcore.models.recurrent import RecurrentForecaster
from seqcore.spec import ModelSpec


def build(spec: ModelSpec, input_size: int, seq_length: int, horizon: int) -> nn.Module:
    return RecurrentForecaster(LSTM, spec, input_size, horizon)
