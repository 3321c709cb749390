"""Once a cell has its memory, no step takes more: no product copies a factor, no gate or state is made anew."""

import tracemalloc

import pytest
import torch

from seqcore import cells


@pytest.mark.parametrize("kind", ["RNN", "ReLU", "LSTM", "GRU"])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_pass_takes_memory_for_the_final_states_only(kind, layers):
    """NumPy tells `tracemalloc` of every array; the outputs held keep their blocks, so the third pass is settled."""
    made = cells.RNN(1, 8, layers, nonlinearity="relu") if kind == "ReLU" else getattr(cells, kind)(1, 8, layers)
    x = torch.randn(19, 10_000, 1)
    state = 10_000 * 8 * x.itemsize
    finals = layers * state * (2 if kind == "LSTM" else 1)
    for _ in range(3):
        tracemalloc.start()
        y, _ = made(x)
        held, forward = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        (y[-1].sum() + y[0].sum()).backward()
        _, backward = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert finals <= forward < finals + state / 6
    assert backward < held + state / 6
