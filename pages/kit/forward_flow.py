"""One step of a cell as matrices: what comes in, each operation, what goes out, and the weights it uses."""

import numpy as np

from pages.kit.forward_form import Position
from pages.kit.matrices import Matrix, Stage
from pages.kit.text import t
from seqcore.look import GATES
from seqcore.text import N_
from seqcore.unrolled import OPERATIONS, Pass, key
from seqcore.unrolled.weights import as_shape

STAGES = {
    "rnn": {"input": ("input",), "state": ("state",), "sum": ("sum",), "new": ("h",)},
    "lstm": {
        "input": ("input",), "state": ("state",), "sum": ("sum",), "gates": ("i", "f", "g", "o"), "new": ("c", "h"),
    },
    "gru": {
        "input": ("input",), "state": ("state",), "sum": ("sum", "sum_n"), "gates": ("r", "z", "n"), "new": ("h",),
    },
}  # fmt: skip
"""The stages of a step, and the operations in each."""

TITLES = {
    "input": N_("From the input"), "state": N_("From the state"), "sum": N_("Sums"),
    "gates": N_("Gates, candidate"), "new": N_("New state"),
}  # fmt: skip

COMES_IN = N_("What comes in")

OPERATION_NAMES = {
    "input": N_("Products with the input"), "state": N_("Products with the state"), "sum": N_("Sums"),
    "sum_n": N_("Sum of the candidate"), "i": N_("Input gate i"), "f": N_("Forget gate f"), "g": N_("Candidate g"),
    "o": N_("Output gate o"), "r": N_("Reset gate r"), "z": N_("Update gate z"), "n": N_("Candidate n"),
    "c": N_("Cell state c"), "h": N_("Hidden state h"),
}  # fmt: skip

MEANINGS = {
    "input": N_("Each input number times its weights, added up row by row, plus a bias."),
    "state": N_("The same with the state left by the step before: so the past comes in."),
    "sum": N_("What the input brings and what the past brings are added: the pre-activations."),
    "sum_n": N_("Input plus past, but first r decides how much of the past counts."),
    "i": N_("σ squeezes the sum to 0…1: how much of the new is let in."),
    "f": N_("σ squeezes the sum to 0…1: how much of the old cell state is kept."),
    "g": N_("tanh squeezes the sum to −1…1: what could be written into the cell state."),
    "o": N_("σ squeezes the sum to 0…1: how much of the cell state is shown."),
    "r": N_("σ squeezes the sum to 0…1: how much of the past the candidate gets to see."),
    "z": N_("σ squeezes the sum to 0…1: how much of the old state stays."),
    "n": N_("tanh squeezes the sum to −1…1: what could become the new state."),
    "c": N_("Of the old, the part that f keeps, plus of the new, the part that i lets in."),
    "rnn.h": N_("The sum is bent, and that is the new state: the whole of a vanilla RNN."),
    "lstm.h": N_("tanh of the cell state, as far as o opens: what the rest of the network sees."),
    "gru.h": N_("A mixture: z of the old state, 1 − z of the candidate."),
}


def meaning(cell: str, operation: str) -> str:
    """What an operation does, in plain words to translate."""
    return MEANINGS.get(f"{cell}.{operation}") or MEANINGS[operation]


def flow(done: Pass, at: Position) -> list[Stage]:
    """The stages of the step that `at` stands in."""
    order = list(OPERATIONS[done.setup.cell])
    stages = [Stage("in", t(COMES_IN), _comes_in(done, at))]
    for name, operations in STAGES[done.setup.cell].items():
        drawn = [
            _tensor(done, at, tensor, _state(order.index(operation) - order.index(at.operation)))
            for operation in operations
            for tensor in OPERATIONS[done.setup.cell][operation]
        ]
        stages.append(Stage(name, t(TITLES[name]), drawn, "now" if at.operation in operations else "done"))
    return stages


def _state(ahead: int) -> str:
    return "now" if ahead == 0 else "next" if ahead > 0 else "done"


def _role(name: str) -> str:
    """The colour of what belongs to a gate or candidate."""
    return name[-1] if name[-1] in "ifgorzn" else ""


def _prefix(done: Pass, layer: int, reverse: bool) -> str:
    return f"l{layer}{'r' * reverse}." if done.setup.num_layers > 1 or done.setup.bidirectional else ""


def _tensor(done: Pass, at: Position, name: str, state: str = "done", slot: str = "") -> Matrix:
    tensor = key(at.layer, at.reverse, at.t, name)
    values = done.tensors[tensor]
    label = f"{_prefix(done, at.layer, at.reverse)}{name}_{at.t}"
    return Matrix(slot or name, label, values, f"{tensor}[{{r}},{{c}}]", as_shape(values.shape), state,
                  gate=name in GATES, role=_role(name))  # fmt: skip


def _comes_in(done: Pass, at: Position) -> list[Matrix]:
    """The input of this step, or the states of the layer below, and the states of the step before."""
    setup, drawn = done.setup, []
    if at.layer == 0:
        ref = f"input[{{r}},{at.t - 1},{{c}}]" if setup.batch_first else f"input[{at.t - 1},{{r}},{{c}}]"
        values = done.x[:, at.t - 1]
        drawn.append(Matrix("x", f"x_{at.t}", values, ref, as_shape(values.shape)))
    else:
        for d in range(len(setup.directions)):
            drawn.append(_tensor(done, Position(at.layer - 1, bool(d), at.t, ""), "h", slot=f"below{d}"))
    before = at.t + (1 if at.reverse else -1)
    for name in ("h", "c") if setup.cell == "lstm" else ("h",):
        if 1 <= before <= setup.seq_length:
            drawn.append(_tensor(done, Position(at.layer, at.reverse, before, ""), name, slot=f"before.{name}"))
        else:
            row = at.layer * len(setup.directions) + at.reverse
            values = done.initial[f"{name}_0"][row]
            drawn.append(Matrix(f"before.{name}", f"{name}_0[{row}]", values, f"{name}_0[{row},{{r}},{{c}}]",
                                as_shape(values.shape)))  # fmt: skip
    return drawn


def weights_in_use(done: Pass, at: Position) -> tuple[str, list[Stage]]:
    """The weights that multiply the input, or the state once the input is done, with their biases: a stage per block.

    The text names both tensors, with their shapes.
    """
    kind = "ih" if at.operation == "input" else "hh"
    end = f"l{at.layer}{'_reverse' if at.reverse else ''}"
    setup, state = done.setup, "now" if at.operation in ("input", "state") else "done"
    weight, bias = f"weight_{kind}_{end}", f"bias_{kind}_{end}"
    stages = []
    for k, block in enumerate(setup.blocks):
        first = k * setup.hidden_size
        rows = slice(first, first + setup.hidden_size)
        short = kind if setup.cell == "rnn" else f"{kind[0]}{block}"
        look = {"state": state, "role": _role(block), "first": first}
        W = Matrix(
            "W", f"W_{short}", done.weights[weight][rows], f"{weight}[{{r}},{{c}}]", f"[{first}:{rows.stop}]", **look
        )
        b = Matrix("b", f"b_{short}", done.weights[bias][rows, np.newaxis], f"{bias}[{{r}}]", **look)
        stages.append(Stage(block, "", [W, b], state, across=True))
    shapes = (f"{name} {as_shape(done.weights[name].shape)}" for name in (weight, bias))
    return " · ".join(shapes), stages
