"""One flat vector of weights trains as the separate parameters do."""

import pytest
import torch
from torch import nn

from seqcore import cells
from seqcore.spec import TrainingSpec
from seqcore.training.flat import flatten
from seqcore.training.optimiser import make_optimiser

SEPARATE = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
}


def network():
    torch.manual_seed(0)
    return nn.ModuleDict({"cell": cells.GRU(1, 6, 2, batch_first=True), "head": nn.Linear(6, 1)}).double()


def loss(model, x, y):
    return (model["head"](model["cell"](x)[1][-1]) - y).square().mean()


@pytest.mark.parametrize("name", SEPARATE)
def test_fifteen_steps_equal_the_separate_parameters(name):
    x, y = torch.randn(20, 5, 1).double(), torch.randn(20, 1).double()
    model, reference = network(), network()
    flat, gradient = flatten(model)
    optimiser = make_optimiser(TrainingSpec(optimiser=name, lr=0.01), flat)
    separate = SEPARATE[name](reference.parameters())
    start = flat.detach().clone()
    for _ in range(15):
        gradient.zero_()
        loss(model, x, y).backward()
        optimiser.step()
        separate.zero_grad()
        loss(reference, x, y).backward()
        separate.step()
    torch.testing.assert_close(list(model.parameters()), list(reference.parameters()))
    assert not torch.allclose(flat, start, rtol=1e-3)


def test_parameters_and_gradients_are_views_in_the_models_order():
    model = network()
    before = [p.detach().clone() for p in model.parameters()]
    flat, gradient = flatten(model)
    assert flat.grad is gradient and flat.is_leaf and flat.numel() == sum(p.numel() for p in before)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    loss(model, torch.randn(20, 5, 1).double(), 0).backward()
    assert torch.equal(gradient, torch.cat([p.grad.reshape(-1) for p in model.parameters()]))
    with torch.no_grad():
        flat.zero_()
    assert not any(p.any() for p in model.parameters())
