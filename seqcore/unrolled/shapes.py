"""The shapes of what goes into a recurrent network and comes out, why they are so, and how many weights it has."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from seqcore.text import N_, UserError
from seqcore.unrolled.setup import Setup, parameter_shapes

SEQUENCE = {
    True: N_("batch_first is on, so the batch ({batch}) comes before the steps ({steps}); {last}"),
    False: N_("batch_first is off, so the steps ({steps}) come before the batch ({batch}); {last}"),
}
LAST = {
    "input": N_("last comes input_size = {size}, what one step reads."),
    "output": N_("last comes hidden_size = {size}, the state of the top layer after each step."),
    "both": N_("last comes 2 · {half} = {size}, the states of the top layer in both directions."),
}
STATE = {
    False: N_("One state for each layer ({layers}), whatever batch_first says; then the batch ({batch}), then {size}."),
    True: N_(
        "One state for each layer and direction ({layers} · 2 = {rows}), whatever batch_first says; then the batch "
        "({batch}), then {size}."
    ),
}


@dataclass(frozen=True)
class Shape:
    """A tensor's name and shape; `why` says it in sentences to translate, the second inside the first at `{last}`."""

    name: str
    shape: tuple[int, ...]
    why: tuple[UserError, ...]


def shapes(setup: Setup) -> list[Shape]:
    """Input, initial states, output and last states of a network, as PyTorch takes and gives them."""
    ways, top = len(setup.directions), setup.width(1)
    sequence = {"batch": setup.batch, "steps": setup.seq_length}
    lead = (setup.batch, setup.seq_length) if setup.batch_first else (setup.seq_length, setup.batch)
    rows = setup.num_layers * ways
    states = ("h", "c") if setup.cell == "lstm" else ("h",)

    def flow(name: str, size: int, last: str) -> Shape:
        inner = UserError(LAST[last], size=size, half=setup.hidden_size)
        return Shape(name, (*lead, size), (UserError(SEQUENCE[setup.batch_first], **sequence), inner))

    def state(name: str) -> Shape:
        told = {"layers": setup.num_layers, "rows": rows, "batch": setup.batch, "size": setup.hidden_size}
        return Shape(name, (rows, setup.batch, setup.hidden_size), (UserError(STATE[setup.bidirectional], **told),))

    return [
        flow("input", setup.input_size, "input"),
        *(state(f"{name}_0") for name in states),
        flow("output", top, "both" if setup.bidirectional else "output"),
        *(state(f"{name}_n") for name in states),
    ]


@dataclass(frozen=True)
class Guess:
    """What is said to a guessed shape: whether it is right, and a hint (a sentence to translate)."""

    right: bool
    hint: str


def judge(guess: tuple[int, ...], truth: tuple[int, ...]) -> Guess:
    """Compare a guessed shape with the true one."""
    if guess == truth:
        return Guess(True, N_("Right."))
    if len(guess) != len(truth):
        return Guess(False, N_("Not yet: it has three dimensions."))
    if sorted(guess) == sorted(truth):
        return Guess(False, N_("Not yet: the numbers are right, their order is not."))
    if sum(a == b for a, b in zip(guess, truth, strict=True)) == 2:
        return Guess(False, N_("Nearly: one of the three numbers is wrong."))
    return Guess(False, N_("Not yet."))


def read_shape(text: str) -> tuple[int, ...]:
    """`(2, 6, 3)` or `2 6 3`; `UserError` for anything else."""
    parts = text[:60].replace(",", " ").replace("×", " ").strip(" ()[]").split()
    if not parts or len(parts) > 5 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        raise UserError(N_("{value!r} is no shape: write whole numbers, like 2, 6, 3."), value=text[:40])
    return tuple(int(part) for part in parts)


def arguments(setup: Setup) -> str:
    """What `torch.nn.RNN`, `LSTM` or `GRU` is called with: what is not its default."""
    parts = [str(setup.input_size), str(setup.hidden_size)]
    parts += [f"num_layers={setup.num_layers}"] * (setup.num_layers > 1)
    parts += [f'nonlinearity="{setup.nonlinearity}"'] * (setup.cell == "rnn" and setup.nonlinearity != "tanh")
    parts += [f"{name}=True" for name in ("batch_first", "bidirectional") if getattr(setup, name)]
    return f"{setup.cell.upper()}({', '.join(parts)})"


def snippet(setup: Setup) -> str:
    """A PyTorch script that prints the shapes."""
    known = {shape.name: shape.shape for shape in shapes(setup)}
    lines = ["import torch", "from torch import nn", "", f"cell = nn.{arguments(setup)}"]
    lines += [f"{name} = torch.randn{known[name]}" for name in ("input", "h_0", "c_0") if name in known]
    lstm = setup.cell == "lstm"
    given, back = ("(h_0, c_0)", "(h_n, c_n)") if lstm else ("h_0", "h_n")
    lines += [f"output, {back} = cell(input, {given})", ""]
    lines += [f"print(tuple({name}.shape))  # {known[name]}" for name in ("output", "h_n", "c_n") if name in known]
    return "\n".join(lines) + "\n"


def replay(setup: Setup, weights: Mapping, x, initial: Mapping) -> str:
    """A PyTorch script that computes a pass with the page's own numbers: `x` (B, T, C) and all weights written out."""
    x = x if setup.batch_first else x.swapaxes(0, 1)
    lines = ["import torch", "from torch import nn", "", "torch.set_default_dtype(torch.float64)"]
    lines += [f"cell = nn.{arguments(setup)}", "cell.load_state_dict({"]
    lines += [f'    "{name}": torch.tensor({values.tolist()}),' for name, values in weights.items()]
    lines += ["})", f"input = torch.tensor({x.tolist()})"]
    lines += [f"{name} = torch.tensor({values.tolist()})" for name, values in initial.items()]
    given, back = ("(h_0, c_0)", "(h_n, c_n)") if setup.cell == "lstm" else ("h_0", "h_n")
    lines += ["with torch.no_grad():", f"    output, {back} = cell(input, {given})", "print(output)"]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Count:
    """The weights of one direction of one layer: blocks · (H·I + H·H + H + H)."""

    layer: str
    formula: str
    total: int


def counts(setup: Setup) -> list[Count]:
    """By the formula, direction by direction and layer by layer."""
    found, H, G = [], setup.hidden_size, len(setup.blocks)
    for layer in range(setup.num_layers):
        for direction in setup.directions:
            width = setup.width(layer)
            formula = f"{G} · ({H}·{width} + {H}·{H} + {H} + {H})"
            found.append(Count(f"l{layer}{direction}", formula, G * (H * width + H * H + 2 * H)))
    return found


def counted(setup: Setup) -> int:
    """By adding up the tensors' sizes."""
    return sum(shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in parameter_shapes(setup).values())


def ratio(setup: Setup) -> dict[str, int]:
    """Weights of an RNN, a GRU and an LSTM of this size: 1 : 3 : 4."""
    return {cell: counted(replace(setup, cell=cell)) for cell in ("rnn", "gru", "lstm")}
