"""The rules that turn a gradient into a step, over one flat vector of weights."""

import torch

from seqcore.spec import TrainingSpec

MOMENTUM = 0.9


def make_optimiser(spec: TrainingSpec, flat: torch.nn.Parameter) -> torch.optim.Optimizer:
    """`torch.optim`'s optimiser for `spec`, with its defaults; one vector, so that a step is one kernel."""
    if spec.optimiser == "adam":
        return torch.optim.Adam([flat], lr=spec.lr, fused=True)
    if spec.optimiser == "adamw":
        return torch.optim.AdamW([flat], lr=spec.lr, fused=True)
    if spec.optimiser == "rmsprop":
        return torch.optim.RMSprop([flat], lr=spec.lr)
    return torch.optim.SGD([flat], lr=spec.lr, momentum=MOMENTUM if spec.optimiser == "momentum" else 0.0)


def clip_(gradient: torch.Tensor, limit: float) -> float:
    """Shorten `gradient` in place to the norm `limit` (0: leave it) and return the norm it had.

    Source: Pascanu et al. 2013, algorithm 1, as `torch.nn.utils.clip_grad_norm_` computes it.
    """
    norm = gradient.norm().item()
    if limit and norm > limit:
        gradient.mul_(limit / (norm + 1e-6))
    return norm
