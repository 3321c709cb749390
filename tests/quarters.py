"""A made-up quarterly series, and forecasters fitted to it."""

from functools import cache

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from seqcore.models import classical

SEASON = 4
STEPS = np.arange(120)
NOISE = np.random.default_rng(5).normal(size=120)
QUARTERS = 80 + 0.3 * STEPS + 6 * np.sin(STEPS * np.pi / 2) + NOISE.cumsum() + NOISE


@pytest.fixture(scope="module")
def one_blas_thread():
    """As in a worker: with two, the many small products of a fit take up to fifty times as long on a busy machine."""
    with threadpool_limits(1, user_api="blas"):
        yield


def fitted(name, train, lookback=8, horizon=1, season=SEASON):
    """The forecaster that is left when the fit has run to its end."""
    *_, (done, forecaster) = classical.fit(name, train, lookback=lookback, horizon=horizon, season=season)
    assert done == 1
    return forecaster


@cache
def trained(name):
    """The forecaster of the first 90 rows."""
    return fitted(name, QUARTERS[:90])
