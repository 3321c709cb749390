"""A GRU: gates r, z, n; h' = (1 - z) * n + z * h. Source: torch.nn.GRU."""

from torch import nn

from seqcore.cells import GRU
from seqcore.models.recurrent import RecurrentForecaster
from seqcore.spec import ModelSpec


def build(spec: ModelSpec, input_size: int, seq_length: int, horizon: int) -> nn.Module:
    return RecurrentForecaster(GRU, spec, input_size, horizon)
