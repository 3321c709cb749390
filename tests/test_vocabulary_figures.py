"""What a vocabulary's size buys: what is drawn is what was given."""

import numpy as np
import pytest

from seqcore.figures.by_vocabulary import MOST, Curve, by_vocabulary
from seqcore.figures.palette import palette
from tests.test_figures import SAME, words

LONG = Curve("BPE", "gru", "solid", np.arange(50, 2051), np.linspace(40, 10, 2001))
SHORT = Curve("words", "rnn", "dash", np.arange(10, 13), np.array([8.0, 7.0, 6.0]))


def picture(curves=(LONG, SHORT), theme="light", **more):
    return by_vocabulary(SAME, theme, curves, name="text", title="This text", what="Tokens", **more)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_keep_their_ends_and_hold_no_value_that_was_not_given(theme):
    long, short = picture(theme=theme).figure().data
    assert len(long.x) <= MOST and (long.x[0], long.x[-1]) == (50, 2050)
    np.testing.assert_allclose(long.y, LONG.values[long.x.astype(int) - 50], rtol=1e-6)
    assert (short.x.tolist(), short.y.tolist()) == ([10, 11, 12], [8, 7, 6])
    assert (long.line.color, short.line.dash) == (palette(theme)["gru"], "dash")


def test_the_axes_hold_all_sizes_and_begin_at_nothing():
    drawn = picture()
    low, high = drawn.layout["xaxis"]["range"]
    assert 10**low < 10 and 10**high > 2050 and drawn.layout["xaxis"]["type"] == "log"
    assert drawn.layout["yaxis"]["range"] == [0, 50] and words(drawn)[0] == "Tokens"
    assert picture([SHORT], share=True).layout["yaxis"]["ticktext"][-1] == "100"


def test_a_ring_marks_where_one_is_and_the_words_say_so():
    drawn = picture(now=(0, 1050))
    ring = drawn.figure().data[2]
    assert (ring.x.tolist(), ring.y.tolist()) == ([1050], [25]) and ring.marker.symbol == "circle-open"
    assert "name" not in drawn.traces[2].style  # a legend is of lines
    assert drawn.alt == (
        "Tokens by vocabulary size. BPE: 40 with 50 tokens, 10 with 2050. words: 8 with 10 tokens, 6 with 12. "
        "Here you are: BPE, 1050 tokens, 25."
    )
    assert len(picture().traces) == 2 and "Here you are" not in picture().alt


def test_shares_are_told_in_percent_and_a_size_beyond_the_curve_is_at_its_end():
    share = Curve("words", "rnn", "dash", np.array([10, 11]), np.array([0.5, 0.25]))
    drawn = picture([share], share=True, now=(0, 4000))
    assert "words: 50.0% with 10 tokens, 25.0% with 11." in drawn.alt and share.at(4000) == 0.25
    assert drawn.traces[0].style["hovertemplate"].startswith("%{y:.1%}")


def test_a_vocabulary_of_one_size_is_drawn():
    drawn = picture([Curve("BPE", "gru", "solid", np.array([60]), np.array([3.0]))], now=(0, 60))
    assert drawn.figure().data[0].x.tolist() == [60]
    low, high = drawn.layout["xaxis"]["range"]
    assert low < np.log10(60) < high
