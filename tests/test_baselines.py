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
from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing
from statsmodels.tsa.statespace.sarimax import SARIMAX
from threadpoolctl import threadpool_limits

from seqcore.catalogue import CLASSICAL
from seqcore.data.series import Series, load
from seqcore.data.windows import LAGS
from seqcore.homework import recipe
from seqcore.models import classical
from seqcore.models.classical import state_space
from seqcore.spec import RunSpec
from seqcore.text import UserError
from seqcore.training.baseline import Baseline
from seqcore.training.events import Epoch, Finished, Progress, Started
from seqcore.training.forecast import LONGEST
from seqcore.training.make import make_trainer
from seqcore.training.trainer import Trainer

SEASON = 4
STEPS = np.arange(120)
NOISE = np.random.default_rng(5).normal(size=120)
QUARTERS = 80 + 0.3 * STEPS + 6 * np.sin(STEPS * np.pi / 2) + NOISE.cumsum() + NOISE
SPEC = RunSpec().replace(seq_length=8, horizon=3)


@pytest.fixture(scope="module", autouse=True)
def one_blas_thread():
    """As in a worker: with two, the many small products of a fit take up to fifty times as long on a busy machine."""
    with threadpool_limits(1, user_api="blas"):
        yield


def series_of(values, season=SEASON):
    return Series("made", "Made", "m", np.array(values, float), np.arange(len(values)), season)


def fitted(name, train, lookback=8, horizon=1, season=SEASON):
    """The forecaster that is left when the fit has run to its end."""
    *_, (done, forecaster) = classical.fit(name, train, lookback=lookback, horizon=horizon, season=season)
    assert done == 1
    return forecaster


def finished(name, spec=SPEC, series=None):
    run = Baseline(spec.replace(architecture=name), series or series_of(QUARTERS))
    return run, list(run)


@cache
def trained(name):
    """The forecaster of the first 90 rows."""
    return fitted(name, QUARTERS[:90])


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
    assert [dataclasses.replace(e, seconds=0, grad_norm=0) if isinstance(e, Epoch) else e for e in events] == [
        dataclasses.replace(e, seconds=0, grad_norm=0) if isinstance(e, Epoch) else e for e in first
    ]
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
    for number in (-1, 0, 5, len(run.windows.train_x), 10**6):
        mine, networks = run.snapshot(number), trainer.snapshot(number)
        assert mine.window == networks.window and "free_running" not in mine.arrays
        np.testing.assert_array_equal(mine.arrays["input"], networks.arrays["input"], strict=True)
    free = run.snapshot(0, free_running=True).arrays["free_running"]
    np.testing.assert_array_equal(free, np.full(len(QUARTERS) - run.windows.split, QUARTERS[run.windows.split - 1]))


def test_a_baseline_is_made_where_a_trainer_is_and_has_no_learning_rate():
    run = make_trainer(SPEC.replace(architecture="naive"), series_of(QUARTERS))
    run.lr = 5.0
    assert isinstance(run, Baseline) and event(run, Epoch) == dataclasses.replace(
        event(once("naive")[1], Epoch), grad_norm=pytest.approx(math.nan, nan_ok=True), seconds=pytest.approx(0, abs=1)
    )


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
    errors = {}
    for k in range(2, 21):
        means = [QUARTERS[row - k : row].mean() for row in range(20, 90)]
        errors[k] = root_mean_squared_error(QUARTERS[20:90], means)
    assert fitted("moving_average", QUARTERS[:90], lookback=20).k == min(errors, key=errors.get)


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


def reference_arima(forecaster, scaled):
    """statsmodels' own results over `scaled`, of the form and the parameters that were found."""
    form = {key: forecaster.model.keywords[key] for key in ("order", "seasonal_order")}
    return SARIMAX(scaled, **form, use_exact_diffuse=True, concentrate_scale=True).filter(forecaster.parameters)


def reference_ets(forecaster, scaled):
    _, trend, season = forecaster.describe().removesuffix(")").split(",")
    form = {"trend": trend != "N", "damped_trend": trend == "Ad", "seasonal": SEASON if season == "A" else None}
    model = ExponentialSmoothing(scaled, **form, initialization_method="heuristic")
    return model.filter(forecaster.parameters)


@pytest.mark.parametrize("reference", [reference_arima, reference_ets])
@pytest.mark.parametrize("season", [0, SEASON])
def test_arima_and_smoothing_forecast_as_statsmodels_does(reference, season):
    name = reference.__name__.removeprefix("reference_")
    forecaster = fitted(name, QUARTERS[:90], season=0) if season == 0 else trained(name)
    scaled = (QUARTERS - QUARTERS[:90].mean()) / QUARTERS[:90].std()
    back = forecaster.scaler.undo
    seen = reference(forecaster, scaled[:90])
    walked = np.append(seen.fittedvalues, seen.extend(scaled[90:]).fittedvalues)
    one_step = forecaster.forecast(QUARTERS, np.arange(20, 120), 1)[:, 0]
    np.testing.assert_allclose(one_step, back(walked[20:]), rtol=1e-9)
    for origin in (90, 97, 110):
        then = seen.extend(scaled[90:origin]) if origin > 90 else seen
        far = forecaster.forecast(QUARTERS, np.array([origin]), 12)[0]
        np.testing.assert_allclose(far, back(then.forecast(12)), rtol=1e-9)


def test_arima_is_of_greatest_likelihood_and_least_aic():
    """Against a fit of each form in its full state space, over the rows that all forms have in common."""
    forecaster = trained("arima")
    scaled, aics = forecaster.scaler.apply(QUARTERS[:90]), {}
    for seasonal in [(0, 0, 0, 0), (0, 1, 1, SEASON), (1, 1, 1, SEASON)]:
        for order in [(0, 1, 0), (1, 1, 0), (0, 1, 1), (1, 1, 1)]:
            form = {"order": order, "seasonal_order": seasonal, "concentrate_scale": True}
            model = SARIMAX(scaled, **form, loglikelihood_burn=1 + SEASON)
            found = model.fit(disp=False, maxiter=200) if model.k_params else model.filter([])
            aics[order, seasonal] = found.aic
    form = forecaster.model.keywords["order"], forecaster.model.keywords["seasonal_order"]
    assert form[1] != (0, 0, 0, 0)
    assert forecaster.aic < min(aics.values()) + 0.1
    assert form not in aics or forecaster.aic == pytest.approx(aics[form], abs=0.1)


def test_arima_finds_an_autoregression_and_beats_the_naive_forecast():
    shocks, values = np.random.default_rng(2).normal(size=800), [0.0]
    for shock in shocks[1:]:
        values.append(0.6 * values[-1] + shock)
    spec = SPEC.replace(horizon=1, split="windows")  # the split's row is the first target of the test part
    run, events = finished("arima", spec, series_of(100 + np.array(values), 0))
    started, epoch = event(events, Started), event(events, Epoch)
    assert run.forecaster.model.keywords["order"][1] == 0
    assert epoch.test_rmse < 0.95 * started.naive_rmse
    assert epoch.test_rmse == pytest.approx(shocks[run.windows.split :].std(), rel=0.02)


def test_arima_and_smoothing_take_a_season_only_where_there_is_one():
    walk = NOISE.cumsum()
    still = fitted("arima", walk)
    assert still.describe() == "ARIMA(0,1,0)" and still.weights == 0
    assert fitted("ets", walk).describe().endswith(",N)")
    assert trained("arima").describe().endswith("_4") and trained("ets").describe().endswith(",A)")
    assert "_" not in fitted("arima", QUARTERS[:11]).describe()  # less than three seasons
    assert fitted("ets", QUARTERS[:17]).describe().endswith(",N)")


def test_rows_too_early_for_differences_get_the_naive_forecast():
    forecaster = trained("arima")
    first = 1 + SEASON  # d = D = 1
    assert forecaster.first == first
    early = forecaster.forecast(QUARTERS, np.arange(2, first + 1), 2)
    np.testing.assert_array_equal(early[:-1], QUARTERS[1 : first - 1, None].repeat(2, axis=1))
    assert early[-1, 0] != QUARTERS[first - 1]


@pytest.mark.parametrize("name", ["arima", "ets"])
def test_a_long_series_is_fitted_to_its_last_rows_and_forecast_from_its_first(name, monkeypatch):
    monkeypatch.setattr(f"seqcore.models.classical.{name}.ROWS", 60)
    short = fitted(name, QUARTERS[:90], season=0)
    monkeypatch.undo()
    whole = fitted(name, QUARTERS[:90], season=0)
    assert not np.array_equal(short.parameters, whole.parameters)
    far = short.forecast(QUARTERS, np.arange(20, 120), 1)[:, 0]
    assert root_mean_squared_error(QUARTERS[20:], far) < 1.2 * root_mean_squared_error(
        QUARTERS[20:], whole.forecast(QUARTERS, np.arange(20, 120), 1)[:, 0]
    )


def test_forms_whose_fit_does_not_arrive_are_left_out(monkeypatch):
    monkeypatch.setattr(state_space, "ITERATIONS", 1)
    assert fitted("arima", NOISE.cumsum(), season=0).describe() == "ARIMA(0,1,0)"  # nothing to search for
    with pytest.raises(UserError, match="None of the 6 forms"):
        fitted("ets", QUARTERS)


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
