"""What is drawn is what was given."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcore.figures import palette
from seqcore.figures.convergence import Curve, convergence
from seqcore.figures.forecast import forecast
from seqcore.figures.gradient import gradient
from seqcore.figures.picture import MOST_POINTS, log_ticks, nice_range, stride, thin
from seqcore.figures.states import states

ROOT = Path(__file__).parents[1]
SAME = str  # a translation that changes nothing
DAYS = np.arange("2001-01-01", "2001-04-11", dtype="datetime64[D]")
WAVE = 20 + np.sin(np.arange(100) / 5)


def words(picture) -> list[str]:
    """What is written into a picture; first the title of the y axis."""
    return [note["text"] for note in picture.layout["annotations"]]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb. Source: WCAG 2.2."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_and_words_stand_out_from_the_page(theme):
    ground = luminance(palette.BACKGROUND[theme])
    for role, colour in palette.palette(theme).items():
        if role not in ("grid", "shade"):
            line = luminance(colour)
            contrast = (max(line, ground) + 0.05) / (min(line, ground) + 0.05)
            assert contrast >= (4.5 if role == "text" else 3.0), role


def test_the_palette_knows_the_panels_ground():
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    for theme, ground in palette.BACKGROUND.items():
        assert config["theme"][theme]["secondaryBackgroundColor"] == ground
        assert palette.STATES[theme][2] == [0.5, ground]


def test_train_and_test_differ_in_lightness_too():
    for theme in ("light", "dark"):
        colours = palette.palette(theme)
        assert abs(luminance(colours["train"]) - luminance(colours["test"])) > 0.01


def test_the_curves_are_the_run():
    train, test = np.linspace(9, 2, 31), np.linspace(12, 4, 31)
    picture = convergence(SAME, "light", Curve("", train, test), unit="m", epochs=30, naive=3.0)
    drawn = picture.figure().data
    np.testing.assert_allclose(drawn[0].y, train)
    np.testing.assert_allclose(drawn[1].y, test)
    assert "train RMSE 2 m, test RMSE 4 m" in picture.alt and "naive forecast's test RMSE is 3 m" in picture.alt
    assert picture.layout["xaxis"]["range"] == [0, 30] and words(picture)[0] == "RMSE (m)"


def test_an_error_without_a_unit_has_no_empty_brackets():
    picture = convergence(SAME, "light", Curve("", WAVE, WAVE), unit="", epochs=99)
    assert words(picture) == ["RMSE"]


def test_a_short_run_beside_a_long_pinned_one_still_sends_few_points():
    long = Curve("A", np.ones(5001), np.ones(5001))
    picture = convergence(SAME, "light", Curve("", WAVE, WAVE), unit="m", epochs=99, pinned=[long])
    assert all(len(trace.data["y"]) <= MOST_POINTS and trace.style["dx"] == 9 for trace in picture.traces)
    assert picture.layout["xaxis"]["range"] == [0, 5000] and "1 in 9" in picture.layout["xaxis"]["title"]["text"]


def test_the_windows_name_stands_beside_it_where_there_is_room_and_goes_with_it():
    def note(window, only_test):
        picture = forecast(SAME, "light", np.arange(100), WAVE[:100], unit="", split=60, window=window,
                           only_test=only_test)  # fmt: skip
        return [(note["xanchor"], note["x"]) for note in picture.layout["annotations"] if note["text"] == "Window"]

    assert note((10, 20), False) == [("left", 20.0)] and note((70, 80), False) == [("right", 70.0)]
    assert note((58, 70), True) == [("left", 70.0)] and note((85, 95), True) == [("right", 85.0)]
    assert note((10, 20), True) == []


def test_pinned_runs_lie_behind_and_events_are_marked():
    run, other = (Curve(name, WAVE, WAVE + 1) for name in ("", "A"))
    picture = convergence(
        SAME, "dark", run, unit="m", epochs=99, pinned=[other], marks=[(40, 0.1)], diverged_at=99
    )  # fmt: skip
    figure = picture.figure()
    assert [trace.name for trace in figure.data] == ["A train", "A test", "train", "test"]
    assert words(picture) == ["RMSE (m)", "lr 0.1", "diverged at epoch 99"]
    assert [note.xanchor for note in figure.layout.annotations[1:]] == ["left", "right"]


def test_a_long_run_sends_few_points_and_never_moves_one():
    train = np.linspace(9, 2, 5001)
    whole = convergence(SAME, "light", Curve("", train, train), unit="m", epochs=5000).traces[0].data["y"]
    part = convergence(SAME, "light", Curve("", train[:1000], train[:1000]), unit="m", epochs=5000).traces[0].data["y"]
    assert len(whole) <= MOST_POINTS
    np.testing.assert_array_equal(part, whole[: len(part)])


def test_a_curve_that_is_not_finite_is_drawn_without_breaking_the_axes():
    broken = np.array([1.0, 2.0, np.inf, np.nan])
    for log in (False, True):
        picture = convergence(SAME, "light", Curve("", broken, broken), unit="m", epochs=9, log=log)
        assert np.isfinite(picture.layout["yaxis"]["range"]).all()


def test_the_forecast_lies_where_its_rows_are():
    picture = forecast(SAME, "light", DAYS, WAVE, unit="m", split=80, train=(5, WAVE[5:80]), test=(85, WAVE[85:] + 1))
    truth, train, test = picture.figure().data
    np.testing.assert_allclose(truth.y, WAVE, rtol=1e-6)
    assert truth.x[0] == "2001-01-01" and train.x[0] == str(DAYS[5]) and test.x[-1] == str(DAYS[99])
    np.testing.assert_allclose(test.y, WAVE[85:] + 1, rtol=1e-6)
    assert "off by 1 on average" in picture.alt
    assert picture.layout["xaxis"]["title"]["text"] == "Date"
    assert words(picture) == ["Value (m)", "test part"]


def test_a_long_series_says_that_it_is_thinned():
    picture = forecast(SAME, "light", np.arange(3000), np.sin(np.arange(3000)), unit="", window=(9, 99))
    assert len(picture.traces[0].data["y"]) <= 2 * MOST_POINTS
    assert picture.layout["xaxis"]["title"]["text"] == "Time (extremes of every 5 values)"
    assert words(picture) == ["Value", "Window"]


def test_only_the_test_part_is_drawn_when_asked_for():
    picture = forecast(SAME, "light", DAYS, WAVE, unit="m", split=80, train=(5, WAVE[5:80]), only_test=True)
    assert [trace.name for trace in picture.figure().data] == ["truth"]
    assert len(picture.traces[0].data["y"]) == 20


@given(st.integers(1, 6000), st.integers(0, 99))
def test_thinning_keeps_the_extremes(count, seed):
    values = np.random.default_rng(seed).normal(5, 1, count)
    kept, size = thin(values)
    assert len(kept) <= 2 * MOST_POINTS and (size > 1) == (len(values) > 2 * MOST_POINTS)
    assert values[kept].min() == values.min() and values[kept].max() == values.max()


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20), st.booleans())
def test_an_axis_holds_all_values(values, log):
    low, high = nice_range(np.array(values), log)
    shown = np.log10(values) if log else np.array(values)
    assert low <= shown.min() + 1e-9 and shown.max() <= high + 1e-9


@given(st.floats(-8, 7), st.floats(0.5, 15))
def test_a_logarithmic_axis_names_a_few_whole_values(low, decades):
    low = round(2 * low) / 2
    ticks = log_ticks(low, low + round(2 * decades) / 2)
    shown = [value for value in ticks["tickvals"] if 10**low <= value <= 10 ** (low + round(2 * decades) / 2)]
    assert len(ticks["ticktext"]) == len(ticks["tickvals"]) and len(shown) <= 9
    assert log_ticks(0.5, 2.5)["ticktext"] == [
        "1",
        "2",
        "5",
        "10",
        "20",
        "50",
        "100",
        "200",
        "500",
        "1000",
        "2000",
        "5000",
    ]
    assert log_ticks(-4.0, 1.0)["ticktext"] == ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "1", "10"]


@given(st.integers(1, 5001))
def test_a_stride_bounds_the_points(planned):
    assert -(-planned // stride(planned)) <= MOST_POINTS


def test_states_are_drawn_unit_by_step_and_gates_from_0_to_1():
    values = np.random.default_rng(0).uniform(-0.9, 0.9, (6, 3))
    hidden = states(SAME, "light", "Layer 1: hidden state", values, kind="hidden").figure().data[0]
    np.testing.assert_allclose(hidden.z, values.T, rtol=1e-6)
    assert (hidden.zmin, hidden.zmax) == (-1, 1)
    assert states(SAME, "light", "Layer 1: hidden state", values, kind="hidden").layout["yaxis"]["dtick"] == 1
    faint = states(SAME, "light", "Layer 1: hidden state", values / 10, kind="hidden").figure().data[0]
    assert (faint.zmin, faint.zmax) == (-1, 1)
    cell = states(SAME, "light", "Layer 1: cell state", values * 4, kind="cell").figure().data[0]
    assert (cell.zmin, cell.zmax) == (-5, 5)
    gate = states(SAME, "dark", "gate", np.abs(values), kind="f").figure().data[0]
    assert (gate.zmin, gate.zmax) == (0, 1)


def test_the_gradient_has_no_value_before_the_first_update():
    picture = gradient(SAME, "light", np.array([np.nan, 3.0, 2.0]), epochs=10, clip=1.0)
    np.testing.assert_array_equal(picture.traces[0].data["y"], [3, 2])
    assert words(picture) == ["Norm, before clipping"]
    assert picture.traces[1].style["name"] == "clipped at 1" and list(picture.traces[1].data["y"]) == [1, 1]
    assert picture.traces[0].style["x0"] == 1 and "from 3 to 2" in picture.alt
