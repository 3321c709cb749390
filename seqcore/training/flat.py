"""All weights of a model in one vector, so that an optimiser's step is one operation instead of one a tensor."""

import torch
from torch import nn


def flatten(model: nn.Module) -> tuple[nn.Parameter, torch.Tensor]:
    """Move the parameters of `model` and their gradients into two vectors (weights,) and return both.

    The model's own parameters become views, so it computes as before; an optimiser over the first vector moves them
    all. The second is that vector's `.grad`: set it to zero in place before a backward pass, never to None. Call it
    after the model is on its device; moving the model afterwards separates the two. All parameters must be of one
    dtype and device.
    """
    parameters = list(model.parameters())
    flat = nn.Parameter(torch.cat([p.detach().reshape(-1) for p in parameters]))
    flat.grad = torch.zeros_like(flat)
    sizes = [p.numel() for p in parameters]
    for p, values, gradient in zip(parameters, flat.detach().split(sizes), flat.grad.split(sizes), strict=True):
        p.data = values.view_as(p)
        p.grad = gradient.view_as(p)
    return flat, flat.grad
