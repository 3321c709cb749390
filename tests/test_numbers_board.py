"""Many steps in, many steps out: what the view trains, draws and says is what the core computes."""

import json
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import lab
from pages.kit.numbers_board import AHEAD, ANECDOTE, BEATEN, BETTER, LEAD, UNSURE, WAIT, verdict
from pages.kit.numbers_form import FIELDS, NETWORKS, READERS, Plan
from pages.kit.numbers_pictures import Measured, attention_of, errors_of
from seqcore.data.series import load
from seqcore.figures.by_step import by_step
from seqcore.figures.fan import Ahead, fan
from seqcore.figures.looking_back import looking_back
from seqcore.figures.palette import Look
from seqcore.reports.comparison import rows, spread
from seqcore.reports.result import Result
from seqcore.text import UserError
from seqcore.training.events import Snapshot
from seqcore.training.make import make_trainer
from tests.browser import wait_for

TINY = {"num_lookback": "12", "num_horizon": "4", "num_hidden_size": "4", "num_epochs": "5"}
AIRLINE = load("airline")


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def page():
    import streamlit as st

    from pages.kit.form import open_form
    from pages.kit.numbers_board import FIRST, READERS, as_link, numbers_board

    st.session_state["problems"] = open_form("seq2seq", FIRST, READERS)
    numbers_board("seq2seq")
    st.session_state["link"] = as_link("seq2seq")


def opened(**query):
    app = AppTest.from_function(page, default_timeout=30)
    for name, text in query.items():
        app.query_params[f"seq2seq.{name}"] = text
    app.run()
    assert not app.exception
    return app


def runs_of(app):
    """The visitor's runs, oldest first."""
    return lab.engine().of(f"{app.session_state['seqlab.viewer']}/seq2seq.numbers")[::-1]


def trained(**query):
    """The view with runs that have ended."""
    app = opened(**{**TINY, **query})
    app.button(key="seq2seq.numbers.start").click().run()
    assert not app.exception and not app.error
    wait_for(lambda: runs_of(app) and all(run.view().ended for run in runs_of(app)), 60)
    app.run()
    assert not app.exception and not app.error
    return app


def drawn(app, picture):
    """What the browser has been sent of a picture."""
    known = app.session_state["seq2seq.numbers.board.feed"].known
    return {part: value for (name, part), value in known.items() if name == picture}


def lines(app, picture):
    """The lines of a picture that have a name, by it."""
    parts = drawn(app, picture)
    named = {key: style["name"] for key, style in parts.items() if key.endswith(".style") and "name" in style}
    return {name: parts[key.replace("style", "y")] for key, name in named.items()}


def said(app):
    return " ".join(part.value for part in (*app.markdown, *app.caption, *app.warning, *app.info)).replace("\\", "")


def test_it_opens_with_all_networks_and_says_its_parts():
    app = opened()
    words = said(app)
    assert "The first 94 values train (59 windows of 24 in and 12 out" in words
    assert "the last 50 test (15 windows)" in words
    for name in NETWORKS:
        assert f"**{NETWORKS[name]}**" in words
    assert LEAD in words
    assert "no forecast yet" in json.dumps(drawn(app, "fan")["layout"])
    assert app.session_state["problems"] == [] and app.session_state["link"] == {}


def test_what_is_drawn_is_what_the_core_computes():
    app = trained(num_seeds="2")
    assert len(runs_of(app)) == 2 + 2 * len(NETWORKS)
    plan = Plan(lookback=12, horizon=4, hidden_size=4, epochs=5, seeds=2)
    windows = plan.windows(AIRLINE)
    k = len(windows.test_at) // 2
    at = windows.test_at[:, None] + np.arange(4)
    curves, fans, steps = (lines(app, name) for name in ("overlay", "fan", "by_step"))
    for run in runs_of(app):
        if run.spec.seed or run.spec.model.architecture not in ("naive", "seasonal_naive", "encoder_decoder"):
            continue
        trainer = make_trainer(run.spec, AIRLINE)
        errors = [event.test_rmse for event in trainer if hasattr(event, "test_rmse")]
        forecast = trainer.conclusion().arrays["test_prediction"]
        name = {"naive": "Naive", "seasonal_naive": "Seasonal naive"}.get(run.spec.model.architecture, "Seq2seq")
        np.testing.assert_allclose(fans[name][1:], forecast[k], rtol=1e-5)
        assert fans[name][0] == AIRLINE.values[windows.test_at[k] - 1]
        if name == "Naive":
            assert f"naive forecast {errors[-1]:.4g}" in curves
        if name == "Seasonal naive":
            np.testing.assert_allclose(curves[name], errors[-1], rtol=1e-5)
            np.testing.assert_allclose(
                steps[name], np.sqrt(np.square(forecast - AIRLINE.values[at]).mean(axis=0)), rtol=1e-5
            )
    both = [run.view().history.test_rmse for run in runs_of(app) if run.spec.model.architecture == "encoder_decoder"]
    np.testing.assert_allclose(curves["Seq2seq"], np.mean(both, axis=0), rtol=1e-5)
    score = app.dataframe[0].value
    assert list(score["runs"]) == ["1/1", "1/1", *["2/2"] * len(NETWORKS)]
    assert score.loc["Seasonal naive", "Weights"] == "0" and score.loc["Naive", "Skill vs naive (%)"] == "0.0"
    assert "best baseline" in said(app)


def test_forecasts_and_attention_are_drawn_before_the_end_and_follow_the_window():
    app = opened(**{**TINY, "num_epochs": "1000", "num_networks": "attention"})
    app.button(key="seq2seq.numbers.start").click().run()
    run = runs_of(app)[-1]
    wait_for(lambda: run.view().epoch > 0, 60)
    run.pause()
    wait_for(lambda: run.view().status == "paused", 5)
    middle = app.select_slider[0].value
    for window in (middle, middle + 3):
        app.select_slider[0].set_value(window).run()
        shot = run.view().snapshot.arrays
        weights = drawn(app, "attention")["0.z"]
        np.testing.assert_allclose(weights, shot["attention"], rtol=1e-6)
        np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
        forecast = lines(app, "fan")["Seq2seq with attention"][1:]
        np.testing.assert_allclose(forecast, shot["test_prediction"][window], rtol=1e-5)
    assert WAIT in said(app)
    run.forget()


def test_weights_of_another_window_are_not_drawn():
    measured = measured_on(Plan(lookback=12, horizon=4), window=2)
    kept = np.random.default_rng(0).random((len(measured.windows.test_at), 4, 12))
    empty = Result(measured.specs[0], "running", None, None, None)

    def told(window, **arrays):
        return [replace(empty, snapshot=Snapshot(1, window, arrays))]

    assert attention_of(measured, told(0, attention=kept[0])) is None
    assert attention_of(measured, told(measured.look.window, attention=kept[0])).tolist() == kept[0].tolist()
    np.testing.assert_array_equal(attention_of(measured, told(0, test_attention=kept)), kept[2])


def test_a_series_too_short_says_the_numbers_and_what_to_do():
    app = opened(num_series="nile")
    words = "Of the 100 values 65 are for training and 35 for the test, and each part needs steps in + steps out"
    assert words in said(app) and "24 + 12 = 36" in said(app) and "add up to 35 at most" in said(app)
    assert app.button(key="seq2seq.numbers.start").disabled
    app.slider(key="seq2seq.num_lookback").set_value(23).run()
    assert not app.warning and not app.button(key="seq2seq.numbers.start").disabled


def test_without_a_network_it_asks_for_one():
    app = opened()
    app.button_group(key="seq2seq.num_networks").set_value([]).run()
    assert "Choose at least one network." in said(app)
    assert app.button(key="seq2seq.numbers.start").disabled


@pytest.mark.parametrize("name", list(FIELDS["num_series"][1].choices))
def test_every_series_has_a_baseline_of_its_season_if_it_has_one(name):
    series = load(name)
    kinds = [row.model.architecture for row in Plan(series=name, lookback=10).rows(["gru"], series.season)]
    assert kinds == ["naive", *(["seasonal_naive"] if series.season else []), "gru"]
    assert len(Plan(series=name, lookback=10).windows(series).test_at) > 0


def test_a_link_brings_it_back_and_what_is_wrong_in_it_is_said():
    link = {"num_series": "sunspots", "num_lookback": "30", "num_networks": "seq2seq,gru", "num_train_fraction": "0.7"}
    app = opened(**link)
    assert app.session_state["link"] == link
    bad = {"num_seeds": "6", "num_horizon": "1", "num_lookback": "101", "num_networks": "rnn", "num_series": "upload",
           "num_epochs": "1e9", "num_hidden_size": "<b>"}  # fmt: skip
    app = opened(**bad)
    assert len(app.session_state["problems"]) == len(bad) and app.session_state["link"] == {}


@pytest.mark.parametrize("name", [name for name, (_, facts) in FIELDS.items() if facts.kind in ("int", "float")])
def test_both_ends_of_every_field_are_taken_and_nothing_beyond(name):
    facts = FIELDS[name][1]
    for end in (facts.low, facts.high):
        assert READERS[name](str(end)) == end
    for beyond in (facts.low - 1, facts.high + 1):
        with pytest.raises(UserError):
            READERS[name](str(beyond))


def measured_on(plan, networks=tuple(NETWORKS), window=0):
    return Measured(plan, AIRLINE, plan.windows(AIRLINE), plan.runs(list(networks), AIRLINE.season), window)


def scored(**errors):
    """Rows whose test errors by seed are these."""
    networks = [name for name in NETWORKS if name in errors]
    found = []
    for row in rows(Plan().runs(networks, 12), []):
        name = {"encoder_decoder": "seq2seq"}.get(row.spec.model.architecture, row.spec.model.architecture)
        values = errors[name]
        counts = {**row.counts, "finished": len(values)}
        seeds = tuple(range(len(values)))
        found.append(replace(row, test=spread(values), counts=counts, seeds=seeds, naive_rmse=errors["naive"][0]))
    return found


@pytest.mark.parametrize(
    "words, last, errors",
    [
        (BEATEN, "few", {"seq2seq": [9.0], "gru": [8.0]}),
        (BEATEN, "a", {"seq2seq": [9.0, 9.1], "gru": [8.0, 8.1]}),
        (ANECDOTE, "few", {"seq2seq": [9.0], "gru": [6.0]}),
        (UNSURE, "open", {"seq2seq": [2.0, 9.0], "gru": [1.0, 9.5]}),
        (BETTER, "a", {"seq2seq": [5.0, 5.1], "gru": [3.0, 3.1]}),
    ],
)
def test_the_verdict_is_of_the_best_baseline_and_of_what_the_seeds_support(words, last, errors):
    made = scored(naive=[10.0], seasonal_naive=[7.0], **errors)
    gru, bar = f"{np.mean(errors['gru']):.3g}", "7"
    told = words.format(name="GRU, direct head", error=gru, baseline="Seasonal naive", bar=bar, unit="m")
    assert verdict(made, "m").replace("\\", "") == f"{told} {AHEAD[last].format(second='Seq2seq')}"


def test_a_network_that_diverged_is_no_best_one_and_nothing_is_said_too_early():
    made = scored(naive=[10.0], seasonal_naive=[7.0], seq2seq=[8.0], gru=[6.0])
    lost = [replace(row, counts={**row.counts, "diverged": 1}) if row.spec.model.architecture == "gru" else row
            for row in made]  # fmt: skip
    assert "GRU" not in verdict(lost, "m")
    for fate in ("running", "waiting"):
        busy = [*made[:-1], replace(made[-1], counts={**made[-1].counts, fate: 1})]
        assert verdict(busy, "m") == WAIT
    assert verdict(rows([row.spec for row in made], []), "m") == LEAD


def test_errors_by_step_are_over_all_test_windows():
    measured = measured_on(Plan(lookback=12, horizon=4))
    truth = AIRLINE.values[measured.windows.test_at[:, None] + np.arange(4)]
    off = np.array([1.0, -2.0, 3.0, -4.0]) * np.where(np.arange(len(truth)) % 2, 1, -1)[:, None]
    result = Result(measured.specs[0], "finished", None, None, Snapshot(1, 0, {"test_prediction": truth + off}))
    np.testing.assert_allclose(errors_of(measured, result), [1, 2, 3, 4])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_fan_leaves_from_the_last_value_seen(theme):
    seeds = np.array([[420.0, 430.0, 440.0], [410.0, 450.0, 400.0]])
    said = [Ahead("GRU", Look("gru"), seeds), Ahead("Naive", Look("naive"), np.full((1, 3), 400.0))]
    picture = fan(str, theme, AIRLINE.times, AIRLINE.values, said, unit="m", origin=100, lookback=6, horizon=3)
    low, high, _, _, truth, gru, naive = (trace.data["y"] for trace in picture.traces)
    last = AIRLINE.values[99]
    np.testing.assert_array_equal(low, [last, 410, 430, 400])
    np.testing.assert_array_equal(high, [last, 420, 450, 440])
    np.testing.assert_array_equal(gru, [last, 420, 430, 440])
    np.testing.assert_array_equal(naive, [last, 400, 400, 400])
    np.testing.assert_array_equal(truth, AIRLINE.values[94:103])
    assert picture.traces[5].data["x"].tolist() == AIRLINE.times[99:103].astype(str).tolist()
    assert f"GRU is off by {np.abs(seeds[0] - AIRLINE.values[100:103]).mean():.4g} m on average" in picture.alt
    assert picture.figure()


def test_the_error_by_step_is_the_mean_of_the_seeds_in_their_range():
    picture = by_step(
        str, "light", [Ahead("GRU", Look("gru"), np.array([[1.0, 4.0], [3.0, 8.0]]))], horizon=2, unit="m"
    )
    low, high, mean = (trace.data["y"].tolist() for trace in picture.traces)
    assert (low, high, mean) == ([1, 4], [3, 8], [2, 6])
    assert "GRU: 2 m one step ahead, 6 m 2 steps ahead." in picture.alt
    far = by_step(str, "light", [Ahead("GRU", Look("gru"), np.full((1, 2), 900.0)),
                                 Ahead("Naive", Look("naive"), np.ones((1, 2)))], horizon=2, unit="")  # fmt: skip
    assert far.layout["yaxis"]["range"] == [0, 5]


def test_where_each_step_looks_is_told_by_how_far_back_it_is():
    weights = np.array([[0.1, 0.9, 0.0], [0.2, 0.3, 0.5]])
    picture = looking_back(str, "light", weights, horizon=2, lookback=3)
    np.testing.assert_allclose(picture.traces[0].data["z"], weights, rtol=1e-6)
    assert picture.traces[0].style["x0"] == -3 and picture.traces[0].style["y0"] == 1
    assert "1 ← -2 0.90; 2 ← -1 0.50." in picture.alt
    assert looking_back(str, "light", None, horizon=2, lookback=3).alt.endswith("no weights yet.")
