"""How many trainable weights a network has, by formula, before anything is built.

A recurrent layer of H units that reads C numbers at each step has G * H * (C + H + 2) weights: each of its G gates
has a matrix for the input (H, C), one for the state (H, H) and, as in `torch.nn`, two biases (H,). G is 1 for the
RNN, 3 for the GRU and 4 for the LSTM, so that at equal hidden sizes their layers compare as 1 : 3 : 4. A dense map
of C to H numbers has H * (C + 1). A network with a decoder has two stacks of layers and maps each step's state to
one number. A layer of the Transformer has four maps of H to H numbers, two norms and a part that is wider inside.
"""

from collections.abc import Callable
from itertools import pairwise

from seqcore.catalogue import CELL
from seqcore.spec import ModelSpec, RunSpec

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
"""Pairs of matrices of a recurrent layer."""

KERNEL = 3
"""Steps a convolution of the CNN reads."""

WIDER = 4
"""How many times H the Transformer's feed-forward part is wide inside."""


def weights(spec: RunSpec) -> int:
    """Trainable weights of the network that `spec` describes; the baselines are no networks (KeyError)."""
    return COUNTS[spec.model.architecture](spec)


def heads(hidden_size: int) -> int:
    """How many heads the forecasting Transformer's attention has: four, or as many as can have equal parts."""
    return next(count for count in (4, 2, 1) if hidden_size % count == 0)


def _dense(inputs: int, outputs: int) -> int:
    return outputs * (inputs + 1)


def _layers(model: ModelSpec, inputs: int) -> int:
    """A stack of recurrent layers that reads `inputs` numbers at each step."""
    wide = (2 if model.bidirectional else 1) * model.hidden_size
    gates = GATES[CELL[model.architecture]]
    return sum(gates * wide * (c + model.hidden_size + 2) for c in [inputs] + [wide] * (model.num_layers - 1))


def _recurrent(spec: RunSpec) -> int:
    model = spec.model
    return _layers(model, 1) + _dense((2 if model.bidirectional else 1) * model.hidden_size, spec.data.horizon)


def _encoder_decoder(spec: RunSpec) -> int:
    return 2 * _layers(spec.model, 1) + _dense(spec.model.hidden_size, 1)


def _encoder_decoder_attention(spec: RunSpec) -> int:
    return _encoder_decoder(spec) + 3 * spec.model.hidden_size**2  # W_q (H, H) and W_c (H, 2 H), without biases


def _repeat_vector(spec: RunSpec) -> int:
    H = spec.model.hidden_size
    return _layers(spec.model, 1) + _layers(spec.model, H) + _dense(H, 1)


def _mlp(spec: RunSpec) -> int:
    widths = [spec.data.seq_length] + [spec.model.hidden_size] * spec.model.num_layers + [spec.data.horizon]
    return sum(_dense(a, b) for a, b in pairwise(widths))


def _cnn(spec: RunSpec) -> int:
    widths = [1] + [spec.model.hidden_size] * spec.model.num_layers
    return sum(_dense(KERNEL * a, b) for a, b in pairwise(widths)) + _dense(widths[-1], spec.data.horizon)


def _transformer(spec: RunSpec) -> int:
    H = spec.model.hidden_size
    layer = 4 * _dense(H, H) + 2 * 2 * H + _dense(H, WIDER * H) + _dense(WIDER * H, H)
    return _dense(1, H) + spec.model.num_layers * layer + _dense(H, spec.data.horizon)


COUNTS: dict[str, Callable[[RunSpec], int]] = {
    "rnn": _recurrent,
    "lstm": _recurrent,
    "gru": _recurrent,
    "mlp": _mlp,
    "cnn": _cnn,
    "encoder_decoder": _encoder_decoder,
    "encoder_decoder_attention": _encoder_decoder_attention,
    "repeat_vector": _repeat_vector,
    "transformer": _transformer,
}
