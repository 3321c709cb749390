"""What is drawn of the memory tasks is what was measured."""

import json
import warnings

import numpy as np
import pytest

from pages.kit.live import Feed
from seqcore.figures.horizon import horizons
from seqcore.figures.lag_map import lag_map
from seqcore.figures.learning import learning
from seqcore.figures.palette import ERRORS, LETTERS, palette
from seqcore.figures.picture import MOST_POINTS
from seqcore.figures.verdict import JITTER, height, verdict
from tests.test_figures import SAME, luminance, words

ROLES = ["rnn", "lstm", "gru"]
EPOCHS = np.arange(21)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def errors(theme="light", **change):
    curves = {"RNN": (EPOCHS, np.full(21, 0.3)), "LSTM": (EPOCHS, 0.5 * 0.8**EPOCHS), "GRU": (EPOCHS[:0], np.zeros(0))}
    facts = {"chance": 0.289, "solved": 0.08, "classes": False, "solved_at": {"RNN": None, "LSTM": 9}, "epochs": 50}
    return learning(SAME, theme, curves, ROLES, **{**facts, **change})


def test_the_errors_are_drawn_between_chance_and_solved():
    picture = errors()
    rnn, lstm, gru, mark = picture.figure().data
    np.testing.assert_array_equal(lstm.x, EPOCHS)
    np.testing.assert_allclose(lstm.y, 0.5 * 0.8**EPOCHS, rtol=1e-6)
    assert [line.line.color for line in (rnn, lstm, gru)] == [palette("light")[role] for role in ROLES]
    assert (list(mark.x), mark.y[0]) == ([9], pytest.approx(0.5 * 0.8**9)) and mark.name is None
    assert [shape["y0"] for shape in picture.layout["shapes"]] == [0.289, 0.08]
    chance, solved = picture.layout["annotations"][1:3]
    assert (chance["text"], solved["text"]) == ("chance 0.289", "solved 0.08")
    assert (chance["y"], solved["y"]) == (pytest.approx(np.log10(0.289)), pytest.approx(np.log10(0.08)))
    assert words(picture)[-1] == f'solved: <span style="color:{palette("light")["lstm"]}">LSTM 9</span>'
    assert picture.layout["yaxis"]["type"] == "log" and picture.layout["xaxis"]["range"] == [0, 50]
    assert "Chance is 0.289, and 0.08 counts as solved. RNN: 0.3 after epoch 20. LSTM: 0.00576" in picture.alt
    assert picture.alt.endswith("Solved at epoch 9. GRU: no epoch is done yet.")


def test_wrong_answers_have_an_axis_from_nothing_to_all():
    curves = {"RNN": (EPOCHS, np.linspace(1, 0, 21))}
    picture = learning(
        SAME, "dark", curves, ["rnn"], chance=0.875, solved=0.01, classes=True, solved_at={"RNN": 20}, epochs=20
    )
    line, mark = picture.figure().data
    np.testing.assert_allclose(line.y, curves["RNN"][1], rtol=1e-6)
    assert mark.y[0] == 0 and "type" not in picture.layout["yaxis"]
    low, high = picture.layout["yaxis"]["range"]
    assert -0.1 < low < 0 and 1 < high < 1.1
    assert [note["y"] for note in picture.layout["annotations"][1:3]] == [0.875, 0.01]
    assert words(picture)[0] == "Wrong answers (share)" and picture.alt.startswith("Share of wrong answers by epoch.")


def test_an_exploding_run_is_shown_exploding():
    curve = np.append(np.full(5, 0.3), [30, 1e18, np.inf, np.nan, 0])
    curves = {"RNN": (np.arange(10), curve), "LSTM": (np.arange(10), np.full(10, 0.3))}
    picture = learning(
        SAME, "light", curves, ["rnn", "lstm"], chance=0.289, solved=0.08, classes=False, solved_at={}, epochs=12,
        diverged_at={"RNN": 8},
    )  # fmt: skip
    drawn = picture.traces[0].data["y"]
    np.testing.assert_allclose(drawn[:7], curve[:7], rtol=1e-6)
    assert np.isnan(drawn[7:]).all()
    assert picture.layout["yaxis"]["range"][1] >= 18
    assert picture.layout["shapes"][-1]["x0"] == 8 and "RNN diverged at epoch 8" in words(picture)
    assert picture.alt.count("The training diverged at epoch 8.") == 1


def test_while_it_trains_only_what_is_new_is_sent():
    feed, long = Feed(), 0.5 * 0.99 ** np.arange(101)

    def message(count):
        curves = {"RNN": (np.arange(count), long[:count])}
        facts = {"chance": 0.289, "solved": 0.08, "classes": False, "solved_at": {}, "epochs": 100}
        return feed.message([learning(SAME, "light", curves, ["rnn"], **facts)], moving=True)["pictures"]["learning"]

    for count in range(80, 86):
        message(count)
    parts = message(86)
    assert parts["0.x"]["from"] == parts["0.y"]["from"] == 83  # what it had three messages ago
    assert "layout" not in parts and "alt" not in parts
    many = {"RNN": (np.arange(5001), np.ones(5001))}
    facts = {"chance": 0.289, "solved": 0.08, "classes": False, "solved_at": {}, "epochs": 5000}
    drawn = learning(SAME, "light", many, ["rnn"], **facts)
    x = drawn.traces[0].data["x"]
    assert len(x) <= MOST_POINTS and set(np.diff(x)) == {9}
    assert drawn.layout["xaxis"]["title"]["text"] == "Epoch (1 in 9 drawn)"


AT = np.array([0, 5, 10])
LAGS = {"RNN": (AT, np.array([-1.0, 3, 6])), "LSTM": (AT, np.array([2.0, 20, 31])), "GRU": (AT[:0], np.zeros(0))}


def test_horizons_are_drawn_against_the_lag_and_the_slide():
    picture = horizons(SAME, "light", LAGS, ROLES, lag=30, gradient={"RNN": -1, "LSTM": 12, "GRU": np.nan}, epochs=40)
    rnn, lstm, gru, ends = picture.figure().data
    np.testing.assert_array_equal(lstm.y, [2, 20, 31])
    np.testing.assert_array_equal(rnn.x, AT)
    assert len(gru.y) == 0 and all(trace.grows for trace in picture.traces[:3])
    assert (list(ends.x), list(ends.y)) == ([40, 40], [-1, 12])
    assert list(ends.marker.color) == [palette("light")["rnn"], palette("light")["lstm"]]
    assert ends.marker.size[0] > ends.marker.size[1] and ends.name is None
    band, line = picture.figure().layout.shapes
    assert (band.y0, band.y1, line.y0, line.y1) == (8, 10, 30, 30)
    assert words(picture)[1:] == ["lag 30", "slide:<br>8 or 10", "◂ gradient horizon"]
    assert "RNN: 6 after epoch 10. Its gradient horizon: none. LSTM: 31" in picture.alt
    assert "the task's lag is 30" in picture.alt and picture.alt.endswith("GRU: no epoch is done yet.")


def test_the_horizons_axis_begins_with_none_and_holds_all():
    def axis(lag, curves=LAGS, **gradient):
        return horizons(SAME, "dark", curves, ROLES, lag=lag, gradient=gradient, epochs=40).layout["yaxis"]

    few = axis(30)
    assert few["tickvals"] == [-1, 10, 20, 30, 40] and few["ticktext"] == ["none", "10", "20", "30", "40"]
    assert few["range"][0] < -1 and few["range"][1] > 40
    assert axis(200)["tickvals"][1:] == [50, 100, 150, 200, 250]
    assert axis(2, {name: (AT[:0], np.zeros(0)) for name in LAGS})["range"][1] > 10
    assert axis(30, RNN=204.0)["range"][1] > 204
    assert axis(5, {**LAGS, "LSTM": (AT, np.array([2.0, 20, 61]))})["range"][1] > 61


def test_hearing_only_the_last_step_is_not_hearing_nothing():
    curves = {"RNN": (AT, np.array([3.0, 0, -1])), "LSTM": (AT, np.array([-1.0, -1, 0]))}
    picture = horizons(SAME, "light", curves, ["rnn", "lstm"], lag=30, gradient={"RNN": 0.0}, epochs=40)
    assert "RNN: none after epoch 10. Its gradient horizon: 0. LSTM: 0 after epoch 10." in picture.alt


@pytest.mark.parametrize(("lag", "sides"), [(10, ("bottom", "top")), (8, ("top", "bottom")), (30, ("middle",) * 2)])
def test_the_names_of_lag_and_slide_do_not_lie_on_each_other(lag, sides):
    picture = horizons(SAME, "light", LAGS, ROLES, lag=lag, gradient={}, epochs=40)
    assert tuple(note["yanchor"] for note in picture.layout["annotations"][1:]) == sides
    assert "◂ gradient horizon" not in words(picture)


SHARES = np.array([[1, 1], [2 / 3, 1], [0, 1 / 3], [0, np.nan]])  # lags by networks
UPDATES = np.array([[175, 1225], [1325, 450], [np.nan, 2125], [np.nan, np.nan]])


def test_every_field_says_who_solved_the_lag_and_when():
    picture = lag_map(SAME, "light", np.array([5, 10, 20, 50]), ["RNN", "LSTM"], SHARES, UPDATES)
    filled, text = picture.figure().data
    np.testing.assert_allclose(filled.z, SHARES.T, rtol=1e-6)
    written = dict(zip(zip(text.y, text.x, strict=True), text.text, strict=True))
    assert [written[0, c] for c in range(4)] == ["175", "1,325<br>67 %", "–", "–"]
    assert [written[1, c] for c in range(4)] == ["1,225", "450", "2,125<br>33 %", ""]
    assert picture.layout["xaxis"]["ticktext"] == ["5", "10", "20", "50"]
    assert picture.layout["yaxis"]["ticktext"] == ["RNN", "LSTM"]
    assert picture.layout["yaxis"]["range"][0] > picture.layout["yaxis"]["range"][1]  # the first row is on top
    (frame,) = picture.layout["shapes"]
    assert (round(frame["x0"]), round(frame["y0"])) == (3, 1)
    assert "– not solved" in words(picture)
    assert "RNN: lag 5: 175 updates, lag 10: 1,325 updates in 67 % of the seeds, lag 20: not solved" in picture.alt
    assert picture.alt.endswith("lag 50: not yet run.")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_written_in_a_field_can_be_read(theme):
    shares = np.linspace(0, 1, 11)
    ink = lag_map(SAME, theme, np.arange(2, 13), ["RNN"], shares[:, None], 100 * shares[:, None]).traces[1].style
    stops, colours = zip(*ERRORS[theme], strict=True)
    parts = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in colours])
    for share, letters in zip(shares, ink["textfont"]["color"], strict=True):
        mixed = "#" + "".join(f"{round(np.interp(share, stops, part)):02X}" for part in parts.T)
        low, high = sorted((luminance(mixed), luminance(letters)))
        assert (high + 0.05) / (low + 0.05) >= 4.4, share


def test_before_anything_has_run_the_map_is_empty():
    nothing = np.full((2, 1), np.nan)
    picture = lag_map(SAME, "dark", np.array([5, 10]), ["GRU"], nothing, nothing)
    assert list(picture.figure().data[1].text) == ["", ""] and len(picture.layout["shapes"]) == 2
    assert "– not solved" not in words(picture) and picture.alt.count("not yet run") == 2
    assert LETTERS["dark"][0] == picture.traces[1].style["textfont"]["color"][0]


ARMS = [("RNN", [0.31, 0.29, 0.33, np.nan]), ("LSTM", [0.02, 0.04])]


def judged(points=ARMS, **change):
    facts = {"measure": "RMSE", "log": False, "line": 0.08, "low": 0.02, "mean": 0.03, "high": 0.05}
    return verdict(SAME, "light", "LSTM solves it", points, **{**facts, **change})


def test_every_seed_is_a_dot_and_the_interval_lies_below_them():
    picture = judged()
    bar, dots, ticks = picture.figure().data
    np.testing.assert_allclose(dots.x[[0, 1, 2, 4, 5]], [0.31, 0.29, 0.33, 0.02, 0.04])
    np.testing.assert_allclose(dots.y, [*JITTER, JITTER[0], 1 + JITTER[0], 1 + JITTER[1]], rtol=1e-6)
    assert list(dots.marker.symbol) == ["circle"] * 3 + ["x"] + ["circle"] * 2
    low, high = picture.layout["xaxis"]["range"]
    assert dots.x[3] == high > 0.33 and low < 0.02 and dots.customdata[3] == "nan"
    np.testing.assert_allclose(ticks.x, [0.31, 0.03, 0.03])
    assert list(ticks.y) == [0, 1, 2] and list(bar.x) == [0.02, 0.05] and list(bar.y) == [2, 2]
    assert picture.layout["shapes"][0]["x0"] == 0.08 and words(picture)[-1] == "decided at 0.08"
    assert words(picture)[1:3] == ["RNN", '0.310 ± 0.020<br><span style="font-size:11px">1 not finite</span>']
    assert words(picture)[-3:-1] == ["mean and its interval", "0.03 (0.02 … 0.05)"]
    assert "RNN: 0.31, 0.29, 0.33, nan (0.310 ± 0.020, 1 not finite)." in picture.alt
    assert picture.alt.endswith("Mean and its interval: 0.03 (0.02 … 0.05). It is decided at 0.08.")
    assert height(2) > height(1)


def test_the_verdict_is_the_same_each_time_it_is_drawn():
    one, two = (judged().traces[1].data["y"] for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_on_a_logarithmic_axis_what_is_not_above_zero_lies_at_the_edge():
    picture = judged([("far", [1e-4, 1e-2, 0.0, np.inf])], log=True, line=1e-3, low=0.0, mean=1e-3, high=1e-2)
    bar, dots, ticks = picture.figure().data
    low, high = 10.0 ** np.array(picture.layout["xaxis"]["range"])
    np.testing.assert_allclose(dots.x, [1e-4, 1e-2, low, high])
    assert list(dots.marker.symbol) == ["circle", "circle", "x", "x"]
    np.testing.assert_allclose(ticks.x, [1e-3, 1e-3])  # the geometric mean
    np.testing.assert_allclose(bar.x, [low, 1e-2])
    assert picture.layout["annotations"][-1]["x"] == pytest.approx(-3)
    assert "(0.001, 1 not finite · 1 not above 0)" in picture.alt


def test_without_an_interval_there_is_the_mean_and_without_that_no_row():
    alone = judged(low=np.nan, high=np.nan)
    assert len(alone.traces[0].data["x"]) == 0 and "0.03" in words(alone)
    nothing = judged([("RNN", [])], low=np.nan, mean=np.nan, high=np.nan, line=None)
    assert words(nothing) == ["", "RNN", ""] and nothing.layout["shapes"] == []
    assert nothing.alt == "LSTM solves it: RMSE, each seed a dot. RNN: none yet."
    lost = judged([("RNN", [np.nan, -np.inf])], log=True, line=None, low=-np.inf, mean=np.nan, high=np.inf)
    low, high = 10.0 ** np.array(lost.layout["xaxis"]["range"])
    np.testing.assert_allclose(lost.traces[1].data["x"], [high, low])
    assert "2 not finite" in lost.alt


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_is_drawn_and_told(theme):
    facts = {"measure": "m", "log": False, "line": 1.0, "low": 0.5, "mean": 1.0, "high": 2.0}
    for picture in (
        errors(theme),
        horizons(SAME, theme, LAGS, ROLES, lag=30, gradient={"RNN": 3}, epochs=40),
        lag_map(SAME, theme, np.array([5, 10, 20, 50]), ["RNN", "LSTM"], SHARES, UPDATES),
        verdict(SAME, theme, "x", ARMS, **facts),
    ):
        json.dumps(picture.layout)
        json.dumps([trace.style for trace in picture.traces])
        Feed().message([picture])
        assert picture.figure().data and picture.alt and picture.layout["xaxis"]["title"]["text"]
