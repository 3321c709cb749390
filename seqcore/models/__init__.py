"""The networks: one file an architecture, each with `build(spec, input_size, seq_length, horizon)`.

Every network maps windows (B, T, C) to forecasts (B, K).
"""

import importlib

from torch import nn

from seqcore.catalogue import ARCHITECTURES
from seqcore.spec import ModelSpec


def build(spec: ModelSpec, input_size: int, seq_length: int, horizon: int) -> nn.Module:
    """The network that `spec` describes, with weights drawn from torch's global generator."""
    names = {architecture.name for architecture in ARCHITECTURES}
    assert spec.architecture in names, spec.architecture
    module = importlib.import_module(f"seqcore.models.{spec.architecture}")
    return module.build(spec, input_size, seq_length, horizon)
