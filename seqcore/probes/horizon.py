"""How far back a network remembers: by lag, what a change of the input still does to the output.

Lag 0 is the last step of the window, lag T - 1 the first.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from seqcore.probes.gradient_walk import evaluating

MOST = 0.5
"""A lag counts as remembered if the output moves in at least this share of the windows."""

BLOCK = 200_000
"""Numbers of perturbed windows that are computed at a time."""


@dataclass(frozen=True, eq=False)
class Horizon:
    """`lag` is the largest that is remembered, or None if not even the last step is.

    By lag, `share` (T,) of the windows have their output moved by more than epsilon, and `moved` (T,) is the median
    over the windows of how far; it is NaN where the network's numbers are not finite, which counts as not moved.
    """

    lag: int | None
    share: np.ndarray
    moved: np.ndarray


def memory_horizon(
    model: nn.Module, x: torch.Tensor, epsilon: float, *, size: float = 1.0, channel: int = 0
) -> Horizon:
    """The largest lag at which a step of `size` in one `channel` of x (B, T, C) moves the output by more than epsilon.

    Each step of each window is moved in its turn, towards the middle of the channel's range, so that up to half the
    range it stays inside; a bit is flipped by `size` 1. Of K outputs the one that moves most counts. Any network, in
    evaluation mode; takes T forward passes. Raises `ValueError` unless epsilon and `size` are above 0.
    """
    _check(epsilon, size)
    batch, steps, _ = x.shape
    values = x[:, :, channel]
    step = torch.where(values > (values.min() + values.max()) / 2, -size, size).to(x.dtype)  # (B, T)
    at_once = max(1, BLOCK // x.numel())
    moved = []
    with torch.no_grad(), evaluating(model):
        output = model(x)  # (B, K)
        for lags in torch.arange(steps).split(at_once):
            places = steps - 1 - lags
            changed = x.repeat(len(lags), 1, 1, 1)  # (lags, B, T, C)
            changed[torch.arange(len(lags)), :, places, channel] += step[:, places].T
            after = model(changed.flatten(0, 1)).view(len(lags), batch, -1)
            moved.append((after - output).abs().amax(2))
    return _horizon(torch.cat(moved), epsilon)


def gradient_horizon(
    model: nn.Module, x: torch.Tensor, epsilon: float, *, size: float = 1.0, channel: int = 0
) -> Horizon:
    """What `memory_horizon` would be if the network were linear: as if `size` times the gradient were the movement.

    It is nearer where units saturate, for the gradient sees nothing of what lies beyond.
    """
    _check(epsilon, size)
    with torch.enable_grad(), evaluating(model):
        x = x.detach().requires_grad_()
        output = model(x)  # (B, K)
        slopes = [torch.autograd.grad(each.sum(), x, retain_graph=True)[0] for each in output.unbind(1)]
    slope = torch.stack(slopes)[..., channel].abs().amax(0)  # (B, T)
    slope[~output.isfinite().all(1)] = torch.nan  # a relu's gradient hides that its input is no number
    return _horizon(size * slope.T.flip(0), epsilon)


def _check(epsilon: float, size: float) -> None:
    if not (epsilon > 0 and size > 0):
        raise ValueError(f"epsilon ({epsilon}) and size ({size}) must be above 0")


def _horizon(moved: torch.Tensor, epsilon: float) -> Horizon:
    """From how far each window's output moved, by lag: (T, B)."""
    moved = moved.cpu().double().numpy()
    share = (moved > epsilon).mean(axis=1)
    remembered = np.flatnonzero(share >= MOST)
    return Horizon(int(remembered[-1]) if len(remembered) else None, share, np.median(moved, axis=1))
