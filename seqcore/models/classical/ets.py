"""ETS(A,trend,season): a level, a trend and a season, each an average that forgets.

With additive errors; trend none (N), additive (A) or damped (Ad), season none (N) or additive (A), chosen by AIC.
Where the recursions begin is not searched for but set from the first rows, as the search among so many numbers ends
beside the best place; those numbers count in the AIC all the same.

Source: Hyndman, Koehler, Ord & Snyder 2008, sections 2.5 and 2.6.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np
from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing

from seqcore.data.scaler import Scaler
from seqcore.models.classical.state_space import FEWEST, ROWS, SEASONS, StateSpace, best, maximise, standard


def fit(train: np.ndarray, *, lookback: int, horizon: int, season: int) -> Iterator[tuple[float, StateSpace | None]]:
    """The form of least AIC, by maximum likelihood."""
    scaler = standard(train)
    scaled = scaler.apply(train)
    seasons = (0, season) if season in SEASONS and len(train) >= FEWEST + 2 * season else (0,)
    yield from best([partial(_fit, scaler, scaled, trend, part) for trend, part in product(("N", "A", "Ad"), seasons)])


def _fit(scaler: Scaler, scaled: np.ndarray, trend: str, season: int) -> StateSpace | None:
    """One form, or None where it does not fit: smoothing from the last `ROWS` rows, the start from the first."""
    form = partial(ExponentialSmoothing, trend=trend != "N", damped_trend=trend == "Ad", seasonal=season or None)
    results = maximise(form(scaled[-ROWS:], initialization_method="heuristic"))
    if results is None:
        return None
    start = form(scaled[:ROWS], initialization_method="heuristic").filter(results.params).initial_state
    level, slope, seasonals = np.split(start, [1, len(start) - season])  # slope is empty without a trend
    begun = partial(
        form, initialization_method="known", initial_level=level[0],
        initial_trend=slope[0] if len(slope) else None, initial_seasonal=seasonals if season else None,
    )  # fmt: skip
    name = f"ETS(A,{trend},{'A' if season else 'N'})"
    weights = len(results.params) + len(start)
    return StateSpace(name, weights, results.aic + 2 * len(start), 1, scaler, begun, results.params)
