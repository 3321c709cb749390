"""A recurrent network with remedies against gradients that vanish or explode."""

from functools import partial

import torch
from torch import nn

from seqcore import cells
from seqcore.cells.clamped import Between
from seqcore.data.tasks.spec import RemedySpec
from seqcore.models.recurrent import RecurrentForecaster
from seqcore.spec import ModelSpec

CELLS = {"rnn": cells.RNN, "lstm": cells.LSTM, "gru": cells.GRU}


class Remedied(RecurrentForecaster):
    """`RecurrentForecaster` with what `remedies` say; without any it is that network, to the last bit.

    With attention the head reads the last state beside a mean of all states of the top layer, weighted by
    softmax(h_T^T W h_t): Luong et al. 2015, section 3.1, "general". Assigning `truncate` acts from the next pass on.
    """

    def __init__(self, spec: ModelSpec, remedies: RemedySpec, input_size: int, outputs: int):
        cell = partial(cells.RNN, nonlinearity="relu") if remedies.relu else CELLS[spec.architecture]
        super().__init__(cell, spec, input_size, outputs)
        self.truncate = remedies.truncate
        begin_(self.cell, remedies)
        H = spec.hidden_size
        if remedies.layer_norm or remedies.skip:
            layers = range(spec.num_layers)
            self.cell.between = nn.ModuleList(Between(H, remedies.layer_norm, remedies.skip) for _ in layers)
        self.query = nn.Linear(H, H, bias=False) if remedies.attention else None
        if remedies.attention:
            self.head = nn.Linear(2 * H, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (B, T, C) -> (B, K); no gradient goes further back than `truncate` steps, unless that is 0."""
        early, state = [], None
        if 0 < self.truncate < x.shape[1]:
            with torch.no_grad():
                states, state = self.cell(x[:, : -self.truncate])
            early, x = [states], x[:, -self.truncate :]
        states, state = self.cell(x, state)  # (B, T, H)
        h = (state[0] if isinstance(state, tuple) else state)[-1]  # (B, H)
        if self.query is None:
            return self.head(h)
        states = torch.cat([*early, states], dim=1)  # (B, T, H)
        weights = (states @ self.query(h)[:, :, None]).softmax(dim=1)  # (B, T, 1)
        return self.head(torch.cat([h, (weights * states).sum(dim=1)], dim=1))


@torch.no_grad()
def begin_(cell: nn.RNNBase, remedies: RemedySpec) -> None:
    """Give `cell` the recurrent matrices and the forget bias to begin with; of several gates each has its own."""
    H = cell.hidden_size
    for name, values in cell.named_parameters():
        if name.startswith("weight_hh"):
            for matrix in values.split(H):  # (H, H)
                if remedies.init == "orthogonal":
                    nn.init.orthogonal_(matrix)
                elif remedies.init == "identity":
                    nn.init.eye_(matrix)
                matrix *= remedies.gain
        elif name.startswith("bias") and remedies.forget_bias:  # LSTM's i, f, g, o
            values[H : 2 * H] = remedies.forget_bias if name.startswith("bias_hh") else 0.0
