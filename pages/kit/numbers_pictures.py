"""What the runs of a comparison of many-step forecasters look like: convergence, a fan, errors by step, attention."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pages.kit.live import theme
from pages.kit.numbers_form import Plan, name_of
from pages.kit.text import t, translator
from seqcore.catalogue import CLASSICAL
from seqcore.data.series import Series
from seqcore.data.windows import Windows
from seqcore.figures.by_step import by_step
from seqcore.figures.fan import Ahead, fan
from seqcore.figures.looking_back import looking_back
from seqcore.figures.overlay import Curves, overlay
from seqcore.figures.palette import looks
from seqcore.figures.picture import Picture
from seqcore.look import Look
from seqcore.reports.result import Result
from seqcore.spec import RunSpec

ATTENTION = "encoder_decoder_attention"


@dataclass(frozen=True, eq=False)
class Measured:
    """What is compared, on what, and which of the test windows is looked at."""

    plan: Plan
    series: Series
    windows: Windows
    specs: Sequence[RunSpec]
    window: int

    @property
    def rows(self) -> list[RunSpec]:
        """A spec with seed 0 for each forecaster, the baselines first."""
        return list(dict.fromkeys(spec.replace(seed=0) for spec in self.specs))

    @property
    def origin(self) -> int:
        """The first row that is forecast from the window looked at."""
        return int(self.windows.test_at[self.window])

    @property
    def look(self) -> Look:
        """What a run in training is asked for."""
        return Look(len(self.windows.train_at) + self.window)


def pictures(measured: Measured, results: Sequence[Result]) -> list[Picture]:
    """How they converge, what they forecast, how the error grows, and where attention looks if any does."""
    plan, series, unit = measured.plan, measured.series, t(measured.series.unit)
    told = [result for result in results if result.status not in ("diverged", "failed") and result.snapshot is not None]
    drawn = [
        convergence(measured, results),
        fan(translator(), theme(), series.times, series.values, ahead(measured, told, forecast_of), unit=unit,
            origin=measured.origin, lookback=plan.lookback, horizon=plan.horizon),
        by_step(translator(), theme(), ahead(measured, told, errors_of), horizon=plan.horizon, unit=unit),
    ]  # fmt: skip
    weights = attention_of(measured, told)
    ended = any(result.status == "finished" for result in results if result.spec.model.architecture == ATTENTION)
    if weights is not None or (not ended and any(spec.model.architecture == ATTENTION for spec in measured.specs)):
        drawn.append(looking_back(translator(), theme(), weights, horizon=plan.horizon, lookback=plan.lookback))
    return drawn


def convergence(measured: Measured, results: Sequence[Result]) -> Picture:
    """Test errors by epoch; those of the seasonal naive forecast are a level line."""
    epochs, naive, curves = measured.plan.epochs, None, []
    for spec, look, own in _by_row(measured, results):
        errors = [result.history.test_rmse for result in own]
        if spec.model.architecture == "naive":
            naive = next((float(error[-1]) for error in errors if len(error)), None)
            continue
        if spec.model.architecture in CLASSICAL:
            errors = [np.repeat(error[-1:], epochs + 1) for error in errors]
        diverged = [k for k, result in enumerate(own) if result.status == "diverged"]
        curves.append(Curves(name_of(spec), look, errors, diverged))
    return overlay(translator(), theme(), curves, unit=t(measured.series.unit), epochs=epochs, naive=naive)


def ahead(measured: Measured, results: Sequence[Result], read: Callable[[Measured, Result], np.ndarray]) -> list[Ahead]:
    """Of each forecaster that has any of `results` what `read` finds in them, (K,) each."""
    return [Ahead(name_of(spec), look, np.stack([read(measured, result) for result in own]))
            for spec, look, own in _by_row(measured, results) if own]  # fmt: skip


def forecast_of(measured: Measured, result: Result) -> np.ndarray:
    """From the window looked at: (K,), in the data's own unit."""
    return result.snapshot.arrays["test_prediction"][measured.window]


def errors_of(measured: Measured, result: Result) -> np.ndarray:
    """RMSE 1 to K steps ahead over all test windows: (K,)."""
    at = measured.windows.test_at[:, None] + np.arange(measured.plan.horizon)  # (B, K)
    off = result.snapshot.arrays["test_prediction"] - measured.series.values[at]
    return np.sqrt(np.square(off).mean(axis=0))


def attention_of(measured: Measured, results: Sequence[Result]) -> np.ndarray | None:
    """Weights (K, T) over the window looked at, of the first seed that tells them.

    A run in training tells those of the window it is asked for, one that has ended those of all test windows.
    """
    for result in results:
        arrays = result.snapshot.arrays
        if "test_attention" in arrays:
            return arrays["test_attention"][measured.window]
        if "attention" in arrays and result.snapshot.window == measured.look.window:
            return arrays["attention"]
    return None


def _by_row(measured: Measured, results: Sequence[Result]):
    """(spec with seed 0, look, its results) of each forecaster."""
    specs = measured.rows
    plain = looks(spec.model.architecture for spec in specs)
    for k, (spec, look) in enumerate(zip(specs, plain, strict=True)):
        if look.role != "naive":  # networks differ by dash as well as by colour
            look = replace(look, turn=sum(other.role != "naive" for other in plain[:k]))
        yield spec, look, [result for result in results if result.spec.replace(seed=0) == spec]
