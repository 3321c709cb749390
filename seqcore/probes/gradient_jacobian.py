"""How one step of a recurrent network stretches and shrinks its state: the singular values of the step's Jacobian."""

import copy

import numpy as np
import torch
from torch import nn

from seqcore.cells.clamped import STEPS
from seqcore.probes.gradient_walk import recurrent_cell, walking
from seqcore.text import N_, UserError

BLOCK = 4_000_000
"""Numbers of Jacobians that are held at a time."""


def jacobian_singular_values(model: nn.Module, x_one: torch.Tensor) -> np.ndarray:
    """The singular values (T, H), largest first, of ∂h_t/∂h_(t-1) in the top layer, over one window x_one (T, C).

    Of an LSTM those of ∂(h_t, c_t)/∂(h_(t-1), c_(t-1)), which are 2H; of a bidirectional network the forward
    direction's. In float64 whatever the model's precision; NaN at a step whose Jacobian is not finite. Nothing of the
    model changes. Raises `UserError` unless it has one recurrent cell.
    Source: Pascanu et al. 2013, section 2.1: gradients vanish where these stay below 1, and explode only above.
    """
    model = copy.deepcopy(model).double()
    cell = recurrent_cell(model)
    with torch.no_grad(), walking(model) as walks:
        model(x_one[None].double())
    if len(cell.between):
        raise UserError(N_("The Jacobian of a step is that of a plain cell: switch layer norm and skips off."))
    walk = walks[f"l{cell.num_layers - 1}"]
    names = ("hidden", "cell") if cell.mode == "LSTM" else ("hidden",)
    states = torch.stack([torch.cat(each, 1)[0] for each in zip(*(walk.values[name] for name in names), strict=True)])
    before = torch.cat([torch.zeros_like(states[:1]), states[:-1]])  # (T, S), with S = H or 2H
    weights = [own[0].detach() for own in walk.weights.values()]
    weights += [None] * (4 - len(weights))  # without biases there are two

    def step(state, x):
        """state (S,), x (C,) -> the next state (S,)."""
        h, c = state.split(cell.hidden_size) if cell.mode == "LSTM" else (state, state)
        h, c = STEPS[cell.mode](lambda _, value: value, x[None], h[None], c[None], *weights)
        return torch.cat([h, c], 1)[0] if cell.mode == "LSTM" else h[0]

    jacobian = torch.func.vmap(torch.func.jacrev(step))
    size = max(1, BLOCK // states.shape[1] ** 2)
    blocks = zip(before.split(size), torch.cat(walk.inputs).split(size), strict=True)
    return np.concatenate([_singular_values(jacobian(*block).detach().cpu().numpy()) for block in blocks])


def _singular_values(matrices: np.ndarray) -> np.ndarray:
    """Of `matrices` (T, S, S): (T, S), NaN where one is not finite."""
    values = np.full(matrices.shape[:2], np.nan)
    fine = np.isfinite(matrices).all(axis=(1, 2))
    values[fine] = np.linalg.svd(matrices[fine], compute_uv=False)
    return values
