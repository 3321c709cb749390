"""A classical forecaster as a run: fitted once, then scored as a network is."""

import math
import time
from collections.abc import Iterator

import numpy as np

from seqcore.data.series import Series
from seqcore.data.windows import Windows, cut
from seqcore.look import NOW, Look
from seqcore.models.classical import Forecaster, fit
from seqcore.spec import RunSpec
from seqcore.training.events import Epoch, Finished, Progress, Snapshot, Started
from seqcore.training.forecast import LONGEST, rmse_by_lag


class Baseline:
    """One run of a baseline: iterate over it once to fit and score it. To its user it is what `Trainer` is.

    Raises `UserError` where spec and series do not fit together. Windows and targets are the networks'; forecasts are
    made one after the other with the parameters of the training part, which are never fitted again. `lr` may be
    assigned, and changes nothing.
    """

    def __init__(self, spec: RunSpec, series: Series):
        self.spec, self.values = spec, series.values
        self.windows: Windows = cut(series.values, spec.data)
        self.steps = fit(
            spec.model.architecture, series.values[: self.windows.split],
            lookback=spec.data.seq_length, horizon=spec.data.horizon, season=series.season,
        )  # fmt: skip
        self.forecaster: Forecaster | None = None
        self.lr = spec.training.lr

    def __iter__(self) -> Iterator[object]:
        seconds = 0.0
        resumed = time.perf_counter()
        for done, forecaster in self.steps:
            self.forecaster = forecaster
            seconds += time.perf_counter() - resumed
            yield Progress(done)
            resumed = time.perf_counter()
        yield self.started()
        resumed = time.perf_counter()
        windows, horizon = self.windows, self.spec.data.horizon
        at = np.concatenate([windows.train_at, windows.test_at])
        forecasts = self.forecaster.forecast(self.values, at, horizon)  # (B, K)
        self.train_forecast, self.test_forecast = np.split(forecasts, [len(windows.train_at)])
        train_rmse = self._rmse(self.train_forecast, windows.train_at)
        test_rmse = self._rmse(self.test_forecast, windows.test_at)
        seconds += time.perf_counter() - resumed
        yield Epoch(0, (train_rmse / windows.scaler.scale) ** 2, train_rmse, test_rmse, math.nan, seconds)
        yield Finished(0)

    def started(self) -> Started:
        """`weights` are the numbers estimated, `kernel` is the form that was chosen."""
        windows = self.windows
        naive = windows.test_x[:, -1:, 0].astype(float) - windows.test_y  # (B, K)
        return Started(
            weights=self.forecaster.weights,
            device="cpu",
            kernel=self.forecaster.describe(),
            train_windows=len(windows.train_x),
            test_windows=len(windows.test_x),
            train_from=int(windows.train_at[0]),
            test_from=int(windows.test_at[0]),
            split=windows.split,
            naive_rmse=math.sqrt(np.square(naive).mean()) * windows.scaler.scale,
        )

    def snapshot(self, look: Look = NOW) -> Snapshot:
        """Both forecasts, and the window of the series, counted as a network's are; there is no inside to look at."""
        train_x, test_x = self.windows.train_x, self.windows.test_x
        window = min(max(look.window, 0), len(train_x) + len(test_x) - 1)
        x = train_x[window] if window < len(train_x) else test_x[window - len(train_x)]  # (T, 1)
        arrays = {"train_prediction": self.train_forecast, "test_prediction": self.test_forecast, "input": x}
        if look.free_running:
            arrays["free_running"] = self._free_run()
        return Snapshot(0, window, arrays)

    def conclusion(self) -> Snapshot:
        """All forecasts, as `Trainer.conclusion` has them."""
        origins, lags = self.windows.origins(len(self.values))
        arrays = {
            "train_prediction": self.train_forecast,
            "test_prediction": self.test_forecast,
            "free_running": self._free_run(),
            "lag_rmse": rmse_by_lag(self.forecaster.forecast(self.values, origins, lags), self.values, origins),
        }
        return Snapshot(0, 0, arrays)

    def _free_run(self) -> np.ndarray:
        """The forecast from the split on, of at most `LONGEST` steps: (test rows,)."""
        split = self.windows.split
        steps = min(len(self.values) - split, LONGEST)
        return self.forecaster.forecast(self.values, np.array([split]), steps)[0]

    def _rmse(self, forecast: np.ndarray, at: np.ndarray) -> float:
        """Of forecasts (B, K) that begin at rows `at` (B,), over all their steps, in the data's own units."""
        return math.sqrt(np.square(rmse_by_lag(forecast, self.values, at)).mean())
