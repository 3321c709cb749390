"""What a forward pass is asked for: a small recurrent network of PyTorch's kinds, every setting with its range."""

from dataclasses import dataclass

from seqcore.spec import Checked, choice, flag, integer
from seqcore.text import N_

BLOCKS = {"rnn": ("h",), "lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}
"""The blocks of H rows that lie on top of each other in every weight matrix, in PyTorch's order."""


@dataclass(frozen=True)
class Setup(Checked):
    """The arguments of `torch.nn.RNN`, `LSTM` or `GRU` by their names there, and how the numbers begin."""

    cell: str = choice(
        "lstm", N_("Cell"), {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}, main=True,
        help=N_("The RNN keeps one state; the LSTM adds a cell state and four gates, the GRU makes do with three."),
    )  # fmt: skip
    input_size: int = integer(
        1, N_("Input size (input_size)"), 1, 4, main=True, help=N_("How many numbers the network reads at each step.")
    )
    hidden_size: int = integer(
        3, N_("Hidden size (hidden_size)"), 1, 8, main=True, help=N_("How many numbers it keeps as its state.")
    )
    num_layers: int = integer(
        1, N_("Layers (num_layers)"), 1, 3, main=True,
        help=N_("How many cells lie on top of each other: each reads the states of the one below."),
    )  # fmt: skip
    seq_length: int = integer(
        6, N_("Steps (seq_length)"), 1, 24, main=True, help=N_("How many steps the sequence has.")
    )
    batch: int = integer(1, N_("Batch"), 1, 4, help=N_("How many sequences are computed at once."))
    bidirectional: bool = flag(
        False, N_("Bidirectional"), N_("A second cell in each layer reads the sequence from its end.")
    )
    batch_first: bool = flag(
        True, "batch_first", N_("Which comes first in the shape of input and output: the batch or the steps.")
    )
    nonlinearity: str = choice(
        "tanh", N_("Nonlinearity"), {"tanh": "tanh", "relu": "ReLU"},
        help=N_("What bends the sum in a vanilla RNN; LSTM and GRU have no such choice."),
    )  # fmt: skip
    initial: str = choice(
        "zeros", N_("State before the first step"), {"zeros": N_("zeros"), "random": N_("random")},
        help=N_("h_0 (and c_0): PyTorch takes zeros where it is given none."),
    )  # fmt: skip
    start: str = choice(
        "random", N_("Weights"), {"random": N_("random"), "zeros": N_("zeros, to set by hand")},
        help=N_("Random: evenly between ±1/√hidden_size as in PyTorch, cut to two decimals so that you can check."),
    )  # fmt: skip
    seed: int = integer(0, N_("Seed"), 0, 9999, help=N_("Another seed, other random numbers."))

    @property
    def blocks(self) -> tuple[str, ...]:
        return BLOCKS[self.cell]

    @property
    def directions(self) -> tuple[str, ...]:
        """What PyTorch appends to a layer's name: nothing forwards, `_reverse` backwards."""
        return ("", "_reverse") if self.bidirectional else ("",)

    def width(self, layer: int) -> int:
        """How many numbers `layer` reads at each step: the input's, or the states of the layer below."""
        return self.input_size if layer == 0 else self.hidden_size * len(self.directions)


def parameter_shapes(setup: Setup) -> dict[str, tuple[int, ...]]:
    """Every weight's shape by PyTorch's name, in the order of its `state_dict`."""
    rows = len(setup.blocks) * setup.hidden_size
    shapes = {}
    for layer in range(setup.num_layers):
        for direction in setup.directions:
            end = f"l{layer}{direction}"
            shapes[f"weight_ih_{end}"] = (rows, setup.width(layer))
            shapes[f"weight_hh_{end}"] = (rows, setup.hidden_size)
            shapes[f"bias_ih_{end}"] = shapes[f"bias_hh_{end}"] = (rows,)
    return shapes
