"""How many trainable weights a network has, by formula, before anything is built.

A recurrent layer of H units that reads C numbers at each step has G * H * (C + H + 2) weights: each of its G gates
has a matrix for the input (H, C), one for the state (H, H) and, as in `torch.nn`, two biases (H,). G is 1 for the
RNN, 3 for the GRU and 4 for the LSTM, so that at equal hidden sizes their layers compare as 1 : 3 : 4. A dense map
of C to H numbers has H * (C + 1).
"""

from collections.abc import Callable
from itertools import pairwise

from seqcore.spec import RunSpec

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
"""Pairs of matrices of a recurrent layer."""

KERNEL = 3
"""Steps a convolution of the CNN reads."""


def weights(spec: RunSpec) -> int:
    """Trainable weights of the network that `spec` describes; the baselines are no networks (KeyError)."""
    return COUNTS[spec.model.architecture](spec)


def _dense(inputs: int, outputs: int) -> int:
    return outputs * (inputs + 1)


def _recurrent(spec: RunSpec) -> int:
    model = spec.model
    directions = 2 if model.bidirectional else 1
    wide = directions * model.hidden_size
    inputs = [1] + [wide] * (model.num_layers - 1)
    layers = sum(GATES[model.architecture] * wide * (c + model.hidden_size + 2) for c in inputs)
    return layers + _dense(wide, spec.data.horizon)


def _mlp(spec: RunSpec) -> int:
    widths = [spec.data.seq_length] + [spec.model.hidden_size] * spec.model.num_layers + [spec.data.horizon]
    return sum(_dense(a, b) for a, b in pairwise(widths))


def _cnn(spec: RunSpec) -> int:
    widths = [1] + [spec.model.hidden_size] * spec.model.num_layers
    return sum(_dense(KERNEL * a, b) for a, b in pairwise(widths)) + _dense(widths[-1], spec.data.horizon)


COUNTS: dict[str, Callable[[RunSpec], int]] = {
    "rnn": _recurrent,
    "lstm": _recurrent,
    "gru": _recurrent,
    "mlp": _mlp,
    "cnn": _cnn,
}
