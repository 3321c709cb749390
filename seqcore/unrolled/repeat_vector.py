"""The RepeatVector network of Keras' seq2seq tutorials: its layers, their shapes and weights, and its code.

A Keras LSTM of H units that reads C numbers has 4 (H (C + H) + H) weights, with one bias a gate; that of `torch.nn`
has two, and so 4 H more, which add up and make no other network. Source: keras.io, layers/recurrent_layers/lstm and
layers/reshaping_layers/repeat_vector.
"""

from dataclasses import dataclass

GATES = 4


@dataclass(frozen=True)
class Layer:
    """What a layer gives, without the batch; how its weights in Keras are counted, how many, and how many in torch."""

    name: str
    shape: tuple[int, ...]
    formula: str
    keras: int
    torch: int


def layers(horizon: int, hidden: int) -> list[Layer]:
    """The layers, first to last, for so many steps out and units; the steps in change neither shapes nor weights."""
    K, H = horizon, hidden
    return [
        _lstm("LSTM", (H,), 1, H),
        Layer("RepeatVector", (K, H), "0", 0, 0),
        _lstm("LSTM", (K, H), H, H),
        Layer("TimeDistributed(Dense)", (K, 1), f"{H} + 1", H + 1, H + 1),
    ]


def _lstm(name: str, shape: tuple[int, ...], inputs: int, H: int) -> Layer:
    keras = GATES * (H * (inputs + H) + H)
    return Layer(name, shape, f"{GATES} · ({H} · ({inputs} + {H}) + {H})", keras, keras + GATES * H)


def in_keras(steps: int, horizon: int, hidden: int) -> str:
    """The network in Keras."""
    return f"""\
from keras import Input, Sequential
from keras.layers import LSTM, Dense, RepeatVector, TimeDistributed

model = Sequential([
    Input(({steps}, 1)),
    LSTM({hidden}),
    RepeatVector({horizon}),
    LSTM({hidden}, return_sequences=True),
    TimeDistributed(Dense(1)),
])
"""


def in_torch(steps: int, horizon: int, hidden: int) -> str:
    """The same network in PyTorch, with the shape of every value."""
    return f"""\
from torch import nn

class RepeatVector(nn.Module):
    def __init__(self):
        super().__init__()
        self.fold = nn.LSTM(1, {hidden}, batch_first=True)
        self.unfold = nn.LSTM({hidden}, {hidden}, batch_first=True)
        self.head = nn.Linear({hidden}, 1)

    def forward(self, x):  # (B, {steps}, 1)
        _, (last, _) = self.fold(x)  # (1, B, {hidden})
        repeated = last[0][:, None].expand(-1, {horizon}, -1)  # (B, {horizon}, {hidden})
        states, _ = self.unfold(repeated)  # (B, {horizon}, {hidden})
        return self.head(states)  # (B, {horizon}, 1)

model = RepeatVector()
"""
