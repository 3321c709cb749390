"""The activation functions of the Forward pass page: torch's values and slopes, and what is marked on them."""

import math

import numpy as np
import pytest
import torch

from seqcore.figures.activation import ACTIVATIONS, FLAT, activation, flat_spans


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_their_slopes_are_torchs(name):
    x = torch.linspace(-8, 8, 161, dtype=torch.float64, requires_grad=True)
    y = getattr(torch.nn.functional, name)(x)
    y.sum().backward()
    plain = x.detach().numpy()
    torch.testing.assert_close(torch.from_numpy(ACTIVATIONS[name].value(plain)), y.detach())
    off = plain != 0  # at a kink torch takes a side
    torch.testing.assert_close(torch.from_numpy(ACTIVATIONS[name].slope(plain))[off], x.grad[off])


def test_saturation_is_marked_where_the_slope_is_small():
    ((a, b), (c, d)) = flat_spans(ACTIVATIONS["tanh"])
    assert (a, d) == (-6, 6) and -c == pytest.approx(b) == pytest.approx(-math.atanh(math.sqrt(1 - FLAT)), abs=0.02)
    assert flat_spans(ACTIVATIONS["leaky_relu"]) == [(-6, 0)] and len(flat_spans(ACTIVATIONS["softsign"])) == 2
    picture = activation(str, "light", "tanh", {"g": ("g", np.array([0.5, 9.0, np.inf]))})
    drawn = picture.figure().data[2]
    assert list(drawn.x) == [0.5, 6, 6] and list(drawn.y) == np.tanh([0.5, 6, 6]).tolist()
    assert "Of 3 numbers of this step, 2 lie" in picture.alt
    assert [(shape["x0"], shape["x1"]) for shape in picture.layout["shapes"]] == [(a, b), (c, d)]
