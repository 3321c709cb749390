"""The pictures of a comparison draw what they were given, whatever has arrived so far."""

import json
from itertools import combinations

import numpy as np
import pytest

from seqcore.catalogue import ARCHITECTURES
from seqcore.figures import palette
from seqcore.figures.heat import heat
from seqcore.figures.lags import LagErrors, lags
from seqcore.figures.multiples import multiples
from seqcore.figures.overlay import MOST, Curves, overlay
from seqcore.figures.palette import Look, looks, stroke
from seqcore.figures.picture import Picture, plus_minus, wrap
from seqcore.figures.predictions import Line, predictions
from seqcore.figures.residuals import residuals
from seqcore.figures.scores import Score, scores
from seqcore.figures.shift import SHIFTS, shift, shift_rmse, shift_zoom

SAME = str  # a translation that changes nothing
RNN, LSTM = looks(["rnn", "lstm"])
DAYS = np.arange("2001-01-01", "2001-04-11", dtype="datetime64[D]")
NUMBERS = np.random.default_rng(0)
WALK = 50 + NUMBERS.normal(0, 1, 100).cumsum()
NAIVE = Line("naive", Look("naive"), 80, WALK[79:99])
GOOD = Line("RNN", RNN, 80, WALK[80:] + 0.5)
NONE = np.zeros(0)
BROKEN = np.array([9.0, 1e3, np.inf, np.nan])


def cells(*values):
    return [[np.array(cell, float) for cell in line] for line in values]


def grid(given, seeds=2, naive=None):
    axes = {"columns": ("Model", ["RNN", "LSTM"]), "rows": ("Hidden", ["8", "16"])}
    return heat(SAME, "light", given, **axes, seeds=seeds, unit="m", naive=naive)


def texts(picture: Picture) -> list[str]:
    return [note["text"] for note in picture.layout["annotations"]]


def every_picture(t, theme, empty=False) -> list[Picture]:
    """One of each kind: of ordinary results, or of nothing, one seed, and what a diverged run leaves."""
    seeds = [NONE, BROKEN, np.array([5.0])] if empty else [np.linspace(9, 2, 51), np.linspace(8, 3, 20)]
    rows = [Curves("RNN", RNN, seeds, diverged=[1] if empty else []), Curves("LSTM", LSTM, [] if empty else seeds)]
    ended = [NONE, np.array([np.nan]), np.array([4.0])] if empty else [np.array([2.0, 3.0])] * 3
    lines = [NAIVE, Line("RNN", RNN, 80, np.full(20, np.nan)), Line("LSTM", LSTM, 80, NONE)] if empty else [NAIVE, GOOD]
    steps = [LagErrors("RNN", RNN, NONE if empty else np.arange(1.0, 6))]
    naive = None if empty else 2.5
    facts = {"unit": "m", "epochs": 50, "naive": naive}
    return [
        overlay(t, theme, rows, **facts),
        overlay(t, theme, rows, **facts, log=False, part="train"),
        *multiples(t, theme, [("8", rows), ("16", [])], **facts),
        scores(t, theme, [Score("RNN", RNN, values, 3) for values in ended], unit="m", naive=naive),
        scores(t, theme, [], unit="m", naive=naive),
        heat(t, theme, [ended, ended], columns=("Model", list("abc")), rows=("Hidden", ["8", "16"]), seeds=2, unit="m"),
        predictions(t, theme, DAYS, WALK, lines, unit="m", split=80, naive=NAIVE),
        residuals(t, theme, DAYS, WALK, lines, unit="m", split=80),
        residuals(t, theme, DAYS, WALK, [], unit="m", split=80),
        lags(t, theme, steps, unit="m", naive=None if empty else LagErrors("naive", Look("naive"), np.arange(1.0, 6))),
        shift(t, theme, WALK, lines, unit="m"),
        shift_zoom(t, theme, DAYS, WALK, lines[1], unit="m", window=(80, 99), back=1),
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("empty", [False, True])
def test_every_picture_is_one_plotly_accepts_and_a_browser_can_be_sent(theme, empty):
    for picture in every_picture(SAME, theme, empty):
        picture.figure()  # raises for any name or value that Plotly does not know
        json.dumps([picture.layout, [trace.style for trace in picture.traces]], allow_nan=False)
        assert picture.title and picture.alt and "nan" not in picture.alt
        assert all(np.isfinite(np.array(picture.layout[axis]["range"], float)).all() for axis in ("xaxis", "yaxis")
                   if not isinstance(picture.layout[axis]["range"][0], str))  # fmt: skip


def test_all_words_go_through_the_translation():
    for picture in every_picture(lambda text: "¿" + text, "light"):
        own = picture.title in ("8", "16")  # the panels of small multiples are named by the caller
        assert own or picture.title.startswith("¿")
        assert "¿" in picture.alt
        assert picture.layout["xaxis"]["title"]["text"].startswith(("¿", "Model"))
        assert texts(picture)[0].startswith(("¿", "RMSE", "Hidden")) or picture.name == "scores"


def test_the_line_is_the_mean_of_the_seeds_that_got_so_far_and_the_band_their_range():
    seeds = [np.array([8.0, 6, 4, 2]), np.array([6.0, 4])]
    picture = overlay(SAME, "light", [Curves("RNN", RNN, seeds)], unit="m", epochs=3, naive=3.0)
    low, high, mean, crosses, naive = picture.figure().data
    np.testing.assert_allclose(low.y, [6, 4, 4, 2])
    np.testing.assert_allclose(high.y, [8, 6, 4, 2])
    np.testing.assert_allclose(mean.y, [7, 5, 4, 2])
    assert high.fill == "tonexty" and len(crosses.x) == 0 and list(naive.y) == [3, 3]
    assert (mean.name, naive.name) == ("RNN", "naive forecast 3")
    assert "RNN: 2 m at epoch 3" in picture.alt and texts(picture) == ["Test RMSE (m): mean and range of the seeds"]


def test_a_run_that_diverged_is_marked_and_does_not_spoil_the_mean():
    seeds = [np.array([8.0, 4, 2, 2]), np.array([8.0, 900, np.inf])]
    row = Curves("RNN", RNN, seeds, diverged=[1])
    picture = overlay(SAME, "light", [row], unit="m", epochs=3)
    np.testing.assert_allclose(picture.traces[2].data["y"], [8, 4, 2, 2])
    top = 10 ** picture.layout["yaxis"]["range"][1]
    assert top < 100 and list(picture.traces[3].data["x"]) == [1]
    np.testing.assert_allclose(picture.traces[3].data["y"], [top], rtol=1e-6)
    assert texts(picture)[1] == "× diverged: RNN" and "runs that diverged: 1" in picture.alt


def test_a_run_on_its_way_to_infinity_leaves_the_picture_not_the_others():
    row = Curves("RNN", RNN, [np.array([8.0, 900, 5e5])])
    assert 8 < 10 ** overlay(SAME, "light", [row], unit="m", epochs=9).layout["yaxis"]["range"][1] < 80


def test_many_curves_send_few_points_and_one_seed_no_band():
    rows = [Curves(str(k), RNN, [np.ones(5001)] * 2) for k in range(12)]
    picture = overlay(SAME, "light", [*rows, Curves("one", LSTM, [np.ones(5001)])], unit="m", epochs=5000)
    assert all(len(trace.data["y"]) <= MOST for trace in picture.traces)
    assert "1 in 17" in picture.layout["xaxis"]["title"]["text"]
    assert [len(trace.data["y"]) for trace in picture.traces[24:26]] == [0, 0]


def test_a_linear_axis_shows_where_the_curves_end():
    fall = 3 + 100 * np.exp(-np.arange(501) / 20)
    row = [Curves("RNN", RNN, [fall])]
    assert overlay(SAME, "light", row, unit="m", epochs=500, log=False).layout["yaxis"]["range"] == [0, 15]
    low, high = overlay(SAME, "light", row, unit="m", epochs=500).layout["yaxis"]["range"]
    assert 10**low < 3 and 10**high > 103


def test_small_multiples_share_their_errors_axis():
    small, large = (Curves("RNN", RNN, [np.full(9, height)]) for height in (2.0, 400.0))
    pictures = multiples(SAME, "light", [("8", [small]), ("16", [large]), ("32", [])], unit="m", epochs=8)
    assert [(picture.name, picture.title) for picture in pictures] == [
        ("multiples.0", "8"), ("multiples.1", "16"), ("multiples.2", "32")
    ]  # fmt: skip
    low, high = pictures[0].layout["yaxis"]["range"]
    assert 1 < 10**low < 2 and 400 < 10**high < 1000  # the empty panel has no say
    assert all(picture.layout["yaxis"] == pictures[0].layout["yaxis"] for picture in pictures)
    np.testing.assert_allclose(pictures[1].traces[2].data["y"], 400)


def test_every_score_is_drawn_with_its_mean_and_spread():
    rows = [Score("RNN", RNN, np.array([7.0, 8, np.nan]), 5), Score("ARIMA", Look("naive"), np.array([6.4])),
            Score("LSTM", LSTM, NONE, 5)]  # fmt: skip
    picture = scores(SAME, "light", rows, unit="m", naive=6.3)
    bars, dots, means = picture.figure().data
    np.testing.assert_allclose(dots.x, [7, 8, 6.4], rtol=1e-6)
    assert list(dots.y) == [0, 0, 1] and list(dots.marker.symbol) == ["circle", "circle", "diamond"]
    assert list(means.x) == [7.5] and list(means.y) == [0]
    np.testing.assert_allclose(bars.x, [7.5 - np.sqrt(0.5), 7.5 + np.sqrt(0.5), np.nan], rtol=1e-6)
    written = " ".join(texts(picture))
    assert "7.50 ± 0.71" in written and "1 diverged · 3 of 5 runs" in written and "0 of 5 runs" in written
    assert "LSTM" in written and "forecast 6.3" in written


def test_nobody_can_miss_that_nothing_beats_the_naive_forecast():
    better, worse = (Score(name, RNN, np.array(values), 2) for name, values in (("GRU", [4.0, 5.0]), ("RNN", [7.0, 9])))
    picture = scores(SAME, "light", [worse, Score("drift", Look("naive"), np.array([6.2999]))], unit="m", naive=6.3)
    assert picture.title == "Better than the naive forecast: none"
    low, high = picture.layout["xaxis"]["range"]
    shade, line = picture.layout["shapes"]
    assert (shade["x0"], shade["x1"], line["x0"]) == (low, 6.3, 6.3)
    assert (6.3 - low) / (high - low) > 0.25  # the empty side is seen to be empty
    lost = Score("LSTM", LSTM, np.array([1.0, np.nan]), 2)
    picture = scores(SAME, "light", [worse, better, lost], unit="m", naive=6.3)
    assert picture.title == "Better than the naive forecast: 1 of 3" and "on average: GRU" in picture.alt


def test_a_score_far_off_stays_at_the_edge_and_leaves_room_for_the_others():
    rows = [Score("RNN", RNN, np.array([7.0, 5000]), 2)]
    picture = scores(SAME, "light", rows, unit="m", naive=6.0)
    dots = picture.figure().data[1]
    high = picture.layout["xaxis"]["range"][1]
    assert high < 20 and list(dots.marker.symbol) == ["circle", "triangle-right"]
    np.testing.assert_allclose(dots.x, [7, high], rtol=1e-6)
    np.testing.assert_allclose(dots.customdata, [7, 5000])


def test_cells_say_what_they_are_and_the_best_is_framed():
    picture = grid(cells([[4, 6], [3.0]], [[], [np.nan, np.nan]]), naive=2.0)
    filled, words = picture.figure().data
    np.testing.assert_allclose(filled.z, [[5, 3], [np.nan, np.nan]])
    assert list(words.text) == ["5.0<br>± 1.4", "3<br>1 of 2", "·", "×"]
    assert list(zip(words.x, words.y, strict=True)) == [(0, 0), (1, 0), (0, 1), (1, 1)]
    thick = [shape for shape in picture.layout["shapes"] if shape["line"]["width"] == 3]
    assert [(shape["x0"] + shape["x1"], shape["y0"] + shape["y1"]) for shape in thick] == [(2, 0)]
    assert picture.title == "Test RMSE: best 3, naive 2 m" and "× diverged" in texts(picture)
    assert "The best is Hidden 8, Model LSTM: 3." in picture.alt and "2 of 4 cells" in picture.alt


def test_a_cell_that_lost_a_run_is_not_the_best():
    picture = grid(cells([[1.0, np.nan], [3, 5]], [[9, 9], [8, 8]]))
    assert picture.traces[1].style["textfont"]["color"][::2] == ["#101418", "#FFFFFF"]  # on the palest, on the deepest
    assert picture.traces[1].data["text"][0] == "1<br>1 ×" and "Model LSTM: 4.0 ± 1.4" in picture.alt


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_in_cells_can_be_read(theme):
    first, middle, last = (luminance(colour) for _, colour in palette.ERRORS[theme])
    below, above = (luminance(colour) for colour in palette.LETTERS[theme])
    for ground, ink in ((first, below), (middle, below), (middle, above), (last, above)):
        assert (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) >= 4


def test_a_wide_grid_is_written_in_few_letters():
    line = [np.array([12.345, 12.567])] * 12
    names = [str(k) for k in range(12)]
    picture = heat(SAME, "light", [line] * 12, columns=("A", names), rows=("B", names), seeds=2, unit="m")
    assert set(picture.traces[1].data["text"]) == {"12.5<br>±0.2"}


def test_forecasts_lie_where_their_rows_are():
    picture = predictions(SAME, "light", DAYS, WALK, [GOOD], unit="m", split=80, naive=NAIVE)
    naive, truth, line = picture.figure().data
    np.testing.assert_allclose(truth.y, WALK[80:], rtol=1e-6)
    np.testing.assert_allclose(line.y, WALK[80:] + 0.5, rtol=1e-6)
    np.testing.assert_allclose(naive.y, WALK[79:99], rtol=1e-6)
    assert line.x[0] == str(DAYS[80]) and line.mode == "lines+markers"
    assert "RNN is off by 0.5 m on average" in picture.alt
    zoom = predictions(SAME, "light", DAYS, WALK, [GOOD], unit="m", split=80, window=(70, 89))
    assert [len(trace.data["y"]) for trace in zoom.traces] == [20, 10]
    assert zoom.layout["xaxis"]["range"] == [str(DAYS[70]), str(DAYS[89])]


def test_residuals_and_their_histogram():
    early = Line("RNN", RNN, 70, WALK[70:] + 0.5)
    picture = residuals(SAME, "light", DAYS, WALK, [early, Line("late", LSTM, 90, WALK[90:] - 1)], unit="m", split=80)
    first, second, bins, _ = picture.figure().data
    np.testing.assert_allclose(first.y, np.full(20, 0.5), rtol=1e-5)
    assert second.x[0] == str(DAYS[90]) and len(second.y) == 10
    assert max(bins.x) == 1 and bins.xaxis == "x2"  # all in one bin
    lower, upper = (edge(bins.y[np.array(bins.x) == 1]) for edge in (min, max))
    assert lower <= 0.5 <= upper and "RNN: 0.5 m on average" in picture.alt


def test_errors_by_steps_ahead_start_at_one_and_a_runaway_leaves_the_picture():
    naive = LagErrors("naive", Look("naive"), np.array([1.0, 2, 3]))
    picture = lags(SAME, "light", [LagErrors("RNN", RNN, np.array([1.0, 50, 9000]))], unit="m", naive=naive)
    drawn = picture.figure().data
    np.testing.assert_allclose(drawn[0].y, [1, 2, 3])
    np.testing.assert_allclose(drawn[1].y, [1, 50, 9000])
    assert drawn[1].x0 == 1 and picture.layout["yaxis"]["range"][1] == 15
    assert "RNN: 1 m one step ahead, 9000 m 3 steps ahead" in picture.alt


def test_a_repeating_forecast_is_found_out():
    naive, perfect = shift_rmse(WALK, Line("", RNN, 20, WALK[19:99])), shift_rmse(WALK, Line("", RNN, 20, WALK[20:]))
    assert SHIFTS[naive.argmin()] == 1 and naive.min() == 0
    assert SHIFTS[perfect.argmin()] == 0 and perfect.min() == 0
    np.testing.assert_allclose(naive[SHIFTS == 0], np.sqrt(np.mean((WALK[19:96] - WALK[20:97]) ** 2)))
    picture = shift(SAME, "light", WALK, [GOOD, NAIVE], unit="m")
    line, _, rings = picture.figure().data
    np.testing.assert_allclose(line.y, shift_rmse(WALK, GOOD), rtol=1e-6)
    assert line.x0 == -3 and list(rings.x) == [0, 1]
    assert "naive: nearest to the value one step before" in texts(picture)[1].replace("<br>", " ")


def test_shifted_back_a_repeated_value_coincides_with_the_truth():
    picture = shift_zoom(SAME, "light", DAYS, WALK, NAIVE, unit="m", window=(80, 95), back=1)
    truth, forecast, moved = picture.figure().data
    np.testing.assert_array_equal(moved.y, truth.y)
    np.testing.assert_allclose(forecast.y, WALK[79:95], rtol=1e-6)
    assert "→ 0 m" in texts(picture)[1] and "shifted back by 1" in picture.alt


def test_rows_keep_their_look_and_never_share_it():
    kinds = ["rnn", "lstm", "naive", "rnn", "arima", *["lstm"] * 11]
    assert looks(kinds)[:4] == looks(kinds[:4])
    drawn = [tuple(stroke("light", look).values()) for look in looks(kinds)]
    assert len(set(drawn)) == len(drawn)
    assert stroke("light", looks(["naive"])[0])["dash"] == "dash"
    assert [a.name for a in ARCHITECTURES] == list(palette.NETWORKS)


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb. Source: WCAG 2.2."""
    return float(np.dot([0.2126, 0.7152, 0.0722], linear(colour)))


def linear(colour: str) -> np.ndarray:
    """#rrggbb as linear light."""
    parts = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """Linear light as CIE L*a*b*, where a distance of about 2 can just be seen."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ light.clip(0, 1)
    x, y, z = np.cbrt(xyz / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


EYES = {
    "all cones": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""What an eye makes of linear light. Source: Machado, Oliveira and Fernandes 2009, severity 1."""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("eyes", EYES)
def test_any_eye_tells_the_networks_apart(theme, eyes):
    seen = [lab(EYES[eyes] @ linear(palette.palette(theme)[role])) for role in (*palette.NETWORKS, "naive", "truth")]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 15


def test_a_number_has_the_digits_its_spread_supports():
    assert plus_minus(np.array([7.412, 7.534, 7.711])) == ("7.55", "± 0.15")
    assert plus_minus(np.array([10.70, 10.7001])) == ("10.70", "± 0.00")
    assert plus_minus(np.array([6.33])) == ("6.33", "") == plus_minus(np.array([6.33, 6.33]))
    assert plus_minus(np.array([1e9, 3e9])) == ("2e+09", "± 1.4e+09")


def test_a_long_name_is_wrapped_between_words_or_ideographs():
    assert wrap("Stacked RNN, hidden_size=64, lr=0.003", 28, lines=2) == "Stacked RNN, hidden_size=64,<br>lr=0.003"
    assert wrap("0.0001", 4) == "0.0001"
    assert wrap("雙向長短期記憶網路", 8) == "雙向長短<br>期記憶網<br>路"
