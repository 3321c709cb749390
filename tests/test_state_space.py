"""ARIMA and exponential smoothing: statsmodels' numbers, chosen with care."""

import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_error
from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing
from statsmodels.tsa.statespace.sarimax import SARIMAX

from seqcore.models.classical import state_space
from seqcore.text import UserError
from tests.quarters import NOISE, QUARTERS, SEASON, fitted, one_blas_thread, trained

pytestmark = pytest.mark.usefixtures(one_blas_thread.__name__)


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
    one_step = forecaster.forecast(QUARTERS, np.arange(20, 120), 1)[:, 0]
    np.testing.assert_allclose(one_step, back(reference(forecaster, scaled).fittedvalues[20:]), rtol=1e-9)
    appended = reference(forecaster, scaled[:90]).append(scaled[90:])  # forgets that the start is to be exact
    np.testing.assert_allclose(one_step, back(appended.fittedvalues[20:]), rtol=1e-6)
    for origin in (90, 97, 110):
        far = forecaster.forecast(QUARTERS, np.array([origin]), 12)[0]
        np.testing.assert_allclose(far, back(reference(forecaster, scaled[:origin]).forecast(12)), rtol=1e-9)


def all_forms(monkeypatch, name):
    """Every form that is tried, fitted to the first 90 rows."""
    found = []
    monkeypatch.setattr(f"seqcore.models.classical.{name}.best", lambda forms: [(1, found.extend(f() for f in forms))])
    fitted(name, QUARTERS[:90])
    return found


def test_arima_is_of_greatest_likelihood_and_least_aic(monkeypatch):
    """Against fits in the full state space, over the rows that all forms have in common."""
    forms = all_forms(monkeypatch, "arima")
    assert len(forms) == 27 and len({form.describe() for form in forms}) == 27
    assert trained("arima").aic == min(form.aic for form in forms)
    scaled = trained("arima").scaler.apply(QUARTERS[:90])
    for form in forms:
        if max(form.model.keywords["order"]) == 1:
            model = SARIMAX(scaled, **form.model.keywords | {"use_exact_diffuse": False}, loglikelihood_burn=1 + SEASON)
            expected = model.fit(disp=False, maxiter=200) if model.k_params else model.filter([])
            assert form.aic == pytest.approx(expected.aic, abs=0.1)


def test_smoothing_is_of_least_aic_with_its_start_counted(monkeypatch):
    forms = all_forms(monkeypatch, "ets")
    assert [form.describe() for form in forms] == [
        f"ETS(A,{trend},{season})" for trend in ("N", "A", "Ad") for season in "NA"
    ]
    assert trained("ets").aic == min(form.aic for form in forms)
    for form in forms:
        reference = reference_ets(form, form.scaler.apply(QUARTERS[:90]))
        assert form.weights == len(form.parameters) + len(reference.initial_state)
        assert form.aic == pytest.approx(reference.aic + 2 * len(reference.initial_state))


def test_arima_finds_an_autoregression_and_beats_the_naive_forecast():
    shocks, values = np.random.default_rng(9).normal(size=800), [100.0]
    for shock in shocks[1:]:
        values.append(100 + 0.6 * (values[-1] - 100) + shock)
    values, at = np.array(values), np.arange(640, 800)
    forecaster = fitted("arima", values[:640], season=0)
    assert forecaster.describe() == "ARIMA(1,0,0)" and forecaster.weights == 2
    assert forecaster.parameters == pytest.approx([0.6], abs=0.05)
    score = root_mean_squared_error(values[at], forecaster.forecast(values, at, 1)[:, 0])
    assert score == pytest.approx(shocks[at].std(), rel=0.02)
    assert score < 0.95 * root_mean_squared_error(values[at], values[at - 1])


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
    start = [forecaster.model.keywords.get("initial_level") for forecaster in (short, whole)]
    assert start[0] == start[1]
    scores = [
        root_mean_squared_error(QUARTERS[20:], forecaster.forecast(QUARTERS, np.arange(20, 120), 1)[:, 0])
        for forecaster in (short, whole)
    ]
    assert scores[0] < 1.2 * scores[1]


def test_forms_whose_fit_does_not_arrive_are_left_out(monkeypatch):
    monkeypatch.setattr(state_space, "ITERATIONS", 1)
    assert fitted("arima", NOISE.cumsum(), season=0).describe() == "ARIMA(0,1,0)"  # nothing to search for
    with pytest.raises(UserError, match="None of the 6 forms"):
        fitted("ets", QUARTERS)
