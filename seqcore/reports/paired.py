"""Whether the seeds support a difference: paired t tests on the test RMSE, seed by seed.

Runs are paired by seed: where two rows hold the same network, a seed gives both the same first weights. Of m
comparisons each interval is taken at the level 1 - 0.05 / m (Bonferroni), so that all of them hold together with 95 %
confidence.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from seqcore.catalogue import CLASSICAL
from seqcore.reports.comparison import Row
from seqcore.spec import RunSpec
from seqcore.text import N_, UserError

ERROR_RATE = 0.05
"""The chance, over all comparisons of a list, that an interval misses its true difference."""

FEWEST = 2
"""Seeds a paired test needs."""


@dataclass(frozen=True)
class Comparison:
    """The test RMSE of row `a` minus that of row `b`, or of the naive forecast where `b` is None.

    `differences` (one for each of `seeds`, both finished) have the mean `mean`, which lies in `low`..`high` at the
    level 1 - 0.05 / `comparisons`; `p` is the two-sided p value of the paired t test, for this comparison alone. With
    fewer than two seeds there is no interval (NaN), without any no mean.

    `verdict`: "a" or "b", whichever forecasts better; "open" where the interval holds 0, so that the seeds support no
    difference; "few" where there are fewer than two seeds.
    """

    a: RunSpec
    b: RunSpec | None
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    mean: float
    low: float
    high: float
    p: float
    comparisons: int
    verdict: str

    @property
    def count(self) -> int:
        return len(self.seeds)


def paired(a: Row, b: Row, comparisons: int) -> Comparison:
    """Compare two rows over the seeds that both have finished."""
    others = dict(zip(b.seeds, b.test.values, strict=True))
    return _compare(a, b.spec, others, comparisons)


def against_naive(row: Row, comparisons: int) -> Comparison:
    """Compare a row with the naive forecast, which is the same for every seed."""
    return _compare(row, None, dict.fromkeys(row.seeds, row.naive_rmse), comparisons)


def pairs(rows: Sequence[Row]) -> list[Comparison]:
    """Every pair of networks with results, in the order of `rows`."""
    return _together([partial(paired, a, b) for a, b in combinations(_scored(rows), 2)])


def against_each_naive(rows: Sequence[Row]) -> list[Comparison]:
    """Every network with results against the naive forecast."""
    return _together([partial(against_naive, row) for row in _scored(rows)])


def leaks(rows: Sequence[Row]) -> list[Comparison]:
    """Rows that differ in nothing but what the scaler was fitted on: everything minus training part only."""
    clean = {row.spec: row for row in rows if row.test.count and row.spec.data.scaler_fit == "train"}
    leaking = [row for row in rows if row.test.count and row.spec.data.scaler_fit == "all"]
    twins = [(row, clean.get(row.spec.replace(scaler_fit="train"))) for row in leaking]
    return _together([partial(paired, row, twin) for row, twin in twins if twin])


def _scored(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.test.count and row.spec.model.architecture not in CLASSICAL]


def _together(comparisons: Sequence[Callable[[int], Comparison]]) -> list[Comparison]:
    """All `comparisons`, at the level at which those that have an interval hold together."""
    with_interval = sum(compare(1).count >= FEWEST for compare in comparisons)
    return [compare(max(1, with_interval)) for compare in comparisons]


def _compare(a: Row, b: RunSpec | None, others: dict[int, float], comparisons: int) -> Comparison:
    """Row `a` against the test RMSE `others` by seed; seeds whose difference is no number are left out."""
    found = {seed: value - others[seed] for seed, value in zip(a.seeds, a.test.values, strict=True) if seed in others}
    found = {seed: difference for seed, difference in found.items() if math.isfinite(difference)}
    differences = tuple(found.values())
    mean = float(np.mean(differences)) if differences else math.nan
    low, high, p = student(differences, 1 - ERROR_RATE / comparisons)
    return Comparison(a.spec, b, tuple(found), differences, mean, low, high, p, comparisons, _verdict(low, high))


def student(differences: Sequence[float], level: float) -> tuple[float, float, float]:
    """Student's interval for the mean of `differences` and the p value of its t test against 0; NaN for too few.

    Differences that are all the same leave no doubt: the interval is a point, and p is 0 or, for zeros, 1.
    """
    count = len(differences)
    if count < FEWEST:
        return math.nan, math.nan, math.nan
    from scipy.special import stdtr, stdtrit  # Student's distribution; scipy.stats, the same, loads far more

    mean, error = np.mean(differences), np.std(differences, ddof=1) / math.sqrt(count)
    half = stdtrit(count - 1, (1 + level) / 2) * error
    p = 2 * stdtr(count - 1, -abs(mean) / error) if error else float(mean == 0)
    return float(mean - half), float(mean + half), float(p)


def _verdict(low: float, high: float) -> str:
    if math.isnan(low):
        return "few"
    return "a" if high < 0 else "b" if low > 0 else "open"


WORDS = {
    "a": N_(
        "The first forecasts better: the interval lies below 0 (paired t test, {count} seeds, {p}; at 95 % for all "
        "{comparisons} comparisons of this kind together)."
    ),
    "b": N_(
        "The second forecasts better: the interval lies above 0 (paired t test, {count} seeds, {p}; at 95 % for "
        "all {comparisons} comparisons of this kind together)."
    ),
    "open": N_(
        "The seeds do not support a difference: the interval holds 0 (paired t test, {count} seeds, {p}; at 95 % "
        "for all {comparisons} comparisons of this kind together)."
    ),
    "few": N_("Too few seeds to say: {count} finished for both, and a paired t test needs {fewest}."),
}
"""What each verdict means for "first minus second"."""


def words_of(comparison: Comparison) -> UserError:
    """What a comparison found, as a sentence to translate; it speaks of `a` as the first and of `b` as the second."""
    if comparison.verdict == "few":
        return UserError(WORDS["few"], count=comparison.count, fewest=FEWEST)
    p = f"p = {comparison.p:.3f}" if comparison.p >= 0.001 else "p < 0.001"
    return UserError(WORDS[comparison.verdict], count=comparison.count, p=p, comparisons=comparison.comparisons)
