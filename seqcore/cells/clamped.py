"""The cells step by step under autograd, with values held or states changed: slow, and open to a hand from outside.

Each value is held where its equation gives it, so that all later numbers are made of the held one, and no gradient
goes through it. Source of the equations: `torch.nn`, as in `rnn.py`, `lstm.py` and `gru.py`.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.functional import linear

from seqcore.cells.sweep import Call
from seqcore.look import Clamp


class Held:
    """Stands between a value and its use: `held("f", f)` is what the step goes on with, (B, H) as f is.

    `seen` lists the values of every step by their names. `between` holds what changes the states on their way from
    step to step, a `Between` for each layer, or is empty.
    """

    def __init__(self, clamps: Sequence[Clamp], layer: str, like: torch.Tensor, between: Sequence["Between"] = ()):
        self.between = between[int(layer.strip("lr"))] if len(between) else None
        mine = {clamp.tap for clamp in clamps if clamp.tap.startswith(f"{layer}.")}
        self.fixed = {tap.removeprefix(f"{layer}."): held_units(clamps, tap, like) for tap in mine}
        self.seen: dict[str, list[torch.Tensor]] = {}

    def read(self, h: torch.Tensor) -> torch.Tensor:
        """What a step reads where its last state is `h` (B, H)."""
        return self.between.read(h, self.seen.get("hidden", [])) if self.between else h

    def __call__(self, name: str, value: torch.Tensor) -> torch.Tensor:
        if name == "hidden" and self.between:
            value = self.between(value)
        if name in self.fixed:
            value = torch.where(*self.fixed[name], value)
        self.seen.setdefault(name, []).append(value)
        return value


class Between(nn.Module):
    """What is done to the hidden state h (B, H) of a layer between two of its steps.

    With `skip` s a step reads the mean of the last state and the one s steps back, so that a gradient comes s steps
    nearer in one; with `layer_norm` each new state is normalised over its units. Sources: Lin et al. 1996, Learning
    long-term dependencies in NARX recurrent neural networks (shorter paths); Ba et al. 2016, Layer normalization,
    which normalises the sums inside the cell, where here it is the state itself.
    """

    def __init__(self, hidden_size: int, layer_norm: bool, skip: int):
        super().__init__()
        self.norm = nn.LayerNorm(hidden_size) if layer_norm else nn.Identity()
        self.skip = skip

    def read(self, h: torch.Tensor, past: Sequence[torch.Tensor]) -> torch.Tensor:
        return (h + past[-self.skip]) / 2 if self.skip and len(past) >= self.skip else h

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        return self.norm(h)


def held_units(clamps: Sequence[Clamp], tap: str, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Which units of `tap` are held, and at what: each (H,) as `like` is; of two clamps the later one counts."""
    which, numbers = torch.zeros_like(like, dtype=torch.bool), torch.zeros_like(like)
    for clamp in clamps:
        if clamp.tap == tap:
            units = slice(None) if clamp.unit is None else clamp.unit
            which[units], numbers[units] = True, clamp.value
    return which, numbers


def rnn(squash, held: Held, x, h, c, w_ih, w_hh, b_ih, b_hh):
    """h' = squash(W_ih x + b_ih + W_hh h + b_hh)."""
    return held("hidden", squash(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh))), c


def lstm(held: Held, x, h, c, w_ih, w_hh, b_ih, b_hh):
    """i, f, o = σ(W [x; 1; h]), g = tanh(W [x; 1; h]);  c' = f * c + i * g;  h' = o * tanh(c')."""
    i, f, g, o = (linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh)).chunk(4, 1)  # (B, H) each
    i, f = held("i", torch.sigmoid(i)), held("f", torch.sigmoid(f))
    g, o = held("g", torch.tanh(g)), held("o", torch.sigmoid(o))
    c = held("cell", f * c + i * g)
    return held("hidden", o * torch.tanh(c)), c


def gru(held: Held, x, h, c, w_ih, w_hh, b_ih, b_hh):
    """r, z = σ(W [x; 1; h]), n = tanh(W_n [x; 1] + r * (W_m [1; h]));  h' = (1 - z) * n + z * h."""
    x_r, x_z, x_n = linear(x, w_ih, b_ih).chunk(3, 1)  # (B, H) each
    h_r, h_z, h_n = linear(h, w_hh, b_hh).chunk(3, 1)
    r, z = held("r", torch.sigmoid(x_r + h_r)), held("z", torch.sigmoid(x_z + h_z))
    n = held("n", torch.tanh(x_n + r * h_n))
    return held("hidden", (1 - z) * n + z * h), c


STEPS = {"RNN_TANH": partial(rnn, torch.tanh), "RNN_RELU": partial(rnn, torch.relu), "LSTM": lstm, "GRU": gru}
"""One step of each cell, by torch's `mode`: x (B, C), h and c (B, H), the four parameters -> h' and c' (B, H)."""


def held_layer(mode: str, clamps: Sequence[Clamp], between, call: Call, x, h0, c0, *parameters):
    """One direction of one layer with values held or states changed; `call`, what follows it, and what comes back
    as in `Layer`.

    x (T, C, B), h0 and c0 (B, H) or None, and the parameters of `torch.nn` -> y (T, H, B), h_n and c_n (B, H). Of a
    held state the tape's gradient is that of the number it is held at; none of it goes further back.
    """
    steps, _, batch = x.shape
    zeros = x.new_zeros(batch, parameters[1].shape[1])
    h, c = (zeros if state is None else state for state in (h0, c0))
    held = Held(clamps, call.name.rpartition(".")[2], zeros[0], between)
    order = range(steps)[:: -1 if call.reverse else 1]
    gradient = np.zeros((batch, steps, zeros.shape[1]), zeros.cpu().numpy().dtype)
    for t in order:
        h, c = STEPS[mode](held, x[t].T, held.read(h), c, *parameters)
        if call.tape is not None and h.requires_grad:
            h.register_hook(partial(_keep, call, gradient, t))
    values = {name: torch.stack(seen)[list(order)] for name, seen in held.seen.items()}  # (T, B, H), as the sequence
    if call.tape is not None:
        for name, of_steps in values.items():
            call.note(name, of_steps.detach().cpu().numpy().transpose(0, 2, 1))
    return values["hidden"].transpose(1, 2), h, c


def _keep(call: Call, gradient: np.ndarray, t: int, of_state: torch.Tensor) -> None:
    """Put the gradient of step t's state (B, H) where the tape has those of all steps (B, T, H)."""
    gradient[:, t] = of_state.cpu().numpy()
    call.tape[f"{call.name}.hidden.grad"] = gradient
