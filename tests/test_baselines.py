"""The classical forecasters: exact, blind to the future, and runs like any other."""

import dataclasses
import math
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import root_mean_squared_error

from seqcore.catalogue import CLASSICAL
from seqcore.data.series import Series, load
from seqcore.data.windows import LAGS
from seqcore.homework import recipe
from seqcore.look import Look
from seqcore.models import classical
from seqcore.spec import RunSpec
from seqcore.text import UserError
from seqcore.training.baseline import Baseline
from seqcore.training.events import Epoch, Finished, Progress, Started
from seqcore.training.forecast import LONGEST
from seqcore.training.make import make_trainer
from seqcore.training.trainer import Trainer
from tests.quarters import NOISE, QUARTERS, SEASON, fitted, one_blas_thread, trained

pytestmark = pytest.mark.usefixtures(one_blas_thread.__name__)

SPEC = RunSpec().replace(seq_length=8, horizon=3)


def series_of(values, season=SEASON):
    return Series("made", "Made", "m", np.array(values, float), np.arange(len(values)), season)


def finished(name, spec=SPEC, series=None):
    run = Baseline(spec.replace(architecture=name), series or series_of(QUARTERS))
    return run, list(run)


@cache
def once(name):
    """A run that tests only look at; whatever it warns of fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run, events = finished(name)
        run.conclusion()
    return run, events


def event(events, kind):
    return next(e for e in events if isinstance(e, kind))


def untimed(events):
    return [dataclasses.replace(e, seconds=0, grad_norm=0) if isinstance(e, Epoch) else e for e in events]


def truth(values, at, horizon):
    return np.array([values[row : row + horizon] for row in at])


def test_every_baseline_has_its_file_and_every_file_is_listed():
    shared = {"__init__", "state_space"}
    assert set(CLASSICAL) == {path.stem for path in Path(classical.__file__).parent.glob("*.py")} - shared


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_forecast_does_not_know_the_rows_from_its_own_on(name):
    forecaster = trained(name)
    for row in (8, 40, 89, 100):
        future = np.append(QUARTERS[:row], 1000 * NOISE[row:])
        at = np.array([row, 110])
        np.testing.assert_array_equal(
            forecaster.forecast(QUARTERS, at, 5)[0], forecaster.forecast(future, at, 5)[0], strict=True
        )
        cut_off = forecaster.forecast(QUARTERS[:row], np.array([row]), 5)
        np.testing.assert_allclose(cut_off[0], forecaster.forecast(QUARTERS, at, 5)[0], rtol=1e-12)


@pytest.mark.parametrize("split", ["rows", "windows"])
@pytest.mark.parametrize("name", CLASSICAL)
def test_parameters_come_from_the_training_part_alone(name, split):
    spec = SPEC.replace(split=split)
    run, events = finished(name, spec)
    rows = run.windows.split
    other, others = finished(name, spec, series_of(np.append(QUARTERS[:rows], 80 + 50 * NOISE[rows:])))
    here, there = run.conclusion().arrays, other.conclusion().arrays
    np.testing.assert_array_equal(here["train_prediction"], there["train_prediction"])
    np.testing.assert_array_equal(here["free_running"], there["free_running"])
    assert event(events, Started).kernel == event(others, Started).kernel
    assert event(events, Epoch).test_rmse != event(others, Epoch).test_rmse


@pytest.mark.parametrize("name", CLASSICAL)
def test_the_same_run_gives_the_same_bits(name):
    again, events = finished(name)
    run, first = once(name)
    assert untimed(events) == untimed(first)
    for key, array in run.conclusion().arrays.items():
        np.testing.assert_array_equal(array, again.conclusion().arrays[key], strict=True)


@pytest.mark.parametrize("name", CLASSICAL)
def test_events_are_a_trainers_on_the_same_windows_and_the_scores_scikit_learns(name):
    run, events = once(name)
    *progress, started, epoch, ended = events
    assert progress and all(isinstance(e, Progress) for e in progress) and progress[-1].done == 1
    assert ended == Finished(0)
    network = Trainer(SPEC.replace(architecture="mlp"), series_of(QUARTERS)).started()
    mine = {"weights": started.weights, "kernel": started.kernel, "device": "cpu"}
    assert started == dataclasses.replace(network, **mine)
    arrays = run.snapshot().arrays
    assert arrays["test_prediction"].shape == (started.test_windows, 3)
    scores = [
        root_mean_squared_error(truth(QUARTERS, at, 3).ravel(), arrays[part].ravel())
        for part, at in [("train_prediction", run.windows.train_at), ("test_prediction", run.windows.test_at)]
    ]
    np.testing.assert_allclose([epoch.train_rmse, epoch.test_rmse], scores, rtol=1e-6)
    np.testing.assert_allclose(epoch.train_loss, (scores[0] / run.windows.scaler.scale) ** 2)
    assert epoch.epoch == 0 and math.isnan(epoch.grad_norm) and epoch.seconds > 0


@pytest.mark.parametrize("name", CLASSICAL)
def test_the_conclusion_holds_the_free_run_and_the_error_by_lag(name):
    run, _ = once(name)
    snapshot = run.conclusion()
    split, last = run.windows.split, len(QUARTERS)
    at, lags = run.windows.test_at, len(snapshot.arrays["lag_rmse"])
    assert snapshot.epoch == 0 and lags == len(at) // 2 and snapshot.arrays["free_running"].shape == (last - split,)
    np.testing.assert_allclose(
        snapshot.arrays["free_running"], run.forecaster.forecast(QUARTERS[:split], np.array([split]), last - split)[0]
    )
    origins = [row for row in at if row + lags <= last]
    alone = np.array([run.forecaster.forecast(QUARTERS[:row], np.array([row]), lags)[0] for row in origins])
    expected = [root_mean_squared_error(QUARTERS[np.array(origins) + j], alone[:, j]) for j in range(lags)]
    np.testing.assert_allclose(snapshot.arrays["lag_rmse"], expected)
    one_step = snapshot.arrays["test_prediction"][: len(origins), 0]
    np.testing.assert_allclose(
        snapshot.arrays["lag_rmse"][0], root_mean_squared_error(QUARTERS[np.array(origins)], one_step)
    )


def test_long_series_are_scored_as_many_steps_ahead_as_the_networks():
    run, _ = finished("drift", SPEC, series_of(NOISE.cumsum().repeat(50)))
    arrays = run.conclusion().arrays
    assert len(arrays["lag_rmse"]) == LAGS and len(arrays["free_running"]) == LONGEST


def test_a_snapshot_shows_the_window_a_trainer_shows():
    run, _ = once("naive")
    trainer = Trainer(SPEC.replace(architecture="mlp", epochs=1), series_of(QUARTERS))
    assert event(trainer, Epoch).epoch == 0
    for number in (-1, 0, 5, len(run.windows.train_x), 10**6):
        mine, networks = run.snapshot(Look(number)), trainer.snapshot(Look(number))
        assert mine.window == networks.window and "free_running" not in mine.arrays
        np.testing.assert_array_equal(mine.arrays["input"], networks.arrays["input"], strict=True)
    free = run.snapshot(Look(free_running=True)).arrays["free_running"]
    np.testing.assert_array_equal(free, np.full(len(QUARTERS) - run.windows.split, QUARTERS[run.windows.split - 1]))


def test_a_baseline_is_made_where_a_trainer_is_and_has_no_learning_rate():
    run = make_trainer(SPEC.replace(architecture="naive"), series_of(QUARTERS))
    run.lr = 5.0
    assert isinstance(run, Baseline) and untimed(run) == untimed(once("naive")[1])


def test_naive_drift_and_moving_average_by_hand():
    values = np.array([1.0, 4.0, 2.0, 8.0, 6.0, 11.0])
    at = np.array([2, 5])
    naive, drift = fitted("naive", values, 2), fitted("drift", values, 2)
    np.testing.assert_array_equal(naive.forecast(values, at, 2), [[4, 4], [6, 6]])
    assert naive.weights == 0 and naive.describe() == "y(t-1)"
    np.testing.assert_array_equal(drift.forecast(values, at, 3), [[6, 8, 10], [8, 10, 12]])
    assert drift.weights == 1 and drift.describe() == "y(t-1) +2"
    mean = fitted("moving_average", np.tile([0.0, 3, 6], 5), 5)
    assert mean.weights == 1 and mean.describe() == "k = 3"
    np.testing.assert_allclose(mean.forecast(values, np.array([3, 6]), 2), [[7 / 3, 7 / 3], [25 / 3, 25 / 3]])


def test_the_moving_average_is_as_long_as_the_training_part_wants_it():
    for rows in range(30, 120, 10):
        scores = [
            root_mean_squared_error(QUARTERS[20:rows], [QUARTERS[row - k : row].mean() for row in range(20, rows)])
            for k in range(2, 21)
        ]
        assert fitted("moving_average", QUARTERS[:rows], lookback=20).k == 2 + np.argmin(scores)


def test_seasonal_naive_by_hand():
    values = np.array([1.0, 2, 3, 4, 5, 6, 7])
    forecaster = fitted("seasonal_naive", values, 2, season=3)
    assert forecaster.weights == 0 and forecaster.describe() == "y(t-3)"
    np.testing.assert_array_equal(
        forecaster.forecast(values, np.array([2, 3, 7]), 5), [[2, 2, 2, 2, 2], [1, 2, 3, 1, 2], [5, 6, 7, 5, 6]]
    )


def test_seasonal_naive_is_perfect_on_a_sine():
    run, events = finished("seasonal_naive", SPEC.replace(seq_length=25), load("sine"))
    epoch, arrays = event(events, Epoch), run.conclusion().arrays
    assert max(epoch.train_rmse, epoch.test_rmse, *arrays["lag_rmse"]) < 1e-9
    np.testing.assert_allclose(arrays["free_running"], load("sine").values[run.windows.split :][:LONGEST], atol=1e-9)


def test_linear_autoregression_is_least_squares_over_the_windows():
    train, lookback, horizon = QUARTERS[:90], 8, 3
    forecaster = fitted("linear", train, lookback, horizon)
    x = np.array([train[row - lookback : row] for row in range(lookback, 90 - horizon + 1)])
    y = truth(train, range(lookback, 90 - horizon + 1), horizon)
    expected = LinearRegression().fit(x, y)
    np.testing.assert_allclose(forecaster.coefficients, expected.coef_.T, rtol=1e-8)
    assert forecaster.weights == expected.coef_.size + horizon and forecaster.describe() == "AR(8)"
    at = np.array([8, 50, 117])
    windows = np.array([QUARTERS[row - lookback : row] for row in at])
    first = expected.predict(windows)
    np.testing.assert_allclose(forecaster.forecast(QUARTERS, at, 2), first[:, :2])
    then = expected.predict(np.hstack([windows, first])[:, -lookback:])
    np.testing.assert_allclose(forecaster.forecast(QUARTERS, at, 5), np.hstack([first, then])[:, :5])


def test_what_does_not_suffice_for_a_fit_is_said_with_its_numbers():
    with pytest.raises(UserError, match="no season"):
        fitted("seasonal_naive", QUARTERS, season=0)
    with pytest.raises(UserError, match="120 rows, less than a season of 365"):
        fitted("seasonal_naive", QUARTERS, season=365)
    with pytest.raises(UserError, match=r"10 rows.*= 11"):
        fitted("linear", QUARTERS[:10], lookback=8, horizon=3)
    for name in ("arima", "ets"):
        with pytest.raises(UserError, match=r"9 rows.*needs 10"):
            fitted(name, QUARTERS[:9])


def test_the_naive_forecast_of_the_homework():
    steps = np.abs(np.diff(load("aapl_hw02").values)) ** 2
    epoch = event(finished("naive", recipe(), load("aapl_hw02"))[1], Epoch)
    assert epoch.test_rmse == pytest.approx(math.sqrt(steps[-198:].mean()))  # 198 of 990 windows
    assert (round(epoch.train_rmse, 2), round(epoch.test_rmse, 2)) == (4.01, 6.3)
