"""ARIMA(p,d,q)(P,D,Q)_s: autoregression and moving average of the differences.

(1 - L)^d (1 - L^s)^D y[t] is a sum of its last p values and the last q errors, with P and Q for those s steps apart.
d is 1 where the KPSS test rejects at 5 % that the training part is stationary, else 0, and then the mean is taken out;
p and q of 0..2 and the seasonal part, none or (0,1,1) or (1,1,1), are chosen by AIC.

Source: Box & Jenkins 1976; Kwiatkowski, Phillips, Schmidt & Shin 1992.
"""

import warnings
from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np
from statsmodels.tsa.statespace.sarimax import SARIMAX
from statsmodels.tsa.stattools import kpss

from seqcore.data.scaler import Scaler
from seqcore.models.classical.state_space import ROWS, SEASONS, StateSpace, best, maximise, standard

NO_SEASON = (0, 0, 0, 0)


def fit(train: np.ndarray, *, lookback: int, horizon: int, season: int) -> Iterator[tuple[float, StateSpace | None]]:
    """The form of least AIC, by maximum likelihood."""
    scaler = standard(train)
    recent = scaler.apply(train[-ROWS:])
    seasonal = season in SEASONS and len(recent) >= 3 * season
    d = int(not _is_stationary(recent))
    forms = [
        partial(_fit, scaler, recent, (p, d, q), part, 1 + season if seasonal else d)
        for part in [NO_SEASON] + [(big_p, 1, 1, season) for big_p in (0, 1) if seasonal]
        for p, q in product(range(3), range(3))
        if part == NO_SEASON or max(p, q) < season
    ]
    yield from best(forms)


def _is_stationary(values: np.ndarray) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of p-values beyond the table, which are not looked at
        statistic, _, _, critical = kpss(values, regression="c", nlags="auto")
    return statistic <= critical["5%"]


def _fit(
    scaler: Scaler, scaled: np.ndarray, order: tuple[int, int, int], seasonal_order: tuple[int, int, int, int],
    scored_from: int,
) -> StateSpace | None:  # fmt: skip
    """One form, or None where it does not fit.

    The likelihood is that of the differences, whose state is small; it counts the rows from `scored_from` on, so that
    forms which lose different numbers of rows to their differences have AICs of the same rows.
    """
    form = partial(SARIMAX, order=order, seasonal_order=seasonal_order, concentrate_scale=True, use_exact_diffuse=True)
    lost = order[1] + seasonal_order[1] * seasonal_order[3]
    results = maximise(form(scaled, simple_differencing=True, loglikelihood_burn=scored_from - lost))
    if results is None:
        return None
    name = "ARIMA({},{},{})".format(*order)
    if seasonal_order != NO_SEASON:
        name += "({},{},{})_{}".format(*seasonal_order)
    weights = len(results.params) + (lost == 0)  # the mean, which differences do without
    return StateSpace(name, weights, results.aic, lost, scaler, form, results.params)
