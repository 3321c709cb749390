"""The pictures beside the matrices: the bend that a step's numbers pass through, and a tensor over all steps."""

from dataclasses import replace

import numpy as np

from pages.kit.forward_flow import OPERATION_NAMES
from pages.kit.forward_form import AS_HERE, Position
from pages.kit.live import theme
from pages.kit.text import t
from seqcore.figures.activation import activation
from seqcore.figures.palette import palette
from seqcore.figures.picture import Picture
from seqcore.figures.states import states
from seqcore.look import GATES
from seqcore.text import N_
from seqcore.unrolled import Pass, key

SQUASHED = {"rnn": (), "lstm": ("i", "f", "o"), "gru": ("r", "z")}
CANDIDATE = {"rnn": "h", "lstm": "g", "gru": "n"}
BOUND = 1e30
"""Pictures are drawn with numbers of four bytes."""


def bend(done: Pass, at: Position, function: str) -> Picture:
    """The function the current operation bends with, or the chosen one, and the numbers of this step on it."""
    cell, operation = done.setup.cell, at.operation
    gates = {name: f"a{name}" for name in SQUASHED[cell]}
    candidate = {CANDIDATE[cell]: f"a{CANDIDATE[cell]}"}
    if function != AS_HERE:
        names = {**gates, **candidate}
    elif cell == "rnn":
        function, names = done.setup.nonlinearity, candidate
    elif operation in ("g", "n", "sum_n"):
        function, names = "tanh", candidate
    elif cell == "lstm" and operation in ("c", "h"):
        function, names = "tanh", {"c": "c"}
    else:
        function, names = "sigmoid", gates
    points = {
        name: (_role(name), _bounded(done.tensors[key(at.layer, at.reverse, at.t, tensor)]).ravel())
        for name, tensor in names.items()
    }
    return activation(t, theme(), function, points)


def _role(name: str) -> str:
    return name if name not in ("h", "c") else "train"


def _bounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num(values, posinf=BOUND, neginf=-BOUND), -BOUND, BOUND)


def over_time(done: Pass, at: Position, b: int) -> Picture:
    """What the current operation makes, at every step, unit by unit; this step is framed."""
    main = "c" if done.setup.cell == "lstm" else "h"
    name = main if at.operation in ("input", "state", "sum", "sum_n") else at.operation
    steps = range(1, done.setup.seq_length + 1)
    values = np.stack([done.tensors[key(at.layer, at.reverse, step, name)][b] for step in steps])  # (T, H)
    title = t(N_("{name}, all steps")).format(name=t(OPERATION_NAMES[name]))
    kind = name if name in GATES else "hidden"
    picture = states(t, theme(), title, _bounded(values), kind=kind)
    frame = {"type": "rect", "xref": "x", "yref": "paper", "x0": at.t - 0.5, "x1": at.t + 0.5, "y0": 0, "y1": 1,
             "line": {"color": palette(theme())["text"], "width": 2.5}}  # fmt: skip
    return replace(picture, layout={**picture.layout, "shapes": [frame]})
