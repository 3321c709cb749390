"""The classical forecasters: one file a baseline, each with `fit(train, *, lookback, horizon, season)`.

`fit` is given the training part (N_train,) in the data's own units, of which `lookback` rows and one more are there at
least, and yields (how much is done in 0..1, the best forecaster so far or None): after each form that was tried, so
that whoever iterates has a say in between. The last one yielded is the choice. Raises `UserError` where the training
part does not suffice. Parameters come from the training part alone; whatever is forecast later, they stay.
"""

import importlib
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from seqcore.catalogue import CLASSICAL


class Forecaster(Protocol):
    """A fitted baseline; `weights` counts the numbers estimated from the training part that its forecasts use."""

    weights: int

    def describe(self) -> str:
        """Its form in symbols, such as "ARIMA(1,1,1)"."""

    def forecast(self, values: np.ndarray, at: np.ndarray, horizon: int) -> np.ndarray:
        """Forecasts (B, K) of the K = `horizon` rows from `at` (B,) on, each made from `values[:at]` alone.

        Every row in `at` has as many rows before it as the lookback of the fit.
        """


Fit = Iterator[tuple[float, Forecaster | None]]


def fit(name: str, train: np.ndarray, *, lookback: int, horizon: int, season: int) -> Fit:
    """Fit the baseline that the catalogue has under `name`."""
    assert name in CLASSICAL, name
    module = importlib.import_module(f"seqcore.models.classical.{name}")
    return module.fit(train, lookback=lookback, horizon=horizon, season=season)
