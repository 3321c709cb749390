"""What is drawn of the gradients is what was measured."""

import json
import warnings

import numpy as np
import pytest

from seqcore.figures.itemised import itemised
from seqcore.figures.palette import palette
from seqcore.figures.singular import singular
from seqcore.figures.telescope import telescope, telescope_epochs
from tests.test_figures import SAME, words

FADING = 0.5 ** np.arange(19)[::-1]  # by step: the last step's norm is 1
LASTING = 0.9 ** np.arange(19)[::-1]


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_the_telescope_looks_back_from_the_end():
    picture = telescope(SAME, "light", {"RNN": FADING, "LSTM": LASTING}, ["rnn", "lstm"], theory=LASTING)
    rnn, lstm, theory = picture.figure().data
    np.testing.assert_allclose(rnn.y, 0.5 ** np.arange(19))
    np.testing.assert_allclose(lstm.y, 0.9 ** np.arange(19))
    np.testing.assert_allclose(theory.y, lstm.y)
    assert (rnn.x0, rnn.line.color, lstm.line.color) == (0, palette("light")["rnn"], palette("light")["lstm"])
    assert [trace.style["name"] for trace in picture.traces] == ["RNN", "LSTM", "theory"]
    assert picture.layout["yaxis"]["type"] == "log" and picture.layout["xaxis"]["range"] == [0, 18]
    assert "RNN: 1 at the last step, 3.8e-06 at the first, 18 steps back." in picture.alt
    assert words(picture)[0] == "‖∂L/∂h‖"


def test_two_curves_of_one_network_differ_by_dash():
    lines = [trace.style["line"] for trace in telescope(SAME, "dark", {"a": FADING, "b": LASTING}, ["gru"] * 2).traces]
    assert lines[0]["color"] == lines[1]["color"] == palette("dark")["gru"]
    assert [line["dash"] for line in lines] == ["solid", "dash"]


def test_horizons_are_marked_in_their_curves_colours():
    curves, horizons = {"RNN": FADING, "LSTM": LASTING, "GRU": LASTING}, {"RNN": 3, "GRU": 12, "LSTM": None}
    picture = telescope(SAME, "light", curves, ["rnn", "lstm", "gru"], horizons=horizons)
    colours = palette("light")
    band, *lines = picture.figure().layout.shapes
    assert (band.x0, band.x1) == (8, 10) and "slide: 8 or 10" in words(picture)
    assert [(line.x0, line.x1, line.line.color) for line in lines] == [(3, 3, colours["rnn"]), (12, 12, colours["gru"])]
    told = words(picture)[-1]
    assert told == (
        f'horizon: <span style="color:{colours["rnn"]}">RNN 3</span> · '
        f'<span style="color:{colours["gru"]}">GRU 12</span>'
    )
    assert "Its horizon: 3 steps. LSTM" in picture.alt and picture.alt.endswith("Its horizon: 12 steps.")
    short = telescope(SAME, "light", {"RNN": FADING[-5:]}, ["rnn"])
    assert short.layout["shapes"] == [] and len(words(short)) == 1


def test_the_telescopes_axis_moves_in_steps_and_ends_somewhere():
    def span(values):
        return telescope(SAME, "light", {"RNN": values}, ["rnn"]).layout["yaxis"]["range"]

    assert span(FADING) == span(1.2 * FADING) == [-6, 2]
    assert span(0.1 ** np.arange(100)[::-1]) == [2 - 16, 2]
    lost = np.array([np.inf, np.nan, 0, 1e-3, 1e-2])
    picture = telescope(SAME, "light", {"RNN": lost}, ["rnn"])
    np.testing.assert_array_equal(picture.traces[0].data["y"], [1e-2, 1e-3, np.nan, np.nan, np.nan])
    assert np.isfinite(span(lost)).all() and np.isfinite(span(np.full(5, np.nan))).all()
    assert "inf at the first" in picture.alt


def test_over_the_epochs_every_norm_has_its_place():
    norms = np.stack([FADING, LASTING, np.where(FADING < 0.1, 0, FADING)])
    picture = telescope_epochs(SAME, "dark", "RNN", norms, np.array([0, 5, 10]), epochs=20)
    drawn = picture.figure().data[0]
    assert drawn.z.shape == (19, 3) and list(drawn.x) == [0, 5, 10]
    np.testing.assert_allclose(drawn.z[:, 0], np.arange(19) * np.log10(0.5), atol=1e-6)
    np.testing.assert_allclose(drawn.z[:, 1], np.arange(19) * np.log10(0.9), atol=1e-6)
    assert np.isnan(drawn.z[4:, 2]).all() and np.isfinite(drawn.z[:4, 2]).all()
    assert (drawn.zmin, drawn.zmax) == (-6, 2) and list(drawn.colorbar.ticktext) == [
        "10⁻⁶",
        "10⁻⁴",
        "10⁻²",
        "10⁰",
        "10²",
    ]
    assert picture.layout["xaxis"]["range"] == [0, 20]
    assert "after 3 epochs of 20. After epoch 10: 1 at the last step, 0 at the first" in picture.alt
    nothing = telescope_epochs(SAME, "dark", "RNN", np.zeros((0, 19)), np.zeros(0, int), epochs=20)
    assert nothing.figure().data[0].z.shape == (19, 0)


SHARES = np.array([0.01, -0.01, 0.08, 0.21, 0.71])  # by step: the last step gives 71 %


def test_the_bars_are_the_shares_and_the_line_their_sum():
    picture = itemised(SAME, "light", "weight_hh_l0", SHARES, 0.25)
    bars, summed = picture.figure().data
    np.testing.assert_allclose(bars.y, [71, 21, 8, -1, 1], rtol=1e-6)
    np.testing.assert_allclose(summed.y, [71, 92, 100, 99, 100], rtol=1e-6)
    whole, shade = picture.figure().layout.shapes
    assert (whole.y0, whole.y1, shade.x0, shade.x1) == (100, 100, -0.5, 1.5)
    assert "the last 2 of 5 steps make at least 90 % of the gradient, whose norm is 0.25" in picture.alt
    assert picture.title == "What each step adds to weight_hh_l0" and "norm of the whole: 0.25" in words(picture)
    assert picture.layout["yaxis"]["range"] == [-8, 108]


def test_steps_that_cancel_have_room_up_to_a_bound():
    def drawn(*shares):
        return itemised(SAME, "dark", "w", np.array(shares), 1.0)

    assert drawn(-0.3, 1.3).layout["yaxis"]["range"] == [-58, 158]
    assert drawn(-1e6, 1 + 1e6).layout["yaxis"]["range"] == [-1008, 1008]
    assert "the last 4 of 4 steps" in drawn(0.3, -0.3, 0.5, 0.5).alt  # the sum was there before, and left it again
    assert "the last 1 of 2 steps" in drawn(0.05, 0.95).alt


@pytest.mark.parametrize("shares", [np.zeros(4), np.full(4, np.nan)])
def test_without_a_gradient_nothing_is_shared_out(shares):
    picture = itemised(SAME, "light", "w", shares, 0.0)
    assert picture.alt.endswith("the shares of 4 steps do not sum to a whole.")
    assert len(picture.layout["shapes"]) == 1 and picture.layout["yaxis"]["range"] == [-8, 108]


VALUES = np.sort(np.random.default_rng(1).uniform(0, 1.2, (12, 9)))[:, ::-1]


def test_singular_values_are_drawn_from_the_smallest_to_the_largest():
    picture = singular(SAME, "light", "LSTM", VALUES, kind="lstm")
    drawn = picture.figure().data
    for trace, expected in zip(drawn, np.quantile(VALUES, [0, 0.25, 0.5, 0.75, 1], axis=1), strict=True):
        np.testing.assert_allclose(trace.y, expected, rtol=1e-6)
    assert [trace.fill for trace in drawn] == [None, *["tonexty"] * 4]
    assert [trace.name for trace in drawn if trace.name] == ["median", "largest"]
    assert drawn[4].line.color == palette("light")["lstm"] and drawn[0].x0 == 1
    line = picture.figure().layout.shapes[0]
    assert (line.y0, line.y1) == (1, 1)
    low, high, above = VALUES[:, 0].min(), VALUES[:, 0].max(), (VALUES[:, 0] > 1).sum()
    assert f"between {low:.3g} and {high:.3g}, and above 1 in {above} steps" in picture.alt and 0 < above < 12
    assert picture.layout["yaxis"]["range"] == [0, 1.5]


def test_singular_values_that_are_lost_leave_a_gap():
    values = VALUES.copy()
    values[3:] = np.nan
    picture = singular(SAME, "dark", "RNN", values, kind="rnn")
    assert np.isnan(picture.traces[4].data["y"][3:]).all() and "over 12 steps" in picture.alt
    values[:] = np.nan
    assert singular(SAME, "dark", "RNN", values, kind="rnn").alt == "RNN: no finite value."
    assert singular(SAME, "dark", "RNN", np.ones((1, 1)), kind="rnn").layout["xaxis"]["range"] == [1, 2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_is_drawn_and_told(theme):
    for picture in (
        telescope(SAME, theme, {"RNN": FADING}, ["rnn"], horizons={"RNN": 2}, state="c"),
        telescope_epochs(SAME, theme, "RNN", FADING[None], np.array([0]), epochs=3),
        itemised(SAME, theme, "w", SHARES, 1.0),
        singular(SAME, theme, "RNN", VALUES, kind="rnn"),
    ):
        json.dumps(picture.layout)
        json.dumps([trace.style for trace in picture.traces])
        assert picture.figure().data and picture.alt and picture.layout["xaxis"]["title"]["text"]
