"""The forward pass of RNN, LSTM and GRU in plain NumPy, every number of it kept.

Steps are counted from 1, so that the state before the first one is PyTorch's `h_0`. A tensor of a step has a key like
`l0.2.f`: layer 0, step 2, forget gate; `l0r` is the reverse direction. Of each block `q` of the weights (i, f, g, o of
an LSTM; r, z, n of a GRU; h of an RNN) there is what comes from the input, `xq`, from the state, `hq`, and their sum,
the pre-activation `aq`.

Source: the equations in the documentation of `torch.nn.RNN`, `LSTM` and `GRU`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from seqcore.look import Clamp
from seqcore.text import N_, UserError
from seqcore.unrolled.setup import Setup

OPERATIONS = {
    "rnn": {"input": ("xh",), "state": ("hh",), "sum": ("ah",), "h": ("h",)},
    "lstm": {
        "input": ("xi", "xf", "xg", "xo"), "state": ("hi", "hf", "hg", "ho"), "sum": ("ai", "af", "ag", "ao"),
        "i": ("i",), "f": ("f",), "g": ("g",), "o": ("o",), "c": ("c",), "h": ("h",),
    },
    "gru": {
        "input": ("xr", "xz", "xn"), "state": ("hr", "hz", "hn"), "sum": ("ar", "az"),
        "r": ("r",), "z": ("z",), "sum_n": ("an",), "n": ("n",), "h": ("h",),
    },
}  # fmt: skip
"""What one step of a cell does, in order, and the tensors each operation makes."""

TAPPED = {"hidden": "h", "cell": "c"}
"""Where a tap's name differs from ours."""

Tensors = dict[str, np.ndarray]


def key(layer: int, reverse: bool, t: int, name: str) -> str:
    return f"l{layer}{'r' * reverse}.{t}.{name}"


@dataclass(frozen=True, eq=False)
class Pass:
    """A forward pass: its inputs, every tensor of every step (B, H) by its key, and what PyTorch returns.

    `x` (B, T, C) and `output` (B, T, directions · H) are batch first; `initial` has `h_0` and for an LSTM `c_0`, and
    `final` `h_n` and `c_n`, each (L · directions, B, H).
    """

    setup: Setup
    weights: Mapping[str, np.ndarray]
    x: np.ndarray
    initial: Mapping[str, np.ndarray]
    clamps: tuple[Clamp, ...]
    freeze: bool
    tensors: Mapping[str, np.ndarray]
    output: np.ndarray
    final: Mapping[str, np.ndarray]

    @property
    def trouble(self) -> UserError | None:
        """A sentence about the first number that is too large to be one, or None."""
        for name, values in self.tensors.items():
            if not np.isfinite(values).all():
                return UserError(
                    N_("The numbers overflow: {name} is the first that is too large. Make a weight smaller."), name=name
                )
        return None


def forward(
    setup: Setup,
    weights: Mapping[str, np.ndarray],
    x: np.ndarray,
    initial: Mapping[str, np.ndarray],
    clamps: Iterable[Clamp] = (),
    freeze: bool = False,
) -> Pass:
    """Run the network over `x` (B, T, C), float64.

    `clamps` hold values at every step; they must fit the network (`seqcore.look.check_clamps`). `freeze` hands an
    LSTM's cell state on unchanged. Numbers that overflow become infinite: see `Pass.trouble`.
    """
    clamps = tuple(clamps)
    tensors: Tensors = {}
    final = {"h": [], "c": []}
    below = x
    with np.errstate(all="ignore"):
        for layer in range(setup.num_layers):
            states = []
            for d, direction in enumerate(setup.directions):
                start = {name[0]: values[layer * len(setup.directions) + d] for name, values in initial.items()}
                own = {name.split("_l")[0]: w for name, w in weights.items() if name.endswith(f"_l{layer}{direction}")}
                path, last = _sweep(setup, own, below, start, _holder(clamps, layer, d), freeze, d)
                tensors |= {key(layer, bool(d), t, name): value for t, name, value in path}
                states.append([tensors[key(layer, bool(d), t, "h")] for t in range(1, setup.seq_length + 1)])
                for name in start:
                    final[name].append(last[name])
            below = np.concatenate([np.stack(one, axis=1) for one in states], axis=2)  # (B, T, directions · H)
    ends = {f"{name}_n": np.stack(values) for name, values in final.items() if values}
    return Pass(setup, weights, x, initial, clamps, freeze, tensors, below, ends)


Hold = Callable[[str, np.ndarray], np.ndarray]


def _holder(clamps: tuple[Clamp, ...], layer: int, d: int) -> Hold:
    """A function that puts the held values of one direction of a layer in their place."""
    held = {}
    for clamp in clamps:
        place, _, kind = clamp.tap.partition(".")
        if place == f"l{layer}{'r' * d}":
            held.setdefault(TAPPED.get(kind, kind), []).append((clamp.unit, clamp.value))

    def hold(name: str, value: np.ndarray) -> np.ndarray:
        for unit, fixed in held.get(name, ()):
            value[:, slice(None) if unit is None else unit] = fixed
        return value

    return hold


def _sweep(setup: Setup, own: Tensors, x: np.ndarray, state: Tensors, hold: Hold, freeze: bool, d: int):
    """One direction of a layer: [(step, name, (B, H))] in the order of computation, and the last state.

    `own` has its weights by their names up to the layer, `x` is (B, T, width).
    """
    path = []
    for t in range(1, setup.seq_length + 1)[:: -1 if d else 1]:
        made = {}
        from_input = x[:, t - 1] @ own["weight_ih"].T + own["bias_ih"]  # (B, blocks · H)
        from_state = state["h"] @ own["weight_hh"].T + own["bias_hh"]  # (B, blocks · H)
        for k, block in enumerate(setup.blocks):
            rows = slice(k * setup.hidden_size, (k + 1) * setup.hidden_size)
            made[f"x{block}"], made[f"h{block}"] = from_input[:, rows], from_state[:, rows]
        if setup.cell == "lstm":
            _lstm(made, state["c"], hold, freeze)
        elif setup.cell == "gru":
            _gru(made, state["h"], hold)
        else:
            _rnn(made, setup.nonlinearity, hold)
        state = {name: made[name] for name in state}
        path += [(t, name, value) for name, value in made.items()]
    return path, state


def _rnn(s: Tensors, nonlinearity: str, hold: Hold) -> None:
    s["ah"] = s["xh"] + s["hh"]
    s["h"] = hold("h", np.tanh(s["ah"]) if nonlinearity == "tanh" else np.maximum(s["ah"], 0.0))


def _lstm(s: Tensors, c: np.ndarray, hold: Hold, freeze: bool) -> None:
    for q in "ifgo":
        s[f"a{q}"] = s[f"x{q}"] + s[f"h{q}"]
    s["i"] = hold("i", sigmoid(s["ai"]))
    s["f"] = hold("f", sigmoid(s["af"]))
    s["g"] = hold("g", np.tanh(s["ag"]))
    s["o"] = hold("o", sigmoid(s["ao"]))
    s["c"] = c.copy() if freeze else hold("c", s["f"] * c + s["i"] * s["g"])
    s["h"] = hold("h", s["o"] * np.tanh(s["c"]))


def _gru(s: Tensors, h: np.ndarray, hold: Hold) -> None:
    for q in "rz":
        s[f"a{q}"] = s[f"x{q}"] + s[f"h{q}"]
    s["r"] = hold("r", sigmoid(s["ar"]))
    s["z"] = hold("z", sigmoid(s["az"]))
    s["an"] = s["xn"] + s["r"] * s["hn"]
    s["n"] = hold("n", np.tanh(s["an"]))
    s["h"] = hold("h", (1 - s["z"]) * s["n"] + s["z"] * h)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
