"""The rules that turn a gradient into a step, over one flat vector of weights."""

from collections.abc import Mapping

import numpy as np
import torch

from seqcore.spec import TrainingSpec

MOMENTUM = 0.9

SLOTS = {"adam": 2, "adamw": 2, "sgd": 0, "momentum": 1, "rmsprop": 1}
"""How many numbers an optimiser keeps for each weight."""


def make_optimiser(spec: TrainingSpec, flat: torch.nn.Parameter) -> torch.optim.Optimizer:
    """`torch.optim`'s optimiser for `spec`, with its defaults; one vector, so that a step is one kernel."""
    if spec.optimiser == "adam":
        return torch.optim.Adam([flat], lr=spec.lr, fused=True)
    if spec.optimiser == "adamw":
        return torch.optim.AdamW([flat], lr=spec.lr, fused=True)
    if spec.optimiser == "rmsprop":
        return torch.optim.RMSprop([flat], lr=spec.lr)
    return torch.optim.SGD([flat], lr=spec.lr, momentum=MOMENTUM if spec.optimiser == "momentum" else 0.0)


def memory_of(optimiser: torch.optim.Optimizer) -> dict[str, np.ndarray]:
    """Copies of what `optimiser` keeps of its only vector, by torch's names; empty before the first step."""
    return {
        name: value.detach().cpu().numpy().copy()
        for values in optimiser.state.values()
        for name, value in values.items()
        if isinstance(value, torch.Tensor)
    }


def restore_(optimiser: torch.optim.Optimizer, memory: Mapping[str, np.ndarray]) -> None:
    """Let `optimiser` go on from what `memory_of` returned for one of its kind."""
    (flat,) = optimiser.param_groups[0]["params"]
    for name, value in memory.items():
        # torch keeps the step count of a fused optimiser beside the weights, and everything in their dtype
        optimiser.state[flat][name] = torch.from_numpy(value.copy()).to(flat)


def clip_(gradient: torch.Tensor, limit: float) -> float:
    """Shorten `gradient` in place to the norm `limit` (0: leave it) and return the norm it had.

    Source: Pascanu et al. 2013, algorithm 1, as `torch.nn.utils.clip_grad_norm_` computes it.
    """
    norm = gradient.norm().item()
    if limit and norm > limit:
        gradient.mul_(limit / (norm + 1e-6))
    return norm
