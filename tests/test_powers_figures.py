"""What is drawn of powers and of vanishing gradients is what was computed."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seqcore.figures.decay import LINES, SLIDE, decay
from seqcore.figures.powers import in_words, power_axis, powers
from seqcore.unrolled.powers import MATRICES
from seqcore.unrolled.powers import powers as sizes_of
from tests.test_figures import SAME, words


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (100 * math.log10(1.1), "13,780"), (100 * math.log10(0.9), "2.656 × 10⁻⁵"), (0, "1"), (1, "10"),
        (math.log10(0.34867), "0.3487"), (math.log10(999.96), "1,000"), (math.log10(99999.6), "100,000"),
        (math.log10(999_996), "1 × 10⁶"), (477.1212547, "1.322 × 10⁴⁷⁷"), (-math.inf, "0"), (-3, "0.001"),
        (math.log10(0.00099996), "0.001"), (math.log10(12.345), "12.35"), (-300, "1 × 10⁻³⁰⁰"),
    ],
)  # fmt: skip
def test_numbers_in_words(size, text):
    assert in_words(size) == text
    assert in_words(size, negative=True) == ("0" if text == "0" else "−" + text)


@given(st.floats(-1000, 1000))
def test_words_are_right_to_four_digits(size):
    text = in_words(size).replace(",", "").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    mantissa, _, power = text.partition(" × 10")
    assert math.log10(float(mantissa)) + int(power or 0) == pytest.approx(size, abs=3e-4)


def test_the_curve_is_the_powers_and_the_chosen_one_is_marked():
    picture = powers(SAME, "light", sizes_of(1.1, 120), w=1.1, k=100)
    line, mark = picture.figure().data
    np.testing.assert_allclose(line.y, np.arange(121) * math.log10(1.1), rtol=1e-6)
    assert (line.x0, line.dx) == (0, 1) and mark.x[0] == 100 and mark.y[0] == pytest.approx(4.13927, abs=1e-5)
    assert words(picture) == ["wᵏ", "<b>1.1¹⁰⁰ ≈ 13,780</b>"]
    assert picture.alt.endswith("1.1 to the power 0, 1, 2 … 120, on a logarithmic axis. Marked: 1.1¹⁰⁰ ≈ 13,780.")
    low, high = picture.layout["yaxis"]["range"]
    assert low < 0 and high > 120 * math.log10(1.1)


def test_a_negative_weight_tells_its_sign_and_zero_is_nothing():
    odd, even = (powers(SAME, "dark", sizes_of(-2.0, 20), w=-2.0, k=k) for k in (11, 10))
    assert words(odd) == ["|wᵏ|, its sign changes at every step", "<b>(−2)¹¹ ≈ −2,048</b>"]
    assert words(even)[1] == "<b>(−2)¹⁰ ≈ 1,024</b>"
    nothing = powers(SAME, "dark", sizes_of(0.0, 20), w=0.0, k=5)
    assert words(nothing)[1] == "<b>0⁵ = 0</b>" and np.isfinite(nothing.layout["annotations"][1]["y"])
    assert np.isnan(nothing.traces[0].data["y"][1:]).all() and not np.isinf(nothing.traces[0].data["y"]).any()


@given(st.floats(-3, 3), st.integers(1, 1000), st.floats(0, 1))
@example(5e-324, 1000, 1.0)
@settings(deadline=None, max_examples=60)
def test_every_weight_can_be_drawn(w, longest, part):
    picture = powers(SAME, "light", sizes_of(w, longest), w=w, k=round(part * longest))
    axis = picture.layout["yaxis"]
    drawn = picture.traces[0].data["y"]
    assert len(drawn) <= 600 and np.isfinite(axis["range"]).all() and 2 <= len(axis["tickvals"]) <= 7
    assert axis["range"][0] < np.nanmin(drawn) and np.nanmax(drawn) < axis["range"][1]
    assert picture.layout["annotations"][1]["xanchor"] == ("right" if round(part * longest) > longest / 2 else "left")


def test_the_axis_moves_in_steps_and_names_whole_powers():
    def ticks(*sizes):
        return power_axis(np.array(sizes), room=0.1)

    assert ticks(4.14)["ticktext"] == ["1", "10", "10²", "10³", "10⁴", "10⁵"]
    assert ticks(4.14) == ticks(4.9) != ticks(5.1)
    assert ticks(-4.6, 0.3)["tickvals"] == [-5, -4, -3, -2, -1, 0, 1]
    assert ticks(0.0)["range"] == pytest.approx([-0.1, 1.1]) and ticks(-0.5)["ticktext"] == ["0.1", "1"]
    assert ticks(-np.inf, np.nan) == ticks(0.0)


def measured(longest, radius):
    law = sizes_of(radius, longest)
    return law, {label: (kind, law + 0.1 * k) for k, (kind, label) in enumerate(MATRICES.items())}


def test_every_kind_of_matrix_has_its_line():
    assert set(LINES) == set(MATRICES)
    law, lines = measured(100, 0.9)
    picture = decay(SAME, "light", law, lines, radius=0.9)
    drawn = picture.figure().data
    assert [line.name for line in drawn] == ["random", "orthogonal", "far from normal", "theory, 0.9ᵏ"]
    for line, values in zip(drawn, [*(values for _, values in lines.values()), law], strict=True):
        np.testing.assert_allclose(line.y, values, rtol=1e-5)
    assert len({(line.line.color, line.line.dash) for line in drawn}) == 4
    assert "theory: 0.3487 after 10 steps, 2.656 × 10⁻⁵ after 100; random: 0.3487" in picture.alt
    assert "at spectral radius 0.9." in picture.alt


def test_the_slides_reach_is_a_band_that_is_named_where_the_lines_are_not():
    for radius, longest, side, place in ((0.9, 100, "left", 0), (1.1, 100, "left", 1), (1.1, 12, "right", 1)):
        picture = decay(SAME, "light", *measured(longest, radius), radius=radius)
        (band,) = picture.layout["shapes"]
        assert (band["x0"], band["x1"]) == SLIDE == (8, 10)
        note = picture.layout["annotations"][1]
        assert note["text"] == "“8 or 10 steps”" and (note["xanchor"], note["y"]) == (side, place)
    short = decay(SAME, "light", *measured(9, 0.9), radius=0.9)
    assert short.layout["shapes"] == [] and len(words(short)) == 1
    assert "after 4 steps" in short.alt and "after 9" in short.alt


def test_what_is_no_number_is_left_out_and_said():
    law, lines = measured(20, 1.1)
    lines["random"][1][15:] = np.nan
    lines["orthogonal"][1][15:] = np.inf
    lines["far from normal"][1][15:] = -np.inf
    picture = decay(SAME, "dark", law, lines, radius=1.1)
    assert all(np.isnan(trace.data["y"][15:]).all() for trace in picture.traces[:3])
    assert np.isfinite(picture.layout["yaxis"]["range"]).all()
    assert "not a number after 20; orthogonal" in picture.alt and "0 after 20" in picture.alt
