"""What ARIMA and exponential smoothing share: both are linear state-space models, fitted by maximum likelihood.

A state a[t] holds all that the rows before t tell: y[t] = Z a[t] + error, and a[t+1] = T a[t] + what the error adds.
The Kalman filter walks through the rows; h steps beyond row t - 1 the best forecast is Z T^(h-1) a[t].
"""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from statsmodels.tsa.statespace.kalman_filter import MEMORY_CONSERVE, MEMORY_NO_FORECAST_COV, MEMORY_NO_PREDICTED_MEAN
from statsmodels.tsa.statespace.mlemodel import MLEModel, MLEResults

from seqcore.data.scaler import Scaler, fit
from seqcore.text import N_, UserError

SEASONS = range(2, 25)
"""Seasons that get a seasonal part: its states are as many as the season is long, and the time grows faster."""

ROWS = 2000
"""Rows a fit sees at most, the last ones of the training part: it takes seconds at most, and more rows tell little."""

FEWEST = 10
"""Rows a fit needs."""

ITERATIONS = 100
"""Steps of the optimiser at most; forms that fit arrive in some 20."""


@dataclass(frozen=True, eq=False)
class StateSpace:
    """A fitted form: `model` makes statsmodels' model of scaled values (N,), `parameters` are its estimates.

    Rows before `first` have no forecast of their own, as differences need values to begin with. `aic` compares it
    with other forms for the same rows.
    """

    name: str
    weights: int
    aic: float
    first: int
    scaler: Scaler
    model: Callable[[np.ndarray], MLEModel]
    parameters: np.ndarray

    def describe(self) -> str:
        return self.name

    def forecast(self, values: np.ndarray, at: np.ndarray, horizon: int) -> np.ndarray:
        """Rows before `first` get the naive forecast."""
        model = self.model(self.scaler.apply(values[: at.max()]))
        model.ssm.conserve_memory = MEMORY_CONSERVE & ~MEMORY_NO_PREDICTED_MEAN & ~MEMORY_NO_FORECAST_COV
        with np.errstate(invalid="ignore"):  # before `first` the error's variance is 0 / 0; no forecast needs it
            filtered = model.filter(self.parameters, return_ssm=True)
        design, transition = filtered.design[0, :, 0], filtered.transition[:, :, 0]  # Z (m,), T (m, m)
        state = filtered.predicted_state[:, at]  # (m, B)
        scaled = np.empty((len(at), horizon))
        for step in range(horizon):
            scaled[:, step] = design @ state
            state = transition @ state
        return np.where(at[:, None] < self.first, values[at - 1, None], self.scaler.undo(scaled))  # (B, K)


def maximise(model: MLEModel) -> MLEResults | None:
    """`model` with the parameters of greatest likelihood, or None where the optimiser does not arrive."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of poor starting values, and of failures that the result tells as well
        if model.k_params == 0:
            results, arrived = model.filter([]), True
        else:
            try:
                results = model.fit(disp=False, cov_type="none", maxiter=ITERATIONS)
            except np.linalg.LinAlgError:
                return None
            arrived = results.mle_retvals["converged"]
        return results if arrived and math.isfinite(results.aic) else None


def standard(train: np.ndarray) -> Scaler:
    """The scaler of a training part that is long enough for a fit, else a `UserError`."""
    if len(train) < FEWEST:
        raise UserError(
            N_(
                "The training part has {rows} rows; this baseline needs {fewest}: choose a longer training part or "
                "another baseline."
            ),
            rows=len(train), fewest=FEWEST,
        )  # fmt: skip
    return fit("standard", train)


def best(forms: Sequence[Callable[[], StateSpace | None]]) -> Iterator[tuple[float, StateSpace | None]]:
    """Fit one form after the other and keep that of least AIC; None stands for a form that does not fit, left out."""
    chosen = None
    for number, form in enumerate(forms, 1):
        found = form()
        if found and (chosen is None or found.aic < chosen.aic):
            chosen = found
        yield number / len(forms), chosen
    if chosen is None:
        raise UserError(
            N_(
                "None of the {count} forms of this baseline fits the training part: choose another training part or "
                "another baseline."
            ),
            count=len(forms),
        )  # fmt: skip
