"""The value one season ago; further ahead than a season, the last season again."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seqcore.text import N_, UserError


@dataclass(frozen=True)
class SeasonalNaive:
    season: int
    weights: int = 0

    def describe(self) -> str:
        return f"y(t-{self.season})"

    def forecast(self, values: np.ndarray, at: np.ndarray, horizon: int) -> np.ndarray:
        """Rows of the first season, which have none before them, get the naive forecast."""
        at = at[:, None]
        source = np.where(at < self.season, at - 1, at - self.season + np.arange(horizon) % self.season)
        return values[source]  # (B, K)


def fit(train: np.ndarray, *, lookback: int, horizon: int, season: int) -> Iterator[tuple[float, SeasonalNaive]]:
    """Nothing is estimated: the season is the data set's."""
    if season == 0:
        raise UserError(
            N_("This data set has no season: choose another baseline, or a data set with one, such as {name}."),
            name="airline",
        )  # fmt: skip
    if len(train) < season:
        raise UserError(
            N_(
                "The training part has {rows} rows, less than a season of {season}: choose a larger training part or "
                "another baseline."
            ),
            rows=len(train), season=season,
        )  # fmt: skip
    yield 1.0, SeasonalNaive(season)
