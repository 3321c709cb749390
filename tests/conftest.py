"""What all tests share."""

import numpy as np
import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The thread count of a worker, so that numbers here are numbers there."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)


@pytest.fixture
def series():
    """A short noisy wave in made-up units: 160 rows."""
    from seqcore.data.series import Series

    steps = np.arange(160)
    values = 50 + 10 * np.sin(steps / 4) + np.random.default_rng(3).normal(0, 0.5, 160)
    return Series("wave", "Wave", "m", values, steps, 0, "made here", "public domain", True)
